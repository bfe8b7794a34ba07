"""Small drawings that stand within text, as images: Streamlit takes SVG elements out of HTML."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.services.distributions import Strip
from alignlab.ui.spectrum_figure import INK
from alignlab.ui.theme import Shade

_STRIP_WIDTH, _STRIP_HEIGHT = 112, 30
_MINI_WIDTH, _MINI_HEIGHT, _MINI_BINS = 92, 22, 46


def strip_svg(
    strip: Strip,
    *,
    value: tuple[float, float, float],
    estimate: tuple[float, float, float],
    colour: str,
    label: str,
    shade: Shade,
    wide: tuple[float, float] | None = None,
) -> str:
    """Where a value and its estimate lie among all sources (filled) and among those of the class (line).

    Parameters
    ----------
    strip : Strip
    value, estimate : tuple of float
        Number, lower and upper limit; NaN where missing.
    colour : str
        Of the class.
    label : str
        What it shows, for those who cannot see it.
    wide : (float, float), optional
        A wider interval of the estimate, drawn thin.
    """
    width, height = _STRIP_WIDTH, _STRIP_HEIGHT
    base = height - 6
    parts = [f'<path d="{_hill(strip.everything, width, base)}Z" fill="currentColor" opacity="0.16"/>']
    if strip.same_class.any():
        parts.append(
            f'<path d="{_hill(strip.same_class, width, base)}" fill="none" stroke="{colour}" stroke-width="1.4"/>'
        )
    parts.append(f'<path d="M0 {base}H{width}" stroke="currentColor" stroke-width="0.7" opacity="0.4"/>')
    parts.append(_interval(strip, value, y=base, width=width, dash=""))
    if wide is None:
        parts.append(_interval(strip, estimate, y=base + 4.5, width=width, dash="2 1.5"))
    else:
        parts.append(_interval(strip, (np.nan, *wide), y=base + 3.6, width=width, dash="", stroke=0.8))
        parts.append(_interval(strip, estimate, y=base + 3.6, width=width, dash="", stroke=2))
    if np.isfinite(at := strip.position(value[0])):
        x = _x(at, width)
        parts.append(f'<path d="M{x} 3V{base}" stroke="currentColor" stroke-width="1.2"/>')
        parts.append(f'<circle cx="{x}" cy="{base}" r="3" fill="currentColor"/>')
    if np.isfinite(at := strip.position(estimate[0])):
        parts.append(
            f'<circle cx="{_x(at, width)}" cy="{base + 2}" r="3" fill="none" stroke="currentColor" stroke-width="1.2"/>'
        )
    return svg_image(parts, width, height, label=label, shade=shade)


def mini_spectrum(spectrum: ArrayLike, *, shade: Shade) -> str:
    """A spectrum on the min–max scale as a small area, for the eye only."""
    values = np.asarray(spectrum, dtype=np.float64)
    edges = np.linspace(0, len(values), _MINI_BINS + 1).astype(int)[:-1]
    joined = np.add.reduceat(values, edges)
    top = float(joined.max())
    path = _hill(joined / top if top > 0 else joined, _MINI_WIDTH, _MINI_HEIGHT)
    parts = [
        f'<path d="{path}Z" fill="currentColor" opacity="0.13"/>',
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="1" opacity="0.75"/>',
    ]
    return svg_image(parts, _MINI_WIDTH, _MINI_HEIGHT, label="", shade=shade)


def svg_image(parts: list[str], width: float, height: float, *, label: str, shade: Shade) -> str:
    """SVG elements as an image in HTML; `currentColor` in them is the ink of the theme.

    Parameters
    ----------
    parts : list of str
        Elements of SVG.
    width, height : float
        In pixels.
    label : str
        For those who cannot see it; empty for what only adorns.
    """
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'style="color:{INK[shade]}" font-family="sans-serif">{"".join(parts)}</svg>'
    )
    source = quote(drawing, safe=" =:/;,()")
    return f'<img alt="{escape(label)}" width="{width}" height="{height}" src="data:image/svg+xml,{source}">'


def _hill(heights: NDArray[np.float64], width: float, base: float) -> str:
    """Steps of these heights (0 to 1) as a path that begins and ends on the base line."""
    step = width / len(heights)
    tops = base - heights * (base - 2)
    return (
        f"M0 {base}" + "".join(f"L{i * step:.1f} {y:.1f}H{(i + 1) * step:.1f}" for i, y in enumerate(tops)) + f"V{base}"
    )


def _interval(
    strip: Strip, numbers: tuple[float, float, float], *, y: float, width: float, dash: str, stroke: float = 1.6
) -> str:
    low, high = strip.position(numbers[1]), strip.position(numbers[2])
    if not (np.isfinite(low) and np.isfinite(high)):
        return ""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="M{_x(low, width)} {y}H{_x(high, width)}" stroke="currentColor" stroke-width="{stroke}"{dashed}/>'


def _x(place: float, width: float) -> str:
    """A place along the axis in pixels, far enough from the ends for a mark to be whole."""
    return f"{3.5 + place * (width - 7):.1f}"
