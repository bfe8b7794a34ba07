"""The shape of what is still being found."""

from __future__ import annotations

from html import escape


def bars(n: int, *, tall: bool = False) -> str:
    """So many lines of text to come."""
    kind = " al-tall" if tall else ""
    return f'<div class="al-skeleton{kind}" aria-hidden="true">{"<i></i>" * n}</div>'


def block(title: str, *, height: int) -> str:
    """A part to come: its title, and a box as tall as it will be, in pixels."""
    heading = f'<h2 class="al-part">{escape(title)}</h2>' if title else ""
    return f'{heading}<div class="al-skeleton al-box" style="height: {height}px" aria-hidden="true"></div>'
