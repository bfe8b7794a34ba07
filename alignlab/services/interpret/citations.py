"""Does a paragraph say only what its evidence says? Each sentence cites, what it cites exists, its numbers stand there.

This is a check of form: it cannot see whether a sentence means what its evidence means. It refuses ids that do not
exist, sentences without any, and every number that none of the cited items holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

#: A number as a person writes it, thousands apart by commas, perhaps with an exponent.
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
#: Significant digits that a rounded number must have.
_LEAST_DIGITS = 2
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUPERSCRIPT_RUN = re.compile(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")


@dataclass(frozen=True, kw_only=True)
class CitedSentence:
    """A sentence and the ids of the evidence that it rests on."""

    text: str
    cites: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.text} {''.join(f'[{i}]' for i in self.cites)}".rstrip()


def problems_of(sentences: Sequence[CitedSentence], evidence: Mapping[str, str]) -> tuple[str, ...]:
    """What is wrong with a paragraph, one message each; empty where nothing is.

    Parameters
    ----------
    sentences : sequence of CitedSentence
    evidence : mapping of str to str
        Statement by id.
    """
    problems = [] if sentences else ["There is no sentence."]
    for number, sentence in enumerate(sentences, start=1):
        if not sentence.cites:
            problems.append(f"Sentence {number} cites nothing.")
        unknown = [i for i in sentence.cites if i not in evidence]
        if unknown:
            problems.append(f"Sentence {number} cites {', '.join(unknown)}, which there is not.")
        held = [value for i in sentence.cites if i in evidence for value in numbers_in(evidence[i])]
        strange = [text for text, value in _numbers(sentence.text) if not any(_says(value, known) for known in held)]
        if strange:
            problems.append(f"Sentence {number} says {', '.join(strange)}, which no evidence that it cites says.")
    return tuple(problems)


def numbers_in(text: str) -> list[Decimal]:
    """The numbers in a text, signs left aside; those in names and ids too."""
    return [value for _, value in _numbers(text)]


def _numbers(text: str) -> list[tuple[str, Decimal]]:
    flat = _SUPERSCRIPT_RUN.sub(lambda run: f" {run.group().translate(_SUPERSCRIPTS)}", text)
    return [(found.group(), Decimal(found.group().replace(",", ""))) for found in _NUMBER.finditer(flat)]


def _says(said: Decimal, known: Decimal) -> bool:
    """Whether a number is another one, or that one rounded to its digits; a share may be told in percent.

    A single digit is rounded from too many numbers to be believed: it must be the very number.
    """
    forms = (known, known * 100, known / 100)
    if len(said.as_tuple().digits) < _LEAST_DIGITS:
        return said in forms
    places = said.as_tuple().exponent
    assert isinstance(places, int)  # it was written in digits, so it is finite
    return any(2 * abs(form - said) <= Decimal(1).scaleb(places) for form in forms)
