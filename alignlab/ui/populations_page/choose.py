"""Which two groups are compared: by class, cone, names, or a selection; the choice lives in the page's address."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.discover.population_groups import (
    REST,
    Group,
    named_group,
    read_group,
    rest_of,
    split_names,
)
from alignlab.services.discover.populations import read_distance
from alignlab.services.selections import LINK_PREFIX, keep_for_link, named_selections
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.ui import address
from alignlab.ui.opened import dataset_id
from alignlab.ui.state import AtlasState

FIRST, SECOND = "first", "second"
_KINDS = {"class": "class", "cone": "cone", "names": "names", "selection": "selection", REST: "the rest"}
_CONE_UNIT = "arcmin"
#: Longer lists of names are kept in the Lab, and the address holds their code.
_NAMES_IN_ADDRESS = 300


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A group that a person asked for, and its distance."""

    group: Group
    distance_mpc: float | None


def choose(workspace: Workspace, lab: Lab) -> tuple[Chosen, Chosen] | None:
    """Draw the two choices; None where one of them is not complete, which is then said beside it."""
    left, right = st.columns(2, gap="large")
    with left:
        st.html('<h3 class="al-populations-side"><i class="al-populations-first"></i>First</h3>')
        first = _choose_one(workspace, lab, FIRST, None)
    with right:
        st.html('<h3 class="al-populations-side"><i class="al-populations-second"></i>Second</h3>')
        second = _choose_one(workspace, lab, SECOND, first)
    return None if first is None or second is None else (first, second)


def _choose_one(workspace: Workspace, lab: Lab, side: str, first: Chosen | None) -> Chosen | None:
    default = REST if side == SECOND else f"class:{_usual_class(workspace)}"
    known = st.session_state.setdefault(_key(side, "request"), default)
    if _key(side, "kind") not in st.session_state:
        _fill(side, known)
    address.follow(side, partial(_fill, side))
    kinds = [kind for kind in _KINDS if kind != REST or side == SECOND]
    with st.container(key=f"populations_{side}", gap="xsmall"):
        kind = st.segmented_control(
            f"What is the {side} group", kinds, format_func=_KINDS.__getitem__, key=_key(side, "kind"), required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        try:
            group = _group(workspace, lab, side, str(kind), first)
            distance = _distance(side)
        except AlignlabError as error:
            st.warning(str(error))
            return None
        if group is None:
            return None
        st.session_state[_key(side, "request")] = group.request
        address.tell(side, "" if group.request == default else group.request)
        notes = " ".join(group.notes)
        st.caption(f"{group.n:,} source{'' if group.n == 1 else 's'}. {notes}")
    return Chosen(group=group, distance_mpc=distance)


def _group(workspace: Workspace, lab: Lab, side: str, kind: str, first: Chosen | None) -> Group | None:
    survey = workspace.survey
    if kind == REST:
        return None if first is None else rest_of(first.group)
    if kind == "class":
        classes = sorted(name for name in set(survey.sources["source_class"].fillna("").astype(str)) if name)
        chosen = st.multiselect("Classes", classes, key=_key(side, "class"), placeholder="Choose one or several")
        return read_group(survey, lab, f"class:{', '.join(chosen)}") if chosen else None
    if kind == "cone":
        place, radius = st.columns([3, 1])
        where = place.text_input("Position", key=_key(side, "place"), placeholder="204.254 -29.866, or 13h37m00.9s …")
        size = radius.text_input("Radius", key=_key(side, "radius"), placeholder=f"6 {_CONE_UNIT}")
        unit = "" if size.strip()[-1:].isalpha() else f" {_CONE_UNIT}"
        return read_group(survey, lab, f"cone:{where} within {size}{unit}") if where and size else None
    if kind == "names":
        text = st.text_area("Names, one a line", key=_key(side, "names"), height=104, placeholder="SIM J…")
        return _named(workspace, lab, text) if text.strip() else None
    name = _choose_selection(workspace, lab, side)
    return None if name is None else read_group(survey, lab, f"selection:{name}")


def _named(workspace: Workspace, lab: Lab, text: str) -> Group:
    names = split_names(text)
    group = named_group(workspace.survey, names)
    if len(group.request) <= _NAMES_IN_ADDRESS:
        return group
    code = keep_for_link(lab, workspace.survey.name, group.mask)
    return Group(label=group.label, request=f"selection:{code}", mask=group.mask, notes=group.notes)


def _choose_selection(workspace: Workspace, lab: Lab, side: str) -> str | None:
    """A saved selection, the Atlas's present one, or the one that the address names."""
    survey = workspace.survey
    labels = {name: name for name in named_selections(lab, survey.name)}
    selected = AtlasState.of(dataset_id(workspace)).selected
    if selected.any():
        labels[keep_for_link(lab, survey.name, selected)] = f"selected on the Atlas ({int(np.sum(selected)):,})"
    asked = st.session_state.get(_key(side, "selection"))
    if asked and asked not in labels and asked.startswith(LINK_PREFIX):
        labels[asked] = "sources of the link"
    if not labels:
        st.caption("Nothing is selected: draw a lasso on the Atlas, or save a selection there.")
        return None
    if asked not in labels:
        st.session_state[_key(side, "selection")] = next(iter(labels))
    return st.selectbox("Selection", list(labels), format_func=labels.__getitem__, key=_key(side, "selection"))


def _distance(side: str) -> float | None:
    name = f"{side}_distance"
    if name not in st.session_state:
        st.session_state[name] = st.session_state.get(_key(side, "distance"), "")
    address.follow(name, partial(_remember_distance, side))
    text = st.text_input(
        "Distance, for luminosities", key=name, placeholder="4.6 Mpc, 780 kpc; empty: fluxes", width=260
    )
    st.session_state[_key(side, "distance")] = text
    address.tell(name, text.strip())
    return read_distance(text) if text.strip() else None


def _remember_distance(side: str, text: str) -> None:
    st.session_state[f"{side}_distance"] = text


def _fill(side: str, request: str) -> None:
    """Have the widgets show what a request says."""
    kind, _, what = request.partition(":")
    if kind not in _KINDS:
        return
    st.session_state[_key(side, "kind")] = kind
    if kind == "class":
        st.session_state[_key(side, "class")] = [name.strip() for name in what.split(",")]
    elif kind == "cone":
        place, _, size = what.rpartition(" within ")
        st.session_state[_key(side, "place")] = place
        st.session_state[_key(side, "radius")] = size.strip()
    elif kind == "names":
        st.session_state[_key(side, "names")] = "\n".join(split_names(what))
    elif kind == "selection":
        st.session_state[_key(side, "selection")] = what


def _key(side: str, what: str) -> str:
    return f"populations_{side}_{what}"


def _usual_class(workspace: Workspace) -> str:
    """The class that stands there first: the ultraluminous ones where there are some, else the most frequent one."""
    counts = workspace.survey.sources["source_class"].fillna("").astype(str).value_counts()
    named = counts[counts.index != ""]
    return "ULX" if "ULX" in named.index else str(named.index[0]) if len(named) else ""
