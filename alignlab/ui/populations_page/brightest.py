"""The brightest sources of a population as a table from which each can be opened."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from alignlab.services.discover.populations import Population
from alignlab.services.number_words import with_limits
from alignlab.services.workspace import Workspace
from alignlab.spectra.aperture_flux import ApertureFlux
from alignlab.ui import words
from alignlab.ui.opened import dataset_id
from alignlab.ui.state import AtlasState

_TABLE = "populations_brightest"
#: Rows that are shown; a download holds all.
MOST = 50


def show_brightest(workspace: Workspace, population: Population) -> None:
    """Draw the brightest sources; a row opens its source, a button shows all of them on the Atlas."""
    state = AtlasState.of(dataset_id(workspace))
    frame, rows = brightest(population)
    st.dataframe(
        frame, hide_index=True, height=min(320, 38 + 35 * len(frame)), key=_TABLE, on_select="rerun",
        selection_mode="single-row", placeholder="–",
        column_config={"name": st.column_config.TextColumn("name", pinned=True)},
    )  # fmt: skip
    picked = st.session_state[_TABLE]["selection"]["rows"]
    if picked and picked[0] < len(rows):
        state.pick(int(rows[picked[0]]))
        st.switch_page("pages/source.py")


def brightest(population: Population) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Name, class, brightness, hardness and variability of the brightest sources, and their indices."""
    flux, factor = population.flux, population.to_brightness
    order = np.argsort(-np.where(flux.is_detected, flux.value, -np.inf), kind="stable")[:MOST]
    sources = population.survey.sources.iloc[population.rows[order]]
    columns = {
        "name": sources["name"].to_numpy(),
        "class": sources["source_class"].fillna("").to_numpy(),
        "net counts": [words.number(n) for n in sources["net_counts"]],
        "flux, 0.5–7 keV (1e-14 erg cm⁻² s⁻¹)": [_flux(flux, i, 1e14) for i in order],
    }
    if population.has_distance:
        columns["luminosity (1e37 erg s⁻¹)"] = [_flux(flux, i, factor / 1e37) for i in order]
    for name, label in (("hard_hs", "hardness (hard − soft)"), ("powlaw_gamma", "photon index Γ")):
        columns[label] = [words.number(value, digits=2) for value in population.values(name)[order]]
    columns["variability probability"] = [words.percent(value) for value in population.values("var_prob_b")[order]]
    return pd.DataFrame(columns), population.rows[order]


def _flux(flux: ApertureFlux, index: int, scale: float) -> str:
    """A flux with its 68% limits, or its 95% upper limit."""
    if flux.is_limit[index]:
        return f"< {words.number(flux.upper[index] * scale, digits=2)}"
    return with_limits(*(float(values[index]) * scale for values in (flux.value, flux.low, flux.high)))
