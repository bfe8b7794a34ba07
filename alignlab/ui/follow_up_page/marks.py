"""When a source can be seen, as twelve small marks per place."""

from __future__ import annotations

from html import escape

from alignlab.services.discover.observing import ObservingEssentials, Visibility
from alignlab.ui.source_page.svg import svg_image
from alignlab.ui.theme import Shade

_MONTHS = "JFMAMJJASOND"
_STEP, _SIDE, _NAME, _HEAD, _ROW = 12, 9, 66, 13, 13


def month_marks(essentials: ObservingEssentials, *, shade: Shade) -> str:
    """Chandra's and each site's months as an image: filled where they count; empty where the position is unknown."""
    places: list[Visibility] = [*([essentials.chandra] if essentials.chandra else []), *essentials.ground]
    if not places:
        return ""
    text = 'fill="currentColor" font-size="9.5"'
    parts = [
        f'<text x="{_NAME + m * _STEP + _SIDE / 2}" y="9" text-anchor="middle" opacity="0.7" {text}>{letter}</text>'
        for m, letter in enumerate(_MONTHS)
    ]
    for k, place in enumerate(places):
        top = _HEAD + k * _ROW
        parts.append(f'<text x="0" y="{top + 8.5}" opacity="0.85" {text}>{escape(place.place)}</text>')
        parts += [_mark(place, month, top) for month in range(1, 13)]
    label = "Can be seen: " + "; ".join(f"{place.place} {place.words}" for place in places)
    return svg_image(parts, _NAME + 12 * _STEP, _HEAD + len(places) * _ROW, label=label, shade=shade)


def _mark(place: Visibility, month: int, top: float) -> str:
    x = _NAME + (month - 1) * _STEP
    look = 'fill="currentColor"' if month in place.months else 'fill="none" stroke="currentColor" opacity="0.3"'
    return f'<rect x="{x}" y="{top}" width="{_SIDE}" height="{_SIDE}" rx="2" {look}/>'
