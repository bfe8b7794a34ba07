"""Runs on the shelf: listed with what is wrong with them, chosen, deleted for good or not at all."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from alignlab.cli import main
from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.services import jobs
from alignlab.services.background import Progress, Task
from alignlab.services.job_kinds.project import MapRecipe
from alignlab.services.run_shelf import (
    delete_run,
    disk_use,
    lay_over,
    list_runs,
    not_laid_over,
    previous_run_id,
    promote,
    shelved_run,
    size_of,
    why_kept,
)
from alignlab.services.workspace import Catalogue


@pytest.fixture
def catalogue(two_runs_copy) -> Catalogue:
    return Catalogue(two_runs_copy)


@pytest.fixture
def ids(catalogue) -> list[str]:
    return catalogue.run_ids("demo")


def test_a_run_is_listed_with_its_figures(catalogue, ids):
    second, first = list_runs(catalogue, "demo")
    assert [first.run_id, second.run_id] == ids
    assert (first.is_active, second.is_active) == (True, False)
    assert (first.dimension, second.dimension) == (64, 16)
    assert first.figure("retrieval", "median_rank") == catalogue.run(ids[0]).metrics["retrieval"]["median_rank"]
    assert first.figure("retrieval", "nothing") is None
    assert second.seed == 5
    assert second.n_members == 1
    assert second.disk_bytes == sum(p.stat().st_size for p in second.folder.rglob("*") if p.is_file())
    use = disk_use(catalogue.config)
    assert use.runs == first.disk_bytes + second.disk_bytes
    assert use.surveys == size_of(catalogue.config.surveys_dir) > 0
    assert use.free > 0


def test_the_one_before_is_one_step_away_and_the_way_back_too(catalogue, ids):
    first, second = ids
    assert previous_run_id(catalogue, "demo") is None
    assert promote(catalogue, "demo", second) == first
    assert catalogue.active_run_id("demo") == second
    assert previous_run_id(catalogue, "demo") == first
    assert promote(catalogue, "demo", second) is None
    assert previous_run_id(catalogue, "demo") == first
    assert promote(catalogue, "demo", first) == second
    assert previous_run_id(catalogue, "demo") == second


def test_the_first_choice_ever_remembers_what_was_shown_without_one(catalogue, ids):
    (catalogue.config.lab_path).unlink()
    fresh = Catalogue(catalogue.config)
    assert fresh.active_run_id("demo") == ids[1]
    promote(fresh, "demo", ids[0])
    assert previous_run_id(fresh, "demo") == ids[1]


def test_deleting_removes_everything_and_frees_what_it_said(catalogue, ids):
    first, second = ids
    promote(catalogue, "demo", second)
    promote(catalogue, "demo", first)
    expected = shelved_run(catalogue, second).disk_bytes
    Task(catalogue.config, f"maps-demo-{second}")._publish(Progress(error="no memory"))
    assert delete_run(catalogue, "demo", second) == expected
    assert catalogue.run_ids("demo") == [first]
    assert not list(catalogue.config.runs_dir.rglob(f"*{second}*"))
    assert previous_run_id(catalogue, "demo") is None
    assert Task(catalogue.config, f"maps-demo-{second}").progress() == Progress(message="starting")


def test_the_active_run_and_one_at_work_are_kept(catalogue, ids):
    first, second = ids
    with pytest.raises(AlignlabError, match=r"is the run that pages show\. Show another one first"):
        delete_run(catalogue, "demo", first)
    with (
        Task(catalogue.config, f"maps-demo-{second}")._locked(),
        pytest.raises(AlignlabError, match=r"Maps of .* are being computed\. Wait"),
    ):
        delete_run(catalogue, "demo", second)
    assert catalogue.run_ids("demo") == ids
    assert why_kept(catalogue, shelved_run(catalogue, second)) == ""


def test_a_run_that_a_job_needs_is_kept_and_what_lay_over_the_one_before_can_lie_over_it(catalogue, ids, monkeypatch):
    first, second = ids
    config = catalogue.config
    monkeypatch.setattr(jobs, "ensure_worker", lambda config: False)  # queued is enough
    (config.surveys_dir / "mine").symlink_to(config.surveys_dir / "demo")
    (config.runs_dir / "demo" / first / "applied" / "mine").mkdir(parents=True)
    (config.runs_dir / "demo" / first / "applied" / "gone").mkdir()
    assert not_laid_over(catalogue, "demo") == []
    promote(catalogue, "demo", second)
    assert not_laid_over(catalogue, "demo") == ["mine"]
    with pytest.raises(AlignlabError, match="nothing to apply"):  # it is the run's own survey under another name
        lay_over(catalogue, "demo", ["mine"])
    job = jobs.submit("project", MapRecipe(representation="text"), config=config, survey="demo", run=first).job
    assert job
    with pytest.raises(AlignlabError, match=f"Job {job} needs {first}"):
        delete_run(catalogue, "demo", first)
    jobs.cancel(config, job)
    assert delete_run(catalogue, "demo", first) > 0


def test_a_crash_in_the_middle_of_deleting_is_swept(catalogue, ids):
    folder = catalogue.config.runs_dir / "demo" / ids[1]
    folder.rename(folder.with_name(f".{ids[1]}.{2**22 + 1}.old.partial"))
    assert [run.run_id for run in list_runs(catalogue, "demo")] == [ids[0]]
    catalogue.sweep()
    assert [path.name for path in folder.parent.iterdir()] == [ids[0]]


@pytest.mark.parametrize("damage", ["manifest", "short", "database", "future"])
def test_a_damaged_run_is_a_row_that_says_so_and_can_be_deleted(catalogue, ids, damage):
    first, second = ids
    folder = catalogue.config.runs_dir / "demo" / second
    if damage == "manifest":
        (folder / "manifest.json").unlink()
    elif damage == "short":
        (folder / "weights.safetensors").write_bytes(b"short")
    elif damage == "database":
        size = (folder / "run.duckdb").stat().st_size
        (folder / "run.duckdb").write_bytes(bytes(size))
    else:
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["meta"]["schema_version"] = 99
        (folder / "manifest.json").write_text(json.dumps(manifest))
    assert catalogue.active_run_id("demo") == first
    (broken,) = [run for run in list_runs(catalogue, "demo") if run.problem]
    assert broken.run_id == second
    assert second in broken.problem
    assert "Remove" in broken.problem or "Update alignlab" in broken.problem
    with pytest.raises(AlignlabError, match="cannot be shown"):
        promote(catalogue, "demo", second)
    assert catalogue.active_run_id("demo") == first
    assert delete_run(catalogue, "demo", second) > 0
    assert [run.run_id for run in list_runs(catalogue, "demo")] == [first]


def test_a_run_of_an_earlier_version_of_the_survey_says_so(catalogue, ids):
    manifest = catalogue.config.surveys_dir / "demo" / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    problems = {run.problem for run in list_runs(catalogue, "demo")}
    assert problems == {
        "It was made from another version of survey 'demo'. Train it again, then delete this one.",
    }


def test_what_is_not_there_is_said(catalogue):
    with pytest.raises(MissingArtefactError, match="There is no run 'nope'"):
        delete_run(catalogue, "demo", "nope")
    with pytest.raises(AlignlabError, match="cannot name"):
        delete_run(catalogue, "demo", "../demo")
    assert list_runs(catalogue, "elsewhere") == []


def test_the_same_from_a_terminal(catalogue, ids, monkeypatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(catalogue.config.data_dir))
    first, second = ids

    def call(*arguments: str) -> str:
        result = CliRunner().invoke(main, list(arguments))
        return result.output

    assert f"* {first}\tdemo\trecall@1% " in call("runs")
    assert call("promote", second) == f"{second} is shown now. Back: alignlab promote {first}\n"
    assert f"{second} is " in call("compare", first, second)
    assert "not deleted" in call("delete-run", second, "--yes")
    assert f"{first} is deleted; " in call("delete-run", first, "--yes")
    assert catalogue.run_ids("demo") == [second]
