"""The Populations page, from top to bottom: two groups, what differs, figures, tables, the brightest sources."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.discover.population_brightness import BrightnessFunction, brightness_function
from alignlab.services.discover.population_comparison import (
    PopulationComparison,
    compare_populations,
    variable_by_counts,
)
from alignlab.services.discover.population_groups import REST
from alignlab.services.discover.population_tables import quantity_table, share_table
from alignlab.services.discover.population_text import (
    CAVEATS,
    brightness_sentence,
    counts_sentence,
    difference_sentence,
    introduction,
    share_sentences,
)
from alignlab.services.discover.populations import Fluxes, Population, survey_fluxes
from alignlab.services.workspace import Workspace
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.opened import current_lab, dataset_id
from alignlab.ui.populations_page.brightest import MOST, show_brightest
from alignlab.ui.populations_page.brightness_figure import brightness_figure, variability_figure
from alignlab.ui.populations_page.choose import Chosen, choose
from alignlab.ui.populations_page.look import PLAIN
from alignlab.ui.populations_page.sources_figure import colour_colour_figure, hardness_intensity_figure
from alignlab.ui.state import AtlasState
from alignlab.ui.take_away import copy_link, take_table
from alignlab.ui.theme import shade

if TYPE_CHECKING:
    from astropy.table import Table


def show(workspace: Workspace) -> None:
    """Draw the page."""
    with st.container(key="populations_body"):
        chosen = choose(workspace, current_lab())
        if chosen is None:
            return
        try:
            with st.spinner("Comparing …", show_time=True):
                comparison = _compared(workspace, *chosen)
        except AlignlabError as error:
            st.warning(str(error))
            return
        functions = _functions(comparison)
        _tell(comparison, functions)
        _draw(comparison, functions)
        show_table(share_table(comparison), key="populations_shares")
        show_table(quantity_table(comparison), key="populations_quantities")
        _show_sources(workspace, comparison)


def _compared(workspace: Workspace, first: Chosen, second: Chosen) -> PopulationComparison:
    asked = tuple((c.group.label, c.group.request, c.group.mask.tobytes(), c.distance_mpc) for c in (first, second))
    return _comparison(workspace, first, second, workspace.survey.digest, asked)


@st.cache_resource(max_entries=8, show_spinner=False)
def _comparison(
    _workspace: Workspace, _first: Chosen, _second: Chosen, survey: str, asked: tuple[object, ...]
) -> PopulationComparison:
    del asked  # only there to be part of the key
    fluxes = _fluxes(_workspace, survey)
    first, second = (
        Population(group=c.group, survey=_workspace.survey, fluxes=fluxes, distance_mpc=c.distance_mpc)
        for c in (_first, _second)
    )
    return compare_populations(first, second)


@st.cache_resource(max_entries=4, show_spinner=False)
def _fluxes(_workspace: Workspace, survey: str) -> Fluxes:
    del survey  # only there to be part of the key
    return survey_fluxes(_workspace.survey)


def _functions(comparison: PopulationComparison) -> list[tuple[int, Population, BrightnessFunction]]:
    """Functions in the unit of the first population's: luminosities and fluxes share no axis."""
    populations = enumerate((comparison.first, comparison.second))
    return [
        (number, population, brightness_function(population))
        for number, population in populations
        if population.has_distance == comparison.first.has_distance
    ]


def _tell(comparison: PopulationComparison, functions: list[tuple[int, Population, BrightnessFunction]]) -> None:
    found = [difference_sentence(comparison), *share_sentences(comparison)]
    found += [brightness_sentence(population, function) for _, population, function in functions]
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in found)
    warning = counts_sentence(comparison)
    st.html(
        f'<p class="al-populations-lead">{escape(introduction(comparison))}</p><ul class="al-populations-found">'
        f"{items}</ul>" + (f'<p class="al-populations-warning">{escape(warning)}</p>' if warning else "")
    )


def _draw(comparison: PopulationComparison, functions: list[tuple[int, Population, BrightnessFunction]]) -> None:
    first, second = comparison.first, comparison.second
    look = shade()
    upper, lower = st.columns(2, gap="large"), st.columns(2, gap="large")
    labels = (first.group.label, second.group.label)
    figures = (
        (upper[0], "Hardness and brightness", hardness_intensity_figure(first, second, shade=look)),
        (upper[1], "Colours", colour_colour_figure(first, second, shade=look)),
        (lower[0], "Luminosity function" if first.has_distance else "Sources against flux", brightness_figure(
            [(number, population.group.label, function) for number, population, function in functions], shade=look)),
        (lower[1], "Variable at equal counts", variability_figure(variable_by_counts(comparison), labels, shade=look)),
    )  # fmt: skip
    for column, title, figure in figures:
        with column:
            st.html(f'<h3 class="al-populations-figure">{title}</h3>')
            st.plotly_chart(figure, key=f"populations_{title}", config=PLAIN)
    st.html(
        f'<p class="al-table-caption">Bars: 68% limits, of shares 95%; triangles: upper limits of 95%; dashed: power '
        f"law of greatest likelihood; dotted: from where 90% of the observations show a source. {CAVEATS} "
        f"{introduction(comparison)}</p>"
    )


def _show_sources(workspace: Workspace, comparison: PopulationComparison) -> None:
    first, second = comparison.first, comparison.second
    with st.container(horizontal=True, vertical_alignment="center", key="populations_actions"):
        st.html(
            f'<h3 class="al-table-title">The {min(MOST, first.n)} brightest of {escape(first.group.label)}</h3>',
            width="stretch",
        )
        if st.button("Show on the Atlas", icon=":material/scatter_plot:", key="populations_on_map"):
            AtlasState.of(dataset_id(workspace)).select(first.group.mask, how=f"population {first.group.label}")
            st.switch_page("pages/atlas.py")
        take_table(
            partial(_table, workspace, first, None if second.group.request == REST else second),
            name=f"alignlab-{workspace.survey.name}-population", what="sources of the populations",
            key="populations_take",
        )  # fmt: skip
        copy_link(key="populations_link")
    show_brightest(workspace, first)


def _table(workspace: Workspace, first: Population, second: Population | None, url: str) -> Table:
    # Imported only when somebody downloads: astropy's tables take half a second.
    from alignlab.services.discover.population_export import population_table

    return population_table(workspace, first, second, url=url)
