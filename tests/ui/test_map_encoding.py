"""What goes to the browser says what the survey says, and what comes back is read rightly."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from alignlab.analysis.map_quality import map_quality
from alignlab.services.discover.map_findings import MapClusters, MapFindings, MapOutliers
from alignlab.services.maps import map_table
from alignlab.services.workspace import Workspace
from alignlab.ui.colours import MAX_CLASSES, class_colours
from alignlab.ui.latent_map import pack_selection, unpack_selection
from alignlab.ui.map_codes import Codes
from alignlab.ui.map_encoding import EncodedMap, encode_map
from alignlab.variables import VARIABLES
from tests.ui.small_demo import N_MISSING_GAMMA, N_REPEATED, OBSERVED


def encode(workspace: Workspace, method: str = "umap", *, rows_id: str = "rows", judged: bool = False) -> EncodedMap:
    table = map_table(workspace, "both", method)
    table = table if judged else replace(table, quality=None)
    said = {"caption": "survey demo", "file_stem": "alignlab-demo"}
    return encode_map(table, workspace.survey.n_papers, dataset="own rows", rows_id=rows_id, **said)


@pytest.fixture(scope="module")
def encoded(workspace: Workspace) -> EncodedMap:
    return encode(workspace)


def test_every_variable_can_be_read_back(encoded, workspace):
    on_the_wall = [described for described in encoded.meta["variables"] if described["wall"]]
    for number, (variable, described) in enumerate(zip(VARIABLES, on_the_wall, strict=True)):
        codes = encoded.table.column(variable.name).to_numpy()[: encoded.n]
        reading = {name: described[name] for name in ("softening", "low", "high")}
        back = Codes(codes=codes, **reading).decode()
        assert np.allclose(back, workspace.survey.variables[:, number], rtol=5e-4, atol=1e-4, equal_nan=True)
        assert described["unit"] == variable.display_unit
    gamma = encoded.table.column("powlaw_gamma").to_numpy()[: encoded.n]
    assert np.sum(gamma == 65535) == N_MISSING_GAMMA


def test_classes_counts_and_splits(encoded, workspace):
    sources = workspace.survey.sources
    by_name = {category["name"]: category for category in encoded.meta["categories"]}
    classes = np.array(by_name["source_class"]["values"])[encoded.table.column("source_class").to_numpy()[: encoded.n]]
    assert list(classes) == list(sources["source_class"])
    split = np.array(by_name["split"]["values"])[encoded.table.column("split").to_numpy()[: encoded.n]]
    assert list(split) == list(sources["split"])
    level = encoded.table.column("count_level").to_numpy()[: encoded.n]
    assert {by_name["count_level"]["values"][k] for k in level} == {"150–499"}


def test_overlays_follow_the_survey(encoded):
    names = encoded.table.column("name").to_pylist()
    assert names[encoded.n :] == list(OBSERVED)
    assert encoded.meta["overlays"] == [
        {"survey": "real-chandra (observed)", "start": encoded.n, "stop": encoded.n + len(OBSERVED)}
    ]
    assert encoded.locate(encoded.n + 1) == ("real-chandra", 1)
    assert encoded.locate(4) == (None, 4)
    for row in (0, encoded.n - 1, encoded.n, encoded.n + 2):
        assert encoded.row_of(*encoded.locate(row)) == row
    with pytest.raises(IndexError, match="no row"):
        encoded.locate(encoded.n + 3)


def test_the_description_is_json_and_small(encoded):
    assert len(json.dumps(encoded.meta)) < 30_000
    assert all(len(digits) % 6 == 0 for digits in encoded.meta["palettes"].values())


def test_versions_follow_coordinates_and_rows(workspace, encoded):
    again = encode(workspace)
    other_map = encode(workspace, "pca")
    other_rows = encode(workspace, rows_id="others")
    judged = encode(workspace, judged=True)
    assert again.meta["version"] == encoded.meta["version"]
    assert other_map.meta["geometry"] != encoded.meta["geometry"]
    assert other_rows.meta["geometry"] == encoded.meta["geometry"]
    assert judged.meta["geometry"] == encoded.meta["geometry"]
    assert len({shown.meta["version"] for shown in (encoded, other_map, other_rows, judged)}) == 4


def test_counts_papers_and_trust_can_colour_the_map(workspace, encoded):
    def column(shown: EncodedMap, name: str) -> np.ndarray:
        described = next(variable for variable in shown.meta["variables"] if variable["name"] == name)
        codes = shown.table.column(name).to_numpy()
        return Codes(codes=codes, **{key: described[key] for key in ("softening", "low", "high")}).decode()

    assert np.allclose(column(encoded, "counts")[: encoded.n], workspace.survey.sources["counts"], rtol=5e-4)
    papers = column(encoded, "n_papers")
    assert np.allclose(papers[: encoded.n], workspace.survey.n_papers, atol=1e-3)
    assert np.isnan(papers[encoded.n :]).all()
    assert not any(variable["name"] == "knn_recall" for variable in encoded.meta["variables"])
    judged = encode(workspace, judged=True)
    recall = map_quality(workspace.run.latents("both"), workspace.run.projection("both", "umap").coordinates).knn_recall
    assert np.allclose(column(judged, "knn_recall")[: judged.n], recall, atol=1e-3)
    by_name = {category["name"]: category for category in encoded.meta["categories"]}
    has_papers = np.array(by_name["papers"]["values"])[encoded.table.column("papers").to_numpy()[: encoded.n]]
    assert np.array_equal(has_papers == "has papers", workspace.survey.n_papers > 0)


def test_observations_of_one_source_share_a_number(workspace, encoded):
    names = workspace.survey.sources["name"].to_numpy()
    objects = encoded.table.column("object").to_numpy()
    assert encoded.meta["duplicates"] == 2 * N_REPEATED
    for row in range(encoded.n - N_REPEATED, encoded.n):
        assert np.array_equal(objects[: encoded.n] == objects[row], names == names[row])
    assert len(set(objects)) == len(set(names)) + len(OBSERVED)


@pytest.mark.parametrize("n", [1, 8, 13, 1000])
def test_selection_bitsets(n):
    mask = np.random.default_rng(n).random(n) < 0.3
    bits = base64.b64encode(np.packbits(mask, bitorder="little").tobytes()).decode()
    assert np.array_equal(unpack_selection(bits, n), mask)
    assert not unpack_selection("", n).any()
    assert np.array_equal(unpack_selection(pack_selection(mask), n), mask)


def test_kept_clusters_and_outlier_ranks_can_colour_the_map(workspace):
    table = map_table(workspace, "both", "umap")
    n = len(table.x)
    codes = (np.arange(n) % 3).astype(np.uint8)
    codes[:5] = 255
    clusters = MapClusters(name="clusters_a", label="k-means 3", values=("hard", "soft", "mixed"), codes=codes)
    strange = MapOutliers(percentile=np.linspace(0, 100, n, dtype=np.float32), description="Rank.")
    found = replace(table, findings=MapFindings(clusterings=(clusters,), outliers=strange))
    shown = encode_map(found, workspace.survey.n_papers, dataset="a", rows_id="b", caption="", file_stem="")
    category = shown.meta["categories"][-1]
    assert (category["name"], category["values"]) == ("clusters_a", ["hard", "soft", "mixed"])
    assert category["unknown"] == "in no cluster"
    sent = shown.table.column("clusters_a").to_numpy()
    assert np.array_equal(sent[:n], codes)
    assert (sent[n:] == 255).all()
    variable = next(v for v in shown.meta["variables"] if v["name"] == "outlier_percentile")
    reading = {key: variable[key] for key in ("softening", "low", "high")}
    back = Codes(codes=shown.table.column("outlier_percentile").to_numpy(), **reading).decode()
    assert np.allclose(back[:n], strange.percentile, rtol=5e-4, atol=1e-3)
    assert np.isnan(back[n:]).all()
    assert not variable["wall"]


def test_every_cluster_has_a_hue_of_its_own_and_classes_keep_theirs(encoded):
    names = encoded.meta["categories"][0]["values"]
    for shade in ("light", "dark"):
        packed = encoded.meta["palettes"][f"classes_{shade}"]
        hues = [packed[place : place + 6] for place in range(0, len(packed), 6)]
        assert len(set(hues)) == len(hues) == MAX_CLASSES
        assert hues[: len(names)] == class_colours(names, shade)
