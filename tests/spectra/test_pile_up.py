"""Pile-up: what a count rate makes one expect, what it does to a spectrum, and whether a spectrum shows it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alignlab.spectra.grid import energy_grid, overlap_matrix
from alignlab.spectra.pile_up import (
    FRAME_S,
    events_per_frame,
    pile_up_evidence,
    piled_share,
    with_fused_pairs,
)
from alignlab.spectra.response import CHANNEL_EDGES_KEV, MODEL_EDGES_KEV, effective_area_cm2, fold, redistribution


@pytest.mark.parametrize("photons", [0.01, 0.3, 1.0])
def test_the_share_of_piled_events_is_that_of_poisson_frames(photons):
    frames = np.random.default_rng(1).poisson(photons, 2_000_000)
    events = (frames > 0).mean()
    assert piled_share(events) == pytest.approx((frames > 1).sum() / (frames > 0).sum(), abs=0.002)


def test_few_photons_pile_up_by_half_their_number_and_none_by_nothing():
    assert piled_share(1e-4) == pytest.approx(0.5e-4, rel=1e-3)
    np.testing.assert_array_equal(piled_share([0.0, np.nan]), [0.0, np.nan])
    assert piled_share(50.0) < 1


def test_an_image_that_spreads_has_fewer_events_on_one_spot():
    events = events_per_frame([1000, 1000, 1000], [3200.0] * 3, [0.0, 5.0, 12.0])
    assert events[0] == pytest.approx(1000 / 3200 * FRAME_S * 0.8, rel=0.02)
    assert events[0] > 5 * events[1] > 5 * events[2]


def test_fused_pairs_are_the_convolution_of_the_spectrum_with_itself():
    rate = torch.tensor([[4.0, 2.0, 1.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    share, low, width = 0.3, 0.5, 0.5
    found = with_fused_pairs(rate, share, channel_low_kev=low, channel_kev=width)[0].numpy()
    total, expected = 7.0, (1 - share) * rate[0].numpy()
    for i, a in enumerate(rate[0].tolist()):
        for j, b in enumerate(rate[0].tolist()):
            if i + j + 1 < 6:  # lower edges of 0.5 + 0.5 i and 0.5 + 0.5 j keV add up to that of channel i + j + 1
                expected[i + j + 1] += share / 2 * total * (a / total) * (b / total)
    np.testing.assert_allclose(found, expected)
    assert found.sum() == pytest.approx(total * (1 - share / 2))


def test_a_spectrum_tells_whether_it_is_piled_up():
    detector, year = "ACIS-S", 2005.0
    energy = torch.as_tensor(0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1]), dtype=torch.float32)
    area = torch.as_tensor(effective_area_cm2(detector, year, 0.0))
    rate = fold(energy[None] ** -1.7, area, torch.as_tensor(redistribution(detector)))
    width = float(CHANNEL_EDGES_KEV[1] - CHANNEL_EDGES_KEV[0])
    piled = with_fused_pairs(rate, 0.3, channel_low_kev=float(CHANNEL_EDGES_KEV[0]), channel_kev=width)
    grid = energy_grid()
    shapes = torch.cat([rate, piled]).numpy().astype(float) @ overlap_matrix(CHANNEL_EDGES_KEV, grid.edges_kev)
    shapes = 4000 * shapes / shapes.sum(axis=1, keepdims=True)
    counts = np.random.default_rng(6).poisson(np.repeat(shapes, 2, axis=0)).astype(float)
    found = pile_up_evidence(
        counts, grid.edges_kev, [detector, detector, detector, "unknown"], [year] * 4, [0.2, 0.2, 0.2, 0.2]
    )
    assert (found.log_ratio[:2] < 3).all()  # a free share gains a little by chance
    assert found.log_ratio[2] > 5
    assert found.share[2] == pytest.approx(0.3, abs=0.11)
    assert found.described[:3].all()
    assert np.isnan(found.log_ratio[3]) and not found.described[3]
    silent = pile_up_evidence(counts[:1], grid.edges_kev, [detector], [year], [0.001])
    assert np.isnan(silent.log_ratio[0])  # so little is expected that no share of the list is near
