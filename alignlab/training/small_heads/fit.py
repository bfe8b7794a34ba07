"""Fitting the heads of a recipe: targets, members, calibration, answers for every source, figures."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, part_of, report
from alignlab.training.small_heads.heads import Fitting, Head, fit_head, n_members
from alignlab.training.small_heads.intervals import Calibration, calibrate, proper_quantiles
from alignlab.training.small_heads.network import HeadEpoch, OnEpoch
from alignlab.training.small_heads.scores import class_scores, variable_scores
from alignlab.training.small_heads.streams import Example, Streams
from alignlab.training.small_heads.targets import VariableScales, class_numbers
from alignlab.training.small_heads_recipe import Calibrate, SmallHeadsRecipe

#: Splits that intervals are calibrated on.
_CALIBRATED_ON: dict[Calibrate, tuple[str, ...]] = {
    "calibration": ("calibration",),
    "held-out": ("calibration", "validation"),
}
#: Splits whose figures are kept.
SCORED_SPLITS = ("validation", "test")
_LEAST_SOURCES = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class SmallHeadsResult:
    """What `fit_small_heads` found.

    Attributes
    ----------
    quantiles : ndarray of float32, shape (n, 20, 5), or None
        Of each variable of each source, in its unit: 2.5, 16, 50, 84 and 97.5%, calibrated; NaN where not known.
    probabilities : ndarray of float32, shape (n, c), or None
        Of each class.
    classes : tuple of str
    figures : dict
        JSON: for "variables" and "class", each split, and each of "all" (what a source has), "spectrum" and "text" (the
        other half withheld) the figures of `alignlab.training.small_heads.scores`.
    weights : dict of str to ndarray
    history : tuple of HeadEpoch
        Empty for methods without epochs.
    """

    quantiles: NDArray[np.float32] | None
    probabilities: NDArray[np.float32] | None
    classes: tuple[str, ...]
    figures: dict[str, Any]
    weights: dict[str, NDArray] = field(repr=False)
    history: tuple[HeadEpoch, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class SurveyAnswers:
    """What is known of the sources.

    Attributes
    ----------
    variables : ndarray, shape (n, 20)
        NaN where missing.
    classes : ndarray of str, shape (n,)
        Empty where unknown.
    split : ndarray of str, shape (n,)
    """

    variables: ArrayLike
    classes: ArrayLike
    split: NDArray[np.str_]


def fit_small_heads(
    recipe: SmallHeadsRecipe,
    streams: Streams,
    answers: SurveyAnswers,
    *,
    seed: int,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    checkpoint: Path | None = None,
) -> SmallHeadsResult:
    """Fit heads on the training split, choose on validation, calibrate intervals on calibration, judge on test.

    Parameters
    ----------
    recipe : SmallHeadsRecipe
    streams : Streams
        Of all sources, see `alignlab.training.small_heads.streams.make_streams`.
    answers : SurveyAnswers
    seed : int
        Same seed, same machine: same heads.
    checkpoint : Path, optional
        Each network keeps its state beside this name; a training that is called again goes on from there.

    Raises
    ------
    AlignlabError
        If too few sources of the training or validation split have something to learn from.
    StoppedError
        If `on_step` returned False.
    """
    rng = np.random.default_rng(seed)
    figures: dict[str, Any] = {"n": len(streams), "seconds": {}}
    weights: dict[str, NDArray] = {}
    history: list[HeadEpoch] = []
    quantiles = probabilities = None
    classes: tuple[str, ...] = ()
    for number, task in enumerate(recipe.tasks):
        started = time.monotonic()
        step = part_of(on_step, 0.95 * number / len(recipe.tasks), 0.95 * (number + 1) / len(recipe.tasks))
        is_training = answers.split == "train"
        if task == "variables":
            scales = VariableScales.fit(np.asarray(answers.variables)[is_training])
            example, n_outputs = Example(streams, scales.forward(answers.variables)), len(scales.mean)
        else:
            classes, numbers = class_numbers(answers.classes, is_training)
            example, n_outputs = Example(streams, numbers), len(classes)
        fitting = Fitting(
            recipe=recipe,
            validation=_usable(example, answers.split, "validation", task),
            n_outputs=n_outputs,
            seed=seed,
            n_members=n_members(recipe),
            on_step=step,
            on_epoch=on_epoch,
            checkpoint=checkpoint,
            first_epoch=len(history),
        )
        head = fit_head(fitting, _usable(example, answers.split, "train", task), task)
        history += fitting.history
        weights |= {f"{task}.{name}": value for name, value in head.to_weights().items()}
        figures["seconds"][task] = round(time.monotonic() - started, 1)
        if task == "variables":
            weights |= {f"variables.scale.{n}": getattr(scales, n) for n in ("softening", "mean", "std")}
            quantiles, figures[task] = _judge_variables(head, streams, scales, answers, recipe.calibrate, rng)
        else:
            probabilities, figures[task] = _judge_class(head, example, classes, answers.split, rng)
    report(on_step, 100, 100, "heads fitted")
    return SmallHeadsResult(
        quantiles=quantiles,
        probabilities=probabilities,
        classes=classes,
        figures=figures,
        weights=weights,
        history=tuple(history),
    )


def _judge_variables(
    head: Head,
    streams: Streams,
    scales: VariableScales,
    answers: SurveyAnswers,
    calibrate_on: Calibrate,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Calibrated quantiles for what each source has, and the figures, with each half withheld as well."""
    variables = np.asarray(answers.variables, dtype=np.float64)
    target, split = scales.forward(variables), answers.split
    unknown = ~np.isfinite(scales.std)
    found: dict[str, Any] = {name: {} for name in (*SCORED_SPLITS, "calibration")}
    quantiles = np.full((len(streams), len(scales.mean), 5), np.nan)
    for name, seen in _views(streams):
        raw = head.predict(seen)
        raw[:, unknown] = np.nan
        answer = proper_quantiles(raw)
        rows = np.flatnonzero(np.isin(split, _CALIBRATED_ON[calibrate_on]) & seen.has(_needed(name, streams)))
        calibration = calibrate(answer[rows], target[rows])
        in_units = scales.inverse(np.moveaxis(calibration.stretch(answer), 2, 0))
        in_units = np.moveaxis(in_units, 0, 2)
        if name == "all":
            quantiles = in_units
        else:
            # A source that has only this half is answered with the intervals calibrated for it.
            alone = ~streams.has([f for f in streams.families if f != name]) & streams.has([name])
            quantiles[alone] = in_units[alone]
        found["calibration"][name] = _calibration_facts(calibration)
        judged = quantiles if name == "all" else in_units
        for part in SCORED_SPLITS:
            rows = np.flatnonzero(split == part)
            found[part][name] = variable_scores(judged[rows], variables[rows], variables[split == "train"], rng=rng)
    return quantiles.astype(np.float32), found


def _judge_class(
    head: Head, example: Example, classes: tuple[str, ...], split: NDArray[np.str_], rng: np.random.Generator
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    found: dict[str, Any] = {name: {} for name in SCORED_SPLITS}
    probabilities = np.empty((0, len(classes)))
    for name, seen in _views(example.streams):
        answer = head.predict(seen)
        if name == "all":
            probabilities = answer
        for part in SCORED_SPLITS:
            rows = np.flatnonzero(split == part)
            found[part][name] = class_scores(answer[rows], example.target[rows], classes, rng=rng)
    return probabilities.astype(np.float32), found


def _views(streams: Streams) -> list[tuple[str, Streams]]:
    """What the sources have, and where that is two halves, each alone."""
    alone = [(family, streams.only(family)) for family in streams.families] if len(streams.families) > 1 else []
    return [("all", streams), *alone]


def _needed(view: str, streams: Streams) -> tuple[str, ...]:
    return streams.families if view == "all" else (view,)


def _calibration_facts(calibration: Calibration) -> dict[str, Any]:
    return {
        "n": calibration.n.tolist(),
        "factor_68": [float(f) for f in calibration.factor[:, 0]],
        "factor_95": [float(f) for f in calibration.factor[:, 1]],
        "origin_68": calibration.origin[:, 0].tolist(),
        "origin_95": calibration.origin[:, 1].tolist(),
    }


def _usable(example: Example, split: NDArray[np.str_], name: str, task: str) -> Example:
    rows = np.flatnonzero((split == name) & example.usable)
    if len(rows) < _LEAST_SOURCES:
        what = "a known class" if task == "class" else "known variables"
        raise AlignlabError(
            f"The {name} split has {len(rows)} sources with latents and {what}: at least {_LEAST_SOURCES} are needed.",
            remedy="Choose the other task, or other modalities.",
        )
    return example.select(rows)
