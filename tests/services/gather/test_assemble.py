from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.ingest.ogip import spectra_to_contents
from alignlab.literature.embedders import load_embedder
from alignlab.progress import StoppedError
from alignlab.services.gather.assemble import AssembleSettings, gather_assemble, plan_assemble
from alignlab.services.measured_spectra import measure_spectra, measured, product_files
from alignlab.spectra.grid import energy_grid
from alignlab.store.collection import Collection, open_collection
from alignlab.variables import VARIABLE_NAMES
from tests.archives.llm_server import KEY, LlmServer
from tests.conftest import PROJECT
from tests.services.gathered import (
    N_SOURCES,
    add_products,
    add_source,
    assembled,
    detection,
    gathered,
    key_of,
    name_of,
    templates_in,
)


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return templates_in(tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="module")
def whole(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Collection]:
    """A collection with everything there, and its survey."""
    config = Config(data_dir=tmp_path_factory.mktemp("whole"))
    collection = gathered(config, templates)
    gather_assemble(collection, AssembleSettings(), config=config)
    return config, collection


def test_every_value_of_the_survey_is_that_of_its_detection(whole):
    config, collection = whole
    survey = assembled(collection, config)
    assert survey.n_sources == N_SOURCES
    assert not survey.simulated and survey.origin == "observed" and survey.has_real_positions
    assert list(survey.sources["name"]) == [name_of(i) for i in range(N_SOURCES)]
    assert survey.sources["ra"].to_numpy() == pytest.approx(10.00001 + np.arange(N_SOURCES) / 100)
    assert set(survey.sources["detector"]) == {"ACIS-S"}
    assert (survey.sources["exposure_s"] == 1000).all()  # the spectrum's own, not the catalogue's
    assert (survey.catalogued == np.arange(N_SOURCES)[:, None] + 0.5)[:, [VARIABLE_NAMES.index("hard_hs")]].all()
    assert list(survey.sources["source_class"][:3]) == ["AGN", "CV", "star"]
    for i in (0, 7):
        key = key_of(detection(i))
        folder = collection.products_folder / key
        own = {kind: folder / f"{key}_{kind}.fits" for kind in ("arf", "rmf")}
        pha = folder / f"{key}_pha.fits"
        alone = spectra_to_contents([pha], grid=energy_grid("log"), companions={pha: own})
        assert np.array_equal(survey.counts[i], alone.counts[0])
        assert np.array_equal(survey.variables[i], alone.variables.to_numpy()[0], equal_nan=True)
        assert survey.sources["source_file"][i] == f"{key}/{key}_pha.fits"
        assert list(survey.papers_of(i)["paper_id"]) == [f"2001ApJ...{i:03d}"]
        assert set(survey.summaries_of(i)) == {"nature", "spectrum"}
    assert survey.text_mask.tolist() == [[True, True, False]] * N_SOURCES
    survey.close()


def test_the_vectors_are_those_of_an_embedder_that_has_seen_training_texts_only(whole):
    config, collection = whole
    survey = assembled(collection, config)
    kept = load_embedder(*survey.embedder())
    in_test = np.flatnonzero(survey.split == "test")[0]
    number = int(survey.sources["obsid"][in_test]) - 1000
    assert str(number) not in str(bytes(kept.state()["terms"])).replace('"', " ").split()
    vector = kept.transform([survey.summaries_of(in_test)["spectrum"]])[0]
    assert survey.text[in_test].reshape(3, -1)[1] == pytest.approx(vector)
    recipe = survey.meta.recipe
    assert (recipe["embedder"], recipe["embedder_dim"], recipe["summariser"]) == ("lsa", kept.dim, "extractive")
    survey.close()


def test_the_same_collection_gives_the_same_survey_and_is_not_made_twice(whole):
    config, collection = whole
    outcome = gather_assemble(collection, AssembleSettings(), config=config)
    assert (outcome.n_there, outcome.n_new) == (N_SOURCES, 0)
    survey, twin = assembled(collection, config), assembled(collection, config, survey="twin")
    for array in ("spectra", "counts", "background", "text", "text_mask"):
        assert np.array_equal(survey.array(array), twin.array(array), equal_nan=True), array
    assert survey.sources.equals(twin.sources)
    assert survey.meta.inputs_sha256 == twin.meta.inputs_sha256
    survey.close()
    twin.close()


def test_a_name_that_is_taken_by_another_survey_is_refused(whole):
    config, collection = whole
    with pytest.raises(AlignlabError, match=r"'field' exists already.*other settings.*--replace"):
        gather_assemble(collection, AssembleSettings(seed=8), config=config)


def test_the_catalogues_own_variables_can_be_the_surveys(whole):
    config, collection = whole
    survey = assembled(collection, config, survey="catalogue", variables="catalogue")
    assert survey.catalogued is None
    assert survey.variables[3, VARIABLE_NAMES.index("hard_hm")] == 3.5
    assert (survey.limits["hard_hm_lolim"][3], survey.limits["hard_hm_hilim"][3]) == (3.25, 3.75)
    survey.close()


@pytest.fixture
def field(config: Config, templates: Path) -> Collection:
    """Ten whole sources, into which a test may put what is wrong."""
    return gathered(config, templates, n=10)


def test_what_is_left_out_is_counted_with_its_reason(field, config, templates):
    add_source(field, 20, templates)
    field.put("summaries", {name_of(20): {"nature": None, "spectrum": None, "summariser": "extractive"}})
    add_source(field, 21, templates, papers=False)
    lonely = detection(22)
    field.put("detections", {key_of(lonely): lonely})
    add_products(field, lonely, templates, kinds=("pha", "arf"))
    broken = add_source(field, 23, templates)
    (field.products_folder / broken / f"{broken}_pha.fits").write_bytes(b"SIMPLE  = nothing")
    plan = plan_assemble(field, AssembleSettings(), config=config)
    assert plan.n_wanted == 11
    outcome = gather_assemble(field, AssembleSettings(), config=config)
    assert outcome.n_there == 10
    told = "\n".join(outcome.problems)
    assert "1 detections without all of spectrum, ARF and RMF" in told
    assert "1 sources of which no aspect is discussed" in told
    assert "2 sources without papers" in told
    assert "1 spectra that cannot be used" in told
    assert f"{broken}: {broken}_pha.fits" in told


def test_sources_without_texts_come_along_when_they_are_wanted(field, config):
    field.forget(place="summaries")
    with pytest.raises(AlignlabError, match=r"10 sources whose papers are not summarised yet"):
        gather_assemble(field, AssembleSettings(), config=config)
    survey = assembled(field, config, only_with_texts=False)
    assert survey.n_sources == 10 and not survey.has_array("text") and survey.meta.recipe["embedder"] == ""
    assert len(survey.papers_of(4)) == 1
    survey.close()


def test_a_source_goes_by_its_most_significant_usable_detection(field, config, templates):
    for obsid, significance in ((2000, 30.0), (3000, 20.0), (4000, None)):
        row = detection(3, obsid=obsid, significance=significance)
        field.put("detections", {key_of(row): row})
        add_products(field, row, templates)
    best = assembled(field, config, survey="best")
    assert best.sources["obsid"][3] == 2003
    key = "02003_000_0003"
    (field.products_folder / key / f"{key}_pha.fits").unlink()
    field.forget(place="measured:log:1")
    second = assembled(field, config, survey="second")
    assert second.sources["obsid"][3] == 3003
    every = assembled(field, config, survey="every", detections="all")
    rows = every.sources[every.sources["name"] == name_of(3)]
    assert sorted(rows["obsid"]) == [1003, 3003, 4003]
    assert rows["split"].nunique() == 1
    assert {every.summaries_of(i)["nature"] for i in rows.index} == {every.summaries_of(rows.index[0])["nature"]}
    for survey in (best, second, every):
        survey.close()


def test_an_ambiguous_match_gives_no_class_and_says_so(field, config):
    field.put("matches", {name_of(2): {"source_class": "star", "is_ambiguous": True, "candidates": ["A", "B"]}})
    survey = assembled(field, config)
    assert survey.sources["source_class"][2] == ""
    assert "several objects of SIMBAD may be this source" in survey.sources["notes"][2]
    survey.close()


def test_summaries_of_two_models_are_not_mixed(field, config):
    row = field.get("summaries", [name_of(1)])[name_of(1)]
    field.put("summaries", {name_of(1): {**row, "summariser": "openai:gpt-4o-mini"}})
    expected = r"mixes summaries of 2 summarisers: extractive \(9 sources\), openai:gpt-4o-mini \(1 sources\)"
    with pytest.raises(AlignlabError, match=expected):
        gather_assemble(field, AssembleSettings(), config=config)


def test_another_embedder_is_told_with_its_dimension_and_paid_once(whole, monkeypatch):
    config, collection = whole
    with LlmServer() as model:
        monkeypatch.setenv("OPENAI_BASE_URL", model.address)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        name = "openai:text-embedding-3-small@32"
        first = assembled(collection, config, survey="paid", embedder=name)
        second = assembled(collection, config, survey="paid-not", embedder=name, detections="all")
        paid = [text for asked in model.asked for text in json.loads(asked.request.body)["input"]]
    assert {paid.count(text) for text in set(first.summaries["text"])} == {1}
    assert (first.meta.recipe["embedder"], first.meta.recipe["embedder_dim"]) == (name, 32)
    assert first.text.shape == (N_SOURCES, 3 * 32)
    assert np.array_equal(first.text, second.text)
    first.close()
    second.close()


def test_several_processes_measure_what_one_does(whole, field, monkeypatch):
    monkeypatch.setattr("alignlab.services.measured_spectra._WORTH_PROCESSES", 2)
    files = product_files(field)
    measure_spectra(field, files, grid_kind="log", n_processes=2)
    one, two = (measured(place, files, grid_kind="log") for place in (whole[1], field))
    assert len(two) == 10
    for key in files:
        assert one[key]["variables"] == two[key]["variables"]
        assert np.array_equal(one[key]["counts"], two[key]["counts"])


def test_a_changed_file_is_measured_again_and_no_other(field):
    files = {key: files for key, files in product_files(field).items() if key < "01004"}
    seen: list[str] = []
    measure_spectra(field, files, grid_kind="log")
    rows = field.get("products", list(files[key_of(detection(2))].values()))
    field.put("products", {path: {**row, "sha256": "another"} for path, row in rows.items()})
    measure_spectra(field, files, grid_kind="log", on_step=lambda done, total, info: seen.append(info) is None)
    assert seen == ["reading spectra", "measured 4 of 4 spectra"]


def test_stopped_in_the_middle_it_keeps_what_it_has_measured(field, config):
    def stop_at_four(done: int, total: int, info: str) -> bool:
        return "measured 4" not in info

    with pytest.raises(StoppedError):
        gather_assemble(field, AssembleSettings(), config=config, on_step=stop_at_four)
    assert field.count("measured:log:1") == 4
    assert not (config.surveys_dir / "field").exists()
    assert gather_assemble(field, AssembleSettings(), config=config).n_new == 10


_CHILD = """
from alignlab.config import load_config
from alignlab.services.gather.assemble import AssembleSettings, gather_assemble
from alignlab.store.collection import open_collection
config = load_config()
print("begun", flush=True)
gather_assemble(open_collection(config, "field"), AssembleSettings(), config=config)
"""


def test_killed_in_the_middle_it_ends_with_the_same_survey(whole, config):
    calm = assembled(whole[1], whole[0])
    shutil.copytree(whole[0].collections_dir, config.collections_dir)
    Collection(config.collections_dir / "field").forget(place="measured:log:1")
    environment = {**os.environ, "ALIGNLAB_DATA": str(config.data_dir)}
    child = subprocess.Popen([sys.executable, "-c", _CHILD], env=environment, cwd=PROJECT, stdout=subprocess.PIPE)
    child.stdout.readline()
    place = open_collection(config, "field")
    while place.count("measured:log:1") < 3 and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()
    survey = assembled(open_collection(config, "field"), config)
    assert survey.sources.equals(calm.sources)
    assert np.array_equal(survey.counts, calm.counts) and np.array_equal(survey.text, calm.text)
    survey.close()
    calm.close()


def test_settings_say_what_they_mean():
    for field in dataclasses.fields(AssembleSettings):
        assert AssembleSettings.MEANINGS[field.name].endswith(".")
