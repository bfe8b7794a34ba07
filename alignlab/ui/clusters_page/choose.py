"""What the Clusters page shows: how clusters are found, and whom they are held against; all of it in the address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from alignlab.analysis.clusters import METHODS
from alignlab.services.discover.cluster_classes import LABELLINGS
from alignlab.services.discover.cluster_quality import SCOPES, Scope
from alignlab.services.discover.cluster_recipe import ClusterRecipe
from alignlab.ui import address, words

_OF, _BY, _K, _LEAST = "clusters_of", "clusters_by", "clusters_k", "clusters_least"
_AGAINST, _JUDGED = "clusters_against", "clusters_judged"
NUMBERS = ("2", "3", "4", "5", "6", "8", "10", "12", "14", "16", "20", "24", "32", "48")
LEAST = ("5", "10", "20", "40", "50", "80", "160", "320")
_SCOPE_LABELS = {"test": "test split", "all": "all sources"}
_METHOD_LABELS = {name: label.partition(" (")[0] for name, label in METHODS.items()}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What the page shows.

    Attributes
    ----------
    recipe : ClusterRecipe
    labelling : str
        The classes that clusters are held against: a key of `LABELLINGS`.
    scope : {"test", "all"}
        The sources that are judged.
    """

    recipe: ClusterRecipe
    labelling: str
    scope: Scope


def choose_recipe() -> ClusterRecipe:
    """Draw the controls of what is clustered, and how."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="clusters_controls"):
        representation = _segmented("Latents", _OF, words.REPRESENTATION_LABELS, "both")
        method = _segmented("Method", _BY, _METHOD_LABELS, "kmeans")
        is_density = method == "hdbscan"
        size = _size("At least", _LEAST, LEAST, "50") if is_density else _size("Clusters", _K, NUMBERS, "12")
    return ClusterRecipe(method=method, representation=representation).of_size(size)


def choose_judges(recipe: ClusterRecipe) -> Chosen:
    """Draw the controls of whom the clusters are held against."""
    with st.container(horizontal=True, vertical_alignment="center", key="clusters_judges"):
        labelling = address.choice(_AGAINST, list(LABELLINGS), "classes")
        labels = {name: one.label for name, one in LABELLINGS.items()}
        st.segmented_control(
            "Held against", list(labels), required=True, format_func=labels.__getitem__, key=_AGAINST, width="content",
            label_visibility="collapsed",
        )  # fmt: skip
        asked = address.choice(_JUDGED, list(_SCOPE_LABELS), "test")
        st.segmented_control(
            "Judged on", list(_SCOPE_LABELS), required=True, format_func=_SCOPE_LABELS.__getitem__, key=_JUDGED,
            width="content", label_visibility="collapsed",
        )  # fmt: skip
    scope = next(known for known in SCOPES if known == asked)
    return Chosen(recipe=recipe, labelling=labelling, scope=scope)


def _segmented(label: str, key: str, labels: dict[str, str], default: str) -> str:
    chosen = address.choice(key, list(labels), default)
    st.segmented_control(label, list(labels), required=True, format_func=labels.__getitem__, key=key, width="content")
    return chosen


def _size(label: str, key: str, sizes: tuple[str, ...], default: str) -> int:
    chosen = address.choice(key, sizes, default)
    st.selectbox(label, sizes, key=key, width=92)
    return int(chosen)
