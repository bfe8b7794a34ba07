"""A part of an evaluation on a page: begun by itself or offered, at work, failed, there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.jobs.queue import JobQueue
from alignlab.jobs.work import Work
from alignlab.services import jobs as service
from alignlab.services.evaluate import EvaluationContext
from alignlab.services.evaluate.kept import evaluate_part
from alignlab.services.job_kinds.evaluate import EvaluateRecipe
from alignlab.services.workspace import Catalogue
from tests.pages.test_atlas import html
from tests.services.evaluate.toys import ToyPart, put_toys
from tests.ui.small_demo import build_small_demo

_PAGE = """
from alignlab.services.workspace import Catalogue
from alignlab.services.evaluate import part
from alignlab.ui.evaluate.parts import part_figures
from alignlab.ui.evaluate.tables import show_table

figures = part_figures(Catalogue().open_workspace(), "latents")
if figures is not None:
    for table in part("latents").tables(figures):
        show_table(table, key=table.name)
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A demo without a worker: what is submitted stays in the queue."""
    config = Config(data_dir=build_small_demo(tmp_path, n=60))
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    monkeypatch.setattr(service, "ensure_worker", lambda config: False)
    return config


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> dict[str, ToyPart]:
    return put_toys(monkeypatch)


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_string(_PAGE, default_timeout=60)


def compute(config: Config) -> None:
    workspace = Catalogue(config).open_workspace()
    evaluate_part(EvaluationContext(config=config, survey=workspace.survey, run=workspace.run, seed=7), "latents")


def test_what_takes_long_is_offered_followed_and_shown(config: Config, page: AppTest, monkeypatch: pytest.MonkeyPatch):
    put_toys(monkeypatch, slow="latents")
    page.run()
    assert "Toy latents of run paper-7f3a: not computed yet." in html(page)
    assert page.button(key="compute_latents").label == "Compute · about 5 s"
    page.button(key="compute_latents").click().run()
    assert not page.exception
    (job,) = JobQueue(config).jobs()
    assert (job.spec.kind, job.spec.run, job.spec.seed) == ("evaluate", "paper-7f3a", 7)
    assert EvaluateRecipe.from_json(job.spec.recipe).parts == ["latents"]
    assert not page.button

    Work(job.spec, service.job_folder(config, job.id)).progress(0.25, "halfway")
    page.run()
    assert [bar.proto.text for bar in page.get("progress")] == [
        "Toy latents: being computed, it appears here by itself · halfway"
    ]
    compute(config)
    page.run()
    assert "25.0% <small>(20.0–30.0)</small>" in html(page)
    assert "n = 1." in html(page)
    assert not page.get("progress")


def test_what_is_quick_begins_by_itself_and_once(config: Config, toys: dict[str, ToyPart], page: AppTest):
    page.run()
    page.run()
    (job,) = JobQueue(config).jobs()
    assert EvaluateRecipe.from_json(job.spec.recipe).parts == ["latents"]
    assert not page.button
    assert len(page.get("progress")) == 1
    service.cancel(config, job.id)
    page.run()
    assert [button.key for button in page.button] == ["compute_latents"]
    assert len(JobQueue(config).jobs()) == 1


def test_another_part_or_split_at_work_is_no_news_of_this_one(
    config: Config, page: AppTest, monkeypatch: pytest.MonkeyPatch
):
    put_toys(monkeypatch, slow="latents")
    for recipe in (EvaluateRecipe(part="fusion"), EvaluateRecipe(part="latents", split="validation")):
        service.submit("evaluate", recipe, config=config, survey="demo", run="paper-7f3a")
    page.run()
    assert [button.key for button in page.button] == ["compute_latents"]
    service.submit("evaluate", EvaluateRecipe(part="all"), config=config, survey="demo", run="paper-7f3a")
    page.run()
    assert not page.button
    assert len(page.get("progress")) == 1


def test_what_failed_is_told_and_offered_again(
    config: Config, toys: dict[str, ToyPart], page: AppTest, monkeypatch: pytest.MonkeyPatch
):
    recipe = EvaluateRecipe(part="latents")
    service.submit("evaluate", recipe, config=config, survey="demo", run="paper-7f3a")
    known = service.jobs

    def failed(*arguments: object, **options: object) -> list:
        return [replace(job, state="failed", error="The disk is full. Make room.") for job in known(config)]

    monkeypatch.setattr(service, "jobs", failed)
    page.run()
    assert [error.value for error in page.error] == ["Toy latents could not be computed. The disk is full. Make room."]
    assert page.button(key="compute_latents")


def test_a_damaged_file_is_told_with_the_remedy(config: Config, toys: dict[str, ToyPart], page: AppTest):
    compute(config)
    (config.runs_dir / "demo" / "paper-7f3a" / "evaluation" / "test" / "latents.json").write_text("{")
    page.run()
    assert "Delete this file" in page.error[0].value
