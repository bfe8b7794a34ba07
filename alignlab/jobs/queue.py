"""The queue, as the app and the command line see it: enqueue, list, cancel, delete."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignlab.config import Config
from alignlab.jobs import database
from alignlab.jobs.spec import Job, JobError, JobSpec, JobState
from alignlab.jobs.work import CHECKPOINT, METRICS, read_progress
from alignlab.store.artefact import write_file_atomically

if TYPE_CHECKING:
    from dbos import WorkflowStatus

_STATES: dict[str, JobState] = {
    "ENQUEUED": "queued",
    "DELAYED": "queued",
    "PENDING": "running",
    "SUCCESS": "succeeded",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "cancelled",
}
_UNFINISHED = ["ENQUEUED", "DELAYED", "PENDING"]


class JobQueue:
    """The jobs of one installation. Safe to share between threads; makes its database if that is absent.

    Parameters
    ----------
    config : Config

    Raises
    ------
    JobError
        If the database cannot be reached.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        database.prepare_database(config)
        self._client = database.client(config)

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()

    def folder(self, job_id: str) -> Path:
        """The job's folder; not made here."""
        return self.config.jobs_dir / job_id

    def submit(self, spec: JobSpec, *, has_parts: bool = False) -> tuple[str, bool]:
        """Enqueue a job unless an identical one is queued or running; it goes on where a cancelled one was stopped.

        Parameters
        ----------
        spec : JobSpec
        has_parts : bool
            Whether the kind plans parts: such a job waits in a queue of its own and takes no slot.

        Returns
        -------
        id : str
        is_new : bool
        """
        attempts = self.attempts(spec)
        if attempts and not attempts[-1].has_ended:
            return attempts[-1].id, False
        job_id = attempt_id(spec, number_of(attempts[-1].id) + 1 if attempts else 1)
        if attempts and attempts[-1].state == "cancelled":
            self._hand_over(attempts[-1].id, job_id)
        self._client.enqueue(
            {
                "workflow_name": database.WORKFLOW,
                "queue_name": database.PLAN_QUEUE if has_parts else database.WORK_QUEUE,
                "workflow_id": job_id,
                "app_version": database.WORKFLOW_VERSION,
            },
            spec.to_json(),
            has_parts,
        )
        return job_id, True

    def attempts(self, spec: JobSpec) -> list[Job]:
        """The jobs that were submitted for this very spec, the latest last."""
        found = self._client.list_workflows(workflow_id_prefix=attempt_id(spec, 0)[:-1])
        return sorted((self._job(status) for status in found), key=lambda job: number_of(job.id))

    def jobs(self, *, survey: str | None = None, parent: str | None = None, limit: int = 100) -> list[Job]:
        """The newest jobs first; parts of other jobs only where `parent` names whose.

        Parameters
        ----------
        survey : str, optional
            Only those that work on it.
        """
        found: list[Job] = []
        for status in self._newest_first(parent):
            job = self._job(status)
            if survey is None or job.spec.survey == survey:
                found.append(job)
            if len(found) == limit:
                break
        return found

    def job(self, job_id: str) -> Job:
        """One job.

        Raises
        ------
        JobError
            If there is none of that id.
        """
        found = self._client.list_workflows(workflow_ids=[job_id])
        if not found:
            raise JobError(f"There is no job {job_id!r}.", remedy="List the jobs with 'alignlab jobs'.")
        return self._job(found[0])

    def cancel(self, job_id: str) -> Job:
        """Stop a job and its parts for good; one that has ended stays as it is."""
        job = self.job(job_id)
        if not job.has_ended:
            self._client.cancel_workflow(job_id, cancel_children=True)
        return self.job(job_id)

    def delete(self, job_id: str) -> None:
        """Forget an ended job and its parts, with their folders; what they made stays.

        Raises
        ------
        JobError
            If it, or one of its parts, has not ended.
        """
        family = [self.job(job_id), *self._descendants(job_id)]
        for job in family:
            if not job.has_ended:
                raise JobError(f"Job {job.id!r} is {job.state}.", remedy="Cancel it before it is deleted.")
        for job in family:
            self._client.delete_workflow(job.id)
            shutil.rmtree(self.folder(job.id), ignore_errors=True)

    def has_unfinished(self) -> bool:
        """Whether a job is queued or running anywhere."""
        return bool(self._client.list_workflows(status=_UNFINISHED, limit=1, load_input=False, load_output=False))

    def running_on(self) -> dict[str, str]:
        """Id of each running job to the worker that has it."""
        found = self._client.list_workflows(status="PENDING", load_input=False, load_output=False)
        return {status.workflow_id: status.executor_id or "" for status in found}

    def states(self, job_ids: list[str]) -> dict[str, tuple[JobState, str]]:
        """State and worker of each of these jobs, without their contents."""
        found = self._client.list_workflows(workflow_ids=job_ids, load_input=False, load_output=False)
        return {status.workflow_id: (_STATES[status.status], status.executor_id or "") for status in found}

    def _hand_over(self, cancelled: str, job_id: str) -> None:
        """Give an attempt the state and the figures of the one before; what failed begins anew."""
        for name in (METRICS, CHECKPOINT):
            with contextlib.suppress(FileNotFoundError):
                kept = (self.folder(cancelled) / name).read_bytes()
                write_file_atomically(self.folder(job_id) / name, partial(_write, kept))

    def _newest_first(self, parent: str | None, page: int = 200) -> Iterator[WorkflowStatus]:
        which: dict[str, Any] = {"has_parent": False} if parent is None else {"parent_workflow_id": parent}
        offset = 0
        while found := self._client.list_workflows(sort_desc=True, limit=page, offset=offset, **which):
            yield from found
            offset += page

    def _descendants(self, job_id: str) -> list[Job]:
        parts = [self._job(status) for status in self._newest_first(job_id)]
        return parts + [job for part in parts for job in self._descendants(part.id)]

    def _job(self, status: WorkflowStatus) -> Job:
        state = _STATES[status.status]
        return Job(
            id=status.workflow_id,
            spec=JobSpec.from_json(status.input["args"][0]),  # type: ignore[index]
            state=state,
            progress=read_progress(self.folder(status.workflow_id)),
            created_utc=_utc(status.created_at),
            started_utc=_utc(status.dequeued_at),
            ended_utc=_utc(status.completed_at),
            error=_error(status) if state == "failed" else "",
            result=status.output if state == "succeeded" and isinstance(status.output, dict) else {},
            parent=status.parent_workflow_id or "",
            worker=status.executor_id or "",
        )


def attempt_id(spec: JobSpec, attempt: int) -> str:
    """Id of one attempt at a spec: two that submit the same thing at once mean the same job."""
    return f"{spec.kind}-{spec.digest()}-{attempt}"


def number_of(job_id: str) -> int:
    """Which attempt a job is."""
    return int(job_id.rpartition("-")[2])


def _error(status: WorkflowStatus) -> str:
    if status.error is not None:
        return str(status.error)
    return f"Its worker stopped {status.recovery_attempts} times while this job was running. Retry it."


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _utc(epoch_ms: int | None) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="milliseconds") if epoch_ms else ""
