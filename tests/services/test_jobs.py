"""Background jobs as pages and the command line use them, and what each kind makes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner

from alignlab.cli import main
from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.jobs.spec import JobError, JobSpec
from alignlab.jobs.work import Work, read_progress
from alignlab.services import jobs
from alignlab.services.evaluate import PARTS
from alignlab.services.evaluate.kept import kept_figures
from alignlab.services.job_kinds import KINDS, job_kind
from alignlab.services.job_kinds.apply import ApplyRecipe
from alignlab.services.job_kinds.evaluate import EvaluateRecipe
from alignlab.services.job_kinds.project import MapRecipe
from alignlab.services.workspace import Catalogue
from alignlab.store.artefact import manifest_digest
from alignlab.training.encoder import load_encoder
from alignlab.training.recipe import AlignmentRecipe, EncoderRecipe
from tests.jobs.workers import end, start_worker, wait_until, working
from tests.services.evaluate.toys import put_toys

TINY = AlignmentRecipe(name="tiny", temperature=0.1, hidden_dim=16, shared_dim=8, max_epochs=3)


@pytest.fixture
def unattended(demo_copy: Config, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A demo without a worker: what is submitted stays in the queue."""
    monkeypatch.setattr(jobs, "ensure_worker", lambda config: False)
    return demo_copy


def spec_of(config: Config, kind: str, recipe: object, *, run: str = "", survey: str = "demo") -> JobSpec:
    digest = manifest_digest(config.surveys_dir / survey)
    return JobSpec(kind=kind, survey=survey, survey_digest=digest, recipe=json.loads(recipe.to_json()), run=run, seed=1)


def twice(config: Config, kind: str, recipe: object, *, run: str = "") -> dict:
    """Do a job in this process, and once more as after a kill; both times the result must be the same."""
    spec = spec_of(config, kind, recipe, run=run)
    assert job_kind(kind).existing(spec, config) is None
    first = job_kind(kind).perform(Work(spec, config.jobs_dir / "first"), config)
    assert job_kind(kind).existing(spec, config) == first
    assert job_kind(kind).perform(Work(spec, config.jobs_dir / "second"), config) == first
    return first


def test_every_kind_says_what_it_is_and_how_long_it_takes() -> None:
    for name in KINDS:
        kind = job_kind(name)
        assert kind.name == name and kind.label and kind.summary.endswith(".")
        assert kind.presets, name
        for recipe in kind.presets.values():
            assert isinstance(recipe, kind.recipe)
            assert set(type(recipe).MEANINGS) == set(json.loads(recipe.to_json())) - {"kind"}
            assert kind.estimate_s(recipe, 10_000) > kind.estimate_s(recipe, 1_000) > 0
    with pytest.raises(JobError, match=r"there is no kind of job 'dream'\. Choose one of align,"):
        job_kind("dream")


def test_a_wish_that_cannot_be_met_is_refused_before_it_is_queued(unattended: Config) -> None:
    for kind, recipe, options, reason in [
        ("align", EncoderRecipe(), {}, "takes a AlignmentRecipe, not a EncoderRecipe"),
        ("align", TINY, {"survey": "none"}, "There is no survey 'none'"),
        ("align", TINY, {"seed": -1}, "seed must be 0 or more, not -1"),
        ("project", MapRecipe(), {}, "none is named. Name a run."),
        ("project", MapRecipe(), {"run": "nowhere-000000"}, "There is no run 'nowhere-000000'"),
        ("evaluate", EvaluateRecipe(), {}, "none is named. Name a run."),
        ("evaluate", EvaluateRecipe(), {"run": "nowhere-000000"}, "There is no run 'nowhere-000000'"),
        ("apply", ApplyRecipe(target="demo"), {"run": Catalogue(unattended).run_ids("demo")[0]}, "nothing to apply"),
    ]:
        with pytest.raises(AlignlabError, match=reason):
            jobs.submit(kind, recipe, config=unattended, survey=options.pop("survey", "demo"), **options)
    assert jobs.jobs(unattended) == []


def test_an_identical_run_is_returned_instead_of_trained(unattended: Config) -> None:
    survey = Catalogue(unattended).survey("demo")
    wish = {"config": unattended, "survey": "demo", "seed": survey.meta.seed}
    (run,) = Catalogue(unattended).run_ids("demo")
    assert jobs.submit("align", AlignmentRecipe(), **wish) == jobs.Submitted(result={"run": run, "survey": "demo"})
    first = jobs.submit("align", replace(AlignmentRecipe(), dropout=0.4), **wish)
    assert first.is_new and first.result == {}
    assert jobs.submit("align", replace(AlignmentRecipe(), dropout=0.4), **wish) == jobs.Submitted(job=first.job)


def test_what_was_cancelled_can_be_tried_again_but_not_on_another_survey(unattended: Config) -> None:
    first = jobs.submit("align", TINY, config=unattended, survey="demo").job
    with pytest.raises(JobError, match=r"is queued\. Only one that has ended"):
        jobs.retry(unattended, first)
    assert jobs.cancel(unattended, first).state == "cancelled"
    second = jobs.retry(unattended, first)
    assert second.is_new and second.job == first[:-1] + "2"
    jobs.cancel(unattended, second.job)
    jobs.delete_job(unattended, first)
    assert [job.id for job in jobs.jobs(unattended, survey="demo")] == [second.job]
    manifest = unattended.surveys_dir / "demo" / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    with pytest.raises(JobError, match="has been replaced since"):
        jobs.retry(unattended, second.job)


def test_a_submitted_training_is_done_and_its_curve_can_be_followed(demo_copy: Config) -> None:
    worker = start_worker(demo_copy, kinds=jobs.KINDS)
    try:
        wait_until(lambda: jobs.worker_is_alive(demo_copy))
        submitted = jobs.submit("align", TINY, config=demo_copy, survey="demo", seed=5)
        wait_until(lambda: jobs.job(demo_copy, submitted.job).has_ended, within_s=120)
    finally:
        end(worker)
    job = jobs.job(demo_copy, submitted.job)
    assert job.state == "succeeded", job.error
    assert job.result["run"] in Catalogue(demo_copy).run_ids("demo")
    epochs = jobs.metrics(demo_copy, submitted.job)
    assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3]
    assert {"training_loss", "validation_loss", "recall_at_1_percent", "median_rank", "pairs_per_s"} <= set(epochs[0])
    assert any("published as" in line for line in jobs.log_tail(demo_copy, submitted.job))
    assert jobs.submit("align", TINY, config=demo_copy, survey="demo", seed=5) == jobs.Submitted(result=job.result)


def test_a_map_is_computed_and_judged(demo_copy: Config) -> None:
    (run_id,) = Catalogue(demo_copy).run_ids("demo")
    result = twice(demo_copy, "project", MapRecipe(representation="text", method="pca"), run=run_id)
    run = Catalogue(demo_copy).run(run_id)
    assert result == {"run": run_id, "survey": "demo", "representation": "text", "method": "pca"}
    assert run.projection("text", "pca").parameters["seed"] == 1 and run.has_map_quality("text", "pca")


def test_a_killed_evaluation_goes_on_with_the_parts_that_are_missing(
    demo_copy: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    toys = put_toys(monkeypatch)
    (run_id,) = Catalogue(demo_copy).run_ids("demo")
    spec = spec_of(demo_copy, "evaluate", EvaluateRecipe(part="all"), run=run_id)
    work = Work(spec, demo_copy.jobs_dir / "killed")
    toys["parameters"].killed = True
    with pytest.raises(KeyboardInterrupt):
        job_kind("evaluate").perform(work, demo_copy)
    run = Catalogue(demo_copy).run(run_id)
    kept = [name for name in toys if kept_figures(run, name) is not None]
    assert kept == list(toys)[: list(toys).index("parameters")]
    assert job_kind("evaluate").existing(spec, demo_copy) is None

    toys["parameters"].killed = False
    result = job_kind("evaluate").perform(Work(spec, work.folder), demo_copy)
    assert result == {"run": run_id, "survey": "demo", "evaluated": "all", "split": "test"}
    assert {toy.times for toy in toys.values()} == {1}
    assert job_kind("evaluate").existing(spec, demo_copy) == result
    assert kept_figures(run, "fusion")["provenance"]["seed"] == spec.seed == 1
    assert read_progress(work.folder).fraction == 1


def test_parts_that_train_nothing_are_an_evaluation_of_their_own(
    demo_copy: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    toys = put_toys(monkeypatch)
    (run_id,) = Catalogue(demo_copy).run_ids("demo")
    assert twice(demo_copy, "evaluate", EvaluateRecipe(split="validation"), run=run_id)["split"] == "validation"
    assert {name for name, toy in toys.items() if toy.times} == set(toys) - {"ablations"}
    assert twice(demo_copy, "evaluate", EvaluateRecipe(part="ablations"), run=run_id)["evaluated"] == "ablations"
    with pytest.raises(AlignlabError, match="part must be one of quick, all, retrieval"):
        EvaluateRecipe(part="dreams")


def test_an_evaluation_by_a_worker_can_be_cancelled_and_asked_for_again(demo_copy: Config) -> None:
    (run_id,) = Catalogue(demo_copy).run_ids("demo")
    wish = {"config": demo_copy, "survey": "demo", "run": run_id, "seed": 7}
    folder = Catalogue(demo_copy).run(run_id).folder / "evaluation"
    with working(demo_copy, kinds=jobs.KINDS):
        wait_until(lambda: jobs.worker_is_alive(demo_copy))
        first = jobs.submit("evaluate", EvaluateRecipe(part="all"), **wish)
        wait_until(lambda: jobs.job(demo_copy, first.job).state == "running")
        wait_until(lambda: any(folder.glob("test/*.json")))
        jobs.cancel(demo_copy, first.job)
        wait_until(lambda: jobs.job(demo_copy, first.job).has_ended)
        assert jobs.job(demo_copy, first.job).state == "cancelled"
        (kept,) = [name for name in PARTS if (folder / "test" / f"{name}.json").exists()][:1]
        again = jobs.submit("evaluate", EvaluateRecipe(part=kept), **wish)
    assert again.result == {"run": run_id, "survey": "demo", "evaluated": kept, "split": "test"}


def test_a_run_is_applied_to_another_survey(demo_copy: Config) -> None:
    shutil.copytree(demo_copy.surveys_dir / "demo", demo_copy.surveys_dir / "other")
    manifest = demo_copy.surveys_dir / "other" / "manifest.json"
    facts = json.loads(manifest.read_text())
    facts["meta"]["name"] = "other"
    manifest.write_text(json.dumps(facts))
    (run_id,) = Catalogue(demo_copy).run_ids("demo")
    result = twice(demo_copy, "apply", ApplyRecipe(target="other"), run=run_id)
    assert result == {"run": run_id, "survey": "demo", "applied": "other"}
    assert Catalogue(demo_copy).run(run_id).overlays() == ["other"]


def test_an_encoder_is_kept_with_its_provenance(demo_copy: Config) -> None:
    recipe = replace(job_kind("encoder").presets["Small"], max_epochs=1)
    result = twice(demo_copy, "encoder", recipe)
    path = demo_copy.encoders_dir / f"{result['encoder']}.safetensors"
    provenance = json.loads(path.with_suffix(".json").read_text())
    assert provenance["survey_sha256"] == Catalogue(demo_copy).survey("demo").digest and provenance["seed"] == 1
    assert EncoderRecipe.from_json(provenance["recipe"]) == recipe
    spectra = Catalogue(demo_copy).survey("demo").spectra[:4]
    assert load_encoder(path).encode_in_batches(spectra).shape == (4, recipe.latent_dim)


def test_jobs_from_a_terminal(unattended: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGNLAB_DATA", str(unattended.data_dir))

    def alignlab(*arguments: str) -> str:
        outcome = CliRunner().invoke(main, arguments)
        return outcome.output.strip()

    assert alignlab("jobs").startswith("There is no job yet.")
    job_id, what = alignlab("submit", "align", "--preset", "Fast", "--seed", "3", "--set", "dropout=0.2").split("\t")
    assert what == "queued" and jobs.job(unattended, job_id).spec.recipe["dropout"] == 0.2
    assert alignlab("submit", "align", "--preset", "Fast", "--seed", "3", "--set", "dropout=0.2").endswith("already")
    assert alignlab("jobs").startswith(f"{job_id}\tqueued\tdemo\t0%")
    assert alignlab("cancel", job_id) == f"{job_id}\tcancelled"
    assert alignlab("retry", job_id) == f"{job_id[:-1]}2\tqueued"
    assert "has no preset 'Slow'. Choose one of 'As in the paper'," in alignlab("submit", "align", "--preset", "Slow")
    assert "dropout must be a number from 0 to 0.9, not 2" in alignlab("submit", "align", "--set", "dropout=2")
    assert "There is no job 'align-0-1'." in alignlab("cancel", "align-0-1")
