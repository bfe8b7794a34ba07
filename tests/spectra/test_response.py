"""The analytic response against real ones, and what any response must do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.spectra.emission import gaussian_line, powerlaw
from alignlab.spectra.response import (
    CHANNEL_EDGES_KEV,
    DETECTORS,
    MODEL_EDGES_KEV,
    contamination_depth,
    effective_area_cm2,
    fold,
    fwhm_kev,
    redistribution,
)
from scripts.calibrate_response import REAL_RESPONSES, RealResponse, compare

CENTRES = 0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1])
CHANNELS = 0.5 * (CHANNEL_EDGES_KEV[1:] + CHANNEL_EDGES_KEV[:-1])


@pytest.mark.real_data
@pytest.mark.parametrize("real", REAL_RESPONSES, ids=lambda real: real.name)
def test_folded_counts_equal_those_of_a_real_response_within_15_percent(real_data: Path, real: RealResponse) -> None:
    for model, ratio in compare(real_data / "spectra", real).items():
        assert ratio["all"] == pytest.approx(1, abs=0.08), model
        for band, value in ratio.items():
            assert value == pytest.approx(1, abs=0.15), f"{model}, {band}"


def test_areas_lie_near_the_published_ones() -> None:
    """POG, table 6.1: 110 cm^2 at 0.5 keV (FI), 600 at 1.5 keV, 40 at 8 keV."""
    area = effective_area_cm2(["ACIS-S", "ACIS-I"], 1999.6, 0.0)
    at = [int(np.argmin(np.abs(CENTRES - energy))) for energy in (0.5, 1.5, 8.0)]
    assert area[1, at] == pytest.approx([110, 560, 40], rel=0.12)
    assert area[0, at[0]] > 4 * area[1, at[0]]


@settings(deadline=None, max_examples=50)
@given(
    detector=st.sampled_from(DETECTORS),
    year=st.floats(1999.6, 2024),
    later=st.floats(0.5, 10),
    theta=st.floats(0, 12),
    further=st.floats(0.5, 10),
)
def test_area_falls_with_time_in_the_soft_band_and_with_the_angle(
    detector: str, year: float, later: float, theta: float, further: float
) -> None:
    now, then, off = effective_area_cm2([detector] * 3, [year, year + later, year], [theta, theta, theta + further])
    soft = CENTRES < 1
    assert (now > 0).all()
    assert (then <= now).all()
    assert (off < now).all()
    if year + later < 2024:
        assert (then[soft] < now[soft]).all()
    lost = 1 - off / now
    assert lost[-1] > lost[0], "hard photons are vignetted more"


def test_contamination_hardly_matters_above_2_kev() -> None:
    early, late = effective_area_cm2("ACIS-S", [2000.0, 2020.0], 0.0)
    assert (late[CENTRES > 2] > 0.88 * early[CENTRES > 2]).all()
    assert late[np.argmin(np.abs(CENTRES - 0.67))] == pytest.approx(
        early[np.argmin(np.abs(CENTRES - 0.67))] * np.exp(contamination_depth(2000.0) - contamination_depth(2020.0)),
        rel=0.03,
    )


def test_a_row_depends_on_its_own_source_only() -> None:
    detector = np.array(["ACIS-S", "ACIS-I", "ACIS-S"])
    year, theta = np.array([2003.0, 2010.0, 2021.0]), np.array([0.0, 5.0, 9.0])
    together = effective_area_cm2(detector, year, theta)
    alone = [effective_area_cm2(detector[i], year[i], theta[i])[0] for i in range(3)]
    assert together.dtype == np.float32
    assert together.shape == (3, len(CENTRES))
    np.testing.assert_allclose(together, alone)


@pytest.mark.parametrize("detector", DETECTORS)
def test_no_photon_is_made_and_few_are_lost(detector: str) -> None:
    matrix = redistribution(detector)
    assert matrix.shape == (len(CENTRES), len(CHANNELS))
    assert (matrix >= 0).all()
    assert matrix.sum(axis=1).max() <= 1 + 1e-6
    inside = (CENTRES > 0.75) & (CENTRES < 7.5)
    assert matrix.sum(axis=1)[inside].min() > 0.975


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("energy", [1.0, 3.0, 6.4])
def test_a_narrow_line_gets_the_resolution_of_the_detector(detector: str, energy: float) -> None:
    line = gaussian_line(torch.from_numpy(MODEL_EDGES_KEV), energy, 0.0)
    counts = fold(line[None], torch.ones(1, len(CENTRES)).double(), torch.from_numpy(redistribution(detector)).double())
    profile = counts[0].numpy()
    core = np.abs(CHANNELS - energy) < 0.4
    mean = np.average(CHANNELS[core], weights=profile[core])
    assert mean == pytest.approx(energy, abs=0.02)
    above_half = CHANNELS[profile > profile.max() / 2]
    assert np.ptp(above_half) + 0.0146 == pytest.approx(fwhm_kev(detector, energy), abs=0.03)


def test_resolution_of_front_and_back_illuminated_chips() -> None:
    assert fwhm_kev("ACIS-S", 5.9) == pytest.approx(0.150, abs=0.01)
    assert fwhm_kev("ACIS-I", 1.0) < fwhm_kev("ACIS-S", 1.0)


def test_folding_is_flux_times_area_times_bin_width() -> None:
    flux = powerlaw(torch.from_numpy(CENTRES), torch.tensor([[1.7], [2.0]]).double())
    area = torch.from_numpy(effective_area_cm2("ACIS-S", [2005.0, 2015.0], 0.0)).double()
    identity = torch.eye(len(CENTRES), dtype=torch.float64)
    np.testing.assert_allclose(fold(flux, area, identity), flux * area * 0.02, rtol=1e-9)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"HRC.*ACIS-S, ACIS-I"):
        effective_area_cm2(["ACIS-S", "HRC"], 2005.0, 0.0)
    with pytest.raises(ValueError, match="HRC"):
        redistribution("HRC")
    with pytest.raises(ValueError, match="finite"):
        effective_area_cm2("ACIS-S", np.nan, 0.0)
    with pytest.raises(ValueError, match="negative"):
        effective_area_cm2("ACIS-S", 2005.0, -1.0)
