"""The small map: all sources of the survey as a picture, the nearest as rings, the source as a star."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from alignlab.services.interpret.contract import NeighbourEvidence
from alignlab.services.map_place import MapPlace
from alignlab.services.workspace import Workspace
from alignlab.ui.colours import to_rgb
from alignlab.ui.source_page.text import ClassColours
from alignlab.ui.spectrum_figure import INK
from alignlab.ui.theme import Shade

#: The one accent of the theme: the source.
ACCENT = {"light": "#b3125a", "dark": "#ff7aac"}
_PAPER = {"light": "#ffffff", "dark": "#0f141a"}
_PIXELS, _DOT, _MARGIN, _OPACITY = 640, 2, 0.04, 150


def map_figure(
    workspace: Workspace, place: MapPlace, name: str, neighbours: tuple[NeighbourEvidence, ...], *, shade: Shade,
    height: int,
) -> go.Figure:  # fmt: skip
    """Draw the map; classes have the colours that the Atlas gives them."""
    low_x, high_x, low_y, high_y = _ends(place)
    figure = go.Figure()
    key = (workspace.survey.digest, workspace.run.digest, place.representation, place.method)
    figure.add_layout_image(
        source=_picture(workspace, place, key, shade), xref="x", yref="y", x=low_x, y=high_y,
        sizex=high_x - low_x, sizey=high_y - low_y, sizing="stretch", layer="below",
    )  # fmt: skip
    near = [n.index for n in neighbours]
    figure.add_trace(
        go.Scatter(
            x=place.x[near], y=place.y[near], mode="markers",
            marker={"symbol": "circle-open", "size": 10, "color": INK[shade], "line": {"width": 1.8}},
            text=[f"{n.name}<br>{n.source_class or 'not classified'} · {n.similarity:.3f}" for n in neighbours],
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=[place.at[0]], y=[place.at[1]], mode="markers",
            marker={
                "symbol": "star", "size": 19, "color": ACCENT[shade], "line": {"width": 1.4, "color": _PAPER[shade]},
            },
            text=[name], hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(range=[min(low_x, place.at[0]), max(high_x, place.at[0])], **hidden)
    ends = [min(low_y, place.at[1]), max(high_y, place.at[1])]
    figure.update_yaxes(range=ends, scaleanchor="x", constrain="domain", **hidden)
    figure.update_layout(
        height=height, margin={"l": 0, "r": 0, "t": 0, "b": 0}, showlegend=False, hoverlabel={"align": "left"},
        dragmode=False,
    )  # fmt: skip
    return figure


def _ends(place: MapPlace) -> tuple[float, float, float, float]:
    (low_x, high_x), (low_y, high_y) = ((float(v.min()), float(v.max())) for v in (place.x, place.y))
    across, up = _MARGIN * (high_x - low_x) or 1.0, _MARGIN * (high_y - low_y) or 1.0
    return low_x - across, high_x + across, low_y - up, high_y + up


@st.cache_data(max_entries=16, show_spinner=False)
def _picture(_workspace: Workspace, _place: MapPlace, key: tuple[str, ...], shade: Shade) -> str:
    """All sources as dots in the colours of their classes, as an image that a page can hold."""
    del key  # only there to be part of the key
    low_x, high_x, low_y, high_y = _ends(_place)
    classes = _workspace.survey.sources["source_class"].astype(str).to_numpy()
    colours = ClassColours(_workspace.survey, shade)
    names, which = np.unique(classes, return_inverse=True)
    painted = np.round(255 * to_rgb([colours.of(name) for name in names])).astype(np.uint8)[which]
    columns = ((_place.x - low_x) / (high_x - low_x) * (_PIXELS - _DOT)).astype(int)
    rows = ((high_y - _place.y) / (high_y - low_y) * (_PIXELS - _DOT)).astype(int)
    picture = np.zeros((_PIXELS, _PIXELS, 4), np.uint8)
    # In random order: no class lies above the others because its sources come later in the survey.
    order = np.random.default_rng(0).permutation(len(columns))
    for down in range(_DOT):
        for right in range(_DOT):
            picture[rows[order] + down, columns[order] + right, :3] = painted[order]
            picture[rows[order] + down, columns[order] + right, 3] = _OPACITY
    return f"data:image/png;base64,{base64.b64encode(_png(picture)).decode()}"


def _png(picture: NDArray[np.uint8]) -> bytes:
    """An image of shape (height, width, 4), red, green, blue and opacity, as PNG (ISO/IEC 15948)."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, _ = picture.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), picture.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(rows.tobytes())),
            chunk(b"IEND", b""),
        ]
    )
