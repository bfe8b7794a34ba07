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
from alignlab.ingest.ogip import spectra_to_contents
from alignlab.ingest.records import IngestedSources
from alignlab.progress import OnStep, part_of, report
from alignlab.services.apply import apply_run
from alignlab.services.ingest import publish_ingested
from alignlab.services.workspace import AppliedSurvey, Workspace
from alignlab.spectra.fits_tables import Table, read_tables
from alignlab.spectra.grid import energy_grid
from alignlab.spectra.ogip_companions import find_companion, stem

#: Most files that are taken at once.
MAX_FILES = 60
#: What may be dropped, in words for a person.
ACCEPTED = "PHA with ARF, RMF and background; FITS or CSV of energy and rate; event list"
#: From this percentile on, a source lies outside what the run has seen.
FAR_PERCENT = 95.0
DAY_S = 86_400.0
_READING_SHARE = 0.7


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
    for path in paths:
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
        paths = _saved(files, Path(incoming))
        report(on_step, 0, 100, "looking at the files")
        kinds = {path: _kind(path) for path in paths}
        problems = [_refusal(path, kind) for path, kind in kinds.items() if kind.refusal]
        usable = [path for path, kind in kinds.items() if kind.what in ("spectrum", "other") and not kind.refusal]
        if not usable:
            raise AlignlabError(_nothing_usable(kinds, problems), remedy=f"Drop a spectrum: {ACCEPTED}.")
        ingested = spectra_to_contents(
            usable,
            grid=energy_grid(grid_kind),
            companions=_companions(kinds),
            on_step=part_of(on_step, 0.0, _READING_SHARE),
        )
    problems += [str(problem) for problem in ingested.problems]
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


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """What a file is: ``spectrum``, ``background``, ``arf``, ``rmf`` or ``other`` (events, table, or nothing known)."""

    what: str
    refusal: str = ""


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
                remedy="Cut out one source first, or ingest the file with 'alignlab ingest ogip'.",
            )


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


def _kind(path: Path) -> _Kind:
    try:
        tables = read_tables(path, columns=("COUNTS", "RATE")).tables
    except InputFileError:
        return _Kind(what="other")
    columns = {name for table in tables for name in table.column_names}
    spectra = [table for table in tables if {"COUNTS", "RATE"} & set(table.columns) and "CHANNEL" in table.column_names]
    rows = max((_spectra_in(table) for table in tables), default=1)
    if rows > 1:
        return _Kind(what="spectrum", refusal=f"a type II file with {rows} spectra")
    if "MATRIX" in columns and "F_CHAN" in columns:
        return _Kind(what="rmf")
    if "SPECRESP" in columns:
        return _Kind(what="arf")
    if not spectra:
        return _Kind(what="other")
    named = re.search(r"(_bk?g|_back(ground)?)\b|_bkg_|bkg\.", path.name.lower()) is not None
    is_background = all(table.text("HDUCLAS2").upper() == "BKG" for table in spectra)
    return _Kind(what="background" if is_background or named else "spectrum")


def _spectra_in(table: Table) -> int:
    """Number of spectra in a table, one per row where a row is a spectrum."""
    for name in ("COUNTS", "RATE"):
        column = table.columns.get(name)
        if column is not None and (isinstance(column, list) or (column.ndim == 2 and column.shape[1] > 1)):
            return len(column)
    return 1


def _refusal(path: Path, kind: _Kind) -> str:
    remedy = "Write the one you mean to a file of its own (type I), for example with dmtype2split."
    return f"{path.name}: {kind.refusal}. {remedy}"


def _nothing_usable(kinds: dict[Path, _Kind], problems: list[str]) -> str:
    names = {"arf": "an effective area (ARF)", "rmf": "a response matrix (RMF)", "background": "a background spectrum"}
    alone = [
        f"{path.name} is {names[kind.what]}, no spectrum of a source."
        for path, kind in kinds.items()
        if kind.what in names
    ]
    return " ".join([*problems, *alone])


def _companions(kinds: dict[Path, _Kind]) -> dict[Path, dict[str, Path]]:
    """For the only spectrum, the only file of each kind that neither its header nor its name leads to."""
    spectra = [path for path, kind in kinds.items() if kind.what == "spectrum" and not kind.refusal]
    if len(spectra) != 1:
        return {}
    chosen = {}
    header = _header_of(spectra[0])
    keywords = {"arf": ("ARF", "ANCRFILE"), "rmf": ("RMF", "RESPFILE"), "background": ("background", "BACKFILE")}
    for what, (label, keyword) in keywords.items():
        candidates = [path for path, kind in kinds.items() if kind.what == what]
        named = "" if header is None else header.text(keyword)
        if len(candidates) == 1 and find_companion(spectra[0], named=named, kind=label).path is None:
            chosen[what] = candidates[0]
    return {spectra[0]: chosen} if chosen else {}


def _header_of(path: Path) -> Table | None:
    tables = read_tables(path, columns=()).tables
    return next((table for table in tables if "CHANNEL" in table.column_names), None)


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
