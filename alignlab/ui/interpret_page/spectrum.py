"""The spectrum of the source with those of the nearest ones over it, each at a press."""

from __future__ import annotations

import numpy as np
import streamlit as st

from alignlab.services.interpret.contract import NeighbourEvidence
from alignlab.services.readings import spectrum_of
from alignlab.services.subject import Subject
from alignlab.ui.source_page.spectrum_plot import LaidOver, SpectrumOptions, large_spectrum
from alignlab.ui.source_page.text import plain
from alignlab.ui.theme import shade

HEIGHT = 350
#: Laid over before anybody has chosen.
_FIRST = 2


@st.fragment
def show_spectrum(subject: Subject, neighbours: tuple[NeighbourEvidence, ...]) -> None:
    """Draw the spectrum and the switches of what is laid over it; a switch draws this part alone again."""
    st.html('<h2 class="al-part">Its spectrum beside the nearest ones</h2>')
    names = {neighbour.index: neighbour.name for neighbour in neighbours}
    chosen = st.pills(
        "Spectra laid over", list(names), selection_mode="multi", default=list(names)[:_FIRST],
        format_func=lambda index: plain(names[index]), key=f"interpret_over_{'_'.join(map(str, subject.key))}",
        label_visibility="collapsed",
    )  # fmt: skip
    survey, spectrum = subject.workspace.survey, spectrum_of(subject.survey, subject.encoded, subject.index)
    laid_over = tuple(
        LaidOver(name=names[index], counts=np.asarray(survey.counts[index]), scaled=np.asarray(survey.spectra[index]))
        for index in names
        if index in chosen
    )
    figure = large_spectrum(
        spectrum, np.asarray(subject.survey.spectra[subject.index]),
        np.asarray(subject.encoded.reconstruction[subject.index]), SpectrumOptions(),
        laid_over=laid_over, shade=shade(), height=HEIGHT,
    )  # fmt: skip
    st.plotly_chart(figure, config={"displayModeBar": False}, key="interpret_spectrum")
    st.html(
        '<p class="al-dim">Spectra laid over are scaled to the same total; residuals are to the reconstruction.</p>'
    )
