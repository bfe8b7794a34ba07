"""One OGIP spectrum: what it is, and how it is read from a table (a whole one of type I, a row of one of type II).

Format: OGIP memos 92-007 and 92-007a (Arnaud, George & Tennant 2009).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import InputFileError
from alignlab.spectra.fits_tables import FitsTables, Table
from alignlab.spectra.grid import EnergyGrid, share_out
from alignlab.spectra.observation import Observation, observation_of
from alignlab.spectra.ogip_responses import Arf, Rmf, whole_channels

#: Columns that a spectrum may have.
COLUMNS = (
    "CHANNEL", "COUNTS", "RATE", "QUALITY", "GROUPING", "SPEC_NUM", "TG_M", "TG_PART", "EXPOSURE", "BACKSCAL",
    "AREASCAL", "BACKFILE", "ANCRFILE", "RESPFILE",
)  # fmt: skip
_EXPECTED = "a SPECTRUM table with columns CHANNEL and COUNTS or RATE"
#: Quality flags that mark a channel as bad (OGIP 92-007, section 3.1.1): by software, as dubious, by the user.
_BAD_QUALITY = (1, 2, 5)
#: More counts in a channel are damage.
_MAX_COUNTS = 1e10


@dataclass(frozen=True, eq=False, kw_only=True)
class OgipSpectrum:
    """A spectrum in channels, with its background, responses and facts from the header.

    Attributes
    ----------
    path : Path
        The file.
    counts : ndarray of float64, (n_ch,)
        Counts per channel in the source aperture (RATE times EXPOSURE where the file holds rates).
    channels : ndarray of int64, (n_ch,)
        Channel numbers.
    edges_kev : ndarray of float64, (n_ch + 1,)
        Nominal energies of the channel edges: EBOUNDS of the RMF, or 14.6 eV per PI channel of ACIS.
    exposure_s : float
        Exposure in seconds.
    backscal, areascal : ndarray of float64, (n_ch,)
        BACKSCAL and AREASCAL per channel.
    quality, grouping : ndarray of int16, (n_ch,)
        Flags of the file; the counts are not grouped.
    background : OgipSpectrum or None
        Background spectrum, in the same channels.
    arf : Arf or None
        Effective area, on the energies of `rmf` where there is one.
    rmf : Rmf or None
        Redistribution.
    observation : Observation
        Object, position, ObsID, detector and date.
    notes : tuple of str
        What was missing, assumed or odd.
    """

    path: Path
    counts: NDArray[np.float64]
    channels: NDArray[np.int64]
    edges_kev: NDArray[np.float64]
    exposure_s: float
    backscal: NDArray[np.float64]
    areascal: NDArray[np.float64]
    quality: NDArray[np.int16]
    grouping: NDArray[np.int16]
    background: OgipSpectrum | None
    arf: Arf | None
    rmf: Rmf | None
    observation: Observation
    notes: tuple[str, ...]

    @property
    def background_scale(self) -> NDArray[np.float64]:
        """Expected background counts in the source aperture per count of the background spectrum, (n_ch,).

        Ratio of exposures, BACKSCAL and AREASCAL (OGIP 92-007, section 3.1.4); NaN without a background.
        """
        if self.background is None:
            return np.full(len(self.counts), np.nan)
        source = self.exposure_s * self.backscal * self.areascal
        other = self.background.exposure_s * self.background.backscal * self.background.areascal
        return source / other

    @property
    def background_counts(self) -> NDArray[np.float64] | None:
        """Background counts expected in the source aperture per channel, or None."""
        return None if self.background is None else self.background.counts * self.background_scale

    def to_grid(self, grid: EnergyGrid) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Counts, and background counts expected in the source aperture (None if unknown), on `grid`; (n_bins,)."""
        counts, background = self.counts, self.background_counts
        edges = self.edges_kev, grid.edges_kev
        return share_out(counts, *edges), None if background is None else share_out(background, *edges)


@dataclass(frozen=True, eq=False)
class SpectrumReader:
    """One spectrum of a table: the whole table (`row` None) or a row of it."""

    file: FitsTables
    table: Table
    row: int | None

    def text(self, keyword: str) -> str:
        """A keyword as text, from the row's own column where there is one."""
        column = self.table.columns.get(keyword)
        if column is not None and self.row is not None:
            return str(column[self.row]).strip()
        return self.table.text(keyword)

    def _per_channel(self, keyword: str, n_channels: int, *, default: float) -> NDArray[np.float64]:
        column = self.table.columns.get(keyword)
        if column is None:
            value = self.table.number(keyword) if keyword in self.table.header else default
            return np.full(n_channels, value)
        if self.row is None:
            return self.table.vector(keyword, expected="a number per channel")
        cell = np.asarray(column[self.row])
        if cell.dtype.kind not in "iuf" or cell.size not in (1, n_channels):
            raise self.table.error(f"row {self.row + 1}: column {keyword} does not fit {n_channels} channels")
        return np.broadcast_to(cell.astype(np.float64).ravel(), n_channels).copy()

    def spectrum(self, *, may_be_empty: bool) -> OgipSpectrum:
        """Read the spectrum alone, without channel energies and companions.

        Raises
        ------
        InputFileError
            If a column or keyword is missing or holds what it cannot hold, or all channels are zero.
        """
        table = self.table
        exposure = self._exposure()
        counts, notes = self._counts(exposure)
        n = len(counts)
        if "CHANNEL" in table.columns:
            expected = "channel numbers, each one more than the last"
            numbers = table.vector("CHANNEL", expected=expected, row=self.row)
            if len(numbers) != n:
                raise table.error(f"{len(numbers)} channel numbers for {n} channels")
            channels = whole_channels(table, numbers)
        else:
            first = table.first_channel.get("CHANNEL", 1)
            channels = first + np.arange(n)
            notes += (f"no column CHANNEL: counted from {first}",)
        if "EXPOSURE" not in table.header and "EXPOSURE" not in table.columns:
            notes += ("no keyword EXPOSURE: LIVETIME or ONTIME was taken",)
        if not may_be_empty and not counts.any():
            raise table.error(f"all {n} channels are zero; expected counts")
        scales = {}
        for keyword in ("BACKSCAL", "AREASCAL"):
            scales[keyword] = self._per_channel(keyword, n, default=1.0)
            if not (np.isfinite(scales[keyword]).all() and (scales[keyword] > 0).all()):
                raise table.error(f"{keyword} is {scales[keyword].min():g}; expected a positive number")
        flags = {}
        for keyword in ("QUALITY", "GROUPING"):
            values = self._per_channel(keyword, n, default=0.0)
            usable = np.isfinite(values).all() and (np.abs(values) < 2**15).all()
            flags[keyword] = values.astype(np.int16) if usable else np.zeros(n, dtype=np.int16)
            notes += () if usable else (f"{keyword} holds absurd values and was ignored",)
        bad = int(np.isin(flags["QUALITY"], _BAD_QUALITY).sum())
        notes += (f"{bad} of {n} channels are flagged as bad (QUALITY) and were kept",) if bad else ()
        return OgipSpectrum(
            path=self.file.path, counts=counts, channels=channels, edges_kev=np.array([]), exposure_s=exposure,
            backscal=scales["BACKSCAL"], areascal=scales["AREASCAL"], quality=flags["QUALITY"],
            grouping=flags["GROUPING"], background=None, arf=None, rmf=None, observation=observation_of(table),
            notes=notes,
        )  # fmt: skip

    def _exposure(self) -> float:
        for keyword in ("EXPOSURE", "LIVETIME", "ONTIME"):
            value = float(self._per_channel(keyword, 1, default=np.nan)[0])
            if np.isfinite(value) and 0 < value < 1e12:
                return value
            if keyword in self.table.header or keyword in self.table.columns:
                raise self.table.error(f"{keyword} is {value:g}; expected a positive number of seconds")
        raise self.table.error("no keyword EXPOSURE; expected the exposure in seconds")

    def _counts(self, exposure_s: float) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        table, name = self.table, "COUNTS" if "COUNTS" in self.table.columns else "RATE"
        values = table.vector(name, expected="a number per channel", row=self.row)
        if not len(values):
            raise table.error("no channels; expected one row per channel")
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            raise table.error(f"column {name} is not a number in row {wrong[0] + 1} ({len(wrong)} in all)")
        negative = np.flatnonzero(values < 0)
        if len(negative):
            raise table.error(
                f"column {name} is negative in row {negative[0] + 1} ({len(negative)} in all); expected counts that "
                "include the background",
                remedy="Extract the spectrum without subtracting the background.",
            )
        if values.max() > _MAX_COUNTS / (exposure_s if name == "RATE" else 1.0):
            raise table.error(f"column {name} reaches {values.max():.3g}, which no X-ray spectrum does")
        if name == "COUNTS":
            return values, ()
        counts = values * exposure_s
        whole = np.rint(counts)
        counts = whole if np.allclose(counts, whole, atol=1e-2, rtol=1e-5) else counts
        return counts, ("the file holds rates: counts are RATE times EXPOSURE",)


def source_table(file: FitsTables) -> tuple[Table, tuple[str, ...]]:
    """The table of a file that holds the source's spectrum, and notes on how it was recognised.

    Raises
    ------
    InputFileError
        If there is none, or it is a grating spectrum.
    """
    holds = [t for t in file.tables if {"COUNTS", "RATE"} & set(t.columns)]
    named = [t for t in file.tables if t.name.upper() == "SPECTRUM" or t.text("HDUCLAS1").upper() == "SPECTRUM"]
    spectra = [t for t in holds if t in named]
    if named and not spectra:
        present = ", ".join(named[0].column_names)
        raise named[0].error(f"no column COUNTS or RATE (columns: {present}); expected {_EXPECTED}")
    if not spectra:
        spectra = [t for t in holds if "CHANNEL" in t.columns]
    if not spectra:
        raise InputFileError(file.path, f"no spectrum in it (tables: {file.describe()}); expected {_EXPECTED}")
    source = next((t for t in spectra if t.text("HDUCLAS2").upper() != "BKG"), None)
    notes = () if named else (f"{spectra[0].label} is not named SPECTRUM",)
    if source is None:
        source, notes = spectra[0], (*notes, "the file calls itself a background spectrum")
    if {"TG_M", "TG_PART"} & set(source.columns):
        raise source.error("a grating spectrum (columns TG_M, TG_PART); expected the spectrum of a CCD")
    return source, (*file.notes, *notes)


def is_type_two(table: Table) -> bool:
    """Whether each row of the table is a spectrum."""
    column = table.columns["COUNTS" if "COUNTS" in table.columns else "RATE"]
    return isinstance(column, list) or (np.ndim(column) == 2 and np.shape(column)[1] > 1)


def spread(spectrum: OgipSpectrum, channels: NDArray[np.int64]) -> OgipSpectrum:
    """The spectrum in more channels, which hold its own; without counts in the new ones."""
    at = slice(spectrum.channels[0] - channels[0], spectrum.channels[-1] - channels[0] + 1)

    def wider(values: NDArray, fill: float) -> NDArray:
        full = np.full(len(channels), fill, dtype=values.dtype)
        full[at] = values
        return full

    return replace(
        spectrum, channels=channels, counts=wider(spectrum.counts, 0), quality=wider(spectrum.quality, 0),
        grouping=wider(spectrum.grouping, 0), backscal=wider(spectrum.backscal, spectrum.backscal[0]),
        areascal=wider(spectrum.areascal, spectrum.areascal[0]),
    )  # fmt: skip
