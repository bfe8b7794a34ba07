from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.config import Config
from alignlab.errors import AlignlabError, InputFileError
from alignlab.ingest.source_table import read_source_table
from alignlab.ingest.table_mapping import map_table
from alignlab.services.ingest_table import TableSettings, ingest_table, plan_table
from alignlab.services.table_match import match_table
from alignlab.spectra.grid import energy_grid, minmax_normalise, rebin_counts
from alignlab.store.artefact import Meta
from alignlab.store.survey import Photons, Survey, SurveyContents, write_survey
from alignlab.variables import VARIABLE_NAMES

GRID = energy_grid("log")


@pytest.fixture
def config(tmp_path) -> Config:
    return Config(data_dir=tmp_path / "data")


def column_of(name) -> int:
    return VARIABLE_NAMES.index(name)


def spectra(n=3, bins=400, *, seed=0):
    return np.random.default_rng(seed).poisson(3.0, (n, bins)).astype(np.float64)


def fits_table(path, **columns):
    formats = {"U": "20A", "i": "J", "f": "D"}
    made = []
    for name, values in columns.items():
        array, unit = values if isinstance(values, tuple) else (values, None)
        array = np.asarray(array)
        size = "" if array.ndim == 1 else str(array.shape[1])
        made.append(fits.Column(name, size + formats[array.dtype.kind], array=array, unit=unit))
    fits.BinTableHDU.from_columns(made).writeto(path)
    return path


def test_a_table_with_spectra_becomes_a_survey(tmp_path, config):
    counts = spectra()
    path = fits_table(
        tmp_path / "t.fits", NAME=["a", "b", "c"], RA=[1.0, 2, 3], DEC=[4.0, 5, 6], COUNTS=(counts, "count"),
        BKG=(0.1 * counts, "count"), LIVETIME=([10.0, 20, 30], "ks"), HS=[0.1, np.nan, -0.2],
        TYPE=["Seyfert_2", "", "Star"], THETA=([1.0, 2, 3], "arcmin"), CHIP=["ACIS-7", "ACIS-0123", "?"],
    )  # fmt: skip
    outcome = ingest_table(
        path, name="mine", config=config, settings=TableSettings(map=("hard_hs=HS", "detector=CHIP"))
    )
    survey = outcome.survey
    assert outcome.problems == ()
    assert survey.counts == pytest.approx(counts)
    assert survey.background == pytest.approx(0.1 * counts, rel=1e-6)
    assert survey.spectra == pytest.approx(minmax_normalise(counts))
    sources = survey.sources
    assert sources["name"].tolist() == ["a", "b", "c"]
    assert sources["exposure_s"].tolist() == [10_000, 20_000, 30_000]
    assert sources["source_class"].tolist() == ["AGN", "", "star"]
    assert sources["detector"].tolist() == ["ACIS-S", "ACIS-I", ""]
    assert sources["net_counts"].to_numpy() == pytest.approx(0.9 * counts.sum(axis=1), rel=1e-5)
    assert survey.catalogued[:, column_of("hard_hs")] == pytest.approx([0.1, np.nan, -0.2], nan_ok=True)
    assert np.isfinite(survey.variables[:, column_of("hard_hs")]).all()
    assert not survey.simulated
    assert any("400 log bins from 0.5 to 8 keV" in note for note in outcome.notes)
    assert survey.meta.recipe["columns"]["exposure_s"] == "LIVETIME"


@pytest.mark.parametrize("way", ["edges", "low and high", "list"])
def test_spectra_on_their_own_energies_are_brought_onto_ours(tmp_path, config, way):
    edges = np.linspace(300.0, 9000.0, 101)
    counts = spectra(2, 100)
    if way == "list":
        columns = {"name": ["a", "b"], "spectrum": counts.tolist(), "edges": [(edges / 1000).tolist()] * 2}
        path = tmp_path / "t.parquet"
        pq.write_table(pa.table(columns), path)
    else:
        energies = (
            {"E_EDGES": (np.tile(edges, (2, 1)), "eV")} if way == "edges"
            else {"ENERG_LO": (np.tile(edges[:-1], (2, 1)), "eV"), "ENERG_HI": (np.tile(edges[1:], (2, 1)), "eV")}
        )  # fmt: skip
        path = fits_table(tmp_path / "t.fits", NAME=["a", "b"], SPECTRUM=counts, **energies)
    outcome = ingest_table(path, name="mine", config=config)
    assert outcome.survey.counts == pytest.approx(rebin_counts(counts, edges / 1000, GRID))
    assert any("holds whole numbers: taken for counts" in note for note in outcome.notes)


def test_rates_are_multiplied_and_shapes_stay_shapes(tmp_path, config):
    counts = spectra(2)
    rate = fits_table(tmp_path / "r.fits", NAME=["a", "b"], RATE=(counts / 500, "ct/s"), EXPOSURE=([500.0, 500.0], "s"))
    assert ingest_table(rate, name="rate", config=config).survey.counts == pytest.approx(counts, rel=1e-5)
    shape = fits_table(tmp_path / "s.fits", NAME=["a", "b"], SPECTRUM=counts / counts.max())
    outcome = ingest_table(shape, name="shape", config=config)
    assert np.isnan(outcome.survey.sources["counts"]).all()
    assert outcome.survey.spectra == pytest.approx(minmax_normalise(counts), abs=1e-5)
    assert any("used as shapes" in note for note in outcome.notes)


def test_a_bad_row_is_reported_and_the_others_go_on(tmp_path, config):
    counts = spectra(5)
    counts[1] = 0
    counts[2] = np.nan
    counts[3, :7] = np.nan
    counts[4, 0] = -1
    path = fits_table(tmp_path / "t.fits", NAME=list("abcde"), COUNTS=(counts, "ct"))
    outcome = ingest_table(path, name="mine", config=config)
    assert outcome.survey.sources["name"].tolist() == ["a", "d", "e"]
    assert outcome.problems == (
        "t.fits: row 2: no counts between 0.5 and 8 keV",
        "t.fits: row 3: 400 of 400 bins of its spectrum are empty",
    )
    notes = outcome.survey.sources["notes"].tolist()
    assert "7 empty bins" in notes[1] and "1 bins of its spectrum below zero" in notes[2]


def test_tables_of_which_no_survey_can_be_made_say_what_to_do(tmp_path, config):
    path = tmp_path / "t.csv"
    path.write_text("name,ra,dec\na,1,2\n")
    with pytest.raises(InputFileError, match=r"it holds no spectra.*--beside SURVEY"):
        ingest_table(path, name="mine", config=config)
    path.write_text("colour,flavour\n1,2\n")
    with pytest.raises(InputFileError, match=r"neither names nor positions.*\(columns: colour, flavour\)"):
        ingest_table(path, name="mine", config=config)
    other = fits_table(tmp_path / "t.fits", NAME=["a"], COUNTS=spectra(1, 77))
    with pytest.raises(InputFileError, match="spectra of 77 bins, and no column tells their energies"):
        ingest_table(other, name="mine", config=config)
    assert not config.surveys_dir.exists() or not list(config.surveys_dir.iterdir())


def small_survey(config, *, names, ra, dec, obsid=None, classes=None) -> Survey:
    n = len(names)
    counts = spectra(n, seed=9).astype(np.float32)
    sources = pd.DataFrame(
        {
            "name": names, "ra": ra, "dec": dec, "source_class": classes or [""] * n, "obsid": obsid or [0] * n,
            "detector": "ACIS-S", "year": 2010.0, "theta_arcmin": 1.0, "exposure_s": 1000.0, "counts": 10.0,
            "background_counts": 0.0, "net_counts": 10.0, "split": "test", "notes": "",
        }
    )  # fmt: skip
    blank = pd.DataFrame(np.full((n, len(VARIABLE_NAMES)), np.nan), columns=list(VARIABLE_NAMES))
    contents = SurveyContents(
        sources=sources, variables=blank, limits=pd.DataFrame({"hard_hs_lolim": [0.0] * n}),
        photons=Photons(np.arange(2 * n, dtype=np.float32), np.ones(2 * n, np.float32), 2 * np.arange(n + 1)),
        arrays={"spectra": minmax_normalise(counts), "counts": counts, "background": np.zeros_like(counts)},
    )  # fmt: skip
    return write_survey(contents, Meta(kind="survey", name="base", simulated=False), config.surveys_dir)


def test_a_table_without_spectra_is_laid_beside_a_survey(tmp_path, config):
    base = small_survey(
        config, names=["Cyg X-1", "2CXO J000001.0+000000", "far", "none"], ra=[10.0, 20.0, 30.0, np.nan],
        dec=[1.0, 2.0, 3.0, np.nan], classes=["HMXB", "", "", ""],
    )  # fmt: skip
    path = tmp_path / "cat.csv"
    path.write_text(
        "designation,RA,DEC,G,type\n"
        "CYG x-1,10.5,1.0,1.6,LMXB\n"
        "J000001.0+000000,,,2.5,Seyfert_1\n"
        "other,30.0002,3.0001,3.5,Star\n"
        "lost,200,-50,1.0,Star\n"
    )
    outcome = ingest_table(
        path, name="copy", config=config, settings=TableSettings(map=("powlaw_gamma=G",), beside="base")
    )
    copy = outcome.survey
    assert copy.catalogued[:, column_of("powlaw_gamma")] == pytest.approx([1.6, 2.5, 3.5, np.nan], nan_ok=True)
    assert copy.sources["source_class"].tolist() == ["HMXB", "AGN", "star", ""]
    assert outcome.match.how.tolist() == ["name", "name", "position", ""]
    assert outcome.match.separation_arcsec[2] == pytest.approx(0.80, abs=0.01)
    assert any("Cyg X-1: its row has its name, but lies over 60 arcsec away" in text for text in outcome.problems)
    assert "3 of 4 sources have a row; 3 of 4 rows were used" in outcome.notes
    assert "1 sources keep the survey's class, where the table has another" in outcome.notes
    # All else is as it was, and the survey itself did not change.
    again = Survey.open(base.folder)
    assert again.catalogued is None
    assert np.array_equal(copy.spectra, again.spectra)
    assert np.array_equal(copy.events_of(2)[0], again.events_of(2)[0])
    frame = outcome.match.frame(copy, map_table(read_source_table(path)))
    assert frame["matched_row"].tolist() == [1, 2, 3, 0]
    assert frame["matched_name"].tolist() == ["CYG x-1", "J000001.0+000000", "other", ""]


def test_values_of_another_observation_never_stand_beside_a_spectrum(tmp_path, config):
    base = small_survey(config, names=["a", "a", "a"], ra=[1.0] * 3, dec=[2.0] * 3, obsid=[11, 22, 33])
    path = tmp_path / "cat.csv"
    path.write_text("name,obsid,hard_hs\na,22,0.2\na,11,0.1\na,44,0.4\n")
    match = match_table(base, map_table(read_source_table(path)))
    assert match.row.tolist() == [1, 0, -1]
    path.write_text("name,obsid,hard_hs\na,22,0.2\na,22,0.1\n")
    match = match_table(base, map_table(read_source_table(path)))
    assert (match.row.tolist(), match.how.tolist()) == ([-1, -1, -1], ["", "ambiguous", ""])
    assert "several rows could belong to it" in match.notes[0]
    path.write_text("name,obsid,hard_hs,hard_ms\na,22,0.2,\na,22,0.2,\n")
    assert match_table(base, map_table(read_source_table(path))).row.tolist() == [-1, 0, -1]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), radius=st.floats(0.5, 30))
def test_matches_by_position_are_those_of_every_pair(tmp_path_factory, seed, radius):
    from alignlab.services.position_search import separation_arcsec

    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(seed)
    ra, dec = 359.999 + rng.uniform(0, 0.004, 12), 60 + rng.uniform(0, 0.004, 12)
    base = small_survey(Config(data_dir=folder), names=[f"s{k}" for k in range(12)], ra=ra % 360, dec=dec)
    rows = rng.uniform(0, 0.004, (15, 2)) + np.array([359.999, 60])
    text = "\n".join(f"{a % 360!r},{d!r}" for a, d in rows.tolist())
    (folder / "t.csv").write_text(f"ra,dec\n{text}\n")
    match = match_table(base, map_table(read_source_table(folder / "t.csv")), radius_arcsec=radius)
    for i in range(12):
        apart = separation_arcsec(ra[i] % 360, dec[i], rows[:, 0] % 360, rows[:, 1])
        near = np.flatnonzero(apart <= radius)
        assert match.row[i] == (near[0] if len(near) == 1 else -1)
        assert match.how[i] == {0: "", 1: "position"}.get(len(near), "ambiguous")
        if len(near) == 1:
            assert match.separation_arcsec[i] == pytest.approx(apart[near[0]], abs=1e-4)
    base.close()


def test_nothing_that_belongs_and_wrong_names_are_errors(tmp_path, config):
    small_survey(config, names=["a"], ra=[1.0], dec=[2.0])
    path = tmp_path / "cat.csv"
    path.write_text("name,hard_hs\nz,0.2\n")
    for settings_, name, words in (
        (TableSettings(beside="base"), "copy", "none of its 1 rows belongs to a source of survey 'base'"),
        (TableSettings(beside="base"), "base", "exists already"),
        (TableSettings(beside="absent"), "copy", "absent"),
        (TableSettings(map=("hard_hs",), beside="base"), "copy", "is no pair"),
    ):
        with pytest.raises(AlignlabError, match=words):
            ingest_table(path, name=name, config=config, settings=settings_)


def test_the_plan_tells_what_the_columns_are_taken_for_and_writes_nothing(tmp_path):
    path = tmp_path / "cat.csv"
    path.write_text("name,HS\nz,0.2\ny,0.1\n")
    plan = plan_table(path, settings=TableSettings(map=("hard_hs=HS",)))
    assert (plan.n_wanted, plan.what) == (2, "sources")
    assert "it holds no spectra" in plan.notes[0]
    assert [p.name for p in tmp_path.iterdir()] == ["cat.csv"]


def test_the_settings_are_a_recipe(tmp_path):
    chosen = TableSettings(map=("hard_hs=HS",), unit=("NH=cm-2",), beside="base")
    assert TableSettings.from_json(chosen.to_json()) == chosen
    assert (chosen.mapping, chosen.units) == ({"hard_hs": "HS"}, {"NH": "cm-2"})
