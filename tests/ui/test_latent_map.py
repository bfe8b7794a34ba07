"""What goes to the browser says what the survey says, and what comes back is read rightly."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from alignlab.services.maps import map_table
from alignlab.services.workspace import Workspace
from alignlab.ui.latent_map import EncodedMap, encode_map, unpack_selection
from alignlab.ui.map_codes import Codes
from alignlab.variables import VARIABLES
from tests.ui.small_demo import N_MISSING_GAMMA, OBSERVED


@pytest.fixture(scope="module")
def encoded(workspace: Workspace) -> EncodedMap:
    return encode_map(map_table(workspace, "both", "umap"), dataset="rows")


def test_every_variable_can_be_read_back(encoded, workspace):
    for number, (variable, described) in enumerate(zip(VARIABLES, encoded.meta["variables"], strict=True)):
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
    again = encode_map(map_table(workspace, "both", "umap"), dataset="rows")
    other_map = encode_map(map_table(workspace, "both", "pca"), dataset="rows")
    other_rows = encode_map(map_table(workspace, "both", "umap"), dataset="others")
    assert again.meta["version"] == encoded.meta["version"]
    assert other_map.meta["geometry"] != encoded.meta["geometry"]
    assert other_rows.meta["geometry"] == encoded.meta["geometry"]
    assert len({encoded.meta["version"], other_map.meta["version"], other_rows.meta["version"]}) == 3


@pytest.mark.parametrize("n", [1, 8, 13, 1000])
def test_selection_bitsets(n):
    mask = np.random.default_rng(n).random(n) < 0.3
    bits = base64.b64encode(np.packbits(mask, bitorder="little").tobytes()).decode()
    assert np.array_equal(unpack_selection(bits, n), mask)
    assert not unpack_selection("", n).any()
