"""The spectrum on the Source page, with the choices of how it is drawn."""

from __future__ import annotations

import numpy as np
import streamlit as st

from alignlab.services.readings import spectrum_of
from alignlab.services.subject import Subject
from alignlab.ui import address
from alignlab.ui.source_page.spectrum_plot import MAX_OVERLAYS, LaidOver, SpectrumOptions, large_spectrum
from alignlab.ui.source_page.state import SourcePageState
from alignlab.ui.theme import shade

_VERSIONS = {"counts": "counts", "minmax": "min–max"}
_ACROSS = {"energy": "energy", "bin": "bin"}
_VERTICAL = {"log": "log", "linear": "linear"}


def show_spectrum(subject: Subject, state: SourcePageState) -> None:
    """Draw the spectrum and its controls."""
    spectrum = spectrum_of(subject.survey, subject.encoded, subject.index)
    has_background = bool(np.any(spectrum.background > 0))
    with st.container(horizontal=True, vertical_alignment="center", key="source_spectrum_controls"):
        version = _choose("spectrum", "What is drawn of the spectrum", _VERSIONS)
        across = _choose("axis", "Horizontal axis of the spectrum", _ACROSS)
        vertical = _choose("vertical", "Vertical axis of the spectrum", _VERTICAL)
        background = has_background and version == "counts" and st.checkbox("background", True, key="with_background")
    laid_over = _laid_over(subject, state)
    figure = large_spectrum(
        spectrum,
        np.asarray(subject.survey.spectra[subject.index]),
        np.asarray(subject.encoded.reconstruction[subject.index]),
        SpectrumOptions(
            scaled=version == "minmax",
            by_bin=across == "bin",
            logarithmic=vertical == "log",
            background=background,
        ),
        laid_over=laid_over,
        shade=shade(),
    )
    st.plotly_chart(figure, config={"displayModeBar": False}, key="source_page_spectrum")
    if laid_over:
        _show_laid_over(state, len(laid_over))


def _choose(name: str, label: str, options: dict[str, str]) -> str:
    chosen = address.choice(name, list(options), next(iter(options)))
    st.segmented_control(
        label,
        list(options),
        required=True,
        format_func=options.__getitem__,
        key=name,
        label_visibility="collapsed",
        width="content",
    )
    return chosen


def _laid_over(subject: Subject, state: SourcePageState) -> tuple[LaidOver, ...]:
    """The spectra to lay over: the latest chosen ones, as many as can be told apart, never the source itself."""
    survey = subject.workspace.survey
    own = subject.index if subject.overlay is None else None
    chosen = [index for index in state.laid_over if index != own and index < survey.n_sources][-MAX_OVERLAYS:]
    return tuple(
        LaidOver(
            name=str(survey.sources["name"].iloc[index]),
            counts=np.asarray(survey.counts[index]),
            scaled=np.asarray(survey.spectra[index]),
        )
        for index in chosen
    )


def _show_laid_over(state: SourcePageState, n: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="source_laid_over"):
        how = "on the min–max scale" if st.session_state.get("spectrum") == "minmax" else "scaled to the same total"
        left_out = len(state.laid_over) - n
        more = f"; {left_out} chosen before are left out" if left_out > 0 else ""
        st.caption(f"{n} laid over, {how}{more}", width="content")
        st.button("Take away", key="source_lay_nothing", type="tertiary", on_click=state.laid_over.clear)
