from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from alignlab.ingest.csc_spectra import aperture_background, simulate_spectra
from alignlab.ingest.csc_table import read_detections
from alignlab.spectra.absorption import sigma_wabs
from alignlab.spectra.background import background_shape
from alignlab.spectra.emission import gaunt_factor
from alignlab.spectra.grid import energy_grid, rebin_counts
from alignlab.spectra.response import CHANNEL_EDGES_KEV, MODEL_EDGES_KEV, effective_area_cm2, redistribution
from tests.ingest.csc_tables import detection, detections

GRID = energy_grid()
ENERGY = 0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1])


def sources_of(tmp_path, rows):
    path = tmp_path / "d.parquet"
    pd.DataFrame(rows).to_parquet(path)
    return read_detections(path).sources


def expected_by_hand(source, photons):
    """Fold a photon spectrum with plain matrix products and scale it as the catalogue counted."""
    area = effective_area_cm2([source["detector"]], [source["year"]], [source["theta_arcmin"]])[0]
    n_h = source["n_h_1e20"] * 1e20
    through = photons * np.exp(-n_h * sigma_wabs(ENERGY) * 1e-22) * area * np.diff(MODEL_EDGES_KEV)
    rate = through @ redistribution(source["detector"])
    centres = 0.5 * (CHANNEL_EDGES_KEV[1:] + CHANNEL_EDGES_KEV[:-1])
    broad = (centres > 0.5) & (centres < 7.0)
    under = aperture_background(pd.DataFrame([source]))[0]
    rate *= (source["total_counts"] - under) / rate[broad].sum()
    return rebin_counts((rate + under * background_shape(source["detector"]))[None], CHANNEL_EDGES_KEV, GRID)[0]


def test_the_expectation_is_the_catalogued_fit_through_the_response_at_the_catalogued_counts(tmp_path):
    rows = [
        detection(0, powlaw_gamma=1.4, powlaw_nh=60.0, detector="ACIS-3", cnts_aper_b=900.0),
        detection(1, powlaw_stat=3.0, bb_stat=1.0, bb_kt=0.4, bb_nh=15.0),
        detection(2, powlaw_stat=3.0, brems_stat=1.0, brems_kt=2.0, brems_nh=30.0, theta=9.0, cnts_aperbkg_b=1500.0),
    ]
    sources = sources_of(tmp_path, rows)
    assert sources["spectral_model"].tolist() == ["powerlaw", "blackbody", "bremsstrahlung"]
    spectra = simulate_spectra(sources, grid=GRID, rng=np.random.default_rng(1))
    import torch

    shapes = [
        ENERGY**-1.4,
        ENERGY**2 / np.expm1(ENERGY / 0.4),
        gaunt_factor(torch.as_tensor(ENERGY / 2.0)).numpy() * np.exp(-ENERGY / 2.0) / ENERGY,
    ]
    for i, shape in enumerate(shapes):
        assert spectra.expected[i] == pytest.approx(expected_by_hand(sources.iloc[i], shape), rel=2e-3, abs=2e-3)


def test_counts_scatter_about_the_catalogued_total_as_photons_do(tmp_path):
    sources = sources_of(tmp_path, detections(200))
    spectra = simulate_spectra(sources, grid=GRID, rng=np.random.default_rng(2))
    total = sources["total_counts"].to_numpy()
    up_to_7_kev = GRID.edges_kev[1:] <= 7.0
    assert spectra.expected[:, up_to_7_kev].sum(axis=1) == pytest.approx(total, rel=0.04)
    pulls = (spectra.counts.sum(axis=1) - spectra.expected.sum(axis=1)) / np.sqrt(spectra.expected.sum(axis=1))
    assert abs(pulls.mean()) < 0.25
    assert pulls.std() == pytest.approx(1.0, abs=0.15)


def test_the_background_is_a_share_of_the_region_s_and_never_all_of_the_counts(tmp_path):
    rows = [detection(0, theta=13.0, cnts_aperbkg_b=1000.0), detection(1, cnts_aperbkg_b=1e7, cnts_aper_b=200.0)]
    under = aperture_background(sources_of(tmp_path, rows))
    assert under[0] == pytest.approx(48.3)
    assert 0 < under[1] < 200.0


def test_same_seed_same_counts(tmp_path):
    sources = sources_of(tmp_path, detections(5))
    first, second = (simulate_spectra(sources, grid=GRID, rng=np.random.default_rng(3)).counts for _ in range(2))
    np.testing.assert_array_equal(first, second)
