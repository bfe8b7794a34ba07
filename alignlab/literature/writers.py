"""Sentences on the three aspects of one source, put together from its claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from alignlab.literature import phrases_environment as environment
from alignlab.literature import phrases_nature as nature
from alignlab.literature import phrases_spectrum as spectrum
from alignlab.literature import phrases_variability as variability
from alignlab.literature.claims import FAMILY, NUMBERS, PROBABLE, UNKNOWN, VAGUE, Claims
from alignlab.literature.grammar import Pen, Phrase

Slots = Mapping[str, str]
_WITH_NUMBER = {
    "power law": spectrum.POWER_LAW_NUMBER,
    "plasma": spectrum.PLASMA_NUMBER,
    "blackbody": spectrum.BLACKBODY_NUMBER,
}
_WITH_WORDS = {"power law": spectrum.POWER_LAW, "plasma": spectrum.PLASMA, "blackbody": spectrum.BLACKBODY}
_CONTINUUM_WORDS = {
    "power law": spectrum.PHOTON_INDEX_WORDS,
    "plasma": spectrum.PLASMA_WORDS,
    "blackbody": spectrum.BLACKBODY_WORDS,
}


class Writer:
    """Writes about any source of a survey.

    Parameters
    ----------
    claims : Claims
        What the literature says.
    rarity : sequence of str
        Planted rarity of each source, "" for none.
    surroundings : list of str
        How the surroundings of each source are described, "" where they are not.
    """

    def __init__(self, claims: Claims, *, rarity: pd.Series, surroundings: list[str]) -> None:
        self._claims = claims
        self._rarity = rarity.tolist()
        self._surroundings = surroundings
        self.aspects: dict[str, Callable[[int, Pen, Slots], list[str]]] = {
            "nature": self.nature,
            "spectrum": self.spectrum,
            "environment": self.environment,
        }

    def name_class(self, i: int, pen: Pen) -> str:
        """Name the class of source `i` as its literature would in passing; "" when it is not known."""
        certainty, believed = self._claims.certainty[i], self._claims.believed_class[i]
        if certainty == UNKNOWN:
            return ""
        phrase = nature.GROUP_NOUNS[nature.GROUP_OF[believed]] if certainty == FAMILY else nature.NOUNS[believed]
        return _lower_first(phrase.write(pen, {}))

    def nature(self, i: int, pen: Pen, slots: Slots) -> list[str]:
        """Say what source `i` is."""
        claims = self._claims
        believed, certainty = claims.believed_class[i], claims.certainty[i]
        slots = {**slots, "noun": self.name_class(i, pen), "group": ""}
        slots["group"] = slots["noun"]
        if certainty == UNKNOWN:
            choice = nature.AGNOSTIC
        elif certainty == FAMILY:
            choice = nature.GROUP_STATEMENTS
        else:
            choice = nature.HEDGED if certainty == PROBABLE else nature.STATEMENTS[believed]
        written = [pen.pick(choice).write(pen, slots)]
        if claims.told["rarity"][i]:
            written = [pen.pick(nature.RARITY[self._rarity[i]]).write(pen, slots)]
        if claims.old_class[i]:
            slots["old"] = _lower_first(nature.NOUNS[claims.old_class[i]].write(pen, {}))
            written.append(pen.pick(nature.OUTDATED).write(pen, slots))
        if claims.told["evidence"][i]:
            written.append(pen.pick(nature.EVIDENCE[believed]).write(pen, slots))
        return written

    def spectrum(self, i: int, pen: Pen, slots: Slots) -> list[str]:
        """Describe the spectrum and variability of source `i`."""
        claims, told, written = self._claims, self._claims.told, []

        def say(choice: tuple[Phrase, ...]) -> None:
            written.append(pen.pick(choice).write(pen, slots))

        level = {name: grades[i] for name, grades in claims.level.items()}
        if told["counts"][i]:
            numbers = claims.manner["counts"][i] == NUMBERS
            say(spectrum.COUNTS_NUMBER if numbers else spectrum.COUNTS[level["counts"]])
        if told["continuum"][i]:
            kind, manner = claims.continuum[i], claims.manner["continuum"][i]
            word = _lower_first(_CONTINUUM_WORDS[kind][level["continuum"]].write(pen, {}))
            slots = {**slots, "continuum_word": word}
            if manner == VAGUE:
                say(spectrum.VAGUE_CONTINUUM[level["colour"]])
            else:
                say(_WITH_NUMBER[kind] if manner == NUMBERS else _WITH_WORDS[kind])
        if told["absorption"][i]:
            manner = claims.manner["absorption"][i]
            if manner == VAGUE:
                say(spectrum.VAGUE_COLUMN[level["obscuration"]])
            else:
                say(spectrum.COLUMN_NUMBER if manner == NUMBERS else spectrum.COLUMN[level["absorption"]])
        if told["second"][i]:
            say(_second_component(claims.second[i], level["second"]))
        if told["lines"][i]:
            plasma = claims.continuum[i] == "plasma"
            say(spectrum.ABUNDANCE[level["abundance"]] if plasma else spectrum.IRON[level["lines"]])
        if told["hardness"][i]:
            say(spectrum.HARDNESS[level["hardness"]])
        if told["flux"][i]:
            say(spectrum.FLUX)
        if told["variability"][i]:
            kind = claims.light_curve[i]
            slots = {**slots, "amplitude_word": _lower_first(_amplitude(level["amplitude"]).write(pen, {}))}
            vague = claims.manner["variability"][i] == VAGUE
            say(variability.VAGUE_VARIABILITY[kind != "constant"] if vague else variability.VARIABILITY[kind])
        if told["rarity"][i]:
            say(spectrum.RARITY[self._rarity[i]])
        if not written:
            say(spectrum.NO_DETAIL)
        if told["other mission"][i]:
            say(spectrum.OTHER_MISSION)
        return written

    def environment(self, i: int, pen: Pen, slots: Slots) -> list[str]:
        """Say where source `i` lies and what is made of it."""
        claims, written = self._claims, []
        believed, certainty = claims.believed_class[i], claims.certainty[i]
        if self._surroundings[i]:
            slots = {**slots, "field": self._surroundings[i]}
            written.append(pen.pick(environment.IN_FIELD).write(pen, slots))
        if claims.told["rarity"][i]:
            written.append(pen.pick(environment.RARITY[self._rarity[i]]).write(pen, slots))
        elif claims.told["environment"][i] and certainty == FAMILY:
            group = environment.GROUP_INTERPRETATION[nature.GROUP_OF[believed]]
            written.append(pen.pick(group).write(pen, slots))
        elif claims.told["environment"][i]:
            about = pen.draw()
            if about < 0.7:
                written.append(pen.pick(environment.ENVIRONMENT[believed]).write(pen, slots))
            if about > 0.4:
                written.append(pen.pick(environment.INTERPRETATION[believed]).write(pen, slots))
        else:
            written.append(pen.pick(environment.AGNOSTIC).write(pen, slots))
        return written


#: Sentences without diagnostic value, by aspect.
FILLERS: dict[str, tuple[Phrase, ...]] = {
    "nature": nature.FILLER,
    "spectrum": (*spectrum.FILLER, *variability.LONG_TERM),
    "environment": environment.FILLER,
}


def add_fillers(written: list[str], aspect: str, number: int, pen: Pen, slots: Slots) -> None:
    """Insert `number` different sentences of no diagnostic value behind the first one, in place."""
    fillers = FILLERS[aspect]
    first = int(pen.draw() * len(fillers))
    for k in range(min(number, len(fillers))):
        # A stride that is coprime to every list's length visits each filler once.
        filler = fillers[(first + 7 * k) % len(fillers)]
        written.insert(1 + int(pen.draw() * len(written)), filler.write(pen, slots))


def n_fillers(mean: float, shape: tuple[int, ...], *, rng: np.random.Generator) -> list[list[int]]:
    """Draw the numbers of fillers: geometric, so that raising the mean raises every number or leaves it."""
    ratio = mean / (1.0 + mean)
    uniform = rng.random(shape)
    numbers = np.zeros(shape) if ratio == 0 else np.floor(np.log(1.0 - uniform) / np.log(ratio))
    return numbers.clip(0, 6).astype(int).tolist()


def _second_component(kind: str, level: int) -> tuple[Phrase, ...]:
    if kind == "soft excess":
        return spectrum.SOFT_EXCESS[level]
    if kind == "two temperatures":
        return spectrum.TWO_TEMPERATURES[level]
    return spectrum.HOT_GAS if kind == "hot gas" else spectrum.NO_SECOND


def _amplitude(level: int) -> Phrase:
    return variability.AMPLITUDE_WORDS[level]


def _lower_first(text: str) -> str:
    """Undo the capital of a phrase used within a sentence, sparing abbreviations."""
    first_word = text.split(" ", 1)[0].split("/")[0]
    keeps = first_word[1:2].isupper() or first_word in ("Seyfert", "T", "Be")
    return text if keeps else text[:1].lower() + text[1:]
