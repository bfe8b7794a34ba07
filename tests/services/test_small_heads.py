"""Small heads of a run: published once, read back, asked about a source, fitted by a job and from a terminal."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from alignlab.analysis.regression import Estimates, score_estimates
from alignlab.cli import main
from alignlab.config import Config
from alignlab.errors import AlignlabError, DamagedArtefactError, MissingArtefactError, RecipeError
from alignlab.jobs.spec import JobError, JobSpec
from alignlab.jobs.work import Work, read_metrics, read_progress
from alignlab.services.job_kinds import job_kind
from alignlab.services.small_heads import (
    PRESETS,
    class_probabilities_of,
    estimates_of,
    heads_of,
    small_heads,
    train_small_heads,
)
from alignlab.services.small_heads_text import chosen_recipe, figures_text
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.heads import SmallHeads
from alignlab.store.run import Run
from alignlab.training.small_heads_recipe import SmallHeadsRecipe
from alignlab.variables import VARIABLE_NAMES

RIDGE = SmallHeadsRecipe(name="quick", method="ridge", fusion="average", modalities=("spectrum", "text_aligned"))
NETWORK = SmallHeadsRecipe(
    name="net", modalities=("spectrum_aligned", "text_aligned"), hidden_dim=16, max_epochs=3, batch_size=64
)


@pytest.fixture(scope="module")
def fitted(small_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, SmallHeads]:
    """A copy of the demo with ridge heads, which tests only read."""
    folder = shutil.copytree(small_demo.data_dir, tmp_path_factory.mktemp("heads") / "data")
    workspace = Catalogue(Config(data_dir=Path(folder))).open_workspace()
    return workspace, train_small_heads(workspace.survey, workspace.run, RIDGE, seed=3)


@pytest.fixture
def workspace(demo_copy: Config) -> Workspace:
    return Catalogue(demo_copy).open_workspace()


def test_heads_join_a_run_which_itself_stays_the_same(workspace: Workspace) -> None:
    survey, run = workspace.survey, workspace.run
    before = run.digest
    assert heads_of(run) == []
    heads = train_small_heads(survey, run, NETWORK, seed=3)
    assert [h.heads_id for h in heads_of(run)] == [heads.heads_id]
    assert (heads.run_id, heads.meta.seed, heads.meta.simulated) == (run.run_id, 3, True)
    assert SmallHeadsRecipe.from_json(heads.recipe) == NETWORK
    assert len(heads.estimates) == len(heads.probabilities) == survey.n_sources
    np.testing.assert_allclose(heads.probabilities.sum(axis=1), 1, atol=1e-5)
    assert Run.open(run.folder).digest == before


def test_figures_are_those_of_the_published_estimates(fitted: tuple[Workspace, SmallHeads]) -> None:
    survey, heads = fitted[0].survey, fitted[1]
    assert heads.history.empty
    test, train = survey.split == "test", survey.split == "train"
    figures = heads.figures["variables"]["test"]["all"]["variables"]
    for i, name in enumerate(VARIABLE_NAMES):
        value, low, high = (heads.estimates[name + s].to_numpy(float)[test, None] for s in ("", "_low", "_high"))
        estimates = Estimates(value=value, low=low, high=high, n_used=np.ones_like(value, dtype=np.int64))
        scores = score_estimates(estimates, survey.variables[test][:, [i]], survey.variables[train][:, [i]])
        assert figures[name]["n"] == scores.n[0]
        assert figures[name]["mae"] == pytest.approx(scores.mae[0], rel=1e-4)
        assert figures[name]["coverage_68"] == pytest.approx(scores.coverage[0], abs=0.03)
    views = {"all", "spectrum", "text"}
    assert set(heads.figures["variables"]["test"]) == set(heads.figures["class"]["validation"]) == views


def test_the_same_wish_returns_what_exists_and_another_seed_does_not(workspace: Workspace) -> None:
    first = train_small_heads(workspace.survey, workspace.run, NETWORK, seed=1)
    again = train_small_heads(workspace.survey, workspace.run, NETWORK, seed=1)
    other = train_small_heads(workspace.survey, workspace.run, NETWORK, seed=2)
    assert again.digest == first.digest
    assert other.heads_id != first.heads_id
    assert first.history["epoch"].tolist() == list(range(1, len(first.history) + 1))
    assert {h.heads_id for h in heads_of(workspace.run)} == {first.heads_id, other.heads_id}


def test_a_source_is_told_with_intervals_and_classes_in_order(fitted: tuple[Workspace, SmallHeads]) -> None:
    heads = fitted[1]
    for estimate in estimates_of(heads, 5):
        if np.isfinite(estimate.value):
            assert estimate.low_95 <= estimate.low <= estimate.value <= estimate.high <= estimate.high_95
    told = class_probabilities_of(heads, 5)
    assert sum(p for _, p in told) == pytest.approx(1, abs=1e-5)
    assert [p for _, p in told] == sorted((p for _, p in told), reverse=True)


def test_heads_for_one_task_say_what_they_cannot_do(workspace: Workspace) -> None:
    recipe = SmallHeadsRecipe(**{**NETWORK.__dict__, "task": "class"})
    heads = train_small_heads(workspace.survey, workspace.run, recipe, seed=0)
    assert heads.has("class")
    assert not heads.has("variables")
    with pytest.raises(MissingArtefactError, match="estimate no variables"):
        estimates_of(heads, 0)
    with pytest.raises(MissingArtefactError, match="no small heads 'other'"):
        small_heads(workspace.run, "other")


def test_altered_weights_are_noticed(workspace: Workspace) -> None:
    heads = train_small_heads(workspace.survey, workspace.run, NETWORK, seed=3)
    assert heads.weights()
    path = heads.folder / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DamagedArtefactError, match="altered"):
        heads.weights()


def test_heads_may_read_the_counts_that_normalised_spectra_do_not_know(workspace: Workspace) -> None:
    """Significance grows with brightness: who reads the counts knows it better."""
    error = {}
    for modalities in (("spectrum",), ("spectrum", "counts")):
        recipe = replace(RIDGE, task="variables", modalities=modalities, fusion="concatenate")
        figures = train_small_heads(workspace.survey, workspace.run, recipe, seed=3).figures
        error[modalities] = figures["variables"]["test"]["all"]["variables"]["flux_significance_b"]["relative_mae"]
    assert error["spectrum", "counts"] < 0.8 * error["spectrum",]


def test_a_run_of_another_survey_is_refused(workspace: Workspace) -> None:
    workspace.run.meta.inputs_sha256["survey"] = "another"
    with pytest.raises(AlignlabError, match="was not trained on this survey"):
        train_small_heads(workspace.survey, workspace.run, RIDGE, seed=0)


def test_a_job_fits_once_and_tells_how_far_it_is(workspace: Workspace, tmp_path: Path) -> None:
    kind, config = job_kind("small-heads"), workspace.config
    spec = JobSpec(
        kind="small-heads", survey="demo", survey_digest=workspace.survey.digest, recipe=json.loads(NETWORK.to_json()),
        seed=1, run=workspace.run.run_id,
    )  # fmt: skip
    assert kind.existing(spec, config) is None
    work = Work(spec, tmp_path / "job")
    result = kind.perform(work, config)
    assert result == kind.existing(spec, config) == {"survey": "demo", "run": spec.run, "heads": result["heads"]}
    assert kind.perform(work, config) == result
    history = small_heads(workspace.run, result["heads"]).history
    assert [m["epoch"] for m in read_metrics(work.folder)] == history["epoch"].tolist()
    assert read_progress(work.folder).fraction == 1
    with pytest.raises(JobError, match="none is named"):
        kind.existing(JobSpec(kind="small-heads", survey="demo", survey_digest="", recipe=spec.recipe), config)


def test_presets_are_valid_and_take_longer_for_more_members() -> None:
    kind = job_kind("small-heads")
    names = ["Ridge on both", "Gated MLP with intervals", "Quantile MLP", "Mixture of experts", "Best"]
    assert list(kind.presets) == names
    assert len({recipe.name for recipe in PRESETS.values()}) == len(PRESETS)
    quick, slow = (kind.estimate_s(SmallHeadsRecipe(fusion=f), 11_447) for f in ("gated", "stacking"))
    assert 0 < quick < slow


def test_the_command_prints_the_figures_of_what_it_published(
    demo_copy: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIGNLAB_DATA", str(demo_copy.data_dir))
    changed = {"task": "variables", "fusion": "average", "modalities": ["spectrum", "text_aligned"]}
    wish = ["train", "small-heads", "--recipe", json.dumps(changed)]
    told = CliRunner().invoke(main, wish)
    assert told.exit_code == 0, told.output
    heads = heads_of(Catalogue(demo_copy).open_workspace().run)[0]
    assert figures_text(heads) in told.output
    as_json = CliRunner().invoke(main, [*wish, "--json"])
    assert json.loads(as_json.stdout.splitlines()[-1])["heads"] == heads.heads_id
    wrong = CliRunner().invoke(main, ["train", "small-heads", "--recipe", '{"k": 0}'])
    assert wrong.exit_code == 2
    assert "k must be a whole number from 1 to 200" in wrong.output


@pytest.mark.parametrize(("preset", "fields"), [("best", "{}"), (None, "[1]"), (None, "{"), (None, '{"x": 1}')])
def test_a_wish_that_cannot_be_read_says_so(preset: str | None, fields: str) -> None:
    with pytest.raises(RecipeError):
        chosen_recipe(preset, fields)
