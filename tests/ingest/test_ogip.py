import numpy as np
import pytest
from scipy.optimize import minimize

from alignlab.ingest.ogip import spectra_to_contents
from alignlab.ingest.records import SOURCE_COLUMNS
from alignlab.progress import StoppedError
from alignlab.spectra.absorption import sigma_wabs
from alignlab.spectra.grid import PI_CHANNEL_KEV, energy_grid
from alignlab.spectra.ogip import fold, read_spectrum
from alignlab.variables import VARIABLE_NAMES
from tests.spectra.ogip_files import N_CHANNELS, default_counts, write, write_arf, write_rmf, write_spectrum
from tests.spectra.test_events import events_hdu, gti_hdu

GRID = energy_grid()


def test_a_folder_of_good_and_bad_files(tmp_path):
    write_rmf(tmp_path / "a.rmf")
    write_arf(tmp_path / "a.arf")
    write_spectrum(tmp_path / "a_bg.pi", np.full(N_CHANNELS, 2), BACKSCAL=1e-5)
    write_spectrum(tmp_path / "a.pi", BACKFILE="a_bg.pi", ANCRFILE="a.arf", RESPFILE="a.rmf")
    write_spectrum(tmp_path / "b.pi", default_counts(4), OBJECT="CSC", RA_TARG=None)
    write_spectrum(tmp_path / "zero.pi", np.zeros(N_CHANNELS, int))
    (tmp_path / "empty.pha").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not looked at")
    ingested = spectra_to_contents([tmp_path], grid=GRID)
    assert ingested.sources["name"].tolist() == ["Test A", "b"]
    assert ingested.sources.columns.tolist() == list(SOURCE_COLUMNS)
    assert sorted(str(p).split(":")[0] for p in ingested.problems) == ["empty.pha", "zero.pi"]
    assert ingested.variables.columns.tolist() == list(VARIABLE_NAMES)
    assert len(ingested.variables) == len(ingested.limits) == len(ingested.counts) == 2
    assert ingested.offsets.tolist() == [0, 0, 0]
    first, second = (ingested.sources.iloc[i] for i in (0, 1))
    assert first["background_counts"] == pytest.approx(0.2 * 7.5 / PI_CHANNEL_KEV, rel=0.01)
    assert first["net_counts"] == pytest.approx(first["counts"] - first["background_counts"])
    assert np.isnan(second["background_counts"])
    assert np.isnan(ingested.background[1]).all()
    assert second["net_counts"] == second["counts"]
    assert "background unknown" in second["notes"]
    assert "no position" in second["notes"]


def test_companions_given_on_the_command_line_are_no_sources_and_no_problems(tmp_path):
    files = [
        write_rmf(tmp_path / "a.rmf"), write_arf(tmp_path / "a.arf"),
        write_spectrum(tmp_path / "a_bg.pi", np.full(N_CHANNELS, 2)),
        write_spectrum(tmp_path / "a.pi", BACKFILE="a_bg.pi", ANCRFILE="a.arf", RESPFILE="a.rmf"),
        write_arf(tmp_path / "stray.arf"),
    ]  # fmt: skip
    ingested = spectra_to_contents([*files, files[3]], grid=GRID)
    assert ingested.sources["source_file"].tolist() == ["a.pi"]
    assert [p.where for p in ingested.problems] == ["stray.arf"]


def test_sources_of_one_object_are_told_apart(tmp_path):
    paths = [write_spectrum(tmp_path / f"{i}.pi", default_counts(i), OBS_ID=obs) for i, obs in enumerate("778")]
    names = spectra_to_contents(paths, grid=GRID).sources["name"].tolist()
    assert names == ["Test A (7)", "Test A (7) #2", "Test A (8)"]


def test_hardness_follows_the_effective_area(tmp_path):
    # As many counts in every channel; an area twice as large at soft energies halves the soft flux.
    write_rmf(tmp_path / "a.rmf")
    edges = np.linspace(0.3, 8.3, 81)
    write_arf(tmp_path / "flat.arf", area=np.full(80, 300.0))
    write_arf(tmp_path / "soft.arf", area=np.where(edges[:-1] < 1.2, 600.0, 300.0))
    counts = np.full(N_CHANNELS, 10)
    paths = [
        write_spectrum(tmp_path / f"{kind}.pi", counts, ANCRFILE=f"{kind}.arf", RESPFILE="a.rmf")
        for kind in ("flat", "soft")
    ]
    variables = spectra_to_contents(paths, grid=GRID).variables
    soft, hard = 0.7, 5.0
    assert variables["hard_hs"][0] == pytest.approx((hard - soft) / (hard + soft), abs=1e-3)
    assert variables["hard_hs"][1] == pytest.approx((hard - soft / 2) / (hard + soft / 2), abs=1e-3)
    assert variables["hard_hm"][0] == pytest.approx(variables["hard_hm"][1], abs=1e-3)


def test_few_counts_are_not_fitted(tmp_path):
    path = write_spectrum(tmp_path / "a.pi", (np.arange(N_CHANNELS) % 5 == 0).astype(int))
    variables = spectra_to_contents([path], grid=GRID).variables.iloc[0]
    assert np.isfinite(variables[["hard_hs", "flux_significance_b"]]).all()
    assert variables[[v for v in VARIABLE_NAMES if v.startswith(("powlaw", "bb", "brems", "apec"))]].isna().all()


def test_an_event_file_is_one_source_with_variability(tmp_path):
    rng = np.random.default_rng(0)
    time = np.sort(np.concatenate([rng.uniform(0, 20_000, 150), rng.normal(9_000, 300, 300)]))
    hdus = (events_hdu(1e8 + time, energy=rng.uniform(600, 6000, 450)), gti_hdu((1e8, 1e8 + 20_000)))
    ingested = spectra_to_contents([write(tmp_path / "flare_evt2.fits", *hdus)], grid=GRID)
    assert ingested.variables["var_prob_b"][0] > 0.99
    assert ingested.variables["var_index_b"][0] >= 6
    assert ingested.offsets.tolist() == [0, 450]
    assert ingested.time_s == pytest.approx(time, abs=1e-2)
    assert ingested.counts.sum() == pytest.approx(450, abs=3)
    assert "all events of the file taken for one source" in ingested.sources["notes"][0]


def test_nothing_usable_is_an_empty_survey_with_its_problems(tmp_path):
    ingested = spectra_to_contents([tmp_path / "a.pi", tmp_path], grid=GRID)
    assert len(ingested.sources) == 0
    assert ingested.counts.shape == (0, 400)
    assert ingested.variables.shape == (0, 20)
    assert len(ingested.problems) == 2


def test_it_stops_when_asked(tmp_path):
    paths = [write_spectrum(tmp_path / f"{i}.pi") for i in range(3)]
    with pytest.raises(StoppedError):
        spectra_to_contents(paths, grid=GRID, on_step=lambda done, total, info: done < total // 5)


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["9774.pi.gz", "acisf01575_001N001_r0085_pha3.fits.gz"])
def test_fits_agree_with_a_plain_fit_at_full_resolution(real_data, name):
    path = real_data / "spectra" / name
    spectrum = read_spectrum(path)
    edges = spectrum.rmf.energy_edges_kev
    energy = 0.5 * (edges[1:] + edges[:-1])
    sigma = sigma_wabs(energy)
    used = (spectrum.edges_kev[:-1] >= 0.5) & (spectrum.edges_kev[1:] <= 7.0)
    seen = spectrum.counts[used]

    def cash(parameters):
        index, log_norm, column = parameters
        photons = np.exp(log_norm - 0.01 * abs(column) * sigma) * energy**-index * np.diff(edges)
        model = spectrum.exposure_s * fold(photons, arf=spectrum.arf, rmf=spectrum.rmf) + spectrum.background_counts
        model = np.maximum(model[used], 1e-10)
        return 2 * np.sum(model - seen * np.log(model))

    best = minimize(cash, (1.7, -9.5, 10.0), method="Nelder-Mead", options={"maxiter": 2000, "fatol": 1e-3}).x
    variables = spectra_to_contents([path], grid=GRID).variables.iloc[0]
    assert variables["powlaw_gamma"] == pytest.approx(best[0], abs=0.02)
    assert variables["powlaw_nh"] == pytest.approx(abs(best[2]), abs=0.5)


@pytest.mark.real_data
def test_all_real_spectra_go_through(real_data):
    ingested = spectra_to_contents(sorted((real_data / "spectra").iterdir()), grid=GRID)
    table = ingested.sources.set_index("name")
    assert ingested.problems == ()
    assert table["net_counts"].round().astype(int).to_dict() == {
        "B3 0710+439": 1687, "Chandra Deep Field-South (179)": 2223, "3C 273": 645, "3C 186": 3996,
        "acisf01575_001N001_r0085": 831, "DG Tau AB": 379,
    }  # fmt: skip
    assert table.loc["Chandra Deep Field-South (179)", "detector"] == "ACIS-I"
    assert (table.drop("Chandra Deep Field-South (179)")["detector"] == "ACIS-S").all()
    variables = ingested.variables.set_index(table.index)
    assert variables.loc["Chandra Deep Field-South (179)", "powlaw_nh"] > 10
    assert variables.loc["Chandra Deep Field-South (179)", "hard_hs"] > 0.4
    assert variables.loc["DG Tau AB", "powlaw_stat"] > 2
    assert variables.drop(columns=["var_prob_b", "var_index_b"]).notna().all(axis=None)
