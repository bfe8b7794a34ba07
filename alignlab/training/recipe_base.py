"""What recipes have in common: validation, JSON, an identity and the meaning of each field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, ClassVar, Self

from alignlab.errors import RecipeError

Range = tuple[float, float]


class Recipe:
    """What recipes have in common: validation, JSON and a digest."""

    #: Field → what it does, in one plain sentence.
    MEANINGS: ClassVar[dict[str, str]] = {}

    #: Field → smallest and largest value.
    RANGES: ClassVar[dict[str, Range]] = {}
    #: Field → allowed words.
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {}
    #: Fields that came after recipes had been published: at its default such a field does not count in the identity,
    #: so that a run made before has the id that the same recipe gives today.
    LATER: ClassVar[frozenset[str]] = frozenset()
    name: str

    def __post_init__(self) -> None:
        if not self.name or not self.name.replace("-", "").replace("_", "").isalnum():
            raise RecipeError(f"name must be letters, digits, - and _, not {self.name!r}")
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if field.name in self.RANGES:
                self._check_range(field.name, value, whole=field.type == "int")
            elif field.name in self.CHOICES:
                self._check_choice(field.name, value, several=field.type.startswith("tuple"))
            elif field.type == "bool" and not isinstance(value, bool):
                raise RecipeError(f"{field.name} must be true or false, not {value!r}")
        self._check_together()

    def _check_together(self) -> None:
        """Check what ranges alone cannot say."""

    def _check_range(self, name: str, value: object, *, whole: bool) -> None:
        low, high = self.RANGES[name]
        number = isinstance(value, int) if whole else isinstance(value, int | float)
        if isinstance(value, bool) or not number or not low <= value <= high:  # type: ignore[operator]
            kind = "a whole number" if whole else "a number"
            raise RecipeError(f"{name} must be {kind} from {low:g} to {high:g}, not {value!r}")

    def _check_choice(self, name: str, value: object, *, several: bool) -> None:
        choices = self.CHOICES[name]
        if several:
            known = isinstance(value, tuple) and value and len(set(value)) == len(value) and set(value) <= set(choices)
            if not known:
                raise RecipeError(f"{name} must be one or several of {', '.join(choices)}, each once, not {value!r}")
        elif value not in choices:
            raise RecipeError(f"{name} must be one of {', '.join(choices)}, not {value!r}")

    def to_json(self) -> str:
        """The recipe as one line of JSON with sorted keys."""
        return json.dumps({"kind": type(self).__name__, **asdict(self)}, sort_keys=True)  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, text: str | Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote (or its parsed form); fields left out take their defaults.

        Raises
        ------
        RecipeError
            If it is no JSON object, another kind of recipe, or has an unknown field or a value out of range.
        """
        try:
            data = dict(json.loads(text)) if isinstance(text, str) else dict(text)
        except (ValueError, TypeError) as error:
            raise RecipeError(f"a recipe must be a JSON object: {error}") from error
        kind = data.pop("kind", cls.__name__)
        if kind != cls.__name__:
            raise RecipeError(f"this is a recipe of kind {kind}, not {cls.__name__}")
        known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        if unknown := sorted(set(data) - known):
            raise RecipeError(f"unknown field {', '.join(unknown)}; choose from {', '.join(sorted(known))}")
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})

    def identity(self) -> str:
        """The JSON that tells this recipe from others: fields in `LATER` are in it only if they are not at default."""
        values = {"kind": type(self).__name__, **asdict(self)}  # type: ignore[call-overload]
        defaults = {f.name: f.default for f in fields(self)}  # type: ignore[arg-type]
        unsaid = {name for name in self.LATER if values[name] == defaults[name]}
        return json.dumps({k: v for k, v in values.items() if k not in unsaid}, sort_keys=True)

    def digest(self) -> str:
        """Short id that changes with any value: the name and six hexadecimal digits, such as paper-7f3a12."""
        return f"{self.name}-{hashlib.sha256(self.identity().encode()).hexdigest()[:6]}"
