"""The follow-up list as a table: one row per source, with units and UCDs."""

from __future__ import annotations

from collections.abc import Sequence

import astropy.units as u
import numpy as np

from alignlab.services.discover.follow_up import FollowUp
from alignlab.services.discover.observing import SITES, ObservingEssentials
from alignlab.services.export import Described
from alignlab.store.survey import Survey

#: Stands between the notes of a source, each ``person | time | text``, without '|' in any of the three.
BETWEEN_NOTES = " || "
#: erg/cm^2/s and counts per second, under names that the VO's standard of units allows.
_VO_UNITS = {"flux": u.Unit("mW m-2"), "count_rate": u.Unit("ct s-1")}
_WRITTEN = {"flux": "erg/cm^2/s", "count_rate": "counts/s"}


def follow_up_columns(
    survey: Survey, entries: Sequence[FollowUp], essentials: Sequence[ObservingEssentials]
) -> dict[str, Described]:
    """Columns of the exported table, entries and essentials being of equal length."""

    def text(values: Sequence[str], ucd: str, description: str) -> Described:
        return Described(values=np.array(values, dtype=np.str_), ucd=ucd, description=description)

    classes = survey.sources["source_class"].fillna("").astype(str)
    columns = {
        "name": text([e.name for e in entries], "meta.id;meta.main", "Name of the source."),
        "source_class": text(
            [classes.iloc[e.index] if e.index is not None else "" for e in entries], "src.class", "Class of the source."
        ),
        "ra": Described(
            values=np.array([x.ra_deg for x in essentials]),
            ucd="pos.eq.ra;meta.main",
            description="Right ascension (ICRS).",
            unit=u.deg,
        ),
        "dec": Described(
            values=np.array([x.dec_deg for x in essentials]),
            ucd="pos.eq.dec;meta.main",
            description="Declination (ICRS).",
            unit=u.deg,
        ),
        "coordinates": text(
            [x.coordinates for x in essentials], "pos.eq", "Hours of right ascension, degrees of declination (ICRS)."
        ),
        **_brightness_columns(essentials),
        "visible_chandra": text(
            [x.chandra.words if x.chandra else "" for x in essentials], "time.period", "Months of visibility, Chandra."
        ),
    }
    for place, site in enumerate(SITES):
        columns[f"visible_{site.name.lower().replace(' ', '_')}"] = text(
            [x.ground[place].words if x.ground else "" for x in essentials],
            "time.period",
            f"Months of visibility at night, {site.name} (latitude {site.latitude_deg:+g} deg).",
        )
    for link in essentials[0].links:
        columns[f"link_{link.label.lower()}"] = text(
            [next((mine.url for mine in x.links if mine.label == link.label), "") for x in essentials],
            "meta.ref.url",
            f"{link.label}: {link.what}.",
        )
    return columns | {
        "added_by": text([e.person for e in entries], "meta.id", "Who put it on the list."),
        "added_utc": text([e.added_utc for e in entries], "time.epoch", "When (UTC)."),
        "reason": text([" ".join(e.reason.split()) for e in entries], "meta.note", "Why."),
        "labels": text(
            [labels_in_words(e) for e in entries], "meta.code.class", "Labels, 0 to 5 or unsure, by person."
        ),
        "notes": text([_notes(e) for e in entries], "meta.note", "Notes: person | time (UTC) | text."),
    }


def _brightness_columns(essentials: Sequence[ObservingEssentials]) -> dict[str, Described]:
    """A column for each kind of brightness that the survey has, with its error where that is known."""
    columns: dict[str, Described] = {}
    for name, what in sorted({(x.brightness.name, x.brightness.what) for x in essentials}):
        mine = [x.brightness if x.brightness.name == name else None for x in essentials]
        unit = _VO_UNITS[name]
        for suffix, ucd, values in (
            ("", "phot.flux;em.X-ray" if name == "flux" else "phot.count;arith.rate;em.X-ray", "value"),
            ("_error", "stat.error", "error"),
        ):
            numbers = np.array([getattr(b, values) if b is not None else np.nan for b in mine])
            if np.isfinite(numbers).any() or not suffix:
                told = (
                    f"{what[0].upper()}{what[1:]}{', one standard deviation' if suffix else ''}, in {_WRITTEN[name]}."
                )
                columns[f"{name}{suffix}"] = Described(values=numbers, ucd=ucd, description=told, unit=unit)
    return columns


def labels_in_words(entry: FollowUp) -> str:
    """``ada: 4; bob: unsure``."""
    return "; ".join(f"{person}: {value}" for person, value in entry.labels.items())


def _notes(entry: FollowUp) -> str:
    return BETWEEN_NOTES.join(
        f"{note.person} | {note.created_utc} | {' '.join(note.text.replace('|', '¦').split())}" for note in entry.notes
    )
