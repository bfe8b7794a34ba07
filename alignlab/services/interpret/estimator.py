"""The 20 variables from where a spectrum lies, by the small heads that need no training by gradient.

Heads that people have kept beside a run are not asked: most of them read texts, which a new source does not have, and
their weights are kept as a record, not to be applied again. These here are fitted to the same latents in a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alignlab.store.run import Run
from alignlab.store.survey import Survey
from alignlab.training.small_heads.heads import Head
from alignlab.training.small_heads.intervals import MEDIAN, Calibration, calibrate, proper_quantiles
from alignlab.training.small_heads.neighbours import NeighbourHead
from alignlab.training.small_heads.ridge import fit_ridge
from alignlab.training.small_heads.streams import Example, Streams, make_streams
from alignlab.training.small_heads.targets import VariableScales

#: What is read: the spectrum's latent before and after alignment.
READ = ("spectrum", "spectrum_aligned")
#: Neighbours that are averaged.
_K = 10
#: Fewer training or validation sources with a value are not learned from.
_FEWEST = 10
#: Stands for a source that is not of the run's survey, and hence no neighbour of itself.
NEW = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class LatentEstimator:
    """Estimates with intervals that hold what they promise for sources drawn like those of the survey.

    Attributes
    ----------
    scales : VariableScales
    heads : mapping of str to Head
        By what they are called in a sentence.
    chosen : tuple of str
        For each variable the head with the smallest error on the validation split; empty where none can answer.
    calibration : Calibration
        On the calibration and the validation split.
    """

    scales: VariableScales
    heads: Mapping[str, Head]
    chosen: tuple[str, ...]
    calibration: Calibration

    @property
    def description(self) -> str:
        """How the variables are estimated, in a sentence; empty where none is."""
        if not any(self.chosen):
            return ""
        shares = [f"{name} for {self.chosen.count(name)}" for name in self.heads if name in self.chosen]
        return (
            f"Estimated from the spectrum's latents by what was best on the validation split ({', '.join(shares)} "
            f"variables); intervals are conformal, from {int(self.calibration.n.max()):,} held-out sources."
        )

    def quantiles(self, latents: Mapping[str, NDArray[np.float32]], index: int) -> NDArray[np.float64]:
        """Quantiles (20, 5) of the variables of one source, in their units, NaN where there is nothing to say.

        Parameters
        ----------
        latents : mapping of str to ndarray, shape (d,)
            Those of `READ`.
        index : int
            Its own in the run's survey, where it then is no neighbour of itself; `NEW` otherwise.
        """
        streams = make_streams(READ, {name: latents[name][None] for name in READ})
        answer = _chosen(_answers(self.heads, replace(streams, index=np.array([index]))), self.chosen)
        in_units = self.scales.inverse(np.moveaxis(self.calibration.stretch(answer), 2, 0))
        found: NDArray[np.float64] = np.moveaxis(in_units, 0, 2)[0]
        return found


def fit_estimator(survey: Survey, run: Run) -> LatentEstimator:
    """Fit the heads to the training split, choose among them on validation, calibrate on validation and calibration."""
    split = np.asarray(survey.split)
    variables = np.asarray(survey.variables, np.float64)
    streams = make_streams(READ, {name: run.latents(name) for name in READ})
    scales = VariableScales.fit(variables[split == "train"])
    example = Example(streams, scales.forward(variables))
    training, validation = (example.select(np.flatnonzero(split == part)) for part in ("train", "validation"))
    heads: dict[str, Head] = {
        f"the mean of {_K} neighbours": NeighbourHead(
            training=_aligned(training), k=_K, distance_weights=True, n_classes=0
        ),
        "ridge regression": fit_ridge(training, validation),
    }
    held_out = example.select(np.flatnonzero(np.isin(split, ("calibration", "validation"))))
    answers = _answers(heads, held_out.streams)
    enough = [
        min(np.isfinite(part.target[:, column]).sum() for part in (training, validation)) >= _FEWEST
        for column in range(variables.shape[1])
    ]
    is_validation = np.flatnonzero(np.isin(held_out.streams.index, validation.streams.index))
    chosen = _best({n: a[is_validation] for n, a in answers.items()}, held_out.target[is_validation], enough)
    calibration = calibrate(_chosen(answers, chosen), held_out.target)
    return LatentEstimator(scales=scales, heads=heads, chosen=chosen, calibration=calibration)


def _aligned(example: Example) -> Example:
    return Example(example.streams.of_modality("spectrum_aligned"), example.target)


def _answers(heads: Mapping[str, Head], streams: Streams) -> dict[str, NDArray[np.float64]]:
    aligned = streams.of_modality("spectrum_aligned")
    return {
        name: proper_quantiles(head.predict(aligned if isinstance(head, NeighbourHead) else streams))
        for name, head in heads.items()
    }


def _best(
    answers: Mapping[str, NDArray[np.float64]], truth: NDArray[np.float64], enough: list[bool]
) -> tuple[str, ...]:
    """For each variable the answer whose median is nearest to the truth in the mean."""
    chosen = []
    for column, is_known in enumerate(enough):
        known = np.isfinite(truth[:, column])
        errors = {
            name: float(np.abs(answer[known, column, MEDIAN] - truth[known, column]).mean())
            for name, answer in answers.items()
            if is_known
        }
        chosen.append(min(errors, key=errors.__getitem__) if errors else "")
    return tuple(chosen)


def _chosen(answers: Mapping[str, NDArray[np.float64]], chosen: tuple[str, ...]) -> NDArray[np.float64]:
    some = next(iter(answers.values()))
    found = np.full(some.shape, np.nan)
    for column, name in enumerate(chosen):
        if name:
            found[:, column] = answers[name][:, column]
    return found
