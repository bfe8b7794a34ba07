"""A selection against the rest of its survey: the 20 variables, the words of its papers, its classes.

Ranks, histogram bins and term counts are made once per survey and shared by all threads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.contrast import Contrast, RankedVariables
from alignlab.errors import AlignlabError
from alignlab.literature.distinguishing import DistinguishingTerms, TermCounts, count_terms, distinguishing_terms
from alignlab.services.workspace import Workspace
from alignlab.store.papers import read_papers
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLES, Variable

#: Fewer selected sources than this are not compared.
FEWEST = 5
_BINS = 26
_ABSENT = 255
_KEPT = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class PairedHistogram:
    """One variable in the selection and in the rest, in the same bins.

    Attributes
    ----------
    low, high : float
        Ends of the axis, in the variable's unit: the middle 98% of all values. What lies beyond is in the end bins.
    scale : {"linear", "log", "asinh"}
        Of the axis; bins are equally wide on it.
    selected, rest : ndarray of int64, shape (26,)
        Sources per bin.
    """

    low: float
    high: float
    scale: Literal["linear", "log", "asinh"]
    selected: NDArray[np.int64]
    rest: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ClassCount:
    """Sources of one class in the selection and in the survey."""

    name: str
    n_selected: int
    n_survey: int


@dataclass(frozen=True, kw_only=True)
class WordContrast:
    """Words that distinguish what was written about the selection.

    Attributes
    ----------
    kind : {"papers", "summaries"}
        What was counted: papers (title and abstract), or a source's aspect summaries where no paper has an abstract.
    terms : DistinguishingTerms
        The selection is its first side, the rest its second.
    """

    kind: Literal["papers", "summaries"]
    terms: DistinguishingTerms


@dataclass(frozen=True, eq=False, kw_only=True)
class VariableContrast:
    """The 20 variables of a selection against those of the rest.

    Attributes
    ----------
    n_selected, n_rest : int
        Sources.
    contrast : Contrast
        In the order of `VARIABLES`.
    histograms : tuple of PairedHistogram
        In the same order.
    classes : tuple of ClassCount
        Those of the selection, most frequent first.
    """

    n_selected: int
    n_rest: int
    contrast: Contrast
    histograms: tuple[PairedHistogram, ...]
    classes: tuple[ClassCount, ...]

    def by_effect(self) -> list[int]:
        """Places of the variables, the largest absolute effect first; those that could not be compared last."""
        size = np.abs(self.contrast.delta)
        return [int(place) for place in np.argsort(-np.where(np.isnan(size), -1, size), kind="stable")]


@dataclass(frozen=True, eq=False, kw_only=True)
class SelectionContrast:
    """A selection against the rest."""

    variables: VariableContrast
    words: WordContrast


def selection_contrast(workspace: Workspace, mask: NDArray[np.bool_]) -> SelectionContrast:
    """Compare the sources of `mask`, shape (n,), with all others of the survey, by variables and by words.

    Raises
    ------
    AlignlabError
        If fewer than `FEWEST` sources are on one side, or `mask` is of another survey.
    """
    return SelectionContrast(variables=variable_contrast(workspace, mask), words=word_contrast(workspace, mask))


def variable_contrast(workspace: Workspace, mask: NDArray[np.bool_]) -> VariableContrast:
    """Compare the 20 variables of the sources of `mask` with those of all others; errors as above."""
    _check(workspace.survey, mask)
    prepared = _prepared(workspace.survey)
    n_selected = int(mask.sum())
    return VariableContrast(
        n_selected=n_selected,
        n_rest=len(mask) - n_selected,
        contrast=prepared.ranks.contrast(mask),
        histograms=tuple(axis.histogram(mask) for axis in prepared.axes),
        classes=_classes(workspace.survey, mask),
    )


def word_contrast(workspace: Workspace, mask: NDArray[np.bool_]) -> WordContrast:
    """Compare the words written about the sources of `mask` with those about all others; errors as above.

    The first call for a survey counts its words, which takes a second per 20,000 papers.
    """
    _check(workspace.survey, mask)
    texts = _prepared(workspace.survey).texts
    sides = [texts.about(mask), texts.about(~mask)]
    return WordContrast(kind=texts.kind, terms=distinguishing_terms(texts.counted, *sides))


def words_are_counted(workspace: Workspace) -> bool:
    """Whether `word_contrast` answers at once."""
    prepared = _cache.get(workspace.survey.digest)
    return prepared is not None and prepared.has_texts


@dataclass(frozen=True, eq=False)
class _Axis:
    """The bins of one variable, and the bin of each source."""

    low: float
    high: float
    scale: Literal["linear", "log", "asinh"]
    bins: NDArray[np.uint8]

    @classmethod
    def of(cls, variable: Variable, values: NDArray[np.float32]) -> _Axis:
        bins = np.full(len(values), _ABSENT, np.uint8)
        known = np.isfinite(values)
        shown = values[known].astype(np.float64)
        if variable.scale == "log":
            shown = shown[shown > 0]
        if not shown.size:
            return cls(np.nan, np.nan, variable.scale, bins)
        low, high = (float(end) for end in np.percentile(shown, [1, 99]))
        softening = float(np.median(np.abs(shown))) or 1.0

        def stretched(x: NDArray[np.float64] | float) -> NDArray[np.float64]:
            if variable.scale == "log":
                # A column density of zero belongs into the lowest bin.
                return np.log(np.maximum(x, np.finfo(np.float64).tiny))
            return np.arcsinh(np.asarray(x) / softening) if variable.scale == "asinh" else np.asarray(x)

        start, width = stretched(low), stretched(high) - stretched(low)
        place = (stretched(values[known].astype(np.float64)) - start) / (width or 1.0) * _BINS
        bins[known] = np.clip(place, 0, _BINS - 1).astype(np.uint8)
        return cls(low, high, variable.scale, bins)

    def histogram(self, mask: NDArray[np.bool_]) -> PairedHistogram:
        selected, everything = (
            np.bincount(bins, minlength=_ABSENT + 1)[:_BINS] for bins in (self.bins[mask], self.bins)
        )
        return PairedHistogram(
            low=self.low, high=self.high, scale=self.scale, selected=selected, rest=everything - selected
        )


@dataclass(frozen=True, eq=False)
class _Texts:
    """What was written about a survey's sources, counted, and about which of them."""

    kind: Literal["papers", "summaries"]
    counted: TermCounts
    source_index: NDArray[np.int64]
    text_index: NDArray[np.int64]

    @classmethod
    def of(cls, survey: Survey) -> _Texts:
        papers = read_papers(survey)
        if papers.table["abstract"].str.strip().astype(bool).any():
            texts = (papers.table["title"] + ". " + papers.table["abstract"]).tolist()
            return cls("papers", count_terms(texts), papers.source_index, papers.row)
        joined = survey.summaries.groupby("source_index")["text"].agg(" ".join)
        sources = joined.index.to_numpy(np.int64)
        return cls("summaries", count_terms(joined.tolist()), sources, np.arange(len(sources)))

    def about(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The texts about at least one source of `mask`."""
        chosen = np.zeros(self.counted.n_texts, bool)
        chosen[self.text_index[mask[self.source_index]]] = True
        return chosen


class _Prepared:
    """What every comparison within a survey shares."""

    def __init__(self, survey: Survey) -> None:
        self._survey, self._lock = survey, threading.Lock()
        self.ranks = RankedVariables(survey.variables)
        self.axes = tuple(_Axis.of(v, survey.variables[:, k]) for k, v in enumerate(VARIABLES))

    @property
    def texts(self) -> _Texts:
        """Counted on first use; a second thread waits for the first."""
        with self._lock:
            return self._texts

    @cached_property
    def _texts(self) -> _Texts:
        return _Texts.of(self._survey)

    @property
    def has_texts(self) -> bool:
        """Whether they have been counted."""
        return "_texts" in self.__dict__


_cache: OrderedDict[str, _Prepared] = OrderedDict()
_cache_lock = threading.Lock()


def _prepared(survey: Survey) -> _Prepared:
    with _cache_lock:
        if survey.digest not in _cache:
            _cache[survey.digest] = _Prepared(survey)
            if len(_cache) > _KEPT:
                _cache.popitem(last=False)
        _cache.move_to_end(survey.digest)
        return _cache[survey.digest]


def _check(survey: Survey, mask: NDArray[np.bool_]) -> None:
    if mask.shape != (survey.n_sources,) or mask.dtype != bool:
        raise AlignlabError(
            f"The selection is of {mask.size:,} sources; survey {survey.name!r} has {survey.n_sources:,}.",
            remedy="Select again.",
        )
    n_selected = int(mask.sum())
    n_rest = len(mask) - n_selected
    if n_selected < FEWEST:
        raise AlignlabError(f"Too few sources to compare ({n_selected}).", remedy=f"Select at least {FEWEST}.")
    if n_rest < FEWEST:
        left = "No source is" if n_rest == 0 else f"Only {n_rest} of {len(mask):,} sources are"
        raise AlignlabError(f"{left} left to compare with.", remedy="Select fewer.")


def _classes(survey: Survey, mask: NDArray[np.bool_]) -> tuple[ClassCount, ...]:
    classes = survey.sources["source_class"].astype(str)
    total = {str(name): int(n) for name, n in classes.value_counts().items()}
    return tuple(
        ClassCount(name=str(name), n_selected=int(n), n_survey=total[str(name)])
        for name, n in classes[mask].value_counts().items()
    )
