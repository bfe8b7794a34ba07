"""Where the sky pixels of an event list lie on the sky: the tangent plane that its columns X and Y are counted in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import InputFileError
from alignlab.spectra.fits_tables import Table

_EXPECTED = "sky columns X and Y with TCTYP, TCRVL, TCRPX and TCDLT of RA---TAN and DEC--TAN"


@dataclass(frozen=True, kw_only=True)
class SkyFrame:
    """A gnomonic projection without rotation (Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3).

    Attributes
    ----------
    ra, dec : float
        The reference position, ICRS in degrees (TCRVL).
    x, y : float
        Its pixel (TCRPX).
    step_x, step_y : float
        Degrees a pixel (TCDLT), usually negative in x.
    """

    ra: float
    dec: float
    x: float
    y: float
    step_x: float
    step_y: float

    @property
    def pixel_arcsec(self) -> float:
        """Size of a pixel."""
        return 3600 * math.sqrt(abs(self.step_x * self.step_y))

    def to_pixels(self, ra: ArrayLike, dec: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sky pixels of positions in degrees; NaN 90 degrees from the reference and beyond, where there are none."""
        turn, height = np.radians(np.asarray(ra, float) - self.ra), np.radians(np.asarray(dec, float))
        centre = math.radians(self.dec)
        ahead = np.sin(height) * math.sin(centre) + np.cos(height) * math.cos(centre) * np.cos(turn)
        ahead = np.where(ahead > 1e-6, ahead, np.nan)
        east = np.cos(height) * np.sin(turn) / ahead
        north = (np.sin(height) * math.cos(centre) - np.cos(height) * math.sin(centre) * np.cos(turn)) / ahead
        return self.x + np.degrees(east) / self.step_x, self.y + np.degrees(north) / self.step_y

    def to_sky(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions in degrees, right ascension from 0 to 360, of sky pixels."""
        east = np.radians((np.asarray(x, float) - self.x) * self.step_x)
        north = np.radians((np.asarray(y, float) - self.y) * self.step_y)
        centre = math.radians(self.dec)
        ahead = math.cos(centre) - north * math.sin(centre)
        ra = self.ra + np.degrees(np.arctan2(east, ahead))
        dec = np.degrees(np.arctan2(math.sin(centre) + north * math.cos(centre), np.hypot(ahead, east)))
        return ra % 360, dec


def sky_frame(events: Table) -> SkyFrame:
    """The frame that the header of a table of events gives for its columns X and Y.

    Raises
    ------
    InputFileError
        If there is none, another projection, or a rotated one.
    """
    numbers = [_number_of(events, name) for name in ("X", "Y")]
    kinds = [events.text(f"TCTYP{n}").upper() for n in numbers]
    if kinds != ["RA---TAN", "DEC--TAN"]:
        told = " and ".join(kind or "nothing" for kind in kinds)
        raise events.error(f"columns X and Y are {told} on the sky; expected {_EXPECTED}")
    if any(events.number(f"TCROT{n}") not in (0.0,) and not math.isnan(events.number(f"TCROT{n}")) for n in numbers):
        raise events.error("columns X and Y are rotated (TCROT)", remedy="Reproject the events first.")
    ra, dec, x, y, step_x, step_y = (
        events.number(f"{key}{n}") for key in ("TCRVL", "TCRPX", "TCDLT") for n in numbers
    )  # fmt: skip
    if not (0 <= ra <= 360 and -90 <= dec <= 90 and math.isfinite(x + y)
            and all(1e-7 < abs(step) < 1 for step in (step_x, step_y))):  # fmt: skip
        raise events.error(f"the frame of columns X and Y is incomplete or out of range; expected {_EXPECTED}")
    return SkyFrame(ra=ra, dec=dec, x=x, y=y, step_x=step_x, step_y=step_y)


def _number_of(events: Table, name: str) -> int:
    if name not in events.column_names:
        present = ", ".join(events.column_names) or "none"
        raise InputFileError(
            events.path, f"{events.label}: no column {name} (columns: {present}); expected {_EXPECTED}",
            remedy="Give a level-2 event file, whose photons have positions on the sky.",
        )  # fmt: skip
    return events.column_names.index(name) + 1
