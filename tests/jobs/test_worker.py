"""Jobs done by a worker: what they leave, how they fail, and what a cancel or a kill does to them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import pytest

from alignlab.config import Config
from alignlab.jobs.presence import log_path, runs_here
from alignlab.jobs.queue import JobQueue
from alignlab.jobs.work import read_log, read_metrics
from alignlab.jobs.worker import worker_is_alive
from tests.jobs.workers import end, ended, start_worker, toy, wait_until, working


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobQueue]:
    """A queue with a worker of two slots."""
    queue = JobQueue(Config(data_dir=tmp_path_factory.mktemp("busy")))
    with working(queue.config, slots=2):
        yield queue
    queue.close()


def test_a_job_is_done_once_and_leaves_result_progress_and_figures(busy: JobQueue) -> None:
    job_id, _ = busy.submit(toy("count", steps=4))
    (job,) = ended(busy, [job_id])
    assert job.state == "succeeded" and job.worker.endswith(".local") and job.error == ""
    assert (busy.config.runs_dir / "toys" / job.result["run"] / "manifest.json").is_file()
    assert job.progress.fraction == 1.0
    assert [line["epoch"] for line in read_metrics(busy.folder(job_id))] == [1, 2, 3, 4]
    assert job.created_utc <= job.started_utc <= job.ended_utc


def test_work_is_polite_and_in_a_process_group_of_its_own(busy: JobQueue) -> None:
    (job,) = ended(busy, [busy.submit(toy("look"))[0]])
    assert job.result["nice"] >= 10
    assert int(job.result["threads"]) == max(1, ((os.cpu_count() or 2) - 1) // 2)
    assert job.result["group"] == job.result["pid"] != os.getpid()


def test_a_failure_is_told_in_words_and_the_log_has_the_rest(busy: JobQueue) -> None:
    unknown, known = ended(busy, [busy.submit(toy("fail"))[0], busy.submit(toy("fail", known=True))[0]])
    assert unknown.state == known.state == "failed"
    assert unknown.error.startswith("ZeroDivisionError: one by nothing. The whole story is in ")
    assert known.error == "The toy is broken. Buy another one."
    told = read_log(busy.folder(unknown.id))
    assert told[0] == "about to fail" and told[-1] == "ZeroDivisionError: one by nothing"


def test_a_process_that_is_killed_from_outside_says_so(busy: JobQueue) -> None:
    (job,) = ended(busy, [busy.submit(toy("die"))[0]])
    assert job.state == "failed" and "killed by SIGKILL, as happens when memory runs out" in job.error


def test_a_cancel_reaches_compiled_code_and_leaves_nothing_half_written(busy: JobQueue) -> None:
    job_id, _ = busy.submit(toy("hang"))
    wait_until(lambda: busy.job(job_id).progress.message == "hanging")
    assert list(busy.config.data_dir.rglob(".half.*"))
    assert busy.cancel(job_id).state == "cancelled"
    wait_until(lambda: not list(busy.config.data_dir.rglob(".half.*")))
    again, is_new = busy.submit(toy("hang"))
    assert is_new and again != job_id
    busy.cancel(again)


def test_another_attempt_at_a_cancelled_job_goes_on_where_it_was_stopped(busy: JobQueue) -> None:
    wish = toy("count", steps=60)
    first, _ = busy.submit(wish)
    wait_until(lambda: len(read_metrics(busy.folder(first))) >= 5)
    busy.cancel(first)
    ended(busy, [first])
    told = len(read_metrics(busy.folder(first)))
    second, is_new = busy.submit(wish)
    assert is_new and second != first
    (job,) = ended(busy, [second])
    assert job.state == "succeeded"
    lines = (busy.folder(second) / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines[:told]] == list(range(1, told + 1))
    # The epoch that was told but not kept when the kill came is done twice; none before it is.
    assert 60 <= len(lines) <= 61
    assert [line["epoch"] for line in read_metrics(busy.folder(second))] == list(range(1, 61))


def test_rounds_of_parts_are_done_in_order_and_combined(busy: JobQueue) -> None:
    first, second = [{"kind": "count", "steps": n} for n in (1, 2, 1)], [{"kind": "count", "steps": 3}]
    job_id, _ = busy.submit(toy("rounds", rounds=[first, second]), has_parts=True)
    (job,) = ended(busy, [job_id])
    assert job.state == "succeeded", job.error
    assert [len(parts) for parts in job.result["parts"]] == [3, 1]
    assert job.result["parts"][0][0] == job.result["parts"][0][2], "the same part twice is done once"
    parts = busy.jobs(parent=job_id)
    assert len(parts) == 3 and {part.state for part in parts} == {"succeeded"}
    assert {part.parent for part in parts} == {job_id}
    assert not {part.id for part in parts} & {job.id for job in busy.jobs()}, "parts are not listed by themselves"
    busy.delete(job_id)
    assert not any(busy.folder(part.id).exists() for part in parts)


def test_a_part_that_fails_takes_the_others_with_it(busy: JobQueue) -> None:
    parts = [{"kind": "fail", "known": True, "of": "rounds"}, {"kind": "hang", "of": "rounds"}]
    job_id, _ = busy.submit(toy("rounds", rounds=[parts]), has_parts=True)
    (job,) = ended(busy, [job_id])
    assert job.state == "failed" and "failed: The toy is broken. Buy another one." in job.error
    assert {part.spec.kind: part.state for part in busy.jobs(parent=job_id)} == {"fail": "failed", "hang": "cancelled"}


def test_cancelling_a_job_cancels_its_parts(busy: JobQueue) -> None:
    parts = [{"kind": "hang", "of": "cancelled"}, {"kind": "count", "steps": 2, "of": "cancelled"}]
    job_id, _ = busy.submit(toy("rounds", rounds=[parts, parts]), has_parts=True)
    wait_until(lambda: any(part.spec.kind == "hang" and part.state == "running" for part in busy.jobs(parent=job_id)))
    busy.cancel(job_id)
    assert {part.state for part in busy.jobs(parent=job_id)} <= {"cancelled", "succeeded"}
    wait_until(lambda: not list(busy.config.data_dir.rglob(".half.*")))


def test_a_second_worker_of_the_same_name_leaves(busy: JobQueue) -> None:
    second = start_worker(busy.config)
    assert second.wait(timeout=30) == 2
    assert "Worker 'local' is running already. Give another --name." in log_path(busy.config).read_text()
    assert runs_here(busy.config) and worker_is_alive(busy.config)


@pytest.mark.parametrize(
    ("sign", "next_worker"), [(signal.SIGKILL, "local"), (signal.SIGTERM, "other")], ids=["killed", "told to end"]
)
def test_a_job_whose_worker_ends_is_resumed_from_its_checkpoint(
    queue: JobQueue, config: Config, sign: signal.Signals, next_worker: str
) -> None:
    worker = start_worker(config)
    job_id, _ = queue.submit(toy("count", steps=40))
    wait_until(lambda: len(read_metrics(queue.folder(job_id))) >= 3)
    assert end(worker, sign) == (0 if sign == signal.SIGTERM else -signal.SIGKILL)
    assert not runs_here(config) and queue.job(job_id).state == "running"
    with working(config, name=next_worker):
        (job,) = ended(queue, [job_id])
    assert job.state == "succeeded" and job.worker.endswith(f".{next_worker}")
    lines = (queue.folder(job_id) / "metrics.jsonl").read_text().splitlines()
    assert len(lines) <= 41, "at most the step in which it was killed is done again"
    assert [line["epoch"] for line in read_metrics(queue.folder(job_id))] == list(range(1, 41))


def test_a_worker_without_work_ends_by_itself(config: Config) -> None:
    assert not worker_is_alive(config)
    assert start_worker(config, idle_exit_s=0.1).wait(timeout=30) == 0
    assert not worker_is_alive(config)
