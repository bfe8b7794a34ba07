"""Everything that the paper reports of a run, in parts: each computed once, kept beside the run, and told as tables."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alignlab.errors import AlignlabError
from alignlab.progress import OnStep
from alignlab.services.evaluate.context import EvaluationContext
from alignlab.services.evaluate.table import Table

#: Part → module with a `PART`, in the order in which they are told.
PARTS: Mapping[str, str] = {
    "retrieval": "alignlab.services.evaluate.retrieval",
    "latents": "alignlab.services.evaluate.latents",
    "formulas": "alignlab.services.evaluate.formulas",
    "neighbours": "alignlab.services.evaluate.neighbours",
    "parameters": "alignlab.services.evaluate.parameters",
    "compression": "alignlab.services.evaluate.compression",
    "ablations": "alignlab.services.evaluate.ablations",
    "fusion": "alignlab.services.evaluate.fusion",
    "best": "alignlab.services.evaluate.best",
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of an evaluation.

    Attributes
    ----------
    name : str
        Its key in `PARTS`.
    label : str
        For a person, such as ``Retrieval``.
    version : int
        Raised when its figures change their meaning or form: older ones are computed again.
    compute : callable
        ``compute(context, *, on_step) -> figures``: what tables and pages show, as plain JSON
        (no NaN: None).
    tables : callable
        ``tables(figures) -> tables``: what is told of them, without computing anything.
    estimate_s : callable
        ``estimate_s(n_sources) -> seconds`` on two cores, roughly.
    applies : callable
        ``applies(context) -> bool``: whether it has anything to say about this run. One that has not is left out where
        all parts are asked for; asked for by name, it says why.
    is_quick : bool
        Whether it is computed without being asked for: parts that train anew are not.
    """

    name: str
    label: str
    version: int
    compute: Callable[..., dict[str, Any]]
    tables: Callable[[Mapping[str, Any]], Sequence[Table]]
    estimate_s: Callable[[int], float]
    applies: Callable[[EvaluationContext], bool] = lambda context: True
    is_quick: bool = True


def part(name: str) -> Part:
    """The part of that name.

    Raises
    ------
    AlignlabError
        If there is none.
    """
    if name not in PARTS:
        raise AlignlabError(f"an evaluation has no part {name!r}.", remedy=f"Choose from {', '.join(PARTS)}.")
    found: Part = importlib.import_module(PARTS[name]).PART
    return found


__all__ = ["PARTS", "EvaluationContext", "OnStep", "Part", "Table", "part"]
