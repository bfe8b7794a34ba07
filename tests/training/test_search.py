"""Searches: the grid is the product, random trials are different and within range, halving keeps the best."""

from __future__ import annotations

import itertools
import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import RecipeError
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.search import (
    halving_rungs,
    n_trials_of,
    plan_round,
    rungs_of,
    survivors,
    trial_recipes,
)
from alignlab.training.search_recipe import (
    AXES,
    MAX_TRIALS,
    EnsembleMember,
    EnsembleRecipe,
    SearchRecipe,
    Strategy,
    TrialRecipe,
)

PAPERS_GRID = SearchRecipe(strategy="grid")


def test_a_grid_is_every_combination_once() -> None:
    recipe = replace(PAPERS_GRID, loss=("one-way", "symmetric"), hidden_layers=(1,), shared_dim=())
    trials = trial_recipes(recipe, seed=0)
    seen = {(t.learning_rate, t.dropout, t.hidden_dim, t.loss) for t in trials}
    wanted = itertools.product(recipe.learning_rate, recipe.dropout, recipe.hidden_dim, recipe.loss)
    assert seen == set(wanted) and len(trials) == len(seen) == n_trials_of(recipe) == 3 * 3 * 3 * 2
    assert {t.shared_dim for t in trials} == {recipe.base.shared_dim}
    assert {t.hidden_layers for t in trials} == {1} and {t.name for t in trials} == {"search"}


def test_the_papers_grid_spans_the_papers_ranges() -> None:
    trials = trial_recipes(PAPERS_GRID, seed=0)
    for axis, low, high in (("learning_rate", 1e-4, 1e-3), ("dropout", 0.1, 0.5), ("shared_dim", 16, 128)):
        values = [getattr(t, axis) for t in trials]
        assert (min(values), max(values)) == (low, high)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 60))
def test_random_trials_are_different_within_range_and_the_seeds_own(seed: int, n: int) -> None:
    recipe = SearchRecipe(strategy="random", n_trials=n, learning_rate=(1e-3, 1e-4), loss=("one-way", "symmetric"))
    trials = trial_recipes(recipe, seed=seed)
    assert len(set(trials)) == len(trials) == n
    assert trials == trial_recipes(recipe, seed=seed)
    for trial in trials:
        assert 1e-4 <= trial.learning_rate <= 1e-3 and 0.1 <= trial.dropout <= 0.5
        assert trial.shared_dim in recipe.shared_dim and trial.hidden_dim in recipe.hidden_dim
        assert type(trial.shared_dim) is int and type(trial.dropout) is float


def test_learning_rates_are_drawn_evenly_in_their_logarithm() -> None:
    recipe = SearchRecipe(strategy="random", n_trials=400, learning_rate=(1e-4, 1e-2), dropout=(0.1, 0.5))
    trials = trial_recipes(recipe, seed=3)
    below = np.mean([t.learning_rate < 1e-3 for t in trials])
    assert abs(below - 0.5) < 4 * 0.5 / math.sqrt(400)
    assert abs(np.mean([t.dropout < 0.3 for t in trials]) - 0.5) < 4 * 0.5 / math.sqrt(400)


def test_random_trials_without_ranges_are_drawn_from_the_grid_without_repetition() -> None:
    recipe = SearchRecipe(strategy="random", n_trials=12, learning_rate=(), dropout=(0.2,))
    grid = trial_recipes(replace(recipe, strategy="grid"), seed=0)
    assert set(trial_recipes(recipe, seed=5)) == set(grid)
    with pytest.raises(RecipeError, match="n_trials must be at most 12, the combinations of the values"):
        replace(recipe, n_trials=13)


def test_ranges_too_narrow_for_so_many_trials_are_said() -> None:
    narrow = SearchRecipe(strategy="random", learning_rate=(1e-4, 1.01e-4), dropout=(), shared_dim=(), hidden_dim=())
    with pytest.raises(RecipeError, match="27 different trials were not found in the ranges, only 2"):
        trial_recipes(narrow, seed=0)


@settings(deadline=None)
@given(
    n=st.integers(1, MAX_TRIALS), eta=st.integers(2, 8), min_epochs=st.integers(1, 50), more=st.integers(0, 500),
    keep=st.integers(1, 16),
)  # fmt: skip
def test_halving_keeps_to_its_budgets(n: int, eta: int, min_epochs: int, more: int, keep: int) -> None:
    keep = min(keep, n)
    rungs = halving_rungs(n, eta=eta, min_epochs=min_epochs, max_epochs=min_epochs + more, keep=keep)
    trials, epochs = [r.n_trials for r in rungs], [r.max_epochs for r in rungs]
    assert trials[0] == n and epochs[-1] == min_epochs + more and epochs[0] >= min_epochs
    assert trials == sorted(trials, reverse=True) and trials[-1] >= keep
    assert epochs == sorted(set(epochs)) or len(rungs) == 1
    for k, rung in enumerate(rungs):
        assert rung.n_trials == max(keep, math.floor(n / eta**k + 1e-9))
        # One more round before these would either train too briefly or leave nobody.
        assert rung.max_epochs - 1 < (min_epochs + more) / eta ** (len(rungs) - 1 - k) <= rung.max_epochs
    assert (min_epochs + more) // eta ** len(rungs) < min_epochs or n // eta ** len(rungs) == 0


def test_halving_as_in_the_paper() -> None:
    """Jamieson & Talwalkar 2016 with n = 27, eta = 3, R = 81: every round has the same budget, n R / eta**s."""
    rungs = halving_rungs(27, eta=3, min_epochs=3, max_epochs=81)
    assert [(r.n_trials, r.max_epochs) for r in rungs] == [(27, 3), (9, 9), (3, 27), (1, 81)]
    assert {r.n_trials * r.max_epochs for r in rungs} == {81}
    assert rungs_of(replace(PAPERS_GRID, base=AlignmentRecipe(max_epochs=9)))[0].n_trials == 3 * 3 * 4 * 3


@settings(deadline=None)
@given(st.lists(st.none() | st.floats(), min_size=1, max_size=30), st.data())
def test_survivors_are_the_lowest_scores(scores: list[float | None], data: st.DataObject) -> None:
    n = data.draw(st.integers(1, len(scores)))
    kept = survivors(scores, n)

    def key(i: int) -> tuple[float, int]:
        score = scores[i]
        return (score if score is not None and math.isfinite(score) else math.inf), i

    assert kept == sorted(range(len(scores)), key=key)[:n]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"dropout": (0.1, 1.5)}, "dropout must be a number from 0 to 0.9, not 1.5"),
        ({"loss": ("cosine",)}, "loss must be one of"),
        ({"shared_dim": (16, 16)}, "shared_dim must be a list of different values"),
        ({"shared_dim": 16}, "shared_dim must be a list of values, not 16"),
        ({"strategy": "bayes"}, "strategy must be one of grid, random, halving"),
        ({"eta": 1}, "eta must be a whole number from 2 to 8"),
        ({"keep": 3, "n_trials": 2}, "keep must be at most n_trials 2, not 3"),
        ({"keep_as": "ensemble"}, "keep must be at least 2 for an ensemble, not 1"),
        ({"min_epochs": 101}, "min_epochs must be at most the base's max_epochs 100, not 101"),
        (
            {"strategy": "grid", "batch_size": tuple(range(2, 12))},
            "strategy grid must have 1 .* to 512 combinations, not 1080",
        ),
        ({"base": {"shared_dim": 3}}, "base must be an alignment recipe"),
    ],
)
def test_a_wrong_search_names_field_and_range(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        SearchRecipe(**wrong)  # type: ignore[arg-type]


MEMBERS = (
    EnsembleMember(recipe=AlignmentRecipe(shared_dim=16), seed=3),
    EnsembleMember(recipe=AlignmentRecipe(shared_dim=32), seed=3),
)
MEMBER = {"recipe": {"shared_dim": 16}, "seed": 3}


@pytest.mark.parametrize(
    "recipe",
    [
        SearchRecipe(base=AlignmentRecipe(shared_dim=8), loss=("symmetric",), keep=2, keep_as="ensemble"),
        EnsembleRecipe(n_members=4, base=AlignmentRecipe(dropout=0.2)),
        EnsembleRecipe(members=MEMBERS),
        TrialRecipe(alignment=AlignmentRecipe(max_epochs=3), continues="jobs/trial-1"),
    ],
)
def test_recipes_of_recipes_come_back_from_json(recipe: SearchRecipe | EnsembleRecipe | TrialRecipe) -> None:
    assert type(recipe).from_json(recipe.to_json()) == recipe
    assert set(recipe.MEANINGS) == {f.name for f in fields(recipe)}


def test_an_ensemble_trains_its_base_from_several_seeds_or_its_members() -> None:
    several = EnsembleRecipe(n_members=3).trainings(7)
    assert [m.seed for m in several] == [7, 8, 9] and len({m.recipe for m in several}) == 1
    assert EnsembleRecipe(members=MEMBERS, n_members=9).trainings(7) == MEMBERS
    # However it was written, it is the same ensemble.
    assert EnsembleRecipe(members=MEMBERS, n_members=9) == EnsembleRecipe(
        members=MEMBERS, base=AlignmentRecipe(dropout=0.1)
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n_members": 1}, "n_members must be a whole number from 2 to 32, not 1"),
        ({"members": [MEMBER]}, "n_members must be a whole number from 2 to 32, not 1"),
        ({"members": [MEMBER, MEMBER]}, "members must differ in recipe or seed"),
        ({"members": [{"seed": 3}]}, "members must be objects with recipe and seed"),
        ({"members": [{"recipe": {}, "seed": -1}]}, "members must have a whole number from 0 as seed, not -1"),
        ({"base": {"shared_dim": 1}}, "shared_dim must be a whole number from 2 to 512, not 1"),
        ({"base": None}, "base must be an alignment recipe, not None"),
        ({"n_trials": 3}, "unknown field n_trials"),
    ],
)
def test_a_wrong_ensemble_names_field_and_range(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        EnsembleRecipe.from_json(wrong)


@pytest.mark.parametrize("continues", ["/etc", "jobs/../../etc", None])
def test_a_trial_goes_on_only_from_below_the_data_folder(continues: str) -> None:
    with pytest.raises(RecipeError, match="continues must be a folder below the data folder"):
        TrialRecipe(continues=continues)


def test_every_axis_is_a_field_of_both_recipes() -> None:
    for axis in AXES:
        assert axis in AlignmentRecipe.__dataclass_fields__ and axis in SearchRecipe.__dataclass_fields__


@settings(deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(3, 40), data=st.data())
def test_rounds_of_a_halving_follow_the_best(seed: int, n: int, data: st.DataObject) -> None:
    """Against brute force: the trials of a round are those with the lowest scores of the round before."""
    recipe = SearchRecipe(n_trials=n, keep=2, base=AlignmentRecipe(max_epochs=60))
    every = trial_recipes(recipe, seed=seed)
    scores: list[list[float | None]] = []
    alive = before = list(range(n))
    for rung in rungs_of(recipe):
        planned = plan_round(recipe, seed=seed, scores=scores)
        assert [trial.number for trial in planned] == alive and len(alive) == rung.n_trials
        for trial in planned:
            assert trial.recipe == replace(every[trial.number], max_epochs=rung.max_epochs)
            assert (trial.before is None) == (not scores)
        if scores:
            assert [before[trial.before] for trial in planned if trial.before is not None] == alive
        came = data.draw(st.lists(st.floats(0, 9), min_size=len(alive), max_size=len(alive), unique=True))
        scores.append(list(came))
        before = alive
        n_next = max(2, n // 3 ** len(scores))
        alive = sorted(sorted(alive, key=lambda number: came[before.index(number)])[:n_next])
    assert plan_round(recipe, seed=seed, scores=scores) == []


@pytest.mark.parametrize("strategy", ["grid", "random"])
def test_a_grid_and_a_random_search_have_one_round(strategy: Strategy) -> None:
    recipe = SearchRecipe(strategy=strategy, n_trials=8)
    planned = plan_round(recipe, seed=4, scores=[])
    assert [trial.recipe for trial in planned] == trial_recipes(recipe, seed=4)
    assert plan_round(recipe, seed=4, scores=[[1.0] * len(planned)]) == []
