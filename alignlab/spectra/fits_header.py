"""Keywords of FITS headers at the speed of the file: cards in the usual form are read here, the odd ones by astropy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from astropy.io import fits

HeaderValue = str | int | float | bool

_CARD, _RECORD = 80, 2880
_END = b"END".ljust(_CARD)
#: A card with a value: text in quotes, a truth, or a number (FITS standard 4.0, section 4.2), and perhaps a comment.
_USUAL = re.compile(
    r"([A-Z0-9_-]{1,8}) *= +(?:'((?:[^'&]|'')*)'|([TF])|([+-]?\d{1,18})|([+-]?\d+\.\d*(?:E[+-]?\d+)?)) *(?:/.*)?"
)
_ODD = re.compile(rb"[^ -~]")
_COMMENTARY = {"", "COMMENT", "HISTORY"}


def header_values(content: bytes, header: fits.Header, *, start: int, damage: tuple[type[Exception], ...]) -> dict[
    str, HeaderValue
]:  # fmt: skip
    """Values of the keywords of a header, the first of each; those that cannot be read are left out.

    Parameters
    ----------
    content : bytes
        The file.
    header : Header
        As astropy opened it.
    start : int
        Where it begins in the file.
    damage : tuple of exceptions
        What astropy may raise for a damaged card.
    """
    cards = _usual_cards(content, start)
    if cards is None:
        return _by_astropy(header.cards, damage)
    values: dict[str, HeaderValue] = {}
    for text in cards:
        match = _USUAL.fullmatch(text.rstrip()) if text[8:10] == "= " else None
        if match is not None:
            if match[1] not in values:
                values[match[1]] = _value(match)
            continue
        keyword = text[:8].strip()
        if keyword in _COMMENTARY:
            values.setdefault(keyword, text[8:].rstrip())
        else:
            for other, value in _by_astropy([fits.Card.fromstring(text)], damage).items():
                values.setdefault(other, value)
    return values


def _usual_cards(content: bytes, start: int) -> list[str] | None:
    """The cards of a header as text, each with those that go on with its text; None where they are not plain text."""
    end = content.find(_END, start)
    while end >= 0 and (end - start) % _CARD:
        end = content.find(_END, end + 1)
    block = content[start : max(end, start)]
    if end < 0 or not block.isascii() or _ODD.search(block):
        return None
    text = block.decode("ascii")
    cards: list[str] = []
    for at in range(0, len(text), _CARD):
        card = text[at : at + _CARD]
        if card.startswith("CONTINUE") and cards:
            cards[-1] += card
        else:
            cards.append(card)
    return cards


def _value(match: re.Match[str]) -> HeaderValue:
    if match[2] is not None:
        return match[2].replace("''", "'").rstrip()
    if match[3] is not None:
        return match[3] == "T"
    return int(match[4]) if match[4] is not None else float(match[5])


def _by_astropy(cards: Iterable[Any], damage: tuple[type[Exception], ...]) -> dict[str, HeaderValue]:
    values: dict[str, HeaderValue] = {}
    for card in cards:
        try:
            keyword, value = str(card.keyword).upper(), card.value
        except damage:
            continue
        if isinstance(value, (str, int, float, bool)) and keyword not in values:
            values[keyword] = value
    return values
