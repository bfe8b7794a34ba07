"""Tables of energy and counts or rate to sources: what a column means is said by its name and unit, or told in notes.

Counts are taken as they are; from a rate they follow with the exposure, or with errors that are Poisson's. Where
neither is given the table is a shape: the encoder needs no more, but counts, limits and fits stay missing.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputFileError
from alignlab.ingest.assemble import SourcePiece, on_grid, photon_channels
from alignlab.ingest.raw_table import RawTable, read_raw_tables
from alignlab.ingest.table_columns import (
    CENTRE,
    COUNTS,
    FEWEST_BINS,
    RATE,
    REMEDY,
    TIME,
    bin_edges,
    binned_values,
    exposure_of,
    find_column,
    in_kev,
    number_in,
    plain_name,
)
from alignlab.spectra.grid import EnergyGrid, rebin_counts
from alignlab.spectra.observation import acis_array, decimal_year
from alignlab.spectra.ogip_companions import stem
from alignlab.spectra.response import CHANNEL_EDGES_KEV

#: A shape is scaled to so many counts, for drawing alone.
SHAPE_COUNTS = 1000.0
_COARSE_BINS = 100
#: A hundred years: no observation's photons lie further apart.
_LONGEST_S = 3.2e9
_CHANNELS = EnergyGrid("linear", CHANNEL_EDGES_KEV)


def table_pieces(path: str | Path, grid: EnergyGrid) -> list[SourcePiece]:
    """The spectrum (or the photons) in a table as a source; of several tables the first that holds one.

    Raises
    ------
    InputFileError
        If no table of the file does.
    """
    tables = read_raw_tables(path)
    problem: InputFileError | None = None
    for table in tables:
        try:
            return [_piece(table, grid)]
        except InputFileError as error:
            problem = problem or error
    assert problem is not None  # there is at least one table
    raise problem


def _piece(table: RawTable, grid: EnergyGrid) -> SourcePiece:
    names = {plain_name(name): name for name in reversed(table.columns)}
    notes = list(table.notes)
    values = find_column(names, COUNTS) or find_column(names, RATE)
    if values is None:
        return _photons(table, names, grid, notes)
    edges, order = bin_edges(table, names, notes)
    read = binned_values(table, names, edges, order, notes)
    inside = (edges[:-1] < grid.edges_kev[-1]) & (edges[1:] > grid.edges_kev[0])
    if inside.sum() < FEWEST_BINS:
        raise table.error(
            f"{int(inside.sum())} bins between {grid.edges_kev[0]:g} and {grid.edges_kev[-1]:g} keV (its energies run "
            f"from {edges[0]:.4g} to {edges[-1]:.4g} keV); expected at least {FEWEST_BINS}",
            remedy="Check the unit of the energies: keV, eV or Angstrom.",
        )
    if inside.sum() < _COARSE_BINS:
        notes.append(f"coarse: {int(inside.sum())} bins over the band, their counts spread evenly within each")
    if edges[0] > grid.edges_kev[0] * 1.1 or edges[-1] < grid.edges_kev[-1] / 1.1:
        notes.append(f"it covers {edges[0]:.3g} to {edges[-1]:.3g} keV: nothing is known beyond")
    counts = rebin_counts(read.counts, edges, grid)
    if not counts.sum() > 0:
        raise table.error(f"no counts between {grid.edges_kev[0]:g} and {grid.edges_kev[-1]:g} keV")
    scale = 1.0 if read.are_counts else SHAPE_COUNTS / float(counts.sum())
    notes.append("background unknown: net counts are all counts")
    return _source(
        table, counts=counts * scale, exposure_s=read.exposure_s, notes=notes, counts_known=read.are_counts,
        channel_counts=scale * rebin_counts(read.counts, edges, _CHANNELS).astype(np.float64),
    )  # fmt: skip


def _photons(table: RawTable, names: dict[str, str], grid: EnergyGrid, notes: list[str]) -> SourcePiece:
    """Rows that are photons, with a time and an energy each."""
    time, energy = find_column(names, TIME), find_column(names, CENTRE)
    if time is None or energy is None:
        listed = ", ".join(table.columns) or "none with numbers"
        raise table.error(f"no column of counts or rate (columns: {listed})", remedy=REMEDY)
    kev = in_kev(table, energy, table.columns[energy], notes)
    seconds = table.columns[time]
    # What is beyond 32 bits is no photon's energy either.
    sound = (np.abs(kev) < np.finfo(np.float32).max) & np.isfinite(seconds)
    kev, seconds = kev[sound].astype(np.float32), seconds[sound]
    inside = (kev >= grid.edges_kev[0]) & (kev < grid.edges_kev[-1])
    if not inside.any():
        raise table.error(f"none of {len(kev)} photons lies between 0.5 and 8 keV", remedy="Check their unit.")
    order = np.argsort(seconds[inside], kind="stable")
    since = seconds[inside][order] - seconds.min()
    span = float(seconds.max() - seconds.min())
    if span > _LONGEST_S:
        raise table.error(f"the photons' times span {span:.1e} s, over a hundred years", remedy="Check their unit.")
    exposure = exposure_of(table)
    if not math.isfinite(exposure):
        exposure = span
        notes.append("exposure taken from the first photon to the last")
    notes += ["all photons of the table taken for one source", "background unknown: net counts are all counts"]
    return _source(
        table, counts=on_grid(photon_channels(kev), grid), channel_counts=photon_channels(kev), exposure_s=exposure,
        notes=notes, counts_known=True, time_s=since.astype(np.float32), energy_kev=kev[inside][order], span_s=span,
    )  # fmt: skip


def _source(table: RawTable, *, notes: list[str], counts: NDArray, **measured: object) -> SourcePiece:
    """A source of the table, with what its header or comments say about the object."""
    facts = table.facts
    ra, dec = (number_in(table, *keys) for keys in (("ra", "ra_targ", "ra_obj"), ("dec", "dec_targ", "dec_obj")))
    placed = 0 <= ra <= 360 and -90 <= dec <= 90
    if not placed:
        notes.append("no position is given")
    obsid = re.fullmatch(r"\d{1,9}", facts.get("obs_id", facts.get("obsid", "")).strip())
    detector = facts.get("detnam", facts.get("detector", "")).strip().upper()
    name = facts.get("object", facts.get("name", facts.get("source", ""))).strip()[:80]
    return SourcePiece(
        name=name or stem(Path(re.sub(r"\.(csv|tsv|txt|dat|ecsv|vot|xml|qdp)(\.gz)?$", "", table.path.name))),
        source_file=table.path.name, ra=ra if placed else math.nan, dec=dec if placed else math.nan,
        obsid=int(obsid.group()) if obsid else 0,
        detector=detector if detector in ("ACIS-S", "ACIS-I") else acis_array(detector),
        year=decimal_year(facts.get("date-obs", facts.get("date_obs", ""))), counts=counts.astype(np.float32),
        may_fit=False, notes=tuple(notes), **measured,  # type: ignore[arg-type]
    )  # fmt: skip
