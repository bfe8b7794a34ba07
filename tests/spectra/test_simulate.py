"""The demo survey as a whole: photons, spectra and measured variables of a small one."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.progress import StoppedError
from alignlab.spectra.background import background_shape
from alignlab.spectra.grid import E_MAX_KEV, E_MIN_KEV, energy_grid
from alignlab.spectra.rarities import RARITIES
from alignlab.spectra.response import CHANNEL_EDGES_KEV
from alignlab.spectra.simulate import MAX_EXPECTED_COUNTS, SimulatedSurvey, simulate_survey
from alignlab.variables import MIN_NET_COUNTS_FOR_FITS, VARIABLE_NAMES, VARIABLES

N = 240


@pytest.fixture(scope="module")
def survey() -> SimulatedSurvey:
    return simulate_survey(N, seed=11)


def same(first: SimulatedSurvey, second: SimulatedSurvey) -> bool:
    arrays = all(np.array_equal(getattr(first, k), getattr(second, k)) for k in ("counts", "background", "expected"))
    events = all(
        np.array_equal(getattr(first.events, k), getattr(second.events, k)) for k in ("time_s", "energy_kev", "offsets")
    )
    return arrays and events and first.truth.equals(second.truth) and first.sources.equals(second.sources)


def test_same_seed_same_survey_and_another_seed_another() -> None:
    first, again, other = (simulate_survey(30, seed=seed) for seed in (5, 5, 6))
    assert same(first, again)
    assert first.variables.equals(again.variables) and first.limits.equals(again.limits)
    assert not same(first, other)


def test_tables_and_arrays_agree_in_shape(survey: SimulatedSurvey) -> None:
    for name in ("counts", "background", "expected"):
        array = getattr(survey, name)
        assert array.shape == (N, 400) and array.dtype == np.float32
    assert list(survey.variables.columns) == list(VARIABLE_NAMES)
    assert len(survey.sources) == len(survey.truth) == len(survey.variables) == len(survey.limits) == N
    assert survey.sources["name"].is_unique
    assert survey.sources["name"].str.fullmatch(r"SIM J\d{6}\.\d[+-]\d{6}").all()
    assert (survey.sources["obsid"] >= 900_000).all()
    assert survey.events.time_s.dtype == survey.events.energy_kev.dtype == np.float32
    assert survey.events.offsets.dtype == np.int64


def test_counts_are_the_photons(survey: SimulatedSurvey) -> None:
    events, sources = survey.events, survey.sources
    assert events.offsets[0] == 0 and events.offsets[-1] == len(events.time_s) == len(events.energy_kev)
    assert np.array_equal(np.diff(events.offsets), sources["counts"])
    assert (events.energy_kev >= E_MIN_KEV).all() and (events.energy_kev <= E_MAX_KEV).all()
    # A channel that straddles 0.5 or 8 keV shares its counts; its photons fall on either side.
    assert np.abs(survey.counts.sum(1) - sources["counts"]).max() < 0.01 * sources["counts"].max() + 5
    for i in (0, 17, N - 1):
        part = slice(events.offsets[i], events.offsets[i + 1])
        assert (events.time_s[part] >= 0).all() and (events.time_s[part] <= sources["exposure_s"][i] * 1.0001).all()
        edges = energy_grid("log").edges_kev[::40]
        observed = np.histogram(events.energy_kev[part], edges)[0]
        binned = survey.counts[i].reshape(10, 40).sum(1)
        assert np.abs(observed - binned).max() < 4 * np.sqrt(binned.max()) + 4


def test_net_counts_are_counts_less_background(survey: SimulatedSurvey) -> None:
    sources = survey.sources
    assert np.allclose(sources["net_counts"], sources["counts"] - sources["background_counts"])
    assert np.allclose(sources["background_counts"], survey.background.sum(1), rtol=1e-4)


def test_drawn_counts_scatter_about_the_expectation_as_poisson(survey: SimulatedSurvey) -> None:
    coarse = survey.counts.reshape(N, 20, 20).sum(2), survey.expected.reshape(N, 20, 20).sum(2)
    enough = coarse[1] > 20
    chi_square = ((coarse[0] - coarse[1]) ** 2 / coarse[1])[enough]
    # Shared channels correlate neighbouring bins and take a little of the scatter.
    assert 0.85 < chi_square.mean() < 1.1
    total = (survey.counts.sum(1) - survey.expected.sum(1)) / np.sqrt(survey.expected.sum(1))
    assert abs(total.mean()) < 4 / np.sqrt(N) and 0.8 < total.std() < 1.2


def test_expected_counts_and_flux_are_those_of_the_source(survey: SimulatedSurvey) -> None:
    truth = survey.truth
    ordinary = truth.rarity != "pile-up artefact"
    inside = energy_grid("log").centres_kev < 7.0
    source = (survey.expected - survey.background)[:, inside].sum(1)
    assert np.allclose(source[ordinary], truth.expected_counts[ordinary], rtol=0.02, atol=1)
    assert (truth.expected_counts <= MAX_EXPECTED_COUNTS).all()
    # One count per second is some 1e-11 erg/cm^2/s for ACIS: all ratios must lie around it.
    energy_per_count = truth.flux_cgs / (truth.expected_counts / survey.sources["exposure_s"])
    assert 3e-12 < energy_per_count.median() < 3e-11
    assert (energy_per_count < 1e-9).all()


def test_every_rarity_is_there_once(survey: SimulatedSurvey) -> None:
    planted = survey.truth.rarity[survey.truth.rarity != ""]
    assert sorted(planted) == sorted(RARITIES)


def test_fits_are_missing_below_150_net_counts(survey: SimulatedSurvey) -> None:
    from_fits = [v.name for v in VARIABLES if v.from_fit]
    net = survey.sources["net_counts"]
    assert survey.variables.loc[net < MIN_NET_COUNTS_FOR_FITS - 15, from_fits].isna().all(axis=None)
    parameters = [name for name in from_fits if not name.endswith("_stat")]
    bright = survey.variables.loc[net > 1.5 * MIN_NET_COUNTS_FOR_FITS, parameters]
    assert len(bright) > 60
    assert bright.notna().mean(axis=None) > 0.98
    assert survey.variables[[v.name for v in VARIABLES if not v.from_fit]].notna().mean(axis=None) > 0.98


def test_variables_lie_in_their_ranges_and_inside_their_limits(survey: SimulatedSurvey) -> None:
    for variable in VARIABLES:
        values = survey.variables[variable.name].dropna()
        low, high = variable.valid_range
        assert values.between(low - 1e-6, high + 1e-6).all(), variable.name
    for name in ("hard_hs", "powlaw_gamma", "bb_kt"):
        low, high = survey.limits[f"{name}_lolim"], survey.limits[f"{name}_hilim"]
        value = survey.variables[name]
        assert (value >= low - 1e-4)[low.notna() & value.notna()].all()
        assert (value <= high + 1e-4)[high.notna() & value.notna()].all()


def test_variables_are_measured_not_copied(survey: SimulatedSurvey) -> None:
    plain = (survey.truth.spectral_model == "powerlaw") & survey.truth.source_class.isin(["AGN", "QSO"])
    plain &= (survey.truth.n_h_intrinsic < 50) & (survey.truth.rarity == "")
    difference = (survey.variables.powlaw_gamma - survey.truth.photon_index)[plain].dropna()
    assert len(difference) > 15
    assert (difference != 0).all()
    assert 0.03 < difference.std() < 0.6
    assert abs(difference.median()) < 0.15


def test_strong_variability_is_found_and_constancy_believed(survey: SimulatedSurvey) -> None:
    truth, variables = survey.truth, survey.variables
    strong = (truth.light_curve == "flare") & (truth.variability_amplitude > 4) & (survey.sources["net_counts"] > 100)
    assert strong.sum() > 3
    assert (variables.var_index_b[strong] >= 6).mean() > 0.7
    assert (variables.var_index_b[truth.light_curve == "constant"] <= 2).mean() > 0.93


def test_background_shape_sums_to_one_in_its_band() -> None:
    centres = 0.5 * (CHANNEL_EDGES_KEV[1:] + CHANNEL_EDGES_KEV[:-1])
    for detector in ("ACIS-S", "ACIS-I"):
        shape = background_shape(detector)
        assert shape.min() > 0
        assert shape[(centres > 0.5) & (centres < 7)].sum() == pytest.approx(1, rel=1e-3)


def test_progress_is_reported_and_false_stops() -> None:
    calls: list[tuple[int, int, str]] = []

    def stop_at_variables(done: int, total: int, info: str) -> bool:
        calls.append((done, total, info))
        return info != "variables"

    with pytest.raises(StoppedError, match="stopped"):
        simulate_survey(20, on_step=stop_at_variables)
    assert [info for _, _, info in calls] == ["population", "spectra", "photons", "arrival times", "variables"]
    assert [done for done, _, _ in calls] == sorted(done for done, _, _ in calls)


def test_linear_grid_is_an_option() -> None:
    linear, log = (simulate_survey(20, seed=3, grid_kind=kind) for kind in ("linear", "log"))
    assert np.allclose(linear.counts.sum(1), log.counts.sum(1), rtol=1e-3)
    assert not np.allclose(linear.counts, log.counts)
