"""An axis for a variable's values on the scale that suits it: linear, logarithmic, or linear about zero only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.ui import words
from alignlab.variables import Variable

#: Of those, an axis shows what lies between; a few strays would otherwise squeeze all others together.
_SHOWN = (0.005, 0.995)
_MARGIN = 0.04
_MOST_TICKS = 6


@dataclass(frozen=True, kw_only=True)
class ValueAxis:
    """Where values stand on an axis.

    Attributes
    ----------
    variable : Variable
    softening : float or None
        None: linear; 0: log10(x); else asinh(x / softening), linear below it and logarithmic above.
    """

    variable: Variable
    softening: float | None

    def place(self, values: ArrayLike) -> NDArray[np.float64]:
        """Places of values; NaN where they have none."""
        x = np.asarray(values, dtype=np.float64)
        if self.softening is None:
            return x
        if self.softening == 0:
            return np.log10(x, out=np.full(x.shape, np.nan), where=x > 0)
        return np.asarray(np.arcsinh(x / self.softening))

    def limits(self, *values: ArrayLike) -> tuple[float, float]:
        """Places at which the axis ends."""
        places = np.concatenate([self.place(v).ravel() for v in values])
        places = places[np.isfinite(places)]
        if len(places) == 0:
            return (0.0, 1.0)
        low, high = np.quantile(places, _SHOWN)
        margin = _MARGIN * (high - low) or 0.5
        return (float(low - margin), float(high + margin))

    def layout(self, limits: tuple[float, float]) -> dict[str, Any]:
        """Range and ticks as Plotly wants them."""
        if self.softening is None:
            return {"range": limits, "nticks": _MOST_TICKS}
        ticks = [value for value in self._round_values() if limits[0] <= self.place(value) <= limits[1]]
        ticks = ticks[:: max(1, math.ceil(len(ticks) / _MOST_TICKS))]
        return {
            "range": limits,
            "tickmode": "array",
            "tickvals": [float(self.place(value)) for value in ticks],
            "ticktext": [words.number(value, digits=1) for value in ticks],
        }

    def _round_values(self) -> list[float]:
        values = [factor * 10.0**exponent for exponent in range(-4, 6) for factor in (1, 3)]
        return [0.0, *(value for value in values if value >= self.softening)] if self.softening else values
