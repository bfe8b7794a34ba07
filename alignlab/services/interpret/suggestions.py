"""What to look at next: rules of the trade, each with the evidence that it goes by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from alignlab.services.interpret.contract import Interpretation, Suggestion, VariableComparison
from alignlab.services.interpret.observation import Observation
from alignlab.services.number_words import number, percent
from alignlab.variables import BY_NAME, MIN_NET_COUNTS_FOR_FITS

#: Counts per second from which pile-up in ACIS is worth a look: 0.1 photons in a frame of 3.2 s.
PILE_UP_RATE = 0.03
#: CSC: from this index, or above this probability, a source varied within its observation.
_VARIABLE_INDEX, _VARIABLE_PROBABILITY = 6, 0.99
#: Column, in 1e20 cm^-2, from which a spectrum is absorbed beyond the Galaxy's usual share.
_ABSORBED = 100.0
_SOFT, _HARD = -0.5, 0.5
#: Reduced statistic above which a fit is poor.
_POOR_FIT = 2.0
#: A class is settled from this probability; one that may be meant is at least so probable.
_SETTLED, _POSSIBLE = 0.7, 0.15
_MODELS = ("powlaw", "bb", "brems", "apec")

#: What decides for or against a class, beyond its X-ray spectrum.
_DECIDES = {
    "AGN": "an optical or infrared counterpart and its redshift",
    "QSO": "an optical counterpart and its redshift",
    "obscured AGN": "an iron line at 6.4 keV and mid-infrared colours",
    "YSO": "infrared excess and a place in a star-forming region",
    "star": "a bright optical counterpart with a parallax",
    "LMXB": "bursts, and a faint optical counterpart",
    "HMXB": "a massive companion, and pulsations",
    "CV": "an optical period, and a blue counterpart with emission lines",
    "galaxy cluster": "its extent against the point-spread function, and galaxies at one redshift",
    "ULX": "a place off the nucleus of a nearby galaxy",
    "pulsar": "pulsations in the arrival times, and a radio counterpart",
    "SNR": "its extent, and lines of highly ionised elements",
}


@dataclass(frozen=True, eq=False)
class _Known:
    """What the rules read."""

    found: Interpretation
    observation: Observation

    def variable(self, name: str) -> VariableComparison | None:
        """A variable that was measured; None where it was not."""
        compared = next((v for v in self.found.estimates if v.name == name), None)
        return compared if compared is not None and math.isfinite(compared.measured) else None


def suggest(found: Interpretation, observation: Observation) -> tuple[Suggestion, ...]:
    """Apply all rules to an interpretation that has all its evidence, in the order of `RULES`."""
    known = _Known(found, observation)
    return tuple(suggestion for rule in RULES for suggestion in rule(known))


def _outside(known: _Known) -> Iterator[Suggestion]:
    place = known.found.place
    if place is None or place.is_inside:
        return
    yield Suggestion(
        text=(
            "Look at the spectrum itself before anything else: what follows from neighbours is extrapolation here. A "
            "hot pixel, a readout streak, grouped channels, another instrument or a wrong background look like this, "
            "and so does something new."
        ),
        because=(place.id,),
    )


def _same_source(known: _Known) -> Iterator[Suggestion]:
    if known.found.known_sources:
        nearest = known.found.known_sources[0]
        yield Suggestion(
            text=f"Compare with {nearest.name}: if it is the same source, its other spectrum shows what has changed.",
            because=(nearest.id,),
        )
    elif known.found.position is None:
        yield Suggestion(
            text="Give its coordinates, so that known sources near it are found and a counterpart can be looked for.",
            because=(known.observation.id,),
        )


def _background(known: _Known) -> Iterator[Suggestion]:
    if known.observation.lacks_background:
        yield Suggestion(
            text=(
                "Extract a background from an annulus around it and interpret it again with that: now all counts are "
                "taken for the source's own, which hardens faint spectra."
            ),
            because=known.observation.background_ids,
        )


def _several(known: _Known) -> Iterator[Suggestion]:
    if ids := known.observation.ids_of_notes("several sources may be among them"):
        yield Suggestion(text="Cut out one source: the spectrum may be a blend of several.", because=ids)


def _pile_up(known: _Known) -> Iterator[Suggestion]:
    rate = known.observation.rate
    if rate > PILE_UP_RATE and not known.observation.ids_of_notes("a sample of"):
        yield Suggestion(
            text=(
                f"At {number(rate, digits=2)} counts/s photons may have piled up in ACIS, which hardens a spectrum: "
                "check the frame time, or fit the wings of the image."
            ),
            because=(known.observation.id,),
        )


def _faint(known: _Known) -> Iterator[Suggestion]:
    net = known.observation.net_counts
    if math.isfinite(net) and net < MIN_NET_COUNTS_FOR_FITS:
        yield Suggestion(
            text=(
                f"With {number(net)} net counts no model was fitted (that takes {MIN_NET_COUNTS_FOR_FITS}): other "
                "observations of it, added up, would tell more than its place among the neighbours."
            ),
            because=(known.observation.id,),
        )


def _variability(known: _Known) -> Iterator[Suggestion]:
    index, probability = known.variable("var_index_b"), known.variable("var_prob_b")
    if probability is not None and (
        probability.measured > _VARIABLE_PROBABILITY or (index is not None and index.measured >= _VARIABLE_INDEX)
    ):
        yield Suggestion(
            text=(
                f"Look at its light curve: it varied with a probability of {percent(probability.measured)}. A flare, a "
                "dip, an eclipse and a burst tell classes apart that share a spectrum."
            ),
            because=tuple(v.id for v in (probability, index) if v is not None),
        )
    elif not known.observation.has_times:
        yield Suggestion(
            text="Drop its event list too: this file has no arrival times, so variability is unknown.",
            because=(known.observation.id,),
        )


def _shape(known: _Known) -> Iterator[Suggestion]:
    column, hardness = known.variable("powlaw_nh"), known.variable("hard_hs")
    is_absorbed = (
        column is not None
        and (column.measured_low if math.isfinite(column.measured_low) else column.measured) > _ABSORBED
    )
    if hardness is not None and hardness.measured > _HARD and is_absorbed and column is not None:
        yield Suggestion(
            text=(
                "It is hard and absorbed: look for an iron line at 6.4 keV and its equivalent width, and for a "
                "counterpart in the infrared, where such a column hides less."
            ),
            because=(hardness.id, column.id),
        )
    elif hardness is not None and hardness.measured < _SOFT:
        yield Suggestion(
            text=(
                "It is soft: see whether lines of a hot plasma (O, Fe-L, Mg, Si) or a smooth blackbody fit better. A "
                "corona, a supernova remnant and a neutron star's surface differ there."
            ),
            because=(hardness.id,),
        )


def _poor_fits(known: _Known) -> Iterator[Suggestion]:
    fits = [fit for fit in (known.variable(f"{model}_stat") for model in _MODELS) if fit is not None]
    if fits and min(fit.measured for fit in fits) > _POOR_FIT:
        yield Suggestion(
            text=(
                f"None of the {len(fits)} models fits (reduced statistic at least "
                f"{number(min(fit.measured for fit in fits))}): try two components, or a line."
            ),
            because=tuple(fit.id for fit in fits),
        )


def _disagreement(known: _Known) -> Iterator[Suggestion]:
    """Brightness aside: it depends on the exposure, of which the shape of a spectrum knows nothing."""
    apart = [v for v in known.found.estimates if v.agrees is False and v.name != "flux_significance_b"]
    if not apart:
        return
    names = ", ".join(v.label for v in apart[:3])
    of_fits = any(BY_NAME[v.name].from_fit for v in apart[:3])
    doubt = "the fit may sit in a second minimum, or " if of_fits else ""
    yield Suggestion(
        text=(
            f"See why {names} {'is' if len(apart) == 1 else 'are'} not what spectra like this one have: {doubt}the "
            "source differs from its neighbours in just this."
        ),
        because=tuple(v.id for v in apart[:3]),
    )


def _which_class(known: _Known) -> Iterator[Suggestion]:
    classes = known.found.classes
    if classes is None or not classes.probabilities:
        return
    possible = [p for p in classes.probabilities[:3] if p.probability >= _POSSIBLE] or [classes.probabilities[0]]
    is_settled = possible[0].probability >= _SETTLED
    tests = [f"for {p.name} {_DECIDES[p.name]}" for p in possible[: 1 if is_settled else 3] if p.name in _DECIDES]
    if not tests:
        return
    lead = "To confirm its class" if is_settled else "Its spectrum alone does not settle its class; what would"
    yield Suggestion(text=f"{lead}: {'; '.join(tests)}.", because=(classes.id,))


def _papers(known: _Known) -> Iterator[Suggestion]:
    real = [paper for paper in known.found.papers if not paper.is_simulated]
    if real:
        yield Suggestion(
            text=f"Read “{real[0].title}” ({real[0].year}): its sources are written about as this spectrum would be.",
            because=(real[0].id,),
        )


#: In the order in which suggestions are made: doubts about the data first.
RULES: tuple[Callable[[_Known], Iterator[Suggestion]], ...] = (
    _outside, _background, _several, _pile_up, _faint, _same_source, _variability, _shape, _poor_fits, _disagreement,
    _which_class, _papers,
)  # fmt: skip
