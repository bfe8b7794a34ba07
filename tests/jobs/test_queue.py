"""The queue by itself: what is the same job, what may be deleted, and who sees what."""

from __future__ import annotations

import json
import sqlite3

import pytest

from alignlab.config import Config
from alignlab.jobs.database import JsonSerializer, database_url
from alignlab.jobs.queue import JobQueue
from alignlab.jobs.spec import JobError
from alignlab.jobs.work import Work
from tests.jobs.workers import toy


def test_the_same_wish_twice_is_one_job_until_it_has_ended(queue: JobQueue) -> None:
    first, is_new = queue.submit(toy("count", steps=3))
    assert is_new and first == f"count-{toy('count', steps=3).digest()}-1"
    assert queue.submit(toy("count", steps=3)) == (first, False)
    assert queue.submit(toy("count", 1, steps=3))[1], "another seed is another job"
    assert queue.submit(toy("count", steps=4))[1], "another recipe is another job"
    queue.cancel(first)
    again, is_new = queue.submit(toy("count", steps=3))
    assert is_new and again == first[:-1] + "2"
    assert [job.id for job in queue.attempts(toy("count", steps=3))] == [first, again]


def test_two_apps_see_one_queue(queue: JobQueue, config: Config) -> None:
    other = JobQueue(config)
    first, _ = queue.submit(toy("count", steps=3))
    assert other.submit(toy("count", steps=3)) == (first, False)
    other.cancel(first)
    assert queue.job(first).state == "cancelled" and queue.job(first).has_ended
    other.close()


def test_a_job_tells_what_it_is_and_how_far(queue: JobQueue) -> None:
    spec = toy("count", 5, steps=3)
    job_id, _ = queue.submit(spec)
    waiting = queue.job(job_id)
    assert (waiting.spec, waiting.state, waiting.progress.fraction, waiting.worker) == (spec, "queued", 0.0, "")
    assert waiting.created_utc and not waiting.started_utc and not waiting.ended_utc
    Work(spec, queue.folder(job_id)).progress(0.25, "counting")
    assert (queue.job(job_id).progress.fraction, queue.job(job_id).progress.message) == (0.25, "counting")


def test_jobs_come_newest_first_by_survey_and_up_to_a_limit(queue: JobQueue) -> None:
    ids = [queue.submit(toy("count", number, steps=1))[0] for number in range(4)]
    assert {job.id for job in queue.jobs()} == set(ids)
    assert len(queue.jobs(limit=3)) == 3
    assert queue.jobs(survey="demo") == []
    assert len(queue.jobs(survey="toys")) == 4


def test_only_what_has_ended_can_be_deleted_and_then_its_folder_goes(queue: JobQueue) -> None:
    job_id, _ = queue.submit(toy("count", steps=1))
    Work(queue.job(job_id).spec, queue.folder(job_id)).log("here")
    with pytest.raises(JobError, match=r"is queued. Cancel it"):
        queue.delete(job_id)
    queue.cancel(job_id)
    assert queue.folder(job_id).exists()
    queue.delete(job_id)
    assert not queue.folder(job_id).exists() and queue.jobs() == []
    with pytest.raises(JobError, match="There is no job"):
        queue.job(job_id)


def test_nothing_in_the_database_is_a_pickle(queue: JobQueue, config: Config) -> None:
    queue.submit(toy("count", steps=1))
    with sqlite3.connect(config.jobs_path) as connection:
        (inputs, how) = connection.execute(
            "SELECT i.inputs, s.serialization FROM workflow_status s JOIN workflow_input i USING (workflow_uuid)"
        ).fetchone()
    connection.close()
    assert how == "alignlab-json" and JsonSerializer().deserialize(inputs)["args"][1] is False
    assert json.loads(inputs)["value"]["args"][0] == toy("count", steps=1).to_json()


def test_an_error_keeps_its_words_through_the_database() -> None:
    serializer = JsonSerializer()
    back = serializer.deserialize(serializer.serialize(JobError("The lamp is out.", remedy="Change it.")))
    assert isinstance(back, JobError) and str(back) == "The lamp is out. Change it."
    assert serializer.deserialize(serializer.serialize({"error": "a value, not an error"})) == {
        "error": "a value, not an error"
    }


def test_another_database_than_postgresql_is_refused_and_passwords_are_not_told(config: Config) -> None:
    with pytest.raises(JobError, match=r"must be a PostgreSQL address, not mysql://…") as refused:
        database_url(Config(data_dir=config.data_dir, jobs_url="mysql://me:secret@host/jobs"))
    assert "secret" not in str(refused.value)
