"""Which recipes a search tries: every combination, random ones, or random ones of which only the best train on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alignlab.errors import RecipeError
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.search_recipe import SearchRecipe

#: Digits that a drawn number is rounded to, so that recipes stay readable.
_DIGITS = 3
#: Draws per trial after which a range is taken to be too narrow for so many different ones.
_MOST_DRAWS = 100


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One round of a halving.

    Attributes
    ----------
    n_trials : int
        How many take part.
    max_epochs : int
        To how many epochs they have been trained at its end, those of earlier rounds included.
    """

    n_trials: int
    max_epochs: int


@dataclass(frozen=True, kw_only=True)
class PlannedTrial:
    """One training of a round.

    Attributes
    ----------
    number : int
        Which of the search's trials it is, from 0.
    recipe : AlignmentRecipe
        With the epochs of this round.
    before : int or None
        Place in the round before of the training that it goes on from; None in the first.
    """

    number: int
    recipe: AlignmentRecipe
    before: int | None = None


def n_trials_of(recipe: SearchRecipe) -> int:
    """How many different recipes the search tries; known before it is submitted."""
    return recipe.n_combinations if recipe.strategy == "grid" else recipe.n_trials


def trial_recipes(recipe: SearchRecipe, *, seed: int) -> list[AlignmentRecipe]:
    """The recipes that the search tries, each with the base's full number of epochs.

    Parameters
    ----------
    recipe : SearchRecipe
    seed : int
        Of the random draws: same seed, same recipes.

    Returns
    -------
    list of AlignmentRecipe
        All different, named like the search.
    """
    points = _grid(recipe) if recipe.strategy == "grid" else _random(recipe, np.random.default_rng(seed))
    return [replace(recipe.base, name=recipe.name, **point) for point in points]


def rungs_of(recipe: SearchRecipe) -> tuple[Rung, ...]:
    """The rounds of the search: one, unless it is a halving."""
    n_trials = n_trials_of(recipe)
    if recipe.strategy != "halving":
        return (Rung(n_trials=n_trials, max_epochs=recipe.base.max_epochs),)
    return halving_rungs(
        n_trials, eta=recipe.eta, min_epochs=recipe.min_epochs, max_epochs=recipe.base.max_epochs, keep=recipe.keep
    )


def plan_round(recipe: SearchRecipe, *, seed: int, scores: Sequence[Sequence[float | None]]) -> list[PlannedTrial]:
    """The trainings of the next round.

    Parameters
    ----------
    recipe : SearchRecipe
    seed : int
        Of the search.
    scores : sequence of sequence of float or None
        What came of each earlier round, in the order of its plan: mean logarithm of the rank, lower is better, None
        for a training that went astray.

    Returns
    -------
    list of PlannedTrial
        By their numbers; empty when the search is over.
    """
    rungs, recipes = rungs_of(recipe), trial_recipes(recipe, seed=seed)
    if len(scores) == len(rungs):
        return []
    alive = [PlannedTrial(number=number, recipe=trial) for number, trial in enumerate(recipes)]
    for rung, came in zip(rungs[1:], scores, strict=False):
        places = sorted(survivors(came, rung.n_trials))
        alive = [replace(alive[place], before=place) for place in places]
    epochs = rungs[len(scores)].max_epochs
    return [replace(trial, recipe=replace(trial.recipe, max_epochs=epochs)) for trial in alive]


def halving_rungs(n_trials: int, *, eta: int, min_epochs: int, max_epochs: int, keep: int = 1) -> tuple[Rung, ...]:
    """The rounds of successive halving (Jamieson & Talwalkar 2016, algorithm 1; budgets as in Li et al. 2018).

    Of *n* trials, round *k* of *s* + 1 has ``n / eta**k`` (rounded down, never fewer than `keep`), trained to
    ``max_epochs * eta**(k - s)`` epochs, so that every round costs about the same and the last has the full number.
    There are as many rounds as leave the first one `min_epochs` and the last one a trial.

    Parameters
    ----------
    n_trials, eta, min_epochs, max_epochs, keep : int
        See `SearchRecipe`.

    Returns
    -------
    tuple of Rung
        With falling numbers of trials and rising numbers of epochs.
    """
    n_halvings = min(_whole_log(max_epochs // min_epochs, eta), _whole_log(n_trials, eta))
    rungs = [
        Rung(
            n_trials=max(keep, n_trials // eta**number),
            max_epochs=math.ceil(max_epochs / eta ** (n_halvings - number)),
        )
        for number in range(n_halvings + 1)
    ]
    return tuple(rungs)


def survivors(scores: Sequence[float | None], n: int) -> list[int]:
    """Places of the `n` best (lowest) scores, the best first; without a score is worst, the earlier wins a tie."""
    known = np.array([np.nan if score is None else score for score in scores], dtype=float)
    order = np.argsort(np.where(np.isfinite(known), known, np.inf), kind="stable")
    return [int(i) for i in order[:n]]


def _whole_log(value: int, base: int) -> int:
    """The largest whole k with ``base**k <= value``: no rounding error as with logarithms."""
    power = 0
    while base ** (power + 1) <= value:
        power += 1
    return power


def _grid(recipe: SearchRecipe) -> list[dict[str, Any]]:
    axes = recipe.values
    return [dict(zip(axes, point, strict=True)) for point in itertools.product(*axes.values())]


def _random(recipe: SearchRecipe, rng: np.random.Generator) -> list[dict[str, Any]]:
    if not recipe.draws_between:
        points = _grid(recipe)
        return [points[i] for i in rng.permutation(len(points))[: recipe.n_trials]]
    chosen: list[dict[str, Any]] = []
    for _ in range(_MOST_DRAWS * recipe.n_trials):
        point = {axis: _draw(axis, values, rng) for axis, values in recipe.values.items()}
        if point not in chosen:
            chosen.append(point)
        if len(chosen) == recipe.n_trials:
            return chosen
    raise RecipeError(
        f"{recipe.n_trials} different trials were not found in the ranges, only {len(chosen)}",
        remedy="Widen a range, or lower n_trials.",
    )


def _draw(axis: str, values: tuple[Any, ...], rng: np.random.Generator) -> Any:
    """One value: between the smallest and the largest of a learning rate or dropout, else one of the values."""
    if axis not in ("learning_rate", "dropout"):
        return values[rng.integers(len(values))]
    low, high = min(values), max(values)
    drawn = math.exp(rng.uniform(math.log(low), math.log(high))) if axis == "learning_rate" else rng.uniform(low, high)
    return min(max(float(f"{drawn:.{_DIGITS}g}"), low), high)
