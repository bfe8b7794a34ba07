"""A worker's side of the processes in which jobs run: start, watch, kill, and tell how each ended."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from typing import Any

from alignlab.jobs.child import Errand, carry_out, sweep_after
from alignlab.jobs.spec import JobError

#: How often a running job is looked at: a cancel is seen within this time.
LOOK_S = 0.2


class Supervisor:
    """Starts processes from a warm server, so that a job does not wait for its imports.

    Parameters
    ----------
    slots : int
        How many jobs may compute at the same time.
    preload : sequence of str
        Modules that the server imports once.
    """

    def __init__(self, *, slots: int, preload: Sequence[str] = ()) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["alignlab.jobs.child", *preload])
        self._slots = threading.Semaphore(slots)
        # multiprocessing keeps books that two threads must not write at once.
        self._books = threading.Lock()
        self._running: set[int] = set()
        self._stopping = threading.Event()

    @property
    def n_running(self) -> int:
        """How many processes are at work."""
        return len(self._running)

    def warm_up(self) -> None:
        """Start the server; its imports go on in the background. It ends with this process, not by a signal to all."""
        before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
        forkserver.ensure_running()
        signal.signal(signal.SIGTERM, before)

    def carry_out(self, errand: Errand, is_wanted: Callable[[], bool]) -> Any:
        """Let a process do the errand and wait for its answer; at once if the answer is there already.

        Parameters
        ----------
        errand : Errand
        is_wanted : callable
            Asked every `LOOK_S`; once it says no, the process is killed.

        Raises
        ------
        JobError
            If the job failed, was no longer wanted, or its process was killed from outside.
        """
        with self._slot(errand, is_wanted):
            if (known := errand.answer()) is not None:
                return known
            process = self._start(errand)
            pid = process.pid or 0
            try:
                exit_code = self._watch(process, is_wanted)
            finally:
                self._running.discard(pid)
                process.close()
        if self._stopping.is_set():
            # The worker is ending and the job is not: nothing about it may be written down any more.
            threading.Event().wait()
        if exit_code is None:
            sweep_after(errand.folder, errand.config)
            raise JobError("cancelled")
        if (found := errand.answer()) is None:
            _kill(pid)
            sweep_after(errand.folder, errand.config)
            raise JobError(_how_it_died(exit_code), remedy="Retry it, with a smaller recipe if memory ran out.")
        return found

    def stop(self) -> None:
        """Kill every process; the jobs stay unfinished, for the next worker to resume."""
        self._stopping.set()
        for pid in list(self._running):
            _kill(pid)

    @contextlib.contextmanager
    def _slot(self, errand: Errand, is_wanted: Callable[[], bool]) -> Iterator[None]:
        """Wait for a free slot; planning takes none, since it is short and others wait for it."""
        if errand.task == "plan":
            yield
            return
        while not self._slots.acquire(timeout=LOOK_S):
            if not is_wanted():
                raise JobError("cancelled")
        try:
            yield
        finally:
            self._slots.release()

    def _start(self, errand: Errand) -> ForkServerProcess:
        process = self._context.Process(target=carry_out, args=(errand,))
        with self._books:
            process.start()
        self._running.add(process.pid or 0)
        if self._stopping.is_set():
            _kill(process.pid or 0)
        return process

    def _watch(self, process: ForkServerProcess, is_wanted: Callable[[], bool]) -> int | None:
        """Exit code of the process; None if it was killed because nobody wants it any more."""
        while not multiprocessing.connection.wait([process.sentinel], LOOK_S):
            if not is_wanted():
                _kill(process.pid or 0)
                multiprocessing.connection.wait([process.sentinel])
                self._exit_code(process)
                return None
        return self._exit_code(process)

    def _exit_code(self, process: ForkServerProcess) -> int:
        with self._books:
            process.join()
            return process.exitcode or 0


def _kill(pid: int) -> None:
    """Kill a job's process with what it has started; it leads its group once it has come that far."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


def _how_it_died(exit_code: int) -> str:
    if exit_code >= 0:
        return f"The process of the job ended without a result (exit code {exit_code})."
    name = signal.Signals(-exit_code).name
    why = ", as happens when memory runs out" if name == "SIGKILL" else ""
    return f"The process of the job was killed by {name}{why}."
