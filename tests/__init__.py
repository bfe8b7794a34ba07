"""The tests, in the folders of what they test."""

import os

# Two test files run at once: threads of one that wait for those of the other took three quarters of the processor.
# Said here, which is read before anything imports numpy or torch.
for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(library, "1")
