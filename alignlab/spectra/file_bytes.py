"""Whole files as bytes, gzipped or not, within a limit: nothing is unpacked that is then too large, or of no use."""

from __future__ import annotations

import zlib
from pathlib import Path

from alignlab.errors import InputFileError

_GZIP = b"\x1f\x8b"
#: Packed bytes that are taken at a time, and the largest piece that they are unpacked to.
_STEP, _PIECE = 1024**2, 16 * 1024**2
#: Of gzip: zlib with its header, of the largest window.
_GZIP_WINDOW = 31


def read_whole(path: Path, *, most_bytes: int, begins: bytes = b"", expected: str) -> bytes:
    """Content of a file, unpacked if it is gzipped, whatever its name says.

    Parameters
    ----------
    path : Path
    most_bytes : int
        Largest content, unpacked.
    begins : bytes
        What the content must begin with: a file that begins otherwise is not unpacked further.
    expected : str
        What the file should have been, for messages.

    Raises
    ------
    InputFileError
        If it does not exist, is empty, too large, truncated, damaged, or begins otherwise.
    """
    try:
        if path.stat().st_size > most_bytes:
            raise _too_large(path, most_bytes, expected)
        content = path.read_bytes()
    except FileNotFoundError as problem:
        raise InputFileError(path, "no such file", remedy="Check the path.") from problem
    except IsADirectoryError as problem:
        raise InputFileError(path, "is a folder, not a file") from problem
    except (OSError, ValueError) as problem:
        raise InputFileError(path, f"cannot be read ({getattr(problem, 'strerror', None) or problem})") from problem
    if content.startswith(_GZIP):
        return _unpacked(path, content, most_bytes, begins, expected)
    _check_start(path, content, begins, expected)
    return content


def _unpacked(path: Path, packed: bytes, most_bytes: int, begins: bytes, expected: str) -> bytes:
    pieces: list[bytes] = []
    size = at = 0
    try:
        while packed.startswith(_GZIP, at):
            member, rest = zlib.decompressobj(_GZIP_WINDOW), b""
            while not member.eof:
                if not rest:
                    rest, at = packed[at : at + _STEP], at + _STEP
                piece = member.decompress(rest, _PIECE)
                rest = member.unconsumed_tail
                if not piece and not rest and at >= len(packed) and not member.eof:
                    raise InputFileError(
                        path, "the gzip data end early: the file is truncated", remedy="Fetch it again."
                    )
                if piece and not size:
                    _check_start(path, piece, begins, expected)
                pieces.append(piece)
                size += len(piece)
                if size > most_bytes:
                    raise _too_large(path, most_bytes, expected)
            at = min(at, len(packed)) - len(member.unused_data)
    except zlib.error as problem:
        raise InputFileError(path, f"damaged gzip data ({problem})", remedy="Fetch it again.") from problem
    if packed[at:].strip(b"\0"):
        raise InputFileError(path, "damaged gzip data (something else follows them)", remedy="Fetch it again.")
    content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    _check_start(path, content, begins, expected)
    return content


def _check_start(path: Path, content: bytes, begins: bytes, expected: str) -> None:
    if not content:
        raise InputFileError(path, f"the file is empty; expected {expected}")
    if not content.startswith(begins[: len(content)]):
        raise InputFileError(path, f"not {expected}: it starts with {content[:8]!r}")


def _too_large(path: Path, most_bytes: int, expected: str) -> InputFileError:
    size = f"{most_bytes / 1024**3:g} GB" if most_bytes >= 1024**3 else f"{most_bytes / 1024**2:g} MB"
    return InputFileError(path, f"larger than {size} when unpacked; expected {expected}")
