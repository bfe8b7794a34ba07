"""A figure with its interval as plain JSON, and as a cell of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from alignlab.services.evaluate.table import Cell

#: Significant digits that are kept: more than any table shows, few enough for small files.
_DIGITS = 6
_INTERVAL = (2.5, 97.5)


def plain(value: float, digits: int = _DIGITS) -> float | None:
    """A number of so many significant digits as JSON holds it: None where it is not finite."""
    number = float(value)
    return float(f"{number:.{digits}g}") if math.isfinite(number) else None


def plain_all(values: ArrayLike) -> list[Any]:
    """Numbers of an array as (nested) lists, see `plain`."""
    array = np.asarray(values, dtype=np.float64)
    return [plain(value) for value in array] if array.ndim == 1 else [plain_all(row) for row in array]


def with_interval(value: float, resampled: ArrayLike) -> dict[str, float | None]:
    """``value`` with the 95% interval, ``low`` to ``high``, of what resampling gave; NaN in it is left out."""
    drawn = np.asarray(resampled, dtype=np.float64)
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.percentile(drawn, _INTERVAL) if len(drawn) and math.isfinite(value) else (math.nan, math.nan)
    return {"value": plain(value), "low": plain(low), "high": plain(high)}


def cell(figure: Mapping[str, Any], **marks: bool) -> Cell:
    """A figure with ``value``, ``low`` and ``high`` as a cell."""
    return Cell(figure["value"], figure["low"], figure["high"], **marks)
