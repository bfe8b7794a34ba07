"""The lines of a corpus, gzipped or not, in constant memory, up to where the file is damaged."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO, cast

from alignlab.errors import InputFileError
from alignlab.ingest.records import Problem

#: Longest line that is read, in bytes: a hundred times that of the brightest source of the corpus.
MAX_LINE_BYTES = 256 * 1024**2


class AxiaLines:
    """The lines of a corpus with their numbers, one after the other; empty ones are passed over.

    Attributes
    ----------
    problem : Problem or None
        Why the reading ended early, once it has.

    Raises
    ------
    InputFileError
        If the file cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.problem: Problem | None = None
        self._file = _open(self.path)
        self._size = max(self.path.stat().st_size, 1)

    def where(self, number: int) -> str:
        """A line, for messages."""
        return f"{self.path.name}, line {number}"

    @property
    def share(self) -> float:
        """How much of the file is read, 0 to 1."""
        return 1.0 if self._file.closed else min(self._file.tell() / self._size, 1.0)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        with self._file, _unpacked(self._file) as stream:
            for number in count(1):
                try:
                    line = stream.readline(MAX_LINE_BYTES)
                except (EOFError, OSError, zlib.error) as problem:
                    told = f"the file ends early or is damaged from here on ({problem})"
                    self.problem = Problem(self.where(number), told)
                    return
                if not line:
                    return
                if len(line) == MAX_LINE_BYTES:
                    told = f"longer than {MAX_LINE_BYTES // 1024**2} MB; expected one JSON object a line"
                    self.problem = Problem(self.where(number), told)
                    return
                if not line.isspace():
                    yield number, line


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as problem:
        raise InputFileError(path, "no such file", remedy="Check the path.") from problem
    except IsADirectoryError as problem:
        raise InputFileError(path, "is a folder; expected corpus.jsonl or corpus.jsonl.gz") from problem
    except OSError as problem:
        raise InputFileError(path, f"cannot be read ({problem.strerror or problem})") from problem


def _unpacked(file: BinaryIO) -> BinaryIO:
    """What is in a file that is open at its start, gzipped or not."""
    compressed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=file)) if compressed else file
