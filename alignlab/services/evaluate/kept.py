"""Computing parts of an evaluation once, and finding them again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from alignlab.progress import OnStep, part_of, report
from alignlab.services.evaluate import PARTS, part
from alignlab.services.evaluate.context import EvaluationContext
from alignlab.services.evaluate.table import Table
from alignlab.store.evaluation import forget_steps, read_figures, write_figures
from alignlab.store.run import Run


def kept_figures(run: Run, name: str, *, split: str = "test") -> dict[str, Any] | None:
    """The figures of a part as they were computed, with their provenance; None where they have not been.

    Raises
    ------
    DamagedArtefactError
        If their file cannot be read.
    """
    return read_figures(run.folder, name, split, part(name).version)


def evaluate_part(context: EvaluationContext, name: str, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """Compute a part and keep it beside the run; what was kept before is replaced.

    Returns
    -------
    dict
        The part's figures, and `provenance` as told by the context.
    """
    found = part(name)
    figures = {"provenance": context.provenance(), **found.compute(context, on_step=on_step)}
    write_figures(context.run.folder, name, context.split, found.version, figures)
    forget_steps(context.run.folder, name, context.split)
    return figures


def evaluate_parts(
    context: EvaluationContext, names: Iterable[str], *, on_step: OnStep | None = None, again: bool = False
) -> dict[str, dict[str, Any]]:
    """Figures of these parts, computed where they are not kept, or where `again` asks for it."""
    names = list(names)
    seconds = [part(name).estimate_s(context.survey.n_sources) for name in names]
    told: dict[str, dict[str, Any]] = {}
    for number, name in enumerate(names):
        first, last = sum(seconds[:number]) / sum(seconds), sum(seconds[: number + 1]) / sum(seconds)
        figures = None if again else kept_figures(context.run, name, split=context.split)
        if figures is None:
            report(on_step, round(1000 * first), 1000, part(name).label)
            figures = evaluate_part(context, name, on_step=part_of(on_step, first, last))
        told[name] = figures
    report(on_step, 1000, 1000, "evaluated")
    return told


def parts_for(context: EvaluationContext, *, quick: bool) -> list[str]:
    """Parts that have something to say about the context's run; with `quick`, those that need no training."""
    return [name for name in PARTS if (part(name).is_quick or not quick) and part(name).applies(context)]


def tables_of(figures: dict[str, dict[str, Any]]) -> dict[str, Sequence[Table]]:
    """The tables of each part."""
    return {name: part(name).tables(values) for name, values in figures.items()}
