"""Effective areas (ARF) and redistribution matrices (RMF) in the OGIP format, and folding through them.

Format: OGIP memos CAL/GEN/92-002 and 92-002a (George et al. 1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputFileError
from alignlab.spectra.fits_tables import FitsTables, Table, read_tables
from alignlab.spectra.grid import overlap_matrix

_ARF_COLUMNS = ("ENERG_LO", "ENERG_HI", "SPECRESP")
_RMF_COLUMNS = ("ENERG_LO", "ENERG_HI", "N_GRP", "F_CHAN", "N_CHAN", "MATRIX")
_EBOUNDS_COLUMNS = ("CHANNEL", "E_MIN", "E_MAX")
_MATRIX_NAMES = {"MATRIX", "SPECRESP MATRIX", "RSP_MATRIX"}
_KEV_PER_UNIT = {"": 1.0, "kev": 1.0, "ev": 1e-3, "mev": 1e3}
_MAX_CHANNELS = 1 << 16
_MAX_CELLS = 1 << 27


@dataclass(frozen=True, eq=False, kw_only=True)
class Arf:
    """Effective area.

    Attributes
    ----------
    path : Path
        The file.
    energy_edges_kev : ndarray of float64, (n_e + 1,)
        Edges of the energy bins in keV.
    area_cm2 : ndarray of float64, (n_e,)
        Effective area per bin.
    chip : str
        DETNAM of the file ("ACIS-7"), or "".
    """

    path: Path
    energy_edges_kev: NDArray[np.float64]
    area_cm2: NDArray[np.float64]
    chip: str = ""

    def on(self, energy_edges_kev: NDArray[np.float64]) -> NDArray[np.float64]:
        """Area averaged over other energy bins; 0 where the file does not reach."""
        return self.area_cm2 @ _averaging(self.energy_edges_kev, energy_edges_kev)


@dataclass(frozen=True, eq=False, kw_only=True)
class Rmf:
    """Redistribution of photons into channels.

    Attributes
    ----------
    path : Path
        The file.
    energy_edges_kev : ndarray of float64, (n_e + 1,)
        Edges of the energy bins in keV.
    matrix : ndarray of float64, (n_e, n_ch)
        Probability that a photon of an energy bin is counted in a channel (times cm^2 when `includes_area`).
    channels : ndarray of int64, (n_ch,)
        Channel numbers of EBOUNDS.
    edges_kev : ndarray of float64, (n_ch + 1,)
        Nominal energies of the channel edges (EBOUNDS).
    includes_area : bool
        True for a full response (HDUCLAS3 = FULL), to be folded without an ARF.
    chip : str
        DETNAM of the file, or "".
    notes : tuple of str
        What had to be worked around.
    """

    path: Path
    energy_edges_kev: NDArray[np.float64]
    matrix: NDArray[np.float64]
    channels: NDArray[np.int64]
    edges_kev: NDArray[np.float64]
    includes_area: bool = False
    chip: str = ""
    notes: tuple[str, ...] = ()

    def rebinned(
        self, energy_edges_kev: NDArray[np.float64], channel_edges_kev: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Matrix on other energy bins (averaged) and other channels (summed by overlap), shape (n_e', n_ch')."""
        rows = _averaging(self.energy_edges_kev, energy_edges_kev).T @ self.matrix
        return rows @ overlap_matrix(self.edges_kev, channel_edges_kev)


def fold(photon_flux: ArrayLike, *, arf: Arf | None, rmf: Rmf) -> NDArray[np.float64]:
    """Count rate per channel that a photon spectrum produces.

    Parameters
    ----------
    photon_flux : array_like, (..., n_e)
        Photons/cm^2/s in each energy bin of `rmf` (integrated over the bin, not per keV).
    arf : Arf or None
        Effective area on the energy bins of `rmf`; None for a response that includes it.
    rmf : Rmf
        Redistribution.

    Returns
    -------
    ndarray of float64, (..., n_ch)
        Counts/s per channel.

    Raises
    ------
    ValueError
        If the energy bins disagree, or an ARF is missing or superfluous.
    """
    flux = np.asarray(photon_flux, dtype=np.float64)
    if flux.shape[-1] != rmf.matrix.shape[0]:
        raise ValueError(f"photon_flux has {flux.shape[-1]} energy bins, {rmf.path.name} has {rmf.matrix.shape[0]}")
    if (arf is None) != rmf.includes_area:
        raise ValueError(f"{rmf.path.name} {'includes' if rmf.includes_area else 'needs'} an effective area")
    if arf is None:
        return flux @ rmf.matrix
    if not same_energies(arf, rmf):
        raise ValueError(f"{arf.path.name} and {rmf.path.name} have different energy bins")
    return (flux * arf.area_cm2) @ rmf.matrix


def same_energies(arf: Arf, rmf: Rmf) -> bool:
    """Whether both have the same energy bins (to the precision of 32-bit columns)."""
    a, b = arf.energy_edges_kev, rmf.energy_edges_kev
    return len(a) == len(b) and bool(np.allclose(a, b, rtol=1e-5, atol=1e-6))


def read_arf(path: str | Path) -> Arf:
    """Read the effective area of an ARF.

    Raises
    ------
    InputFileError
        If the file is damaged or holds no table SPECRESP of increasing energies and non-negative areas.
    """
    file = read_tables(path, columns=_ARF_COLUMNS)
    table = next((t for t in file.tables if "SPECRESP" in t.columns), None)
    if table is None:
        raise InputFileError(
            file.path, f"no HDU with a column SPECRESP (tables: {file.describe()}); expected an effective area (ARF)"
        )
    edges = _bin_edges(table, "ENERG_LO", "ENERG_HI")
    area = table.vector("SPECRESP", expected="the effective area in cm**2 per energy bin")
    if not (np.isfinite(area).all() and (area >= 0).all()):
        raise table.error("column SPECRESP holds NaN or negative areas; expected cm**2")
    if not area.any():
        raise table.error("column SPECRESP is zero everywhere; expected cm**2")
    if table.units.get("SPECRESP", "").lower().replace("^", "**").replace(" ", "") in {"m**2", "m2"}:
        area = area * 1e4
    return Arf(path=file.path, energy_edges_kev=edges, area_cm2=area, chip=table.text("DETNAM"))


def read_rmf(path: str | Path) -> Rmf:
    """Read the redistribution matrix and channel energies of an RMF (or of a full response).

    Raises
    ------
    InputFileError
        If the file is damaged, or its tables MATRIX and EBOUNDS are missing or contradict each other.
    """
    file = read_tables(path, columns=(*_RMF_COLUMNS, *_EBOUNDS_COLUMNS))
    bounds, matrix_table = _find(file, "EBOUNDS"), _find(file, "MATRIX")
    edges = _bin_edges(bounds, "E_MIN", "E_MAX")
    channels, notes = _ebounds_channels(bounds)
    energies = _bin_edges(matrix_table, "ENERG_LO", "ENERG_HI")
    matrix = _dense_matrix(matrix_table, n_channels=len(channels), first=matrix_table.first_channel.get("F_CHAN", 1))
    full = matrix_table.text("HDUCLAS3").upper() == "FULL" or matrix_table.name.upper() == "SPECRESP MATRIX"
    return Rmf(
        path=file.path, energy_edges_kev=energies, matrix=matrix, channels=channels, edges_kev=edges,
        includes_area=full and float(matrix.sum(axis=1).max()) > 1.5, chip=matrix_table.text("DETNAM"), notes=notes,
    )  # fmt: skip


def whole_channels(table: Table, numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Check channel numbers: whole, consecutive, not too many.

    Raises
    ------
    InputFileError
        If they are not.
    """
    if not 0 < len(numbers) <= _MAX_CHANNELS:
        raise table.error(f"{len(numbers)} channels; expected 1 to {_MAX_CHANNELS}")
    if not (np.isfinite(numbers).all() and (np.abs(numbers) < _MAX_CHANNELS * 2).all()):
        raise table.error("column CHANNEL holds NaN or absurd values; expected channel numbers")
    if (numbers % 1).any() or (np.diff(numbers) != 1).any():
        raise table.error("column CHANNEL is not consecutive; expected channel numbers, each one more than the last")
    return numbers.astype(np.int64)


def _ebounds_channels(table: Table) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    numbers = table.vector("CHANNEL", expected="channel numbers, each one more than the last")
    first = table.first_channel.get("CHANNEL")
    if (np.diff(numbers) != 1).any() and first is not None and table.number("DETCHANS") == len(numbers):
        # Some files of 2010 hold floats cut to 16 bits here (3C 186 in sherpa's test data); the range is in the header.
        note = f"{table.path.name}: EBOUNDS has no usable channel numbers, counted from TLMIN {first}"
        return whole_channels(table, np.arange(len(numbers), dtype=np.float64) + first), (note,)
    return whole_channels(table, numbers), ()


def _find(file: FitsTables, what: str) -> Table:
    needed = set(_EBOUNDS_COLUMNS[1:] if what == "EBOUNDS" else ("F_CHAN", "N_CHAN", "MATRIX"))
    named = {"EBOUNDS"} if what == "EBOUNDS" else _MATRIX_NAMES
    candidates = [t for t in file.tables if needed <= set(t.column_names)]
    chosen = next((t for t in candidates if t.name.upper() in named), candidates[0] if candidates else None)
    if chosen is None:
        raise InputFileError(
            file.path,
            f"no HDU {what} with columns {', '.join(sorted(needed))} (tables: {file.describe()}); expected an RMF",
        )
    return chosen


def _bin_edges(table: Table, low_name: str, high_name: str) -> NDArray[np.float64]:
    expected = "increasing energies in keV"
    low, high = table.vector(low_name, expected=expected), table.vector(high_name, expected=expected)
    unit = table.units.get(low_name, "").lower()
    if unit not in _KEV_PER_UNIT:
        raise table.error(f"column {low_name} is in {unit!r}; expected keV")
    edges = np.append(low, high[-1:]) * _KEV_PER_UNIT[unit]
    if len(edges) < 2 or not np.isfinite(edges).all() or edges[0] < 0 or edges[-1] > 1e6:
        raise table.error(f"columns {low_name} and {high_name} hold NaN or absurd values; expected {expected}")
    if (np.diff(edges) <= 0).any():
        raise table.error(f"columns {low_name} and {high_name} are not increasing; expected {expected}")
    gap = np.abs(high[:-1] - low[1:]).max(initial=0.0) * _KEV_PER_UNIT[unit]
    if not gap <= 0.01 * np.diff(edges).min() + 1e-5 * edges[-1]:
        raise table.error(f"{high_name} of a row differs from {low_name} of the next by {gap:.4g} keV; expected no gap")
    return edges


def _dense_matrix(table: Table, *, n_channels: int, first: int) -> NDArray[np.float64]:
    n_rows = len(table.vector("ENERG_LO", expected="energies in keV"))
    if n_rows * n_channels > _MAX_CELLS:
        raise table.error(f"a matrix of {n_rows} x {n_channels} is too large")
    groups = table.vector("N_GRP", expected="number of channel groups per energy")
    if not (np.isfinite(groups).all() and (groups >= 0).all() and (groups <= n_channels).all()):
        raise table.error("column N_GRP holds NaN or absurd values; expected the number of channel groups per energy")
    for name in ("F_CHAN", "N_CHAN", "MATRIX"):
        if len(table.columns[name]) != n_rows:
            raise table.error(f"column {name} has {len(table.columns[name])} rows, ENERG_LO has {n_rows}")
    dense = np.zeros((n_rows, n_channels))
    for row in range(n_rows):
        n_groups = int(groups[row])
        starts, lengths, values = (_cell(table, name, row) for name in ("F_CHAN", "N_CHAN", "MATRIX"))
        if n_groups > min(len(starts), len(lengths)):
            raise table.error(f"row {row + 1}: N_GRP is {n_groups}, F_CHAN and N_CHAN hold {len(starts)}")
        used = 0
        for start, length in zip(starts[:n_groups], lengths[:n_groups], strict=True):
            begin, length = int(start) - first, int(length)
            if length < 0 or (length and not 0 <= begin <= begin + length <= n_channels):
                raise table.error(
                    f"row {row + 1}: channels {int(start)} to {int(start) + length - 1} lie outside the {n_channels} "
                    f"channels of EBOUNDS (first channel {first})"
                )
            if used + length > len(values):
                raise table.error(f"row {row + 1}: MATRIX holds {len(values)} values, its groups need more")
            if length:
                dense[row, begin : begin + length] += values[used : used + length]
            used += length
    if not (np.isfinite(dense).all() and (dense >= 0).all()):
        raise table.error("column MATRIX holds NaN or negative values; expected probabilities")
    if not dense.any():
        raise table.error("column MATRIX is zero everywhere; expected probabilities")
    return dense


def _cell(table: Table, name: str, row: int) -> NDArray[np.float64]:
    values = np.atleast_1d(np.asarray(table.columns[name][row]))
    if values.dtype.kind not in "iuf" or values.ndim != 1:
        raise table.error(f"row {row + 1}: column {name} holds {values.dtype.name}; expected numbers")
    with np.errstate(all="ignore"):
        numbers = values.astype(np.float64)
    if name != "MATRIX" and not (np.isfinite(numbers).all() and (np.abs(numbers) < _MAX_CHANNELS * 4).all()):
        raise table.error(f"row {row + 1}: column {name} holds absurd values; expected channel numbers")
    return numbers


def _averaging(edges_from_kev: NDArray[np.float64], edges_to_kev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (n_from, n_to) by which a quantity per bin is averaged over other bins."""
    widths_from, widths_to = np.diff(edges_from_kev), np.diff(edges_to_kev)
    return overlap_matrix(edges_from_kev, edges_to_kev) * widths_from[:, None] / widths_to
