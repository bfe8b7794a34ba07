"""The row of choices: which vectors, which ranking, how far artefacts are demoted, which sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from alignlab.services.discover.artefacts import CONCERNS
from alignlab.services.discover.outlier_queue import BY_LABELS
from alignlab.services.discover.outliers import COMBINED, METHODS, SCOPES
from alignlab.services.workspace import Workspace
from alignlab.store.run import REPRESENTATIONS
from alignlab.ui import address, words

_IN, _BY, _DEMOTED, _AMONG, _WEIGHTS = "strange_in", "ranked_by", "demoted", "among", "weights"
_STRENGTHS = {"0": "off", "25": "25%", "50": "50%", "75": "75%", "100": "full"}
_SCOPE_LABELS = {"all": "all sources", "test": "test split"}
RANKINGS = {
    COMBINED: "all methods combined",
    **{name: method.label for name, method in METHODS.items()},
    BY_LABELS: "my labels",
}


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the ranking is made of.

    Attributes
    ----------
    representation, ranked_by, scope : str
    strength : float
        How far likely artefacts are demoted, 0 to 1.
    weights : mapping of str to float
        Of the concerns, where they are not as stated.
    unlabelled_first : bool
    """

    representation: str
    ranked_by: str
    scope: str
    strength: float
    weights: Mapping[str, float]
    unlabelled_first: bool

    @property
    def method(self) -> str:
        """The outlier score that is explained: the ranked one, the combined one behind a ranking by labels."""
        return COMBINED if self.ranked_by == BY_LABELS else self.ranked_by


def choose(workspace: Workspace) -> Choices:
    """Draw the row; the address says what is chosen."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="outliers_choices"):
        ranked_by = _select("Ranked by", _BY, RANKINGS, COMBINED, width=230)
        representation = _select(
            "In", _IN, {name: words.REPRESENTATION_LABELS[name] for name in REPRESENTATIONS}, "both", width=165
        )
        scope = _select("Among", _AMONG, {name: _SCOPE_LABELS[name] for name in SCOPES}, SCOPES[0], width=135)
        strength = address.choice(_DEMOTED, list(_STRENGTHS), "100")
        st.select_slider(
            "Demote likely artefacts",
            list(_STRENGTHS),
            format_func=_STRENGTHS.__getitem__,
            key=_DEMOTED,
            width=190,
            help="A source loses as much of its surprise as its artefact score says; each demotion says its reason.",
        )
        weights = _choose_weights()
        unlabelled_first = st.toggle("Unlabelled first", value=True, key="outliers_unlabelled_first")
    return Choices(
        representation=representation,
        ranked_by=ranked_by,
        scope=scope,
        strength=int(strength) / 100,
        weights=weights,
        unlabelled_first=unlabelled_first,
    )


def rank_by(name: str) -> None:
    """Choose a ranking for the person: in a callback."""
    address.choose(_BY, name)


def _select(label: str, key: str, options: Mapping[str, str], default: str, *, width: int) -> str:
    chosen = address.choice(key, list(options), default)
    st.selectbox(label, list(options), format_func=options.__getitem__, key=key, width=width)
    return chosen


def _choose_weights() -> dict[str, float]:
    """Sliders for the concerns, out of the way; those that differ from what is stated are in the address."""
    address.follow(_WEIGHTS, _obey_weights)
    with st.popover("Weights", icon=":material/tune:", help="How much each concern counts"):
        for name, concern in CONCERNS.items():
            key = _weight_key(name)
            st.session_state.setdefault(key, concern.weight)
            st.slider(concern.label, 0.0, 1.0, step=0.05, key=key, help=concern.description)
        st.button("As stated", key="outliers_weights_reset", on_click=_reset_weights)
    changed = {
        name: round(float(st.session_state[_weight_key(name)]), 2)
        for name, concern in CONCERNS.items()
        if abs(st.session_state[_weight_key(name)] - concern.weight) > 1e-6
    }
    address.tell(_WEIGHTS, ";".join(f"{name}:{weight:g}" for name, weight in changed.items()))
    return changed


def _weight_key(name: str) -> str:
    return f"outliers_weight_{name}"


def _reset_weights() -> None:
    for name, concern in CONCERNS.items():
        st.session_state[_weight_key(name)] = concern.weight


def _obey_weights(text: str) -> None:
    """Take over weights from the address; what is none is passed over."""
    for part in text.split(";"):
        name, _, number = part.partition(":")
        try:
            weight = float(number)
        except ValueError:
            continue
        if name in CONCERNS and 0 <= weight <= 1:
            st.session_state[_weight_key(name)] = weight
