"""One thread for the training of heads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread, and put its setting back afterwards.

    Most of the heads' matrices are too small for two threads to gain anything, two that wait for each other on a busy
    machine lose a factor of ten, the other core is left to the pages, and the weights do not depend on the setting. The
    spectrum encoder does gain from a second core, and keeps torch's setting.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
