"""Can I trust this map? The figures in words, under the map that they are about."""

from __future__ import annotations

from html import escape

import streamlit as st

from alignlab.analysis.map_quality import MapQuality
from alignlab.services.maps import METHOD_LABELS, stored_quality
from alignlab.services.workspace import Workspace
from alignlab.ui.map_choice import MapChoice, MapsChoice
from alignlab.ui.words import REPRESENTATION_LABELS, percent

_GOOD, _FAIR = 0.95, 0.85


def show_trust(workspace: Workspace, choice: MapsChoice) -> None:
    """Draw one line per map that is shown, which opens to say what its figures mean; nothing while they are unknown."""
    lines = [_line(workspace, shown) for shown in (choice.first, choice.second) if shown is not None]
    if any(lines):
        st.html(f'<div class="al-trust">{"".join(lines)}</div>')


def trust_words(quality: MapQuality, method_label: str) -> str:
    """How far a map can be trusted, and what that means for reading it: two or three plain sentences.

    Parameters
    ----------
    quality : MapQuality
    method_label : str
        The map's method as a person writes it, such as ``t-SNE``.
    """
    trust, continuity, recall = quality.global_trustworthiness, quality.global_continuity, quality.global_recall
    sampled = quality.n_reference < quality.n
    among = f", judged among {quality.n_reference:,} sources drawn at random from {quality.n:,}" if sampled else ""
    return (
        f"Of a source's {quality.k} nearest neighbours in the latent space, {percent(recall)} are among its "
        f"{quality.k} nearest on this {method_label} map{among}. "
        f"{_together(trust)} (trustworthiness {_figure(trust)}), and {_torn(continuity)} "
        f"(continuity {_figure(continuity)}). {_advice(trust, continuity, recall)}"
    )


def _line(workspace: Workspace, choice: MapChoice) -> str:
    quality = stored_quality(workspace.run, choice.representation, choice.shown_method)
    if quality is None:
        return ""
    method = METHOD_LABELS[choice.shown_method]
    figures = (
        f"{percent(quality.global_recall)} of nearest neighbours kept · "
        f"trustworthiness {_figure(quality.global_trustworthiness)} · "
        f"continuity {_figure(quality.global_continuity)}"
    )
    name = f"{REPRESENTATION_LABELS[choice.representation]} · {method}"
    return (
        f"<details><summary><b>Can I trust this map?</b> {escape(name)}: {figures}</summary>"
        f"{escape(trust_words(quality, method))}</details>"
    )


def _figure(share: float) -> str:
    """Three digits, and never 1 for what merely comes close."""
    return "1" if share == 1 else f"{min(share, 0.999):.3f}"


def _together(trust: float) -> str:
    if trust >= _GOOD:
        return "What lies together here belongs together there"
    if trust >= _FAIR:
        return "What lies together here mostly belongs together there"
    return "What lies together here may be far apart there"


def _torn(continuity: float) -> str:
    if continuity >= _GOOD:
        return "what belongs together is seldom torn apart"
    if continuity >= _FAIR:
        return "what belongs together is sometimes torn apart"
    return "what belongs together is often torn apart"


def _advice(trust: float, continuity: float, recall: float) -> str:
    if trust < _FAIR:
        return "Read its broad trends, not its groups."
    if continuity < _FAIR:
        return "Trust groups that you see, not gaps between them."
    if recall < 0.5:
        return "Read its groups; for the neighbours of one source, read that source's list."
    return "Groups and single neighbours can both be read from it."
