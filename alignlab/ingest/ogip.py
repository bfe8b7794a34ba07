"""Spectra, event files and tables to sources: each bad file gives one message, the others go on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputFileError, with_remedy
from alignlab.ingest.assemble import SourcePiece, assemble, on_grid, photon_channels
from alignlab.ingest.raw_table import is_fits, is_other, is_text
from alignlab.ingest.records import IngestedSources, Problem
from alignlab.ingest.table_columns import names_energy
from alignlab.ingest.tables import table_pieces
from alignlab.progress import OnStep, part_of, report
from alignlab.spectra.events import is_event_file, read_events
from alignlab.spectra.fits_tables import read_tables
from alignlab.spectra.grid import EnergyGrid, share_out
from alignlab.spectra.ogip import OgipSpectrum, read_spectra
from alignlab.spectra.ogip_companions import stem
from alignlab.spectra.response import CHANNEL_EDGES_KEV, DETECTORS, MODEL_EDGES_KEV

#: Files of a folder that are taken for spectra or events.
_IN_FOLDERS = re.compile(r".*(\.pi|\.pha|\.pha2|_pha\d?\.fits|_spec\.fits|evt\d?\.fits)(\.gz)?", re.IGNORECASE)
#: Names of tables as text.
_TEXT = re.compile(r"\.(csv|tsv|txt|dat|ecsv|vot|votable|xml|qdp)(\.gz)?$", re.IGNORECASE)
#: Events spread over more than this are those of a field; over more than that, perhaps of several sources.
_FIELD_ARCMIN, _BLEND_ARCMIN = 5.0, 1.0
_READING_SHARE = 0.6


def spectra_to_contents(
    paths: Iterable[str | Path],
    *,
    grid: EnergyGrid,
    companions: Mapping[Path, Mapping[str, Path]] | None = None,
    only_beside: bool = False,
    on_step: OnStep | None = None,
) -> IngestedSources:
    """Read OGIP spectra (and event files, all photons of a file being one source) and measure their variables.

    Tables of energy and counts or rate (FITS, CSV, ECSV, VOTable: `alignlab.ingest.tables`) are spectra too.

    A file that another one uses as background, ARF or RMF is not a source of its own and is passed over.

    Parameters
    ----------
    paths : iterable of path-like
        Files; of a folder those that are called like spectra or events.
    grid : EnergyGrid
        Where the spectra go.
    companions : mapping of Path to mapping of str to Path, optional
        ``arf``, ``rmf`` and ``background`` of a spectrum that are to be used, whatever its header names.
    only_beside : bool
        Whether what a header names is looked for in the folder of its file alone.
    on_step : callable, optional
        ``on_step(done, total, info) -> bool``.

    Raises
    ------
    StoppedError
        If `on_step` returned False.
    """
    files = _files(paths)
    reading = part_of(on_step, 0.0, _READING_SHARE)
    pieces: list[tuple[Path, SourcePiece]] = []
    problems: list[tuple[Path, Problem]] = []
    used: set[Path] = set()
    for i, path in enumerate(files):
        read = partial(_spectra, chosen=(companions or {}).get(path, {}), used=used, only_beside=only_beside)
        report(reading, i, len(files), f"reading {path.name}")
        try:
            pieces += [(path, piece) for piece in _pieces(path, grid, read)]
        except InputFileError as problem:
            problems.append((path, Problem(_shown(path), with_remedy(problem.problem, problem.remedy))))
    return assemble(
        [piece for path, piece in pieces if path.resolve() not in used],
        grid=grid,
        problems=[problem for path, problem in problems if path.resolve() not in used],
        on_step=part_of(on_step, _READING_SHARE, 1.0),
    )


def _files(paths: Iterable[str | Path]) -> list[Path]:
    """The files once each, folders replaced by what they hold."""
    found: list[Path] = []
    for path in map(Path, paths):
        inside = sorted(p for p in path.iterdir() if _IN_FOLDERS.fullmatch(p.name)) if path.is_dir() else []
        found += inside or [path]
    return list({path.resolve(): path for path in found}.values())


def _pieces(path: Path, grid: EnergyGrid, read: Callable[[Path], list[OgipSpectrum]]) -> list[SourcePiece]:
    """The sources of a file: OGIP spectra, else the events, else a table of energy and counts or rate."""
    if path.is_file() and not is_fits(path) and (is_text(path) or _TEXT.search(path.name)):
        return table_pieces(path, grid)
    try:
        return [spectrum_piece(spectrum, grid) for spectrum in read(path)]
    except InputFileError as problem:
        if not is_fits(path):
            if is_other(path):
                return table_pieces(path, grid)
            raise
        tables = read_tables(path, columns=())
        if is_event_file(tables):
            return [_event_piece(path, grid)]
        if any(t.text("HDUCLAS1").upper() in {"SPECTRUM", "RESPONSE"} or "CHANNEL" in t.column_names
               for t in tables.tables):  # fmt: skip
            raise
        try:
            return table_pieces(path, grid)
        except InputFileError:
            if any(names_energy(name) for table in tables.tables for name in table.column_names):
                raise
            raise problem from None


def _shown(path: Path) -> str:
    return path.name or str(path)


def _spectra(path: Path, *, chosen: Mapping[str, Path], used: set[Path], only_beside: bool) -> list[OgipSpectrum]:
    """Spectra of a file; the companions they use are added to `used`."""
    spectra = read_spectra(path, **chosen, only_beside=only_beside)
    for spectrum in spectra:
        for companion in (spectrum.arf, spectrum.rmf, spectrum.background):
            if companion is not None and companion.path != spectrum.path:
                used.add(companion.path.resolve())
    if any("calls itself a background" in note for note in spectra[0].notes):
        raise InputFileError(path, "a background spectrum; expected that of a source")
    return spectra


def spectrum_piece(spectrum: OgipSpectrum, grid: EnergyGrid) -> SourcePiece:
    """One spectrum as a source, its counts and its response on the bins that all sources share.

    Raises
    ------
    InputFileError
        If it has no counts from 0.5 to 8 keV.
    """
    counts, background = spectrum.to_grid(grid)
    low, high = grid.edges_kev[[0, -1]]
    if not counts.sum() > 0:
        raise InputFileError(spectrum.path, f"no counts between {low:g} and {high:g} keV")
    bins = spectrum.edges_kev, CHANNEL_EDGES_KEV
    under = spectrum.background_counts
    area, matrix = _response(spectrum)
    seen, notes = spectrum.observation, list(spectrum.notes)
    if under is None:
        notes.append("background unknown: net counts are all counts")
    if matrix is None and seen.detector in DETECTORS:
        notes.append(f"fits with the analytic response of {seen.detector}")
    return SourcePiece(
        name=_name(spectrum), source_file=spectrum.path.name, ra=seen.ra, dec=seen.dec, obsid=seen.obsid,
        detector=seen.detector, year=seen.year, exposure_s=spectrum.exposure_s,
        channel_counts=share_out(spectrum.counts, *bins),
        channel_background=None if under is None else share_out(under, *bins),
        counts=counts.astype(np.float32), background=None if background is None else background.astype(np.float32),
        area_cm2=area, redistribution=matrix, notes=tuple(notes),
    )  # fmt: skip


def _response(spectrum: OgipSpectrum) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """The source's own effective area and redistribution, on the energies and channels of the simulated ones."""
    arf, rmf = spectrum.arf, spectrum.rmf
    area = None if arf is None else arf.on(MODEL_EDGES_KEV)
    if rmf is None:
        return area, None
    matrix = rmf.rebinned(MODEL_EDGES_KEV, CHANNEL_EDGES_KEV)
    if rmf.includes_area:
        area = rmf.rebinned(MODEL_EDGES_KEV, rmf.edges_kev).sum(axis=1)
        matrix = np.divide(matrix, area[:, None], out=np.zeros_like(matrix), where=area[:, None] > 0)
    return (None, None) if area is None else (area, matrix)


def _name(spectrum: OgipSpectrum) -> str:
    """The object's name; the file's where there is none, both where many observations of a field were merged."""
    seen, own = spectrum.observation, stem(spectrum.path)
    if not seen.object_name:
        return own
    return f"{seen.object_name} ({own})" if seen.n_observations > 1 else seen.object_name


def _event_piece(path: Path, grid: EnergyGrid) -> SourcePiece:
    """All photons of an event file as one source.

    Raises
    ------
    InputFileError
        If they are those of a whole field.
    """
    events = read_events(path, band_kev=(CHANNEL_EDGES_KEV[0], CHANNEL_EDGES_KEV[-1]))
    spread = f"over {events.extent_arcmin:.1f} arcmin and {max(events.n_chips, 1)} chip{'s' * (events.n_chips > 1)}"
    if events.extent_arcmin > _FIELD_ARCMIN:
        raise InputFileError(
            path,
            f"the events of a whole field: {len(events.time_s):,} of them, spread {spread}",
            remedy="Cut out one source first, or name where to look: 'alignlab ingest events FILE --positions TABLE'.",
        )
    channels = photon_channels(events.energy_kev)
    counts = on_grid(channels, grid)
    if not counts.sum() > 0:
        raise InputFileError(path, "no events between 0.5 and 8 keV")
    in_band = (events.energy_kev >= grid.edges_kev[0]) & (events.energy_kev < grid.edges_kev[-1])
    seen = events.observation
    notes = ["all events of the file taken for one source", "background unknown: net counts are all counts"]
    if events.extent_arcmin > _BLEND_ARCMIN:
        notes.append(f"its events are spread {spread}: several sources may be among them")
    return SourcePiece(
        name=seen.object_name or stem(path), source_file=path.name, ra=seen.ra, dec=seen.dec, obsid=seen.obsid,
        detector=seen.detector, year=seen.year, exposure_s=events.exposure_s, channel_counts=channels, counts=counts,
        time_s=(events.time_s[in_band] - events.start_s).astype(np.float32), energy_kev=events.energy_kev[in_band],
        span_s=events.stop_s - events.start_s, may_fit=False,
        notes=(*events.notes, *notes),
    )  # fmt: skip
