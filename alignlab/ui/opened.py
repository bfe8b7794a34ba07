"""Opened surveys and encoded maps, shared by all sessions of the app until what is on disk changes."""

from __future__ import annotations

import gc
import hashlib
import importlib
import threading
from dataclasses import replace

import streamlit as st

from alignlab.services.discover.map_findings import findings_stamp
from alignlab.services.drop import sweep_dropped
from alignlab.services.maps import map_table
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.lab import Lab
from alignlab.ui.dropped import dropped_surveys
from alignlab.ui.map_encoding import EncodedMap, encode_map


def current_workspace() -> Workspace | None:
    """The workspace to show, with what this session has dropped; None while there is no survey with a run."""
    catalogue = Catalogue()
    name = catalogue.default_survey_name()
    run_id = catalogue.active_run_id(name) if name else None
    if name is None or run_id is None:
        return None
    config = catalogue.config
    folders = [config.surveys_dir / name, config.runs_dir / name / run_id]
    applied = config.runs_dir / name / run_id / "applied"
    if applied.is_dir():
        folders += sorted(path for path in applied.iterdir() if not path.name.startswith("."))
    stamp = tuple((str(folder), (folder / "manifest.json").stat().st_mtime_ns) for folder in folders)
    workspace = _workspace(name, run_id, stamp)
    dropped = dropped_surveys(workspace.run.digest)
    return replace(workspace, overlays=workspace.overlays + dropped) if dropped else workspace


@st.cache_resource(max_entries=4, show_spinner=False)
def _workspace(name: str, run_id: str, stamp: tuple[tuple[str, int], ...]) -> Workspace:
    """Open once per state of the disk: `stamp` is only there to be part of the key."""
    del stamp
    return Catalogue().open_workspace(name, run_id)


def current_lab() -> Lab:
    """The Lab of the data folder."""
    return Catalogue().lab


def dataset_id(workspace: Workspace) -> str:
    """Identifies the survey's own sources, which picks and selections are made of."""
    return workspace.survey.digest[:16]


def _rows_id(workspace: Workspace) -> str:
    """Identifies all rows of a map: the survey's own and those laid over it."""
    parts = [workspace.survey.digest, *(applied.survey.digest for applied in workspace.overlays)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


def encoded_map(workspace: Workspace, representation: str, method: str) -> EncodedMap:
    """A map ready for the browser, computed once.

    Raises
    ------
    MissingArtefactError
        If this map has not been computed.
    """
    judged = workspace.run.has_map_quality(representation, method)
    found = findings_stamp(workspace.run)
    return _encoded(workspace, _rows_id(workspace), workspace.run.digest, representation, method, judged, found)


@st.cache_resource(max_entries=16, show_spinner=False)
def _encoded(
    _workspace: Workspace,
    rows_id: str,
    run: str,
    representation: str,
    method: str,
    judged: bool,
    found: tuple[tuple[str, int], ...],
) -> EncodedMap:
    del run, judged, found  # only there to be part of the key
    survey = _workspace.survey
    return encode_map(
        map_table(_workspace, representation, method),
        survey.n_papers,
        dataset=dataset_id(_workspace),
        rows_id=rows_id,
        caption=_workspace.provenance,
        file_stem=f"alignlab-{survey.name}-{_workspace.run.run_id}-{representation}-{method}",
    )


@st.cache_resource(show_spinner=False)
def sweep() -> None:
    """Remove, once per start of the app, what crashed writers left behind."""
    catalogue = Catalogue()
    catalogue.sweep()
    sweep_dropped(catalogue.config)


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Load, once the first page is out, what the first pick will need: torch takes seconds to import."""
    # No daemon: a thread inside a compiled library when the interpreter goes takes the whole process down with it.
    threading.Thread(target=_warm_up).start()


def _warm_up() -> None:
    importlib.import_module("alignlab.analysis.similarity")
    # Hundreds of thousands of objects of imported modules live as long as the process: collections need not visit them.
    gc.collect()
    gc.freeze()
