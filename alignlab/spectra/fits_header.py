"""Keywords of FITS headers at the speed of the file, where every card is in a usual form (FITS 4.0, section 4)."""

from __future__ import annotations

import re

HeaderValue = str | int | float | bool

_CARD = 80
_END = b"END".ljust(_CARD)
_TEXT = r"'((?:[^']|'')*)'"
#: A card with a value: text in quotes, a truth, or a number, and perhaps a comment.
_USUAL = re.compile(
    r"([A-Z0-9_-]{1,8}) *= +(?:'((?:[^']|'')*)'|([TF])|([+-]?\d{1,18})|([+-]?\d+\.\d*(?:E[+-]?\d{1,3})?)) *(?:/.*)?"
)
#: A text that goes on, and the cards with which it does.
_BEGINS = re.compile(rf"([A-Z0-9_-]{{1,8}}) *= +{_TEXT} *(?:/.*)?")
_GOES_ON = re.compile(rf"CONTINUE +{_TEXT} *(?:/.*)?")
_ODD = re.compile(rb"[^ -~]")
_COMMENTARY = {"", "COMMENT", "HISTORY"}


def plain_header(content: bytes, start: int) -> tuple[dict[str, HeaderValue], int] | None:
    """Values of the keywords of a header, the first of each, and where it ends; None where any card is unusual.

    Parameters
    ----------
    content : bytes
        The file.
    start : int
        Where the header begins in it.
    """
    end = content.find(_END, start)
    while end >= 0 and (end - start) % _CARD:
        end = content.find(_END, end + 1)
    block = content[start : max(end, start)]
    if end < 0 or not block.isascii() or _ODD.search(block):
        return None
    text = block.decode("ascii")
    cards = [text[at : at + _CARD].rstrip() for at in range(0, len(text), _CARD)]
    values: dict[str, HeaderValue] = {}
    at = 0
    while at < len(cards):
        card, at = cards[at], at + 1
        match = _USUAL.fullmatch(card) if card[8:10] == "= " else None
        goes_on = at < len(cards) and cards[at].startswith("CONTINUE")
        if match is not None and not goes_on and not (match[2] or "").rstrip().endswith("&"):
            values.setdefault(match[1], _value(match))
        elif card[:8].strip() in _COMMENTARY:
            values.setdefault(card[:8].strip(), card[8:])
        elif (long := _long_text(cards, at - 1)) is not None:
            keyword, value, at = long
            values.setdefault(keyword, value)
        else:
            return None
    return values, end + _CARD


def _value(match: re.Match[str]) -> HeaderValue:
    if match[2] is not None:
        return match[2].replace("''", "'").rstrip()
    if match[3] is not None:
        return match[3] == "T"
    return int(match[4]) if match[4] is not None else float(match[5])


def _long_text(cards: list[str], at: int) -> tuple[str, str, int] | None:
    """Keyword and text that goes on over several cards from this one, and the number of the card behind them."""
    begins = _BEGINS.fullmatch(cards[at]) if cards[at][8:10] == "= " else None
    if begins is None:
        return None
    parts, at = [begins[2]], at + 1
    while at < len(cards) and cards[at].startswith("CONTINUE"):
        more = _GOES_ON.fullmatch(cards[at])
        if more is None or not parts[-1].rstrip().endswith("&"):
            return None
        parts[-1] = parts[-1].rstrip()[:-1]
        parts.append(more[1])
        at += 1
    if len(parts) == 1 or parts[-1].rstrip().endswith("&"):
        return None
    return begins[1], "".join(parts).replace("''", "'").rstrip(), at
