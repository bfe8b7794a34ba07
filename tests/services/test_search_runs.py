"""A search: its trials are trained once, judged on validation alone, and the best come out as runs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from alignlab.config import Config
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work, read_metrics
from alignlab.models.ensemble import members_of
from alignlab.services.encoded import prepare_spectra, spectrum_latents
from alignlab.services.job_kinds import job_kind
from alignlab.services.runs import run_weights, train_run
from alignlab.services.search_runs import TRIALS, table_of
from alignlab.services.trials import train_heads, trial_facts
from alignlab.services.workspace import Catalogue
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.search import trial_recipes
from alignlab.training.search_recipe import SearchRecipe
from tests.services.synchronous import run_synchronously

BASE = AlignmentRecipe(name="short", temperature=0.1, max_epochs=12, patience=12, shared_dim=8, hidden_dim=16)
HALVING = SearchRecipe(
    name="halved", base=BASE, n_trials=9, min_epochs=1, keep=2, shared_dim=(4, 8), hidden_dim=(), eta=3
)


@pytest.fixture(scope="module")
def data(small_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    return Config(data_dir=Path(shutil.copytree(small_demo.data_dir, tmp_path_factory.mktemp("search") / "data")))


def spec_of(recipe: SearchRecipe, config: Config, seed: int = 3) -> JobSpec:
    survey = Catalogue(config).survey("demo")
    return JobSpec(
        kind="search", survey="demo", survey_digest=survey.digest, recipe=json.loads(recipe.to_json()), seed=seed
    )


@pytest.fixture(scope="module")
def halved(data: Config) -> tuple[dict[str, Any], list[JobSpec]]:
    """The result of `HALVING`, and the jobs that were carried out for it."""
    done: list[JobSpec] = []
    return run_synchronously(spec_of(HALVING, data), data, before=done.append), done


def alone(data: Config, recipe: AlignmentRecipe, seed: int = 3) -> Any:
    """What the recipe comes to when it is trained from the beginning, by itself."""
    survey = Catalogue(data).survey("demo")
    return train_heads(survey, recipe, spectrum_latents(survey, config=data), seed=seed)


def test_rounds_have_the_trials_and_epochs_of_a_halving(halved: tuple[dict[str, Any], list[JobSpec]]) -> None:
    trained = [spec.recipe["alignment"]["max_epochs"] for spec in halved[1] if spec.kind == "trial"]
    assert trained == [2] * 9 + [4] * 3 + [12] * 2
    table = halved[0]["trials"]
    assert [trial["trial"] for trial in table] == list(range(9))
    assert sorted(trial["rounds"] for trial in table) == [1] * 6 + [2] + [3] * 2
    assert sum(trial["kept"] for trial in table) == 2


def test_the_best_of_each_round_go_on(data: Config, halved: tuple[dict[str, Any], list[JobSpec]]) -> None:
    """Against brute force: every recipe trained alone to the epochs of each round."""
    recipes = trial_recipes(HALVING, seed=3)
    alive = list(range(9))
    for epochs, n_next in ((2, 3), (4, 2), (12, 2)):
        facts = {i: trial_facts(trial := replace(recipes[i], max_epochs=epochs), alone(data, trial)) for i in alive}
        alive = sorted(alive, key=lambda i: (facts[i]["score"], i))[:n_next]
        alive.sort()
    table = {trial["trial"]: trial for trial in halved[0]["trials"]}
    assert [number for number, trial in table.items() if trial["kept"]] == alive
    for number in alive:
        assert {key: table[number][key] for key in facts[number]} == facts[number]


def test_a_trial_that_goes_on_does_not_begin_again(data: Config, halved: tuple[dict[str, Any], list[JobSpec]]) -> None:
    """What it tells begins after the epochs of the round before."""
    longest = [spec for spec in halved[1] if spec.kind == "trial" and spec.recipe["alignment"]["max_epochs"] == 12]
    for spec in longest:
        told = read_metrics(data.jobs_dir / f"trial-{spec.digest()}-1")
        assert [line["epoch"] for line in told] == list(range(5, 13))


def test_the_best_are_published_with_the_weights_of_their_trials(
    data: Config, halved: tuple[dict[str, Any], list[JobSpec]], tmp_path: Path
) -> None:
    result = halved[0]
    runs = [Catalogue(data).run(run_id) for run_id in result["runs"]]
    assert result["run"] == result["runs"][0] and all(run_id.startswith("halved-") for run_id in result["runs"])
    kept = sorted((trial for trial in result["trials"] if trial["kept"]), key=lambda trial: trial["score"])
    for run, trial in zip(runs, kept, strict=True):
        recipe = AlignmentRecipe.from_json(run.recipe["alignment"])
        assert recipe == trial_recipes(HALVING, seed=3)[trial["trial"]]
        assert run.metrics["training"]["best_epoch"] == trial["best_epoch"]
        fresh = alone(data, recipe)
        np.testing.assert_array_equal(run.latents("text_aligned"), fresh.text_aligned)
        weights = run_weights(run)[1]
        for name, value in fresh.weights.items():
            np.testing.assert_array_equal(weights[name], value)


def test_the_table_is_kept_beside_the_job(data: Config, halved: tuple[dict[str, Any], list[JobSpec]]) -> None:
    folder = data.jobs_dir / f"search-{spec_of(HALVING, data).digest()}-1"
    assert json.loads((folder / TRIALS).read_text()) == halved[0]["trials"]
    assert not list(folder.glob("kept-*"))
    assert not list(data.jobs_dir.glob("trial-*/checkpoint*"))


def test_the_same_search_trains_nothing_again(data: Config, halved: tuple[dict[str, Any], list[JobSpec]]) -> None:
    done: list[JobSpec] = []
    assert run_synchronously(spec_of(HALVING, data), data, before=done.append) == halved[0]
    assert not done


def test_the_best_of_a_grid_as_an_ensemble(data: Config) -> None:
    recipe = SearchRecipe(
        name="grid", strategy="grid", base=BASE, learning_rate=(1e-3, 1e-2), dropout=(), shared_dim=(4, 8),
        hidden_dim=(), keep=3, keep_as="ensemble",
    )  # fmt: skip
    result = run_synchronously(spec_of(recipe, data), data)
    assert len(result["trials"]) == 4 and len(result["runs"]) == 1
    run = Catalogue(data).run(result["run"])
    members = members_of(run_weights(run)[1])
    best = sorted(result["trials"], key=lambda trial: trial["score"])[:3]
    assert [trial["kept"] for trial in result["trials"]].count(True) == 3
    dims = sum(trial["values"]["shared_dim"] for trial in best)
    assert len(members) == 3 and run.latents("spectrum_aligned").shape[1] == dims


def test_scores_are_of_the_validation_split_alone(data: Config) -> None:
    """A survey whose test split holds other texts gives the same trials."""
    survey = Catalogue(data).survey("demo")
    latents = spectrum_latents(survey, config=data)
    text = np.array(survey.text)
    rows = np.flatnonzero(survey.split == "test")
    text[rows] = text[np.roll(rows, 1)]

    same = {name: getattr(survey, name) for name in ("spectra", "counts", "text_mask", "split")}
    other = SimpleNamespace(text=text, **same)
    ours = trial_facts(BASE, train_heads(survey, BASE, latents, seed=1))
    theirs = trial_facts(BASE, train_heads(other, BASE, latents, seed=1))  # type: ignore[arg-type]
    assert ours == theirs


def test_spectra_are_encoded_once_where_no_run_has_them(data: Config, tmp_path: Path) -> None:
    survey = Catalogue(data).survey("demo")
    empty = Config(data_dir=tmp_path)
    first = spectrum_latents(survey, config=empty)
    kept = list((tmp_path / "latents").iterdir())
    assert len(kept) == 1
    written = kept[0].stat().st_mtime_ns
    np.testing.assert_array_equal(spectrum_latents(survey, config=empty), first)
    assert kept[0].stat().st_mtime_ns == written
    np.testing.assert_array_equal(first, prepare_spectra(survey, config=empty)[1])
    np.testing.assert_array_equal(first, spectrum_latents(survey, config=data))
    assert not (data.data_dir / "latents").exists()


def test_a_killed_trial_goes_on_to_the_same_figures(data: Config, tmp_path: Path) -> None:
    recipe = replace(BASE, temperature=None, tuning_epochs=1, name="killed")
    spec = JobSpec(
        kind="trial", survey="demo", survey_digest=Catalogue(data).survey("demo").digest,
        recipe={"alignment": json.loads(recipe.to_json())}, seed=2,
    )  # fmt: skip
    whole = job_kind("trial").perform(Work(spec, data.jobs_dir / "whole"), data)

    class Killed(BaseException):
        pass

    class Interrupted(Work):
        def metric(self, **values: Any) -> None:
            super().metric(**values)
            if values["epoch"] == 5:
                raise Killed

    folder = data.jobs_dir / "killed"
    with pytest.raises(Killed):
        job_kind("trial").perform(Interrupted(spec, folder), data)
    again = job_kind("trial").perform(Work(spec, folder), data)
    own = ("seconds", "folder")
    assert {k: v for k, v in again.items() if k not in own} == {k: v for k, v in whole.items() if k not in own}


def test_a_training_that_went_astray_has_no_score_and_loses(data: Config) -> None:
    rounds = [[{"score": 3.0 - 0.1 * i, "seconds": 1.0, "folder": "x"} for i in range(9)]]
    rounds[0][8]["score"] = None  # type: ignore[assignment]
    table = table_of(HALVING, rounds, seed=3)
    assert table[8]["score"] is None and "folder" not in table[8]
    parts = job_kind("search").plan(spec_of(HALVING, data), rounds, data)  # type: ignore[misc]
    recipes = trial_recipes(HALVING, seed=3)
    assert [part.recipe["alignment"]["learning_rate"] for part in parts] == [r.learning_rate for r in recipes[5:8]]


def test_presets_cost_what_they_do() -> None:
    kind = job_kind("search")
    fast, paper, best = (kind.estimate_s(kind.presets[name], 11_447) for name in ("Fast", "As in the paper", "Best"))
    assert fast < best < paper


def test_a_published_recipe_is_not_trained_again(data: Config, halved: tuple[dict[str, Any], list[JobSpec]]) -> None:
    best = Catalogue(data).run(halved[0]["run"])
    recipe = AlignmentRecipe.from_json(best.recipe["alignment"])
    assert train_run(Catalogue(data).survey("demo"), recipe, config=data, seed=3).run_id == best.run_id
