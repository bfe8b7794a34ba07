"""Settings as options of a command: their types, ranges, words and meanings come from the settings' own class."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import click

from alignlab.errors import InputFileError
from alignlab.services.gather.stages import place_variable
from alignlab.training.recipe_base import Recipe


def settings_options(settings: type[Recipe], *, stage: str, with_prefix: bool = False) -> list[click.Option]:
    """One option for each setting but its name.

    Parameters
    ----------
    settings : type
        Class of the settings.
    stage : str
        What they are of; with it begin the variables of the environment, such as ``ALIGNLAB_CSC_ADDRESS``.
    with_prefix : bool
        Begin each option with the stage, for a command with several: ``--csc-limit``.
    """
    hints = get_type_hints(settings)
    return [
        _option(settings, field, hints[field.name], stage=stage, with_prefix=with_prefix)
        for field in dataclasses.fields(settings)  # type: ignore[arg-type]
        if field.name != "name"
    ]


def given_settings(settings: type[Recipe], values: Mapping[str, Any], *, stage: str) -> Recipe:
    """The settings that the options of `settings_options` say; what nobody gave is at its default.

    Raises
    ------
    RecipeError
        If the values do not go together.
    InputFileError
        If a file with values cannot be read.
    """
    given = {}
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        value = values.get(parameter(stage, field.name))
        if value is not None and value != ():
            given[field.name] = _listed(value) if isinstance(value, tuple) else value
    return settings(**given)


def parameter(stage: str, field: str) -> str:
    """Name under which a command is given a setting."""
    return f"{stage}_{field}".replace("-", "_")


def _option(
    settings: type[Recipe], field: dataclasses.Field[Any], hint: Any, *, stage: str, with_prefix: bool
) -> click.Option:
    words = field.name.replace("_", "-")
    shown = f"{stage}-{words}" if with_prefix else words
    is_switch, is_list = hint is bool, get_origin(hint) is tuple
    meaning = settings.MEANINGS[field.name]
    return click.Option(
        [f"--{shown}/--no-{shown}" if is_switch else f"--{shown}", parameter(stage, field.name)],
        type=_type(settings, field.name, hint),
        default=None,
        multiple=is_list,
        envvar=place_variable(stage, field.name) or None,
        show_envvar=True,
        metavar="TEXT|@FILE" if is_list and field.name not in settings.CHOICES else None,
        help=f"{meaning}{_usual(field.default)}",
    )


def _type(settings: type[Recipe], name: str, hint: Any) -> Any:
    if hint is bool:
        return bool
    if name in settings.CHOICES:
        return click.Choice(settings.CHOICES[name])
    kinds = {hint, *get_args(hint)}
    if kinds & {int, float}:
        # Ranges are the settings' own affair: they say what is allowed, and in the same words everywhere.
        return float if float in kinds else int
    return str


def _usual(default: object) -> str:
    if default is dataclasses.MISSING or default in ("", (), None):
        return ""
    shown = {True: "yes", False: "no"}.get(default) if isinstance(default, bool) else default
    return f"  [{', '.join(map(str, shown)) if isinstance(shown, tuple) else shown}]"


def _listed(values: Iterable[Any]) -> tuple[Any, ...]:
    """The values; of ``@FILE`` the lines that the file holds, but blank ones and comments."""
    listed: list[Any] = []
    for value in values:
        if isinstance(value, str) and value.startswith("@"):
            listed += _lines(Path(value[1:]))
        else:
            listed.append(value)
    return tuple(listed)


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise InputFileError(path, f"cannot be read ({problem})", remedy="It must hold one value a line.") from problem
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
