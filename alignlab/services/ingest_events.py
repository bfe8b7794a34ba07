"""Event files with positions to surveys: quick-look spectra and light curves of every source in the field."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, cast

from alignlab.config import Config
from alignlab.errors import InputFileError, RecipeError
from alignlab.ingest.assemble import SourcePiece, assemble
from alignlab.ingest.event_sources import ApertureRules, event_sources, off_axis_arcmin
from alignlab.ingest.positions import read_positions
from alignlab.ingest.records import Problem
from alignlab.progress import OnStep, part_of
from alignlab.services.gather.stage import StagePlan
from alignlab.services.ingest import IngestOutcome, check_free, publish_ingested
from alignlab.spectra.event_file import open_event_file
from alignlab.spectra.grid import GridKind, energy_grid
from alignlab.store.artefact import sha256_of
from alignlab.training.recipe_base import Range, Recipe

_READING_SHARE = 0.7
#: Half the width of ACIS: positions within it may be in the field.
_FIELD_ARCMIN = 17.0


@dataclass(frozen=True, kw_only=True)
class EventsSettings(Recipe):
    """Which event files, where to look in them, and how large the apertures are.

    Attributes
    ----------
    files : tuple of str
        Level-2 event files of ACIS.
    positions : str
        Table of name, ra and dec in any format.
    aperture_scale, ring_inner, ring_outer, least_ring_arcsec : float
        See `alignlab.ingest.event_sources.ApertureRules`.
    grid : {"log", "linear"}
    """

    name: str = "events"
    files: tuple[str, ...] = ()
    positions: str = ""
    aperture_scale: float = 1.0
    ring_inner: float = 2.0
    ring_outer: float = 5.0
    least_ring_arcsec: float = 20.0
    grid: str = "log"

    RANGES: ClassVar[dict[str, Range]] = {
        "aperture_scale": (0.2, 10.0),
        "ring_inner": (1.0, 20.0),
        "ring_outer": (1.1, 50.0),
        "least_ring_arcsec": (0.0, 300.0),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"grid": ("log", "linear")}
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for these settings; the spectra do not depend on it.",
        "files": "Level-2 event files of ACIS, gzipped or not.",
        "positions": "Table of name, ra and dec (FITS, VOTable, ECSV, Parquet or CSV).",
        "aperture_scale": "Radius of the aperture, in units of that which holds 90% of a point source's photons.",
        "ring_inner": "Inner radius of the background ring, in units of the aperture's.",
        "ring_outer": "Outer radius of the background ring, in units of the aperture's.",
        "least_ring_arcsec": "The background ring reaches at least so far, in arcsec.",
        "grid": "Spacing of the 400 energy bins.",
    }

    def _check_together(self) -> None:
        if self.ring_outer <= self.ring_inner:
            raise RecipeError(f"ring_outer ({self.ring_outer:g}) must be larger than ring_inner ({self.ring_inner:g})")

    @property
    def rules(self) -> ApertureRules:
        """The sizes, as the reader takes them."""
        return ApertureRules(
            aperture_scale=self.aperture_scale,
            ring_inner=self.ring_inner,
            ring_outer=self.ring_outer,
            least_ring_arcsec=self.least_ring_arcsec,
        )


def plan_event_files(paths: Sequence[Path], positions: Path) -> StagePlan:
    """What event files would give, from their headers alone: how many sources at most, of how many events.

    Raises
    ------
    AlignlabError
        If a file is none of events of ACIS, or the table of positions cannot be used.
    """
    wanted, notes, n_near = read_positions(positions), [], 0
    for path in paths:
        file = open_event_file(path)
        near = int((off_axis_arcmin(file, wanted) <= _FIELD_ARCMIN).sum())
        n_near += near
        notes.append(
            f"{path.name}: {file.events.n_rows:,} events; {near:,} of {len(wanted.names):,} positions within "
            f"{_FIELD_ARCMIN:g} arcmin of the optical axis"
        )
    n_bytes = sum(path.stat().st_size for path in paths)
    return StagePlan(what="sources", n_wanted=n_near, n_requests=0, n_bytes=n_bytes, notes=(*notes, *wanted.notes))


def ingest_event_files(
    paths: Sequence[Path],
    positions: Path,
    *,
    name: str,
    config: Config,
    settings: EventsSettings | None = None,
    replace: bool = False,
    on_step: OnStep | None = None,
) -> IngestOutcome:
    """Make a survey of the sources at `positions` in level-2 event files, a row for each source and file.

    A source outside the field of a file, or without a photon in it, is reported and left out; so is a file that cannot
    be read.

    Parameters
    ----------
    paths : sequence of Path
        Event files.
    positions : Path
        Table of name, ra and dec.
    settings : EventsSettings, optional
        Sizes of the apertures and the grid; its files and positions are not read.

    Raises
    ------
    AlignlabError
        If the name is taken, the table of positions cannot be used, or no source has a photon.
    StoppedError
        If `on_step` returned False.
    """
    settings = settings or EventsSettings()
    check_free(name, config, replace)
    wanted = read_positions(positions)
    grid = energy_grid(cast(GridKind, settings.grid))
    pieces: list[SourcePiece] = []
    problems: list[Problem] = list(wanted.problems)
    read: dict[str, object] = {}
    for k, path in enumerate(paths):
        share = part_of(on_step, _READING_SHARE * k / len(paths), _READING_SHARE * (k + 1) / len(paths))
        try:
            found = event_sources(path, wanted, grid=grid, rules=settings.rules, on_step=share)
        except InputFileError as problem:
            problems.append(Problem(path.name, str(problem).removeprefix(f"{path}: ")))
            continue
        pieces += found.pieces
        problems += found.problems
        read[path.name] = dict(found.facts)
    ingested = assemble(pieces, grid=grid, problems=problems, on_step=part_of(on_step, _READING_SHARE, 1.0))
    inputs = {path.name: sha256_of(path) for path in (*paths, positions) if path.is_file()}
    recipe: dict[str, object] = {
        "reader": "events",
        "grid_kind": settings.grid,
        "apertures": {key: getattr(settings, key) for key in EventsSettings.RANGES},
        "files": read,
    }
    outcome = publish_ingested(
        ingested, name=name, root=config.surveys_dir, recipe=recipe, inputs=inputs, replace=replace
    )
    return dataclasses.replace(outcome, notes=wanted.notes)
