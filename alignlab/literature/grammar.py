"""A small generative grammar: phrases with alternatives, macros and slots.

``"[a|b|]"`` is one of its alternatives (nested and empty ones allowed), ``"<F>"`` a macro that is replaced before
compilation, ``"{z}"`` a slot filled from a mapping when the phrase is written, and ``"a(n)"`` the article that fits
the next word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Choice = TypeVar("Choice")

MACROS: dict[str, str] = {
    "F": "[the source|this object|the X-ray source|this source|the object]",
    "S": "[the source|this object|it|it|the X-ray source]",
    "likely": "[probably|most likely|likely|plausibly]",
    "suggests": "[suggests|indicates|implies|supports the view]",
    "concluded": "[one paper concludes|one paper argues|the authors conclude|the authors argue|the study finds] that",
    "fitted": (
        "[is well described|is adequately described|can be fitted|is best fitted|can be represented"
        "|is well reproduced|is modelled]"
    ),
    "spectrum": (
        "[the X-ray spectrum|the spectrum|the 0.5–8 keV spectrum|the time-averaged spectrum|the broad-band spectrum]"
    ),
    "counterpart": "[optical counterpart|counterpart|optical and infrared counterpart]",
    "deep": "[deep|archival|new|multi-epoch|moderately deep]",
    "mission": "[XMM-Newton|XMM-Newton|ROSAT|Swift|NuSTAR|Suzaku|ASCA|eROSITA]",
}

_TOKENS = re.compile(r"[\[\]|]|\{\w+\}|[^\[\]|{}]+")
_ARTICLE = re.compile(r"\b([Aa])\(n\) (?=(\S*))")
#: Words that begin with a vowel's sound but not its letter, and the other way round.
_VOWEL_SOUND = ("8", "x-", "xmm", "f-", "l-", "m-", "r-", "h-", "hmxb", "lmxb", "snr", "n_h", "hii")
_CONSONANT_SOUND = ("ulx", "unit", "univ", "uniq", "unif", "use", "usu", "one", "eur", "uv")


class Pen:
    """A reader of prepared uniform numbers, one row per text, so that a text never disturbs the next one's draws.

    Parameters
    ----------
    draws : ndarray of float, shape (n_texts, n_draws)
        Uniform numbers in [0, 1); a text that needs more than its row starts again at the row's beginning.
    """

    __slots__ = ("_at", "_draws", "_row")

    def __init__(self, draws: NDArray[np.floating]) -> None:
        if draws.ndim != 2 or draws.shape[1] == 0:
            raise ValueError(f"draws must have shape (n_texts, n_draws > 0), not {draws.shape}")
        self._draws = draws
        self._row: list[float] = []
        self._at = 0

    def turn_to(self, row: int) -> None:
        """Start the text of that row."""
        self._row = self._draws[row].tolist()
        self._at = 0

    def draw(self) -> float:
        """Return the next uniform number."""
        at = self._at
        self._at = at + 1 if at + 1 < len(self._row) else 0
        return self._row[at]

    def pick(self, options: Sequence[Choice]) -> Choice:
        """Return one of `options`, all equally probable."""
        return options[int(self.draw() * len(options))]


class Phrase:
    """One compiled phrase."""

    __slots__ = ("_parts", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        expanded = source
        for name, replacement in MACROS.items():
            expanded = expanded.replace(f"<{name}>", replacement)
        tokens = _TOKENS.findall(expanded)
        if "".join(tokens) != expanded or "<" in expanded:
            raise ValueError(f"unreadable phrase: {source!r}")
        self._parts, rest = _parse(tokens, 0)
        if rest != len(tokens):
            raise ValueError(f"unbalanced brackets in phrase: {source!r}")

    def write(self, pen: Pen, slots: Mapping[str, str]) -> str:
        """Return the phrase with its alternatives chosen by `pen` and its slots filled, first letter in upper case.

        Raises
        ------
        KeyError
            If a slot of the phrase is missing in `slots`.
        """
        text = self.write_within(pen, slots)
        return text[:1].upper() + text[1:]

    def write_within(self, pen: Pen, slots: Mapping[str, str]) -> str:
        """Return it as it stands within a sentence: its first letter is left as it is."""
        out: list[str] = []
        _write(self._parts, pen, slots, out)
        text = " ".join("".join(out).split()).replace(" ,", ",")
        if "(n)" in text:
            text = _ARTICLE.sub(_article, text)
        return text


def phrases(*sources: str) -> tuple[Phrase, ...]:
    """Compile several phrases."""
    return tuple(Phrase(source) for source in sources)


def paragraph(sentences: Iterable[str]) -> str:
    """Join written phrases to prose, one full stop after each; the first one names its subject."""
    text = ". ".join(sentences) + "."
    return f"The source {text[3:]}" if text.startswith("It ") else text


# A part is a literal, a slot as a 1-tuple with its name, or the list of a choice's alternatives.
_Part = str | tuple[str] | list


def _parse(tokens: list[str], at: int) -> tuple[list[_Part], int]:
    parts: list[_Part] = []
    while at < len(tokens) and tokens[at] not in "|]":
        token = tokens[at]
        if token == "[":
            alternatives = []
            while token in "[|":
                branch, at = _parse(tokens, at + 1)
                alternatives.append(branch)
                if at >= len(tokens):
                    return parts, -1
                token = tokens[at]
            parts.append(alternatives)
        elif token[0] == "{":
            parts.append((token[1:-1],))
        else:
            parts.append(token)
        at += 1
    return parts, at


def _write(parts: list[_Part], pen: Pen, slots: Mapping[str, str], out: list[str]) -> None:
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, tuple):
            out.append(slots[part[0]])
        else:
            _write(pen.pick(part), pen, slots, out)


def _article(match: re.Match[str]) -> str:
    article, word = match.groups()
    word = word.lower()
    vowel = word.startswith(("a", "e", "i", "o", "u", *_VOWEL_SOUND)) and not word.startswith(_CONSONANT_SOUND)
    return f"{article}n " if vowel else f"{article} "
