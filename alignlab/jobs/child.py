"""The process in which a job's own code runs: it may be killed at any moment, and two never work on one job."""

from __future__ import annotations

import fcntl
import importlib
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.jobs.courtesy import stand_back
from alignlab.jobs.spec import JobError, JobSpec
from alignlab.jobs.work import LOG, Work
from alignlab.store.artefact import sweep_partials, write_file_atomically

RESULT, ERROR, LOCK, PROCESSES = "result.json", "error.json", "lock", "processes.txt"


class Kind(Protocol):
    """What this package must know of a kind of job; see `alignlab.services.job_kinds.JobKind`."""

    perform: Any
    existing: Any
    plan: Any


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What a process is started for: to plan the next round of a job's parts, or to do the job.

    Attributes
    ----------
    folder : Path
        The job's.
    spec : JobSpec
    config : Config
    kinds : str
        Dotted path of the function that turns a name into a kind, as ``package.module:function``.
    task : {"plan", "perform"}
    rounds : sequence of sequence of dict
        Results of the parts so far.
    """

    folder: Path
    spec: JobSpec
    config: Config
    kinds: str
    task: Literal["plan", "perform"]
    rounds: Sequence[Sequence[dict[str, Any]]] = ()

    @property
    def answer_path(self) -> Path:
        """Where the process leaves what it found."""
        return self.folder / (RESULT if self.task == "perform" else f"plan-{len(self.rounds)}.json")

    def answer(self) -> Any:
        """What the process has left; None while there is nothing.

        Raises
        ------
        JobError
            With the reason in words if it failed.
        """
        if self.answer_path.exists():
            return json.loads(self.answer_path.read_text(encoding="utf-8"))
        if (self.folder / ERROR).exists():
            raise JobError(json.loads((self.folder / ERROR).read_text(encoding="utf-8"))["error"])
        return None


def load_kind(kinds: str, name: str) -> Kind:
    """Import a kind of job through the dotted path of the function that knows them."""
    module, _, function = kinds.partition(":")
    kind: Kind = getattr(importlib.import_module(module), function)(name)
    return kind


def carry_out(errand: Errand) -> None:
    """Do the errand in this process and leave the answer, or the error, in the job's folder.

    Holds the lock of that folder: where the process of a killed worker is still at it, this one waits until that has
    noticed, and then finds its answer or goes on from its checkpoint.
    """
    _end_with_the_worker()
    if errand.task == "perform":
        stand_back(errand.config)
    errand.folder.mkdir(parents=True, exist_ok=True)
    with (errand.folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if errand.answer() is not None:
            return
        _speak_into(errand.folder / LOG)
        sweep_after(errand.folder, errand.config)
        with (errand.folder / PROCESSES).open("a") as processes:
            processes.write(f"{os.getpid()}\n")
        try:
            _write_json(errand.answer_path, _planned(errand) if errand.task == "plan" else _performed(errand))
        except Exception as error:
            # Kept for the person who waits, then raised for the job's own log.
            _write_json(errand.folder / ERROR, {"error": in_words(error, errand.folder)})
            raise


def sweep_after(folder: Path, config: Config) -> None:
    """Delete what killed processes of the job in `folder` left half-written anywhere in the data folder."""
    try:
        dead = {int(line) for line in (folder / PROCESSES).read_text().split()}
    except FileNotFoundError:
        return
    sweep_partials(config.data_dir, writers=dead)
    (folder / PROCESSES).unlink()


def in_words(error: Exception, folder: Path) -> str:
    """Why a job failed, for a person: what a known error says, or the name of an unknown one and where to read on."""
    if isinstance(error, AlignlabError):
        return str(error)
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    return f"{said}{'' if said.endswith('.') else '.'} The whole story is in {folder / LOG}."


def _planned(errand: Errand) -> list[dict[str, Any]]:
    """The next parts: each with its spec, whether it has parts itself, and whether what it makes is there."""
    kind = load_kind(errand.kinds, errand.spec.kind)
    planned = []
    for spec in kind.plan(errand.spec, errand.rounds, errand.config):
        part = load_kind(errand.kinds, spec.kind)
        is_made = part.existing(spec, errand.config) is not None
        planned.append({"spec": spec.to_json(), "has_parts": part.plan is not None, "is_made": is_made})
    return planned


def _performed(errand: Errand) -> dict[str, Any]:
    kind = load_kind(errand.kinds, errand.spec.kind)
    result: dict[str, Any] = kind.perform(Work(errand.spec, errand.folder, rounds=errand.rounds), errand.config)
    return result


def _end_with_the_worker() -> None:
    """Lead a process group of its own, deaf to the keyboard, that is killed when the worker has died."""
    os.setsid()
    for quiet in (signal.SIGINT, signal.SIGTERM):
        signal.signal(quiet, signal.SIG_IGN)
    worker = multiprocessing.parent_process()
    assert worker is not None  # started by a worker, through multiprocessing

    def wait() -> None:
        multiprocessing.connection.wait([worker.sentinel])
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def _speak_into(log: Path) -> None:
    """Let everything that is printed, by Python or by a library, go to the job's log."""
    with log.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    # Line by line, so that the log tells what came first, and tells it while the job runs.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _write_json(path: Path, value: object) -> None:
    text = json.dumps(value)
    write_file_atomically(path, lambda partial: (partial.write_text(text, encoding="utf-8"), None)[1])
