"""Steps of a long part, each kept beside the run when it is done, so that a part that was killed goes on there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alignlab.services.evaluate.context import EvaluationContext
from alignlab.store.evaluation import read_figures, write_figures


def kept_step(
    context: EvaluationContext, name: str, compute: Callable[[], dict[str, Any]], *, version: int
) -> dict[str, Any]:
    """The figures of a step as they were kept for this seed and version, or else computed now and kept.

    Parameters
    ----------
    context : EvaluationContext
    name : str
        Of the step's own file, such as ``ablations-half-1``.
    compute : callable
        Called without arguments; what it returns is plain JSON.
    version : int
        Of the part: steps of another version are computed anew.
    """
    kept = read_figures(context.run.folder, name, context.split, version)
    if kept is not None and kept["seed"] == context.seed:
        return dict(kept["figures"])
    figures = compute()
    told = {"seed": context.seed, "figures": figures}
    write_figures(context.run.folder, name, context.split, version, told)
    return figures
