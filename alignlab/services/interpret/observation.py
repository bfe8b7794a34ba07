"""What is known of the observation itself: how much was seen, and what its reader noted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alignlab.services.interpret.ledger import Ledger
from alignlab.services.number_words import number
from alignlab.services.subject import Subject

#: What readers note when there is no background.
_NO_BACKGROUND = "background unknown"


@dataclass(frozen=True, kw_only=True)
class Observation:
    """A source's file in numbers and notes, with the evidence that they are.

    Attributes
    ----------
    id : str
        Of the evidence for counts and exposure.
    n_counts, net_counts, exposure_s : float
        From 0.5 to 8 keV; NaN where unknown.
    position : (float, float) or None
        ICRS, degrees.
    notes : tuple of str
    note_ids : tuple of str
        Of the evidence that each note is.
    has_times : bool
        Whether its photons have arrival times.
    """

    id: str
    n_counts: float
    net_counts: float
    exposure_s: float
    position: tuple[float, float] | None
    notes: tuple[str, ...]
    note_ids: tuple[str, ...]
    has_times: bool

    @property
    def rate(self) -> float:
        """Counts per second; NaN where unknown."""
        return self.n_counts / self.exposure_s if self.exposure_s > 0 else math.nan

    def ids_of_notes(self, words: str) -> tuple[str, ...]:
        """The evidence of the notes that hold these words."""
        return tuple(i for i, note in zip(self.note_ids, self.notes, strict=True) if words in note)

    @property
    def lacks_background(self) -> bool:
        """Whether its background is unknown."""
        return bool(self.ids_of_notes(_NO_BACKGROUND))

    @property
    def background_ids(self) -> tuple[str, ...]:
        """The evidence that its background is unknown."""
        return self.ids_of_notes(_NO_BACKGROUND)


def observe(subject: Subject, position: tuple[float, float] | None, ledger: Ledger) -> Observation:
    """Collect what is known of a source's observation; a `position` that is given goes before that of the file."""
    facts = subject.facts
    counts, net, exposure = (float(facts.get(name, math.nan)) for name in ("counts", "net_counts", "exposure_s"))
    own = float(facts.get("ra", math.nan)), float(facts.get("dec", math.nan))
    notes = tuple(note.strip() for note in str(facts.get("notes", "") or "").split(";") if note.strip())
    times, _ = subject.survey.events_of(subject.index)
    return Observation(
        id=ledger.add("place", _words(subject, counts, exposure)),
        n_counts=counts,
        net_counts=net,
        exposure_s=exposure,
        position=position or (own if all(map(math.isfinite, own)) else None),
        notes=notes,
        note_ids=tuple(ledger.add("place", f"Its reader noted: {note}.") for note in notes),
        has_times=len(times) > 0,
    )


def _words(subject: Subject, counts: float, exposure: float) -> str:
    origin = "" if not subject.survey.simulated else f" ({subject.survey.origin})"
    if not math.isfinite(counts):
        return f"{subject.name}{origin}: only the shape of its spectrum is known, not how many photons were counted."
    length = f" in {number(exposure / 1000)} ks" if math.isfinite(exposure) and exposure > 0 else ""
    return f"{subject.name}{origin}: {counts:,.0f} counts from 0.5 to 8 keV{length}."
