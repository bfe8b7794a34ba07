"""Derive the demo survey's priors from real Chandra Source Catalog 2.0 detections: writes alignlab/spectra/priors.json.

Usage: python scripts/derive_priors.py [--data ../shared/data] [--output alignlab/spectra/priors.json]

Every distribution becomes a table of quantiles. Each source name carries a total weight of one, shared by its
detections, so that the few fields observed dozens of times (M31, 47 Tuc, the calibration supernova remnants) do not
decide the result. Where fewer than `MIN_SOURCES` names remain, only the literature's values (literature_priors.csv,
beside this file) are used and say so.
"""

from __future__ import annotations

import argparse
import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

LEVELS = (0.0, 0.01, 0.05, 0.16, 0.25, 0.5, 0.75, 0.84, 0.95, 0.99, 1.0)
MIN_SOURCES = 12
#: The catalogued significance above which two in three real detections have more than 150 net counts.
MIN_SIGNIFICANCE = 8.0
#: Fits of fainter sources are too uncertain to stand for the true parameters of a class.
MIN_NET_COUNTS_FOR_PARAMETERS = 150
#: Brighter detections are left out of the distribution of counts: the demo survey's cap on its photons.
MAX_NET_COUNTS = 4_400

SIMBAD_CLASSES = {
    "QSO": "QSO", "LensedQ": "QSO", "LensedImage": "QSO", "Seyfert_2": "obscured AGN", "LINER": "obscured AGN",
    "AGN": "AGN", "Seyfert_1": "AGN", "Seyfert": "AGN", "BLLac": "AGN", "Blazar": "AGN",
    "Star": "star", "BYDra": "star", "EB*": "star", "V*": "star", "RSCVn": "star",
    "Be*": "star", "WR*": "star", "SB*": "star",
    "YSO": "YSO", "Orion_V*": "YSO", "TTau*": "YSO", "CataclyV*": "CV", "Nova": "CV", "HMXB": "HMXB", "LMXB": "LMXB",
    "Pulsar": "pulsar", "Neutron*": "pulsar", "SNR": "SNR",
}  # fmt: skip
MUW_CLASSES = {"AGN": "AGN", "CV": "CV", "NS": "pulsar", "NS_BIN": "pulsar", "LMXB": "LMXB", "HMXB": "HMXB",
               "YSO": "YSO", "LM-STAR": "star", "HM-STAR": "star"}  # fmt: skip
CAT_CLASSES = {"AGN": "AGN", "CV": "CV", "STAR": "star", "PULSAR": "pulsar", "YSO": "YSO", "LMXB": "LMXB",
               "HMXB": "HMXB", "ULX": "ULX"}  # fmt: skip

#: Column of the detections -> parameter name in the table and whether it is kept as log10.
PARAMETERS = {
    "powlaw_gamma": ("photon_index", False),
    "powlaw_nh": ("log10_n_h_1e20", True),
    "bb_kt": ("log10_bb_kt_kev", True),
    "brems_kt": ("log10_brems_kt_kev", True),
}

#: Parameters that the catalogue cannot give (or for too few sources): 5%, 50% and 95% points with their reference.
LITERATURE_FILE = Path(__file__).with_name("literature_priors.csv")


def load_detections(data: Path) -> pd.DataFrame:
    """Join detections with classes; adds `source_class` ('' unknown), `net`, `year`, `weight` (one per source name).

    Selection: ACIS, flux_significance_b of at least `MIN_SIGNIFICANCE`, neither piled up nor saturated.
    """
    detections = pd.read_parquet(data / "csc20_detections.parquet")
    classes = pd.read_parquet(data / "csc20_classes.parquet").drop_duplicates("name")
    table = detections.merge(classes, on="name", how="left", validate="many_to_one")
    flagged = table[["pileup_flag", "sat_src_flag"]].apply(lambda column: column.str.upper().eq("TRUE")).any(axis=1)
    table = table[table.instrument.eq("ACIS") & table.flux_significance_b.ge(MIN_SIGNIFICANCE) & ~flagged].copy()
    label = table.muw_class.map(MUW_CLASSES)
    for column, mapping in (("cat_class", CAT_CLASSES), ("simbad_type", SIMBAD_CLASSES)):
        label = label.fillna(table[column].map(mapping))
    label[table.simbad_type.isin(["SNR"])] = "SNR"
    label[table.simbad_type.isin(["Seyfert_2"])] = "obscured AGN"
    table["source_class"] = label.fillna("")
    table["net"] = table.src_cnts_aper_b
    table["year"] = 2000.0 + (table.gti_mjd_obs - 51544.0) / 365.25
    table["array"] = np.where(table.detector.isin(["ACIS-7", "ACIS-5", "ACIS-57"]), "ACIS-S", "ACIS-I")
    table["weight"] = 1.0 / table.groupby("name").name.transform("size")
    return table


def weighted_quantiles(values: np.ndarray, weights: np.ndarray, levels: tuple[float, ...] = LEVELS) -> list[float]:
    """Quantiles of weighted values; the outermost are the extremes."""
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    middle = (np.cumsum(weights) - weights / 2) / weights.sum()
    return [round(float(v), 4) for v in np.interp(levels, middle, values)]


def table_of(rows: pd.DataFrame, values: np.ndarray) -> dict[str, object]:
    """Describe the distribution of `values`, one per row, with each source's weight shared among its detections."""
    keep = np.isfinite(values)
    rows, values = rows[keep], np.asarray(values)[keep]
    weights = (1.0 / rows.groupby("name").name.transform("size")).to_numpy()
    return {
        "quantiles": weighted_quantiles(values, weights),
        "n_detections": len(rows),
        "n_sources": int(rows.name.nunique()),
        "origin": "CSC 2.0",
    }


def literature_table(low: float, middle: float, high: float, source: str) -> dict[str, object]:
    """Quantiles through the literature's 5%, 50% and 95%, each half a half-normal cut at 1% and 99%."""
    z_levels = np.array([-2.326, -2.326, -1.645, -0.994, -0.674, 0.0, 0.674, 0.994, 1.645, 2.326, 2.326])
    scale = np.where(z_levels < 0, middle - low, high - middle) / 1.645
    values = middle + z_levels * scale
    if low >= 0:
        values = np.maximum(values, 0.0)
    return {"quantiles": [round(float(v), 4) for v in values], "n_detections": 0, "n_sources": 0, "origin": source}


def aperture_fraction(table: pd.DataFrame) -> float:
    """Share of the point-spread function in the aperture: counts there over corrected ones, where background is nil."""
    clean = table[(table.theta < 4) & (table.net > 200) & (table.livetime < 60_000)]
    return round(float((clean.cnts_aper_b / clean.net).median()), 3)


def background_by_angle(data: Path, fraction: float) -> dict[str, list[float]]:
    """Aperture background in counts per second (0.5-7 keV): median and scatter in bins of off-axis angle.

    The catalogued net counts are corrected to the whole point-spread function, so that the background inside is
    ``cnts_aper_b - fraction * src_cnts_aper_b``. Only sources below 15 net counts enter, whatever their significance
    (brighter ones leave the error of the aperture correction), one detection per name.
    """
    table = pd.read_parquet(data / "csc20_detections.parquet")
    faint = table[table.instrument.eq("ACIS") & table.src_cnts_aper_b.lt(15)].drop_duplicates("name")
    rate = (faint.cnts_aper_b - fraction * faint.src_cnts_aper_b) / faint.livetime
    edges = [0, 2, 4, 6, 8, 10, 12, 14, 17]
    out: dict[str, list[float]] = {"theta_arcmin": [], "counts_per_s": [], "scatter_dex": [], "n_sources": []}
    for low, high in itertools.pairwise(edges):
        inside = rate[(faint.theta >= low) & (faint.theta < high)].dropna().to_numpy()
        median, top = np.quantile(inside, [0.5, 0.75])
        median = max(median, 3e-6)
        out["theta_arcmin"].append((low + high) / 2)
        out["counts_per_s"].append(round(float(median), 8))
        out["scatter_dex"].append(round(float(np.clip(np.log10(top / median) / 0.674, 0.1, 0.4)), 3))
        out["n_sources"].append(len(inside))
    return out


def derive(data: Path) -> dict[str, object]:
    """Build the whole table."""
    table = load_detections(data)
    bright = table[table.powlaw_gamma.notna() & table.net.gt(MIN_NET_COUNTS_FOR_PARAMETERS)]
    counted = table[table.net.between(30, MAX_NET_COUNTS)]
    classes: dict[str, dict[str, object]] = {}
    for name, rows in pd.read_csv(LITERATURE_FILE).groupby("source_class", sort=False):
        entries: dict[str, object] = {
            row.parameter: literature_table(row.p05, row.p50, row.p95, row.reference) for row in rows.itertuples()
        }
        fitted, detected = bright[bright.source_class == name], counted[counted.source_class == name]
        if fitted.name.nunique() >= MIN_SOURCES:
            for column, (parameter, logarithmic) in PARAMETERS.items():
                values = fitted[column].to_numpy()
                entries[f"csc_{parameter}"] = table_of(
                    fitted, np.log10(np.maximum(values, 1e-2)) if logarithmic else values
                )
        if detected.name.nunique() >= MIN_SOURCES:
            entries["log10_net_counts"] = table_of(detected, np.log10(detected.net))
        classes[name] = entries
    by_array = {}
    for array, rows in table.groupby("array"):
        by_array[array] = {"theta_arcmin": table_of(rows, rows.theta.to_numpy()), "share": 0.0}
        by_array[array]["share"] = round(float(rows.weight.sum() / table.weight.sum()), 3)
    return {
        "derived_utc": datetime.now(UTC).strftime("%Y-%m-%d"),
        "command": "python scripts/derive_priors.py",
        "source": "Chandra Source Catalog 2.0, detections; classes from MUWCLASS, other catalogues, SIMBAD",
        "selection": f"ACIS, flux_significance_b >= {MIN_SIGNIFICANCE}, no pile-up or saturation flag; "
        f"class parameters from fits above {MIN_NET_COUNTS_FOR_PARAMETERS} net counts; each source name weighs one",
        "levels": list(LEVELS),
        "n_detections": len(table),
        "n_sources": int(table.name.nunique()),
        "share_above_150_net_counts": round(float((table.weight * (table.net > 150)).sum() / table.weight.sum()), 3),
        "all": {
            "log10_net_counts": table_of(counted, np.log10(counted.net)),
            "log10_exposure_s": table_of(table, np.log10(table.livetime)),
            "year": table_of(table, table.year.to_numpy()),
        },
        "detectors": by_array,
        "aperture_fraction": aperture_fraction(table),
        "aperture_background": background_by_angle(data, aperture_fraction(table)),
        "classes": classes,
    }


def main() -> None:
    """Write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).resolve().parents[1] / "alignlab" / "spectra" / "priors.json"
    )
    arguments = parser.parse_args()
    text = json.dumps(derive(arguments.data), indent=1)
    arguments.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
