"""Gathering as a job of a worker: killed and taken up, cancelled and tried again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.services import jobs
from alignlab.services.collections import list_collections
from alignlab.store.collection import open_collection
from alignlab.store.survey import Survey
from tests.archives.ads_server import TOKEN
from tests.archives.real_way import THREADS, all_asked, all_repeated, small_steps
from tests.archives.whole_sky import Archives, archives
from tests.jobs.workers import end, start_worker, wait_until


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setattr(jobs, "ensure_worker", lambda config: False)
    return Config(data_dir=tmp_path / "data")


@pytest.fixture
def sky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archives]:
    with archives(16) as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found


def test_killed_with_its_worker_and_cancelled_it_ends_with_the_survey(config: Config, sky: Archives) -> None:
    sky.csc.sync_s, sky.products.package_s = 0.3, 0.5
    first = jobs.submit("ingest", small_steps(sky), config=config, survey="sky").job
    worker = start_worker(config, kinds=jobs.KINDS)
    try:
        wait_until(lambda: all_asked(sky) >= 2)
        end(worker, signal.SIGKILL)
        worker = start_worker(config, kinds=jobs.KINDS)
        wait_until(lambda: sky.products.n_asked() >= 1)
        assert jobs.cancel(config, first).state == "cancelled"
        wait_until(lambda: not _is_gathering(config))
        (stopped,) = list_collections(config)
        assert stopped.next_stage.name == "products" and stopped.is_begun
        last = jobs.retry(config, first).job
        wait_until(lambda: jobs.job(config, last).has_ended)
    finally:
        end(worker)
    job = jobs.job(config, last)
    assert job.state == "succeeded", job.error
    assert (job.result["collection"], job.result["survey"]) == ("sky", "sky")
    survey = Survey.open(config.surveys_dir / "sky")
    assert list(survey.sources["name"]) == sky.names
    survey.close()
    assert sum(all_repeated(sky).values()) <= 2 * THREADS
    assert any("Spectra: " in line for line in jobs.log_tail(config, last))
    assert TOKEN not in "".join(path.read_text(errors="ignore") for path in config.jobs_dir.rglob("*.txt"))


def _is_gathering(config: Config) -> bool:
    try:
        with open_collection(config, "sky").gathering():
            return False
    except AlignlabError:
        return True
