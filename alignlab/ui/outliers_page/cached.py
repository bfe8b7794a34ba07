"""What the Outliers page needs of a whole run, computed once per process."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from alignlab.services.discover.artefacts import ArtefactScores, artefact_scores
from alignlab.services.discover.outlier_classes import ClassScores
from alignlab.services.discover.outliers import (
    OutlierScores,
    class_distributions,
    find_outliers,
    finding_name,
    kept_outliers,
)
from alignlab.services.discover.rerank import Reranker
from alignlab.services.discover.rerank_features import rerank_features
from alignlab.services.job_kinds.outliers import OutliersRecipe
from alignlab.services.workspace import Workspace
from alignlab.store.findings import finding_stamp
from alignlab.ui.job_offer import offer_job

#: A survey of more sources is scored as a job.
_MOST_AT_ONCE = 50_000


def outliers_of(workspace: Workspace, representation: str, scope: str) -> OutlierScores | None:
    """Scores of the run that is shown: those that are kept, else they are computed while the page says how far.

    Those of a large survey take minutes: a job is offered, and there is None until it has ended.
    """
    run = workspace.run
    kept = _kept(workspace, run.digest, representation, scope, _stamp(workspace, representation, scope))
    if kept is not None:
        return kept
    if workspace.survey.n_sources > _MOST_AT_ONCE:
        recipe = OutliersRecipe(representation=representation, scope=scope)
        offer_job(workspace, "outliers", recipe, what="A score of every source", key="outlier_scores")
        return None
    bar = st.progress(0.0, text="Scoring every source, once for this run …")

    def tell(done: int, total: int, info: str) -> bool:
        bar.progress(min(done / max(total, 1), 1.0), text=f"Scoring every source, once for this run: {info}")
        return True

    found = find_outliers(
        workspace.survey, run, representation=representation, scope=scope, seed=run.meta.seed or 0, on_step=tell
    )
    bar.empty()
    return found


def _stamp(workspace: Workspace, representation: str, scope: str) -> int:
    return finding_stamp(workspace.run.folder, finding_name(representation, scope))


@st.cache_resource(max_entries=16, show_spinner=False)
def _kept(_workspace: Workspace, run: str, representation: str, scope: str, stamp: int) -> OutlierScores | None:
    del run, stamp  # only there to be part of the key, here as below
    return kept_outliers(_workspace.run, representation, scope)


def artefacts_of(workspace: Workspace, weights: Mapping[str, float]) -> ArtefactScores:
    """What speaks against each source, with these weights."""
    found = _artefacts(workspace, workspace.survey.digest, workspace.run.digest)
    return found.with_weights(weights) if weights else found


@st.cache_resource(max_entries=4, show_spinner="Looking for artefacts of observation …")
def _artefacts(_workspace: Workspace, survey: str, run: str) -> ArtefactScores:
    del survey, run
    return artefact_scores(_workspace.survey, _workspace.run)


def by_class(workspace: Workspace, scores: OutlierScores, method: str) -> list[ClassScores]:
    """How the scores of each class are distributed."""
    return _by_class(workspace, scores, workspace.run.digest, scores.representation, scores.scope, method)


@st.cache_resource(max_entries=32, show_spinner=False)
def _by_class(
    _workspace: Workspace, _scores: OutlierScores, run: str, representation: str, scope: str, method: str
) -> list[ClassScores]:
    del run, representation, scope
    return class_distributions(_workspace.survey, _scores, method)


def ranked_by_labels(workspace: Workspace, scores: OutlierScores, labels: Mapping[int, float]) -> NDArray[np.float32]:
    """How much each source is wanted according to labels, shape (n,); NaN outside the scope."""
    told = tuple(sorted(labels.items()))
    return _ranked(workspace, scores, workspace.run.digest, scores.representation, scores.scope, told)


@st.cache_resource(max_entries=8, show_spinner=False)
def _ranked(
    _workspace: Workspace,
    _scores: OutlierScores,
    run: str,
    representation: str,
    scope: str,
    labels: tuple[tuple[int, float], ...],
) -> NDArray[np.float32]:
    return _reranker(_workspace, _scores, run, representation, scope).rank(dict(labels))


@st.cache_resource(max_entries=4, show_spinner="Preparing to follow labels …")
def _reranker(_workspace: Workspace, _scores: OutlierScores, run: str, representation: str, scope: str) -> Reranker:
    del run, scope
    features = rerank_features(_workspace.survey, _workspace.run, representation)
    return Reranker.build(features, seed=_workspace.run.meta.seed or 0, static=_scores.combined)
