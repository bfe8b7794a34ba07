"""Times of outlier scores beside scikit-learn's and Astronomaly's way, errors of shortcuts, ranks of planted rarities.

python -m benchmarks.outliers [--sources 11447 | --large] [--shortcuts] [--ranks]

Every case of the times is a process of its own; imports come before the clock starts, and what they cost is told apart.
The ranks are of the simulated survey in ALIGNLAB_DATA: nothing that scores knows what was planted.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.services.discover.artefacts import artefact_scores, believable
from alignlab.services.discover.outlier_scoring import ScoringInputs, SpectraBlock, score
from alignlab.services.discover.outliers import COMBINED, METHODS, class_distributions, outlier_scores
from alignlab.services.workspace import Catalogue
from alignlab.store.run import REPRESENTATIONS

DIMENSIONS, BINS, LARGE = 64, 400, 1_000_000
#: As the demo: classes and their shares.
CLASSES, SHARES = ("AGN", "QSO", "YSO", "star", "LMXB", "HMXB"), (0.4, 0.22, 0.16, 0.12, 0.06, 0.04)


def synthetic_inputs(n: int, folder: Path) -> ScoringInputs:
    """Vectors in clumps, two modalities alike, Poisson spectra on disk."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(60, DIMENSIONS)).astype(np.float32)
    kind = rng.integers(0, 60, n)

    def near_centres() -> NDArray[np.float32]:
        vectors = centres[kind] + 0.4 * rng.standard_normal((n, DIMENSIONS), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    spectra, texts = near_centres(), near_centres()
    shape = np.geomspace(2, 0.1, BINS, dtype=np.float32)
    block = rng.poisson(shape, size=(8_192, BINS)).astype(np.float32)
    for name, values in (("counts", block), ("reconstruction", np.broadcast_to(shape / 6, block.shape))):
        array = np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=(n, BINS))
        for start in range(0, n, len(block)):
            array[start : start + len(block)] = values[: n - start]
        array.flush()
        del array

    def read(rows: NDArray[np.intp]) -> SpectraBlock:
        inside = slice(int(rows[0]), int(rows[-1]) + 1)
        counts, fitted = (
            np.array(np.load(folder / f"{k}.npy", mmap_mode="r")[inside]) for k in ("counts", "reconstruction")
        )
        return SpectraBlock(counts=counts, reconstruction=fitted, response_ratio=None)

    return ScoringInputs(
        latents=np.hstack([spectra, texts]),
        spectrum_aligned=spectra,
        text_aligned=texts,
        has_text=np.ones(n, bool),
        classes=rng.choice(CLASSES, size=n, p=SHARES),
        variables=rng.standard_normal((n, 20), dtype=np.float32),
        spectra=read,
    )


def all_scores(inputs: ScoringInputs) -> None:
    score(inputs, seed=0)


def our_forest(inputs: ScoringInputs) -> None:
    from alignlab.analysis.outliers.forests import forest_scores

    forest_scores(inputs.latents, seed=0)


def our_neighbourhoods(inputs: ScoringInputs) -> None:
    from alignlab.analysis.outliers.neighbourhoods import neighbourhoods

    neighbourhoods(inputs.latents, k=20)


def sklearn_forest(inputs: ScoringInputs) -> None:
    from sklearn.ensemble import IsolationForest

    IsolationForest(random_state=0).fit(inputs.latents).score_samples(inputs.latents)


def astronomaly_way(inputs: ScoringInputs) -> None:
    """The calls of its stages: scaled features, scikit-learn's forest and local outlier factor of 20 neighbours."""
    from sklearn.ensemble import IsolationForest
    from sklearn.preprocessing import StandardScaler

    features = StandardScaler().fit_transform(inputs.latents)
    forest = IsolationForest(contamination="auto").fit(features)
    forest.decision_function(features)
    sklearn_factors(inputs)


def sklearn_factors(inputs: ScoringInputs) -> None:
    from sklearn.neighbors import LocalOutlierFactor
    from sklearn.preprocessing import StandardScaler

    features = StandardScaler().fit_transform(inputs.latents)
    LocalOutlierFactor(contamination="auto", n_neighbors=20, novelty=False).fit_predict(features)


CASES: dict[str, Callable[[ScoringInputs], None]] = {
    "all scores": all_scores,
    "forest, 100 trees (coniferest)": our_forest,
    "forest, 100 trees (scikit-learn)": sklearn_forest,
    "distance and local outlier factor, 20 neighbours": our_neighbourhoods,
    "local outlier factor, 20 neighbours (scikit-learn)": sklearn_factors,
    "Astronomaly's way: forest and factor": astronomaly_way,
}


def measure(case: str, n: int, folder: Path, repeats: int) -> dict[str, float]:
    """Seconds by the clock and of the processor, the best of some; the peak of resident memory."""
    started = time.perf_counter()
    warm_up(folder)
    imports = time.perf_counter() - started
    inputs = synthetic_inputs(n, folder)
    wall, cpu = [], []
    for _ in range(repeats):
        clock, processor = time.perf_counter(), time.process_time()
        CASES[case](inputs)
        wall.append(time.perf_counter() - clock)
        cpu.append(time.process_time() - processor)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"wall": min(wall), "cpu": min(cpu), "peak_gb": peak, "imports": imports}


def warm_up(folder: Path) -> None:
    """Import everything that scores need, and let libraries start their threads."""
    import sklearn.neighbors  # noqa: F401

    score(synthetic_inputs(300, folder), seed=0)


def times(n: int, cases: list[str], repeats: int) -> None:
    print(f"| {n:,} × {2 * DIMENSIONS} | seconds | processor seconds | peak memory |\n|---|---|---|---|")
    found = {}
    for case in cases:
        with tempfile.TemporaryDirectory() as folder, multiprocessing.get_context("spawn").Pool(1) as pool:
            found[case] = pool.apply(measure, (case, n, Path(folder), repeats))
        told = found[case]
        print(f"| {case} | {told['wall']:.2f} | {told['cpu']:.2f} | {told['peak_gb']:.1f} GB |", flush=True)
    print(f"\nImports and a first call: {min(told['imports'] for told in found.values()):.1f} s, once per process.")


def shortcuts() -> None:
    """How well scores with few references agree with exact ones: rank correlation, and how much of the top 1% stays."""
    from alignlab.analysis.outliers.disagreement import modality_disagreement
    from alignlab.analysis.outliers.neighbourhoods import neighbourhoods

    workspace = Catalogue().open_workspace()
    run = workspace.run
    latents, spectra, texts = run.latents("both"), run.latents("spectrum_aligned"), run.latents("text_aligned")
    exact, opinion = neighbourhoods(latents), modality_disagreement(spectra, texts)
    print("Rank correlation with the exact scores, share of their top 1% that is kept:\n")
    print("| references | distance | factor | disagreement, error |\n|---|---|---|---|")
    for size in (10_000, 4_000, 1_000):
        near = neighbourhoods(latents, most_exact=0, n_reference=size)
        drawn = modality_disagreement(spectra, texts, most_exact=0, n_compared=size)
        print(
            f"| {size:,} of {len(latents):,} | {agreement(exact.distance, near.distance)} "
            f"| {agreement(exact.local_outlier_factor, near.local_outlier_factor)} "
            f"| {agreement(opinion, drawn)}, {np.sqrt(np.mean((drawn - opinion) ** 2)):.2f} points |"
        )


def agreement(exact: NDArray, other: NDArray) -> str:
    rho = pd.Series(exact).corr(pd.Series(other), method="spearman")
    top = len(exact) // 100
    kept = len(set(np.argsort(-exact)[:top]) & set(np.argsort(-other)[:top])) / top
    return f"{rho:.3f}, {kept:.0%}"


def ranks(representations: list[str], scope: str) -> None:
    """Where the planted rarities stand in every ranking, artefacts demoted or not."""
    workspace = Catalogue().open_workspace()
    survey, run = workspace.survey, workspace.run
    planted = survey.truth["rarity"].to_numpy(dtype=np.str_)
    artefacts = artefact_scores(survey, run)
    kinds = sorted(set(planted) - {""})
    n_seeds = 3
    print(f"{workspace.title}, run {run.run_id}, {survey.n_sources:,} sources, {np.sum(planted != '')} planted\n")
    for representation in representations:
        all_found = [
            outlier_scores(survey, run, representation=representation, scope=scope, seed=s) for s in range(n_seeds)
        ]
        found = all_found[0]
        print(f"### {representation}\n\n| score | in the top 1% | median rank | {' | '.join(kinds)} |")
        print("|---|---|---|" + "---|" * len(kinds))
        for method in (*METHODS, COMBINED):
            counts = [in_top(each.of(method), planted) for each in all_found]
            print(_rank_row(method, found.of(method), planted, kinds, counts))
        for method in ("forest_sklearn", COMBINED):
            counts = [in_top(believable(each.of(method), artefacts), planted) for each in all_found]
            print(
                _rank_row(
                    f"{method}, artefacts demoted", believable(found.of(method), artefacts), planted, kinds, counts
                )
            )
        print(flush=True)


def in_top(values: NDArray, planted: NDArray[np.str_]) -> int:
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")
    return int(np.sum(planted[order[: int(np.isfinite(values).sum()) // 100]] != ""))


def _rank_row(name: str, values: NDArray, planted: NDArray[np.str_], kinds: list[str], counts: list[int]) -> str:
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")
    place = np.empty(len(order), int)
    place[order] = np.arange(1, len(order) + 1)
    place = np.where(np.isfinite(values), place, -1)
    told = [
        "–"
        if (where := np.sort(place[(planted == kind) & (place > 0)])).size == 0
        else " ".join(f"{p:,}" for p in where)
        for kind in kinds
    ]
    known = place[(planted != "") & (place > 0)]
    middle = f"{np.median(known):,.0f}" if known.size else "–"
    return f"| {name} | {', '.join(map(str, counts))} | {middle} | {' | '.join(told)} |"


def classes(representations: list[str]) -> None:
    workspace = Catalogue().open_workspace()
    for representation in representations:
        for scope in ("all", "test"):
            found = outlier_scores(workspace.survey, workspace.run, representation=representation, scope=scope)
            rows = class_distributions(workspace.survey, found, "forest")
            print(
                f"### {representation}, {scope}\n\n| class | n | median | middle 68% | width |\n|---|---|---|---|---|"
            )
            for each in rows:
                middle = f"{each.median:.4f} ± {each.median_error:.4f}"
                spread = f"{each.low:.4f} to {each.high:.4f} | {each.width:.4f}"
                print(f"| {each.source_class} | {each.n:,} | {middle} | {spread} |")
            print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=11_447)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--large", action="store_true", help=f"all scores of {LARGE:,} sources, once")
    parser.add_argument("--shortcuts", action="store_true", help="errors of few references, on the demo")
    parser.add_argument("--ranks", action="store_true", help="ranks of the planted rarities, on the demo")
    parser.add_argument("--classes", action="store_true", help="scores of the classes, on the demo")
    parser.add_argument("--scope", default="all", choices=["all", "test"])
    parser.add_argument("--representations", nargs="*", default=["both", "spectrum"], choices=REPRESENTATIONS)
    options = parser.parse_args()
    if options.ranks:
        ranks(options.representations, options.scope)
    elif options.classes:
        classes(options.representations)
    elif options.shortcuts:
        shortcuts()
    elif options.large:
        times(LARGE, ["all scores"], 1)
    else:
        times(options.sources, list(CASES), options.repeats)


if __name__ == "__main__":
    main()
