"""Every method's score from the arrays of a survey and a run; see `alignlab.services.discover.outliers` for pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.outliers.ranks import combined_percentile
from alignlab.progress import OnStep, report

#: Scores that answer one question stand together, and count once in the combination. scikit-learn's forest is left
#: out: it asks what coniferest's asks.
QUESTIONS: tuple[tuple[str, ...], ...] = (
    ("forest", "knn", "lof"),
    ("reconstruction",),
    ("disagreement",),
    ("class_forest",),
    ("class_variables",),
)
#: Trees of coniferest's forests: of all sources, and of each class. With the usual 100 two seeds agree on 11 of the
#: 114 strangest of 11,447 aligned vectors, with these on half; of more sources than `MANY` they would take too long.
N_TREES, N_CLASS_TREES = 1_000, 300
MANY = 50_000
_SPECTRA_BLOCK = 8_192


@dataclass(frozen=True, eq=False, kw_only=True)
class SpectraBlock:
    """Some sources' counts, reconstructions and, where there is one, the ratio of responses; each (m, n_bins)."""

    counts: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    response_ratio: NDArray[np.float32] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoringInputs:
    """What is scored: n sources that are compared with each other.

    Attributes
    ----------
    latents : ndarray of float32, shape (n, d)
        In the representation that was asked for.
    spectrum_aligned, text_aligned : ndarray of float32, shape (n, k)
    has_text : ndarray of bool, shape (n,)
    classes : ndarray of str, shape (n,)
    variables : ndarray of float32, shape (n, 20)
    spectra : callable
        ``spectra(rows) -> SpectraBlock`` for an array of rows.
    """

    latents: NDArray[np.float32]
    spectrum_aligned: NDArray[np.float32]
    text_aligned: NDArray[np.float32]
    has_text: NDArray[np.bool_]
    classes: NDArray[np.str_]
    variables: NDArray[np.float32]
    spectra: Callable[[NDArray[np.intp]], SpectraBlock]


@dataclass(frozen=True, eq=False, kw_only=True)
class Scoring:
    """Scores of n sources, among how many neighbours were looked for, and trees of coniferest's forests.

    Attributes
    ----------
    scores : dict of str to ndarray of float32, shape (n,)
    combined : ndarray of float32, shape (n,)
    n_reference, n_trees, n_class_trees : int
    """

    scores: dict[str, NDArray[np.float32]]
    combined: NDArray[np.float32]
    n_reference: int
    n_trees: int
    n_class_trees: int


def score(inputs: ScoringInputs, *, seed: int, on_step: OnStep | None = None) -> Scoring:
    """Score by every method, and combine."""
    # Imported here: torch and the forests take a second, which a page that draws kept scores need not wait for.
    from alignlab.analysis.outliers import forests
    from alignlab.analysis.outliers.forests import (
        class_forest_percentiles,
        forest_scores,
        rank_features,
        sklearn_forest_scores,
    )
    from alignlab.analysis.outliers.neighbourhoods import neighbourhoods

    is_small = len(inputs.latents) <= MANY
    n_trees, n_class_trees = (N_TREES, N_CLASS_TREES) if is_small else (forests.N_TREES, forests.N_TREES)
    scores: dict[str, NDArray[np.float32]] = {}
    report(on_step, 0, 100, "isolation forest")
    scores["forest"] = forest_scores(inputs.latents, seed=seed, n_trees=n_trees)
    report(on_step, 5, 100, "scikit-learn's forest")
    scores["forest_sklearn"] = sklearn_forest_scores(inputs.latents, seed=seed)
    around = neighbourhoods(inputs.latents, seed=seed, on_block=_reporter(on_step, 20, 60, "neighbours"))
    scores["knn"], scores["lof"] = around.distance, around.local_outlier_factor
    scores["reconstruction"] = _reconstruction(inputs, _reporter(on_step, 60, 70, "reconstructions"))
    scores["disagreement"] = _disagreement(inputs, seed, _reporter(on_step, 70, 85, "spectra against papers"))
    report(on_step, 85, 100, "forests of the classes")
    classes = inputs.classes
    scores["class_forest"] = class_forest_percentiles(inputs.latents, classes, seed=seed, n_trees=n_class_trees)
    report(on_step, 93, 100, "variables within the classes")
    variables = rank_features(inputs.variables)
    scores["class_variables"] = class_forest_percentiles(variables, classes, seed=seed, n_trees=n_class_trees)
    combined = combined_percentile([[scores[name] for name in names] for names in QUESTIONS])
    report(on_step, 100, 100, "done")
    return Scoring(
        scores=scores,
        combined=combined,
        n_reference=around.n_reference,
        n_trees=n_trees,
        n_class_trees=n_class_trees,
    )


def _reconstruction(inputs: ScoringInputs, on_block: Callable[[int, int], None]) -> NDArray[np.float32]:
    from alignlab.analysis.outliers.noise import noise_excess
    from alignlab.spectra.grid import energy_grid

    n = len(inputs.latents)
    excess = np.empty(n, np.float32)
    for rows in _blocks(n):
        on_block(int(rows[0]), n)
        block = inputs.spectra(rows)
        grid = energy_grid(n_bins=block.counts.shape[1])
        excess[rows] = noise_excess(block.counts, block.reconstruction, grid=grid, response_ratio=block.response_ratio)
    return excess


def _disagreement(inputs: ScoringInputs, seed: int, on_block: Callable[[int, int], None]) -> NDArray[np.float32]:
    from alignlab.analysis.outliers.disagreement import modality_disagreement

    disagreement = np.full(len(inputs.has_text), np.nan, np.float32)
    rows = np.flatnonzero(inputs.has_text)
    if len(rows) > 1:
        spectra, texts = inputs.spectrum_aligned, inputs.text_aligned
        if len(rows) < len(inputs.has_text):
            spectra, texts = spectra[rows], texts[rows]
        disagreement[rows] = modality_disagreement(spectra, texts, seed=seed, on_block=on_block)
    return disagreement


def _blocks(n: int) -> Iterator[NDArray[np.intp]]:
    for start in range(0, n, _SPECTRA_BLOCK):
        yield np.arange(start, min(start + _SPECTRA_BLOCK, n))


def _reporter(on_step: OnStep | None, first: int, last: int, info: str) -> Callable[[int, int], None]:
    return lambda done, total: report(on_step, first + round((last - first) * done / total), 100, info)
