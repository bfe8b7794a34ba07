"""What the columns of a table of energy and counts or rate mean: by name and unit, else told in notes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.ingest.raw_table import RawTable
from alignlab.spectra.response import MODEL_EDGES_KEV, effective_area_cm2

#: Photons of 1 Angstrom have so many keV.
KEV_ANGSTROM = 12.398419843
_LARGEST_KEV = 30.0
FEWEST_BINS = 8
_MOST_MISSING = 0.5
#: By how much (standard deviation of the logarithm) errors may differ from Poisson's and still give the exposure.
_POISSON_SCATTER = 0.25
_KEV_PER_UNIT = {"kev": 1.0, "ev": 1e-3, "mev": 1e3}
_ANGSTROM_PER_UNIT = {"angstrom": 1.0, "angstroms": 1.0, "a": 1.0, "aa": 1.0, "å": 1.0, "nm": 10.0}
_LOW = re.compile(r"(e|ene|energ|energy|bin|kev)_?(min|lo|low|lower|start)|(lo|low|min)_?(e|energy)")
_HIGH = re.compile(r"(e|ene|energ|energy|bin|kev)_?(max|hi|high|upper|stop)|(hi|high|max)_?(e|energy)")
CENTRE = re.compile(r"e|en|ene|energ|energy|energies|(e|energy)_?(mid|mean|cen|centre|center|bin)|kev|x")
_WAVE = re.compile(r"wave|wavelength|wav|lambda|lam|wavelengths")
COUNTS = re.compile(r"(net|src|total|raw|source)?_?(counts?|cts|ncounts|n|photons)")
RATE = re.compile(
    r"(net|src|total|source|norm\w*)?_?(count_?)?rates?|cps|counts?_(per_)?s(ec)?|flux|(net|norm\w*)_counts?|"
    r"counts?_(per_)?s_kev|intensity|y|spectrum"
)
_ERROR = re.compile(r"(stat|counts?|rate|y|flux|net)?_?(err|error|errors|sigma|unc|uncertainty|std)|e_(rate|counts?)")
TIME = re.compile(r"time|t|time_s|arrival_?time|toa")
_EXPOSURES = ("exposure", "exposure_s", "exposure time", "exptime", "livetime", "ontime", "exp")
REMEDY = "Give a column of energy (keV, eV or Angstrom) and one of counts or rate."


@dataclass(frozen=True, eq=False)
class BinnedValues:
    """Counts per bin as far as the table tells, and how certain they are.

    `exposure_s` is NaN where unknown; `are_counts` is False where only the shape is known.
    """

    counts: NDArray[np.float64]
    exposure_s: float
    are_counts: bool


def bin_edges(table: RawTable, names: dict[str, str], notes: list[str]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Edges of the bins in keV, increasing, and which row of the table each bin is.

    Raises
    ------
    InputFileError
        If there is no column of energy, or its bins overlap or leave gaps.
    """
    low, high = find_column(names, _LOW), find_column(names, _HIGH)
    if low is not None and high is not None:
        below, above = (in_kev(table, name, table.columns[name], notes) for name in (low, high))
        below, above = np.minimum(below, above), np.maximum(below, above)
        kept = _sound(table, np.isfinite(below) & np.isfinite(above) & (below >= 0), notes)
        order = kept[np.argsort(below[kept], kind="stable")]
        below, above = below[order], above[order]
        if (above <= below).any() or (np.diff(below) <= 0).any():
            raise table.error(f"columns {low} and {high} do not bound bins of growing energy")
        gaps = below[1:] - above[:-1]
        if np.abs(gaps).max(initial=0.0) > 0.5 * np.diff(below).min(initial=np.inf):
            raise table.error(f"columns {low} and {high} leave gaps between the bins, or let them overlap")
        return np.append(below, above[-1]), order
    centre = find_column(names, _WAVE) or find_column(names, CENTRE)
    if centre is None:
        raise table.error(f"no column of energy (columns: {', '.join(table.columns)})", remedy=REMEDY)
    energy = in_kev(table, centre, table.columns[centre], notes)
    kept = _sound(table, np.isfinite(energy) & (energy > 0), notes)
    order = kept[np.argsort(energy[kept], kind="stable")]
    energy = energy[order]
    if len(energy) < FEWEST_BINS or (np.diff(energy) <= 0).any():
        problem = "holds an energy twice" if len(energy) >= FEWEST_BINS else f"has {len(energy)} rows with an energy"
        raise table.error(f"column {centre} {problem}; expected one row per bin, {FEWEST_BINS} at least")
    return _edges_between(energy), order


def _edges_between(centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges half way between centres; the outermost bins are as wide as their neighbours."""
    between = (centre[1:] + centre[:-1]) / 2
    first, last = centre[0] - (between[0] - centre[0]), centre[-1] + (centre[-1] - between[-1])
    return np.concatenate([[max(first, 0.0)], between, [last]])


def _sound(table: RawTable, sound: NDArray[np.bool_], notes: list[str]) -> NDArray[np.intp]:
    """Rows with an energy; most of them must have one."""
    missing = int((~sound).sum())
    if missing > _MOST_MISSING * len(sound) or not sound.any():
        raise table.error(f"{missing} of {len(sound)} rows have no energy", remedy=REMEDY)
    if missing:
        notes.append(f"{missing} of {len(sound)} rows without an energy were left out")
    return np.flatnonzero(sound)


def in_kev(table: RawTable, name: str, values: NDArray[np.float64], notes: list[str]) -> NDArray[np.float64]:
    """Energies of a column in keV, by its unit, or by its size where it has none; wavelengths are turned into energies.

    Raises
    ------
    InputFileError
        If its unit is none of an energy or a wavelength.
    """
    unit = table.units.get(name, "").strip().lower()
    if unit in _KEV_PER_UNIT:
        return values * _KEV_PER_UNIT[unit]
    finite = values[np.isfinite(values)]
    if unit in _ANGSTROM_PER_UNIT or (not unit and _WAVE.fullmatch(plain_name(name))):
        if not unit:
            notes.append(f"column {name} has no unit: taken for Angstrom")
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(values > 0, KEV_ANGSTROM / (values * _ANGSTROM_PER_UNIT.get(unit, 1.0)), np.nan)
    if unit:
        raise table.error(f"column {name} is in {unit!r}; expected keV, eV or Angstrom")
    in_ev = bool(len(finite)) and float(np.median(finite)) > _LARGEST_KEV
    if plain_name(name) != "kev":
        notes.append(f"column {name} has no unit: taken for {'eV' if in_ev else 'keV'}")
    return values * (1e-3 if in_ev else 1.0)


def binned_values(
    table: RawTable, names: dict[str, str], edges: NDArray[np.float64], order: NDArray[np.intp], notes: list[str]
) -> BinnedValues:
    """Counts per bin: from the column of counts, else from the rate with what else there is.

    Raises
    ------
    InputFileError
        If most rows are empty.
    """
    counted, rated = find_column(names, COUNTS), find_column(names, RATE)
    name = counted or rated
    assert name is not None  # the caller has made sure
    unit = _plain_unit(table.units.get(name, ""))
    if counted and re.search(r"/s|s-1|persec|/ks", unit):
        counted, rated = None, name
    values = table.columns[name][order]
    empty = ~np.isfinite(values)
    if empty.mean() > _MOST_MISSING:
        raise table.error(f"{int(empty.sum())} of {len(values)} rows of column {name} are empty")
    if empty.any():
        notes.append(f"{int(empty.sum())} empty cells of column {name} taken for 0")
    per_bin = np.where(empty, 0.0, values) * _widths(unit, edges, notes, name)
    if (per_bin < 0).any():
        notes.append(f"{int((per_bin < 0).sum())} bins below zero (a background was subtracted) set to 0")
    per_bin = np.maximum(per_bin, 0.0)
    exposure = exposure_of(table)
    if counted:
        return BinnedValues(per_bin, exposure, are_counts=True)
    if "cm" in unit or plain_name(name).startswith("flux"):
        notes.append("a flux: multiplied by the usual area of ACIS-S; counts unknown, only its shape is used")
        return BinnedValues(_as_seen_by_acis(per_bin, edges, in_energy="erg" in unit), math.nan, are_counts=False)
    if math.isfinite(exposure):
        notes.append(f"counts are the rate times the exposure of {exposure:,.0f} s")
        return BinnedValues(per_bin * exposure, exposure, are_counts=True)
    error = find_column(names, _ERROR)
    width = per_bin.sum() / max(np.where(empty, 0.0, values).clip(0).sum(), 1e-300)
    inferred = math.nan if error is None else _poisson_exposure(per_bin, table.columns[error][order] * width)
    if math.isfinite(inferred):
        notes.append(f"counts from the rate and its errors, which are those of {inferred:,.0f} s")
        return BinnedValues(per_bin * inferred, inferred, are_counts=True)
    why = "no exposure and no Poisson errors are given" if error else "neither exposure nor errors are given"
    notes.append(f"counts unknown ({why}): the spectrum is used as a shape")
    return BinnedValues(per_bin, math.nan, are_counts=False)


def _widths(unit: str, edges: NDArray[np.float64], notes: list[str], name: str) -> NDArray[np.float64] | float:
    """What turns a density into a value per bin."""
    if re.search(r"/kev|kev-1|kev\^-1|perkev", unit):
        return np.diff(edges)
    if re.search(r"/ev|ev-1|perev", unit):
        return 1e3 * np.diff(edges)
    if re.search(r"/a(ngstroms?|a)?$|angstrom-1|/å", unit):
        return KEV_ANGSTROM / edges[:-1].clip(1e-6) - KEV_ANGSTROM / edges[1:]
    uneven = np.diff(edges).max() > 1.5 * np.diff(edges).min()
    if uneven and not unit:
        notes.append(f"column {name} has no unit: taken per bin, not per keV")
    return 1.0


def _as_seen_by_acis(
    per_bin: NDArray[np.float64], edges: NDArray[np.float64], *, in_energy: bool
) -> NDArray[np.float64]:
    """Photon (or energy) flux per bin as the counts that ACIS-S would have, up to a factor."""
    centres = (edges[1:] + edges[:-1]) / 2
    area = effective_area_cm2(["ACIS-S"], 2008.0, 0.0)[0]
    middle = (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1]) / 2
    seen = per_bin * np.interp(centres, middle, area, left=0.0, right=0.0)
    return seen / centres if in_energy else seen


def _poisson_exposure(rate: NDArray[np.float64], error: NDArray[np.float64]) -> float:
    """Exposure for which errors are the square roots of counts: rate / error² in each bin; NaN if they are not."""
    usable = (rate > 0) & np.isfinite(error) & (error > 0)
    if usable.sum() < FEWEST_BINS:
        return math.nan
    exposures = rate[usable] / error[usable] ** 2
    bright = exposures[rate[usable] >= np.median(rate[usable])]
    return float(np.median(bright)) if np.std(np.log(bright)) < _POISSON_SCATTER else math.nan


def exposure_of(table: RawTable) -> float:
    """Exposure in seconds from the header or the comments, NaN where none is given."""
    for key in _EXPOSURES:
        seconds = number_in(table, key)
        if 0 < seconds < 1e10:
            return seconds * (1e3 if re.search(r"\bks\b", table.facts[key]) else 1.0)
    return math.nan


def number_in(table: RawTable, *keys: str) -> float:
    """A number in the header or comments; NaN where there is none."""
    for key in keys:
        match = re.match(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)", table.facts.get(key, ""))
        if match:
            try:
                return float(match.group(1))
            except ValueError:
                continue
    return math.nan


def names_energy(name: str) -> bool:
    """Whether a column is called like one of energies or wavelengths."""
    return any(pattern.fullmatch(plain_name(name)) for pattern in (_LOW, CENTRE, _WAVE))


def find_column(names: dict[str, str], pattern: re.Pattern[str]) -> str | None:
    """The first column whose plain name is such a one."""
    return next((name for plain, name in reversed(names.items()) if pattern.fullmatch(plain)), None)


def plain_name(name: str) -> str:
    """A column's name in lower case, words joined by underscores."""
    return re.sub(r"[\s.\-/]+", "_", name.strip().lower()).strip("_")


def _plain_unit(unit: str) -> str:
    return re.sub(r"\s|\*|·", "", unit.lower().replace("⁻¹", "-1"))
