"""Networks of the small demo: which sources, what is kept, tables, agreement and files."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from sklearn.metrics import roc_auc_score

from alignlab.analysis.graphs import Graph, TooManyEdgesError
from alignlab.cli import main
from alignlab.errors import AlignlabError, RecipeError
from alignlab.services.discover import networks
from alignlab.services.discover.network_recipe import network_sources
from alignlab.services.discover.network_tables import degree_distribution
from alignlab.services.discover.networks import (
    Network,
    NetworkRecipe,
    degree_table,
    network,
    network_degrees,
    periphery_agreement,
    write_graph,
)
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.findings import finding_names
from alignlab.store.lab import Lab
from alignlab.variables import VARIABLE_NAMES


@pytest.fixture(scope="module")
def config(small_demo, tmp_path_factory):
    import shutil

    from alignlab.config import Config

    return Config(data_dir=shutil.copytree(small_demo.data_dir, tmp_path_factory.mktemp("networks") / "data"))


@pytest.fixture(scope="module")
def workspace(config) -> Workspace:
    return Catalogue(config).open_workspace()


@pytest.fixture(scope="module")
def found(workspace) -> Network:
    return network(workspace, NetworkRecipe(subset="all", threshold=0.8))


def test_variable_sources_are_the_default(workspace):
    rows = network_sources(workspace, NetworkRecipe(threshold=0.5)).rows
    probability = workspace.survey.variables[:, VARIABLE_NAMES.index("var_prob_b")]
    np.testing.assert_array_equal(rows, np.flatnonzero(probability > 0.9))


def test_a_class_or_a_kept_selection_can_be_taken(workspace, config):
    classes = workspace.survey.sources["source_class"].to_numpy()
    of_class = network_sources(workspace, NetworkRecipe(subset="class:AGN", threshold=0.5)).rows
    assert set(classes[of_class]) == {"AGN"}
    mask = np.zeros(workspace.survey.n_sources, bool)
    mask[[3, 50, 120]] = True
    Lab(config.lab_path).save_selection("demo", "three", mask)
    chosen = network(workspace, NetworkRecipe(subset="selection:three", k=2))
    assert chosen.graph.rows.tolist() == [3, 50, 120]
    assert chosen.graph.n_edges == 3


def test_sources_without_papers_have_no_place_among_texts(workspace, monkeypatch):
    mask = workspace.survey.text_mask.copy()
    mask[[5, 9]] = False
    monkeypatch.setitem(workspace.survey.__dict__, "text_mask", mask)
    sources = network_sources(workspace, NetworkRecipe(subset="all", representation="text", threshold=0.5))
    assert sources.n_without_text == 2
    assert not {5, 9} & set(sources.rows.tolist())
    spectra = network_sources(workspace, NetworkRecipe(subset="all", representation="spectrum", threshold=0.5))
    assert (len(spectra.rows), spectra.n_without_text) == (workspace.survey.n_sources, 0)


@pytest.mark.parametrize(
    ("subset", "message"),
    [("class:blazar", "No source is of class 'blazar'"), ("bright", "no subset 'bright'"), ("selection:x", "'x'")],
)
def test_sources_that_are_not_there_are_asked_for_in_vain(workspace, subset, message):
    with pytest.raises(AlignlabError, match=message):
        network(workspace, NetworkRecipe(subset=subset, threshold=0.5))


@pytest.mark.parametrize(
    "wrong", [{}, {"threshold": 0.5, "k": 3}, {"threshold": 1.5}, {"k": 0}, {"k": 3, "representation": "colour"}]
)
def test_a_recipe_joins_in_one_way_only(wrong):
    with pytest.raises(RecipeError):
        NetworkRecipe(**wrong)


def test_everything_is_known_of_every_node(found, workspace):
    n = workspace.survey.n_sources
    for values in (found.component, found.core_number, found.core, found.community, *found.centralities.values()):
        assert values.shape == (n,)
    assert found.positions.shape == (n, 2)
    np.testing.assert_array_equal(found.centralities["degree"], found.degree)
    latents = workspace.run.latents("both").astype(float)
    unit = latents / np.linalg.norm(latents, axis=1, keepdims=True)
    assert found.told["n_edges"] == found.graph.n_edges == int((np.triu(unit @ unit.T, 1) >= 0.8).sum())
    assert found.told["origin"] == "simulated"


def test_what_is_kept_is_what_was_found(found, workspace, monkeypatch):
    monkeypatch.setattr(networks, "_compute", lambda *_: pytest.fail("computed again"))
    again = network(workspace, found.recipe)
    np.testing.assert_array_equal(again.graph.edges, found.graph.edges)
    np.testing.assert_array_equal(again.positions, found.positions)
    assert again.told == found.told
    assert set(again.centralities) == set(found.centralities)


def test_only_so_many_are_kept(workspace, monkeypatch):
    monkeypatch.setattr(networks, "_MOST_KEPT", 3)
    for k in range(1, 6):
        network(workspace, NetworkRecipe(subset="class:star", k=k))
    assert len(finding_names(workspace.run.folder, "network-")) == 3


def test_of_too_many_edges_the_degrees_are_known(workspace, monkeypatch):
    monkeypatch.setattr(networks, "MOST_EDGES", 50)
    recipe = NetworkRecipe(subset="all", threshold=0.31)
    with pytest.raises(TooManyEdgesError, match="at most 50"):
        network(workspace, recipe)
    rows, degree = network_degrees(workspace, recipe)
    monkeypatch.undo()
    np.testing.assert_array_equal(degree, network(workspace, recipe).degree)
    assert len(rows) == workspace.survey.n_sources


def test_degrees_by_class_add_up(found, workspace):
    table = degree_table(workspace.survey, found.graph.rows, found.degree)
    classes = workspace.survey.sources["source_class"]
    by_hand = pd.Series(found.degree).groupby(classes).agg(["size", "mean", "median", "sem"])
    for row in table.classes:
        expected = by_hand.loc[row.source_class]
        assert (row.n, row.mean, row.median) == pytest.approx(tuple(expected[["size", "mean", "median"]]))
        assert row.mean_error == pytest.approx(expected["sem"], nan_ok=True)
        assert row.share_interval[0] <= row.share_high <= row.share_interval[1]
    assert sum(row.n_high for row in table.classes) == table.n_high == (found.degree > table.high_above).sum()
    assert [row.share_high for row in table.classes] == sorted((r.share_high for r in table.classes), reverse=True)


@pytest.mark.parametrize("degree", [[0, 0], [1, 1, 0], [0, 3, 17, 200, 201, 999]])
def test_every_source_is_in_one_bin_of_degrees(degree):
    found = degree_distribution(np.array(degree))
    assert found.n_sources.sum() + found.n_isolated == len(degree)
    for low, high, n in zip(found.low, found.high, found.n_sources, strict=True):
        assert n == sum(low <= value <= high for value in degree)
    np.testing.assert_array_equal(found.low[1:], found.high[:-1] + 1)


def test_agreement_with_a_ranking_is_the_area_under_the_curve(found, workspace):
    score = np.random.default_rng(0).normal(size=workspace.survey.n_sources) - 0.02 * found.degree
    score[:7] = np.nan
    held = periphery_agreement(found, score)
    assert (held.n, held.n_strange) == (393, 20)
    strange = np.zeros(400, bool)
    strange[np.argsort(-np.nan_to_num(score, nan=-np.inf), kind="stable")[:20]] = True
    by_name = {row.measure: row for row in held.measures}
    assert by_name["degree"].auc == pytest.approx(roc_auc_score(strange[7:], -found.degree[7:]))
    assert by_name["core"].auc == pytest.approx(roc_auc_score(strange[7:], ~found.core[7:]))
    assert all(row.low <= row.auc <= row.high for row in held.measures)
    assert [top.n for top in by_name["degree"].overlaps] == [4, 20]


def test_of_equal_degrees_each_counts_by_its_share(found):
    held = periphery_agreement(found, -np.asarray(found.degree, float))
    degree = held.measures[0]
    isolated = int((found.degree == 0).sum())
    assert isolated > 20
    # The strangest 20 have no edge, like others that count half.
    assert degree.auc == pytest.approx((400 - isolated + (isolated - 20) / 2) / 380)
    assert degree.overlaps[1].n_shared == pytest.approx(20 * 20 / isolated)
    with pytest.raises(AlignlabError, match="too few"):
        periphery_agreement(found, np.full(400, np.nan))


def test_graphml_is_read_back_by_networkx(found, workspace, tmp_path):
    (path,) = write_graph(found, workspace.survey, tmp_path / "demo.graphml")
    read = nx.read_graphml(path)
    assert (read.number_of_nodes(), read.number_of_edges()) == (400, found.graph.n_edges)
    sources = workspace.survey.sources
    for position in (0, 57, 399):
        node = read.nodes[f"n{position}"]
        assert node["name"] == sources["name"].iloc[position]
        assert node["source_class"] == sources["source_class"].iloc[position]
        assert node["ra"] == pytest.approx(sources["ra"].iloc[position])
        assert (node["degree"], node["core"]) == (found.degree[position], bool(found.core[position]))
        assert node["community"] == found.community[position]
    first, second = found.graph.edges[10]
    assert read.edges[f"n{first}", f"n{second}"]["similarity"] == pytest.approx(found.graph.similarity[10], rel=1e-5)


def test_names_with_signs_survive_graphml(workspace, found, tmp_path, monkeypatch):
    sources = workspace.survey.sources.copy()
    sources.loc[0, "name"] = 'M31 <core> & "jet"'
    monkeypatch.setitem(workspace.survey.__dict__, "sources", sources)
    (path,) = write_graph(found, workspace.survey, tmp_path / "odd.graphml")
    assert nx.read_graphml(path).nodes["n0"]["name"] == 'M31 <core> & "jet"'


def test_parquet_holds_nodes_and_edges(found, workspace, tmp_path):
    nodes_path, edges_path = write_graph(found, workspace.survey, tmp_path / "demo.parquet")
    nodes, edges = pd.read_parquet(nodes_path), pd.read_parquet(edges_path)
    np.testing.assert_array_equal(nodes["degree"], found.degree)
    names = workspace.survey.sources["name"].to_numpy()
    np.testing.assert_array_equal(edges[["source", "target"]].to_numpy(), names[found.graph.edges])
    np.testing.assert_array_equal(edges["similarity"].to_numpy(), found.graph.similarity)
    assert pq.read_schema(edges_path).metadata[b"origin"] == b"simulated"


def test_a_network_without_edges_is_written_too(found, workspace, tmp_path):
    empty = replace(found, graph=Graph(found.graph.rows, found.graph.edges[:0], found.graph.similarity[:0]))
    _, edges = write_graph(empty, workspace.survey, tmp_path / "empty.parquet")
    assert len(pd.read_parquet(edges)) == 0
    (path,) = write_graph(empty, workspace.survey, tmp_path / "empty.graphml")
    assert nx.read_graphml(path).number_of_edges() == 0
    with pytest.raises(AlignlabError, match="not a format of graphs"):
        write_graph(empty, workspace.survey, tmp_path / "empty.csv")


def test_the_command_tells_and_writes_the_same(found, config, tmp_path, monkeypatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    output = tmp_path / "network.graphml"
    told = CliRunner().invoke(
        main, ["network", "--of", "all", "--threshold", "0.8", "--agreement", "--output", str(output)]
    )
    assert told.exit_code == 0, told.output
    assert f"{found.graph.n_edges:,} edges" in told.stdout
    assert "periphery against isolation forest" in told.stdout
    assert "simulated" in told.stderr
    assert nx.read_graphml(output).number_of_edges() == found.graph.n_edges
    degrees = CliRunner().invoke(main, ["network", "--of", "all", "--threshold", "0.8", "--degrees"]).stdout
    assert degrees.strip() in told.stdout
    wrong = CliRunner().invoke(main, ["network", "--threshold", "0.8", "--nearest", "3"])
    assert wrong.exit_code == 2
