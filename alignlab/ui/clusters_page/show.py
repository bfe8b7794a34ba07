"""The Clusters page from top to bottom."""

from __future__ import annotations

from dataclasses import fields
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from alignlab.errors import AlignlabError
from alignlab.services.discover.cluster_quality import ClusterQuality
from alignlab.services.discover.cluster_recipe import Clustering, ClusterRecipe
from alignlab.services.discover.cluster_tables import (
    clusters_table,
    contingency_table,
    finding_words,
    matrix_words,
    provenance_words,
    recipe_words,
)
from alignlab.services.discover.clusters import bring_forward
from alignlab.services.discover.map_findings import field_of
from alignlab.services.job_kinds.clusters import ClusterJobRecipe
from alignlab.services.workspace import Workspace
from alignlab.ui import address, words
from alignlab.ui.clusters_page import cached
from alignlab.ui.clusters_page.cards import show_cards
from alignlab.ui.clusters_page.choose import Chosen, choose_judges, choose_recipe
from alignlab.ui.clusters_page.compared import show_compared
from alignlab.ui.clusters_page.matrix import matrix_figure
from alignlab.ui.clusters_page.sweep import show_sweep
from alignlab.ui.evaluate.experiment import show_figure, show_head
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.job_offer import offer_job
from alignlab.ui.opened import dataset_id
from alignlab.ui.state import AtlasState
from alignlab.ui.theme import shade

_GO = "clusters_go_to_atlas"
_ATLAS = "pages/atlas.py"


def show(workspace: Workspace) -> None:
    """Draw the page."""
    if st.session_state.pop(_GO, False):
        st.switch_page(_ATLAS)
    with st.container(key="clusters_body"):
        recipe = choose_recipe()
        caption = provenance_words(workspace.survey.name, workspace.survey.origin, workspace.run.run_id)
        try:
            head = st.container(gap=None)
            chosen = choose_judges(recipe)
            found = cached.kept(workspace, recipe)
            if found is None:
                _offer(workspace, recipe)
            elif not found.n_clusters:
                st.html('<div class="al-empty">Every source is in no cluster: ask for smaller clusters.</div>')
            else:
                _show_matrix(workspace, chosen, found, head, caption)
                _show_clusters(workspace, found, caption)
            show_sweep(workspace, chosen, caption=caption)
            show_compared(workspace, chosen, caption=caption)
        except AlignlabError as error:
            st.error(str(error))


def _offer(workspace: Workspace, recipe: ClusterRecipe) -> None:
    job = ClusterJobRecipe(**{field.name: getattr(recipe, field.name) for field in fields(recipe)})
    what = f"{recipe.label} in {words.REPRESENTATION_LABELS[recipe.representation]}"
    at_once = recipe == ClusterRecipe()
    offer_job(workspace, "clusters", job, what=what, key="clusters_one", verb="find", at_once=at_once)


def _show_matrix(workspace: Workspace, chosen: Chosen, found: Clustering, head: DeltaGenerator, caption: str) -> None:
    with st.spinner("Holding clusters against classes"):
        quality = cached.quality(workspace, chosen, found)
    with head:
        show_head("Classes in clusters", finding_words(quality))
    left, right = st.columns([7, 3], gap="medium")
    with left:
        figure = matrix_figure(quality, found.names, shade=shade())
        show_figure(figure, matrix_words(quality, caption=caption, marked="outlined"), key="clusters_matrix")
    with right:
        st.html(figures_html(quality, found))
        st.button(
            "Open on the Atlas", key="clusters_open", icon=":material/map:", type="primary",
            on_click=_open_on_atlas, args=(workspace, found),
            help="The map of these latents, each cluster in its colour",
        )  # fmt: skip
    with st.expander("The same as a table"):
        show_table(contingency_table(quality, found.names, caption=caption), key="clusters_contingency")


def _show_clusters(workspace: Workspace, found: Clustering, caption: str) -> None:
    show_head("What each cluster is", recipe_words(found))
    with st.spinner("Counting words and measuring clusters"):
        profiles, everything = cached.profiles(workspace, found), cached.typical(workspace)
    show_cards(
        workspace, found, profiles, everything, on_select=lambda cluster: _select_on_atlas(workspace, found, cluster)
    )
    st.html(
        '<p class="al-table-caption">Spectra: share of the counts per keV; line and band: median and middle 68% of '
        "the sources as the run reconstructs them; dots: mean of what was observed; dashed: all sources. Variables: "
        "largest Cliff's δ against all other sources; medians with the middle 68% of the sources. Words: papers on "
        "these sources that hold them : papers on others. Names are suggested by rule from these figures.</p>"
    )
    with st.expander("The same as a table"):
        show_table(clusters_table(found, profiles, caption=caption), key="clusters_names")


def figures_html(quality: ClusterQuality, found: Clustering) -> str:
    """The figures beside the matrix."""
    one, many = quality.one_to_one, quality.many_to_one
    rows = [
        ("one cluster per class", _percent(one.balanced_accuracy), f"{_percent(one.low)}–{_percent(one.high)}"),
        ("every cluster its class", _percent(many.balanced_accuracy), f"{_percent(many.low)}–{_percent(many.high)}"),
        ("guessing", _percent(quality.chance), ""),
        ("adjusted Rand index", words.number(quality.ari), ""),
        ("mutual information", words.number(quality.nmi), "normalised"),
        ("silhouette", words.number(quality.silhouette, digits=2), f"n = {quality.n_silhouette:,} drawn at random"),
        ("judged", f"{quality.n:,}", "sources"),
        ("in no cluster", f"{found.told['n_noise']:,}", f"of {len(found.labels) - found.told['n_left_out']:,}"),
    ]
    body = "".join(
        f"<tr><td>{escape(label)}</td><td>{escape(value)}</td><td>{escape(note)}</td></tr>"
        for label, value, note in rows
    )
    return f'<table class="al-clusters-figures"><caption>Balanced accuracy, 95% intervals</caption>{body}</table>'


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _open_on_atlas(workspace: Workspace, found: Clustering) -> None:
    """Colour the Atlas by the clusters, on the map of their own latents."""
    bring_forward(workspace.run, found.recipe.key)
    address.choose("representation", found.recipe.representation)
    AtlasState.of(dataset_id(workspace)).order(colour=field_of(found.recipe.key))
    st.session_state[_GO] = True


def _select_on_atlas(workspace: Workspace, found: Clustering, cluster: int) -> None:
    _open_on_atlas(workspace, found)
    state = AtlasState.of(dataset_id(workspace))
    how = f"cluster {cluster + 1}, {found.names[cluster]}, of {found.recipe.short_label}"
    state.select(found.labels == cluster, how=how)
    state.order(selection=(state.command or {}).get("selection"), colour=field_of(found.recipe.key))
