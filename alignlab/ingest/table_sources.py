"""Sources of a table that holds their spectra: counts, rates or shapes, on our energies or on the table's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.ingest.assemble import SourcePiece
from alignlab.ingest.records import Problem
from alignlab.ingest.table_mapping import MappedTable
from alignlab.ingest.tables import SHAPE_COUNTS
from alignlab.spectra.grid import EnergyGrid, rebin_counts
from alignlab.spectra.observation import acis_array
from alignlab.spectra.response import CHANNEL_EDGES_KEV, DETECTORS
from alignlab.variables import VARIABLE_NAMES

_CHANNELS = EnergyGrid("linear", CHANNEL_EDGES_KEV)
#: How far counts may be from whole numbers and still be taken for such.
_WHOLE = 1e-3
_KINDS = {"ct": "counts", "count": "counts", "counts": "counts", "cts": "counts", "photon": "counts",
          "ct/s": "rate", "ct / s": "rate", "count/s": "rate", "counts/s": "rate", "cts/s": "rate", "ct s-1": "rate",
          "count / s": "rate", "1/s": "rate", "s-1": "rate", "1 / s": "rate"}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class TableSources:
    """What a table with spectra gives.

    Attributes
    ----------
    pieces : tuple of SourcePiece
    problems : tuple of Problem
        Rows that were left out.
    notes : tuple of str
        What the spectra were taken for.
    """

    pieces: tuple[SourcePiece, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def table_sources(mapped: MappedTable, grid: EnergyGrid) -> TableSources:
    """Make a source of each row; a row whose spectrum cannot be used is reported and the others go on.

    Spectra of as many bins as `grid` and without energies are taken to be on it. Counts stay counts, rates are
    multiplied by the exposure, and what is neither is a shape, of which the encoder needs no more.

    Raises
    ------
    InputFileError
        If the table holds no spectra, or does not tell their energies.
    """
    if "spectrum" not in mapped.columns:
        raise mapped.table.error(
            "no column of spectra", remedy="Name it: --map spectrum=COLUMN, an array of numbers in each row."
        )
    spectra = mapped.values["spectrum"]
    edges, energy_note = _all_edges(mapped, spectra, grid)
    kind, kind_note = _kind(mapped, spectra)
    cutter = _Rows(mapped, grid, kind, (energy_note, kind_note))
    pieces, problems = [], []
    for row in range(mapped.table.n_rows):
        try:
            pieces.append(cutter.piece(row, spectra[row], edges[row]))
        except ValueError as problem:
            problems.append(Problem(mapped.table.path.name, f"row {row + 1}: {problem}"))
    return TableSources(pieces=tuple(pieces), problems=tuple(problems), notes=(energy_note, kind_note))


def _all_edges(
    mapped: MappedTable, spectra: Sequence[NDArray[np.float64]], grid: EnergyGrid
) -> tuple[list[NDArray[np.float64]], str]:
    """Edges of each row's bins in keV, and where they come from."""
    if "energy_edges" in mapped.columns:
        return list(mapped.values["energy_edges"]), f"energies from column {mapped.columns['energy_edges']}"
    if {"energy_low", "energy_high"} <= set(mapped.columns):
        low, high = mapped.values["energy_low"], mapped.values["energy_high"]
        edges = [np.append(a, b[-1:]) for a, b in zip(low, high, strict=True)]
        return edges, f"energies from columns {mapped.columns['energy_low']} and {mapped.columns['energy_high']}"
    lengths = {len(row) for row in spectra if len(row)}
    if lengths == {grid.n_bins}:
        words = f"{grid.n_bins} {grid.kind} bins from {grid.edges_kev[0]:g} to {grid.edges_kev[-1]:g} keV"
        return [grid.edges_kev] * len(spectra), f"no energies in the table: the spectra are taken to have {words}"
    told = ", ".join(map(str, sorted(lengths)[:5])) or "no"
    raise mapped.table.error(
        f"column {mapped.columns['spectrum']} holds spectra of {told} bins, and no column tells their energies",
        remedy="Name one of bin edges in keV (--map energy_edges=COLUMN), or give spectra on the survey's 400 bins.",
    )


def _kind(mapped: MappedTable, spectra: Sequence[NDArray[np.float64]]) -> tuple[str, str]:
    """Whether spectra are counts, rates or shapes, and why."""
    name = mapped.columns["spectrum"]
    unit = mapped.table.columns[name].unit.strip()
    kind = _KINDS.get(unit.lower())
    has_exposure = bool(np.isfinite(mapped.number("exposure_s")).any())
    if kind == "rate" and not has_exposure:
        return "shape", f"column {name} is a rate in {unit}, and no exposure is given: used as shapes, counts unknown"
    if kind:
        return kind, f"column {name} holds {'counts' if kind == 'counts' else 'rates, times the exposure'} ({unit})"
    if unit:
        return "shape", f"column {name} is in {unit!r}, neither counts nor a rate of them: used as shapes"
    values = np.concatenate([np.zeros(0), *spectra])
    values = values[np.isfinite(values)]
    if len(values) and (values >= 0).all() and np.abs(values - np.rint(values)).max() < _WHOLE and values.max() > 1:
        return "counts", f"column {name} has no unit and holds whole numbers: taken for counts"
    return "shape", f"column {name} has no unit and is not of whole numbers: used as shapes, counts unknown"


@dataclass(frozen=True, eq=False)
class _Rows:
    mapped: MappedTable
    grid: EnergyGrid
    kind: str
    notes: tuple[str, ...]

    def piece(self, row: int, values: NDArray[np.float64], edges: NDArray[np.float64]) -> SourcePiece:
        """One row as a source.

        Raises
        ------
        ValueError
            If its spectrum cannot be used; the message says why.
        """
        notes = [*self.notes]
        exposure = float(self.mapped.number("exposure_s")[row])
        scale = exposure if self.kind == "rate" else 1.0
        if not scale > 0:
            raise ValueError("no exposure to multiply its rate by")
        counts, channels = self._rebinned(values * scale, edges, "spectrum", notes)
        if self.kind == "shape":
            shape = SHAPE_COUNTS / float(counts.sum())
            counts, channels = counts * shape, channels * shape
        under: tuple[NDArray, NDArray] | None = None
        if "background" in self.mapped.columns and self.kind != "shape":
            under = self._rebinned(self.mapped.values["background"][row] * scale, edges, "background", notes)
        else:
            notes.append("background unknown: net counts are all counts")
        number, text = self.mapped.number, self.mapped.text
        detector, obsid = str(text("detector")[row]).strip().upper(), number("obsid")[row]
        return SourcePiece(
            name=str(text("name")[row]) or f"row {row + 1}", source_file=self.mapped.table.path.name,
            source_class=str(text("source_class")[row]), ra=float(number("ra")[row]), dec=float(number("dec")[row]),
            obsid=int(obsid) if np.isfinite(obsid) else 0,
            detector=detector if detector in DETECTORS else acis_array(detector), year=float(number("year")[row]),
            theta_arcmin=float(number("theta_arcmin")[row]), exposure_s=exposure, channel_counts=channels,
            channel_background=None if under is None else under[1], counts=counts.astype(np.float32),
            background=None if under is None else under[0].astype(np.float32),
            catalogued=catalogued_row(self.mapped, row), may_fit=False, counts_known=self.kind != "shape",
            notes=tuple(notes),
        )  # fmt: skip

    def _rebinned(
        self, values: NDArray[np.float64], edges: NDArray[np.float64], what: str, notes: list[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values on the survey's grid and in channels."""
        if len(edges) != len(values) + 1:
            raise ValueError(f"its {what} has {len(values)} bins and {len(edges)} edges; expected one more edge")
        if not np.isfinite(edges).all() or not (np.diff(edges) > 0).all():
            raise ValueError("its energies do not increase")
        missing = ~np.isfinite(values)
        if missing.mean() > 0.5:
            raise ValueError(f"{int(missing.sum())} of {len(values)} bins of its {what} are empty")
        if missing.any():
            notes.append(f"{int(missing.sum())} empty bins of its {what} taken for 0")
        below = ~missing & (values < 0)
        if below.any():
            notes.append(f"{int(below.sum())} bins of its {what} below zero set to 0")
        sound = np.where(missing | below, 0.0, values)
        counts = rebin_counts(sound, edges, self.grid).astype(np.float64)
        if what == "spectrum" and not counts.sum() > 0:
            low, high = self.grid.edges_kev[[0, -1]]
            raise ValueError(f"no counts between {low:g} and {high:g} keV")
        return counts, rebin_counts(sound, edges, _CHANNELS).astype(np.float64)


def catalogued_row(mapped: MappedTable, row: int) -> dict[str, float]:
    """The variables that a row gives."""
    held = [name for name in VARIABLE_NAMES if name in mapped.columns]
    return {name: float(mapped.values[name][row]) for name in held}
