"""Two runs of one survey, compared over the same sources: figures, variables, neighbours, outliers, recipes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.contrast import holm
from alignlab.analysis.neighbour_change import NeighbourChange, neighbour_change
from alignlab.analysis.paired import PairedDifferences, paired_means, paired_medians
from alignlab.analysis.retrieval import candidates_within, partner_ranks
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, report
from alignlab.services.recipe_words import RecipeDifference, recipe_differences
from alignlab.services.workspace import Catalogue
from alignlab.store.run import Run
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLE_NAMES

#: How often the sources of the split are drawn anew.
N_RESAMPLES = 2000
SPLIT = "test"
RECALL_PERCENTS = (1, 5, 10)
_KEPT = 8
#: A difference of variables is called one where its p-value, corrected for their number, is below this.
CLEAR = 0.05

Verdict = Literal["better", "worse", "no difference seen"]
FigureKind = Literal["share", "rank", "mean"]


@dataclass(frozen=True, kw_only=True)
class FigureDifference:
    """One figure of two runs over the same sources.

    Attributes
    ----------
    label : str
        What it is, such as ``recall@1%``.
    direction : {"spectrum → text", "text → spectrum"}
        What looks for what.
    kind : {"share", "rank", "mean"}
        How it reads: a share from 0 to 1, a rank, a mean reciprocal rank.
    first, second, difference : float
        The second less the first.
    low, high : float
        95% interval of the difference, paired bootstrap.
    """

    label: str
    direction: str
    kind: FigureKind
    first: float
    second: float
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Of the second run, beyond the interval."""
        if self.low <= 0 <= self.high:
            return "no difference seen"
        return "better" if (self.difference > 0) != (self.kind == "rank") else "worse"


@dataclass(frozen=True, eq=False, kw_only=True)
class VariableDifferences:
    """Errors of the two runs' estimates, in the order of `VARIABLES`; every array has shape (20,).

    Attributes
    ----------
    first, second : ndarray of float64
        Mean absolute error in the variable's unit; NaN where no source of the split has a value.
    baseline : ndarray of float64
        The same for always answering the training mean.
    difference, low, high : ndarray of float64
        The second less the first with its 95% interval, paired bootstrap.
    p_corrected : ndarray of float64
        Two-sided, after Holm 1979.
    n : ndarray of int64
        Sources compared.
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    baseline: NDArray[np.float64]
    difference: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_corrected: NDArray[np.float64]
    n: NDArray[np.int64]

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Where the runs differ."""
        return np.nan_to_num(self.p_corrected, nan=1.0) < CLEAR

    def relative(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Errors over the baseline's: below 1 is better than always answering the mean."""
        return np.divide(values, self.baseline, out=np.full(values.shape, np.nan), where=self.baseline > 0)

    def by_change(self) -> list[int]:
        """Places of the variables, those that became most accurate first; those without figures last."""
        change = self.relative(self.difference)
        return [int(place) for place in np.argsort(np.where(np.isfinite(change), change, np.inf), kind="stable")]


@dataclass(frozen=True, eq=False, kw_only=True)
class RunComparison:
    """Two runs of one survey.

    Attributes
    ----------
    survey, first, second : str
        Name of the survey, ids of the runs.
    simulated : bool
    split : str
        Whose sources the figures and the variables are of.
    n_pairs, n_sources : int
        Sources of the split that have a text, and all of them.
    seed, n_resamples : int
        Of the bootstrap.
    figures : tuple of FigureDifference
    variables : VariableDifferences
    neighbours : NeighbourChange
        Of all sources of the survey, in `both`.
    recipe : tuple of RecipeDifference
    """

    survey: str
    first: str
    second: str
    simulated: bool
    split: str
    n_pairs: int
    n_sources: int
    seed: int
    n_resamples: int
    figures: tuple[FigureDifference, ...]
    variables: VariableDifferences
    neighbours: NeighbourChange
    recipe: tuple[RecipeDifference, ...]


def open_pair(catalogue: Catalogue, survey_name: str, first: str, second: str) -> tuple[Run, Run]:
    """Open two runs of a survey.

    Raises
    ------
    AlignlabError
        If they are the same, or one is missing, damaged, or of another survey.
    """
    if first == second:
        raise AlignlabError(f"{first} cannot be compared with itself.", remedy="Choose two runs.")
    for run_id in (first, second):
        if run_id not in catalogue.run_ids(survey_name):
            others = [name for name in catalogue.survey_names() if run_id in catalogue.run_ids(name)]
            if others:
                raise AlignlabError(
                    f"{run_id} is a run of survey {others[0]!r}, not of {survey_name!r}: other sources.",
                    remedy="Compare runs of one survey.",
                )
    opened = catalogue.run(first, survey_name=survey_name)
    return opened, catalogue.run(second, survey_name=survey_name)


def compare_runs(
    survey: Survey, first: Run, second: Run, *, seed: int = 0, on_step: OnStep | None = None
) -> RunComparison:
    """Compare two runs of a survey; what has been computed once is at hand.

    Parameters
    ----------
    survey : Survey
    first, second : Run
        Differences are the second less the first.
    seed : int
        Of the bootstrap.

    Raises
    ------
    AlignlabError
        If a run has another number of sources, or no source of the test split has a text.
    """
    key = (survey.digest, first.digest, second.digest, seed)
    with _cache_lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    found = _compare(survey, first, second, seed=seed, on_step=on_step)
    with _cache_lock:
        _cache[key] = found
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    return found


def is_compared(survey: Survey, first: Run, second: Run, *, seed: int = 0) -> bool:
    """Whether `compare_runs` answers at once."""
    return (survey.digest, first.digest, second.digest, seed) in _cache


def _compare(survey: Survey, first: Run, second: Run, *, seed: int, on_step: OnStep | None) -> RunComparison:
    report(on_step, 0, 100, "reading both runs")
    both = [run.latents("both") for run in (first, second)]
    for run, latents in zip((first, second), both, strict=True):
        if len(latents) != survey.n_sources:
            raise AlignlabError(
                f"{run.run_id} is of {len(latents):,} sources; survey {survey.name!r} has {survey.n_sources:,}.",
                remedy="Train it again.",
            )
    rows = survey.split == SPLIT
    pairs = rows & np.asarray(survey.text_mask).any(axis=1)
    if not pairs.any():
        raise AlignlabError(f"No source of the {SPLIT} split has a text.", remedy="Compare runs of another survey.")
    rng = np.random.default_rng(seed)
    report(on_step, 10, 100, "ranking texts and spectra")
    figures = _figures(first, second, pairs, rng)
    report(on_step, 35, 100, "errors of estimates")
    variables = _variables(survey, first, second, rows, rng)
    report(on_step, 50, 100, "neighbours of all sources")
    neighbours = neighbour_change(*both)
    report(on_step, 100, 100, "ready")
    return RunComparison(
        survey=survey.name,
        first=first.run_id,
        second=second.run_id,
        simulated=survey.simulated,
        split=SPLIT,
        n_pairs=int(pairs.sum()),
        n_sources=int(rows.sum()),
        seed=seed,
        n_resamples=N_RESAMPLES,
        figures=figures,
        variables=variables,
        neighbours=neighbours,
        recipe=tuple(recipe_differences(first.recipe, second.recipe)),
    )


def _figures(
    first: Run, second: Run, pairs: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[FigureDifference, ...]:
    found: list[FigureDifference] = []
    for direction, asks, answers in (
        ("spectrum → text", "spectrum_aligned", "text_aligned"),
        ("text → spectrum", "text_aligned", "spectrum_aligned"),
    ):
        ranks = [partner_ranks(run.latents(asks)[pairs], run.latents(answers)[pairs]) for run in (first, second)]
        limits = [candidates_within(len(ranks[0]), percent) for percent in RECALL_PERCENTS]
        columns = [np.stack([*(r <= limit for limit in limits), 1 / r], axis=1).astype(np.float64) for r in ranks]
        means = paired_means(*columns, rng=rng, n_resamples=N_RESAMPLES)
        median = paired_medians(ranks[0][:, None], ranks[1][:, None], rng=rng, n_resamples=N_RESAMPLES)
        found += [_figure(means, k, f"recall@{p}%", direction, "share") for k, p in enumerate(RECALL_PERCENTS)]
        found.append(_figure(median, 0, "median rank", direction, "rank"))
        found.append(_figure(means, len(RECALL_PERCENTS), "mean reciprocal rank", direction, "mean"))
    return tuple(found)


def _figure(
    differences: PairedDifferences, place: int, label: str, direction: str, kind: FigureKind
) -> FigureDifference:
    numbers = ("first", "second", "difference", "low", "high")
    values = {name: float(getattr(differences, name)[place]) for name in numbers}
    return FigureDifference(label=label, direction=direction, kind=kind, **values)


def _variables(
    survey: Survey, first: Run, second: Run, rows: NDArray[np.bool_], rng: np.random.Generator
) -> VariableDifferences:
    truth = survey.variables[rows].astype(np.float64)
    training = survey.variables[survey.split == "train"].astype(np.float64)
    errors = [np.abs(run.estimates[list(VARIABLE_NAMES)].to_numpy(np.float64)[rows] - truth) for run in (first, second)]
    found = paired_means(*errors, rng=rng, n_resamples=N_RESAMPLES)
    counted = np.isfinite(errors[0]) & np.isfinite(errors[1])
    always_mean = np.where(counted, np.abs(truth - _means(training, np.isfinite(training))), 0)
    return VariableDifferences(
        first=found.first,
        second=found.second,
        baseline=_means(always_mean, counted),
        difference=found.difference,
        low=found.low,
        high=found.high,
        p_corrected=holm(found.p_value),
        n=found.n,
    )


def _means(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    n = mask.sum(axis=0)
    total = np.where(mask, values, 0).sum(axis=0)
    return np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)


_cache: OrderedDict[tuple[str, str, str, int], RunComparison] = OrderedDict()
_cache_lock = threading.Lock()
