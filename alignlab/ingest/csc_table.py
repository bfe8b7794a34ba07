"""A table of detections of the Chandra Source Catalog (CSC 2): what is in it, and which rows can be simulated from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import InputFileError, first_few
from alignlab.ingest.records import Problem
from alignlab.spectra.observation import acis_array
from alignlab.variables import LIMIT_NAMES, VARIABLE_NAMES

#: Columns that a table must have; the variables and their limits may be absent and are missing then.
NEEDED = (
    "name", "ra", "dec", "obsid", "detector", "theta", "livetime", "gti_mjd_obs", "cnts_aper_b", "cnts_aperbkg_b",
    "powlaw_gamma", "powlaw_nh",
)  # fmt: skip
#: Flags, and what each means for who reads the spectrum simulated from the fit.
FLAGS: dict[str, str] = {
    "pileup_flag": "flagged as piled up: the catalogued fit describes a distorted spectrum",
    "sat_src_flag": "flagged as saturated: its catalogued counts are too few",
    "streak_src_flag": "flagged as on a readout streak",
}
#: Model → column of its parameter, of its absorber, of its statistic per degree of freedom.
FITS: dict[str, tuple[str, str, str]] = {
    "powerlaw": ("powlaw_gamma", "powlaw_nh", "powlaw_stat"),
    "blackbody": ("bb_kt", "bb_nh", "bb_stat"),
    "bremsstrahlung": ("brems_kt", "brems_nh", "brems_stat"),
}
#: By how much another model's statistic must be smaller than the power law's to take its place.
CLEARLY_BETTER = 0.2
#: A class of MUWCLASS or of another catalogue, or an object type of SIMBAD → a class of ours; others are unknown.
CLASS_OF: dict[str, str] = {
    "AGN": "AGN", "Seyfert": "AGN", "Seyfert_1": "AGN", "Seyfert_2": "AGN", "LINER": "AGN", "BLLac": "AGN",
    "Blazar": "AGN", "RadioG": "AGN", "QSO": "QSO", "LensedQ": "QSO", "CV": "CV", "CataclyV*": "CV", "Nova": "CV",
    "Symbiotic*": "CV", "NS": "pulsar", "NS_BIN": "pulsar", "PULSAR": "pulsar", "Pulsar": "pulsar",
    "Neutron*": "pulsar", "LMXB": "LMXB", "HMXB": "HMXB", "ULX": "ULX", "SNR": "SNR", "ClG": "galaxy cluster",
    "LM-STAR": "star", "HM-STAR": "star", "STAR": "star", "Star": "star", "EB*": "star", "SB*": "star", "**": "star",
    "BYDra": "star", "Be*": "star", "WR*": "star", "YSO": "YSO", "Orion_V*": "YSO",
}  # fmt: skip
#: Columns with a class, the most trustworthy first.
_CLASS_COLUMNS = ("muw_class", "cat_class", "simbad_type")
_MJD_2000, _DAYS_PER_YEAR = 51544.5, 365.25


@dataclass(frozen=True, eq=False, kw_only=True)
class Detections:
    """Detections that a spectrum can be simulated for; row *i* of every table is detection *i*.

    Attributes
    ----------
    sources : DataFrame
        name (of the source: several detections may share it), ra, dec (deg), source_class ("" where unknown), obsid,
        detector ("ACIS-S" or "ACIS-I"), year, theta_arcmin, exposure_s, total_counts and background_region_counts
        (0.5-7 keV, in the apertures of source and background), redshift, flux_cgs (0.5-7 keV), spectral_model,
        photon_index, kt_kev, n_h_1e20 (of that model), notes.
    variables : DataFrame of float64
        The 20 variables as catalogued, NaN where missing.
    limits : DataFrame of float64
        Their catalogued limits.
    n_rows : int
        Rows of the file.
    problems : tuple of Problem
        One per reason for which rows were left out, with their number and some of their names.
    """

    sources: pd.DataFrame
    variables: pd.DataFrame
    limits: pd.DataFrame
    n_rows: int
    problems: tuple[Problem, ...]


def read_detections(path: Path, *, classes_path: Path | None = None) -> Detections:
    """Read detections with spectral fits; rows that cannot be used are counted and named.

    Parameters
    ----------
    path : Path
        Parquet or CSV with the catalogue's column names, at least `NEEDED`. Numbers may be texts; what is no number
        is missing.
    classes_path : Path, optional
        Parquet or CSV by ``name`` with any of ``muw_class``, ``cat_class``, ``simbad_type`` and ``redshift``.

    Raises
    ------
    InputFileError
        If a file cannot be read or lacks a column.
    """
    table = read_table(path, NEEDED)
    known = None if classes_path is None else read_table(classes_path, ("name",))
    usable, problems = _usable(table, path)
    return _detections(table[usable].reset_index(drop=True), known, len(table), problems)


def read_table(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    """A table in Parquet or CSV.

    Raises
    ------
    InputFileError
        If it cannot be read or lacks one of the `needed` columns.
    """
    if not path.is_file():
        raise InputFileError(path, "no such file", remedy="Check the path.")
    is_text = path.name.lower().removesuffix(".gz").endswith((".csv", ".txt"))
    try:
        table = pd.read_csv(path, low_memory=False) if is_text else pd.read_parquet(path)
    except (OSError, ValueError) as problem:
        raise InputFileError(path, f"cannot be read as {'CSV' if is_text else 'Parquet'} ({problem})") from problem
    if absent := [name for name in needed if name not in table]:
        raise InputFileError(path, f"has no column {', '.join(absent)}", remedy="Columns are named as in the CSC.")
    return table


def chosen_models(table: pd.DataFrame) -> NDArray[np.str_]:
    """Model that each spectrum is simulated from, shape (n,).

    The power law, the catalogue's own choice for fluxes, unless the statistic per degree of freedom of another model
    is smaller by more than `CLEARLY_BETTER`; then the one with the smallest. A model without parameters, or a table
    without statistics, never takes its place.
    """
    names = list(FITS)
    statistic = np.full((len(table), len(names)), np.inf)
    for column, (parameter, n_h, stat) in enumerate(FITS.values()):
        values = np.stack([number(table, key) for key in (parameter, n_h, stat)])
        known = np.isfinite(values).all(axis=0)
        statistic[known, column] = values[2, known]
    best = 1 + statistic[:, 1:].argmin(axis=1)
    better = statistic[np.arange(len(table)), best] < statistic[:, 0] - CLEARLY_BETTER
    return np.array(names)[np.where(better & np.isfinite(statistic[:, 0]), best, 0)]


def number(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A column as numbers, NaN where it is absent, no number or infinite."""
    if name not in table:
        return np.full(len(table), np.nan)
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def flag(table: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    """A column of flags, in whatever way true is written there; what is missing is false."""
    if name not in table:
        return np.zeros(len(table), bool)
    return table[name].astype("str").str.strip().str.upper().isin(["TRUE", "T", "1", "YES"]).to_numpy(bool)


def years(table: pd.DataFrame) -> NDArray[np.float64]:
    """When each detection was observed, in years."""
    return 2000.0 + (number(table, "gti_mjd_obs") - _MJD_2000) / _DAYS_PER_YEAR


def class_of(row: Mapping[Hashable, object]) -> str:
    """Our class of a row of the table of classes, "" where none of its classes is one of ours."""
    given = (str(row.get(column)).strip() for column in _CLASS_COLUMNS)
    return next((CLASS_OF[name] for name in given if name in CLASS_OF), "")


def _usable(table: pd.DataFrame, path: Path) -> tuple[NDArray[np.bool_], tuple[Problem, ...]]:
    """Rows that can be used, and for the others one message per reason, the first that holds."""
    ra, dec = number(table, "ra"), number(table, "dec")
    detector = table["detector"].astype("str")
    total, under = number(table, "cnts_aper_b"), number(table, "cnts_aperbkg_b")
    reasons = {
        "without a source name": table["name"].isna() | (table["name"].astype("str").str.strip() == ""),
        "not seen with known chips of ACIS": np.array([not acis_array(name) for name in detector], bool),
        "without an absorbed power-law fit": np.isnan(number(table, "powlaw_gamma") + number(table, "powlaw_nh")),
        "without a position": ~((ra >= 0) & (ra <= 360) & (np.abs(dec) <= 90)),
        "without counts in the apertures": ~((total > 0) & (under >= 0)),
        "without exposure": ~(number(table, "livetime") > 0),
        "without date or off-axis angle": np.isnan(number(table, "gti_mjd_obs")) | ~(number(table, "theta") >= 0),
        "that repeat another row": table.duplicated(),
    }  # fmt: skip
    usable, problems = np.ones(len(table), bool), []
    for reason, fails in reasons.items():
        rows = np.flatnonzero(usable & np.asarray(fails, bool))
        if len(rows):
            problems.append(Problem(path.name, f"{len(rows):,} rows {reason} left out: {_named(table, rows)}"))
        usable[rows] = False
    return usable, tuple(problems)


def _named(table: pd.DataFrame, rows: NDArray[np.int64]) -> str:
    return first_few([f"{table['name'].iloc[i]} (ObsID {table['obsid'].iloc[i]})" for i in rows])


def _detections(
    table: pd.DataFrame, known: pd.DataFrame | None, n_rows: int, problems: tuple[Problem, ...]
) -> Detections:
    names = table["name"].astype("str").str.strip()
    classes, redshift = pd.Series("", index=table.index), np.full(len(table), np.nan)
    if known is not None:
        known = known.assign(name=known["name"].astype("str").str.strip()).drop_duplicates("name").set_index("name")
        told = pd.Series([class_of(row) for row in known.to_dict("records")], index=known.index, dtype="str")
        classes = names.map(told).fillna("")
        redshift = names.map(pd.Series(number(known, "redshift"), index=known.index)).to_numpy(np.float64)
    model = chosen_models(table)
    flux = number(table, "flux_aper_b")
    sources = pd.DataFrame(
        {
            "name": names,
            "ra": number(table, "ra"),
            "dec": number(table, "dec"),
            "source_class": classes.astype("str"),
            "obsid": np.nan_to_num(number(table, "obsid")).astype(np.int64),
            "detector": [acis_array(name) for name in table["detector"].astype("str")],
            "year": years(table),
            "theta_arcmin": number(table, "theta"),
            "exposure_s": number(table, "livetime"),
            "total_counts": number(table, "cnts_aper_b"),
            "background_region_counts": number(table, "cnts_aperbkg_b"),
            "redshift": redshift,
            "flux_cgs": np.where(flux > 0, flux, np.nan),
            "spectral_model": model,
            **_parameters(table, model),
            "notes": _notes(table, model),
        }
    )
    return Detections(
        sources=sources,
        variables=pd.DataFrame({name: number(table, name) for name in VARIABLE_NAMES}),
        limits=pd.DataFrame({name: number(table, name) for name in LIMIT_NAMES}),
        n_rows=n_rows,
        problems=problems,
    )


def _parameters(table: pd.DataFrame, model: NDArray[np.str_]) -> dict[str, NDArray[np.float64]]:
    """Index or temperature, and column, of each row's own model."""
    out = {name: np.full(len(table), np.nan) for name in ("photon_index", "kt_kev", "n_h_1e20")}
    for name, (parameter, n_h, _) in FITS.items():
        rows = model == name
        out["photon_index" if name == "powerlaw" else "kt_kev"][rows] = number(table, parameter)[rows]
        out["n_h_1e20"][rows] = np.maximum(number(table, n_h)[rows], 0.0)
    return out


def _notes(table: pd.DataFrame, model: NDArray[np.str_]) -> list[str]:
    words = {"powerlaw": "power-law", "blackbody": "blackbody", "bremsstrahlung": "bremsstrahlung"}
    flags = {meaning: flag(table, name) for name, meaning in FLAGS.items()}
    return [
        "; ".join(
            [
                f"real catalogue, simulated photons: drawn from the catalogued absorbed {words[name]} fit",
                *(meaning for meaning, raised in flags.items() if raised[i]),
            ]
        )
        for i, name in enumerate(model)
    ]
