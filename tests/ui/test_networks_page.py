"""A network as it goes to the browser, and a selection that outlasts a change of threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.analysis.graphs import Graph
from alignlab.services.discover.networks import Network, NetworkRecipe
from alignlab.ui.latent_map import unpack_selection
from alignlab.ui.map_codes import MISSING, Codes
from alignlab.ui.networks_page import encoding
from alignlab.ui.networks_page.encoding import EncodedNetwork, encode_network
from alignlab.ui.networks_page.show import title_of
from alignlab.ui.networks_page.state import NetworksState

CLASSES = ["AGN", "AGN", "star", "", "ULX"]


def a_network(edges: list[tuple[int, int]], rows: list[int], community: list[int] | None = None) -> Network:
    n = len(rows)
    graph = Graph(
        rows=np.array(rows, dtype=np.int64),
        edges=np.array(edges, dtype=np.int32).reshape(-1, 2),
        similarity=np.linspace(0.7, 0.9, len(edges)).astype(np.float32),
    )
    return Network(
        recipe=NetworkRecipe(threshold=0.7),
        graph=graph,
        positions=np.random.default_rng(1).uniform(size=(n, 2)).astype(np.float32),
        component=np.zeros(n, dtype=np.int32),
        core_number=graph.degree.astype(np.int32),
        core=graph.degree > 1,
        community=np.array(community or [0] * n, dtype=np.int32),
        centralities={"betweenness": np.linspace(0, 1, n).astype(np.float32)},
        told={},
    )


@pytest.fixture
def sources() -> pd.DataFrame:
    return pd.DataFrame({"name": [f"J{k}" for k in range(10)], "source_class": CLASSES * 2})


@pytest.fixture
def encoded(sources) -> EncodedNetwork:
    network = a_network([(0, 1), (0, 2), (1, 2)], [7, 2, 4, 3], community=[0, 0, 0, 1])
    percentile = np.arange(10, dtype=np.float32) * 10
    percentile[2] = np.nan
    return encode_network(network, sources, title="a title", percentile=percentile)


def words_of(encoded: EncodedNetwork, name: str) -> list[str | None]:
    values = next(c for c in encoded.meta["categories"] if c["name"] == name)["values"]
    return [values[code] if code < len(values) else None for code in encoded.nodes[name].to_pylist()]


def test_nodes_say_who_they_are(encoded):
    assert encoded.nodes["name"].to_pylist() == ["J7", "J2", "J4", "J3"]
    assert encoded.nodes["edge_count"].to_pylist() == [2, 2, 2, 0]
    assert words_of(encoded, "source_class") == ["star", "star", "ULX", None]
    assert words_of(encoded, "part") == ["core", "core", "core", "without an edge"]
    assert words_of(encoded, "community") == ["1, mostly star"] * 3 + [None]


def test_measures_come_back_from_their_codes(encoded):
    told = next(v for v in encoded.meta["variables"] if v["name"] == "outlier")
    codes = encoded.nodes["outlier"].to_numpy()
    assert codes[1] == MISSING
    back = Codes(codes=codes, **{key: told[key] for key in ("softening", "low", "high")}).decode()
    np.testing.assert_allclose(back, [70, np.nan, 40, 30], rtol=1e-3)
    assert {v["name"] for v in encoded.meta["variables"]} == {"degree", "core_number", "betweenness", "outlier"}


def test_every_category_has_a_colour_for_each_value_in_both_shades(encoded):
    for category in encoded.meta["categories"]:
        for shade in ("light", "dark"):
            assert len(encoded.meta["palettes"][f"{category['name']}_{shade}"]) == 6 * len(category["values"])


def test_what_is_drawn_is_said(encoded, sources, monkeypatch):
    assert encoded.meta["said"] == "all 3 edges drawn"
    assert encoded.edges.column_names == ["first", "second", "weight"]
    assert encoded.edges["weight"].to_pylist() == [0, 128, 255]
    monkeypatch.setattr(encoding, "DRAWN_EDGES", 2)
    thinned = encode_network(a_network([(0, 1), (0, 2), (1, 2)], [7, 2, 4, 3]), sources, title="t")
    assert thinned.edges.num_rows == 2
    assert thinned.meta["said"].startswith("2 of 3 edges drawn, the strongest of every source")
    assert thinned.nodes["edge_count"].to_pylist() == [2, 2, 2, 0]
    alone = encode_network(a_network([], [1, 2]), sources, title="t")
    assert alone.meta["said"] == "no edges"
    assert alone.edges.num_rows == 0


def test_many_communities_share_a_grey(sources):
    network = a_network([(k, k + 1) for k in range(0, 28, 2)], [k % 10 for k in range(30)], [k // 2 for k in range(30)])
    encoded = encode_network(network, sources, title="t")
    found = words_of(encoded, "community")
    assert len({name for name in found if name}) == encoding.NAMED_COMMUNITIES + 1
    assert found.count("smaller ones") == 30 - 2 * encoding.NAMED_COMMUNITIES


def test_a_graph_is_another_when_its_edges_are(encoded, sources):
    same = a_network([(0, 1), (0, 2), (1, 2)], [7, 2, 4, 3], community=[0, 0, 0, 1])
    again = encode_network(same, sources, title="a title")
    assert again.meta["graph"] == encoded.meta["graph"]
    assert again.meta["version"] != encoded.meta["version"]  # without the percentile
    fewer = encode_network(a_network([(0, 1)], [7, 2, 4, 3]), sources, title="a title")
    assert fewer.meta["graph"] != encoded.meta["graph"]


def test_a_source_is_found_among_the_nodes(encoded):
    assert [encoded.position_of(index) for index in (7, 3, 0, None)] == [0, 3, None, None]


def test_a_selection_holds_in_another_graph(encoded, sources):
    state = NetworksState(dataset="d")
    state.selected_in_drawing(encoded, np.array([True, False, False, True]))
    assert state.selected.tolist() == [3, 7]
    state.follow(encoded)
    assert state.command is None  # the drawing knows
    other = encode_network(a_network([(0, 1)], [1, 3, 5]), sources, title="other")
    state.follow(other)
    assert unpack_selection(state.command["selection"], 3).tolist() == [False, True, False]
    assert state.shown(other).tolist() == [3]
    first = state.command["serial"]
    state.select([5, 7], how="from a table")
    state.follow(other)
    assert unpack_selection(state.command["selection"], 3).tolist() == [False, False, True]
    assert state.command["serial"] >= first
    # The drawing reports what it was told: the source that it lacks still waits.
    state.selected_in_drawing(other, np.array([False, False, True]))
    assert state.selected.tolist() == [5, 7]
    assert state.how == "from a table"


def test_a_title_says_what_is_joined_with_what():
    assert title_of(NetworkRecipe(threshold=0.7)).endswith("· both · similarity ≥ 0.70")
    assert title_of(NetworkRecipe(subset="all", k=5)) == "all sources · both · 5 nearest"
    mutual = NetworkRecipe(subset="class:AGN", representation="spectrum", k=5, mutual=True)
    assert title_of(mutual) == "class AGN · spectrum · 5 nearest of each other"
