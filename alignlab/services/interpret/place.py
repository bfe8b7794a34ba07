"""Where a source lies: inside what the run was trained on or not, among which neighbours, near which known sources."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alignlab.services.interpret.contract import OUTSIDE_BELOW, KnownSource, NeighbourEvidence, Place
from alignlab.services.interpret.distances import PARTS, Distances
from alignlab.services.interpret.ledger import Ledger
from alignlab.services.neighbours import nearest
from alignlab.services.number_words import number
from alignlab.services.position_search import separation_arcsec
from alignlab.services.search_hits import surveys_of
from alignlab.services.subject import Subject

#: Sources within this of the position are told.
KNOWN_WITHIN_ARCSEC = 10.0
_MOST_KNOWN = 5


def find_place(subject: Subject, distances: Distances, ledger: Ledger) -> Place:
    """Whether the source is like those that the run was trained on."""
    p_value, alone, n = distances.p_values(subject)
    is_inside = not p_value < OUTSIDE_BELOW
    statement = _place_words(p_value, alone, n, simulated="simulated " if subject.workspace.is_simulated else "")
    return Place(
        id=ledger.add("place", statement),
        statement=statement,
        p_value=p_value,
        n_calibration=n,
        k=distances.k,
        is_inside=is_inside,
        parts=tuple(zip(PARTS, alone.tolist(), strict=True)),
    )


def p_words(p_value: float, n_calibration: int) -> str:
    """A conformal p-value, such as ``p = 0.012``; never 0, and the smallest that there can be is said to be that."""
    smallest = ", the smallest there can be" if p_value < 1.5 / (n_calibration + 1) else ""
    return f"p = {number(p_value, digits=2)}{smallest}"


def find_neighbours(subject: Subject, k: int, ledger: Ledger) -> tuple[NeighbourEvidence, ...]:
    """The `k` sources of the run's survey nearest by spectrum in the shared space."""
    survey = subject.workspace.survey
    found = nearest(
        survey,
        subject.latents("spectrum_aligned"),
        subject.workspace.run.latents("spectrum_aligned"),
        k=k,
        leave_out=subject.index if subject.overlay is None else None,
    )
    origin = f", {survey.origin}" if survey.simulated else ""
    splits = np.asarray(survey.split)
    neighbours = []
    for place, neighbour in enumerate(found, start=1):
        what = neighbour.source_class or "not classified"
        statement = (
            f"Neighbour {place} by spectrum is {neighbour.name} ({what}{origin}), at cosine similarity "
            f"{neighbour.similarity:.3f}."
        )
        neighbours.append(
            NeighbourEvidence(
                id=ledger.add("place", statement),
                statement=statement,
                index=neighbour.index,
                name=neighbour.name,
                source_class=neighbour.source_class,
                split=str(splits[neighbour.index]),
                similarity=neighbour.similarity,
            )
        )
    return tuple(neighbours)


def find_known_sources(
    subject: Subject, position: tuple[float, float] | None, ledger: Ledger
) -> tuple[KnownSource, ...]:
    """Sources near a position in the surveys at hand, those with simulated positions aside; never the source itself."""
    if position is None:
        return ()
    near: list[tuple[float, str | None, int]] = []
    surveys = dict(surveys_of(subject.workspace))
    for overlay, survey in surveys.items():
        if not survey.has_real_positions:
            continue
        ra, dec = (survey.sources[column].to_numpy(np.float64) for column in ("ra", "dec"))
        separation = separation_arcsec(*position, ra, dec)
        if overlay == subject.overlay:
            separation[subject.index] = math.nan
        near += [(float(separation[i]), overlay, int(i)) for i in np.flatnonzero(separation <= KNOWN_WITHIN_ARCSEC)]
    known = []
    for distance, overlay, index in sorted(near, key=lambda hit: hit[0])[:_MOST_KNOWN]:
        survey = surveys[overlay]
        name, source_class = (str(survey.sources[column].iloc[index] or "") for column in ("name", "source_class"))
        statement = (
            f"{name} ({source_class or 'not classified'}) of survey {survey.name} ({survey.origin}) lies "
            f"{number(distance, digits=2)} arcsec from the position: it may be the same source."
        )
        known.append(
            KnownSource(
                id=ledger.add("place", statement),
                statement=statement,
                name=name,
                source_class=source_class,
                survey_name=survey.name,
                survey_origin=survey.origin,
                index=index,
                overlay=overlay,
                separation_arcsec=distance,
            )
        )
    return tuple(known)


def _place_words(p_value: float, alone: NDArray[np.float64], n: int, *, simulated: str) -> str:
    if not n:
        return "Whether its spectrum is like those that the run was trained on is unknown: no source was held out."
    n_stranger = round(p_value * (n + 1)) - 1
    told = f"{n_stranger:,} of {n:,} held-out {simulated}sources are at least as strange ({p_words(p_value, n)})"
    if p_value >= OUTSIDE_BELOW:
        return f"Its spectrum lies within what the run was trained on: {told}."
    strangest = int(np.nanargmin(alone))
    return (
        f"Its spectrum lies outside what the run was trained on: {told}; strangest is {PARTS[strangest]} "
        f"({p_words(float(alone[strangest]), n)} alone)."
    )
