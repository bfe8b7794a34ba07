"""What a table that leaves the program holds: sources, neighbours or papers, with units, UCDs and provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import astropy.units as u
import numpy as np
import pandas as pd
from astropy.table import MaskedColumn, Table
from numpy.typing import ArrayLike, NDArray

import alignlab
from alignlab.errors import MissingArtefactError
from alignlab.services.sources import N_NEIGHBOURS, Neighbour, applied_source_card, neighbours_of
from alignlab.services.table_files import FORMATS, Format, table_bytes, write_table
from alignlab.services.workspace import AppliedSurvey, Workspace
from alignlab.store.artefact import SCHEMA_VERSION
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLES

__all__ = [
    "FORMATS",
    "Described",
    "Format",
    "described_table",
    "export_overlay_table",
    "export_table",
    "neighbours_table",
    "papers_table",
    "table_bytes",
    "write_table",
]


@dataclass(frozen=True, eq=False, kw_only=True)
class Described:
    """One column of a table.

    Attributes
    ----------
    values : array-like
        Numbers, truth values or text; NaN, None and empty text are missing.
    ucd : str
        IVOA UCD1+.
    description : str
    unit : Unit or None
    """

    values: ArrayLike
    ucd: str
    description: str
    unit: u.UnitBase | None = None


_SOURCE_COLUMNS: dict[str, tuple[u.UnitBase | None, str, str]] = {
    "name": (None, "meta.id;meta.main", "Name of the source."),
    "ra": (u.deg, "pos.eq.ra;meta.main", "Right ascension (ICRS)."),
    "dec": (u.deg, "pos.eq.dec;meta.main", "Declination (ICRS)."),
    "source_class": (None, "src.class", "Class of the source; missing where unknown."),
    "obsid": (None, "meta.id;obs", "Identifier of the observation."),
    "detector": (None, "meta.id;instr.det", "Detector array."),
    "theta_arcmin": (u.arcmin, "pos.angDistance", "Angle from the optical axis."),
    "exposure_s": (u.s, "time.duration;obs.exposure", "Exposure."),
    "counts": (u.ct, "phot.count;em.X-ray", "Counts from 0.5 to 8 keV in the source's aperture, background included."),
    "net_counts": (u.ct, "phot.count;em.X-ray", "Counts from 0.5 to 8 keV, background removed."),
    "split": (None, "meta.code", "Part of the survey: train, calibration, validation or test."),
    "notes": (None, "meta.note", "What the source's file lacked."),
}


def export_table(
    workspace: Workspace,
    rows: NDArray[np.integer] | None = None,
    *,
    url: str = "",
    selection: str = "",
    when: datetime | None = None,
) -> Table:
    """Sources of the run's survey with the 20 variables, measured and estimated, and their places on the maps.

    Parameters
    ----------
    workspace : Workspace
    rows : ndarray of int, optional
        Which sources; all by default.
    url : str
        Address of the page that the table was taken from.
    selection : str
        How the sources were chosen, in words: ``lasso``, ``class AGN``.
    when : datetime, optional
        Time of the export; now by default.

    Returns
    -------
    Table
        Missing values are masked. ``meta`` names survey, run, seed, versions, selection, address and time, and says
        when it is simulated.
    """
    survey, run = workspace.survey, workspace.run
    rows = np.arange(survey.n_sources) if rows is None else np.asarray(rows)
    columns = _source_columns(survey, run.estimates, run.run_id, rows)
    for representation, method in run.projections():
        places = run.projection(representation, method).coordinates[rows]
        for axis, values in zip("xy", places.T, strict=True):
            columns[f"{representation}_{method}_{axis}"] = Described(
                values=values,
                ucd=f"pos.cartesian.{axis}",
                description=f"Place on the {method} map of the representation {representation}, without unit.",
            )
    return described_table(
        workspace, columns, name="sources", url=url, selection=_chosen(rows, survey, selection), when=when
    )


def export_overlay_table(
    workspace: Workspace,
    survey_name: str,
    rows: NDArray[np.integer] | None = None,
    *,
    url: str = "",
    selection: str = "",
    when: datetime | None = None,
) -> Table:
    """Sources of a survey that was laid over the run's, as `export_table`, with their novelty.

    Raises
    ------
    MissingArtefactError
        If the run was not applied to that survey.
    """
    applied = _applied(workspace, survey_name)
    survey = applied.survey
    rows = np.arange(survey.n_sources) if rows is None else np.asarray(rows)
    columns = _source_columns(survey, applied.overlay.estimates, workspace.run.run_id, rows)
    columns["novelty_percent"] = Described(
        values=applied.overlay.novelty_percent[rows],
        ucd="stat.percentile",
        description="Percentage of the run's training sources that lie closer to their neighbours than it does.",
    )
    return described_table(
        workspace,
        columns,
        name="sources",
        survey=survey,
        url=url,
        selection=_chosen(rows, survey, selection),
        when=when,
    )


def neighbours_table(
    workspace: Workspace,
    index: int,
    *,
    overlay: str | None = None,
    representation: str = "both",
    k: int = N_NEIGHBOURS,
    url: str = "",
    when: datetime | None = None,
) -> Table:
    """The `k` sources of the run's survey that are nearest to a source in a representation, nearest first.

    Parameters
    ----------
    index : int
        Index of the source in the run's survey, or in the survey `overlay`.
    """
    found: tuple[Neighbour, ...]
    if overlay is None:
        own, name = workspace.survey, str(workspace.survey.sources["name"].iloc[index])
        found = neighbours_of(workspace, index, representation=representation, k=k)
    else:
        card = applied_source_card(workspace, overlay, index, representation=representation, k=k)
        own, name, found = _applied(workspace, overlay).survey, card.name, card.neighbours
    sources = workspace.survey.sources.iloc[[neighbour.index for neighbour in found]]
    columns = {
        "rank": Described(
            values=np.arange(1, len(found) + 1), ucd="stat.rank", description="1 is the nearest neighbour."
        ),
        "source_index": _index_column(np.array([neighbour.index for neighbour in found], dtype=np.int64)),
        **_columns_of(sources, ("name", "ra", "dec", "source_class")),
        "similarity": Described(
            values=np.array([neighbour.similarity for neighbour in found], dtype=np.float32),
            ucd="stat.correlation",
            description=f"Cosine similarity to {name} in the representation {representation}.",
        ),
    }
    selection = f"neighbours of {name} (survey {own.name}) in the representation {representation}"
    return described_table(workspace, columns, name="neighbours", url=url, selection=selection, when=when)


def papers_table(
    workspace: Workspace, index: int, *, overlay: str | None = None, url: str = "", when: datetime | None = None
) -> Table:
    """The papers about a source, newest first."""
    survey = workspace.survey if overlay is None else _applied(workspace, overlay).survey
    name = str(survey.sources["name"].iloc[index])
    papers = survey.papers_of(index)
    told = {
        "paper_id": ("meta.id", "Identifier of the paper in the survey."),
        "title": ("meta.title", "Title."),
        "year": ("time.publiYear", "Year of publication."),
        "identifier": ("meta.bib.bibcode", "Bibcode or other identifier."),
        "abstract": ("meta.abstract", "Abstract."),
    }
    columns = {
        column: Described(
            values=papers[column], ucd=ucd, description=description, unit=u.yr if column == "year" else None
        )
        for column, (ucd, description) in told.items()
    }
    return described_table(
        workspace, columns, name="papers", survey=survey, url=url, selection=f"papers about {name}", when=when
    )


def described_table(
    workspace: Workspace,
    columns: Mapping[str, Described],
    *,
    name: str,
    survey: Survey | None = None,
    url: str = "",
    selection: str = "",
    when: datetime | None = None,
) -> Table:
    """Any table of a page, with the facts by which it can be traced.

    Parameters
    ----------
    columns : mapping of str to Described
        Columns of equal length by name.
    name : str
        What the rows are: ``sources``, ``papers``.
    survey : Survey, optional
        Where the rows are from; the workspace's own by default.
    url, selection, when
        As in `export_table`.
    """
    survey, run = survey or workspace.survey, workspace.run
    table = Table()
    for column, described in columns.items():
        values = np.asarray(described.values)
        if values.dtype.kind == "O":
            values = np.array(["" if pd.isna(value) else str(value) for value in values], dtype=np.str_)
        mask = np.isnan(values) if values.dtype.kind == "f" else values == "" if values.dtype.kind == "U" else False
        table[column] = MaskedColumn(values, mask=mask, unit=described.unit, description=described.description)
        table[column].info.meta = {"ucd": described.ucd}
    now = (when or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    facts = {
        "table": name,
        "survey": survey.name,
        "observed": f"no: {survey.origin}" if survey.simulated else "yes",
        "run": run.run_id,
        "seed": "" if run.meta.seed is None else str(run.meta.seed),
        "selection": selection,
        "n_rows": str(len(table)),
        "url": url,
        "created_utc": now.removesuffix("+00:00"),
        "software": f"alignlab {alignlab.__version__}",
        "schema": str(SCHEMA_VERSION),
        "survey_sha256": survey.digest,
        "run_sha256": run.digest,
    }
    table.meta.update({key: value for key, value in facts.items() if value})
    return table


def _source_columns(
    survey: Survey, estimates: pd.DataFrame, run_id: str, rows: NDArray[np.integer]
) -> dict[str, Described]:
    columns = {"source_index": _index_column(rows)}
    columns |= _columns_of(survey.sources.iloc[rows], tuple(_SOURCE_COLUMNS))
    guessed = estimates.iloc[rows]
    limits = survey.limits.iloc[rows]
    for number, variable in enumerate(VARIABLES):
        name, unit = variable.name, u.Unit(variable.unit) if variable.unit else None
        model, ends = f"{variable.ucd};meta.modelled", "of its 68% interval."
        columns[name] = Described(
            values=survey.variables[rows, number], ucd=variable.ucd, description=variable.description, unit=unit
        )
        for suffix, ucd, what in (("lolim", "stat.min", "Lower end"), ("hilim", "stat.max", "Upper end")):
            if f"{name}_{suffix}" in limits:
                columns[f"{name}_{suffix}"] = Described(
                    values=limits[f"{name}_{suffix}"].to_numpy(np.float32),
                    ucd=f"{variable.ucd};{ucd}",
                    description=f"{what} {ends}",
                    unit=unit,
                )
        for suffix, ucd, what in (
            ("", model, f"Estimated by run {run_id} from neighbours, the source itself left out."),
            ("_low", f"{model};stat.min", f"Lower end {ends}"),
            ("_high", f"{model};stat.max", f"Upper end {ends}"),
        ):
            columns[f"{name}_estimate{suffix}"] = Described(
                values=guessed[f"{name}{suffix}"].to_numpy(np.float32), ucd=ucd, description=what, unit=unit
            )
    return columns


def _index_column(rows: NDArray[np.integer]) -> Described:
    return Described(values=rows, ucd="meta.record", description="Row of the source in its survey, from 0.")


def _columns_of(sources: pd.DataFrame, names: tuple[str, ...]) -> dict[str, Described]:
    return {
        name: Described(values=sources[name].to_numpy(), unit=unit, ucd=ucd, description=description)
        for name, (unit, ucd, description) in _SOURCE_COLUMNS.items()
        if name in names and name in sources
    }


def _chosen(rows: NDArray[np.integer], survey: Survey, how: str) -> str:
    return f"{len(rows)} of {survey.n_sources} sources{f': {how}' if how else ''}"


def _applied(workspace: Workspace, survey_name: str) -> AppliedSurvey:
    for applied in workspace.overlays:
        if applied.survey.name == survey_name:
            return applied
    raise MissingArtefactError(
        f"Run {workspace.run.run_id!r} was not applied to {survey_name!r}.",
        remedy=f"Run 'alignlab apply --run {workspace.run.run_id} --survey {survey_name}'.",
    )
