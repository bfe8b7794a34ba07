"""A survey of the sources of an Axia corpus, written block by block: its size does not matter."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.ingest.assemble import unique_names
from alignlab.ingest.axia_stream import AxiaBlocks, stream_axia
from alignlab.ingest.kept import kept_array, kept_problems, kept_table
from alignlab.ingest.records import Problem
from alignlab.progress import OnStep, part_of, report
from alignlab.spectra.grid import N_BINS, GridKind, minmax_normalise
from alignlab.store.artefact import Meta, sha256_of
from alignlab.store.streams import ArrayBlocks, PhotonBlocks
from alignlab.store.survey import Survey, SurveyContents, write_survey

#: Problems that are told one by one; of the rest only the number.
MAX_PROBLEMS = 1000
_READING_SHARE = 0.95


def publish_axia(
    path: Path,
    *,
    name: str,
    root: Path,
    grid_kind: GridKind,
    replace: bool = False,
    checkpoint: Path | None = None,
    processes: int | None = None,
    on_step: OnStep | None = None,
) -> tuple[Survey, tuple[str, ...]]:
    """Make the survey; returns it, and a message for each line that was left out.

    Parameters
    ----------
    checkpoint : Path, optional
        Folder in which the work so far is kept until the survey is there, and taken up again.
    processes : int, optional
        As in `alignlab.ingest.axia_stream.stream_axia`.

    Raises
    ------
    AlignlabError
        If the file cannot be opened, no line is of use, or the name is taken.
    StoppedError
        If `on_step` returned False.
    """
    with tempfile.TemporaryDirectory(prefix=".axia.", dir=_made(checkpoint or root)) as scratch:
        folder = Path(scratch) if checkpoint is None else checkpoint / "blocks"
        reading = part_of(on_step, 0.0, _READING_SHARE)
        blocks = stream_axia(path, grid_kind=grid_kind, folder=folder, processes=processes, on_step=reading)
        problems = _told(blocks, path.name)
        contents = _contents(blocks)
        if not len(contents.sources):
            raise AlignlabError(
                f"No source could be read. {' '.join(problems)}", remedy="Nothing was written; check the files."
            )
        report(part_of(on_step, _READING_SHARE, 1.0), 0, 1, f"writing {len(contents.sources):,} sources")
        meta = Meta(
            kind="survey", name=name, simulated=False, recipe={"reader": "axia", "grid_kind": grid_kind},
            inputs_sha256={path.name: sha256_of(path)},
        )  # fmt: skip
        return write_survey(contents, meta, root, replace=replace), problems


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _told(blocks: AxiaBlocks, file_name: str) -> tuple[str, ...]:
    last = () if blocks.problem is None else (blocks.problem,)
    problems: list[Problem] = []
    n_more = 0
    for found in (*(kept_problems(folder) for folder in blocks.folders), last):
        room = MAX_PROBLEMS - len(problems)
        problems += found[:room]
        n_more += max(len(found) - room, 0)
    if n_more:
        problems.append(Problem(file_name, f"{n_more} more lines could not be used"))
    return tuple(str(problem) for problem in problems)


def _contents(blocks: AxiaBlocks) -> SurveyContents:
    """The tables of all blocks, one below the other; what is wide comes a block at a time."""
    folders = blocks.folders
    sources = _stacked(folders, "sources")
    if len(sources):
        sources["name"] = unique_names(
            sources["name"].tolist(), sources["obsid"].tolist(), sources["source_file"].tolist()
        )
        sources = sources.astype({"name": "str"})
    per_source = [np.diff(kept_array(folder, "offsets")) for folder in folders]
    offsets = np.cumsum(np.concatenate([np.zeros(1, np.int64), *per_source]))

    def arrays(kind: str) -> Iterator[NDArray]:
        for folder in folders:
            array = kept_array(folder, "counts" if kind == "spectra" else kind)
            yield minmax_normalise(array) if kind == "spectra" else array

    def photons() -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        for folder in folders:
            yield kept_array(folder, "time_s"), kept_array(folder, "energy_kev")

    shape = (len(sources), N_BINS)
    return SurveyContents(
        # Nothing is trained on a survey of one's own files: all of it is there to be looked at.
        sources=sources.assign(split="test"),
        variables=_stacked(folders, "variables"),
        limits=_stacked(folders, "limits"),
        catalogued=_stacked(folders, "catalogued"),
        photons=PhotonBlocks(offsets=offsets, blocks=photons),
        arrays={
            kind: ArrayBlocks(shape=shape, dtype=np.float32, blocks=partial(arrays, kind))
            for kind in ("spectra", "counts", "background")
        },
    )


def _stacked(folders: tuple[Path, ...], name: str) -> pd.DataFrame:
    tables = [kept_table(folder, name) for folder in folders]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
