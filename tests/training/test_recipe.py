"""Recipes: ranges, JSON and a digest that changes when and only when a value does."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.errors import RecipeError
from alignlab.training.recipe import AlignmentRecipe, EncoderRecipe

KINDS = (AlignmentRecipe, EncoderRecipe)


@pytest.mark.parametrize("kind", KINDS)
def test_json_brings_the_same_recipe_back(kind: type) -> None:
    recipe = kind(learning_rate=2e-4, batch_size=64)
    assert kind.from_json(recipe.to_json()) == recipe
    assert kind.from_json("{}") == kind()


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_has_a_range_and_both_ends_hold(kind: type) -> None:
    for field in fields(kind):
        if field.type in ("int", "float"):
            low, high = kind.RANGES[field.name]
            for bad in (low - 1, high + 1, "3", None, True, float("nan")):
                with pytest.raises(RecipeError, match=f"{field.name} must be .* from {low:g} to {high:g}, not"):
                    kind(**{field.name: bad})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"loss": "triplet"}, "loss must be one of one-way, symmetric, regularised, sigmoid, not 'triplet'"),
        ({"batch_size": 64.5}, "batch_size must be a whole number"),
        ({"temperature": 0}, "temperature must be a number from 0.005 to 1, not 0"),
        ({"temperature_grid": ()}, "temperature_grid must be a list with at least one value"),
        ({"temperature_grid": (0.1, 7)}, "temperature_grid must be a number from 0.005 to 1, not 7"),
        ({"layer_norm": "yes"}, "layer_norm must be true or false"),
        ({"name": "a/b"}, "name must be letters"),
        ({"temperature": "warm"}, "temperature must be a number from 0.005 to 1, not 'warm' .*learned"),
        ({"aspects": ()}, "aspects must be one or several of nature, spectrum, environment, each once, not .."),
        ({"aspects": ("nature", "colour")}, "aspects must be one or several of .* not .'nature', 'colour'"),
        ({"aspects": ("nature", "nature")}, "aspects must be one or several of .* each once"),
        ({"spectrum_input": "photons"}, "spectrum_input must be one of latents, spectrum, both, counts, not 'photons'"),
        ({"regularisation": -1}, "regularisation must be a number from 0 to 100, not -1"),
    ],
)
def test_bad_alignment_values_name_field_and_range(values: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        AlignmentRecipe(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"target": "clean"}, "target must be one of expected, observed"),
        ({"patch_size": 7}, "patch_size must divide 400"),
        ({"d_model": 30, "n_heads": 4}, "n_heads must divide d_model 30"),
    ],
)
def test_bad_encoder_values_name_field_and_range(values: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        EncoderRecipe(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1", "must be a JSON object"),
        ("3", "must be a JSON object"),
        ('{"colour": 1}', "unknown field colour; choose from"),
        ('{"kind": "EncoderRecipe"}', "kind EncoderRecipe, not AlignmentRecipe"),
        ('{"dropout": 7}', "dropout must be a number from 0 to 0.9"),
    ],
)
def test_bad_json_is_a_recipe_error(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        AlignmentRecipe.from_json(text)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_says_what_it_means_in_a_sentence(kind: type) -> None:
    assert set(kind.MEANINGS) == {field.name for field in fields(kind)}
    assert all(meaning.endswith(".") and len(meaning) < 250 for meaning in kind.MEANINGS.values())


def test_one_recipe_has_one_spelling() -> None:
    plain = AlignmentRecipe()
    assert AlignmentRecipe(temperature="tuned") == plain
    assert AlignmentRecipe(aspects=("environment", "nature", "spectrum")) == plain
    assert (
        AlignmentRecipe.from_json('{"temperature": "tuned", "aspects": ["spectrum", "nature", "environment"]}') == plain
    )
    assert plain.is_tuned
    assert not AlignmentRecipe(temperature="learned").is_tuned


def test_a_recipe_published_before_a_field_came_keeps_its_identity() -> None:
    plain = AlignmentRecipe()
    before = {k: v for k, v in json.loads(plain.to_json()).items() if k not in AlignmentRecipe.LATER}
    assert json.loads(plain.identity()) == before
    assert AlignmentRecipe.from_json(before) == plain
    for name, value in {"aspect_dropout": 0.1, "aspects": ("nature",), "spectrum_input": "both"}.items():
        assert replace(plain, **{name: value}).digest() != plain.digest()


def test_digest_is_short_stable_and_sensitive() -> None:
    recipe = AlignmentRecipe()
    assert recipe.digest() == AlignmentRecipe().digest()
    assert recipe.digest().startswith("paper-")
    assert len(recipe.digest()) == len("paper-") + 6
    changed = [replace(recipe, dropout=0.31), replace(recipe, loss="symmetric"), replace(recipe, temperature=0.1)]
    assert len({recipe.digest(), *(r.digest() for r in changed)}) == 4


@given(
    rate=st.floats(1e-5, 1e-1),
    grid=st.lists(st.floats(0.005, 1), min_size=1, max_size=5),
    temperature=st.none() | st.floats(0.005, 1),
)
def test_json_keeps_every_bit(rate: float, grid: list[float], temperature: float | None) -> None:
    recipe = AlignmentRecipe(learning_rate=rate, temperature_grid=tuple(grid), temperature=temperature)
    assert AlignmentRecipe.from_json(recipe.to_json()).digest() == recipe.digest()
