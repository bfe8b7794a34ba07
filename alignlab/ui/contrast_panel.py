"""Selection against rest: the panel under the map, drawn as one piece of HTML."""

from __future__ import annotations

import math
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from alignlab.analysis.contrast import EXACT_UP_TO
from alignlab.errors import AlignlabError
from alignlab.literature.distinguishing import DistinguishingTerm
from alignlab.services.contrast import (
    PairedHistogram,
    VariableContrast,
    WordContrast,
    variable_contrast,
    word_contrast,
    words_are_counted,
)
from alignlab.services.number_words import p_words
from alignlab.services.workspace import Workspace
from alignlab.ui import words
from alignlab.ui.source_page.svg import svg_image
from alignlab.ui.theme import Shade, shade
from alignlab.variables import VARIABLES, Variable

_CLEAR = 0.05
_HEADS = (
    "variable",
    "selection",
    "rest",
    "shift",
    "effect size δ, 95%",
    "p",
    "n",
    "distribution",
)
_BAR, _BAR_HEIGHT = 92, 14
_HISTOGRAM, _HISTOGRAM_HEIGHT = 104, 23
#: Images do not see the page's colours: these are the theme's accent and background (.streamlit/config.toml).
_ACCENT = {"light": "#b3125a", "dark": "#ff7aac"}
_PAGE = {"light": "#ffffff", "dark": "#0f141a"}
_FILL = {name: f'fill="{accent}" opacity="0.6"' for name, accent in _ACCENT.items()}


def show_contrast(workspace: Workspace, mask: NDArray[np.bool_]) -> None:
    """Draw how the sources of `mask`, bool of shape (n,), differ from all others of the survey."""
    slot = st.empty()
    try:
        variables = variable_contrast(workspace, mask)
        if not words_are_counted(workspace):
            slot.html(contrast_html(variables, None, shade=shade()))
        slot.html(contrast_html(variables, word_contrast(workspace, mask), shade=shade()))
    except AlignlabError as error:
        slot.html(f'<div class="al-empty">{escape(str(error))}</div>')


def contrast_html(variables: VariableContrast, said: WordContrast | None, *, shade: Shade) -> str:
    """The whole panel; without `said` it says that words are being counted."""
    rows = "".join(_row(place, variables, shade) for place in variables.by_effect())
    heads = "".join(f"<th scope=col>{head}</th>" for head in _HEADS)
    return (
        f'<section class="al-contrast" style="--al-accent: {_ACCENT[shade]}" '
        'aria-label="Selection against the rest"><div>'
        f'<p class="al-contrast-lead"><b>{variables.n_selected:,} selected</b> against {variables.n_rest:,} others, '
        "by size of the effect: medians, Cliff's δ, Mann–Whitney, Holm-corrected for "
        f"{words.plural(variables.contrast.n_tests, 'test')} <span class=al-contrast-key>"
        '<i class="al-contrast-in"></i>selection <i class="al-contrast-out"></i>rest</span></p>'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f'<p class="al-contrast-note">{_notes()}</p></div>{_said(said)}</section>'
    )


def median_words(variable: Variable, selected: float, rest: float) -> tuple[str, str, str]:
    """Two medians and the first less the second, all with the same decimals; of probabilities in percent."""
    if not np.isfinite(rest) or not np.isfinite(selected):
        return words.measured(variable, selected), words.measured(variable, rest), words.MISSING
    shift = selected - rest
    if variable.name == "var_prob_b":
        return words.percent(selected), words.percent(rest), f"{_signed(100 * shift, 1)} points"
    size = max(abs(selected), abs(rest))
    if size >= 1e5 or 0 < size < 1e-3:
        sign = "+" if shift > 0 else ""
        return words.number(selected), words.number(rest), sign + words.number(shift, digits=2)
    decimals = max(0, 2 - math.floor(math.log10(max(size, 0.1 if variable.diverging else size)))) if size else 0
    plain = [f"{value:,.{decimals}f}".replace("-", "−") for value in (selected, rest)]
    return plain[0], plain[1], _signed(shift, decimals)


def _notes() -> str:
    return (
        "δ is the probability that a source of the selection has the larger value, less that it has the smaller one. "
        f"p is exact for up to {EXACT_UP_TO} sources without equal values, else a normal approximation. Both areas are "
        "equal; the outermost bins hold what lies beyond the axis; a notched bar is cut. "
        "A selection made on the map was chosen by the same spectra: p then describes it and discovers nothing."
    )


def _row(place: int, variables: VariableContrast, shade: Shade) -> str:
    variable, c = VARIABLES[place], variables.contrast
    clear = c.p_corrected[place] < _CLEAR
    medians = median_words(variable, float(c.median_selected[place]), float(c.median_rest[place]))
    n = f"{c.n_selected[place]:,} <span class=al-dim>/ {c.n_rest[place]:,}</span>"
    exact = ' title="exact"' if c.exact[place] else ""
    return (
        f'<tr{"" if clear else " class=al-contrast-unclear"}><th scope=row title="{escape(variable.description)}">'
        f"{_label(variable)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in medians)}"
        f"<td>{_effect(float(c.delta[place]), float(c.delta_low[place]), float(c.delta_high[place]), shade)}</td>"
        f"<td{exact}>{escape(p_words(float(c.p_corrected[place])))}</td><td>{n}</td>"
        f"<td>{_histogram(variable, variables.histograms[place], shade)}</td></tr>"
    )


def _label(variable: Variable) -> str:
    unit = f" <span class=al-dim>{escape(variable.display_unit)}</span>" if variable.unit else ""
    return escape(variable.label) + unit


def _effect(delta: float, low: float, high: float, shade: Shade) -> str:
    """A bar from the centre, its 95% interval across its end, and the number."""
    if not np.isfinite(delta):
        return words.MISSING
    centre, middle = _BAR / 2, _BAR_HEIGHT / 2
    half = centre - 1
    end = centre + half * delta
    parts = [
        f'<path d="M{centre} 0V{_BAR_HEIGHT}M1 {middle}H{_BAR - 1}" stroke="currentColor" opacity="0.26"/>',
        f'<rect x="{min(end, centre):.1f}" y="3.5" width="{abs(end - centre):.1f}" height="7" {_FILL[shade]}/>',
    ]
    label = f"δ {_signed(delta)}"
    if np.isfinite(low):
        left, right = centre + half * low, centre + half * high
        ends = f"M{left:.1f} {middle}H{right:.1f}M{left:.1f} 4.5V9.5M{right:.1f} 4.5V9.5"
        parts.append(f'<path d="{ends}" fill="none" stroke="currentColor" stroke-width="1.1"/>')
        label += f", 95% interval {_signed(low)} to {_signed(high)}"
    image = svg_image(parts, _BAR, _BAR_HEIGHT, label=label, shade=shade)
    return f'<span class="al-effect" title="{label}">{image}<b>{_signed(delta)}</b></span>'


def _signed(value: float, decimals: int = 2) -> str:
    """A number with its sign; none where it rounds to zero."""
    text = f"{value:+,.{decimals}f}"
    return text[1:] if not text.strip("+-0.,") else text.replace("-", "−")


def _histogram(variable: Variable, pair: PairedHistogram, shade: Shade) -> str:
    """Selection filled, rest outlined, each of the same area; ends of the axis in the variable's unit."""
    if not np.isfinite(pair.low):
        return words.MISSING
    selected, rest = (h / max(h.sum(), 1) for h in (pair.selected, pair.rest))
    # Values piled up at an end of the axis would flatten everything else: they are cut, and notched to say so.
    inner = max(selected[1:-1].max(), rest[1:-1].max(), 1e-9)
    peak = 1.08 * min(2 * inner, max(selected.max(), rest.max(), inner))
    width = _HISTOGRAM / len(selected)
    filled, outlined = (_steps(_HISTOGRAM_HEIGHT * np.minimum(h / peak, 1), width) for h in (selected, rest))
    parts = [
        f'<path d="{filled}Z" {_FILL[shade]}/>',
        f'<path d="{outlined}" fill="none" stroke="currentColor" stroke-width="1.1" opacity="0.62"/>',
        f'<path d="M0 {_HISTOGRAM_HEIGHT}H{_HISTOGRAM}" stroke="currentColor" opacity="0.4"/>',
    ]
    cut = {int(b) for h in (selected, rest) for b in np.flatnonzero(h > peak)}
    notches = "".join(f"M{b * width - 1:.1f} 7.5L{(b + 1) * width + 1:.1f} 4.5" for b in cut)
    parts.append(f'<path d="{notches}" stroke="{_PAGE[shade]}" stroke-width="2"/>')
    low, high = (_axis_end(variable, end) for end in (pair.low, pair.high))
    axis = "" if pair.scale == "linear" else f", {pair.scale} axis"
    label = f"{variable.label} from {low} to {high} {variable.display_unit}".rstrip() + axis
    image = svg_image(parts, _HISTOGRAM, _HISTOGRAM_HEIGHT, label=label, shade=shade)
    return (
        f'<span class="al-hist" title="{escape(label)}"><small>{escape(low)}</small>{image}'
        f"<small>{escape(high)}</small></span>"
    )


def _axis_end(variable: Variable, value: float) -> str:
    return f"{100 * value:.0f}%" if variable.name == "var_prob_b" else words.number(value, digits=2)


def _steps(heights: NDArray[np.float64], width: float) -> str:
    base = _HISTOGRAM_HEIGHT
    bars = "".join(f"V{base - h:.1f}H{(b + 1) * width:.1f}" for b, h in enumerate(heights))
    return f"M0 {base}{bars}V{base}"


def _said(said: WordContrast | None) -> str:
    if said is None:
        return '<aside class="al-said"><p class="al-dim">Counting the words of the papers …</p></aside>'
    noun = "paper" if said.kind == "papers" else "source summarised"
    terms = said.terms
    if not terms.n_first or not terms.n_second:
        which = "the selection" if not terms.n_first else "the others"
        return f'<aside class="al-said"><p class="al-dim">Nothing is written about {which}.</p></aside>'
    blocks = [
        f'<h4>{title}</h4><p class="al-chips{tint}">{"".join(_chip(term, said) for term in found)}</p>'
        for title, found, tint in (
            ("Said more often", terms.more, " al-said-more"),
            ("Said less often", terms.less, ""),
        )
        if found
    ]
    sizes = f"{_many(terms.n_first, noun)} on the selection, {_many(terms.n_second, noun)} on others"
    none = "" if blocks else "<p>No word distinguishes them clearly.</p>"
    return (
        f'<aside class="al-said"><p class="al-contrast-lead"><b>Words</b> in {escape(sizes)}</p>'
        f'{"".join(blocks)}{none}<p class="al-contrast-note">How many of each hold the word. Ranked by log-odds with '
        "the survey's own words as prior, z ≥ 3.</p></aside>"
    )


def _many(n: int, noun: str) -> str:
    return f"{n:,} {noun if n == 1 else noun.replace('paper', 'papers').replace('source', 'sources')}"


def _chip(term: DistinguishingTerm, said: WordContrast) -> str:
    side = said.terms
    full = f"{term.n_first:,} of {side.n_first:,} against {term.n_second:,} of {side.n_second:,}, z {_signed(term.z)}"
    return (
        f'<span class="al-chip" title="{escape(full)}">{escape(term.term)} '
        f"<small>{term.n_first:,} : {term.n_second:,}</small></span>"
    )
