"""Tables out: a survey's sources with variables, estimates and map positions, in the formats astronomers read."""

from __future__ import annotations

from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.table import MaskedColumn, Table
from numpy.typing import NDArray

import alignlab
from alignlab.errors import AlignlabError
from alignlab.services.workspace import Workspace
from alignlab.variables import VARIABLES

#: Formats by file suffix, with astropy's name for each.
FORMATS = {".vot": "votable", ".xml": "votable", ".fits": "fits", ".ecsv": "ascii.ecsv", ".csv": "ascii.csv"}
PARQUET_SUFFIX = ".parquet"

_SOURCE_COLUMNS: dict[str, tuple[u.UnitBase | None, str, str]] = {
    "name": (None, "meta.id;meta.main", "Name of the source."),
    "ra": (u.deg, "pos.eq.ra;meta.main", "Right ascension (ICRS)."),
    "dec": (u.deg, "pos.eq.dec;meta.main", "Declination (ICRS)."),
    "source_class": (None, "src.class", "Class of the source; empty where unknown."),
    "obsid": (None, "meta.id;obs", "Identifier of the observation."),
    "detector": (None, "meta.id;instr.det", "Detector array."),
    "exposure_s": (u.s, "time.duration;obs.exposure", "Exposure."),
    "net_counts": (u.ct, "phot.count;em.X-ray", "Counts from 0.5 to 8 keV, background removed."),
    "split": (None, "meta.code", "Part of the survey: train, calibration, validation or test."),
}


def export_table(workspace: Workspace, rows: NDArray[np.integer] | None = None) -> Table:
    """Sources with the 20 variables, measured and estimated, as an astropy table with units, UCDs and provenance.

    Parameters
    ----------
    workspace : Workspace
    rows : ndarray of int, optional
        Which sources; all by default.

    Returns
    -------
    Table
        Missing values are masked. ``meta`` names survey, run, seed and version, and says when it is simulated.
    """
    survey, run = workspace.survey, workspace.run
    rows = np.arange(survey.n_sources) if rows is None else np.asarray(rows)
    sources = survey.sources.iloc[rows]
    table = Table()
    for name, (unit, ucd, description) in _SOURCE_COLUMNS.items():
        if name in sources:
            values = sources[name].to_numpy()
            if values.dtype.kind not in "iufb":
                values = values.astype(np.str_)
            table[name] = _column(values, unit=unit, ucd=ucd, description=description)
    estimates = run.estimates.iloc[rows]
    for number, variable in enumerate(VARIABLES):
        unit = u.Unit(variable.unit) if variable.unit else None
        columns = {
            "": (survey.variables[rows, number], variable.ucd, variable.description),
            "_estimate": (
                estimates[variable.name],
                f"{variable.ucd}",
                f"Estimated by run {run.run_id} from neighbours.",
            ),
            "_estimate_low": (
                estimates[f"{variable.name}_low"],
                "stat.confidenceLevel",
                "Lower end of its 68% interval.",
            ),
            "_estimate_high": (estimates[f"{variable.name}_high"], "stat.confidenceLevel", "Upper end of it."),
        }
        for suffix, (values, ucd, description) in columns.items():
            table[variable.name + suffix] = _column(
                np.asarray(values, np.float32), unit=unit, ucd=ucd, description=description
            )
    table.meta.update(
        survey=survey.name,
        observed="no: simulated" if survey.simulated else "yes",
        run=run.run_id,
        seed=str(run.meta.seed),
        software=f"alignlab {alignlab.__version__}",
        survey_sha256=survey.digest,
        run_sha256=run.digest,
    )
    return table


def write_table(table: Table, path: Path) -> None:
    """Write a table in the format that the file's suffix names.

    Raises
    ------
    AlignlabError
        If the suffix is not one of `FORMATS` or ``.parquet``, or the file exists.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS and suffix != PARQUET_SUFFIX:
        known = ", ".join([*FORMATS, PARQUET_SUFFIX])
        raise AlignlabError(
            f"{path}: cannot tell the format from {suffix or 'a name without suffix'!r}.", remedy=f"Use one of {known}."
        )
    if path.exists():
        raise AlignlabError(f"{path} exists already.", remedy="Choose another name.")
    if suffix == PARQUET_SUFFIX:
        import pyarrow as pa
        import pyarrow.parquet as pq

        arrow = pa.Table.from_pandas(table.to_pandas(), preserve_index=False)
        facts = {key: str(value) for key, value in table.meta.items()}
        pq.write_table(arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), **facts}), path)
        return
    if suffix in {".vot", ".xml"}:
        _write_votable(table, path)
        return
    plain = table.copy()
    for column in plain.itercols():
        # UCDs have a place in VOTables only; FITS headers take plain text in at most 68 characters.
        column.info.meta = None
    if suffix == ".fits":
        plain.meta = {key[:8].upper(): value for key, value in table.meta.items()}
    if suffix == ".csv":
        plain.meta["comments"] = [f"{key}: {value}" for key, value in table.meta.items()]
        plain.write(path, format="ascii.csv", comment="# ")
        return
    plain.write(path, format=FORMATS[suffix])


def _write_votable(table: Table, path: Path) -> None:
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Info

    votable = from_table(table)
    resource = votable.resources[0]
    resource.description = "; ".join(f"{key}: {value}" for key, value in table.meta.items())
    for key, value in table.meta.items():
        resource.infos.append(Info(name=key, value=str(value)))
    by_name = {field.name: field for field in resource.tables[0].fields}
    for column in table.itercols():
        by_name[column.name].ucd = column.info.meta["ucd"]
    votable.to_xml(str(path), tabledata_format="binary2")


def _column(values: NDArray, *, unit: u.UnitBase | None, ucd: str, description: str) -> MaskedColumn:
    masked = np.isnan(values) if values.dtype.kind == "f" else False
    column = MaskedColumn(values, mask=masked, unit=unit, description=description)
    column.info.meta = {"ucd": ucd}
    return column
