"""Recipes of runs in words: what differs from the paper's, and what differs between two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

AS_IN_THE_PAPER = "as in the paper"
#: What says where a run comes from and nothing about how it was made.
_PROVENANCE = ("survey", "seed")
_UNTOLD = ("name", "kind")
#: What a choice that was left open means.
_LEFT_OPEN = {"temperature": "tuned"}
#: Longer lists are only counted.
_TOLD = 8


@dataclass(frozen=True)
class RecipeDifference:
    """One choice that two runs made differently, in words."""

    name: str
    first: str
    second: str


def recipe_choices(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Every choice that a run was made by, the paper's where its recipe says nothing.

    Parameters
    ----------
    recipe : mapping
        `alignlab.store.run.Run.recipe`.
    """
    told = {name: value for name, value in recipe.items() if name not in (*_PROVENANCE, "alignment", "ensemble")}
    ensemble = recipe.get("ensemble") or {}
    members = {"members": ensemble["members"]} if "members" in ensemble else {}
    if varied := ensemble.get("varied"):
        members["members with a recipe of their own"] = len(varied)
    return {**_paper(), **_flat(told), **members, **_flat(recipe.get("alignment") or {})}


def recipe_in_words(recipe: Mapping[str, Any]) -> str:
    """What differs from the paper's recipe, such as ``shared dim 32, dropout 0.2``."""
    paper = _paper()
    choices = recipe_choices(recipe)
    changed = [f"{_label(name)} {_value(name, value)}" for name, value in choices.items() if value != paper.get(name)]
    return ", ".join(changed) or AS_IN_THE_PAPER


def recipe_differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[RecipeDifference]:
    """What two runs chose differently, the seed included."""
    a, b = ({**recipe_choices(recipe), "seed": recipe.get("seed")} for recipe in (first, second))
    names = [*a, *(name for name in b if name not in a)]
    return [
        RecipeDifference(_label(name), _value(name, a.get(name)), _value(name, b.get(name)))
        for name in names
        if a.get(name) != b.get(name)
    ]


def _paper() -> dict[str, Any]:
    # Imported here: recipes know the shapes of networks, and torch takes seconds that a list of runs need not wait for.
    from alignlab.training.recipe import AlignmentRecipe

    return _flat(asdict(AlignmentRecipe()))


def _flat(recipe: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested choices under names joined by spaces; tuples and lists are the same, as JSON has it."""
    found: dict[str, Any] = {}
    for name, value in recipe.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name} ")
        elif name not in _UNTOLD:
            found[prefix + name] = tuple(value) if isinstance(value, list) else value
    return found


def _label(name: str) -> str:
    return name.replace("_", " ")


def _value(name: str, value: Any) -> str:
    if value is None:
        return _LEFT_OPEN.get(name, "not set")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return " ".join(_value(name, part) for part in value) if len(value) <= _TOLD else f"{len(value)} values"
    return str(value)
