"""The ways of fusion that are compared, fitted to any choice of sources and asked with one half withheld."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.cross_validation import grouped_folds
from alignlab.analysis.relative_errors import absolute_errors, mean_ratio
from alignlab.progress import OnStep, part_of
from alignlab.services.evaluate.context import EvaluationContext
from alignlab.services.small_heads import run_streams
from alignlab.training.small_heads.heads import Fitting, fit_head, n_members
from alignlab.training.small_heads.intervals import MEDIAN
from alignlab.training.small_heads.scores import area_under_curve, average_precision
from alignlab.training.small_heads.streams import Example, Streams
from alignlab.training.small_heads.targets import VariableScales, class_numbers
from alignlab.training.small_heads_recipe import SmallHeadsRecipe
from alignlab.training.threads import one_thread

MODALITIES = ("spectrum", "text")
#: Networks of the Lab's heads, with larger steps and fewer epochs: six fits of each must be waited for. Chosen on the
#: validation split; none stops early, since the likelihood of so short a training is not yet smooth.
_NETWORK = SmallHeadsRecipe(
    name="fusion", modalities=MODALITIES, learning_rate=3e-3, dropout=0.2, max_epochs=12, patience=12
)
_NEIGHBOURS = SmallHeadsRecipe(name="fusion", modalities=MODALITIES, method="knn", fusion="concatenate")
_RIDGE = SmallHeadsRecipe(name="fusion", modalities=MODALITIES, method="ridge", fusion="concatenate", task="variables")
#: Of the sources that a fold leaves, one in so many stops the training and chooses penalties.
_VALIDATION_FOLDS = 10


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One way of fusion.

    Attributes
    ----------
    name : str
        Of its file.
    label : str
        For a person.
    family : {"network", "neighbours", "linear"}
    recipe : SmallHeadsRecipe
    """

    name: str
    label: str
    family: str
    recipe: SmallHeadsRecipe


@dataclass(frozen=True, eq=False, kw_only=True)
class Sources:
    """What heads read and what they are to answer, of all n sources.

    Attributes
    ----------
    streams : Streams
    variables : ndarray of float64, shape (n, 20)
    classes : tuple of str
    class_numbers : ndarray of int64, shape (n,)
    names : ndarray of str, shape (n,)
        Rows of one name are one source.
    """

    streams: Streams
    variables: NDArray[np.float64]
    classes: tuple[str, ...]
    class_numbers: NDArray[np.int64]
    names: NDArray[np.str_]


def trials() -> list[Trial]:
    """Everything that is compared: halves alone first, then ways to join them, from simple to learned."""
    network, near, ridge = "network", "neighbours", "linear"
    found = [
        ("spectrum-alone", "network, spectrum alone", network, replace(_NETWORK, modalities=("spectrum",))),
        ("text-alone", "network, texts alone", network, replace(_NETWORK, modalities=("text",))),
        ("knn-concatenate", "neighbours, side by side", near, _NEIGHBOURS),
        ("knn-average", "neighbours, averaged answers", near, replace(_NEIGHBOURS, fusion="average")),
        ("knn-stacking", "neighbours, stacked answers", near, replace(_NEIGHBOURS, fusion="stacking")),
        ("ridge-concatenate", "ridge regression, side by side", ridge, _RIDGE),
        ("concatenate", "network, side by side", network, replace(_NETWORK, fusion="concatenate")),
        ("average", "network, averaged answers", network, replace(_NETWORK, fusion="average")),
        ("weighted-sum", "network, weighted sum", network, replace(_NETWORK, fusion="weighted-sum")),
        ("gated", "network, gated sum", network, _NETWORK),
        ("cross-attention", "network, cross-attention", network, replace(_NETWORK, fusion="cross-attention")),
        ("experts", "network, mixture of experts", network, replace(_NETWORK, fusion="mixture-of-experts")),
    ]
    return [Trial(name=name, label=label, family=family, recipe=recipe) for name, label, family, recipe in found]


def sources_of(context: EvaluationContext) -> Sources:
    """Latents before alignment, so that no pair that a head is asked about has been seen by the alignment."""
    survey = context.survey
    labels = survey.sources["source_class"].fillna("").to_numpy()
    classes, numbers = class_numbers(labels, context.training)
    return Sources(
        streams=run_streams(survey, context.run, MODALITIES),
        variables=survey.variables.astype(np.float64),
        classes=classes,
        class_numbers=numbers,
        names=survey.sources["name"].to_numpy(dtype=str),
    )


def fold_splits(
    pool: NDArray[np.int64], fold: NDArray[np.int64], names: NDArray[np.str_], *, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Training, validation and asked sources of each fold; no name is in two of them.

    Parameters
    ----------
    pool : ndarray of int64, shape (m,)
        Sources that the folds divide.
    fold : ndarray of int64, shape (m,)
        From `alignlab.analysis.cross_validation.grouped_folds`.
    names : ndarray of str, shape (n,)
        Of all sources.
    seed : int
        Of the choice of the validation sources among those that are left.
    """
    for number in range(int(fold.max()) + 1):
        left = pool[fold != number]
        inner = grouped_folds(names[left], _VALIDATION_FOLDS, rng=np.random.default_rng(seed + number))
        yield left[inner != 0], left[inner == 0], pool[fold == number]


def answers(
    sources: Sources,
    trial: Trial,
    training: NDArray[np.int64],
    validation: NDArray[np.int64],
    *,
    asked: NDArray[np.int64],
    seed: int,
    on_step: OnStep | None = None,
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Fit a trial's heads and ask them about other sources.

    Returns
    -------
    dict
        For "all", and where the trial reads both halves for "spectrum" and "text" alone: ``variables`` (m, 20) in their
        units and, unless the recipe is for variables only, ``class`` (m, c) probabilities.
    """
    streams = sources.streams.of_families(trial.recipe.families)
    scales = VariableScales.fit(sources.variables[training])
    views = {"all": streams.select(asked)}
    if len(streams.families) > 1:
        views |= {family: streams.only(family).select(asked) for family in streams.families}
    found: dict[str, dict[str, NDArray[np.float64]]] = {view: {} for view in views}
    for number, task in enumerate(trial.recipe.tasks):
        is_class = task == "class"
        target = sources.class_numbers if is_class else scales.forward(sources.variables)
        example = Example(streams, target)
        fitting = Fitting(
            recipe=trial.recipe,
            validation=_usable(example, validation),
            n_outputs=len(sources.classes) if is_class else target.shape[1],
            seed=seed,
            n_members=n_members(trial.recipe),
            on_step=part_of(on_step, number / len(trial.recipe.tasks), (number + 1) / len(trial.recipe.tasks)),
        )
        with one_thread():
            head = fit_head(fitting, _usable(example, training), task)
            for view, seen in views.items():
                told = head.predict(seen)
                found[view][task] = told if is_class else scales.inverse(told[..., MEDIAN])
    return found


def point_figures(
    sources: Sources, told: dict[str, NDArray[np.float64]], *, training: NDArray[np.int64], asked: NDArray[np.int64]
) -> dict[str, float]:
    """The figures of some answers, without intervals; what cannot be said of them is left out."""
    errors = absolute_errors(told["variables"], sources.variables[asked], sources.variables[training])
    found = {"error_ratio": float(mean_ratio(errors)[0])}
    if "class" in told:
        found |= class_figures(told["class"], sources.class_numbers[asked])
    return {name: value for name, value in found.items() if np.isfinite(value)}


def class_figures(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> dict[str, float]:
    """Balanced accuracy, macro AUC and average precision of class probabilities, means over the classes that occur.

    Parameters
    ----------
    probabilities : ndarray, shape (n, c)
        NaN where there was nothing to read.
    truth : ndarray of int64, shape (n,)
        Negative where unknown.
    """
    usable = (truth >= 0) & np.isfinite(probabilities).all(axis=1)
    p, y = probabilities[usable], truth[usable]
    occurring, once = np.unique(y), np.ones((1, len(y)))
    right = p.argmax(axis=1) == y if len(y) else np.zeros(0, bool)
    return {
        "balanced_accuracy": _mean([right[y == c].mean() for c in occurring]),
        "macro_auc": _mean([area_under_curve(p[:, c], y == c, once)[0] for c in occurring]),
        "average_precision": _mean([average_precision(p[:, c], y == c, once)[0] for c in occurring]),
    }


def _mean(values: list[float]) -> float:
    known = [float(value) for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _usable(example: Example, rows: NDArray[np.int64]) -> Example:
    return example.select(rows[example.usable[rows]])
