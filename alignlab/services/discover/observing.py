"""What one must know to observe a source again: where it is, how bright, when it can be seen, and where to read on."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.sky_map import sexagesimal
from alignlab.services.discover.brightness import Brightness, brightnesses
from alignlab.services.sky_links import SkyLink, sky_links
from alignlab.store.survey import Survey

#: Chandra points no closer to the Sun than this (Proposers' Observatory Guide, section on target visibility).
CHANDRA_SUN_AVOIDANCE_DEG = 46.4
#: An hour counts when the Sun is lower than the one (astronomical night) and the source higher than the other (two
#: airmasses).
NIGHT_SUN_ALTITUDE_DEG, SOURCE_ALTITUDE_DEG = -18.0, 30.0
#: A month counts with so many such hours in the night of its middle, or with so large a share of Chandra's days.
FEWEST_HOURS, FEWEST_DAYS_SHARE = 3.0, 0.5
#: The year whose Sun is used: from year to year it differs by less than a degree.
_YEAR = 2026
_STEPS_A_DAY = 288
_MONTHS = tuple(calendar.month_abbr[1:])


@dataclass(frozen=True, kw_only=True)
class Site:
    """A place of telescopes."""

    name: str
    latitude_deg: float


SITES: tuple[Site, ...] = (
    Site(name="Maunakea", latitude_deg=19.82),
    Site(name="La Palma", latitude_deg=28.76),
    Site(name="Paranal", latitude_deg=-24.63),
    Site(name="Sutherland", latitude_deg=-32.38),
)


@dataclass(frozen=True, kw_only=True)
class Visibility:
    """When a source can be seen from one place.

    Attributes
    ----------
    place : str
        A site, or Chandra.
    amount : tuple of float
        Twelve numbers, one per month: hours in the night of its middle, or for Chandra the share of its days.
    months : tuple of int
        Months that count, 1 to 12.
    """

    place: str
    amount: tuple[float, ...]
    months: tuple[int, ...]

    @property
    def words(self) -> str:
        """``Nov–Apr``, ``Jan, Jul–Aug``, ``all year`` or ``never``."""
        return months_in_words(self.months)


@dataclass(frozen=True, kw_only=True)
class ObservingEssentials:
    """What one must know to observe a source.

    Attributes
    ----------
    ra_deg, dec_deg : float
        ICRS; NaN where the survey has no position.
    coordinates : str
        The same in hours and degrees, ``12 29 06.69 +02 03 08.6``; empty where there is none.
    brightness : Brightness
    chandra : Visibility or None
    ground : tuple of Visibility
        One per site.
    links : tuple of SkyLink
        Empty where nothing real lies at the position.
    """

    ra_deg: float
    dec_deg: float
    coordinates: str
    brightness: Brightness
    chandra: Visibility | None
    ground: tuple[Visibility, ...]
    links: tuple[SkyLink, ...]


def visibility_in_words() -> str:
    """How visibility is computed, for whoever reads it."""
    return (
        f"From the ground a month counts if in the night of its 15th the source is above {SOURCE_ALTITUDE_DEG:g}° for "
        f"at least {FEWEST_HOURS:g} h with the Sun below −{-NIGHT_SUN_ALTITUDE_DEG:g}°: sin(altitude) = sin φ sin δ + "
        f"cos φ cos δ cos(hour angle). For Chandra it counts if on at least {FEWEST_DAYS_SHARE:.0%} of its days the "
        f"source is more than {CHANDRA_SUN_AVOIDANCE_DEG:g}° from the Sun. Moon, weather and Chandra's pitch angles "
        "are left out."
    )


def observing_essentials(
    survey: Survey, rows: Sequence[int], *, sites: Sequence[Site] = SITES
) -> list[ObservingEssentials]:
    """What one must know to observe sources of a survey.

    Parameters
    ----------
    survey : Survey
    rows : sequence of int
        Which sources.
    sites : sequence of Site
        Places on the ground.

    Returns
    -------
    list of ObservingEssentials
        One per row.
    """
    chosen = survey.sources.iloc[list(rows)]
    ra, dec = chosen["ra"].to_numpy(np.float64), chosen["dec"].to_numpy(np.float64)
    chandra = chandra_days(ra, dec)
    hours = [ground_hours(ra, dec, latitude_deg=site.latitude_deg) for site in sites]
    brightness = brightnesses(survey, rows)
    found = []
    for place in range(len(chosen)):
        known = bool(np.isfinite(ra[place]) and np.isfinite(dec[place]))
        found.append(
            ObservingEssentials(
                ra_deg=float(ra[place]),
                dec_deg=float(dec[place]),
                coordinates=sexagesimal(ra[place], dec[place]) if known else "",
                brightness=brightness[place],
                chandra=_visibility("Chandra", chandra[place], FEWEST_DAYS_SHARE) if known else None,
                ground=tuple(
                    _visibility(site.name, of_site[place], FEWEST_HOURS)
                    for site, of_site in zip(sites, hours, strict=True)
                    if known
                ),
                links=sky_links(ra[place], dec[place]) if known and survey.has_real_positions else (),
            )
        )
    return found


def chandra_days(ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each month's days on which positions are far enough from the Sun for Chandra, shape (n, 12)."""
    sun_ra, sun_dec, month = _sun_by_day()
    cosine = _directions(ra_deg, dec_deg) @ _directions(sun_ra, sun_dec).T
    allowed = cosine < np.cos(np.radians(CHANDRA_SUN_AVOIDANCE_DEG))
    return np.stack([allowed[:, month == m].mean(axis=1) for m in range(1, 13)], axis=1)


def ground_hours(
    ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64], *, latitude_deg: float
) -> NDArray[np.float64]:
    """Hours in the night of each month's 15th in which positions are high in a dark sky, shape (n, 12)."""
    sun_ra, sun_dec, _ = _sun_by_day()
    middle = _middle_days()
    hour_angle = np.linspace(0, 360, _STEPS_A_DAY, endpoint=False)
    hours = np.empty((len(ra_deg), 12))
    for month, day in enumerate(middle):
        night = _altitude(sun_dec[day], hour_angle, latitude_deg) < NIGHT_SUN_ALTITUDE_DEG
        of_source = hour_angle[night] + sun_ra[day] - ra_deg[:, None]
        high = _altitude(dec_deg[:, None], of_source, latitude_deg) > SOURCE_ALTITUDE_DEG
        hours[:, month] = 24 / _STEPS_A_DAY * high.sum(axis=1)
    return hours


def months_in_words(months: Sequence[int]) -> str:
    """``Nov–Apr``, ``Jan, Jul–Aug``, ``all year`` or ``never``; months that follow each other, over New Year too."""
    chosen = {month % 12 for month in months}
    if len(chosen) in (0, 12):
        return "all year" if chosen else "never"
    told = []
    # From the first that follows a gap, so that a stretch over New Year is not cut in two.
    for first in sorted((m for m in chosen if (m - 1) % 12 not in chosen), key=lambda m: (m - 1) % 12):
        last = first
        while (last + 1) % 12 in chosen:
            last = (last + 1) % 12
        names = _MONTHS[(first - 1) % 12], _MONTHS[(last - 1) % 12]
        told.append(names[0] if first == last else "–".join(names))
    return ", ".join(told)


def _visibility(place: str, amount: NDArray[np.float64], fewest: float) -> Visibility:
    months = tuple(int(m) for m in np.flatnonzero(amount >= fewest - 1e-9) + 1)
    return Visibility(place=place, amount=tuple(float(x) for x in amount), months=months)


@cache
def _sun_by_day() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Right ascension and declination of the Sun at each day's noon, in degrees, and the day's month."""
    from astropy.coordinates import get_sun
    from astropy.time import Time, TimeDelta

    n_days = 366 if calendar.isleap(_YEAR) else 365
    # Terrestrial time: nothing here needs the Earth's rotation, which would have to be looked up.
    noon = Time(f"{_YEAR}-01-01T12:00:00", scale="tt") + TimeDelta(np.arange(n_days), format="jd", scale="tt")
    sun = get_sun(noon)
    month = np.repeat(np.arange(1, 13), [calendar.monthrange(_YEAR, m)[1] for m in range(1, 13)])
    return sun.ra.deg, sun.dec.deg, month


def _middle_days() -> NDArray[np.int64]:
    """Day of the year, from 0, of each month's 15th."""
    month = _sun_by_day()[2]
    return np.searchsorted(month, np.arange(1, 13)) + 14


def _directions(ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def _altitude(
    dec_deg: NDArray[np.float64] | float, hour_angle_deg: NDArray[np.float64], latitude_deg: float
) -> NDArray[np.float64]:
    dec, hour, latitude = np.radians(dec_deg), np.radians(hour_angle_deg), np.radians(latitude_deg)
    sine = np.sin(latitude) * np.sin(dec) + np.cos(latitude) * np.cos(dec) * np.cos(hour)
    return np.degrees(np.arcsin(np.clip(sine, -1, 1)))
