"""Quick-look spectra and light curves of the sources in an event file, one for each position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, first_few
from alignlab.ingest.assemble import SourcePiece, on_grid, photon_channels
from alignlab.ingest.positions import Positions
from alignlab.ingest.records import Problem
from alignlab.progress import OnStep
from alignlab.spectra.aperture_events import ApertureEvents, collect
from alignlab.spectra.apertures import Apertures, aperture_radius_arcsec
from alignlab.spectra.event_file import UNKNOWN_CHIP, EventFile, open_event_file
from alignlab.spectra.good_times import Intervals
from alignlab.spectra.grid import EnergyGrid
from alignlab.spectra.response import CHANNEL_EDGES_KEV, DETECTORS

#: Most positions that one file is asked for.
MAX_POSITIONS = 20_000
#: Shares on the chips below which a ring or an aperture is said to be covered badly.
_WELL_COVERED = 0.9
#: A ring with less of its area on the chips than this many apertures tells no background.
_LEAST_RING = 1.0
#: Share of the good times' span that gaps may take without a word.
_SMALL_GAPS = 0.01
_MOST_NAMED = 3
#: Photons of an aperture in one frame above which pile-up matters on axis ("The Chandra ABC Guide to Pileup", CXC).
_CROWDED_FRAME = 0.1


@dataclass(frozen=True, kw_only=True)
class ApertureRules:
    """How large apertures and background rings are.

    Attributes
    ----------
    aperture_scale : float
        Radius of the aperture in units of `alignlab.spectra.apertures.aperture_radius_arcsec`.
    ring_inner, ring_outer : float
        Radii of the background ring in units of the aperture's.
    least_ring_arcsec : float
        The outer radius is never smaller.
    """

    aperture_scale: float = 1.0
    ring_inner: float = 2.0
    ring_outer: float = 5.0
    least_ring_arcsec: float = 20.0


@dataclass(frozen=True, eq=False, kw_only=True)
class EventSources:
    """What an event file gives.

    Attributes
    ----------
    pieces : tuple of SourcePiece
    problems : tuple of Problem
        Positions that were left out.
    facts : mapping of str to number or str
        Of the file: events that count, those left out by reason, good time, and what was assumed.
    """

    pieces: tuple[SourcePiece, ...]
    problems: tuple[Problem, ...]
    facts: Mapping[str, object]


def event_sources(
    path: str | Path,
    positions: Positions,
    *,
    grid: EnergyGrid,
    rules: ApertureRules | None = None,
    on_step: OnStep | None = None,
) -> EventSources:
    """Count the photons around positions in a level-2 event file of ACIS.

    The aperture holds about 90% of a point source's photons (1.5 keV) and is not corrected for the rest; the background
    is that of a ring around it, without the apertures of other sources, scaled by the areas on the chips. Exposure and
    light curve follow the good times of the chip that holds most of the photons.

    Raises
    ------
    AlignlabError
        If the file is no such event file or damaged, or there are too many positions.
    StoppedError
        If `on_step` returned False.
    """
    if len(positions.names) > MAX_POSITIONS:
        raise AlignlabError(
            f"{len(positions.names):,} positions for one event file; at most {MAX_POSITIONS:,} are taken.",
            remedy="Select those within its field first.",
        )
    rules = rules or ApertureRules()
    file = open_event_file(path)
    theta = off_axis_arcmin(file, positions)
    x, y = file.frame.to_pixels(positions.ra, positions.dec)
    ahead = np.flatnonzero(np.isfinite(x + y))
    pixel = file.frame.pixel_arcsec
    radius = rules.aperture_scale * aperture_radius_arcsec(theta[ahead])
    outer = np.maximum(np.maximum(rules.ring_outer * radius, rules.least_ring_arcsec), rules.ring_inner * radius)
    apertures = Apertures(
        x=x[ahead], y=y[ahead], radius=radius / pixel, inner=rules.ring_inner * radius / pixel, outer=outer / pixel
    )
    found = collect(file, apertures, on_step=on_step)
    cutter = _Cutter(file, positions, ahead, theta[ahead], apertures, found, grid)
    pieces = []
    problems = [
        Problem(positions.names[row], "on the other side of the sky") for row in np.flatnonzero(np.isnan(x + y))
    ]
    for i, row in enumerate(ahead):
        missing = cutter.why_not(i)
        if missing:
            problems.append(Problem(positions.names[row], missing))
        else:
            pieces.append(cutter.piece(i))
    facts = {
        "events": found.n_events,
        **{f"events {reason}": n for reason, n in found.left_out.items() if n},
        "notes": "; ".join((*file.notes, *positions.notes)),
    }
    return EventSources(pieces=tuple(pieces), problems=tuple(problems), facts=facts)


def off_axis_arcmin(file: EventFile, positions: Positions) -> NDArray[np.float64]:
    """Angles of positions from where the optical axis of the file pointed, in arcmin."""
    from astropy.coordinates import angular_separation

    places = (np.radians(angle) for angle in (file.axis_ra, file.axis_dec, positions.ra, positions.dec))
    return np.degrees(angular_separation(*places)) * 60


@dataclass(frozen=True, eq=False)
class _Cutter:
    """Makes a source of what fell into its aperture; `rows` are the positions that the apertures are of."""

    file: EventFile
    positions: Positions
    rows: NDArray[np.intp]
    theta: NDArray[np.float64]
    apertures: Apertures
    found: ApertureEvents
    grid: EnergyGrid

    def why_not(self, i: int) -> str:
        """Why source i cannot be used; "" if it can."""
        if not self.found.aperture_share[i] > 0:
            away = f"{self.theta[i]:.1f} arcmin from the optical axis"
            return f"outside the field of {self.file.path.name} ({away}, where no photon fell)"
        if not self._in_band(i).any():
            low, high = self.grid.edges_kev[[0, -1]]
            return f"not one photon between {low:g} and {high:g} keV in its aperture of {self._radius(i):.1f} arcsec"
        chip = self._chip(i)
        if not self._exposure(chip) > 0:
            return "no exposure: the file has neither good times nor an exposure in its header"
        if self._detector(chip) not in DETECTORS:
            return "on unknown chips: the file has no column CCD_ID, and DETNAM does not decide"
        return ""

    def piece(self, i: int) -> SourcePiece:
        """Source i as readers hand it on."""
        chip, row, seen = self._chip(i), self.rows[i], self.file.observation
        detector = self._detector(chip)
        channels = photon_channels(self.found.energy_kev[i])
        under, background_notes = self._background(i)
        intervals = self._times(chip)
        in_band = self._in_band(i)
        notes = [
            f"aperture of {self._radius(i):.1f} arcsec around the position, {self.theta[i]:.1f} arcmin off axis: about "
            "90% of a point source's photons, not corrected for the rest",
            *background_notes,
            *self._overlap_notes(i),
            *self._edge_notes(i, chip),
            *_gap_notes(intervals),
            *self._pile_up_notes(i, chip),
            f"fits with the analytic response of {detector}",
            *(note for note in self.file.notes if "DTCOR" in note or "good time" in note),
        ]
        return SourcePiece(
            name=self.positions.names[row], source_class=self.positions.source_classes[row],
            source_file=self.file.path.name, ra=float(self.positions.ra[row]), dec=float(self.positions.dec[row]),
            obsid=seen.obsid, detector=detector, year=seen.year, theta_arcmin=float(self.theta[i]),
            exposure_s=self._exposure(chip), channel_counts=channels, channel_background=under,
            counts=on_grid(channels, self.grid),
            background=None if under is None else on_grid(under, self.grid),
            time_s=intervals.clock_s(self.found.time_s[i][in_band]).astype(np.float32),
            energy_kev=self.found.energy_kev[i][in_band], span_s=intervals.length_s, may_fit=under is not None,
            notes=tuple(notes),
        )  # fmt: skip

    def _radius(self, i: int) -> float:
        return float(self.apertures.radius[i] * self.file.frame.pixel_arcsec)

    def _in_band(self, i: int) -> NDArray[np.bool_]:
        energy = self.found.energy_kev[i]
        return (energy >= self.grid.edges_kev[0]) & (energy < self.grid.edges_kev[-1])

    def _chip(self, i: int) -> int:
        """The chip that holds most of the photons."""
        numbers, counts = np.unique(self.found.chip[i], return_counts=True)
        return int(numbers[counts.argmax()]) if len(numbers) else UNKNOWN_CHIP

    def _detector(self, chip: int) -> str:
        return self.file.detector_of(chip)

    def _times(self, chip: int) -> Intervals:
        """Good times of a chip; from the first event to the last where the file has none."""
        known = self.file.times_of(chip)
        return known or Intervals.merged(np.array([self.found.first_s]), np.array([self.found.last_s]))

    def _exposure(self, chip: int) -> float:
        return self.file.exposure_of(chip)

    def _background(self, i: int) -> tuple[NDArray[np.float64] | None, list[str]]:
        """Background expected in the aperture by channel, and how it was found; None where the ring tells nothing."""
        area, ring = self.apertures.circle_area(i), self.found.ring_area[i]
        radii = [r[i] * self.file.frame.pixel_arcsec for r in (self.apertures.inner, self.apertures.outer)]
        where = f"ring of {radii[0]:.1f} to {radii[1]:.1f} arcsec"
        if ring < _LEAST_RING * area:
            return None, [
                f"background unknown: what other sources and the chips' edges leave of the {where} is smaller than the "
                "aperture; net counts are all counts"
            ]
        counts = self.found.ring_counts[i]
        total = int(counts[(CHANNEL_EDGES_KEV[:-1] >= 0.5) & (CHANNEL_EDGES_KEV[:-1] < 8.0)].sum())
        notes = [f"background from {total:,} photons in a {where}, scaled by {area / ring:.3g}"]
        if self.found.ring_share[i] < _WELL_COVERED:
            notes.append(
                f"{1 - self.found.ring_share[i]:.0%} of its background ring lies where no photon fell, beyond the "
                "chips: the background is that of the rest"
            )
        return counts * (area / ring), notes

    def _overlap_notes(self, i: int) -> list[str]:
        others = self.apertures.overlapping(i)
        if not len(others):
            return []
        x, y = self.apertures.circle_points(i)
        shared = np.zeros(len(x), bool)
        for j in others:
            shared |= self.apertures.in_circle(int(j), x, y)
        named = first_few([self.positions.names[self.rows[j]] for j in others], _MOST_NAMED)
        return [f"overlap: {shared.mean():.0%} of its aperture lies in that of {named}; photons there count for each"]

    def _edge_notes(self, i: int, chip: int) -> list[str]:
        notes = []
        if self.found.aperture_share[i] < _WELL_COVERED:
            notes.append(
                f"at the edge of the field: {1 - self.found.aperture_share[i]:.0%} of its aperture lies where no "
                "photon fell; its exposure is less than is told"
            )
        elsewhere = int((self.found.chip[i] != chip).sum())
        if elsewhere:
            notes.append(f"{elsewhere} of its {len(self.found.chip[i])} photons fell on another chip than {chip}")
        return notes

    def _pile_up_notes(self, i: int, chip: int) -> list[str]:
        frame = self.file.events.head.number("TIMEDEL")
        in_frame = len(self.found.time_s[i]) / self._exposure(chip) * frame
        if not in_frame > _CROWDED_FRAME:
            return []
        return [f"{in_frame:.2g} photons in a frame of {frame:.2g} s: pile-up may have distorted its spectrum"]


def _gap_notes(intervals: Intervals) -> list[str]:
    gaps = intervals.span_s - intervals.length_s
    if gaps <= _SMALL_GAPS * intervals.span_s:
        return []
    return [f"{len(intervals.start_s) - 1} gaps in the good times, {gaps:,.0f} s in all, are closed in its light curve"]
