"""Cards of the clusters: name, classes, typical spectrum, the variables and words that set each apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from alignlab.literature.distinguishing import DistinguishingTerm
from alignlab.services.discover.cluster_profiles import ClusterProfile, VariableProfile
from alignlab.services.discover.cluster_recipe import Clustering
from alignlab.services.discover.cluster_spectra import TypicalSpectrum
from alignlab.services.discover.map_findings import MOST_COLOURS
from alignlab.services.workspace import Workspace
from alignlab.ui import words
from alignlab.ui.clusters_page.spectrum import spectrum_svg
from alignlab.ui.colours import category_colours, class_order
from alignlab.ui.source_page.text import ClassColours
from alignlab.ui.theme import Shade, shade
from alignlab.variables import BY_NAME

#: Cards that are drawn before somebody asks for the others.
_FIRST = 12
_VARIABLES, _WORDS = 4, 6
#: Cliff's delta of a medium effect (Romano et al. 2006).
_MEDIUM = 0.33
_ALL = "clusters_all_cards"


def show_cards(
    workspace: Workspace,
    found: Clustering,
    profiles: Sequence[ClusterProfile],
    everything: TypicalSpectrum,
    *,
    on_select: Callable[[int], None],
) -> None:
    """Draw a card for each cluster, the largest first; `on_select` is called with the cluster of a pressed button."""
    shown = profiles if st.session_state.get(_ALL) else profiles[:_FIRST]
    colours = hues(workspace, found.n_clusters, shade())
    classes = ClassColours(workspace.survey, shade())
    with st.container(key="clusters_cards"):
        for column, profile in zip(st.columns(len(shown), gap="medium"), shown, strict=True):
            colour = colours[profile.cluster]
            with column:
                st.html(card_html(profile, everything, classes, colour=colour, shade=shade()))
                st.button(
                    f"Select {words.plural(profile.n, 'source')} on the Atlas",
                    key=f"cluster_select_{profile.cluster}",
                    on_click=partial(on_select, profile.cluster), type="tertiary", icon=":material/lasso_select:",
                )  # fmt: skip
    if len(shown) < len(profiles):
        st.button(f"Show the other {len(profiles) - len(shown)}", key="clusters_show_all", on_click=_show_all)


def hues(workspace: Workspace, n_clusters: int, shade: Shade) -> list[str]:
    """The colours of the clusters on the Atlas, for CSS: the smallest of more than twelve share the last."""
    counts = workspace.survey.sources["source_class"].astype(str).value_counts()
    order = class_order({str(name): int(n) for name, n in counts.items() if name})
    wheel = category_colours(order, shade)
    return [f"#{wheel[min(cluster, MOST_COLOURS - 1)]}" for cluster in range(n_clusters)]


def card_html(
    profile: ClusterProfile, everything: TypicalSpectrum, classes: ClassColours, *, colour: str, shade: Shade
) -> str:
    """One card."""
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in profile.evidence)
    counts = f", median {profile.counts:,.0f} counts" if np.isfinite(profile.counts) else ""
    return (
        f'<article class="al-clusters-card" style="border-top-color: {colour}" '
        f'aria-label="Cluster {profile.cluster + 1}"><h3><span>{profile.cluster + 1}</span> {escape(profile.name)}</h3>'
        f'<p class="al-dim">n = {profile.n:,}{counts}</p>{_classes(profile, classes)}'
        f"{spectrum_svg(profile.spectrum, everything, colour=colour, shade=shade)}"
        f"{_variables(profile)}{_said(profile)}"
        f"<details><summary>Why this name</summary><ul>{reasons}</ul></details></article>"
    )


def _classes(profile: ClusterProfile, colours: ClassColours) -> str:
    total = sum(n for _, n in profile.classes)
    if not total:
        return '<p class="al-dim">none of them has a known class</p>'
    bar = "".join(
        f'<i style="width: {100 * n / total:.2f}%; background: {colours.of(name)}" title="{escape(name)} {n:,}"></i>'
        for name, n in profile.classes
    )
    named = " · ".join(f"{escape(name)} {n:,}" for name, n in profile.classes[:3])
    return f'<div class="al-clusters-bar">{bar}</div><p class="al-clusters-classes">{named}</p>'


def _variables(profile: ClusterProfile) -> str:
    rows = "".join(_variable(one) for one in _telling(profile))
    if not rows:
        return f'<p class="al-dim">no variable lies far from that of the others (all |δ| &lt; {_MEDIUM})</p>'
    head = "<tr><th>sets it apart</th><th>median (68%)</th><th>others</th></tr>"
    return f'<table class="al-clusters-variables">{head}{rows}</table>'


def _telling(profile: ClusterProfile) -> list[VariableProfile]:
    """The variables with the largest effects, if not small; of columns, temperatures and fit statistics one each."""
    chosen: list[VariableProfile] = []
    taken: set[str] = set()
    for one in profile.by_effect():
        kind = one.name.split("_")[1] if BY_NAME[one.name].from_fit else one.name
        if kind not in taken and len(chosen) < _VARIABLES and abs(one.delta) >= _MEDIUM:
            taken.add(kind)
            chosen.append(one)
    return chosen


def _variable(profile: VariableProfile) -> str:
    variable = BY_NAME[profile.name]
    unit = f" <small>{escape(variable.display_unit)}</small>" if variable.unit else ""
    told = f"{variable.description} δ {profile.delta:+.2f}, n = {profile.n:,}"
    if variable.name == "var_prob_b":
        value = f"{words.percent(profile.median)} ({words.percent(profile.low)}–{words.percent(profile.high)})"
    else:
        value = words.measured(variable, profile.median, profile.low, profile.high)
    return (
        f'<tr title="{escape(told)}"><td>{escape(variable.label)}{unit}</td><td>{escape(value)}</td>'
        f"<td>{escape(words.measured(variable, profile.median_rest))}</td></tr>"
    )


def _said(profile: ClusterProfile) -> str:
    if profile.words is None or not profile.words.terms.more:
        return ""
    terms = profile.words.terms
    chips = "".join(_chip(term) for term in terms.more[:_WORDS])
    noun = "papers" if profile.words.kind == "papers" else "sources summarised"
    return f'<p class="al-chips al-clusters-said" title="Said more often in {terms.n_first:,} {noun}">{chips}</p>'


def _chip(term: DistinguishingTerm) -> str:
    return f'<span class="al-chip">{escape(term.term)} <small>{term.n_first:,} : {term.n_second:,}</small></span>'


def _show_all() -> None:
    st.session_state[_ALL] = True
