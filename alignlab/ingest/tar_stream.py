"""Files of a tar package, one after the other, within limits whatever the package claims.

Only regular files are handed on, with the last part of their name; nothing is ever written here. Python's own module
reads extended headers into memory, however long they say they are, and offers links and devices: neither is wanted of
a stranger's package.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from alignlab.errors import InputFileError

_BLOCK, _PIECE = 512, 1 << 16
_REGULAR = (b"0", b"\0", b"7")


class TarMember:
    """A regular file of a package; read it before the next one is asked for.

    Attributes
    ----------
    name : str
        The last part of its name, as it is written there: check it before it becomes a file's name.
    size : int
        In bytes.
    """

    def __init__(self, name: str, size: int, stream: _Bounded) -> None:
        self.name, self.size, self._stream, self._left = name, size, stream, size

    def pieces(self) -> Iterator[bytes]:
        """Its content, a piece at a time."""
        while self._left:
            piece = self._stream.exactly(min(self._left, _PIECE))
            self._left -= len(piece)
            yield piece

    def skip(self) -> None:
        """Leave out what has not been read."""
        for _ in self.pieces():
            pass


def tar_members(path: Path, *, max_bytes: int, max_members: int = 10_000) -> Iterator[TarMember]:
    """Regular files of a package, which may be gzipped.

    Parameters
    ----------
    max_bytes : int
        Of the whole package when it is unpacked.

    Raises
    ------
    InputFileError
        If it is no tar package, is cut off, or larger than allowed.
    """
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        # gzip.GzipFile reads as much as it is asked for: a bomb goes off in small pieces.
        stream = _Bounded(gzip.GzipFile(fileobj=file) if is_packed else file, path, max_bytes)  # type: ignore[arg-type]
        for n_members in range(max_members + 1):
            header = stream.up_to(_BLOCK)
            # The end is two empty blocks; some writers leave them out.
            if not header.strip(b"\0") and (n_members or header):
                return
            name, size, kind = _read_header(header, path)
            member = TarMember(name.rpartition("/")[2], size, stream)
            if kind in _REGULAR and not name.endswith("/"):
                yield member
            member.skip()
            stream.exactly(-size % _BLOCK)
        raise InputFileError(path, f"holds more than {max_members:,} files")


class _Bounded:
    """Reads exactly so much, and never more in all than allowed."""

    def __init__(self, stream: BinaryIO, path: Path, max_bytes: int) -> None:
        self._stream, self._path, self._left, self._most = stream, path, max_bytes, max_bytes

    def up_to(self, n: int) -> bytes:
        try:
            found = self._stream.read(n)
        except (OSError, EOFError, zlib.error) as error:
            raise InputFileError(self._path, f"is cut off or damaged ({error})") from error
        self._left -= len(found)
        if self._left < 0:
            raise InputFileError(self._path, f"unpacks to more than {self._most:,} bytes")
        return found

    def exactly(self, n: int) -> bytes:
        found = self.up_to(n) if n else b""
        if len(found) != n:
            raise InputFileError(self._path, "ends in the middle of a file")
        return found


def _read_header(header: bytes, path: Path) -> tuple[str, int, bytes]:
    """Name, size and type of a member."""
    if len(header) < _BLOCK:
        raise InputFileError(path, "is no tar package, or is cut off")
    told = _number(header[148:156])
    if told != sum(header[:148]) + sum(header[156:]) + 8 * ord(" "):
        raise InputFileError(path, "is no tar package, or is damaged (a header's checksum is wrong)")
    size = _number(header[124:136])
    if size is None or size < 0:
        raise InputFileError(path, "has a file of no known size")
    return header[:100].partition(b"\0")[0].decode("utf-8", "replace"), size, header[156:157]


def _number(field: bytes) -> int | None:
    """A number as tar writes it: octal digits, or binary after a first byte of 128."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    try:
        return int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        return None
