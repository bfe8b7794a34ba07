"""An ensemble's run: the mean of its members' similarities, everywhere a run is used."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alignlab.config import Config
from alignlab.jobs.spec import JobError, JobSpec
from alignlab.models.ensemble import members_of
from alignlab.models.heads import apply_heads
from alignlab.services.apply import apply_run
from alignlab.services.ensemble import combine
from alignlab.services.job_kinds import job_kind
from alignlab.services.runs import run_weights, train_run
from alignlab.services.small_heads import heads_of
from alignlab.services.word_search import find_by_words
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.run import Run
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.search_recipe import EnsembleMember, EnsembleRecipe
from alignlab.training.small_heads_recipe import BEST_HEADS
from tests.services.observed import cut_out
from tests.services.synchronous import run_synchronously

SHORT = AlignmentRecipe(name="short", temperature=0.1, max_epochs=3, patience=3, shared_dim=8, hidden_dim=16)
THREE = EnsembleRecipe(name="three", base=SHORT, n_members=3)


@pytest.fixture(scope="module")
def data(small_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A data folder with the ensemble of `THREE`, made by its job."""
    config = Config(data_dir=Path(shutil.copytree(small_demo.data_dir, tmp_path_factory.mktemp("ensemble") / "data")))
    run_synchronously(spec_of(THREE, config), config)
    return config


def spec_of(recipe: EnsembleRecipe, config: Config) -> JobSpec:
    survey = Catalogue(config).survey("demo")
    return JobSpec(
        kind="ensemble", survey="demo", survey_digest=survey.digest, recipe=json.loads(recipe.to_json()), seed=4
    )


@pytest.fixture(scope="module")
def opened(data: Config) -> Workspace:
    return Catalogue(data).open_workspace("demo", run_id_of(data))


def run_id_of(config: Config) -> str:
    return next(run_id for run_id in Catalogue(config).run_ids("demo") if run_id.startswith("three-"))


@pytest.fixture(scope="module")
def members(data: Config) -> list[Run]:
    """The same trainings, each as an ordinary run."""
    survey = Catalogue(data).survey("demo")
    return [train_run(survey, SHORT, config=data, seed=seed) for seed in (4, 5, 6)]


def test_similarities_are_the_means_of_the_members(opened: Workspace, members: list[Run]) -> None:
    def similarities(run: Run) -> Any:
        return run.latents("spectrum_aligned") @ run.latents("text_aligned").T

    mean = np.mean([similarities(member) for member in members], axis=0)
    np.testing.assert_allclose(similarities(opened.run), mean, atol=1e-6)
    assert opened.run.latents("spectrum_aligned").shape == (opened.survey.n_sources, 3 * 8)
    for name in ("spectrum_aligned", "text_aligned"):
        np.testing.assert_allclose(np.linalg.norm(opened.run.latents(name), axis=1), 1, atol=1e-5)


def test_it_says_what_it_was_made_from(opened: Workspace, members: list[Run]) -> None:
    run = opened.run
    assert run.recipe["ensemble"] == {"members": 3} and run.meta.seed == 4
    assert AlignmentRecipe.from_json(run.recipe["alignment"]) == SHORT
    facts = run.metrics["training"]["members"]
    assert [member["seed"] for member in facts] == [4, 5, 6]
    assert [m["best_epoch"] for m in facts] == [m.metrics["training"]["best_epoch"] for m in members]
    assert sorted(set(run.history["member"])) == [0, 1, 2] and len(run.history) == 9
    for number, weights in enumerate(members_of(run_weights(run)[1])):
        assert weights.keys() == run_weights(members[number])[1].keys()


def test_it_applies_to_other_surveys(data: Config, opened: Workspace, members: list[Run]) -> None:
    rows = np.array([3, 50, 120])
    mine = cut_out(opened.survey, rows, config=data)
    overlay = apply_run(opened.run, opened.survey, mine)
    np.testing.assert_allclose(
        overlay.latents("spectrum_aligned"), opened.run.latents("spectrum_aligned")[rows], atol=2e-5
    )
    ours = overlay.latents("spectrum_aligned") @ opened.run.latents("text_aligned").T
    theirs = [
        apply_heads(run_weights(member)[1], spectrum=overlay.latents("spectrum"))[0] @ member.latents("text_aligned").T
        for member in members
    ]
    np.testing.assert_allclose(ours, np.mean(theirs, axis=0), atol=1e-6)


def test_words_find_sources_through_it(opened: Workspace) -> None:
    reading = find_by_words(opened, "accretion disc")
    assert reading.hits and not reading.notes
    assert all(-1 <= hit.spectrum_similarity <= 1 for hit in reading.hits)


def test_the_same_members_are_the_same_run(data: Config, opened: Workspace) -> None:
    done: list[str] = []
    again = run_synchronously(spec_of(THREE, data), data, before=lambda spec: done.append(spec.kind))
    assert again == {"run": opened.run.run_id, "survey": "demo"} and not done
    said_otherwise = EnsembleRecipe(
        name="three", members=tuple(EnsembleMember(recipe=SHORT, seed=seed) for seed in (4, 5, 6))
    )
    assert combine(opened.survey, said_otherwise, config=data, seed=0).run_id == opened.run.run_id


def test_an_ensemble_of_more_trains_only_what_is_new(data: Config) -> None:
    done: list[tuple[str, int]] = []
    run_synchronously(
        spec_of(replace(THREE, name="four", n_members=4), data), data, before=lambda s: done.append((s.kind, s.seed))
    )
    assert done == [("trial", 7), ("ensemble", 4)]


def test_members_whose_checkpoints_are_gone_are_trained_to_the_same_weights(
    data: Config, opened: Workspace, tmp_path: Path
) -> None:
    other = Config(data_dir=tmp_path)
    gone = [tmp_path / "nowhere.safetensors"] * 3
    again = combine(opened.survey, THREE, config=other, seed=4, folder=tmp_path, earlier=gone)
    assert again.run_id == opened.run.run_id
    for name in ("spectrum_aligned", "text_aligned"):
        np.testing.assert_array_equal(again.latents(name), opened.run.latents(name))
    assert not list(tmp_path.glob("member-*"))


def test_members_of_different_recipes_are_told(data: Config) -> None:
    survey = Catalogue(data).survey("demo")
    wide = replace(SHORT, shared_dim=12)
    recipe = EnsembleRecipe(
        members=(EnsembleMember(recipe=SHORT, seed=4), EnsembleMember(recipe=wide, seed=4)), name="mixed"
    )
    run = combine(survey, recipe, config=data, seed=0)
    assert run.recipe["ensemble"] == {"members": 2, "varied": {"1": {"seed": 4}, "2": {"seed": 4, "shared_dim": 12}}}
    assert run.latents("text_aligned").shape[1] == 8 + 12


def test_a_survey_that_was_replaced_is_said(data: Config) -> None:
    spec = replace(spec_of(THREE, data), survey_digest="0" * 64)
    with pytest.raises(JobError, match="'demo' was replaced after the job was submitted"):
        run_synchronously(spec, data)


def test_small_heads_follow_where_they_are_wished_for(data: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = replace(BEST_HEADS, method="ridge", modalities=("counts",))
    monkeypatch.setattr("alignlab.services.job_kinds.ensemble.BEST_HEADS", quick)
    followed, done = replace(THREE, followed_by="best heads"), []
    made = run_synchronously(spec_of(followed, data), data, before=lambda spec: done.append(spec.kind))
    assert made["run"] == run_id_of(data) and done == ["ensemble"]
    run = Catalogue(data).run(made["run"], survey_name="demo")
    assert [heads.recipe["modalities"] for heads in heads_of(run)] == [["counts"]]
    assert run_synchronously(spec_of(followed, data), data, before=lambda spec: done.append(spec.kind)) == made
    assert done == ["ensemble"]


def test_presets_cost_what_they_do() -> None:
    kind = job_kind("ensemble")
    fast, paper, best = (kind.estimate_s(kind.presets[name], 11_447) for name in ("Fast", "As in the paper", "Best"))
    assert fast < best < 15 * 60 and fast < paper


@pytest.mark.parametrize("kind", ["ensemble", "search"])
def test_a_survey_without_texts_is_refused_before_it_is_queued(kind: str, demo_copy: Config, opened: Workspace) -> None:
    mine = cut_out(opened.survey, np.array([1, 2, 3]), config=demo_copy, name="textless")
    spec = JobSpec(kind=kind, survey="textless", survey_digest=mine.digest, recipe={})
    with pytest.raises(JobError, match="'textless' has no texts"):
        job_kind(kind).existing(spec, demo_copy)
