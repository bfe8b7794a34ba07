"""The head of the Source page: what it is called, where it is, how it was observed, what people say of it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from alignlab.analysis.sky_map import sexagesimal
from alignlab.services.subject import Subject
from alignlab.store.lab import Lab
from alignlab.store.run import Overlay
from alignlab.ui import words
from alignlab.ui.copy_button import copy_button
from alignlab.ui.source_page.text import ClassColours

_MOST_SIBLINGS = 6


def show_header(subject: Subject, colours: ClassColours, lab: Lab, *, on_pick: Callable[[int], None]) -> None:
    """Draw the head; `on_pick` is called with the index of another observation of the same source."""
    kind = subject.survey.origin
    source_class = subject.source_class
    dot = f'<i class="al-class-dot" style="background: {colours.of(source_class)}"></i>'
    st.html(
        f'<div class="al-source-name"><h1>{escape(subject.name)}</h1>'
        f'<span class="al-source-class">{dot}{escape(source_class or "not classified")}</span>'
        f'<span class="al-word">{kind}</span></div>'
    )
    _show_position(subject)
    pairs = "".join(f"<div><small>{name}</small><span>{escape(text)}</span></div>" for name, text in facts(subject))
    st.html(f'<div class="al-facts">{pairs}</div>')
    if notes := str(subject.facts.get("notes") or ""):
        st.html(f'<details class="al-dim al-notes"><summary>notes on its file</summary>{escape(notes)}</details>')
    _show_siblings(subject, on_pick)
    if said := said_in_the_lab(lab, subject):
        st.html(said)


def facts(subject: Subject) -> list[tuple[str, str]]:
    """How it was observed, as pairs of a name and a text; what is unknown is left out."""
    row = subject.facts
    counts = f"{float(np.sum(subject.survey.counts[subject.index])):,.0f}"
    background = float(np.sum(subject.survey.background[subject.index]))
    known = background > 0
    found = [("counts, 0.5–8 keV", f"{counts} ({words.number(background, digits=2)} background)" if known else counts)]
    exposure = float(row.get("exposure_s", np.nan))
    if np.isfinite(exposure):
        found.append(("exposure", f"{words.number(exposure / 1000)} ks"))
    if row.get("detector"):
        found.append(("detector", str(row["detector"])))
    if np.isfinite(off_axis := float(row.get("theta_arcmin", np.nan))):
        found.append(("off axis", f"{off_axis:.1f}′"))
    if int(row.get("obsid", 0) or 0) > 0:
        found.append(("ObsID", f"{int(row['obsid'])}"))
    if np.isfinite(year := float(row.get("year", np.nan))):
        found.append(("year", f"{int(year)}"))
    if subject.overlay is None:
        found.append(("split", str(row["split"])))
    found.append(("survey", subject.survey.name))
    if isinstance(subject.encoded, Overlay):
        percent = float(subject.encoded.novelty_percent[subject.index])
        found.append(("novelty", f"farther out than {percent:.0f}% of the training set"))
    return found


def position(subject: Subject) -> tuple[float, float] | None:
    """ICRS right ascension and declination in degrees; None where the position is unknown."""
    ra, dec = float(subject.facts["ra"]), float(subject.facts["dec"])
    return (ra, dec) if np.isfinite(ra) and np.isfinite(dec) else None


def said_in_the_lab(lab: Lab, subject: Subject) -> str:
    """Labels and notes that people gave it, as HTML; empty where there are none."""
    labels = lab.labels(subject.survey.name).get(subject.name, {})
    notes = lab.notes(subject.survey.name, subject.name)
    parts = [
        f'<span class="al-label" title="{escape(person)}">{escape(value)} <i>{escape(person)}</i></span>'
        for person, value in sorted(labels.items())
    ]
    parts += [
        f'<p class="al-note">{escape(note.text)} <i>{escape(note.person)}, {escape(note.created_utc[:10])}</i></p>'
        for note in notes
    ]
    return f'<div class="al-lab">{"".join(parts)}</div>' if parts else ""


def _show_position(subject: Subject) -> None:
    place = position(subject)
    if place is None:
        st.html('<div class="al-dim">position unknown</div>')
        return
    hours = sexagesimal(*place)
    degrees = f"{place[0]:.6f} {place[1]:+.6f}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="source_position"):
        st.html(f'<span class="al-coordinates">{hours.replace("-", "−")}</span>', width="content")
        copy_button(hours, label="copy", key="copy_sexagesimal")
        st.html(f'<span class="al-coordinates">{degrees.replace("-", "−")}°</span>', width="content")
        copy_button(degrees, label="copy", key="copy_degrees")
        note = "ICRS" if subject.survey.has_real_positions else "ICRS, simulated"
        st.html(f'<span class="al-dim">{note}</span>', width="content")


def _show_siblings(subject: Subject, on_pick: Callable[[int], None]) -> None:
    sources: pd.DataFrame = subject.survey.sources
    same = np.flatnonzero((sources["name"] == subject.name).to_numpy())
    others = [int(i) for i in same if i != subject.index]
    if not others:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="source_siblings"):
        more = f" (first {_MOST_SIBLINGS})" if len(others) > _MOST_SIBLINGS else ""
        st.caption(f"{words.plural(len(others), 'other observation')} of it{more}:", width="content")
        for index in others[:_MOST_SIBLINGS]:
            row = sources.iloc[index]
            label = f"ObsID {int(row['obsid'])}" if int(row.get("obsid", 0) or 0) > 0 else f"no. {index}"
            st.button(
                f"{label}, {int(row['counts']):,} counts",
                key=f"sibling_{index}",
                type="tertiary",
                on_click=on_pick,
                args=(index,),
            )
