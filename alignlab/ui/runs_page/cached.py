"""Pairs of runs and their maps, shared by all sessions of the app until what is on disk changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from alignlab.analysis.procrustes import turned_onto
from alignlab.services.compare_runs import open_pair
from alignlab.services.maps import map_table
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.artefact import MANIFEST
from alignlab.store.run import Run
from alignlab.ui.map_encoding import EncodedMap, encode_map
from alignlab.ui.opened import dataset_id

#: Of the map's session in the browser: another one than the Atlas's.
MAP_KEY = "runs"
REPRESENTATION = "both"


def opened_pair(workspace: Workspace, first: str, second: str) -> tuple[Run, Run]:
    """Two runs of the workspace's survey, opened once; errors as for `open_pair`."""
    catalogue = Catalogue(workspace.config)
    survey = workspace.survey.name
    seals = [catalogue.config.runs_dir / survey / run_id / MANIFEST for run_id in (first, second)]
    if not all(seal.is_file() for seal in seals):
        return open_pair(catalogue, survey, first, second)  # which says what is wrong
    return _opened(str(catalogue.config.runs_dir), survey, first, second, tuple(s.stat().st_mtime_ns for s in seals))


@st.cache_resource(max_entries=4, show_spinner=False)
def _opened(runs_dir: str, survey: str, first: str, second: str, sealed_ns: tuple[int, ...]) -> tuple[Run, Run]:
    """Open once per state of the disk: the folder and the times are only there to be part of the key."""
    del runs_dir, sealed_ns
    return open_pair(Catalogue(), survey, first, second)


def encoded_pair(workspace: Workspace, first: Run, second: Run, method: str) -> tuple[EncodedMap, EncodedMap]:
    """The same map of two runs, the second turned to lie as the first does, ready for the browser.

    Raises
    ------
    MissingArtefactError
        If one has not been computed.
    """
    return _encoded(workspace, first, second, workspace.survey.digest, first.digest, second.digest, method)


@st.cache_resource(max_entries=4, show_spinner=False)
def _encoded(
    _workspace: Workspace, _first: Run, _second: Run, survey: str, first: str, second: str, method: str
) -> tuple[EncodedMap, EncodedMap]:
    del survey, first, second  # only there to be part of the key
    tables = [map_table(replace(_workspace, run=run, overlays=()), REPRESENTATION, method) for run in (_first, _second)]
    target, moving = (np.stack([table.x, table.y], axis=1) for table in tables)
    turned = turned_onto(moving, target)
    tables[1] = replace(tables[1], x=turned[:, 0].copy(), y=turned[:, 1].copy())
    encoded = []
    for run, table in zip((_first, _second), tables, strict=True):
        seen = replace(_workspace, run=run, overlays=())
        dataset = dataset_id(_workspace)
        stem = f"alignlab-{_workspace.survey.name}-{run.run_id}-{REPRESENTATION}-{method}"
        one = encode_map(
            table, _workspace.survey.n_papers, dataset=dataset, rows_id=dataset, caption=seen.provenance, file_stem=stem
        )
        meta = {**one.meta, "key": MAP_KEY, "title": f"{run.run_id} · {one.meta['title']}"}
        encoded.append(replace(one, meta=meta))
    return encoded[0], encoded[1]
