"""The Latents page's section on formulas."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from alignlab.services.evaluate import part
from alignlab.services.evaluate.latents_tables import of_split
from alignlab.services.workspace import Workspace
from alignlab.ui import address
from alignlab.ui.evaluate.experiment import show_head
from alignlab.ui.evaluate.parts import part_figures
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.latents_page.findings import formulas_finding
from alignlab.ui.latents_page.formula_figures import front_figure, predicted_figure
from alignlab.ui.theme import shade
from alignlab.variables import BY_NAME

_LATENT = "formula_of"
_PLAIN = {"displayModeBar": False}


def show_formulas(workspace: Workspace) -> None:
    """Draw what latents are in terms of the variables, or the offer to compute it."""
    figures = part_figures(workspace, "formulas")
    if figures is None:
        return
    show_head("Latents as formulas", formulas_finding(figures))
    if any(told["front"] for told in figures["latents"]):
        _show_latent(figures)
        shown, every = part("formulas").tables(figures)
        show_table(shown, key=shown.name)
        with st.expander(f"{every.title}: {len(every.rows)}"):
            show_table(every, key=every.name)


@st.fragment(key="latents_formula")
def _show_latent(figures: Mapping[str, Any]) -> None:
    by_name = {told["label"]: told for told in figures["latents"] if told["front"]}
    name = address.choice(_LATENT, list(by_name), next(iter(by_name)))
    told = by_name[name]
    lengths = [formula["complexity"] for formula in told["front"]]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Latent",
            list(by_name),
            format_func=lambda label: f"{label}, follows {BY_NAME[by_name[label]['follows']].label}",
            key=_LATENT,
            width=360,
        )
        length = lengths[told["chosen"]]
        if len(lengths) > 1:
            length = st.select_slider(
                "Complexity", lengths, value=length, key=f"formula_length_{told['latent']}", width=320
            )
    chosen = lengths.index(length)
    formula = told["front"][chosen]
    with st.container(key="latents_formula_line"):
        st.latex(rf"z \approx {formula['latex']}", width="content")
        meanings = {entry["symbol"]: entry["meaning"] for entry in figures["inputs"]}
        where = "; ".join(f"{symbol_html(symbol)} {escape(meanings[symbol])}" for symbol in formula["symbols"])
        st.html(f'<p class="al-latents-where">{where}</p>')
    left, right = st.columns(2, gap="large")
    left.plotly_chart(front_figure(told, chosen, shade=shade()), key="latents_front", config=_PLAIN)
    right.plotly_chart(predicted_figure(told, chosen, shade=shade()), key="latents_predicted", config=_PLAIN)
    r2 = formula["r2"]
    st.html(
        '<p class="al-table-caption">'
        + escape(
            f"Latent {name} in standard deviations from its mean. First, what each formula explains, with 95% "
            f"bootstrap interval; filled: that above, R² = {r2['value']:.2f} ({r2['low']:.2f}–{r2['high']:.2f}). Then "
            f"this formula against the latent for {len(told['true']):,} sources. n = {figures['n']:,} with every "
            f"variable, {of_split(figures)}; found on {figures['n_fitted']:,} training sources."
        )
        + "</p>"
    )


def symbol_html(symbol: str) -> str:
    """``N_pl`` as it is set in the formula."""
    letter, _, index = symbol.partition("_")
    return f"<i>{escape(letter)}</i>" + (f"<sub>{escape(index)}</sub>" if index else "")
