"""The row of choices: which sources, compared in which vectors, and which of them are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from alignlab.services.discover.network_recipe import ALL, THRESHOLDS, VARIABLE, VARIABLE_ABOVE, NetworkRecipe
from alignlab.services.selections import LINK_PREFIX, keep_for_link, named_selections
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.store.run import REPRESENTATIONS
from alignlab.ui import address, words
from alignlab.ui.state import AtlasState

_OF, _IN, _JOINED, _AT_LEAST, _NEAREST = "network_of", "network_in", "joined", "at_least", "nearest"
_SIMILAR, _EITHER, _MUTUAL = "similar", "either", "mutual"
_JOINED_LABELS = {
    _SIMILAR: "similarity at least",
    _EITHER: "nearest of either",
    _MUTUAL: "nearest of each other",
}
#: Steps of the slider: fine enough to watch a network fall apart.
_STEPS = [f"{step / 100:.2f}" for step in range(30, 100)]
_DEFAULT_STEP = "0.70"
_NUMBERS = ("1", "2", "3", "5", "8", "10", "15", "20", "30", "50")
_SELECTION = "selection:"


def choose(workspace: Workspace, lab: Lab, atlas: AtlasState) -> NetworkRecipe:
    """Draw the row; the address says what is chosen."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="networks_choices"):
        subset = _choose_subset(workspace, lab, atlas)
        names = {name: words.REPRESENTATION_LABELS[name] for name in REPRESENTATIONS}
        representation = _select("Compared in", _IN, names, "both", width=165, help=words.REPRESENTATION_HELP)
        joined = _select("Joined by", _JOINED, _JOINED_LABELS, _SIMILAR, width=205)
        if joined == _SIMILAR:
            threshold = _choose_threshold()
            return NetworkRecipe(subset=subset, representation=representation, threshold=threshold)
        k = int(address.choice(_NEAREST, _NUMBERS, "10"))
        st.select_slider("Nearest sources", _NUMBERS, key=_NEAREST, width=260)
        return NetworkRecipe(subset=subset, representation=representation, k=k, mutual=joined == _MUTUAL)


def subset_label(subset: str, on_atlas: str = "") -> str:
    """A subset as a person reads it; `on_atlas` is the one that is selected on the Atlas now."""
    if subset == VARIABLE:
        return f"variable (probability above {VARIABLE_ABOVE:g})"
    if subset == ALL:
        return "all sources"
    if subset == on_atlas:
        return "selected on the Atlas"
    kind, _, name = subset.partition(":")
    if kind == "class":
        return f"class {name}"
    return f"selection {name.removeprefix(LINK_PREFIX)}"


def _choose_subset(workspace: Workspace, lab: Lab, atlas: AtlasState) -> str:
    survey = workspace.survey
    counts = survey.sources["source_class"].astype(str).value_counts()
    classes = [f"class:{name}" for name, size in counts.items() if name and size > 1]
    kept = [f"{_SELECTION}{name}" for name in named_selections(lab, survey.name)]
    on_atlas = ""
    if atlas.selected.any():
        on_atlas = _SELECTION + (atlas.saved_as or keep_for_link(lab, survey.name, atlas.selected))
    # A link may name a selection that was kept for a link, and so has no name in the list.
    for asked in (on_atlas, st.query_params.get(_OF, ""), st.session_state.get(_OF) or ""):
        name = asked.removeprefix(_SELECTION)
        if asked.startswith(_SELECTION) and asked not in kept and lab.selection(survey.name, name) is not None:
            kept.insert(0, asked)
    options = [VARIABLE, ALL, *kept, *classes]
    subset = address.choice(_OF, options, VARIABLE)
    st.selectbox("Sources", options, format_func=partial(subset_label, on_atlas=on_atlas), key=_OF, width=290)
    return subset


def _choose_threshold() -> float:
    threshold = address.choice(_AT_LEAST, _STEPS, _DEFAULT_STEP)
    st.select_slider("Cosine similarity", _STEPS, key=_AT_LEAST, width=300)
    with st.container(horizontal=True, gap="xxsmall", width="content", key="networks_marks"):
        for mark in THRESHOLDS:
            step = f"{mark:.2f}"
            st.button(
                f"{mark:g}", key=f"networks_mark_{step}", on_click=address.choose, args=(_AT_LEAST, step),
                type="primary" if step == threshold else "secondary", help=f"Similarity of at least {mark:g}",
            )  # fmt: skip
    return float(threshold)


def _select(
    label: str, key: str, options: Mapping[str, str] | Sequence[str], default: str, *, width: int, help: str = ""
) -> str:
    chosen = address.choice(key, list(options), default)
    told = options.__getitem__ if isinstance(options, Mapping) else str
    st.selectbox(label, list(options), format_func=told, key=key, width=width, help=help or None)
    return chosen
