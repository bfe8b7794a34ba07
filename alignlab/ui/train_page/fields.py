"""A recipe as a form: its fields, how a value is written and read, and what is wrong with what was written."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from alignlab.errors import RecipeError
from alignlab.training.recipe_base import Recipe

FieldKind = Literal["number", "word", "words", "switch", "list", "text", "recipe", "json"]
#: Recipe → the fields that a person is likely to change, in the order of the form; of others, the first six.
SIMPLE: Mapping[str, tuple[str, ...]] = {
    "AlignmentRecipe": ("loss", "temperature", "shared_dim", "dropout", "learning_rate", "max_epochs"),
    "EncoderRecipe": ("target", "latent_dim", "encoder_layers", "d_model", "learning_rate", "max_epochs"),
    "SmallHeadsRecipe": ("task", "method", "fusion", "modalities"),
    "EnsembleRecipe": ("n_members",),
    "SearchRecipe": ("strategy", "n_trials", "learning_rate", "dropout", "shared_dim", "hidden_dim", "keep", "keep_as"),
}
_N_SIMPLE = 6
#: Field → the word for None, where a value may be left to the training.
_LEFT_OPEN = {"temperature": "tuned"}
_AUTOMATIC = "automatic"


@dataclass(frozen=True, kw_only=True)
class FormField:
    """One parameter of a recipe.

    Attributes
    ----------
    name : str
        As the recipe has it.
    kind : {"number", "word", "words", "switch", "list", "text", "recipe", "json"}
        What is written into it.
    words : tuple of str
        The words to choose from; with kind "number", words that may stand instead of a number.
    left_open : str
        The word, among `words`, that stands for None; empty where there must be a value.
    whole : bool
        Numbers in it are whole ones.
    meaning : str
        One plain sentence.
    limits : str
        What is allowed, such as ``2 to 512``; empty where that says nothing.
    """

    name: str
    kind: FieldKind
    words: tuple[str, ...] = ()
    left_open: str = ""
    whole: bool = False
    meaning: str = ""
    limits: str = ""

    @property
    def label(self) -> str:
        """The name as one says it."""
        return self.name.replace("_", " ")


def form_fields(recipe: type[Recipe]) -> list[FormField]:
    """The fields of a recipe in its own order, without its name."""
    types_of = get_type_hints(recipe)
    return [
        _form_field(recipe, field.name, types_of[field.name])
        for field in dataclasses.fields(recipe)  # type: ignore[arg-type]
        if field.name != "name"
    ]


def simple_fields(recipe: type[Recipe]) -> tuple[str, ...]:
    """Names of the fields that are shown first; never of those that hold a recipe."""
    known = [field.name for field in form_fields(recipe) if field.kind != "recipe"]
    chosen = [name for name in SIMPLE.get(recipe.__name__, ()) if name in known]
    return tuple(chosen or known[:_N_SIMPLE])


def _form_field(recipe: type[Recipe], name: str, hint: Any) -> FormField:
    kind, words = _kind(hint, recipe.CHOICES.get(name, ()))
    left_open = _LEFT_OPEN.get(name, _AUTOMATIC) if type(None) in _parts(hint) and kind in ("number", "word") else ""
    low, high = recipe.RANGES.get(name, (None, None))
    return FormField(
        name=name,
        kind=kind,
        words=tuple(dict.fromkeys((left_open, *words))) if left_open else words,
        left_open=left_open,
        whole=int in _parts(hint) or int in get_args(hint),
        meaning=recipe.MEANINGS.get(name, ""),
        limits="" if low is None else f"{low:g} to {high:g}",
    )


def _parts(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _kind(hint: Any, choices: tuple[str, ...]) -> tuple[FieldKind, tuple[str, ...]]:
    parts = _parts(hint)
    literal = tuple(word for part in parts if get_origin(part) is Literal for word in get_args(part))
    words = choices or literal
    if bool in parts:
        return "switch", ()
    if int in parts or float in parts:
        return "number", words
    if get_origin(hint) is tuple:
        whole = get_args(hint)
        inner = tuple(word for part in whole if get_origin(part) is Literal for word in get_args(part))
        if choices or inner:
            return "words", choices or inner
        return ("list" if set(whole) <= {int, float, str, Ellipsis} else "json"), ()
    if words:
        return "word", words
    if str in parts:
        return "text", ()
    if isinstance(hint, type) and issubclass(hint, Recipe):
        return "recipe", ()
    return "json", ()


def written(field: FormField, value: Any) -> Any:
    """A value as its widget shows it: a word, a list of words, a switch, else text."""
    if field.kind in ("switch", "recipe"):
        return value
    if field.kind == "words":
        return list(value)
    if value is None:
        return field.left_open
    if field.kind == "list":
        return ", ".join(_plain(part) for part in value)
    if field.kind == "json":
        return json.dumps(value, default=dataclasses.asdict)
    return _plain(value)


def read(field: FormField, text: Any) -> Any:
    """The value that a widget's content stands for.

    What cannot be read is given on as it is: the recipe refuses it, in its own words.
    """
    if field.kind == "words":
        return tuple(text)
    if not isinstance(text, str):
        return text
    text = text.strip()
    if field.left_open and text == field.left_open:
        return None
    if field.kind == "number":
        return text if text in field.words else _number(text, whole=field.whole)
    if field.kind == "list":
        return tuple(_number(part.strip(), whole=field.whole) for part in text.split(",") if part.strip())
    if field.kind == "json":
        try:
            return _as_tuples(json.loads(text))
        except ValueError:
            return text
    return text


def _number(text: str, *, whole: bool) -> Any:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text


def _plain(value: Any) -> str:
    """A number as one types it, exactly: 0.0005, 20, 1e-05."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e6 else str(value)


def _as_tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_as_tuples(part) for part in value)
    return {key: _as_tuples(part) for key, part in value.items()} if isinstance(value, dict) else value


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What came of a form.

    Attributes
    ----------
    recipe : Recipe or None
        None while something is wrong.
    changed : frozenset of str
        Fields that differ from the preset's.
    problems : mapping of str to str
        Field, or "" for the whole, → what is wrong, in the recipe's words.
    """

    recipe: Recipe | None
    changed: frozenset[str] = frozenset()
    problems: Mapping[str, str] = dataclasses.field(default_factory=dict)


def fill(preset: Recipe, values: Mapping[str, Any]) -> Filled:
    """Put values into a preset; a recipe that is no longer the preset gets a name that says so.

    Parameters
    ----------
    preset : Recipe
    values : mapping of str to value
        As from `read`.
    """
    changed = {name: value for name, value in values.items() if value != getattr(preset, name)}
    names = frozenset(changed)
    whole = _attempt(preset, changed | ({"name": f"{preset.name}-variant"} if changed else {}))
    if isinstance(whole, Recipe):
        return Filled(recipe=whole, changed=names)
    alone = {name: _attempt(preset, {name: value}) for name, value in changed.items()}
    problems = {
        name: found for name, found in alone.items() if isinstance(found, str) and _field_of(found, names) == name
    }
    return Filled(recipe=None, changed=names, problems=problems or {_field_of(whole, frozenset(values)): whole})


def _attempt(preset: Recipe, changed: Mapping[str, Any]) -> Recipe | str:
    """The recipe, or why there is none."""
    try:
        made: Recipe = dataclasses.replace(preset, **changed)  # type: ignore[type-var]
    except RecipeError as error:
        return str(error)
    except (TypeError, ValueError, AttributeError) as error:
        return f"{next(iter(changed), '')} cannot be used so: {error}"
    return made


def _field_of(problem: str, names: frozenset[str]) -> str:
    """The field that a message is about: recipes name it first."""
    first = problem.split(" ", 1)[0].rstrip(":,")
    return first if first in names else ""
