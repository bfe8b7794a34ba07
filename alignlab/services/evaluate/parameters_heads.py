"""The run's best small heads, as one more method beside the neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.store.heads import SmallHeads, head_ids, heads_folder
from alignlab.store.run import Run
from alignlab.variables import VARIABLE_NAMES

#: Columns of a variable in the order of their quantiles.
_IN_ORDER = ("_low_95", "_low", "", "_high", "_high_95")


def heads_with_variables(run: Run) -> list[SmallHeads]:
    """Small heads of a run that estimate the 20 variables, oldest first."""
    opened = [SmallHeads.open(heads_folder(run.folder) / name) for name in head_ids(run.folder)]
    return [heads for heads in opened if heads.has("variables")]


def best_heads(run: Run) -> SmallHeads | None:
    """Those with the smallest mean relative error on the validation split; None where the run has none."""
    judged = [(_validation_error(heads), heads) for heads in heads_with_variables(run)]
    known = [(error, heads) for error, heads in judged if error is not None]
    return min(known, key=lambda pair: pair[0])[1] if known else None


def heads_quantiles(heads: SmallHeads) -> NDArray[np.float64]:
    """Quantiles of 2.5, 16, 50, 84 and 97.5%, in the variables' units, shape (n, 20, 5)."""
    columns = [f"{name}{suffix}" for name in VARIABLE_NAMES for suffix in _IN_ORDER]
    return heads.estimates[columns].to_numpy(np.float64).reshape(-1, len(VARIABLE_NAMES), len(_IN_ORDER))


def heads_facts(heads: SmallHeads | None) -> dict[str, Any] | None:
    """Which heads these are."""
    if heads is None:
        return None
    return {"id": heads.heads_id, "method": heads.recipe["method"], "fusion": heads.recipe["fusion"]}


def _validation_error(heads: SmallHeads) -> float | None:
    error = heads.figures["variables"]["validation"]["all"]["mean_relative_mae"]
    return None if error is None else float(error)
