"""The one workflow: plan parts and wait for them, round by round, then do the job in a process of its own.

DBOS keeps what each step returned. A worker that takes the job up after a kill goes through the finished steps without
doing them again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from dbos import DBOS, SetWorkflowID

from alignlab.config import Config
from alignlab.jobs import database
from alignlab.jobs.child import Errand
from alignlab.jobs.queue import JobQueue, attempt_id, number_of
from alignlab.jobs.spec import FINAL_STATES, JobError, JobSpec
from alignlab.jobs.supervisor import Supervisor
from alignlab.jobs.work import Work

_log = logging.getLogger(__name__)
#: How often a job looks after its parts.
_PARTS_S = 0.3
#: Share of a job with parts that its parts are.
_PARTS_SHARE = 0.9

Rounds = Sequence[Sequence[dict[str, Any]]]


class Part(TypedDict):
    """A part as it was planned."""

    id: str
    spec: str
    has_parts: bool


class JobWorkflow:
    """What the workers of one installation do with a job.

    Parameters
    ----------
    config : Config
    kinds : str
        Dotted path of the function that knows the kinds of jobs.
    executor : str
        Id of this worker.
    queue : JobQueue
    supervisor : Supervisor
    """

    def __init__(self, config: Config, *, kinds: str, executor: str, queue: JobQueue, supervisor: Supervisor) -> None:
        self._config, self._kinds, self._executor = config, kinds, executor
        self._queue, self._supervisor = queue, supervisor

    def run(self, spec_json: str, has_parts: bool) -> dict[str, Any]:
        """Carry out a job; the body of the workflow."""
        job_id = str(DBOS.workflow_id)
        rounds: list[list[dict[str, Any]]] = []
        while has_parts and (parts := _step("plan", self._plan, job_id, spec_json, rounds)):
            for part in {part["id"]: part for part in parts}.values():
                self._enqueue(part)
            rounds.append(_step("parts", self._wait_for_parts, job_id, spec_json, [part["id"] for part in parts]))
        result: dict[str, Any] = _step("perform", self._perform, job_id, spec_json, rounds)
        return result

    def _enqueue(self, part: Part) -> None:
        queue = database.PLAN_QUEUE if part["has_parts"] else database.WORK_QUEUE
        with SetWorkflowID(part["id"]):
            DBOS.enqueue_workflow_with_options(
                {
                    "workflow_name": database.WORKFLOW,
                    "queue_name": queue,
                    "workflow_id": part["id"],
                    "app_version": database.WORKFLOW_VERSION,
                },
                part["spec"],
                part["has_parts"],
            )

    def _plan(self, job_id: str, spec_json: str, rounds: Rounds) -> list[Part]:
        """The next round of parts; those that are done, queued or running already keep their ids."""
        planned = self._supervisor.carry_out(self._errand(job_id, spec_json, "plan", rounds), self._wanted(job_id))
        return [
            {"id": self._part_id(part["spec"], part["is_made"]), "spec": part["spec"], "has_parts": part["has_parts"]}
            for part in planned
        ]

    def _part_id(self, spec_json: str, is_made: bool) -> str:
        spec = JobSpec.from_json(spec_json)
        attempts = self._queue.attempts(spec)
        if not attempts:
            return attempt_id(spec, 1)
        last = attempts[-1]
        is_usable = not last.has_ended or (last.state == "succeeded" and is_made)
        return last.id if is_usable else attempt_id(spec, number_of(last.id) + 1)

    def _wait_for_parts(self, job_id: str, spec_json: str, part_ids: list[str]) -> list[dict[str, Any]]:
        """Results of the parts, in order; if one fails, the others are cancelled."""
        work, unique = Work(JobSpec.from_json(spec_json), self._queue.folder(job_id)), sorted(set(part_ids))
        is_wanted, told, waiting = self._wanted(job_id), -1, threading.Event()
        while True:
            states = {part: state for part, (state, _) in self._queue.states(unique).items()}
            lost = [part for part in unique if states.get(part) in ("failed", "cancelled")]
            if lost or not is_wanted():
                for part in unique:
                    if states.get(part) not in FINAL_STATES:
                        self._queue.cancel(part)
                raise JobError(self._how_lost(lost[0]) if lost else "cancelled")
            n_done = sum(state in FINAL_STATES for state in states.values())
            if n_done != told:
                told = n_done
                work.progress(_PARTS_SHARE * n_done / len(unique), f"{n_done} of {len(unique)} parts done")
            if n_done == len(unique):
                results = {part: self._queue.job(part).result for part in unique}
                return [results[part] for part in part_ids]
            waiting.wait(_PARTS_S)

    def _how_lost(self, part_id: str) -> str:
        part = self._queue.job(part_id)
        return f"Its part {part.id} {'was cancelled' if part.state == 'cancelled' else f'failed: {part.error}'}"

    def _perform(self, job_id: str, spec_json: str, rounds: Rounds) -> dict[str, Any]:
        errand = self._errand(job_id, spec_json, "perform", rounds)
        result: dict[str, Any] = self._supervisor.carry_out(errand, self._wanted(job_id))
        return result

    def _errand(self, job_id: str, spec_json: str, task: Any, rounds: Rounds) -> Errand:
        return Errand(
            folder=self._queue.folder(job_id),
            spec=JobSpec.from_json(spec_json),
            config=self._config,
            kinds=self._kinds,
            task=task,
            rounds=rounds,
        )

    def _wanted(self, job_id: str) -> Callable[[], bool]:
        """Whether a job is still this worker's: neither cancelled nor taken over by another worker."""

        def ask() -> bool:
            try:
                return self._queue.states([job_id]).get(job_id) == ("running", self._executor)
            except database.DATABASE_ERRORS as error:
                # A database that is away for a moment is no reason to throw the work of hours away.
                _log.warning("could not ask after job %s: %s", job_id, error)
                return True

        return ask


def _step(name: str, work: Callable[..., Any], *arguments: Any) -> Any:
    return DBOS.run_step({"name": name}, work, *arguments)
