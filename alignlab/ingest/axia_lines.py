"""The lines of a corpus, gzipped or not, in constant memory, up to where the file is damaged."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from alignlab.errors import InputFileError
from alignlab.ingest.records import Problem

#: Longest line that is read, in bytes: a hundred times that of the brightest source of the corpus.
MAX_LINE_BYTES = 256 * 1024**2
#: Bytes that are read at a time, and the largest piece that they are unpacked to.
_STEP, _PIECE = 256 * 1024, 4 * 1024**2
_GZIP = b"\x1f\x8b"
#: Of gzip: zlib with its header, of the largest window.
_GZIP_WINDOW = 31


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
        number, held = 1, b""
        with self._file:
            try:
                for piece in _pieces(self._file):
                    first, *others = piece.split(b"\n")
                    *lines, held = held + first, *others
                    for line in lines:
                        if line and not line.isspace():
                            yield number, line
                        number += 1
                    if len(held) > MAX_LINE_BYTES:
                        told = f"longer than {MAX_LINE_BYTES // 1024**2} MB; expected one JSON object a line"
                        self.problem = Problem(self.where(number), told)
                        return
            except (EOFError, OSError, zlib.error) as problem:
                told = f"the file ends early or is damaged from here on ({problem})"
                self.problem = Problem(self.where(number), told)
                return
            if held and not held.isspace():
                yield number, held


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as problem:
        raise InputFileError(path, "no such file", remedy="Check the path.") from problem
    except IsADirectoryError as problem:
        raise InputFileError(path, "is a folder; expected corpus.jsonl or corpus.jsonl.gz") from problem
    except OSError as problem:
        raise InputFileError(path, f"cannot be read ({problem.strerror or problem})") from problem


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """What is in a file that is open at its start, unpacked if it is gzipped, in large pieces."""
    packed = file.read(_STEP)
    if not packed.startswith(_GZIP):
        while packed:
            yield packed
            packed = file.read(_STEP)
        return
    while packed.startswith(_GZIP):
        member = zlib.decompressobj(_GZIP_WINDOW)
        while not member.eof:
            piece = member.decompress(packed, _PIECE)
            yield piece
            packed = member.unconsumed_tail or (member.unused_data if member.eof else file.read(_STEP))
            if not piece and not packed and not member.eof:
                raise EOFError("the gzip data are cut off")
        packed = packed.lstrip(b"\0")
        if len(packed) < len(_GZIP):
            packed += file.read(_STEP)
    if packed.strip(b"\0"):
        raise EOFError("something else follows the gzip data")
