"""Times of exact search, kNN estimates, retrieval and maps on latents of the demo survey's size.

python benchmarks/search.py [--sources 11447] [--maps]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from alignlab.analysis.correlations import latent_correlations
from alignlab.analysis.projections import pca, tsne_map, umap_map
from alignlab.analysis.regression import estimate
from alignlab.analysis.retrieval import retrieval_metrics
from alignlab.analysis.similarity import normalise_rows, top_k


def milliseconds(work: Callable[[], object], *, repeats: int) -> float:
    """Best of several times, the first call, which warms up, not counted."""
    if repeats > 1:
        work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return 1000 * min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=11_447)
    parser.add_argument("--maps", action="store_true", help="time UMAP and t-SNE too (about a minute)")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    n, d = options.sources, 128
    latents = rng.normal(size=(n, 8)) @ rng.normal(size=(8, d)) + 0.5 * rng.normal(size=(n, d))
    latents = latents.astype(np.float32)
    unit = normalise_rows(latents)
    variables = np.where(rng.random((n, 20)) < 0.6, rng.normal(size=(n, 20)), np.nan)
    half = n // 2
    cases: dict[str, tuple[Callable[[], object], int]] = {
        "5 neighbours of one source": (lambda: top_k(unit[:1], unit, 5, normalised=True), 20),
        "5 neighbours of 1,000 sources": (lambda: top_k(latents[:1000], latents, 5), 3),
        "15 neighbours of all": (lambda: top_k(latents, latents, 15, exclude_self=True), 2),
        "estimates of 20 variables, half from half": (
            lambda: estimate(latents[:half], latents[half:], variables[half:]),
            1,
        ),
        "retrieval, 1,719 against 1,719": (
            lambda: retrieval_metrics(latents[:1719], latents[:1719] + 1, rng=np.random.default_rng(0)),
            2,
        ),
        "correlations with 20 variables": (lambda: latent_correlations(latents, variables), 1),
        "PCA": (lambda: pca(latents), 2),
    }
    if options.maps:
        cases["UMAP"] = (lambda: umap_map(latents, seed=1), 1)
        cases["t-SNE"] = (lambda: tsne_map(latents, seed=1), 1)
    for name, (work, repeats) in cases.items():
        print(f"{name:45s} {milliseconds(work, repeats=repeats):10.1f} ms", flush=True)


if __name__ == "__main__":
    main()
