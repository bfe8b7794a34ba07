"""Opened surveys and encoded maps, shared by all sessions of the app until what is on disk changes."""

from __future__ import annotations

import hashlib
import importlib
import threading

import streamlit as st

from alignlab.services.maps import map_table
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.ui.latent_map import EncodedMap, encode_map


def current_workspace() -> Workspace | None:
    """The workspace to show; None while there is no survey with a run."""
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
    return _workspace(name, run_id, stamp)


@st.cache_resource(max_entries=4, show_spinner=False)
def _workspace(name: str, run_id: str, stamp: tuple[tuple[str, int], ...]) -> Workspace:
    """Open once per state of the disk: `stamp` is only there to be part of the key."""
    del stamp
    return Catalogue().open_workspace(name, run_id)


def dataset_id(workspace: Workspace) -> str:
    """Identifies the rows of a map: the survey and those laid over it."""
    parts = [workspace.survey.digest, *(applied.survey.digest for applied in workspace.overlays)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


def encoded_map(workspace: Workspace, representation: str, method: str) -> EncodedMap:
    """A map ready for the browser, computed once.

    Raises
    ------
    MissingArtefactError
        If this map has not been computed.
    """
    return _encoded(workspace, dataset_id(workspace), workspace.run.digest, representation, method)


@st.cache_resource(max_entries=16, show_spinner=False)
def _encoded(_workspace: Workspace, dataset: str, run: str, representation: str, method: str) -> EncodedMap:
    del run
    return encode_map(map_table(_workspace, representation, method), dataset=dataset)


@st.cache_resource(show_spinner=False)
def sweep() -> None:
    """Remove, once per start of the app, what crashed writers left behind."""
    Catalogue().sweep()


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Load, once the first page is out, what the first pick will need: torch takes seconds to import."""
    threading.Thread(target=importlib.import_module, args=("alignlab.analysis.similarity",), daemon=True).start()
