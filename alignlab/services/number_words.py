"""Numbers as a person reads them: on pages, in reports and in a terminal alike."""

from __future__ import annotations

import math

from alignlab.variables import Variable

MISSING = "–"
_SMALLEST_P = 1e-8
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, *, digits: int = 3) -> str:
    """A number with `digits` significant digits, a true minus sign, thousands apart, extremes as powers of ten."""
    if not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    size = abs(value)
    sign = "−" if value < 0 else ""
    if size >= 1e5 or size < 1e-3:
        mantissa, exponent = f"{size:.{digits - 1}e}".split("e")
        power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
        lead = f"{float(mantissa):g}"
        return sign + (power if lead == "1" else f"{lead} × {power}")
    return sign + _fixed(size, max(0, digits - 1 - math.floor(math.log10(size))))


def measured(variable: Variable, value: float, low: float = math.nan, high: float = math.nan) -> str:
    """A value with its interval, ``value (low–high)``, in as many digits as the interval warrants; without unit.

    A probability is given in percent.
    """
    if not math.isfinite(value):
        return MISSING
    return percent(value) if variable.name == "var_prob_b" else with_limits(value, low, high)


def with_limits(value: float, low: float, high: float) -> str:
    """A number with its limits, ``value (low–high)``, in as many digits as they warrant."""
    known = math.isfinite(low) and math.isfinite(high) and high > low
    if not known:
        return number(value)
    if max(abs(value), abs(low), abs(high)) >= 1e5:
        return f"{number(value)} ({number(low)}–{number(high)})"
    decimals = min(4, max(0, 1 - math.floor(math.log10((high - low) / 2))))
    parts = [("−" if v < 0 else "") + _fixed(abs(v), decimals) for v in (value, low, high)]
    between = " to " if low < 0 else "–"
    return f"{parts[0]} ({parts[1]}{between}{parts[2]})"


def percent(probability: float) -> str:
    """A probability in percent; never 0 or 100 where it is merely close to them."""
    if not math.isfinite(probability):
        return MISSING
    if 0 < probability < 0.001:
        return "< 0.1%"
    if 0.999 < probability < 1:
        return "> 99.9%"
    return f"{100 * probability:.{0 if 0.1 <= probability <= 0.9 else 1}f}%"


def p_words(p: float) -> str:
    """A p-value as one reads it: three decimals, powers of ten below 0.001, never 0."""
    if not math.isfinite(p):
        return MISSING
    if p < _SMALLEST_P:
        return "< 10⁻⁸"
    if p >= 0.9995:
        return "1"
    return f"{p:.3f}" if p >= 0.001 else number(float(f"{p:.0e}"), digits=1)


def plural(n: int, noun: str) -> str:
    """``1 source``, ``2 sources``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _fixed(size: float, decimals: int) -> str:
    return f"{size:,.{decimals}f}"
