"""Effective areas (ARF) and redistribution matrices (RMF) in the OGIP format, and folding through them.

Format: OGIP memos CAL/GEN/92-002 and 92-002a (George et al. 1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from alignlab.errors import InputFileError
from alignlab.spectra.fits_tables import FitsTables, Table, read_tables
from alignlab.spectra.grid import overlaps

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
        return _averaging(self.energy_edges_kev, energy_edges_kev) @ self.area_cm2


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
        # A bin meets a few others only: with sparse weights this takes milliseconds.
        energies = _averaging(self.energy_edges_kev, energy_edges_kev)
        old, new, shares = overlaps(self.edges_kev, channel_edges_kev)
        channels = csr_array((shares, (new, old)), shape=(len(channel_edges_kev) - 1, len(self.edges_kev) - 1))
        return np.ascontiguousarray((channels @ (energies @ self.matrix).T).T)


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
    (starts, n_starts), (lengths, n_lengths), (values, n_values) = (
        _cells(table, name, n_rows) for name in ("F_CHAN", "N_CHAN", "MATRIX")
    )
    n_groups = groups.astype(np.int64)
    held = np.minimum(n_starts, n_lengths)
    if (row := _first(n_groups > held)) is not None:
        raise table.error(f"row {row + 1}: N_GRP is {n_groups[row]}, F_CHAN and N_CHAN hold {n_starts[row]}")
    row_of = np.repeat(np.arange(n_rows), n_groups)
    begins = _leading(starts, n_starts, n_groups).astype(np.int64) - first
    sizes = _leading(lengths, n_lengths, n_groups).astype(np.int64)
    outside = (sizes < 0) | ((sizes > 0) & ((begins < 0) | (begins + sizes > n_channels)))
    if (group := _first(outside)) is not None:
        begin, size = begins[group] + first, sizes[group]
        raise table.error(
            f"row {row_of[group] + 1}: channels {begin} to {begin + size - 1} lie outside the {n_channels} "
            f"channels of EBOUNDS (first channel {first})"
        )
    used = np.bincount(row_of, weights=sizes, minlength=n_rows).astype(np.int64)
    if (row := _first(used > n_values)) is not None:
        raise table.error(f"row {row + 1}: MATRIX holds {n_values[row]} values, its groups need more")
    if used.sum() > _MAX_CELLS:
        raise table.error(f"its channel groups hold {used.sum():,} values, far more than there are channels")
    cells = np.repeat(row_of * n_channels + begins - (np.cumsum(sizes) - sizes), sizes) + np.arange(used.sum())
    weights = _leading(values, n_values, used)
    dense: NDArray[np.float64] = np.bincount(cells, weights=weights, minlength=n_rows * n_channels).astype(
        np.float64, copy=False
    )
    dense = dense.reshape(n_rows, n_channels)
    # The sum is finite only if every value is; negative ones are looked for among what the file holds.
    if not (np.isfinite(dense.sum()) and (weights >= 0).all()):
        raise table.error("column MATRIX holds NaN or negative values; expected probabilities")
    if not dense.any():
        raise table.error("column MATRIX is zero everywhere; expected probabilities")
    return dense


def _cells(table: Table, name: str, n_rows: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """All values of a column of vectors, row after row, and how many each row has."""
    column = table.columns[name]
    if len(column) != n_rows:
        raise table.error(f"column {name} has {len(column)} rows, ENERG_LO has {n_rows}")
    rows = column if isinstance(column, list) else [column.reshape(n_rows, -1)] if column.ndim < 3 else [column]
    most = 1 if isinstance(column, list) else 2
    # Of a thousand rows nearly always all are of one sort: only where not is the row looked for.
    if any(dtype.kind not in "iuf" or ndim > most for dtype, ndim in {(cell.dtype, cell.ndim) for cell in rows}):
        row = next(i for i, cell in enumerate(rows) if cell.dtype.kind not in "iuf" or cell.ndim > most)
        raise table.error(f"row {row + 1}: column {name} holds {rows[row].dtype.name}; expected numbers")
    lengths = [len(cell) for cell in rows] if isinstance(column, list) else [rows[0].shape[1]] * n_rows
    if sum(lengths) > _MAX_CELLS:
        raise table.error(f"column {name} holds {sum(lengths):,} values, far more than there are channels")
    with np.errstate(all="ignore"):
        values = (np.concatenate(rows) if rows else np.zeros(0)).ravel().astype(np.float64)
    absurd = ~(np.isfinite(values) & (np.abs(values) < _MAX_CHANNELS * 4))
    counts = np.array(lengths, dtype=np.int64)
    if name != "MATRIX" and (place := _first(absurd)) is not None:
        row = int(np.searchsorted(np.cumsum(counts), place, side="right"))
        raise table.error(f"row {row + 1}: column {name} holds absurd values; expected channel numbers")
    return values, counts


def _leading(values: NDArray[np.float64], held: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.float64]:
    """The first so many values of each row."""
    if np.array_equal(held, wanted):
        return values
    place = np.arange(len(values)) - np.repeat(np.cumsum(held) - held, held)
    return values[place < np.repeat(wanted, held)]


def _first(found: NDArray[np.bool_]) -> int | None:
    return int(np.argmax(found)) if found.any() else None


def _averaging(edges_from_kev: NDArray[np.float64], edges_to_kev: NDArray[np.float64]) -> csr_array:
    """Weights (n_to, n_from) by which a quantity per bin is averaged over other bins."""
    widths_from, widths_to = np.diff(edges_from_kev), np.diff(edges_to_kev)
    old, new, shares = overlaps(edges_from_kev, edges_to_kev)
    weights = shares * widths_from[old] / widths_to[new]
    return csr_array((weights, (new, old)), shape=(len(widths_to), len(widths_from)))
