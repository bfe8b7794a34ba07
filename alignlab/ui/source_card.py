"""The card of one source: what it is, its spectrum, its variables, its papers and its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from alignlab.services.sources import SourceCard, VariableReading
from alignlab.services.workspace import Workspace
from alignlab.ui import words
from alignlab.ui.spectrum_figure import spectrum_figure, spectrum_key
from alignlab.ui.theme import shade

#: Shown first; the rest are one click away.
KEY_VARIABLES = ("hard_hs", "hard_hm", "powlaw_gamma", "powlaw_nh", "apec_kt", "var_prob_b", "flux_significance_b")
#: A percentile among fewer sources than this says nothing.
_FEWEST_FOR_RANK = 20
_NOTHING = """
<div class="al-empty"><b>No source picked</b><br>Click a point to see its spectrum, papers and neighbours.
Shift-click adds to the selection; drag with Shift, or take the lasso, to select many.</div>
"""


def empty_card() -> None:
    """What stands in the card's place while nothing is picked."""
    st.html(_NOTHING)


def show_source_card(card: SourceCard, workspace: Workspace, *, on_pick: Callable[[int], None]) -> None:
    """Draw the card; `on_pick` is called with the index of a neighbour that was pressed."""
    st.html(_head(card))
    with st.container(horizontal=True, gap="small", key="card_links"):
        st.page_link("pages/source.py", label="Everything about it", icon=":material/flare:")
        st.page_link("pages/interpret.py", label="Interpret", icon=":material/query_stats:")
    st.html(spectrum_key(with_background=bool(np.any(card.spectrum.background > 0)), shade=shade()))
    figure = spectrum_figure(card.spectrum, shade=shade(), height=215)
    st.plotly_chart(figure, config={"displayModeBar": False}, key="source_spectrum")
    st.html(_key_table(card, workspace))
    neighbours, papers, variables = st.tabs(
        [f"Neighbours {len(card.neighbours)}", f"Papers {len(card.papers)}", "All variables"]
    )
    with neighbours:
        _show_neighbours(card, on_pick)
    with papers:
        st.html(_papers(card))
    with variables:
        st.html(_variable_table(card))


def _head(card: SourceCard) -> str:
    facts = card.facts
    lines = []
    if np.isfinite(card.novelty_percent):
        kind = "simulated" if card.simulated else "observed"
        novelty = f"farther out than {card.novelty_percent:.0f}% of the training set"
        lines += [f"{kind} · survey {escape(card.survey_name)}", novelty]
    known = np.isfinite(facts["ra"]) and np.isfinite(facts["dec"])
    place = f"{facts['ra']:.4f}° {facts['dec']:+.4f}°".replace("-", "−") if known else "position unknown"
    observed = [str(facts["detector"])] if facts.get("detector") else []
    if np.isfinite(year := float(facts.get("year", np.nan))):
        observed.append(f"{int(year)}")
    exposure = card.spectrum.exposure_s
    if np.isfinite(exposure):
        observed.append(f"{words.number(exposure / 1000)} ks")
    counts = f"{float(np.sum(card.spectrum.counts)):,.0f} counts"
    if np.any(card.spectrum.background > 0):
        counts += f", {words.number(float(np.sum(card.spectrum.background)), digits=2)} of them background"
    lines += [" · ".join([place, *map(escape, observed)]), counts]
    if notes := str(facts.get("notes") or ""):
        lines.append(f"<details><summary>notes on its file</summary>{escape(notes)}</details>")
    body = "<br>".join(lines)
    return (
        f'<div class="al-card-head"><b>{escape(card.name)}</b><span>{escape(card.source_class)}</span></div>'
        f'<div class="al-dim">{body}</div>'
    )


def _key_table(card: SourceCard, workspace: Workspace) -> str:
    by_name = {reading.variable.name: reading for reading in card.readings}
    rows = []
    for name in KEY_VARIABLES:
        reading = by_name[name]
        rank = _rank(reading, card, workspace)
        rows.append(f"<tr><td>{escape(reading.variable.label)}</td><td>{_value(reading)}</td><td>{rank}</td></tr>")
    heads = f"<tr><th></th><th>measured, 68% limits</th><th>{'in class' if _ranks(card) else ''}</th></tr>"
    return f'<table class="al-rows">{heads}{"".join(rows)}</table>'


def _value(reading: VariableReading) -> str:
    text = words.measured(reading.variable, reading.value, reading.low, reading.high)
    if text == words.MISSING:
        return '<span class="al-dim">missing</span>'
    unit = f" {reading.variable.display_unit}" if reading.variable.unit else ""
    return escape(text + unit)


def _ranks(card: SourceCard) -> bool:
    return not np.isfinite(card.novelty_percent)


def _rank(reading: VariableReading, card: SourceCard, workspace: Workspace) -> str:
    """Percentile of a value among the survey's sources of the same class."""
    if not _ranks(card) or not np.isfinite(reading.value):
        return ""
    column = [r.variable.name for r in card.readings].index(reading.variable.name)
    same = workspace.survey.sources["source_class"].to_numpy() == card.facts["source_class"]
    values = workspace.survey.variables[same, column]
    values = values[np.isfinite(values)]
    if values.size < _FEWEST_FOR_RANK:
        return ""
    below = np.mean(values < reading.value) + np.mean(values == reading.value) / 2
    return f"p{min(99, max(1, round(100 * float(below))))}"


def _show_neighbours(card: SourceCard, on_pick: Callable[[int], None]) -> None:
    if not card.neighbours:
        st.caption("This survey holds no other source.")
    with st.container(key="neighbours"):
        for place, neighbour in enumerate(card.neighbours):
            label = f"{neighbour.name} · {neighbour.source_class or 'unclassified'} · {neighbour.similarity:.3f}"
            st.button(label, key=f"neighbour_{place}", type="tertiary", on_click=on_pick, args=(neighbour.index,))
    st.caption("Cosine similarity in the map's representation; press one to see it.")


def _papers(card: SourceCard) -> str:
    parts = [
        f"<p><b>{escape(title)}</b><br>{escape(card.summaries[aspect])}</p>"
        for aspect, title in words.ASPECT_LABELS.items()
        if aspect in card.summaries
    ]
    absent = [title.lower() for aspect, title in words.ASPECT_LABELS.items() if aspect not in card.summaries]
    if absent and len(card.papers):
        parts.append(f'<p class="al-dim">Not discussed: {escape("; ".join(absent))}.</p>')
    if card.papers.empty:
        return '<div class="al-dim">No paper is known for this source.</div>'
    items = "".join(
        f"<li>{escape(str(paper.title))}<br>"
        f'<span class="al-dim">{paper.year} · {escape(str(paper.identifier))}</span></li>'
        for paper in card.papers.itertuples()
    )
    word = " (simulated)" if card.simulated else ""
    heading = f"<p><b>{words.plural(len(card.papers), 'paper')}{word}</b></p>"
    return f'{"".join(parts)}{heading}<ul class="al-papers">{items}</ul>'


def _two_lines(reading: VariableReading, *numbers: float) -> str:
    """A value with its interval on a line of its own."""
    value, bracket, interval = words.measured(reading.variable, *numbers).partition(" (")
    return escape(value) + (f'<br><span class="al-dim">({escape(interval)}</span>' if bracket else "")


def _variable_table(card: SourceCard) -> str:
    catalogued = any(np.isfinite(reading.catalogued) for reading in card.readings)
    rows = []
    for reading in card.readings:
        estimate = _two_lines(reading, reading.estimate, reading.estimate_low, reading.estimate_high)
        cells = [escape(reading.variable.label_with_unit)]
        cells.append(_two_lines(reading, reading.value, reading.low, reading.high))
        if catalogued:
            cells.append(_two_lines(reading, reading.catalogued))
        cells.append(f"<i>{estimate}</i>" if estimate != words.MISSING else estimate)
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    names = ["", "measured", *(["catalogue"] if catalogued else []), "estimated"]
    heads = "".join(f"<th>{name}</th>" for name in names)
    note = '<p class="al-dim">Intervals are 68%. ○ Estimates come from the neighbours, the source itself left out.</p>'
    return f'<table class="al-rows"><tr>{heads}</tr>{"".join(rows)}</table>{note}'
