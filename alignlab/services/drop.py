"""A spectrum that somebody hands in: read, encoded and laid over the map of one session alone.

What is dropped becomes a small survey and the run's view of it, in a folder of the session's own, and is opened with
the classes of every other survey. So its card, its place on the maps, its neighbours and its exports need nothing
special.
"""

from __future__ import annotations

import math
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alignlab.config import Config
from alignlab.errors import AlignlabError, InputFileError
from alignlab.ingest.kept import kept_sources
from alignlab.ingest.records import IngestedSources
from alignlab.progress import OnStep, part_of
from alignlab.services.apply import apply_run
from alignlab.services.drop_reading import ACCEPTED
from alignlab.services.ingest import publish_ingested
from alignlab.services.limited import LimitError, Limits, run_limited
from alignlab.services.workspace import AppliedSurvey, Workspace
from alignlab.spectra.ogip_companions import stem

#: Most files that are taken at once.
MAX_FILES = 60
#: From this percentile on, a source lies outside what the run has seen.
FAR_PERCENT = 95.0
DAY_S = 86_400.0
_READING_SHARE = 0.7
#: Where the reading is done, and how long it may take in seconds.
_TASK = "alignlab.services.drop_reading:read_dropped"
_SECONDS, _SECONDS_PER_FILE = 30, 3
#: So many files may break the process that reads them before the others are given up, too.
_MOST_HARMFUL = 3


@dataclass(frozen=True)
class DroppedFile:
    """A file as it was handed in."""

    name: str
    content: bytes


def dropped_files(paths: Sequence[Path]) -> list[DroppedFile]:
    """Files of this machine, as if they had been handed in.

    Raises
    ------
    InputFileError
        If one cannot be read.
    """
    files = []
    # A file that is named twice, as by a pattern beside its own name, is one file.
    for path in {path.resolve(): path for path in paths}.values():
        try:
            files.append(DroppedFile(path.name, path.read_bytes()))
        except OSError as problem:
            raise InputFileError(path, f"cannot be read ({problem.strerror})", remedy="Check the path.") from problem
    return files


@dataclass(frozen=True, kw_only=True)
class DropOutcome:
    """What became of the files.

    Attributes
    ----------
    applied : AppliedSurvey
        The sources in them, seen with the run's models.
    problems : tuple of str
        One message per file that could not be used, with the remedy.
    notes : tuple of str
        What was missing, assumed or odd, one per source where there is something, with its name.
    """

    applied: AppliedSurvey
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def statements(self) -> tuple[str, ...]:
        """How far each source lies from what the run has seen, in a sentence."""
        return tuple(novelty_words(float(percent)) for percent in self.applied.overlay.novelty_percent)


def interpret(
    workspace: Workspace, files: Sequence[DroppedFile], folder: Path, *, on_step: OnStep | None = None
) -> DropOutcome:
    """Read the spectra in `files`, encode them with the workspace's run and write both into `folder`.

    Responses and backgrounds among the files are matched to their spectra by the names in the headers and by their own
    names; where there is one spectrum alone, also by what they are.

    Parameters
    ----------
    workspace : Workspace
    files : sequence of DroppedFile
    folder : Path
        Of the session; several drops may share it.

    Raises
    ------
    AlignlabError
        If nothing in them can be used; the message names each file and the remedy. Nothing is left behind.
    StoppedError
        If `on_step` returned False.
    """
    _check(files, workspace.config)
    folder.mkdir(parents=True, exist_ok=True)
    grid_kind = workspace.survey.meta.recipe.get("grid_kind", "log")
    with tempfile.TemporaryDirectory(prefix=".incoming.", dir=folder) as incoming:
        saved = _saved(files, _new_folder(Path(incoming) / "files"))
        kept = Path(incoming) / "kept"
        problems = _read(saved, grid_kind=grid_kind, into=kept, on_step=part_of(on_step, 0.0, _READING_SHARE))
        ingested = kept_sources(kept)
    if not len(ingested.sources):
        raise AlignlabError(" ".join(problems), remedy="Nothing was added to the map.")
    name = _free_name(folder / "surveys", str(ingested.sources["name"].iloc[0]))
    outcome = publish_ingested(
        ingested, name=name, root=folder / "surveys", inputs={},
        recipe={"reader": "drop", "grid_kind": grid_kind, "files": [file.name for file in files]},
    )  # fmt: skip
    try:
        overlay = apply_run(
            workspace.run, workspace.survey, outcome.survey, into=folder / "applied",
            on_step=part_of(on_step, _READING_SHARE, 1.0),
        )  # fmt: skip
    except BaseException:
        outcome.survey.close()
        for written in (outcome.survey.folder, folder / "applied" / name):
            shutil.rmtree(written, ignore_errors=True)
        raise
    return DropOutcome(applied=AppliedSurvey(outcome.survey, overlay), problems=tuple(problems), notes=_notes(ingested))


def _read(saved: list[Path], *, grid_kind: str, into: Path, on_step: OnStep | None) -> list[str]:
    """Read the files in a process of their own; what cannot be used, in words. A file that hurts is left out then."""
    problems: list[str] = []
    paths = list(saved)
    while True:
        limits = Limits(wall_s=_SECONDS + _SECONDS_PER_FILE * len(paths))
        arguments = {"paths": [str(path) for path in paths], "grid_kind": grid_kind, "into": str(into)}
        try:
            found = run_limited(_TASK, arguments, what="Reading what was dropped", limits=limits, on_step=on_step)
            return problems + found["problems"]
        except LimitError as error:
            culprit = next((path for path in paths if f"reading {path.name}" == error.doing), None)
            if culprit is None or len(paths) == 1 or len(problems) == _MOST_HARMFUL:
                raise
            problems.append(str(error))
            paths.remove(culprit)
            shutil.rmtree(into, ignore_errors=True)


def novelty_words(percent: float) -> str:
    """How far a source lies from what the run was trained on, in a sentence."""
    if not math.isfinite(percent):
        return "How far its spectrum lies from the training set is unknown."
    place = f"farther out than {min(percent, 99.9):.0f}% of the training set" if percent < 99.5 else (
        "farther out than 99% of the training set"
    )  # fmt: skip
    if percent >= FAR_PERCENT:
        return f"Its spectrum is {place}: read its neighbours and estimates with care."
    return f"Its spectrum is within what the run has seen ({place})."


def remove_dropped(applied: AppliedSurvey) -> None:
    """Delete what was written for a drop; whoever has it open keeps what is already read."""
    for folder in (applied.survey.folder, applied.overlay.folder):
        shutil.rmtree(folder, ignore_errors=True)


def session_folder(config: Config, session: str) -> Path:
    """Folder for what one session drops."""
    return config.data_dir / "dropped" / re.sub(r"[^A-Za-z0-9-]", "", session)[:64]


def sweep_dropped(config: Config, *, older_than_s: float = DAY_S) -> list[Path]:
    """Delete the folders of sessions in which nothing was dropped for so long; return them."""
    root = config.data_dir / "dropped"
    swept = []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        touched = max((path.stat().st_mtime for path in (folder, *folder.glob("*")) if path.exists()), default=0.0)
        if time.time() - touched > older_than_s:
            shutil.rmtree(folder, ignore_errors=True)
            swept.append(folder)
    return swept


def _check(files: Sequence[DroppedFile], config: Config) -> None:
    if not files:
        raise AlignlabError("No file was handed in.", remedy=f"Drop a spectrum: {ACCEPTED}.")
    if len(files) > MAX_FILES:
        raise AlignlabError(
            f"{len(files)} files are more than {MAX_FILES}.",
            remedy="Make a survey of them with 'alignlab ingest ogip'.",
        )
    for file in files:
        if len(file.content) > config.max_upload_mb * 1e6:
            raise AlignlabError(
                f"{file.name} has {len(file.content) / 1e6:,.0f} MB; at most {config.max_upload_mb} are taken.",
                remedy="Cut out one source first, with 'alignlab ingest events' for an event list.",
            )


def _new_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _saved(files: Sequence[DroppedFile], folder: Path) -> list[Path]:
    """The files in a folder, under their own names, which may not lead elsewhere."""
    paths: list[Path] = []
    for number, file in enumerate(files):
        own = re.sub(r"[\x00-\x1f:*?\"<>|]", "_", re.split(r"[/\\]", file.name)[-1]).lstrip(".")[-120:]
        path = folder / (own or f"file{number + 1}")
        while path in paths:
            path = path.with_name(f"{number + 1}_{path.name}")
        path.write_bytes(file.content)
        paths.append(path)
    return paths


def _free_name(root: Path, source: str) -> str:
    """A survey's name after a source, such as ``dropped-3C186``, that no other drop of the session has."""
    own = re.sub(r"[^A-Za-z0-9.+-]", "", source.replace("+", "p"))[:40].strip(".-") or stem(Path("spectrum"))
    name, number = f"dropped-{own}", 2
    while (root / name).exists():
        name, number = f"dropped-{own}-{number}", number + 1
    return name


def _notes(ingested: IngestedSources) -> tuple[str, ...]:
    sources = ingested.sources
    return tuple(f"{name}: {notes}" for name, notes in zip(sources["name"], sources["notes"], strict=True) if notes)
