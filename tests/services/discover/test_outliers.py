"""Scores of a small simulated survey: what they mean, where they are unknown, how they are kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from click.testing import CliRunner
from sklearn.ensemble import IsolationForest

from alignlab.cli import main
from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.jobs.spec import JobSpec
from alignlab.progress import StoppedError
from alignlab.services.discover import outliers
from alignlab.services.discover.outlier_classes import class_scores
from alignlab.services.discover.outlier_scoring import score
from alignlab.services.discover.outliers import COMBINED, METHODS, OutlierScores, find_outliers, outlier_scores
from alignlab.services.job_kinds.outliers import KIND, OutliersRecipe
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.findings import finding_names
from alignlab.store.survey import write_survey
from tests.conftest import SMALL_DEMO_SOURCES
from tests.services.synchronous import run_synchronously


@pytest.fixture(scope="module")
def opened(small_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The small demo in a folder where findings may be written."""
    config = Config(data_dir=Path(shutil.copytree(small_demo.data_dir, tmp_path_factory.mktemp("outliers") / "data")))
    return Catalogue(config).open_workspace()


@pytest.fixture(scope="module")
def scores(opened: Workspace) -> OutlierScores:
    return find_outliers(opened.survey, opened.run, seed=3)


def test_every_source_has_a_score_by_every_method_that_can_have_one(opened, scores):
    assert set(scores.scores) == set(METHODS)
    sizes = opened.survey.sources["source_class"].map(opened.survey.sources["source_class"].value_counts())
    for name in (*METHODS, COMBINED):
        values = scores.of(name)
        assert values.dtype == np.float32
        assert values.shape == (SMALL_DEMO_SOURCES,)
        known = (sizes >= 30).to_numpy() if name.startswith("class_") else np.ones(SMALL_DEMO_SOURCES, bool)
        np.testing.assert_array_equal(~np.isnan(values), known)
        assert len(scores.ranking(name)) == known.sum()
        percentile = scores.percentile(name)
        assert np.nanmax(percentile) == percentile[scores.ranking(name)[0]]


def test_the_forest_of_the_paper_is_scikit_learns_on_the_aligned_latents(opened, scores):
    latents = opened.run.latents("both")
    forest = IsolationForest(n_estimators=100, max_samples=256, random_state=3).fit(latents)
    np.testing.assert_allclose(scores.of("forest_sklearn"), -forest.score_samples(latents), rtol=1e-5)


def test_the_test_split_is_compared_with_itself_alone(opened):
    survey = opened.survey
    test = outlier_scores(survey, opened.run, representation="spectrum", scope="test", seed=3)
    inside = survey.split == "test"
    for name in METHODS:
        assert np.isnan(test.of(name)[~inside]).all()
    assert test.told["n"] == inside.sum()
    latents = opened.run.latents("spectrum")[inside]
    forest = IsolationForest(n_estimators=100, max_samples=len(latents), random_state=3).fit(latents)
    np.testing.assert_allclose(test.of("forest_sklearn")[inside], -forest.score_samples(latents), rtol=1e-5)
    assert set(test.ranking(COMBINED)) == set(np.flatnonzero(inside))


def test_scores_are_kept_and_read_as_they_were(opened, scores):
    kept = outliers.kept_outliers(opened.run, "both", "all")
    assert kept is not None
    for name in (*METHODS, COMBINED):
        np.testing.assert_array_equal(kept.of(name), scores.of(name))
    assert kept.told == json.loads(json.dumps(scores.told))
    assert kept.told["origin"] == "simulated"
    assert outliers.finding_name("both", "all") in finding_names(opened.run.folder)
    assert outliers.kept_outliers(opened.run, "text", "all") is None


def test_papers_that_belong_to_another_source_are_what_disagrees(opened):
    survey, run = opened.survey, opened.run
    spectra, texts = run.latents("spectrum_aligned"), run.latents("text_aligned")
    inputs = outliers.scoring_inputs(survey, run, "both", np.arange(survey.n_sources))
    strangest = texts[(spectra[0] @ texts.T).argmin()]
    swapped = texts.copy()
    swapped[0] = strangest
    before, after = (
        score(each, seed=0).scores["disagreement"][0] for each in (inputs, replace(inputs, text_aligned=swapped))
    )
    assert after > before
    assert after > 70


def test_a_source_without_papers_has_no_opinion_on_them(opened, tmp_path):
    contents = opened.survey.contents()
    mask = np.array(contents.arrays["text_mask"])
    mask[:5] = False
    survey = write_survey(
        replace(contents, arrays={**contents.arrays, "text_mask": mask}),
        replace(opened.survey.meta, name="silent"),
        tmp_path,
    )
    found = outlier_scores(survey, opened.run)
    assert np.isnan(found.of("disagreement")[:5]).all()
    assert np.isfinite(found.of("disagreement")[5:]).all()
    assert np.isfinite(found.combined).all()


def test_the_same_seed_gives_the_same_scores(opened, scores):
    again = outlier_scores(opened.survey, opened.run, seed=3)
    for name in (*METHODS, COMBINED):
        np.testing.assert_array_equal(again.of(name), scores.of(name))


def test_classes_are_told_by_median_spread_and_number(opened, scores):
    found = outliers.class_distributions(opened.survey, scores, "forest")
    classes = opened.survey.sources["source_class"].to_numpy()
    assert {each.source_class for each in found} == set(classes)
    assert [each.median for each in found] == sorted((each.median for each in found), reverse=True)
    for each in found:
        values = scores.of("forest")[classes == each.source_class]
        assert each.n == len(values)
        np.testing.assert_allclose([each.low, each.median, each.high], np.percentile(values, [16, 50, 84]), rtol=1e-5)


def test_the_error_of_a_median_is_that_of_a_bootstrap():
    rng = np.random.default_rng(1)
    values = rng.normal(size=900).astype(np.float32)
    (found,) = class_scores(np.array(["AGN"] * 900), values)
    medians = np.median(rng.choice(values, size=(2_000, 900)), axis=1)
    assert found.median_error == pytest.approx(medians.std(), rel=0.2)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"representation": "sound"}, "no representation 'sound'"), ({"scope": "train"}, "no scope 'train'")],
)
def test_what_there_is_not_is_refused_with_a_choice(opened, options, words):
    with pytest.raises(AlignlabError, match=words) as caught:
        outlier_scores(opened.survey, opened.run, **options)
    assert "Choose one of" in caught.value.remedy


def test_an_unknown_method_is_refused(scores):
    with pytest.raises(AlignlabError, match="no outlier score 'smell'"):
        scores.of("smell")


def test_scoring_tells_how_far_it_is_and_can_be_stopped(opened):
    seen: list[tuple[int, int]] = []

    def on_step(done: int, total: int, info: str) -> bool:
        seen.append((done, total))
        return info != "reconstructions"

    with pytest.raises(StoppedError, match="reconstructions"):
        outlier_scores(opened.survey, opened.run, on_step=on_step)
    assert seen == sorted(seen)


def test_a_job_keeps_the_scores_and_finds_them_again(opened):
    spec = JobSpec(
        kind="outliers",
        survey="demo",
        survey_digest=opened.survey.digest,
        recipe=json.loads(OutliersRecipe(representation="spectrum_aligned").to_json()),
        seed=5,
        run=opened.run.run_id,
    )
    assert KIND.existing(spec, opened.config) is None
    result = run_synchronously(spec, opened.config)
    assert KIND.existing(spec, opened.config) == result
    assert KIND.existing(replace(spec, seed=6), opened.config) is None


@pytest.fixture
def call(opened, monkeypatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(opened.config.data_dir))

    def run(*arguments: object):
        result = CliRunner().invoke(main, ["outliers", *map(str, arguments)])
        assert result.exit_code == 0, result.output
        return result

    return run


def test_a_terminal_lists_the_strangest(opened, call):
    result = call("--top", 4, "--strength", 0)
    assert "simulated" in result.stderr
    head, *lines = result.stdout.splitlines()
    assert head.split("\t") == ["rank", "name", "class", "score", "percentile", "artefact"]
    kept = outliers.kept_outliers(opened.run)
    names = opened.survey.sources["name"].iloc[kept.ranking(COMBINED)[:4]]
    assert [line.split("\t")[1] for line in lines] == list(names)
    assert call("--top", 4, "--strength", 0).stdout == result.stdout


def test_a_terminal_tells_of_the_classes(call):
    head, *lines = call("--classes", "--method", "reconstruction").stdout.splitlines()
    assert head == "class\tn\tmedian\tmiddle 68%"
    assert sum(int(line.split("\t")[1].replace(",", "")) for line in lines) == SMALL_DEMO_SOURCES


def test_a_table_holds_every_score(call, tmp_path):
    path = tmp_path / "strange.ecsv"
    call("--top", 7, "--output", path)
    table = Table.read(path)
    assert len(table) == 7
    assert {*METHODS, COMBINED, "percentile", "artefact", "concerns"} <= set(table.colnames)
    assert table["rank"].tolist() == list(range(1, 8))
