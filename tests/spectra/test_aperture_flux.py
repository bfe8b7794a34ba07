"""Fluxes from photons: against the truth of simulated sources, and limits that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.services.workspace import Catalogue
from alignlab.spectra.aperture_flux import ERG_PER_KEV, aperture_flux, weighed_poisson
from alignlab.spectra.grid import energy_grid

_ONE = {"detector": ["ACIS-S"], "year": [2005.0], "theta_arcmin": [2.0], "exposure_s": [5e4]}


def test_noise_free_spectra_of_every_class_give_their_true_flux(small_demo):
    survey = Catalogue(small_demo).survey("demo")
    sources, truth = survey.sources, survey.truth
    flux = aperture_flux(
        survey.array("expected"), background=survey.array("background"), grid=energy_grid("log"),
        detector=sources["detector"], year=sources["year"], theta_arcmin=sources["theta_arcmin"],
        exposure_s=sources["exposure_s"],
    )  # fmt: skip
    whole = (truth["rarity"] != "pile-up artefact").to_numpy()  # which has lost photons
    ratio = (flux.value / truth["flux_cgs"])[whole]
    assert np.isfinite(ratio).all()
    assert ratio.groupby(truth["source_class"][whole]).median().between(0.94, 1.03).all()
    survey.close()


def test_a_photon_carries_its_energy_over_area_and_time():
    grid = energy_grid("log")
    counts = np.zeros((1, grid.n_bins))
    place = int(np.searchsorted(grid.edges_kev, 1.5)) - 1
    counts[0, place] = 100
    flux = aperture_flux(counts, background=np.zeros_like(counts), grid=grid, aperture_fraction=1.0, **_ONE)
    area = 100 * grid.centres_kev[place] * ERG_PER_KEV / flux.value[0] / 5e4
    assert 450 < area < 720  # cm^2 of ACIS-S at 1.5 keV in 2005
    assert flux.low[0] / flux.value[0] == pytest.approx(0.9, abs=0.01)
    assert flux.high[0] / flux.value[0] == pytest.approx(1.11, abs=0.01)


def test_limits_hold_the_true_flux_as_often_as_promised():
    rng = np.random.default_rng(0)
    weight = np.geomspace(1, 6, 40)[None]
    for mean in (0.4, 3.0):
        expected = np.full((4000, 40), mean)
        background = np.full((4000, 40), 0.2)
        value, low, high, upper = weighed_poisson(
            rng.poisson(expected + background).astype(float), background, np.repeat(weight, 4000, axis=0)
        )
        true = mean * weight.sum()
        assert value.mean() == pytest.approx(true, rel=0.02)
        assert 0.66 < np.mean((low <= true) & (true <= high)) < 0.76
        assert 0.945 < np.mean(true <= upper) <= 1


def test_without_counts_there_is_an_upper_limit_and_without_an_observation_nothing():
    grid = energy_grid("log")
    none = np.zeros((3, grid.n_bins))
    flux = aperture_flux(
        none, background=none, grid=grid, detector=["ACIS-S", "HRC", "ACIS-I"], year=[2005.0, 2005.0, np.nan],
        theta_arcmin=[2.0, 2.0, 2.0], exposure_s=[5e4] * 3,
    )  # fmt: skip
    assert flux.is_limit.tolist() == [True, False, False]
    assert (flux.value[0], flux.low[0]) == (0, 0)
    assert 0 < flux.high[0] < flux.upper[0]
    assert np.isnan(flux.value[1:]).all()
    assert not flux.is_detected.any()
