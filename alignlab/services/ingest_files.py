"""Surveys of files that a person has, by the name of their reader: for the command line and for jobs.

Readers are imported when they are used: naming them need not wait.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep
from alignlab.services.gather.stage import StagePlan
from alignlab.spectra.grid import GridKind
from alignlab.training.recipe_base import Range, Recipe

if TYPE_CHECKING:
    from alignlab.services.ingest import IngestOutcome

_GRIDS: dict[str, tuple[str, ...]] = {"grid": ("log", "linear")}
_GRID_MEANING = "Spacing of the 400 energy bins."
_NAME_MEANING = "A word for these settings; the survey does not depend on it."
#: Settings that name files.
PATH_FIELDS = ("files", "file", "classes", "positions")


@dataclass(frozen=True, kw_only=True)
class OgipSettings(Recipe):
    """Spectra in OGIP files: `files` may be folders; background, ARF and RMF are found through the headers."""

    name: str = "ogip"
    files: tuple[str, ...] = ()
    grid: str = "log"

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = _GRIDS
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": _NAME_MEANING,
        "files": "Spectra (PHA or PI, gzipped or not), event files, tables, or folders of them.",
        "grid": _GRID_MEANING,
    }


@dataclass(frozen=True, kw_only=True)
class AxiaSettings(Recipe):
    """The Axia corpus."""

    name: str = "axia"
    file: str = ""
    grid: str = "log"

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = _GRIDS
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": _NAME_MEANING,
        "file": "corpus.jsonl, gzipped or not.",
        "grid": _GRID_MEANING,
    }


@dataclass(frozen=True, kw_only=True)
class CscTableSettings(Recipe):
    """A table of catalogued detections, whose photons and literature are simulated."""

    name: str = "csc-table"
    file: str = ""
    classes: str = ""
    grid: str = "log"
    seed: int = 7

    RANGES: ClassVar[dict[str, Range]] = {"seed": (0, 2**31 - 1)}
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = _GRIDS
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": _NAME_MEANING,
        "file": "Table of detections of the Chandra Source Catalog.",
        "classes": "Table with the sources' real classes, by name.",
        "grid": _GRID_MEANING,
        "seed": "Of photons, texts and split.",
    }


@dataclass(frozen=True, kw_only=True)
class FileReader:
    """A way to make a survey of files.

    Attributes
    ----------
    name, summary : str
        For the command line, and in one sentence or two.
    place : str
        ``module:class`` of its settings.
    read : callable
        ``read(settings, name=, config=, replace=, on_step=) -> IngestOutcome``.
    plan : callable or None
        ``plan(settings) -> StagePlan`` where more can be told than how many files there are.
    keeps_checkpoint : bool
        Whether `read` takes a folder ``checkpoint=`` from which it goes on after a kill.
    """

    name: str
    summary: str
    place: str
    read: Callable[..., IngestOutcome]
    plan: Callable[[Any], StagePlan] | None = None
    keeps_checkpoint: bool = False

    @property
    def settings(self) -> type[Recipe]:
        """Class of its settings; its first field that names files is what it reads."""
        module, _, name = self.place.partition(":")
        found: type[Recipe] = getattr(importlib.import_module(module), name)
        return found


def file_reader(name: str) -> FileReader:
    """The reader of that name.

    Raises
    ------
    AlignlabError
        If there is none.
    """
    if name not in READERS:
        raise AlignlabError(f"There is no reader {name!r}.", remedy=f"Choose one of {', '.join(READERS)}.")
    return READERS[name]


def ingest_files(
    reader: str,
    settings: Recipe,
    *,
    name: str,
    config: Config,
    replace: bool = False,
    checkpoint: Path | None = None,
    on_step: OnStep | None = None,
) -> IngestOutcome:
    """Make the survey `name` of the files that the settings name.

    Parameters
    ----------
    reader : str
        One of `READERS`.
    settings : Recipe
        Of the reader's class.
    name : str
    config : Config
    replace : bool
        Put it in the place of a survey of that name.
    checkpoint : Path, optional
        Folder for what a reader that takes long has finished: called again with it, that one goes on from there.
    on_step : callable, optional

    Raises
    ------
    AlignlabError
        If the name is taken, no file is named, or none can be used.
    """
    from alignlab.services.ingest import check_free

    known = file_reader(reader)
    check_free(name, config, replace)
    if not files_of(settings):
        raise AlignlabError(f"No file is named for {reader}.", remedy="Name what is to be read.")
    kept = {"checkpoint": checkpoint} if known.keeps_checkpoint else {}
    return known.read(settings, name=name, config=config, replace=replace, on_step=on_step, **kept)


def plan_files(reader: str, settings: Recipe) -> StagePlan:
    """What would be read: files and bytes, or more where the reader knows more; nothing is written."""
    if (plan := file_reader(reader).plan) is not None:
        return plan(settings)
    paths = [path for given in files_of(settings) for path in _inside(given)]
    absent = [path for path in paths if not path.is_file()]
    return StagePlan(
        what="files",
        n_wanted=len(paths),
        n_there=len(paths),
        n_requests=0,
        n_bytes=sum(path.stat().st_size for path in paths if path not in absent),
        notes=tuple(f"{path} is not there." for path in absent),
    )


def files_of(settings: Recipe) -> list[Path]:
    """The files that settings name."""
    values = (getattr(settings, name, "") for name in PATH_FIELDS)
    return [Path(value) for each in values for value in (each if isinstance(each, tuple) else (each,)) if value]


def with_whole_paths(settings: Recipe) -> Recipe:
    """The same settings wherever they are read: paths from the root on."""
    whole: dict[str, Any] = {}
    for name in PATH_FIELDS:
        if value := getattr(settings, name, ""):
            several = isinstance(value, tuple)
            whole[name] = tuple(map(_whole, value)) if several else _whole(value)
    return replace(settings, **whole)  # type: ignore[type-var]


def _whole(path: str) -> str:
    return str(Path(path).expanduser().resolve())


def _inside(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_file()) if path.is_dir() else [path]


def _ogip(settings: OgipSettings, **options: Any) -> IngestOutcome:
    from alignlab.services.ingest import ingest_ogip_files

    return ingest_ogip_files(list(map(Path, settings.files)), grid_kind=_grid(settings), **options)


def _axia(settings: AxiaSettings, **options: Any) -> IngestOutcome:
    from alignlab.services.ingest import ingest_axia_file

    return ingest_axia_file(Path(settings.file), grid_kind=_grid(settings), **options)


def _csc_table(settings: CscTableSettings, **options: Any) -> IngestOutcome:
    from alignlab.services.ingest import ingest_csc_table

    classes = Path(settings.classes) if settings.classes else None
    return ingest_csc_table(
        Path(settings.file), classes_path=classes, grid_kind=_grid(settings), seed=settings.seed, **options
    )


def _events(settings: Any, **options: Any) -> IngestOutcome:
    from alignlab.services.ingest_events import ingest_event_files

    return ingest_event_files(list(map(Path, settings.files)), _positions(settings), settings=settings, **options)


def _plan_events(settings: Any) -> StagePlan:
    from alignlab.services.ingest_events import plan_event_files

    return plan_event_files(list(map(Path, settings.files)), _positions(settings))


def _positions(settings: Any) -> Path:
    if not settings.positions:
        raise AlignlabError("No table of positions is named.", remedy="Give one with --positions.")
    return Path(settings.positions)


def _table(settings: Any, **options: Any) -> IngestOutcome:
    from alignlab.services.ingest_table import ingest_table

    return ingest_table(Path(settings.file), settings=settings, **options)


def _plan_table(settings: Any) -> StagePlan:
    from alignlab.services.ingest_table import plan_table

    return plan_table(Path(settings.file), settings=settings)


def _grid(settings: OgipSettings | AxiaSettings | CscTableSettings) -> GridKind:
    return cast(GridKind, settings.grid)


_HERE = __name__
READERS: Mapping[str, FileReader] = {
    reader.name: reader
    for reader in (
        FileReader(
            name="ogip",
            summary="Read OGIP spectra (PHA or PI, .gz too); background, ARF and RMF are found through their headers.",
            place=f"{_HERE}:OgipSettings",
            read=_ogip,
        ),
        FileReader(
            name="axia",
            summary="Read an Axia corpus (corpus.jsonl or corpus.jsonl.gz): photon events with catalogued variables.",
            place=f"{_HERE}:AxiaSettings",
            read=_axia,
            keeps_checkpoint=True,
        ),
        FileReader(
            name="csc-table",
            summary="Read a table of CSC detections and simulate each one's spectrum from its catalogued fit. The "
            "variables stay the real, catalogued ones; photons and literature are simulated.",
            place=f"{_HERE}:CscTableSettings",
            read=_csc_table,
        ),
        FileReader(
            name="events",
            summary="Read level-2 event files and take a quick-look spectrum and light curve at each position.",
            place="alignlab.services.ingest_events:EventsSettings",
            read=_events,
            plan=_plan_events,
        ),
        FileReader(
            name="table",
            summary="Read any table of sources: with spectra it becomes a survey; without, its values are laid beside "
            "a survey's own, in a copy of it.",
            place="alignlab.services.ingest_table:TableSettings",
            read=_table,
            plan=_plan_table,
        ),
    )
}
