"""Everything known about one source, collected: what ``alignlab source`` prints and what a program may ask for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from alignlab.services.distributions import Rank, VariableDistributions
from alignlab.services.neighbours import N_NEIGHBOURS, NeighbourColumns, neighbour_columns
from alignlab.services.readings import VariableReading, readings_of
from alignlab.services.similar_papers import RankedPapers, paper_places, ranked_papers
from alignlab.services.subject import Subject
from alignlab.spectra.light_curve import LightCurve, light_curve
from alignlab.store.run import Overlay


@dataclass(frozen=True, eq=False, kw_only=True)
class Dossier:
    """What the Source page tells.

    Attributes
    ----------
    subject : Subject
    readings : tuple of VariableReading
        The 20 variables, in their order.
    ranks : tuple of (Rank, Rank)
        Of each value among all sources of the run's survey, and among those of its class.
    light_curve : LightCurve or None
    neighbours : NeighbourColumns
    papers : RankedPapers
    summaries : dict
        Text by aspect.
    """

    subject: Subject
    readings: tuple[VariableReading, ...]
    ranks: tuple[tuple[Rank, Rank], ...]
    light_curve: LightCurve | None
    neighbours: NeighbourColumns
    papers: RankedPapers
    summaries: dict[str, str]


def dossier(subject: Subject, *, k: int = N_NEIGHBOURS) -> Dossier:
    """Collect what is known about a source, with `k` neighbours in each representation."""
    readings = readings_of(subject.survey, subject.encoded, subject.index)
    spread = VariableDistributions(subject.workspace.survey)
    ranks = tuple(
        (
            spread.rank_among_all(number, reading.value),
            spread.rank_in_class(number, reading.value, subject.source_class),
        )
        for number, reading in enumerate(readings)
    )
    return Dossier(
        subject=subject,
        readings=readings,
        ranks=ranks,
        light_curve=light_curve_of(subject),
        neighbours=neighbour_columns(subject, k=k),
        papers=ranked_papers(subject, paper_places(subject.workspace)),
        summaries=subject.survey.summaries_of(subject.index),
    )


def light_curve_of(subject: Subject) -> LightCurve | None:
    """The light curve of a source; None where too few of its photons have a time.

    Good time intervals are not kept in a survey: where photons came later than the exposure is long, there were gaps,
    and the light curve ends with the last photon.
    """
    times, _ = subject.survey.events_of(subject.index)
    if not len(times):
        return None
    exposure = float(subject.facts.get("exposure_s", np.nan))
    span = float(np.nanmax([exposure, float(times.max())]))
    return light_curve(times, span_s=span) if span > 0 else None


def dossier_text(found: Dossier) -> str:
    """A dossier as plain text, tab-separated within its parts."""
    return "\n".join([*_head(found), *_variables(found), *_light_curve(found), *_neighbours(found), *_papers(found)])


def _head(found: Dossier) -> list[str]:
    subject, facts = found.subject, found.subject.facts
    kind = subject.survey.origin
    lines = [f"{subject.name}\t{subject.source_class or 'not classified'}\t{kind}, survey {subject.survey.name}"]
    known = math.isfinite(facts["ra"]) and math.isfinite(facts["dec"])
    lines.append(f"position\t{facts['ra']:.6f} {facts['dec']:+.6f} deg (ICRS)" if known else "position\tunknown")
    exposure = float(facts.get("exposure_s", np.nan))
    length = f", {exposure / 1000:.4g} ks" if math.isfinite(exposure) else ""
    lines.append(f"counts\t{float(facts['counts']):.0f} (0.5-8 keV){length}")
    if isinstance(subject.encoded, Overlay):
        novelty = float(subject.encoded.novelty_percent[subject.index])
        lines.append(f"novelty\tfarther out than {novelty:.0f}% of the training set")
    return lines


def _variables(found: Dossier) -> list[str]:
    lines = ["", "variable\tunit\tvalue\t68% limits\tpercentile (n)\tin class (n)\testimate\t68% interval\tpull"]
    for reading, ranks in zip(found.readings, found.ranks, strict=True):
        variable = reading.variable
        cells = [variable.name, variable.unit, _number(reading.value), _between(reading.low, reading.high)]
        cells += [f"{rank.percent:.0f} ({rank.n})" if math.isfinite(rank.percent) else "-" for rank in ranks]
        cells += [_number(reading.estimate), _between(reading.estimate_low, reading.estimate_high)]
        cells.append(f"{reading.pull:+.1f}" if math.isfinite(reading.pull) else "-")
        lines.append("\t".join(cells))
    return lines


def _light_curve(found: Dossier) -> list[str]:
    curve = found.light_curve
    if curve is None:
        return ["", "light curve\tno arrival times, or too few photons"]
    lines = ["", f"light curve\t{curve.n_events} photons, false-alarm probability {curve.false_alarm:.0%}"]
    blocks = curve.blocks
    for start, stop, n, rate in zip(blocks.start_s, blocks.stop_s, blocks.counts, blocks.rate, strict=True):
        lines.append(f"block\t{start:.0f}-{stop:.0f} s\t{n} photons\t{rate:.4g} counts/s")
    return lines


def _neighbours(found: Dossier) -> list[str]:
    lines = ["", "neighbours\tname\tclass\tcosine distance"]
    for column in found.neighbours.columns:
        via = " (by its spectrum)" if column.by_spectrum else ""
        for neighbour in column.neighbours:
            what = neighbour.source_class or "not classified"
            lines.append(f"{column.key}{via}\t{neighbour.name}\t{what}\t{neighbour.cosine_distance:.3f}")
    return lines


def _papers(found: Dossier) -> list[str]:
    lines = ["", f"papers\tplace among {found.papers.n_papers}\tyear\tidentifier\ttitle"]
    for paper in (*found.papers.own, *found.papers.similar):
        about = "own" if paper.own else "similar"
        lines.append(f"{about}\t{paper.rank}\t{paper.year}\t{paper.identifier}\t{paper.title}")
    return lines + [f"\n{aspect}: {text}" for aspect, text in found.summaries.items()]


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "-"


def _between(low: float, high: float) -> str:
    return f"{low:.4g} to {high:.4g}" if math.isfinite(low) and math.isfinite(high) else "-"
