"""The kill test in its short form; ``benchmarks/chaos.py`` is the long one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alignlab.config import Config
from tests.jobs.chaos import chaos, postgres_problems
from tests.jobs.postgres import postgres_cluster, postgres_programs


def test_no_job_is_lost_or_done_twice_when_worker_and_app_are_killed(config: Config) -> None:
    outcome = chaos(config, n_jobs=20, steps=6, workers=["local"], worker_kills=3, app_kills=1, seed=1)
    assert outcome.problems == ()
    assert sum(outcome.states.values()) == 20 and outcome.states["failed"] == 2
    assert outcome.worker_kills >= 1


def test_three_workers_share_a_postgresql_queue_and_survive_kills(tmp_path: Path) -> None:
    programs = postgres_programs()
    if programs is None:
        if os.environ.get("ALIGNLAB_REQUIRE_POSTGRES") == "1":
            pytest.fail("PostgreSQL is not installed, and ALIGNLAB_REQUIRE_POSTGRES=1 asks for it")
        pytest.skip("PostgreSQL is not installed")
    with postgres_cluster(programs) as url:
        config = Config(data_dir=tmp_path / "data", jobs_url=url)
        outcome = chaos(config, n_jobs=10, steps=6, workers=["a", "b", "c"], worker_kills=2, app_kills=1, seed=2)
        assert outcome.problems == ()
        assert sum(outcome.states.values()) == 10 and outcome.states["failed"] == 1
        assert outcome.worker_kills >= 1
        assert postgres_problems(programs, url) == []
