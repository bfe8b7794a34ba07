"""The 20 variables estimated from neighbours before and after alignment, and by a mixture of them (paper, Table 3)."""

from __future__ import annotations

from typing import Any

from alignlab.progress import OnStep
from alignlab.services.evaluate import Part
from alignlab.services.evaluate.context import EvaluationContext
from alignlab.services.evaluate.parameters_tables import tables

#: Seconds for 10,000 sources on two cores.
_SECONDS = 20.0


def compute(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """See `alignlab.services.evaluate.parameters_figures.parameter_figures`."""
    # Imported here: pages that only show the tables need not wait for torch.
    from alignlab.services.evaluate.parameters_figures import parameter_figures

    return parameter_figures(context, on_step=on_step)


def _estimate_s(n_sources: int) -> float:
    return 2.0 + _SECONDS * n_sources / 10_000


PART = Part(
    name="parameters",
    label="Parameters",
    version=1,
    compute=compute,
    tables=tables,
    estimate_s=_estimate_s,
)
