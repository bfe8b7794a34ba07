"""The typical spectrum of a cluster as a small drawing, on the same axes for every cluster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alignlab.services.discover.cluster_spectra import TypicalSpectrum
from alignlab.ui.source_page.svg import svg_image
from alignlab.ui.spectrum_figure import TICKS
from alignlab.ui.theme import Shade

_WIDTH, _HEIGHT = 300, 132
_LEFT, _BOTTOM, _TOP = 30, 20, 4
#: Ends of the axes: keV, and shares of the counts per keV.
_ENERGY, _SHARE = (0.5, 8.0), (0.004, 2.5)
_SHARE_TICKS = ((0.01, "0.01"), (0.1, "0.1"), (1.0, "1"))


def spectrum_svg(spectrum: TypicalSpectrum, everything: TypicalSpectrum, *, colour: str, shade: Shade) -> str:
    """Draw the median of the reconstructions with the middle 68%, the mean of what was observed, and all sources.

    Parameters
    ----------
    spectrum : TypicalSpectrum
        Of the cluster.
    everything : TypicalSpectrum
        Of all sources, for comparison.
    colour : str
        Of the cluster on the Atlas, for CSS.
    shade : {"light", "dark"}
    """
    parts = [*_axes()]
    if spectrum.n:
        x = _x(spectrum.energy_kev)
        upper, lower = _y(spectrum.high), _y(spectrum.low)
        band = _path(np.concatenate([x, x[::-1]]), np.concatenate([upper, lower[::-1]]))
        parts.append(f'<path d="{band}Z" fill="{colour}" opacity="0.25"/>')
        parts.append(
            f'<path d="{_path(_x(everything.energy_kev), _y(everything.median))}" fill="none" stroke="currentColor" '
            'stroke-width="1.1" stroke-dasharray="3 2.5" opacity="0.6"/>'
        )
        parts.append(f'<path d="{_path(x, _y(spectrum.median))}" fill="none" stroke="{colour}" stroke-width="2"/>')
    known = np.isfinite(spectrum.observed) & (spectrum.observed > _SHARE[0])
    parts += [
        f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="1.7" fill="currentColor"/>'
        for cx, cy in zip(_x(spectrum.observed_kev[known]), _y(spectrum.observed[known]), strict=True)
    ]
    label = f"Typical spectrum of {spectrum.n:,} sources: share of the counts per keV from 0.5 to 8 keV"
    return svg_image(parts, _WIDTH, _HEIGHT, label=label, shade=shade)


def _axes() -> list[str]:
    base = _HEIGHT - _BOTTOM
    text = 'font-size="10" fill="currentColor" opacity="0.75"'
    parts = [f'<path d="M{_LEFT} {_TOP}V{base}H{_WIDTH - 2}" fill="none" stroke="currentColor" opacity="0.35"/>']
    for value in TICKS:
        x = float(_x(np.array([value]))[0])
        anchor = "end" if value == TICKS[-1] else "middle"
        unit = " keV" if value == TICKS[-1] else ""
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 6}" text-anchor="{anchor}" {text}>{value:g}{unit}</text>')
    for share, told in _SHARE_TICKS:
        y = float(_y(np.array([share]))[0])
        parts.append(f'<text x="{_LEFT - 4}" y="{y + 3.5:.1f}" text-anchor="end" {text}>{told}</text>')
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - 2}" stroke="currentColor" opacity="0.1"/>')
    return parts


def _x(energy_kev: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = np.log(_ENERGY)
    return np.asarray(_LEFT + (np.log(energy_kev) - low) / (high - low) * (_WIDTH - _LEFT - 2))


def _y(share: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = np.log(_SHARE)
    place = (np.log(np.clip(share, *_SHARE)) - low) / (high - low)
    return np.asarray(_TOP + (1 - place) * (_HEIGHT - _BOTTOM - _TOP))


def _path(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    return "M" + "L".join(f"{at:.1f} {height:.1f}" for at, height in zip(x, y, strict=True))
