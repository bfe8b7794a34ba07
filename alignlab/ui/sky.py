"""Where a source is on the sky: a map of the whole sky that needs no network, and images around it that do."""

from __future__ import annotations

from functools import cache
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from alignlab.analysis.sky_map import galactic, mollweide
from alignlab.services.sky_links import SkyLink
from alignlab.ui.frontend_build import read_bundle
from alignlab.ui.source_page.svg import svg_image
from alignlab.ui.theme import Shade

_WIDTH, _HEIGHT = 560, 280
_LEVELS = (0.03, 0.08, 0.2, 0.5)
_FIELD_DEG = 0.1


def sky_map(density: NDArray[np.float64], ra_deg: float, dec_deg: float, *, name: str, shade: Shade) -> str:
    """The whole sky in galactic coordinates (Mollweide) with a source marked, as HTML.

    Parameters
    ----------
    density : ndarray, shape (rows, columns)
        Share of the fullest cell, from x = -2 and y = -1 on; drawn faint behind.
    ra_deg, dec_deg : float
        Position (ICRS) in degrees.
    name : str
        Of the source.
    """
    longitude, latitude = galactic(ra_deg, dec_deg)
    x, y = (float(v) for v in mollweide(longitude, latitude))
    px, py = _pixels(x, y)
    degrees = f"{float(longitude):.2f}°, latitude {float(latitude):+.2f}°".replace("-", "−")
    told = f"{name} at galactic longitude {degrees}"
    cross = f"M{px - 13:.1f} {py:.1f}h7m12 0h7M{px:.1f} {py - 13:.1f}v7m0 12v7"
    parts = [
        f'<ellipse cx="{_WIDTH / 2}" cy="{_HEIGHT / 2}" rx="{_WIDTH / 2 - 2}" ry="{_HEIGHT / 2 - 2}" '
        'fill="currentColor" fill-opacity="0.035" stroke="currentColor" stroke-opacity="0.35"/>',
        _density_paths(density),
        f'<path d="{_graticule()}" fill="none" stroke="currentColor" stroke-opacity="0.16" stroke-width="0.8"/>',
        *(_longitude_label(degrees) for degrees in (120, 60, 0, 300, 240)),
        f'<g stroke="currentColor" fill="none" stroke-width="2"><circle cx="{px:.1f}" cy="{py:.1f}" r="6"/>'
        f'<path d="{cross}"/></g>',
    ]
    image = svg_image(parts, _WIDTH, _HEIGHT, label=told, shade=shade)
    place = f"l {float(longitude):.3f}°, b {float(latitude):+.3f}°".replace("-", "−")
    said = "galactic coordinates, Mollweide; shaded: the survey's sources"
    return f'<figure class="al-sky-map">{image}<figcaption>{place} · {said}</figcaption></figure>'


def link_list(links: tuple[SkyLink, ...]) -> str:
    """Links to archives as HTML; each opens beside the app."""
    items = "".join(
        f'<li><a href="{escape(link.url)}" target="_blank" rel="noopener noreferrer">{escape(link.label)}</a> '
        f'<span class="al-dim">{escape(link.what)}</span></li>'
        for link in links
    )
    return f'<ul class="al-sky-links">{items}</ul>'


def sky_images(ra_deg: float, dec_deg: float, *, name: str, key: str, height: int = 380) -> None:
    """Draw Aladin Lite around a position. Its code is handed to the browser here, so call it only when asked to.

    Raises
    ------
    MissingArtefactError
        If the browser code has not been built.
    """
    data = {"ra": ra_deg, "dec": dec_deg, "name": name, "fov": _FIELD_DEG, "height": height}
    _component(read_bundle("sky"))(key=key, data=data, height="content")


def _pixels(x: float, y: float) -> tuple[float, float]:
    return _WIDTH / 2 + x * (_WIDTH / 4 - 1), _HEIGHT / 2 - y * (_HEIGHT / 2 - 2)


def _density_paths(density: NDArray[np.float64]) -> str:
    rows, columns = density.shape
    width, height = (_WIDTH - 4) / columns, (_HEIGHT - 4) / rows
    parts = []
    for level, opacity in zip(_LEVELS, (0.06, 0.08, 0.10, 0.14), strict=True):
        cells = [
            f"M{2 + column * width:.1f} {_HEIGHT - 2 - (row + 1) * height:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"
            for row, column in np.argwhere(density >= level)
        ]
        parts.append(f'<path d="{"".join(cells)}" fill="currentColor" fill-opacity="{opacity}"/>')
    return "".join(parts)


@cache
def _graticule() -> str:
    """Meridians every 60 degrees and parallels every 30, as a path."""
    latitudes, longitudes = np.linspace(-90, 90, 37), np.linspace(-179.99, 180, 37)
    lines = [mollweide(np.full(37, float(longitude)), latitudes) for longitude in range(-120, 121, 60)]
    lines += [mollweide(longitudes, np.full(37, float(latitude))) for latitude in range(-60, 61, 30)]
    return "".join(
        "M" + "L".join("{:.1f} {:.1f}".format(*_pixels(float(a), float(b))) for a, b in zip(x, y, strict=True))
        for x, y in lines
    )


def _longitude_label(degrees: int) -> str:
    x, y = _pixels(*(float(v) for v in mollweide(degrees, 0.0)))
    return (
        f'<text x="{x + 3:.1f}" y="{y - 3:.1f}" font-size="11" fill="currentColor" fill-opacity="0.6">{degrees}°</text>'
    )


@cache
def _component(bundle: str) -> ComponentRenderer:
    return st.components.v2.component("alignlab_sky_images", js=bundle, isolate_styles=False)
