import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, gamma

from alignlab.spectra.grid import energy_grid
from alignlab.spectra.hardness import (
    HARDNESS_BANDS,
    band_areas,
    band_counts,
    event_band_counts,
    flux_significance,
    hardness_ratio,
)
from alignlab.spectra.response import MODEL_EDGES_KEV, effective_area_cm2


def test_a_bin_across_a_band_edge_gives_its_share():
    counts = band_counts([[10.0, 20.0, 40.0]], edges_kev=[0.5, 1.0, 1.4, 7.0])
    assert counts["soft"] == pytest.approx([10 + 20 * 0.2 / 0.4])
    assert counts["broad"] == pytest.approx([70])
    assert counts["soft"] + counts["medium"] + counts["hard"] == pytest.approx(counts["broad"])


def test_bands_from_a_fine_spectrum_and_from_events_agree():
    rng = np.random.default_rng(0)
    energy = rng.uniform(0.5, 8.0, 5000)
    grid = energy_grid("linear", n_bins=7500)
    spectrum = np.histogram(energy, grid.edges_kev)[0]
    by_event = event_band_counts(energy, offsets=[0, 5000])
    by_bin = band_counts(spectrum, edges_kev=grid.edges_kev)
    for band, expected in by_event.items():
        assert by_bin[band] == pytest.approx(expected, abs=2)


def test_sources_without_events_have_no_counts():
    counts = event_band_counts([0.6, 3.0, 1.5], offsets=[0, 0, 2, 2, 3, 3])
    assert counts["broad"].tolist() == [0, 2, 0, 1, 0]


@pytest.mark.parametrize(("x", "y"), [(5, 3), (30, 10), (400, 350)])
def test_limits_are_those_of_the_beta_distribution_when_there_is_no_background(x, y):
    # Gamma(x+1) over the sum with Gamma(y+1) is beta distributed: the posterior has a closed form.
    ratio = hardness_ratio([x], [y])
    share = beta(x + 1, y + 1)
    width = 2 * (share.ppf(0.84134) - share.ppf(0.15866))
    assert ratio.value[0] == pytest.approx((x - y) / (x + y))
    assert ratio.lolim[0] == pytest.approx(2 * share.ppf(0.15866) - 1, abs=0.03 * width)
    assert ratio.hilim[0] == pytest.approx(2 * share.ppf(0.84134) - 1, abs=0.03 * width)


def test_limits_with_background_match_plain_monte_carlo():
    rng = np.random.default_rng(1)
    cx, cy, bx, by, scale = 14, 22, 9.0, 6.0, 0.1
    draws = 400_000

    def rate(counts, background):
        level = rng.gamma(background / scale + 1, size=draws) * scale
        tail = gamma.sf(level, counts + 1)
        return np.maximum(gamma.isf(rng.uniform(size=draws) * tail, counts + 1) - level, 1e-9)

    rx, ry = rate(cx, bx) / 300.0, rate(cy, by) / 500.0
    low, high = np.quantile((rx - ry) / (rx + ry), [0.15866, 0.84134])
    ratio = hardness_ratio(
        [cx], [cy], background_x=bx, background_y=by, background_scale=scale, weight_x=300.0, weight_y=500.0
    )
    assert ratio.lolim[0] == pytest.approx(low, abs=0.04)
    assert ratio.hilim[0] == pytest.approx(high, abs=0.04)


def test_the_interval_holds_the_truth_in_two_of_three_cases():
    rng = np.random.default_rng(2)
    n, sx, sy, b = 4000, 40.0, 60.0, 10.0
    ratio = hardness_ratio(rng.poisson(sx + b, n), rng.poisson(sy + b, n), background_x=b, background_y=b)
    truth = (sx - sy) / (sx + sy)
    assert np.mean((ratio.lolim <= truth) & (truth <= ratio.hilim)) == pytest.approx(0.683, abs=0.03)


def test_no_net_counts_in_both_bands_is_missing():
    ratio = hardness_ratio([0, 3, 5, np.nan], [0, 3, 0, 2], background_x=[0, 4, 0, 0], background_y=[0, 4, 0, 0])
    assert np.isnan(ratio.value).tolist() == [True, True, False, True]
    assert np.isnan(ratio.lolim).tolist() == [True, True, False, True]


@given(
    x=st.floats(0, 1e7), y=st.floats(0, 1e7), bx=st.floats(0, 1e6), by=st.floats(0, 1e6), scale=st.floats(0, 1),
    wx=st.floats(1e-3, 1e4),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_ratios_stay_in_range_and_in_order(x, y, bx, by, scale, wx):
    ratio = hardness_ratio([x], [y], background_x=bx, background_y=by, background_scale=scale, weight_x=wx)
    if np.isnan(ratio.value[0]):
        assert (x <= bx or x == 0) and (y <= by or y == 0)
    else:
        assert -1 <= ratio.lolim[0] <= ratio.value[0] <= ratio.hilim[0] <= 1


@pytest.mark.parametrize(
    ("wrong", "words"), [({"background_x": -1.0}, "background_x"), ({"weight_y": 0.0}, "weight_y must be positive")]
)
def test_impossible_input_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        hardness_ratio([1.0], [2.0], **wrong)


def test_a_whole_survey_takes_under_two_seconds():
    rng = np.random.default_rng(3)
    x, y = rng.poisson(30, (2, 11_447))
    start = time.process_time()
    hardness_ratio(x, y, background_x=3.0, background_y=2.0)
    assert time.process_time() - start < 2


def test_significance_without_source_counts_is_zero():
    assert flux_significance([0, 5], background=[2, 8]).tolist() == [0, 0]
    assert flux_significance([100.0], error_factor=1.0) == pytest.approx([10.0])
    assert np.isnan(flux_significance([np.nan]))[0]


@pytest.fixture(scope="module")
def detections(real_data):
    table = pd.read_parquet(real_data / "csc20_detections.parquet")
    return table[(table["instrument"] == "ACIS") & table["src_cnts_aper_b"].notna()].reset_index(drop=True)


@pytest.mark.real_data
def test_catalogued_hardness_is_reproduced(detections):
    year = 2000 + (detections["gti_mjd_obs"].to_numpy() - 51544.5) / 365.25
    detector = np.where(detections["detector"].isin(["ACIS-7", "ACIS-5"]), "ACIS-S", "ACIS-I")
    area = effective_area_cm2(detector, year, detections["theta"].to_numpy())
    weights = band_areas(area, energy_kev=0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1]))
    letters = {"soft": "s", "medium": "m", "hard": "h"}
    for name, (x, y) in HARDNESS_BANDS.items():
        net = [detections[f"src_cnts_aper_{letters[band]}"].clip(lower=0).to_numpy() for band in (x, y)]
        total = net[0] + net[1]
        chosen = np.isfinite(total) & detections[name].notna().to_numpy() & (total > 20) & (total < 100)
        catalogued = detections.loc[chosen, name].to_numpy()
        ours = hardness_ratio(net[0], net[1], weight_x=weights[x], weight_y=weights[y]).value[chosen]
        counts_only = hardness_ratio(net[0], net[1]).value[chosen]
        assert chosen.sum() > 5000
        assert np.median(np.abs(ours - catalogued)) < 0.03
        assert np.median(np.abs(counts_only - catalogued)) > 0.1


@pytest.mark.real_data
def test_catalogued_significance_is_reproduced(detections):
    counts, background = detections["cnts_aper_b"].to_numpy(), detections["cnts_aperbkg_b"].to_numpy()
    clean = (counts >= 20) & (background < 0.3 * counts) & detections["flux_significance_b"].gt(0).to_numpy()
    ratio = flux_significance(counts[clean]) / detections["flux_significance_b"].to_numpy()[clean]
    assert clean.sum() > 500
    assert np.median(ratio) == pytest.approx(1, abs=0.03)
    assert np.quantile(ratio, [0.16, 0.84]) == pytest.approx([1, 1], abs=0.06)
