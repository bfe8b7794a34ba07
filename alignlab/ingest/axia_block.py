"""A block of lines of the corpus to measured sources, in this process or in one that waits for blocks.

``python -m alignlab.ingest.axia_block`` reads blocks from its standard input, each a line of JSON and the lines
themselves, keeps what it found in a folder (`alignlab.ingest.kept`) and answers with an empty line. It ends with its
input.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alignlab.errors import InputFileError
from alignlab.ingest.assemble import SourcePiece, assemble
from alignlab.ingest.axia import UnusableLineError, parse_record, record_piece
from alignlab.ingest.kept import keep_sources
from alignlab.ingest.records import IngestedSources, Problem
from alignlab.spectra.grid import EnergyGrid, GridKind, energy_grid


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some lines of a corpus.

    Attributes
    ----------
    file_name : str
    numbers : sequence of int
        Of the lines in the file, from 1.
    lines : sequence of bytes
    """

    file_name: str
    numbers: Sequence[int]
    lines: Sequence[bytes]


def measure_block(block: Block, grid: EnergyGrid) -> IngestedSources:
    """The sources of a block, each under the name that the corpus gives it; lines that are of no use are problems."""
    pieces: list[SourcePiece] = []
    problems: list[Problem] = []
    for number, line in zip(block.numbers, block.lines, strict=True):
        try:
            pieces.append(record_piece(parse_record(line, number), block.file_name, grid))
        except UnusableLineError as problem:
            problems.append(Problem(f"{block.file_name}, line {number}", str(problem)))
        except InputFileError as problem:
            problems.append(Problem(f"{block.file_name}, line {number}", problem.problem))
    return assemble(pieces, grid=grid, problems=problems, with_catalogue=True, names_are_final=False)


def keep_block(block: Block, grid_kind: GridKind, folder: Path) -> None:
    """Measure a block and publish what was found as `folder`, at once."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    keep_sources(measure_block(block, _grid(grid_kind)), partial)
    partial.rename(folder)


_GRIDS: dict[GridKind, EnergyGrid] = {}


def _grid(kind: GridKind) -> EnergyGrid:
    """The grid of a kind, always the same object: what is worked out for it is kept."""
    return _GRIDS.setdefault(kind, energy_grid(kind))


def request(block: Block, grid_kind: GridKind, folder: Path) -> bytes:
    """What a waiting process is sent."""
    asked = {
        "file_name": block.file_name, "numbers": list(block.numbers), "lengths": [len(line) for line in block.lines],
        "grid_kind": grid_kind, "folder": str(folder),
    }  # fmt: skip
    return b"".join([json.dumps(asked).encode(), b"\n", *block.lines])


def main() -> None:
    """Keep blocks until there are no more."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.readline():
        asked = json.loads(head)
        lines = [source.read(length) for length in asked["lengths"]]
        block = Block(file_name=asked["file_name"], numbers=asked["numbers"], lines=lines)
        keep_block(block, asked["grid_kind"], Path(asked["folder"]))
        sink.write(b"\n")
        sink.flush()


if __name__ == "__main__":
    main()
