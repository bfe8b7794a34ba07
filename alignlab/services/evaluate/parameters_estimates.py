"""What each expert says of the sources that are asked about: means of three neighbours in one kind of latents each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.experts import NO_EXPERT
from alignlab.analysis.regression import estimate
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, report
from alignlab.services.evaluate.context import EvaluationContext
from alignlab.training.small_heads.intervals import MEDIAN, QUANTILES
from alignlab.training.small_heads.neighbours import NeighbourHead
from alignlab.training.small_heads.streams import Example, Stream, Streams
from alignlab.training.small_heads.targets import VariableScales

#: Latents that an expert reads: before alignment, and after.
EXPERTS = ("spectrum", "text", "spectrum_aligned", "text_aligned", "both")
#: Experts that know one modality and nothing of the alignment.
UNALIGNED = ("spectrum", "text")
#: Neighbours averaged (paper: k = 3).
K = 3
#: Splits that may be tuned on, in the order in which they are taken for choosing experts.
_TUNING = ("validation", "calibration")


@dataclass(frozen=True, eq=False)
class Questions:
    """Which sources are asked about, and which answer.

    A source without any text is not asked about, so that all experts are judged by the same sources; and it is no
    neighbour where texts are read, since zeros would be the neighbours of nothing.
    """

    context: EvaluationContext

    @cached_property
    def has_text(self) -> NDArray[np.bool_]:
        """Which sources have any text, shape (n,)."""
        return np.asarray(np.asarray(self.context.survey.text_mask).any(axis=1))

    @cached_property
    def judged(self) -> NDArray[np.int64]:
        """Rows of the survey that errors and coverage are of."""
        rows = np.flatnonzero(self.context.pairs)
        if len(rows) == 0:
            raise AlignlabError(
                f"No source of the {self.context.split} split has a text.", remedy="Evaluate a run of another survey."
            )
        return rows

    @cached_property
    def tuning_splits(self) -> tuple[str, ...]:
        """Splits that experts are chosen on (the first) and intervals are calibrated on (all): never the judged one."""
        return tuple(split for split in _TUNING if split != self.context.split)

    @cached_property
    def tuning(self) -> NDArray[np.int64]:
        """Rows of the tuning splits."""
        return np.flatnonzero(np.isin(self.context.survey.split, self.tuning_splits) & self.has_text)

    @cached_property
    def chosen_on(self) -> NDArray[np.bool_]:
        """Which of `tuning` the experts are chosen on."""
        return np.asarray(self.context.survey.split[self.tuning] == self.tuning_splits[0])

    @cached_property
    def asked(self) -> NDArray[np.int64]:
        """The judged rows, then those of the tuning splits."""
        return np.concatenate([self.judged, self.tuning])

    def neighbours(self, expert: str) -> NDArray[np.int64]:
        """Rows that answer: those of the training split, with a text where the expert reads texts."""
        training = self.context.training
        return np.flatnonzero(training if expert.startswith("spectrum") else training & self.has_text)


@dataclass(frozen=True, eq=False, kw_only=True)
class ExpertAnswers:
    """Of each expert, in the order of `EXPERTS`; arrays of shape (n_experts, n_asked, 20).

    Attributes
    ----------
    value : ndarray of float64
        Mean of the nearest training values.
    low, high : ndarray of float64
        16 and 84% quantiles of a larger neighbourhood, as they are.
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def ask_experts(questions: Questions, *, on_step: OnStep | None = None) -> ExpertAnswers:
    """The 20 variables of the asked sources by each expert."""
    context, told = questions.context, []
    for number, expert in enumerate(EXPERTS):
        report(on_step, number, len(EXPERTS), f"neighbours by {expert.replace('_', ', ')}")
        rows, latents = questions.neighbours(expert), context.latents(expert)
        told.append(estimate(latents[questions.asked], latents[rows], context.survey.variables[rows], k=K))
    report(on_step, len(EXPERTS), len(EXPERTS), "neighbours found")
    return ExpertAnswers(
        value=np.stack([t.value for t in told]),
        low=np.stack([t.low for t in told]),
        high=np.stack([t.high for t in told]),
    )


def ask_shuffled(questions: Questions, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Estimates (n_judged, 20) from training values that were dealt out anew: what neighbours are worth by chance."""
    context, rows = questions.context, questions.neighbours("both")
    latents, values = context.latents("both"), context.survey.variables[rows]
    return estimate(latents[questions.judged], latents[rows], values[rng.permutation(len(rows))], k=K).value


def spread_quantiles(
    questions: Questions,
    value: NDArray[np.float64],
    chosen: Sequence[int] | NDArray[np.int64],
    scales: VariableScales,
    *,
    on_step: OnStep | None = None,
) -> NDArray[np.float64]:
    """Quantiles about the estimates, from the spread of the fifty nearest training sources of each variable's expert.

    Parameters
    ----------
    value : ndarray, shape (n_asked, 20)
        The estimates, in the variables' units.
    chosen : sequence of int, length 20
        Position of each variable's expert.
    scales : VariableScales
        Spreads are taken on the variables' own scales.

    Returns
    -------
    ndarray, shape (n_asked, 20, 5)
        On the standardised scale; the median is the estimate; NaN where there is none.
    """
    context, heard = questions.context, np.asarray(chosen)
    centre = scales.forward(value)
    found = np.full((*value.shape, len(QUANTILES)), np.nan)
    known = np.isfinite(scales.std)
    for number, expert in enumerate(EXPERTS):
        columns = np.flatnonzero((heard == number) & (heard != NO_EXPERT) & known)
        report(on_step, number, len(EXPERTS), "intervals")
        if len(columns) == 0:
            continue
        rows = questions.neighbours(expert)
        latents = np.asarray(context.latents(expert))
        streams = Streams(
            (Stream(modality=expert, values=latents, present=np.ones(len(latents), bool)),), np.arange(len(latents))
        )
        target = scales.forward(context.survey.variables)[:, columns]
        head = NeighbourHead(
            training=Example(streams.select(rows), target[rows]), k=K, distance_weights=False, n_classes=0
        )
        spread = head.predict(streams.select(questions.asked))
        found[:, columns] = centre[:, columns, None] + spread - spread[..., [MEDIAN]]
    return found
