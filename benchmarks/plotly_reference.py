"""The same points in the same colours through Plotly's scattergl: what `explore.py` measures the app against.

``ALIGNLAB_DATA=<folder> streamlit run benchmarks/plotly_reference.py``. It is generous: no names beside the pointer.
"""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from alignlab.services.maps import MapTable, map_table
from alignlab.services.workspace import open_workspace
from alignlab.variables import VARIABLES


@st.cache_resource
def read_map() -> MapTable:
    """The map, read once."""
    return map_table(open_workspace(), "both", "umap")


st.set_page_config(layout="wide")
table = read_map()
names = [variable.name for variable in VARIABLES]
name = st.selectbox("Colour by", names)
values = table.variables[:, names.index(name)]
marker = {"size": 4, "color": values, "colorscale": "Cividis", "colorbar": {"title": name}, "cmin": 0, "cmax": 3}
figure = go.Figure(go.Scattergl(x=table.x, y=table.y, mode="markers", name=name, marker=marker))
figure.update_layout(height=620, margin={"l": 0, "r": 0, "t": 0, "b": 0}, dragmode="lasso")
st.plotly_chart(figure, key="map")
