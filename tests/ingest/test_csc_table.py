from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import InputFileError
from alignlab.ingest.csc_table import chosen_models, class_of, flag, number, read_detections
from alignlab.variables import VARIABLE_NAMES
from tests.ingest.csc_tables import detection


def written(tmp_path, rows, name="detections.parquet"):
    path, table = tmp_path / name, pd.DataFrame(rows)
    table.to_csv(path, index=False) if name.endswith(".csv") else table.to_parquet(path)
    return path


UNUSABLE = {
    "without a source name": {"name": None},
    "not seen with known chips of ACIS": {"detector": "HRC-I"},
    "without an absorbed power-law fit": {"powlaw_gamma": np.nan},
    "without a position": {"ra": 400.0},
    "without counts in the apertures": {"cnts_aper_b": 0.0},
    "without exposure": {"livetime": -1.0},
    "without date or off-axis angle": {"gti_mjd_obs": np.nan},
}


def test_each_unusable_row_is_counted_and_named_under_its_reason(tmp_path):
    rows = [detection(0), *(detection(1 + i, **bad) for i, bad in enumerate(UNUSABLE.values())), detection(0)]
    found = read_detections(written(tmp_path, rows))
    assert found.sources["name"].tolist() == ["2CXO J000000"]
    assert found.n_rows == len(rows)
    messages = [str(problem) for problem in found.problems]
    assert len(messages) == len(UNUSABLE) + 1
    for number_, reason in enumerate(UNUSABLE):
        (message,) = [m for m in messages if reason in m]
        assert "1 rows" in message
        assert f"(ObsID {1001 + number_})" in message
    assert "that repeat another row" in messages[-1]


def test_of_many_unusable_rows_some_are_named_and_the_others_counted(tmp_path):
    rows = [detection(0), *(detection(1 + i, powlaw_nh=np.nan) for i in range(1200))]
    (problem,) = read_detections(written(tmp_path, rows)).problems
    assert "1,200 rows" in str(problem)
    assert "and 1,195 more" in str(problem)
    assert len(str(problem)) < 400


def test_variables_and_limits_stay_as_catalogued_and_missing_ones_missing(tmp_path):
    found = read_detections(written(tmp_path, [detection(0, hard_ms=np.nan, brems_kt=np.inf), detection(1)]))
    assert found.variables.columns.tolist() == list(VARIABLE_NAMES)
    first = found.variables.iloc[0]
    assert first["powlaw_gamma"] == 1.8
    assert np.isnan(first["hard_ms"])
    assert np.isnan(first["brems_kt"])
    assert found.variables["apec_kt"].isna().all()
    assert found.limits.loc[0, ["powlaw_gamma_lolim", "powlaw_gamma_hilim"]].tolist() == [1.7, 1.95]
    assert found.limits["hard_hs_lolim"].isna().all()
    assert found.sources["year"].tolist() == pytest.approx([2005.0] * 2, abs=0.01)


def test_numbers_written_as_texts_and_csv_are_read_alike(tmp_path):
    rows = [detection(0, powlaw_gamma="1.8", theta=" 1.5 "), detection(1, cnts_aper_b="800")]
    as_parquet, as_csv = (
        read_detections(written(tmp_path, pd.DataFrame(rows).astype(str), name)) for name in ("a.parquet", "a.csv")
    )
    pd.testing.assert_frame_equal(as_parquet.sources, as_csv.sources, check_dtype=False)
    assert as_csv.sources["total_counts"].tolist() == [800.0, 800.0]


def test_flags_are_true_however_true_is_written():
    told = ["TRUE", "True", " true", True, "T", "FALSE", "False", False, "NAN", None, np.nan, ""]
    assert flag(pd.DataFrame({"pileup_flag": pd.Series(told, dtype=object)}), "pileup_flag").tolist() == (
        [True] * 5 + [False] * 7
    )
    assert not flag(pd.DataFrame({"other": [1]}), "pileup_flag").any()


def test_flagged_detections_are_kept_and_say_so(tmp_path):
    found = read_detections(written(tmp_path, [detection(0, pileup_flag="TRUE"), detection(1)]))
    assert "piled up" in found.sources["notes"][0]
    assert "piled up" not in found.sources["notes"][1]
    assert found.sources["notes"].str.contains("real catalogue, simulated photons").all()


def test_the_power_law_is_used_unless_another_model_is_clearly_better():
    stats = [(1.0, 2.5, 0.95), (1.0, 0.7, 0.9), (1.5, 1.4, 1.2), (1.5, np.nan, 1.2), (np.nan, 0.5, 0.5), (1.0, 0.5, 9)]
    rows = [detection(i, powlaw_stat=p, bb_stat=b, brems_stat=t) for i, (p, b, t) in enumerate(stats)]
    assert chosen_models(pd.DataFrame(rows)).tolist() == [
        "powerlaw", "blackbody", "bremsstrahlung", "bremsstrahlung", "powerlaw", "blackbody",
    ]  # fmt: skip
    no_temperature = pd.DataFrame([detection(0, bb_stat=0.1, bb_kt=np.nan, brems_stat=3.0)])
    assert chosen_models(no_temperature).tolist() == ["powerlaw"]


def test_classes_are_joined_by_name_the_most_trustworthy_first(tmp_path):
    classes = pd.DataFrame(
        {
            "name": ["2CXO J000000 ", "2CXO J000001", "2CXO J000002", "2CXO J000009"],
            "muw_class": ["CV", None, None, "AGN"],
            "cat_class": ["STAR", "PULSAR", None, None],
            "simbad_type": [None, "Star", "GlCl", None],
            "redshift": [np.nan, np.nan, 0.3, 1.0],
        }
    )
    path = tmp_path / "classes.parquet"
    classes.to_parquet(path)
    found = read_detections(written(tmp_path, [detection(i) for i in range(4)]), classes_path=path)
    assert found.sources["source_class"].tolist() == ["CV", "pulsar", "", ""]
    assert found.sources["redshift"].tolist()[2] == 0.3
    assert class_of({"simbad_type": "Unknown_Candidate"}) == ""


def test_what_is_no_number_is_missing():
    assert np.isnan(number(pd.DataFrame({"a": ["NAN", "x", None, "inf"]}), "a")).all()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path, "no such file"),
        (lambda path: (path.write_bytes(b"no parquet"), path)[1], "cannot be read as Parquet"),
        (lambda path: (pd.DataFrame({"name": ["a"]}).to_parquet(path), path)[1], "has no column ra, dec"),
    ],
)
def test_a_file_that_is_no_table_of_detections_is_refused(tmp_path, make, told):
    with pytest.raises(InputFileError, match=told):
        read_detections(make(tmp_path / "table.parquet"))


@pytest.mark.real_data
def test_the_real_catalogue(real_data):
    found = read_detections(real_data / "csc20_detections.parquet", classes_path=real_data / "csc20_classes.parquet")
    assert (found.n_rows, len(found.sources), found.sources["name"].nunique()) == (34_649, 3_295, 807)
    left_out = [int(str(p).split(": ")[1].split()[0].replace(",", "")) for p in found.problems]
    assert sum(left_out) + len(found.sources) == found.n_rows
    assert found.sources.drop_duplicates("name")["source_class"].ne("").sum() == 316
    assert found.sources["notes"].str.contains("piled up").sum() == 68
    assert np.isfinite(found.sources[["n_h_1e20", "exposure_s", "year", "theta_arcmin"]]).all(axis=None)
