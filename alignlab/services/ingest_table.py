"""Somebody's table of sources: with spectra it becomes a survey; without, its values are laid beside one that is there.

A survey never changes: what a table adds to one makes a copy of it under a new name.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, cast

import numpy as np
import pandas as pd

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.ingest.assemble import assemble
from alignlab.ingest.source_table import read_source_table
from alignlab.ingest.table_mapping import MappedTable, map_table, parse_pairs
from alignlab.ingest.table_sources import table_sources
from alignlab.progress import OnStep, part_of, report
from alignlab.services.gather.stage import StagePlan
from alignlab.services.ingest import IngestOutcome, check_free, publish_ingested
from alignlab.services.table_match import TableMatch, match_table
from alignlab.spectra.grid import GridKind, energy_grid
from alignlab.store.artefact import Meta, sha256_of
from alignlab.store.survey import Survey, write_survey
from alignlab.training.recipe_base import Range, Recipe
from alignlab.variables import LIMIT_NAMES, VARIABLE_NAMES


@dataclass(frozen=True, kw_only=True)
class TableSettings(Recipe):
    """Which table, what its columns mean, and what to lay it beside.

    Attributes
    ----------
    file : str
    map : tuple of str
        ``ours=theirs``, such as ``hard_hs=HS``.
    unit : tuple of str
        ``theirs=unit``, such as ``NH=cm-2``.
    beside : str
        Survey that a table without spectra is laid beside; "" for none.
    radius_arcsec : float
        Of the match by position.
    grid : {"log", "linear"}
    """

    name: str = "table"
    file: str = ""
    map: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    beside: str = ""
    radius_arcsec: float = 2.0
    grid: str = "log"

    RANGES: ClassVar[dict[str, Range]] = {"radius_arcsec": (0.01, 60.0)}
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"grid": ("log", "linear")}
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for these settings; the result does not depend on it.",
        "file": "Table of sources in FITS, VOTable, ECSV, Parquet or CSV.",
        "map": "What a column holds, as OURS=THEIRS, such as hard_hs=HS; others are found by their names and UCDs.",
        "unit": "Unit of a column, as THEIRS=UNIT in astropy's words, such as NH=cm-2, in place of the file's.",
        "beside": "Survey that a table without spectra is laid beside, as catalogued values in a copy of it.",
        "radius_arcsec": "Radius in arcsec within which a row without the source's name is still the source's.",
        "grid": "Spacing of the 400 energy bins of a table with spectra.",
    }

    @property
    def mapping(self) -> dict[str, str]:
        """Our name → their column."""
        return parse_pairs(self.map, option="--map", example="hard_hs=HS")

    @property
    def units(self) -> dict[str, str]:
        """Their column → unit."""
        return parse_pairs(self.unit, option="--unit", example="NH=cm-2")


@dataclass(frozen=True, eq=False, kw_only=True)
class TableOutcome(IngestOutcome):
    """A new survey, what could not be used, and how the table was understood.

    Attributes
    ----------
    match : TableMatch or None
        Which row belongs to which source, where the table was laid beside a survey.
    """

    match: TableMatch | None = None


def plan_table(path: Path, *, settings: TableSettings | None = None) -> StagePlan:
    """What a table would give, without writing anything: its rows, and what its columns are taken for.

    Raises
    ------
    AlignlabError
        If it cannot be read, or its mapping or units are wrong.
    """
    mapped = _mapped(path, settings or TableSettings())
    kind = "it holds no spectra: it can be laid beside a survey (--beside)"
    if _has_spectra(mapped):
        kind = "it holds spectra: a survey can be made of it"
    return StagePlan(
        what="sources", n_wanted=mapped.table.n_rows, n_requests=0, n_bytes=path.stat().st_size,
        notes=(kind, *mapped.notes),
    )  # fmt: skip


def ingest_table(
    path: Path,
    *,
    name: str,
    config: Config,
    settings: TableSettings | None = None,
    replace: bool = False,
    on_step: OnStep | None = None,
) -> TableOutcome:
    """Make a survey of a table.

    With spectra, each row becomes a source; the values of the 20 variables in the table stand beside the measured ones
    as catalogued. Without spectra, the table needs a survey to be laid beside (`TableSettings.beside`): the new survey
    is a copy of that one, with the table's values as catalogued and its classes where the survey has none.

    Parameters
    ----------
    path : Path
    name : str
        Of the new survey.
    settings : TableSettings, optional
        Its file is not read.
    replace : bool
        Whether a survey of that name may be replaced.

    Raises
    ------
    AlignlabError
        If the name is taken, the table cannot be read, mapped or converted, or nothing of it can be used.
    StoppedError
        If `on_step` returned False.
    """
    settings = settings or TableSettings()
    check_free(name, config, replace)
    report(on_step, 0, 100, f"reading {path.name}")
    mapped = _mapped(path, settings)
    making = _Making(
        mapped=mapped, settings=settings, name=name, config=config, inputs={path.name: sha256_of(path)},
        replace=replace, on_step=on_step,
    )  # fmt: skip
    if settings.beside:
        return making.copy_beside()
    if _has_spectra(mapped):
        return making.survey()
    raise mapped.table.error(
        "it holds no spectra, of which alone a survey can be made",
        remedy="Lay it beside a survey (--beside SURVEY), or name the column of spectra (--map spectrum=COLUMN).",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Making:
    """A table that is to become a survey."""

    mapped: MappedTable
    settings: TableSettings
    name: str
    config: Config
    inputs: dict[str, str]
    replace: bool
    on_step: OnStep | None

    def survey(self) -> TableOutcome:
        """One of the table's own spectra."""
        grid = energy_grid(cast(GridKind, self.settings.grid))
        found = table_sources(self.mapped, grid)
        ingested = assemble(
            found.pieces, grid=grid, problems=found.problems, with_catalogue=bool(self._variables()),
            on_step=part_of(self.on_step, 0.1, 1.0),
        )  # fmt: skip
        recipe: dict[str, object] = {"reader": "table", "grid_kind": self.settings.grid, **self._told()}
        outcome = publish_ingested(
            ingested, name=self.name, root=self.config.surveys_dir, recipe=recipe, inputs=self.inputs,
            replace=self.replace,
        )  # fmt: skip
        notes = (*self.mapped.notes, *found.notes, *self._limit_notes())
        return TableOutcome(survey=outcome.survey, problems=outcome.problems, notes=notes)

    def copy_beside(self) -> TableOutcome:
        """A copy of the survey that the table is laid beside, with the table's values."""
        if self.name == self.settings.beside:
            raise AlignlabError(f"Survey {self.name!r} never changes.", remedy="Give the copy another name.")
        survey = Survey.open(self.config.surveys_dir / self.settings.beside)
        try:
            report(self.on_step, 10, 100, "matching")
            match = self._match(survey)
            classes, class_notes = _classes(survey, self.mapped, match)
            contents = dataclasses.replace(
                survey.contents(),
                sources=survey.sources.assign(source_class=classes),
                catalogued=_catalogued(survey, self.mapped, match),
            )
            report(self.on_step, 50, 100, "saving the survey")
            made = write_survey(contents, self._meta(survey, match), self.config.surveys_dir, replace=self.replace)
        finally:
            survey.close()
        words = (
            f"{match.n_matched:,} of {len(match.row):,} sources have a row; "
            f"{match.n_rows_used:,} of {match.n_rows:,} rows were used"
        )
        report(self.on_step, 100, 100, "ready")
        notes = (*self.mapped.notes, words, *class_notes, *self._limit_notes())
        return TableOutcome(survey=made, problems=match.notes, notes=notes, match=match)

    def _match(self, survey: Survey) -> TableMatch:
        match = match_table(survey, self.mapped, radius_arcsec=self.settings.radius_arcsec)
        if not match.n_matched:
            raise self.mapped.table.error(
                f"none of its {match.n_rows:,} rows belongs to a source of survey {survey.name!r}, by name or within "
                f"{self.settings.radius_arcsec:g} arcsec",
                remedy="Check names and positions, or widen the radius (--radius-arcsec).",
            )
        return match

    def _meta(self, survey: Survey, match: TableMatch) -> Meta:
        told = {**self._told(), "beside": survey.name, "matched": match.n_matched}
        told["radius_arcsec"] = self.settings.radius_arcsec
        return Meta(
            kind="survey", name=self.name, simulated=survey.simulated, seed=survey.meta.seed,
            recipe={**survey.meta.recipe, "catalogue": told},
            inputs_sha256={**self.inputs, f"survey {survey.name}": survey.digest},
        )  # fmt: skip

    def _told(self) -> dict[str, object]:
        return {"columns": self.mapped.columns, "table_notes": list(self.mapped.notes)}

    def _variables(self) -> list[str]:
        return [name for name in VARIABLE_NAMES if name in self.mapped.columns]

    def _limit_notes(self) -> list[str]:
        held = [name for name in LIMIT_NAMES if name in self.mapped.columns]
        if not held:
            return []
        return [f"{len(held)} columns of limits were checked, but a survey keeps limits of measured values alone"]


def _mapped(path: Path, settings: TableSettings) -> MappedTable:
    mapped = map_table(read_source_table(path), mapping=settings.mapping, units=settings.units)
    if "name" not in mapped.columns and not {"ra", "dec"} <= set(mapped.columns) and not _has_spectra(mapped):
        listed = ", ".join(mapped.table.columns) or "none"
        raise mapped.table.error(
            f"neither names nor positions of sources in it (columns: {listed})",
            remedy="Say which columns they are: --map name=COLUMN --map ra=COLUMN --map dec=COLUMN.",
        )
    return mapped


def _has_spectra(mapped: MappedTable) -> bool:
    return "spectrum" in mapped.columns


def _catalogued(survey: Survey, mapped: MappedTable, match: TableMatch) -> pd.DataFrame:
    """The survey's catalogued values, and in their place those of the table where it has some."""
    old = survey.catalogued
    values = np.full((survey.n_sources, len(VARIABLE_NAMES)), np.nan, np.float32) if old is None else old.copy()
    rows = np.flatnonzero(match.row >= 0)
    for column, name in enumerate(VARIABLE_NAMES):
        if name in mapped.columns:
            given = mapped.number(name)[match.row[rows]]
            known = np.isfinite(given)
            values[rows[known], column] = given[known]
    return pd.DataFrame(values, columns=list(VARIABLE_NAMES))


def _classes(survey: Survey, mapped: MappedTable, match: TableMatch) -> tuple[list[str], list[str]]:
    """The survey's classes, and the table's where it has none; where both have one and differ, that is told."""
    old = survey.sources["source_class"].fillna("").astype(str).tolist()
    given = [*mapped.text("source_class").tolist(), ""]
    new = [given[row] if row >= 0 else "" for row in match.row]
    filled = sum(1 for a, b in zip(old, new, strict=True) if b and not a)
    differ = sum(1 for a, b in zip(old, new, strict=True) if a and b and a.casefold() != b.casefold())
    notes = [f"{filled:,} sources without a class got the table's"] if filled else []
    if differ:
        notes.append(f"{differ:,} sources keep the survey's class, where the table has another")
    return [a or b for a, b in zip(old, new, strict=True)], notes
