"""The Train page without a browser: the form, what it refuses, and the queue."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.jobs.queue import JobQueue
from alignlab.services import jobs as service
from tests.conftest import PROJECT
from tests.pages.test_atlas import html


@pytest.fixture
def data(finished_demo: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo by links, with a Lab and a queue of its own; no worker comes for what is submitted."""
    for name in ("surveys", "runs"):
        (tmp_path / name).symlink_to(finished_demo.data_dir / name)
    monkeypatch.setenv("ALIGNLAB_DATA", str(tmp_path))
    monkeypatch.setattr(service, "ensure_worker", lambda config: False)
    return tmp_path


def open_train(**address: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120).run()
    app.switch_page("pages/train.py")
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> None:
    next(button for button in app.button if button.key == key).click().run()
    assert not app.exception


def button(app: AppTest, key: str) -> bool:
    return any(found.key == key for found in app.button)


def test_every_kind_has_a_form(data):
    app = open_train()
    assert "No training yet" in html(app)
    for kind in app.selectbox(key="kind").options:
        app.selectbox(key="kind").select(kind).run()
        assert not app.exception, kind


def test_a_wrong_value_is_refused_in_words_before_anything_is_submitted(data):
    app = open_train()
    app.text_input(key="train_align_0_dropout").set_value("2").run()
    assert "dropout must be a number from 0 to 0.9, not 2" in html(app)
    assert next(found for found in app.button if found.key == "train_submit").disabled
    app.text_input(key="train_align_0_dropout").set_value("0.3").run()
    assert "must be" not in html(app)
    assert "<em>changed</em> · default 0.5" in html(app)
    app.text_input(key="train_seed").set_value("-1").run()
    assert "seed must be a whole number" in html(app)
    assert not (data / "jobs.sqlite").exists()


def test_a_run_that_exists_is_shown_instead_of_trained_again(data):
    app = open_train()
    app.text_input(key="train_seed").set_value("7").run()
    assert "This run exists: paper-" in html(app)
    assert "It is the one that is shown" in html(app)
    assert not button(app, "train_submit")


def test_a_job_is_submitted_looked_at_cancelled_tried_again_and_deleted(data):
    app = open_train()
    app.text_input(key="train_align_0_max_epochs").set_value("9").run()
    press(app, "train_submit")
    queue = JobQueue(Config(data_dir=data))
    (job,) = queue.jobs()
    assert app.query_params["job"] in (job.id, [job.id])
    assert (job.spec.recipe["max_epochs"], job.spec.recipe["name"]) == (9, "paper-variant")
    assert "waiting" in html(app)
    again = open_train(job=job.id)
    assert job.id in html(again)
    press(again, "train_cancel")
    assert queue.job(job.id).state == "cancelled"
    press(again, "train_retry")
    newest = queue.jobs()[0]
    assert newest.id.endswith("-2")
    assert newest.state == "queued"
    assert f"job {newest.id}" in html(again)
    press(again, "train_cancel")
    press(again, "train_delete")
    assert [job.id for job in queue.jobs()] == [job.id]
    queue.close()


def test_the_same_again_is_the_job_that_is_there(data):
    app = open_train()
    press(app, "train_submit")
    seed = JobQueue(Config(data_dir=data)).jobs()[0].spec.seed
    assert app.text_input(key="train_seed").value == str(seed + 1)
    app.text_input(key="train_seed").set_value(str(seed)).run()
    press(app, "train_submit")
    assert len(JobQueue(Config(data_dir=data)).jobs()) == 1
