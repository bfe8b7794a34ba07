"""The whole corpus in constant memory: blocks of lines, measured by processes side by side and kept on disk.

Each block is a folder that is published at once, so that whoever is killed goes on later with the blocks that are
missing: a block is lost at most per process.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alignlab.errors import AlignlabError
from alignlab.ingest.axia_block import Block, keep_block, request
from alignlab.ingest.axia_lines import AxiaLines
from alignlab.ingest.records import Problem
from alignlab.progress import OnStep, report
from alignlab.spectra.grid import GridKind

#: A block ends with so many lines, or bytes.
BLOCK_LINES, BLOCK_BYTES = 256, 16 * 1024**2
#: Raise it when blocks of an older version must not be taken over.
_VERSION = 1
#: Smaller files are not worth a process.
_WORTH_BYTES = 4 * 1024**2
_CHECKPOINT = "checkpoint.json"
_LOOK_S = 0.25
_WHOLE = 1000


@dataclass(frozen=True, kw_only=True)
class AxiaBlocks:
    """What was found in a corpus, on disk.

    Attributes
    ----------
    folders : tuple of Path
        One per block, in the order of the lines (`alignlab.ingest.kept`).
    problem : Problem or None
        Why the reading ended before the file did.
    """

    folders: tuple[Path, ...]
    problem: Problem | None


def stream_axia(
    path: Path, *, grid_kind: GridKind, folder: Path, processes: int | None = None, on_step: OnStep | None = None
) -> AxiaBlocks:
    """Measure every record of a corpus and keep the sources in blocks below `folder`.

    Parameters
    ----------
    path : Path
        ``corpus.jsonl`` or ``corpus.jsonl.gz``.
    grid_kind : {"log", "linear"}
        Where the spectra go.
    folder : Path
        Blocks that an earlier reading of the same file left there are taken over.
    processes : int, optional
        That measure blocks, 0 for none but this one; by default as many as there are cores, for a small file none.
    on_step : callable, optional
        ``on_step(done, total, info) -> bool``; `done` tells how much of the file is read.

    Raises
    ------
    InputFileError
        If the file cannot be opened.
    StoppedError
        If `on_step` returned False; what is finished stays.
    AlignlabError
        If a process that measures dies.
    """
    lines = AxiaLines(path)
    facts = path.stat()
    _claim(folder, {
        "file": path.name, "bytes": facts.st_size, "mtime_ns": facts.st_mtime_ns, "grid_kind": grid_kind,
        "block_lines": BLOCK_LINES, "block_bytes": BLOCK_BYTES, "version": _VERSION,
    })  # fmt: skip
    if processes is None:
        processes = min(os.cpu_count() or 1, 8) if facts.st_size > _WORTH_BYTES else 0
    folders: list[Path] = []
    n_lines = 0
    with _measuring(processes, grid_kind) as measure:
        for block in _blocks(lines):
            kept = folder / f"block-{len(folders):06d}"
            folders.append(kept)
            n_lines = block.numbers[-1]
            for _ in measure(block, kept) if not kept.is_dir() else ():
                _tell(on_step, lines, n_lines)
            _tell(on_step, lines, n_lines)
        for _ in measure(None, None):
            _tell(on_step, lines, n_lines)
    return AxiaBlocks(folders=tuple(folders), problem=lines.problem)


def _tell(on_step: OnStep | None, lines: AxiaLines, n_lines: int) -> None:
    report(on_step, round(_WHOLE * lines.share), _WHOLE, f"read {n_lines:,} lines")


def _claim(folder: Path, facts: dict[str, object]) -> None:
    """Empty the folder, unless it holds blocks of the very same work."""
    note = folder / _CHECKPOINT
    if not note.is_file() or json.loads(note.read_text(encoding="utf-8")) != facts:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        note.write_text(json.dumps(facts), encoding="utf-8")


def _blocks(lines: AxiaLines) -> Iterator[Block]:
    numbers: list[int] = []
    held: list[bytes] = []
    size = 0
    for number, line in lines:
        numbers.append(number)
        held.append(line)
        size += len(line)
        if len(held) == BLOCK_LINES or size >= BLOCK_BYTES:
            yield Block(file_name=lines.path.name, numbers=numbers, lines=held)
            numbers, held, size = [], [], 0
    if held:
        yield Block(file_name=lines.path.name, numbers=numbers, lines=held)


class _Measure:
    """Hands blocks to processes, two to each at most; while it waits it gives its caller a turn."""

    def __init__(self, processes: int, grid_kind: GridKind) -> None:
        self._grid_kind = grid_kind
        self._most = 2 * processes
        self._threads = ThreadPoolExecutor(max(processes, 1))
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        self._all: list[subprocess.Popen[bytes]] = []
        self._books = threading.Lock()
        self._under_way: set[Future[None]] = set()

    def __call__(self, block: Block | None, kept: Path | None) -> Iterator[None]:
        """Take a block as soon as there is room; None waits for all."""
        if block is not None and kept is not None and not self._most:
            keep_block(block, self._grid_kind, kept)
            return
        room = 0 if block is None else self._most - 1
        while len(self._under_way) > room:
            done, self._under_way = wait(self._under_way, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            yield
        if block is not None and kept is not None:
            self._under_way.add(self._threads.submit(self._keep, block, kept))

    def close(self) -> None:
        """End the processes."""
        with self._books:
            for process in self._all:
                process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._all:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    _close(pipe)
            process.wait()

    def _keep(self, block: Block, kept: Path) -> None:
        process = self._process()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(request(block, self._grid_kind, kept))
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if not answer:
            raise AlignlabError(
                f"The process that measured the lines from {block.numbers[0]} to {block.numbers[-1]} of "
                f"{block.file_name} died (exit code {process.wait()}).",
                remedy="Start again: what is finished is kept.",
            )
        self._idle.put(process)

    def _process(self) -> subprocess.Popen[bytes]:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            process = subprocess.Popen(
                [sys.executable, "-m", "alignlab.ingest.axia_block"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
            with self._books:
                self._all.append(process)
            return process


def _close(pipe: object) -> None:
    try:
        pipe.close()  # type: ignore[attr-defined]
    except BrokenPipeError:
        return  # its process was killed with something left to read


@contextmanager
def _measuring(processes: int, grid_kind: GridKind) -> Iterator[_Measure]:
    measure = _Measure(processes, grid_kind)
    try:
        yield measure
    finally:
        measure.close()
