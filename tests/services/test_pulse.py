"""What every page notices by itself: another run, and jobs at work."""

from __future__ import annotations

import pytest

from alignlab.config import Config
from alignlab.jobs.queue import JobQueue
from alignlab.jobs.spec import JobProgress, JobSpec
from alignlab.jobs.work import Work
from alignlab.services.pulse import Pulse, take_pulse
from alignlab.services.workspace import Catalogue
from alignlab.store.evaluation import write_figures, written_ns
from tests.ui.small_demo import build_small_demo


@pytest.fixture
def config(tmp_path) -> Config:
    return Config(data_dir=build_small_demo(tmp_path, n=60))


def test_a_folder_in_which_nothing_happens(config):
    quiet = take_pulse(config, "demo")
    assert quiet == Pulse(run_id="paper-7f3a", laid_over=frozenset({"real-chandra"}))
    assert not quiet.is_busy
    assert take_pulse(config, "demo") == quiet
    assert not config.jobs_path.exists()


def test_another_run_is_noticed(config):
    take_pulse(config, "demo")
    folder = config.runs_dir / "demo"
    (folder / "paper-7f3a").rename(folder / "paper-8888")
    assert take_pulse(config, "demo").run_id == "paper-8888"


def test_the_choice_in_the_lab_is_noticed(config):
    assert take_pulse(config, "demo").run_id == "paper-7f3a"
    Catalogue(config).lab.set_active_run("demo", "gone")
    assert take_pulse(config, "demo").run_id == "paper-7f3a"


def test_figures_of_an_evaluation_are_noticed_also_while_jobs_are_at_work(config):
    assert take_pulse(config, "demo").evaluated_ns == 0
    queue = JobQueue(config)
    queue.submit(JobSpec(kind="align", survey="demo", survey_digest="d"))
    run = config.runs_dir / "demo" / "paper-7f3a"
    write_figures(run, "latents", "test", 1, {})
    first = take_pulse(config, "demo")
    assert first.is_busy and first.evaluated_ns == written_ns(run, "latents", "test") > 0
    write_figures(run, "latents", "validation", 1, {})
    write_figures(run, "latents-scratch", "test", 1, {})
    assert take_pulse(config, "demo") == first
    write_figures(run, "fusion", "test", 1, {})
    assert take_pulse(config, "demo").evaluated_ns > first.evaluated_ns
    queue.close()


def test_jobs_at_work_are_counted_until_they_end(config):
    assert not take_pulse(config, "demo").is_busy
    queue = JobQueue(config)
    specs = [JobSpec(kind="align", survey="demo", survey_digest="d", seed=seed) for seed in (1, 2)]
    ids = [queue.submit(spec)[0] for spec in specs]
    queue.submit(JobSpec(kind="align", survey="another", survey_digest="d"))
    Work(specs[0], queue.folder(ids[0])).progress(0.5, "half")
    busy = take_pulse(config, "demo")
    assert (busy.n_jobs, busy.fraction) == (2, 0.25)
    queue.cancel(ids[1])
    assert queue.job(ids[0]).progress == JobProgress(fraction=0.5, message="half")
    assert take_pulse(config, "demo").n_jobs == 1
    queue.cancel(ids[0])
    assert not take_pulse(config, "demo").is_busy
    queue.close()


def test_pages_go_on_without_the_queue(config):
    away = Config(data_dir=config.data_dir, jobs_url="postgresql://nobody@127.0.0.1:1/nothing")
    assert take_pulse(away, "demo") == take_pulse(config, "demo")
