"""Values as the texts print them: what is believed of a source, and details that no X-ray spectrum shows."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor, log10

import numpy as np

from alignlab.literature.claims import Claims

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SPECTRAL_TYPES = ("F5", "F8", "G2", "G5", "G8", "K0", "K2", "K5", "M0", "M2", "M3", "M4", "M5")
_EARLY_TYPES = ("O9.5 V", "B0 V", "B0.5 Ve", "B1 IIIe", "B2 Ve", "B0 Ib", "O8 I")
_YSO_CLASSES = ("I", "I", "II", "II", "II", "III", "III", "III")
_SMALL_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

#: Typical redshift (median, spread in dex) where the truth has none, as for a source taken for another class.
_REDSHIFTS = {"AGN": (0.2, 0.3), "obscured AGN": (0.4, 0.3), "QSO": (1.4, 0.2), "galaxy cluster": (0.2, 0.25)}

#: Details drawn uniformly (or uniformly in the logarithm) in a range, and how they are printed.
_UNIFORM: dict[str, tuple[float, float, str]] = {
    "vmag": (16, 24, ".1f"),
    "any_mag": (12, 24, ".1f"),
    "bright_mag": (8, 16, ".1f"),
    "dist_near": (8, 60, ".0f"),
    "edd": (0.01, 0.6, ".2f"),
    "alpha_ox": (-1.7, -1.2, ".2f"),
    "orbit_h": (1.3, 9, ".1f"),
    "offset_arcsec": (3, 90, ".0f"),
    "arcsec_small": (0.6, 3.5, ".1f"),
    "rotation_d": (0.3, 12, ".1f"),
    "star_mass": (0.2, 2.5, ".1f"),
    "wd_mass": (0.5, 1.1, ".2f"),
    "vel_disp": (300, 1100, ".0f"),
    "percent": (5, 60, ".0f"),
    "delay": (10, 420, ".0f"),
    "extinction": (0.1, 4, ".1f"),
    "radio_digit": (3, 8, ".0f"),
}
_LOGARITHMIC: dict[str, tuple[float, float, str]] = {
    "dist_pc": (12, 400, ".0f"),
    "dist_yso": (130, 2000, ".0f"),
    "dist_kpc": (1.5, 12, ".1f"),
    "dist_mpc": (0.8, 25, ".1f"),
    "dist_sat": (50, 65, ".0f"),
    "orbit_d": (3, 200, ".0f"),
    "proper_motion": (8, 400, ".0f"),
    "radio_mjy": (0.1, 30, ".1f"),
    "age_kyr": (0.5, 60, ".1f"),
    "age_myr": (0.5, 10, ".1f"),
    "snr_size": (0.2, 20, ".1f"),
    "dm": (10, 400, ".0f"),
    "density": (0.05, 5, ".1g"),
    "bubble_pc": (50, 400, ".0f"),
    "n_members": (15, 400, ".0f"),
}
_POWERS: dict[str, tuple[float, float]] = {
    "bh_mass": (1e7, 3e9),
    "ulx_lum": (1e39, 2e40),
    "edot": (1e33, 1e37),
    "efficiency": (1e-5, 1e-2),
}


def scientific(value: float) -> str:
    """Print a positive value as ``3 × 10²²`` or, in 0.01…1000, plainly, with two significant digits."""
    exponent = floor(log10(value))
    mantissa = f"{value / 10.0**exponent:.1f}"
    if mantissa == "10.0":
        mantissa, exponent = "1.0", exponent + 1
    return f"{mantissa.removesuffix('.0')} × 10{str(exponent).translate(_SUPERSCRIPT)}"


def duration(seconds: float) -> str:
    """Print a period in ms, s or h."""
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 9995:
        return f"{seconds:.3g} s"
    return f"{seconds / 3600:.1f} h"


def draw_slots(claims: Claims, *, rng: np.random.Generator) -> Iterator[dict[str, str]]:
    """Yield, source by source, the strings that fill the slots of the phrases.

    Parameters
    ----------
    claims : Claims
        What is believed.
    rng : numpy.random.Generator
        For the details that depend on nothing.
    """
    n = len(claims)
    columns = _believed(claims, rng)
    for name, (low, high, form) in _UNIFORM.items():
        columns[name] = [format(x, form) for x in (low + (high - low) * rng.random(n)).tolist()]
    for name, (low, high, form) in _LOGARITHMIC.items():
        columns[name] = [format(x, form) for x in (low * (high / low) ** rng.random(n)).tolist()]
    for name, (least, most) in _POWERS.items():
        columns[name] = [scientific(x) for x in (least * (most / least) ** rng.random(n)).tolist()]
    for name, options in (("sptype", _SPECTRAL_TYPES), ("ob_type", _EARLY_TYPES), ("yso_class", _YSO_CLASSES)):
        columns[name] = [options[k] for k in rng.integers(len(options), size=n).tolist()]
    year = rng.integers(2000, 2026, size=n)
    columns["year"], columns["year_before"] = year.astype(str).tolist(), (year - 1).astype(str).tolist()
    names = tuple(columns)
    for row in zip(*columns.values(), strict=True):
        yield dict(zip(names, row, strict=True))


def _believed(claims: Claims, rng: np.random.Generator) -> dict[str, list[str]]:
    values = claims.values
    n = len(claims)

    def form(name: str, digits: str) -> list[str]:
        return [format(x, digits).replace("-", "−") for x in values[name].tolist()]

    power_law = [kind == "power law" for kind in claims.continuum]
    other_gamma = values["gamma"] + values["gamma_error"] * values["other"]
    other_kt = values["kt"] * np.exp(values["kt_error"] / values["kt"] * values["other"])
    spare_spin = 10 ** rng.uniform(-1, 3.3, n)
    pulse = 10 ** rng.uniform(-2.3, 0.9, n)
    return {
        "gamma": form("gamma", ".1f"),
        "gamma_error": [f"{max(x, 0.1):.1f}" for x in values["gamma_error"].tolist()],
        "kt": form("kt", ".2g"),
        "kt_error": [f"{x:.1g}" for x in values["kt_error"].tolist()],
        "kt2": form("kt2", ".2g"),
        "abundance": [f"{x:.1f}" for x in values["abundance"].clip(0.1).tolist()],
        "hardness": form("hardness", ".1f"),
        "column": [f"{scientific(x * 1e20)} cm⁻²" for x in values["column"].tolist()],
        "fe_ew": [f"{max(10 * round(x / 10), 10):d}" for x in values["fe_ew"].tolist()],
        "counts": [_round_to_two(x) for x in values["counts"].tolist()],
        "flux": [scientific(x) if np.isfinite(x) and x > 0 else "" for x in values["flux"].tolist()],
        "flare_factor": [
            str(max(round(1 + x), 2)) if x > 11 else _SMALL_NUMBERS[max(round(x) - 1, 0)]
            for x in values["amplitude"].tolist()
        ],
        "pulsed": [f"{min(100 * x, 95):.0f}" for x in values["amplitude"].tolist()],
        "spin": [duration(x) for x in np.where(np.isfinite(values["period"]), values["period"], spare_spin).tolist()],
        "pulse": [duration(x) for x in np.where(np.isfinite(values["period"]), values["period"], pulse).tolist()],
        "z": _redshifts(claims, rng),
        "other_value": [
            (f"a photon index of {g:.1f}".replace("-", "−") if is_power_law else f"a temperature of {t:.2g} keV")
            for g, t, is_power_law in zip(other_gamma.tolist(), other_kt.tolist(), power_law, strict=True)
        ],
    }


def _redshifts(claims: Claims, rng: np.random.Generator) -> list[str]:
    typical = np.array([_REDSHIFTS.get(name, (0.3, 0.3)) for name in claims.believed_class])
    spare = typical[:, 0] * 10 ** (typical[:, 1] * rng.standard_normal(len(claims)))
    redshift = np.where(np.isfinite(claims.values["redshift"]), claims.values["redshift"], spare)
    return [f"{z:.3f}" if z < 0.1 else f"{z:.2f}" for z in redshift.tolist()]


def _round_to_two(value: float) -> str:
    """Print a number of counts with two significant digits."""
    step = 10 ** max(floor(log10(value)) - 1, 0)
    return f"{step * round(value / step):,d}"
