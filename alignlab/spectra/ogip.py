"""Reading X-ray spectra in the OGIP format (PHA and PI files of types I and II) with what belongs to them.

Format: OGIP memos 92-007 and 92-007a (Arnaud, George & Tennant 2009). A file that cannot be used gives one
`InputFileError`; whatever is merely missing is said in the `notes` of the spectrum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputFileError
from alignlab.spectra.fits_tables import read_tables
from alignlab.spectra.grid import PI_CHANNEL_KEV
from alignlab.spectra.observation import acis_array
from alignlab.spectra.ogip_companions import find_companion
from alignlab.spectra.ogip_responses import Arf, Rmf, fold, read_arf, read_rmf, same_energies
from alignlab.spectra.ogip_spectrum import COLUMNS, OgipSpectrum, SpectrumReader, is_type_two, source_table, spread

__all__ = ["Arf", "OgipSpectrum", "Rmf", "fold", "read_arf", "read_rmf", "read_spectra", "read_spectrum"]

_MAX_SPECTRA = 1000

Response = TypeVar("Response", Arf, Rmf)


def read_spectrum(
    path: str | Path,
    *,
    arf: str | Path | None = None,
    rmf: str | Path | None = None,
    background: str | Path | None = None,
) -> OgipSpectrum:
    """Read a spectrum with its background and responses; of several spectra in the file (type II) the first.

    Parameters
    ----------
    path : path-like
        PHA or PI file, gzipped or not.
    arf, rmf, background : path-like, optional
        Companion files; those that the header names are found beside the spectrum otherwise. What was asked for here
        must be readable; what was found is left out with a note when it is not.

    Raises
    ------
    InputFileError
        If the spectrum cannot be used, or contradicts its RMF.
    """
    spectra = read_spectra(path, arf=arf, rmf=rmf, background=background)
    if len(spectra) == 1:
        return spectra[0]
    note = f"type II file with {len(spectra)} spectra: the first was taken"
    return replace(spectra[0], notes=(*spectra[0].notes, note))


def read_spectra(
    path: str | Path,
    *,
    arf: str | Path | None = None,
    rmf: str | Path | None = None,
    background: str | Path | None = None,
    only_beside: bool = False,
) -> list[OgipSpectrum]:
    """Read every spectrum of a file: one of type I, one per row of type II. See `read_spectrum`.

    With `only_beside`, what the header names is looked for in the folder of the file alone.
    """
    file = read_tables(path, columns=COLUMNS)
    table, notes = source_table(file)
    chosen = {"ARF": arf, "RMF": rmf, "background": background}
    if not is_type_two(table):
        return [_complete(SpectrumReader(file, table, None), chosen, notes, only_beside)]
    rows = len(table.columns["COUNTS" if "COUNTS" in table.columns else "RATE"])
    if not 0 < rows <= _MAX_SPECTRA:
        raise table.error(f"type II table with {rows} rows; expected 1 to {_MAX_SPECTRA} spectra")
    return [_complete(SpectrumReader(file, table, row), chosen, notes, only_beside) for row in range(rows)]


def _complete(
    reader: SpectrumReader, chosen: dict[str, str | Path | None], notes: tuple[str, ...], only_beside: bool
) -> OgipSpectrum:
    """Add background, responses and channel energies to a spectrum."""
    spectrum = reader.spectrum(may_be_empty=False)
    said = [*notes, *spectrum.notes]
    rmf = _companion(reader, "RMF", "RESPFILE", chosen, read_rmf, said, only_beside)
    arf = _companion(reader, "ARF", "ANCRFILE", chosen, read_arf, said, only_beside)
    if rmf is not None:
        said += rmf.notes
        spectrum = _in_channels_of(spectrum, rmf, said)
        edges = rmf.edges_kev
    else:
        edges = _nominal_edges(reader, spectrum, said)
    if rmf is not None and rmf.includes_area and arf is not None:
        arf = None
        said.append("the response includes the effective area: the ARF was left out")
    if arf is not None and rmf is not None and not same_energies(arf, rmf):
        area = arf.on(rmf.energy_edges_kev)
        arf = replace(arf, energy_edges_kev=rmf.energy_edges_kev, area_cm2=area)
        said.append("ARF and RMF have different energy bins: the area was averaged over those of the RMF")
    background = _background(reader, spectrum, chosen["background"], said, only_beside)
    detector = acis_array(rmf.chip if rmf else "", arf.chip if arf else "", spectrum.observation.chips)
    return replace(
        spectrum, edges_kev=edges, arf=arf, rmf=rmf, background=background and replace(background, edges_kev=edges),
        observation=replace(spectrum.observation, detector=detector or spectrum.observation.detector),
        notes=tuple(dict.fromkeys([*said, *spectrum.observation.notes])),
    )  # fmt: skip


def _companion(
    reader: SpectrumReader,
    kind: str,
    keyword: str,
    chosen: dict[str, str | Path | None],
    read: Callable[[str | Path], Response],
    said: list[str],
    only_beside: bool,
) -> Response | None:
    explicit = chosen[kind]
    if explicit is not None:
        return read(explicit)
    companion = find_companion(reader.file.path, named=reader.text(keyword), kind=kind, only_beside=only_beside)
    if companion.note:
        said.append(companion.note)
    if companion.path is None:
        return None
    try:
        return read(companion.path)
    except InputFileError as problem:
        said.append(f"{kind} left out: {problem.path.name}: {problem.problem}")
        return None


def _in_channels_of(spectrum: OgipSpectrum, rmf: Rmf, said: list[str]) -> OgipSpectrum:
    """The spectrum in the channels of its RMF, which may be more than those it lists."""
    first, last = rmf.channels[0], rmf.channels[-1]
    if spectrum.channels[0] < first or spectrum.channels[-1] > last:
        raise InputFileError(
            spectrum.path,
            f"its channels are {spectrum.channels[0]} to {spectrum.channels[-1]}, those of its RMF {rmf.path.name} "
            f"{first} to {last}",
            remedy="Give the RMF that was made for this spectrum.",
        )
    if len(spectrum.channels) == len(rmf.channels):
        return spectrum
    said.append(
        f"it lists {len(spectrum.channels)} of the {len(rmf.channels)} channels of its RMF: no counts in the others"
    )
    return spread(spectrum, rmf.channels)


def _nominal_edges(reader: SpectrumReader, spectrum: OgipSpectrum, said: list[str]) -> NDArray[np.float64]:
    chan_type, instrument = reader.table.text("CHANTYPE").upper(), reader.table.text("INSTRUME").upper()
    if chan_type != "PI" or instrument not in {"ACIS", ""}:
        raise reader.table.error(
            f"no RMF, so the energies of its channels (CHANTYPE {chan_type or 'missing'}, INSTRUME "
            f"{instrument or 'missing'}) are unknown",
            remedy="Put the RMF that RESPFILE names beside the spectrum.",
        )
    if instrument != "ACIS":
        said.append("the header names no instrument: ACIS was assumed")
    said.append(f"no RMF: channels of {1000 * PI_CHANNEL_KEV:.1f} eV assumed, as ACIS has in PI")
    return PI_CHANNEL_KEV * np.arange(spectrum.channels[0] - 1, spectrum.channels[-1] + 1, dtype=np.float64)


def _background(
    reader: SpectrumReader, spectrum: OgipSpectrum, chosen: str | Path | None, said: list[str], only_beside: bool
) -> OgipSpectrum | None:
    if chosen is not None:
        return _matched(_background_in(chosen), spectrum)
    try:
        beside = _background_beside(reader)
        if beside is not None:
            return _matched(beside, spectrum)
        named = reader.text("BACKFILE")
        companion = find_companion(reader.file.path, named=named, kind="background", only_beside=only_beside)
        if companion.path is not None and companion.path.name == reader.file.path.name:
            said.append("BACKFILE names the spectrum itself, which holds no background")
            return None
        if companion.note:
            said.append(companion.note)
        return None if companion.path is None else _matched(_background_in(companion.path), spectrum)
    except InputFileError as problem:
        said.append(f"background left out: {problem.path.name}: {problem.problem}")
        return None


def _background_in(path: str | Path) -> SpectrumReader:
    """Background spectrum of a file of its own, where it may or may not be called one."""
    file = read_tables(path, columns=COLUMNS)
    flagged = [t for t in file.tables if t.text("HDUCLAS2").upper() == "BKG" and {"COUNTS", "RATE"} & set(t.columns)]
    return SpectrumReader(file, flagged[0] if flagged else source_table(file)[0], None)


def _background_beside(reader: SpectrumReader) -> SpectrumReader | None:
    """Background spectrum in another table of the source's own file, as the catalogue's products have it."""
    for table in reader.file.tables:
        holds_counts = bool({"COUNTS", "RATE"} & set(table.columns))
        if table is not reader.table and holds_counts and table.text("HDUCLAS2").upper() == "BKG":
            return SpectrumReader(reader.file, table, None)
    return None


def _matched(reader: SpectrumReader, spectrum: OgipSpectrum) -> OgipSpectrum:
    """A background spectrum in the channels of its source."""
    if is_type_two(reader.table):
        raise reader.table.error("a background of type II; expected one spectrum")
    background = reader.spectrum(may_be_empty=True)
    if background.channels[0] < spectrum.channels[0] or background.channels[-1] > spectrum.channels[-1]:
        raise reader.table.error(
            f"background channels are {background.channels[0]} to {background.channels[-1]}, those of the source "
            f"{spectrum.channels[0]} to {spectrum.channels[-1]}"
        )
    same = len(background.channels) == len(spectrum.channels)
    return background if same else spread(background, spectrum.channels)
