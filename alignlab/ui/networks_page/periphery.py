"""The Networks page's section on core and periphery: who stands at the edge, and whether the forest agrees."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.services.discover.network_periphery import MEASURES, PeripheryAgreement, periphery_agreement
from alignlab.services.discover.outliers import OutlierScores
from alignlab.services.evaluate.table import Cell, Column, Table
from alignlab.services.workspace import Workspace
from alignlab.ui import words
from alignlab.ui.evaluate.experiment import show_head
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.networks_page.computed import FOREST
from alignlab.ui.networks_page.state import NetworksState
from alignlab.ui.outliers_page.cached import outliers_of

if TYPE_CHECKING:
    from alignlab.services.discover.networks import Network

_TABLE = "networks_candidates"
#: A table with a clickable row travels whole to the browser.
_SHOWN = 500
_FEW = 20


def show_periphery(
    workspace: Workspace,
    shown: Network,
    scores: OutlierScores | None,
    state: NetworksState,
    *,
    title: str,
    on_pick: Callable[[int], None],
) -> None:
    """Draw the section."""
    agreement, problem = _agreement(shown, scores)
    findings = [core_finding(shown), *([agreement_finding(agreement)] if agreement else [])]
    show_head("Core and periphery", " ".join(findings))
    candidates, agreed = st.columns([6, 6], gap="medium")
    with candidates:
        _show_candidates(workspace, shown, scores, state, on_pick)
    with agreed:
        if agreement is not None:
            survey = f"survey {workspace.survey.name} ({workspace.survey.origin})"
            of = f"Network: {title}, {survey}, run {workspace.run.run_id}"
            show_table(agreement_table(agreement, of), key="network_agreement")
            return
        st.html(f'<p class="al-dim">{escape(problem)}</p>')
        if scores is None and st.button("Score all sources", key="networks_score", icon=":material/play_arrow:"):
            outliers_of(workspace, shown.recipe.representation, "all")
            st.rerun()


def core_finding(shown: Network) -> str:
    """Core, components and communities in words."""
    told = shown.told
    n_outside, n_alone = told["n"] - told["n_core"], told["n_isolated"]
    text = (
        f"The core has {told['n_core']:,} of {told['n']:,} sources, the periphery {n_outside:,}, {n_alone:,} of them "
        "without an edge"
    )
    if told["core_exceptions_share"] is not None:
        text += (
            f"; {words.percent(told['core_exceptions_share'])} of all pairs within either are exceptions to the rule "
            "that the core's sources are joined and the periphery's are not"
        )
    n_components, n_communities = told["n_components"] - n_alone, told["n_communities"]
    communities = "1 community" if n_communities == 1 else f"{n_communities:,} communities"
    return (
        f"{text}. {words.plural(n_components, 'component')} of two or more sources, the largest with "
        f"{told['largest_component']:,}; {communities}, modularity {told['modularity']:.2f}."
    )


def agreement_finding(agreement: PeripheryAgreement) -> str:
    """Whether the outlier ranking agrees, in a sentence."""
    degree = next(row for row in agreement.measures if row.measure == "degree")
    verdict = "" if degree.low > 0.5 else ": no agreement is proved" if degree.high > 0.5 else ": they disagree"
    return (
        f"One of the forest's strangest 5% (n = {agreement.n_strange:,}) has fewer edges than another source with "
        f"probability {_chance(degree.auc, degree.low, degree.high)}; 50% would be no agreement{verdict}."
    )


def agreement_table(agreement: PeripheryAgreement, of: str) -> Table:
    """Every measure of the periphery against the outlier ranking."""
    first = agreement.measures[0].overlaps
    columns = (
        Column("measure", "little of"),
        Column("auc", "probability (95%)", ".0f", as_percent=True),
        *(
            Column(f"shared_{100 * top.share:.0f}", f"shared of {top.n:,}: top {100 * top.share:.0f}%", ".2g")
            for top in first
        ),
    )
    rows = [
        (
            Cell(MEASURES[row.measure]),
            Cell(row.auc, row.low, row.high),
            *(Cell(top.n_shared) for top in row.overlaps),
        )
        for row in agreement.measures
    ]
    chance = " and ".join(words.number(top.n_by_chance, digits=2) for top in first)
    caption = (
        f"Probability that one of the isolation forest's strangest 5% ({agreement.n_strange:,} of {agreement.n:,}) has "
        f"less of it than another source; 50% is no agreement. Shared: strangest sources that are also the most "
        f"peripheral; by chance {chance}. {of}."
    )
    return Table(name="network-periphery", title="Does the forest agree?", caption=caption, columns=columns, rows=rows)


def candidates(workspace: Workspace, shown: Network, scores: OutlierScores | None) -> pd.DataFrame:
    """The periphery: the forest's strangest first, else those with the fewest edges; index is `source_index`."""
    outside = np.flatnonzero(~shown.core)
    rows = shown.graph.rows[outside]
    sources = workspace.survey.sources.iloc[rows]
    frame = pd.DataFrame(
        {
            "name": sources["name"].astype(str).to_numpy(),
            "class": sources["source_class"].astype(str).to_numpy(),
            "edges": shown.degree[outside],
            "component": shown.component[outside] + 1,
            "outlier": np.nan if scores is None else scores.percentile(FOREST)[rows],
        },
        index=pd.Index(rows, name="source_index"),
    )
    return frame.sort_values(["outlier", "edges", "name"], ascending=[False, True, True], kind="stable")


def _show_candidates(
    workspace: Workspace,
    shown: Network,
    scores: OutlierScores | None,
    state: NetworksState,
    on_pick: Callable[[int], None],
) -> None:
    found = candidates(workspace, shown, scores)
    st.html('<h3 class="al-table-title">The periphery: candidates for anomalies</h3>')
    if found.empty:
        st.html('<p class="al-dim">Every source is in the core: raise the threshold.</p>')
        return
    listed = found.head(_SHOWN)

    def pick_row() -> None:
        chosen = st.session_state[_TABLE]["selection"]["rows"]
        if chosen:
            on_pick(int(listed.index[chosen[0]]))

    st.dataframe(
        listed if scores is not None else listed.drop(columns="outlier"),
        hide_index=True, height=300, key=_TABLE, on_select=pick_row, selection_mode="single-row",
        column_config={
            "edges": st.column_config.NumberColumn("edges", format="%d"),
            "component": st.column_config.NumberColumn("component", help="1 is the largest."),
            "outlier": st.column_config.NumberColumn(
                "outlier percentile", help="Of the isolation forest, among all scored sources.", format="%.1f%%"
            ),
        },
    )  # fmt: skip
    order = "strangest first, by the isolation forest" if scores is not None else "those with the fewest edges first"
    first = f"The first {len(listed):,} of {len(found):,}" if len(listed) < len(found) else f"n = {len(found):,}"
    st.html(f'<p class="al-table-caption">{first}, {order}; press a row to see the source.</p>')
    with st.container(horizontal=True, key="networks_select"):
        if len(found) > _FEW:
            few = found.index[:_FEW].to_numpy()
            _select_button("first", f"Select the first {_FEW}", few, f"first {_FEW} of the periphery", state)
        _select_button("all", f"Select all {len(found):,}", found.index.to_numpy(), "the whole periphery", state)


def _select_button(key: str, label: str, rows: NDArray[np.int64], how: str, state: NetworksState) -> None:
    def select() -> None:
        state.select(rows, how=how)
        st.toast(f"{words.plural(len(rows), 'source')} selected: what can be done with them is under the drawing.")

    st.button(label, key=f"networks_select_{key}", on_click=select)


def _agreement(shown: Network, scores: OutlierScores | None) -> tuple[PeripheryAgreement | None, str]:
    """The agreement, or why there is none."""
    if scores is None:
        return None, "Whether the outlier ranking agrees is not known: nothing has been scored yet."
    try:
        return periphery_agreement(shown, scores.of(FOREST)), ""
    except AlignlabError as error:
        return None, str(error)


def _chance(value: float, low: float, high: float) -> str:
    return f"{100 * value:.0f}% ({100 * low:.0f}–{100 * high:.0f}%)"
