"""Every method and fusion, with either half of a source missing."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from itertools import product
from typing import get_args

import numpy as np
import pytest

from alignlab.errors import RecipeError
from alignlab.training.small_heads.heads import Fitting, Head, fit_head, member_answers, n_members
from alignlab.training.small_heads.intervals import MEDIAN
from alignlab.training.small_heads.streams import Example, make_streams
from alignlab.training.small_heads_recipe import NETWORK_FUSIONS, Fusion, Method, SmallHeadsRecipe
from tests.training.small_heads.made_up import made_up_classes, made_up_streams, made_up_variables, split_in_two

#: Every fusion by a network, and every other method with the fusions that it can have.
STRATEGIES = [
    (method, fusion)
    for method, fusion in product(get_args(Method), get_args(Fusion))
    if (fusion not in NETWORK_FUSIONS or method == "mlp-gaussian") and method != "mlp-quantile"
]
OF_VARIABLES = [*STRATEGIES, ("mlp-quantile", "mixture-of-experts")]
OF_CLASSES = [s for s in STRATEGIES if s != ("mlp-gaussian", "stacking")]
N_SOURCES, N_TRAINING, N_VALIDATION = 750, 400, 150


def recipe_of(method: str, fusion: str) -> SmallHeadsRecipe:
    return SmallHeadsRecipe(
        method=method, fusion=fusion, modalities=("spectrum", "text"), hidden_dim=32, dropout=0.1, learning_rate=1e-2,
        max_epochs=14, patience=4, batch_size=64,
    )  # fmt: skip


def fit(recipe: SmallHeadsRecipe, example: Example, n_outputs: int = 3) -> Head:
    training, validation = split_in_two(example.select(np.arange(N_TRAINING + N_VALIDATION)), N_TRAINING)
    fitting = Fitting(recipe=recipe, validation=validation, n_outputs=n_outputs, seed=0, n_members=n_members(recipe))
    head = fit_head(fitting, training, "test")
    assert fitting.n_fitted == fitting.n_members
    return head


@cache
def variables() -> Example:
    rng = np.random.default_rng(0)
    return made_up_variables(made_up_streams(N_SOURCES, rng), rng)


@cache
def classes() -> Example:
    return made_up_classes(made_up_streams(N_SOURCES, np.random.default_rng(1)))


@cache
def fitted(method: str, fusion: str) -> Head:
    return fit(recipe_of(method, fusion), variables())


def error(answer: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Mean absolute error of the medians over that of the training mean, per variable."""
    return np.nanmean(np.abs(answer[..., MEDIAN] - target), axis=0) / np.nanmean(np.abs(target), axis=0)


@pytest.mark.parametrize(("method", "fusion"), OF_VARIABLES)
def test_variables_are_estimated_with_either_half_missing(method: str, fusion: str) -> None:
    head = fitted(method, fusion)
    new = variables().select(np.flatnonzero(variables().streams.has(("spectrum", "text")))[-150:])
    everything, spectrum, text = (
        head.predict(s) for s in (new.streams, new.streams.only("spectrum"), new.streams.only("text"))
    )
    for answer in (everything, spectrum, text):
        assert np.isfinite(answer).all()
    # The first variable is in the spectrum alone, the other two in both.
    assert error(everything, new.target).mean() < 0.85
    assert error(spectrum, new.target)[0] < 0.8
    assert error(text, new.target)[2] < 1.1
    nothing = Example(new.streams.only("spectrum"), new.target).streams.only("text")
    assert np.isnan(head.predict(nothing)).all()


@pytest.mark.parametrize(("method", "fusion"), OF_CLASSES)
def test_classes_are_told_with_either_half_missing(method: str, fusion: str) -> None:
    head = fit(recipe_of(method, fusion), classes())
    new = classes().select(np.arange(N_TRAINING + N_VALIDATION, N_SOURCES))
    everything, spectrum = head.predict(new.streams), head.predict(new.streams.only("spectrum"))
    text = head.predict(new.select(np.flatnonzero(new.streams.has(["text"]))).streams.only("text"))
    for answer in (everything, spectrum, text):
        assert np.isfinite(answer).all()
        np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-5)
    assert (everything.argmax(axis=1) == new.target).mean() > 0.6
    assert (spectrum.argmax(axis=1) == new.target).mean() > 0.6


@pytest.mark.parametrize("method", ["knn", "ridge", "mlp-gaussian"])
def test_the_average_without_a_half_is_the_other_members_answer(method: str) -> None:
    averaged = fitted(method, "average")
    alone = averaged.members["spectrum"]  # type: ignore[attr-defined]
    streams = variables().streams.only("spectrum")
    expected = member_answers({"spectrum": alone}, streams)[0]
    np.testing.assert_array_equal(averaged.predict(streams), expected)


@pytest.mark.parametrize("method", ["knn", "ridge"])
def test_a_fused_head_without_a_half_is_the_head_of_the_other(method: str) -> None:
    fused = fitted(method, "concatenate")
    alone = fit(
        SmallHeadsRecipe(method=method, fusion="concatenate", modalities=("spectrum",)),
        Example(variables().streams.of_modality("spectrum"), variables().target),
    )
    without_text = fused.predict(variables().streams.only("spectrum"))
    np.testing.assert_allclose(without_text, alone.predict(variables().streams.of_modality("spectrum")))


@pytest.mark.parametrize("method", ["knn", "ridge", "mlp-gaussian"])
def test_stacking_beats_its_worst_member_and_the_plain_average(method: str) -> None:
    stacked, averaged = fitted(method, "stacking"), fitted(method, "average")
    new = variables().select(np.flatnonzero(variables().streams.has(("spectrum", "text")))[-200:])
    members = member_answers(stacked.members, new.streams)  # type: ignore[attr-defined]
    mine = error(stacked.predict(new.streams), new.target).mean()
    assert mine < max(error(answer, new.target).mean() for answer in members)
    assert mine < error(averaged.predict(new.streams), new.target).mean()


def test_stacking_does_not_trust_a_member_that_learned_its_training_sources_by_heart() -> None:
    rng = np.random.default_rng(3)
    spectrum, noise = rng.normal(size=(900, 2)), rng.normal(size=(900, 60))
    streams = make_streams(("spectrum", "text"), {"spectrum": spectrum, "text": noise}, np.ones((900, 3), bool))
    example = Example(streams, spectrum[:, :1] + 0.5 * rng.normal(size=(900, 1)))
    stacked, averaged = (fit(recipe_of("ridge", f), example, n_outputs=1) for f in ("stacking", "average"))
    new = example.select(np.arange(N_TRAINING + N_VALIDATION, 900))
    best = member_answers({"spectrum": stacked.members["spectrum"]}, new.streams)[0]  # type: ignore[attr-defined]
    mine, others = (error(head.predict(new.streams), new.target)[0] for head in (stacked, averaged))
    assert mine < 1.05 * error(best, new.target)[0]
    assert mine < others


def test_a_fusion_inside_a_network_needs_a_network() -> None:
    with pytest.raises(RecipeError, match="'gated' is learned inside a network"):
        SmallHeadsRecipe(method="ridge", fusion="gated")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"modalities": ()}, "at least one"),
        ({"modalities": ("image",)}, "'image'"),
        ({"modalities": ("text", "text")}, "must differ"),
        ({"fusion": "cross-attention", "hidden_dim": 10}, "multiple of 4"),
        ({"k": 0}, "k must be a whole number from 1 to 200"),
        ({"fusion": "sum"}, "fusion must be one of"),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        SmallHeadsRecipe(**wrong)  # type: ignore[arg-type]


def test_a_recipe_survives_json_and_tells_every_field_apart() -> None:
    recipe = SmallHeadsRecipe(fusion="average", modalities=("text",))
    assert SmallHeadsRecipe.from_json(recipe.to_json()) == recipe
    assert set(SmallHeadsRecipe.MEANINGS) == {field.name for field in fields(recipe)}
