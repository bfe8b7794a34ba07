"""Heads by method and fusion: how members are fitted, and how their answers become one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alignlab.progress import OnStep, part_of, report
from alignlab.training.small_heads.intervals import MEDIAN, proper_quantiles
from alignlab.training.small_heads.neighbours import NeighbourHead
from alignlab.training.small_heads.network import FittedNetwork, HeadEpoch, NetworkTask, OnEpoch, train_network
from alignlab.training.small_heads.ridge import fit_logistic, fit_ridge, logistic, softmax, solve_ridge
from alignlab.training.small_heads.streams import Example, Streams, family_sets
from alignlab.training.small_heads.targets import rows_by_known_target
from alignlab.training.small_heads_recipe import FAMILY_OF, SmallHeadsRecipe

#: Parts of the training split whose sources are predicted by members that have not seen them, for stacking.
N_FOLDS = 5
#: Penalty of the ridge regression and inverse penalty of the logistic regression that combine stacked members.
_STACKING_ALPHA = 1.0
_STACKING_INVERSE_PENALTY = 1.0
_MIN_PROBABILITY = 1e-4


class Head(Protocol):
    """Answers for sources: quantiles (n, v, 5) or probabilities (n, c), NaN where it has nothing to read."""

    def predict(self, streams: Streams) -> NDArray[np.float64]:
        """Answer."""
        ...

    def to_weights(self) -> dict[str, NDArray]:
        """What was learned, as arrays."""
        ...


@dataclass(eq=False, kw_only=True)
class Fitting:
    """One head being fitted: counts its members for progress, numbers its epochs, keeps its history.

    Attributes
    ----------
    recipe : SmallHeadsRecipe
    validation : Example
    n_outputs : int
        Variables or classes.
    seed : int
    n_members : int
        Members that will be fitted, folds included.
    """

    recipe: SmallHeadsRecipe
    validation: Example
    n_outputs: int
    seed: int
    n_members: int
    on_step: OnStep | None = None
    on_epoch: OnEpoch | None = None
    checkpoint: Path | None = None
    first_epoch: int = 0
    history: list[HeadEpoch] = field(default_factory=list)
    n_fitted: int = 0

    def member(self, training: Example, modality: str | None, name: str) -> Head:
        """Fit the recipe's method to the streams of one modality, or of all."""
        streams = training.streams if modality is None else training.streams.of_modality(modality)
        checked = self.validation.streams if modality is None else self.validation.streams.of_modality(modality)
        mine, theirs = Example(streams, training.target), Example(checked, self.validation.target)
        number, self.n_fitted = self.n_fitted, self.n_fitted + 1
        step = part_of(self.on_step, number / self.n_members, self.n_fitted / self.n_members)
        if self.recipe.is_network:
            return self._network(mine, theirs, name, number, step)
        report(step, 0, 1, name)
        fitted = _PerFamilies.fit(mine, lambda e, families: self._closed(e, _of_families(theirs, families)))
        report(step, 1, 1, name)
        return fitted

    def _network(
        self, training: Example, validation: Example, name: str, number: int, step: OnStep | None
    ) -> FittedNetwork:
        path = self.checkpoint
        task = NetworkTask(
            name=name,
            n_outputs=self.n_outputs,
            seed=self.seed + number,
            first_epoch=self.first_epoch + len(self.history),
            checkpoint=path and path.with_name(f"{path.stem}.{name.replace(' ', '-')}{path.suffix}"),
        )
        fitted = train_network(self.recipe, training, validation, task, on_step=step, on_epoch=self.on_epoch)
        self.history += fitted.history
        return fitted

    def _closed(self, training: Example, validation: Example) -> Head:
        recipe = self.recipe
        if recipe.method == "knn":
            return NeighbourHead(
                training=training,
                k=recipe.k,
                distance_weights=recipe.distance_weights,
                n_classes=self.n_outputs if training.is_class else 0,
            )
        if training.is_class:
            return fit_logistic(training, validation, n_classes=self.n_outputs, balanced=recipe.class_weights)
        return fit_ridge(training, validation)


def n_members(recipe: SmallHeadsRecipe) -> int:
    """How many members a head of this recipe has, folds included."""
    per_modality = {"average": 1, "stacking": 1 + N_FOLDS}.get(recipe.fusion)
    return per_modality * len(recipe.modalities) if per_modality else 1


def fit_head(fitting: Fitting, training: Example, name: str) -> Head:
    """Fit a head by the recipe's method and fusion."""
    if fitting.recipe.fusion not in ("average", "stacking"):
        return fitting.member(training, None, name)
    members = {m: fitting.member(training, m, f"{name} {m}") for m in fitting.recipe.modalities}
    if fitting.recipe.fusion == "average":
        return _Average(members)
    return _stack(fitting, members, training, name)


@dataclass(frozen=True, eq=False)
class _PerFamilies:
    """A fit of its own for every set of families that a source can have: nothing has to stand for what is missing."""

    heads: Mapping[tuple[str, ...], Head]

    @classmethod
    def fit(cls, training: Example, fit: Callable[[Example, tuple[str, ...]], Head]) -> _PerFamilies:
        heads = {}
        for families in family_sets(training.streams.families):
            chosen = _of_families(training, families)
            if chosen.usable.sum() >= 2:
                heads[families] = fit(chosen, families)
        return cls(heads)

    def predict(self, streams: Streams) -> NDArray[np.float64]:
        answer: NDArray[np.float64] | None = None
        for families, rows in streams.by_families():
            if families not in self.heads or (len(rows) == 0 and answer is not None):
                continue
            part = self.heads[families].predict(streams.of_families(families).select(rows))
            if answer is None:
                answer = np.full((len(streams), *part.shape[1:]), np.nan)
            answer[rows] = part
        assert answer is not None  # at least one set of families was fitted
        return answer

    def to_weights(self) -> dict[str, NDArray]:
        return {f"{'+'.join(f)}.{k}": v for f, head in self.heads.items() for k, v in head.to_weights().items()}


@dataclass(frozen=True, eq=False)
class _Average:
    """The plain mean of the members that have something to read: quantile by quantile, or of probabilities."""

    members: Mapping[str, Head]

    def predict(self, streams: Streams) -> NDArray[np.float64]:
        return _mean_of_present(np.stack(member_answers(self.members, streams)))

    def to_weights(self) -> dict[str, NDArray]:
        return {f"{name}.{k}": v for name, head in self.members.items() for k, v in head.to_weights().items()}


@dataclass(frozen=True, eq=False)
class _Stack:
    """A linear combination of members, learned from their answers for sources that they had not seen.

    For each set of families there is a combination of the members that can answer. Variables: medians are combined by
    ridge regression, and the half-widths of intervals averaged. Class: log probabilities are combined by logistic
    regression.
    """

    members: Mapping[str, Head]
    combinations: Mapping[tuple[str, ...], tuple[NDArray[np.float64], NDArray[np.float64]]]

    def predict(self, streams: Streams) -> NDArray[np.float64]:
        answers = np.stack(member_answers(self.members, streams))
        combined = _mean_of_present(answers)
        for families, rows in streams.by_families():
            if families in self.combinations and len(rows):
                chosen = [i for i, m in enumerate(self.members) if FAMILY_OF[m] in families]
                combined[rows] = _combine(answers[chosen][:, rows], *self.combinations[families])
        return combined

    def to_weights(self) -> dict[str, NDArray]:
        weights = _Average(self.members).to_weights()
        for families, (coefficients, intercepts) in self.combinations.items():
            weights[f"{'+'.join(families)}.coefficients"] = coefficients
            weights[f"{'+'.join(families)}.intercepts"] = intercepts
        return weights


def _stack(fitting: Fitting, members: Mapping[str, Head], training: Example, name: str) -> Head:
    """Fit members without each fold in turn, and learn from their answers for it."""
    fold = np.random.default_rng(fitting.seed).permutation(np.arange(len(training.streams)) % N_FOLDS)
    answers: NDArray[np.float64] | None = None
    for number in range(N_FOLDS):
        left_out = fold == number
        seen, unseen = training.select(np.flatnonzero(~left_out)), training.streams.select(np.flatnonzero(left_out))
        label = f"{name} without fold {number + 1}"
        without = {m: fitting.member(seen, m, f"{label} {m}") for m in members}
        part = np.stack(member_answers(without, unseen))
        if answers is None:
            answers = np.full((len(members), len(fold), *part.shape[2:]), np.nan)
        answers[:, left_out] = part
    assert answers is not None  # there are folds
    combinations = {}
    for families in family_sets(training.streams.families):
        chosen = [i for i, m in enumerate(members) if FAMILY_OF[m] in families]
        rows = np.flatnonzero(training.streams.has(families) & training.usable)
        if len(rows) >= 2:
            learned = _learn_combination(answers[chosen][:, rows], training.target[rows], fitting.n_outputs)
            combinations[families] = learned
    return _Stack(members, combinations)


def _learn_combination(
    answers: NDArray[np.float64], target: NDArray, n_outputs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if target.ndim == 1:
        return logistic(
            _log_probabilities(answers), target, n_outputs, inverse_penalty=_STACKING_INVERSE_PENALTY, balanced=False
        )
    medians = answers[..., MEDIAN]
    coefficients, intercepts = np.full((len(answers), n_outputs), np.nan), np.full(n_outputs, np.nan)
    for rows, columns in rows_by_known_target(target):
        for column in columns:
            x = medians[:, rows, column].T
            if len(rows) >= 2 and np.isfinite(x).all():
                found, free = solve_ridge(x, target[rows][:, [column]], np.array([_STACKING_ALPHA]))
                coefficients[:, column], intercepts[column] = found[0, :, 0], free[0, 0]
    return coefficients, intercepts


def _combine(
    answers: NDArray[np.float64], coefficients: NDArray[np.float64], intercepts: NDArray[np.float64]
) -> NDArray[np.float64]:
    if answers.ndim == 3:
        return softmax(_log_probabilities(answers) @ coefficients + intercepts)
    medians = answers[..., MEDIAN]
    centre = np.einsum("mnv,mv->nv", medians, coefficients) + intercepts
    return centre[..., None] + (answers - medians[..., None]).mean(axis=0)


def member_answers(members: Mapping[str, Head], streams: Streams) -> list[NDArray[np.float64]]:
    """Each member's answer from its own modality; quantiles made proper, so that means of them are."""
    answers = [head.predict(streams.of_modality(m)) for m, head in members.items()]
    return [proper_quantiles(a) if a.ndim == 3 else a for a in answers]


def _log_probabilities(answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features (n, members * c) of logistic stacking."""
    return np.log(np.maximum(np.concatenate(answers, axis=1), _MIN_PROBABILITY))


def _mean_of_present(answers: NDArray[np.float64]) -> NDArray[np.float64]:
    present = np.isfinite(answers)
    n = present.sum(axis=0)
    total = np.where(present, answers, 0).sum(axis=0)
    return np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)


def _of_families(example: Example, families: tuple[str, ...]) -> Example:
    """Those sources that have all of these families, with nothing but these."""
    rows = np.flatnonzero(example.streams.has(families))
    return Example(example.streams.of_families(families), example.target).select(rows)
