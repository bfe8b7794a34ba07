"""The network as files for other programs."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from alignlab.services.discover.network_files import write_graph
from alignlab.services.workspace import Workspace

if TYPE_CHECKING:
    from alignlab.services.discover.networks import Network

#: A download is made in memory; beyond this the terminal writes it.
_MOST_EDGES = 2_000_000
_FILES = (
    ("graphml", ".graphml", "GraphML", "application/graphml+xml"),
    ("nodes", ".nodes.parquet", "Nodes, Parquet", "application/vnd.apache.parquet"),
    ("edges", ".edges.parquet", "Edges, Parquet", "application/vnd.apache.parquet"),
)


def show_export(workspace: Workspace, shown: Network) -> None:
    """Draw the button that offers the files."""
    graph = shown.graph
    what = f"{graph.n_nodes:,} nodes, {graph.n_edges:,} edges"
    with st.popover("Export the network", icon=":material/download:", help=what), st.container(gap="xxsmall"):
        if graph.n_edges > _MOST_EDGES:
            st.html(f'<p class="al-dim">{what}: write it from a terminal with <code>alignlab network</code>.</p>')
            return
        for name, suffix, label, mime in _FILES:
            st.download_button(
                f"{label} · {suffix}", data=partial(_contents, workspace, shown, suffix), mime=mime,
                file_name=f"alignlab-{workspace.survey.name}-network{suffix}", key=f"networks_export_{name}",
                help=f"{what}: all of them, whatever is drawn", type="tertiary", on_click="ignore",
            )  # fmt: skip


def _contents(workspace: Workspace, shown: Network, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        ending = ".parquet" if suffix.endswith(".parquet") else suffix
        written = write_graph(shown, workspace.survey, Path(folder) / f"network{ending}")
        return next(path for path in written if path.name.endswith(suffix)).read_bytes()
