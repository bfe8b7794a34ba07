"""Why a source is strange, and whether it may be an artefact: a sentence, a figure, a line for each concern."""

from __future__ import annotations

import hashlib
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from alignlab.services.discover.artefacts import CONCERNS, ArtefactScores, artefact_scores
from alignlab.services.discover.reason_words import normal_words
from alignlab.services.discover.reasons import OutlierReasons, outlier_reasons
from alignlab.services.number_words import percent
from alignlab.services.workspace import Workspace
from alignlab.ui.outliers_page.why_figures import spectrum_against_normal, variables_in_sigma, why_key
from alignlab.ui.theme import shade

if TYPE_CHECKING:
    from alignlab.services.discover.outliers import OutlierScores

_MOST_KINDS = 4


def show_why(
    workspace: Workspace,
    index: int,
    scores: OutlierScores,
    *,
    method: str = "combined",
    artefacts: ArtefactScores | None = None,
) -> None:
    """Draw the reasons of source `index`, found once and kept for all sessions.

    Parameters
    ----------
    workspace : Workspace
    index : int
        In the run's survey.
    scores : OutlierScores
    method : str
        Whose ranking is explained.
    artefacts : ArtefactScores, optional
        With the weights that the page has; those of `CONCERNS` otherwise.
    """
    found = reasons_of(workspace, index, scores, method)
    judged = artefacts or _artefacts(workspace, workspace.survey.digest, workspace.run.digest)
    with st.container(key="why", gap="small"):
        st.html(f'<p class="al-why-sentence">{escape(found.sentence)}</p>')
        st.html(concerns_html(judged, index))
        _show_figures(found)
        st.html(background_html(found, workspace))


def reasons_of(workspace: Workspace, index: int, scores: OutlierScores, method: str) -> OutlierReasons:
    """Reasons of a source, from the cache where they are in it."""
    scored = hashlib.sha256(scores.of(method).tobytes()).hexdigest()
    digests = workspace.survey.digest, workspace.run.digest
    return _reasons(workspace, scores, digests, scores.representation, method, scored, index)


@st.cache_resource(max_entries=256, show_spinner="Looking for reasons …")
def _reasons(
    _workspace: Workspace,
    _scores: OutlierScores,
    digests: tuple[str, str],
    representation: str,
    method: str,
    scored: str,
    index: int,
) -> OutlierReasons:
    del digests, representation, scored  # only there to be part of the key, here as below
    return outlier_reasons(_workspace, index, _scores, method=method)


@st.cache_resource(max_entries=4, show_spinner="Looking for artefacts of observation …")
def _artefacts(_workspace: Workspace, survey: str, run: str) -> ArtefactScores:
    del survey, run
    return artefact_scores(_workspace.survey, _workspace.run)


def _show_figures(found: OutlierReasons) -> None:
    if found.spectrum is None and not found.variables:
        return
    with st.container(key="why_figures"):
        left, right = st.columns([11, 9], gap="small")
        config = {"displayModeBar": False}
        with left:
            if found.spectrum is None:
                st.html('<p class="al-dim">Its counts, or those of enough normal sources, are not known.</p>')
            else:
                st.html(why_key(shade=shade()))
                figure = spectrum_against_normal(found.spectrum, found.bands, shade=shade())
                st.plotly_chart(figure, config=config, key="why_spectrum")
        with right:
            if found.variables:
                st.html('<p class="al-why-key">its variables against normal sources</p>')
                st.plotly_chart(variables_in_sigma(found, shade=shade()), config=config, key="why_variables")


def concerns_html(artefacts: ArtefactScores, index: int) -> str:
    """A line for each concern with its share of the demotion, the gravest first; that there is none otherwise."""
    shares = artefacts.shares(index)
    if not shares:
        return '<p class="al-why-clean">Nothing speaks for an artefact of its observation.</p>'
    lines = "".join(
        f'<li><b>−{percent(share)}</b><span title="{escape(CONCERNS[name].description)}">{escape(reason)}</span></li>'
        for (name, share), reason in zip(shares.items(), artefacts.reasons(index), strict=True)
    )
    whole = percent(float(artefacts.score[index]))
    return (
        f'<div class="al-why-concerns"><p>Possibly an artefact: its rank is lowered by up to {whole}.</p>'
        f"<ul>{lines}</ul></div>"
    )


def background_html(found: OutlierReasons, workspace: Workspace) -> str:
    """Neighbours' classes, the nearest normal source, and what all of it rests on."""
    kinds = "".join(_kinds_line(found, by, words) for by, words in (("spectrum", "By spectrum"), ("text", "By papers")))
    latents = ", ".join(f"{latent.name} ({latent.sigma:+.1f}σ)".replace("-", "−") for latent in found.latents[:3])
    word = f"{workspace.survey.origin} survey, " if workspace.is_simulated else ""
    n = found.spectrum.n_normal if found.spectrum is not None else 0
    compared = f" Counts are held against the mean spectrum of the {n} nearest normal sources." if n else ""
    return (
        f'<div class="al-why-more">{kinds}'
        f"<p>{escape(normal_words(found))}</p>"
        f'<p class="al-dim">The forest isolates it by {escape(latents)}.{compared} Normal: below the 90th percentile '
        f"({escape(word)}n = {found.n_scored:,}).</p></div>"
    )


def _kinds_line(found: OutlierReasons, by: str, words: str) -> str:
    kinds = [kind for kind in found.kinds if kind.by == by]
    if not kinds:
        return ""
    told = ", ".join(f"{escape(kind.source_class)} {percent(kind.share)}" for kind in kinds[:_MOST_KINDS])
    return (
        f'<p class="al-why-kinds"><b>{words}</b> {told} <small>of the {kinds[0].n} nearest whose class is known</small>'
        "</p>"
    )
