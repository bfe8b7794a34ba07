"""A variable as 16-bit codes, small enough to send all twenty to the browser at once.

``value = softening · sinh(low + code · (high − low) / 65534)``; code 65535 is a missing value. The inverse hyperbolic
sine is logarithmic for large values and linear through zero, so that one rule gives every variable, signed or spanning
eight decades, the same relative accuracy of about 2 in 10,000.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

MISSING = 65535
TOP = 65534
#: Largest ratio between a variable's largest size and its softening: bounds the span that the codes must cover.
_DYNAMIC_RANGE = 1e7


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Codes of one variable and how to read them.

    Attributes
    ----------
    codes : ndarray of uint16, shape (n,)
    softening, low, high : float
        Of the formula above; `softening` has the variable's unit.
    """

    codes: NDArray[np.uint16]
    softening: float
    low: float
    high: float

    def decode(self) -> NDArray[np.float64]:
        """The values again, NaN where missing."""
        values = self.softening * np.sinh(self.low + self.codes * ((self.high - self.low) / TOP))
        return np.where(self.codes == MISSING, np.nan, values)


def encode(values: ArrayLike) -> Codes:
    """Code the values of one variable; those that are not finite are missing.

    Parameters
    ----------
    values : array-like of float, shape (n,)
    """
    v = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(v)
    codes = np.full(v.shape, MISSING, dtype=np.uint16)
    sizes = np.abs(v[finite])
    sizes = sizes[sizes > 0]
    if sizes.size == 0:
        codes[finite] = 0
        return Codes(codes=codes, softening=1.0, low=0.0, high=0.0)
    softening = float(max(sizes.min(), sizes.max() / _DYNAMIC_RANGE))
    bent = np.arcsinh(v[finite] / softening)
    low, high = float(bent.min()), float(bent.max())
    span = high - low
    codes[finite] = np.rint((bent - low) * (TOP / span)).astype(np.uint16) if span > 0 else 0
    return Codes(codes=codes, softening=softening, low=low, high=high)
