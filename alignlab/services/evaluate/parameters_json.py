"""Figures as JSON holds them: None where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from alignlab.analysis.mean_errors import Bootstrapped
from alignlab.services.evaluate.figure import plain


def numbers(value: Any, low: Any, high: Any) -> list[float] | None:
    """``[value, low, high]``; None unless all are finite."""
    told = [plain(x) for x in (value, low, high)]
    return None if None in told else [x for x in told if x is not None]


def with_interval(figures: Bootstrapped, *place: int) -> list[float] | None:
    """One of the figures as ``[value, low, high]``."""
    return numbers(figures.value[place], figures.low[place], figures.high[place])


def column(values: ArrayLike, digits: int = 4) -> list[float | None]:
    """A column of numbers, rounded for a picture."""
    return [plain(value, digits) for value in np.asarray(values)]
