"""Time of loading all latents of a run, warm: ``python benchmarks/store.py [n_sources]``."""

from __future__ import annotations

import dataclasses
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from alignlab.store.artefact import Meta
from alignlab.store.run import STORED_REPRESENTATIONS, RunContents, write_run


def main(n_sources: int = 11_447) -> None:
    rng = np.random.default_rng(0)
    contents = RunContents(
        latents={name: rng.normal(size=(n_sources, 64)).astype(np.float32) for name in STORED_REPRESENTATIONS},
        reconstruction=np.zeros((n_sources, 400), np.float32),
        estimates=pd.DataFrame({"hard_hs": np.zeros(n_sources)}),
        metrics={},
        history=pd.DataFrame({"epoch": [1]}),
        weights={"w": np.zeros(1, np.float32)},
    )
    with tempfile.TemporaryDirectory() as folder:
        meta = Meta(kind="run", name="benchmark", simulated=True, recipe={"survey": "benchmark"})
        run = write_run(dataclasses.replace(contents), meta, Path(folder))
        times = []
        for _ in range(30):
            start = time.perf_counter()
            latents = run.load_latents()
            np.hstack([latents["spectrum_aligned"], latents["text_aligned"]])
            times.append(1000 * (time.perf_counter() - start))
    print(f"{n_sources} sources, all latents: median {statistics.median(times):.1f} ms, fastest {min(times):.1f} ms")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
