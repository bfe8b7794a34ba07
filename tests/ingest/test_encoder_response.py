"""Spectra of unlike responses, put on the one that the encoder knows."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.config import Config
from alignlab.ingest.encoder_response import area_shares, is_unlike, response_ratio
from alignlab.ingest.ogip import spectra_to_contents
from alignlab.services.ingest import ingest_ogip_files
from alignlab.services.sources import reconstruction_in_counts
from alignlab.spectra.grid import energy_grid, minmax_normalise, rebin_counts
from alignlab.spectra.response import CHANNEL_EDGES_KEV, MODEL_EDGES_KEV, effective_area_cm2, redistribution
from tests.spectra.ogip_files import N_CHANNELS, write_arf, write_rmf, write_spectrum

GRID = energy_grid()
CENTRES = 0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1])
KNOWN = effective_area_cm2(["ACIS-S"], 2000.0, 0.0)[0].astype(float)
#: A grating takes soft photons.
GRATING = KNOWN * np.interp(CENTRES, [0.5, 1.0, 3.0, 8.0], [0.03, 0.08, 0.3, 0.6])


def _counts(area: np.ndarray, photon_index: float) -> np.ndarray:
    return rebin_counts((area * CENTRES**-photon_index) @ redistribution("ACIS-S"), CHANNEL_EDGES_KEV, GRID)


def test_only_the_shape_of_the_area_counts() -> None:
    assert not is_unlike(area_shares(KNOWN, KNOWN))
    assert not is_unlike(area_shares(0.1 * KNOWN, KNOWN))
    assert is_unlike(area_shares(GRATING, KNOWN))
    assert area_shares(0.1 * KNOWN, KNOWN)["soft"] == pytest.approx(0.1)


@pytest.mark.parametrize("photon_index", [1.0, 1.7, 2.5])
def test_a_power_law_comes_out_as_the_known_area_shows_it(photon_index: float) -> None:
    ratio = response_ratio(GRATING, KNOWN, redistribution("ACIS-S"), GRID)
    corrected, there = _counts(GRATING, photon_index) * ratio, _counts(KNOWN, photon_index)
    corrected *= there.sum() / corrected.sum()
    assert np.abs(corrected - there).sum() / there.sum() < 0.03
    uncorrected = _counts(GRATING, photon_index)
    uncorrected *= there.sum() / uncorrected.sum()
    assert np.abs(uncorrected - there).sum() / there.sum() > 0.4


def test_where_there_is_no_area_the_ratio_stays_finite() -> None:
    blind = np.where(CENTRES < 1, 0.0, KNOWN)
    ratio = response_ratio(blind, KNOWN, redistribution("ACIS-S"), GRID)
    assert np.isfinite(ratio).all() and ratio.max() == 30
    assert ratio[GRID.centres_kev > 2] == pytest.approx(np.median(ratio[GRID.centres_kev > 2]), rel=0.05)


def test_the_reconstruction_returns_to_the_counts_of_the_file() -> None:
    counts = np.random.default_rng(0).poisson(5.0, 400).astype(np.float32)
    ratio = np.linspace(20, 1, 400, dtype=np.float32)
    perfect = minmax_normalise(counts * ratio)
    np.testing.assert_allclose(reconstruction_in_counts(perfect, counts, ratio), counts, atol=1e-4)


def test_ingest_shows_the_encoder_another_spectrum_and_keeps_the_counts(tmp_path) -> None:
    write_rmf(tmp_path / "a.rmf")
    edges = np.linspace(0.3, 8.3, 81)
    usual = np.interp(0.5 * (edges[1:] + edges[:-1]), CENTRES, effective_area_cm2(["ACIS-S"], 2010.5, 0.0)[0])
    write_arf(tmp_path / "usual.arf", area=usual)
    write_arf(tmp_path / "grating.arf", area=usual * np.linspace(0.05, 0.6, 80))
    counts = np.random.default_rng(1).poisson(3.0, N_CHANNELS)
    paths = [
        write_spectrum(tmp_path / f"{kind}.pi", counts, OBS_ID=number, ANCRFILE=f"{kind}.arf", RESPFILE="a.rmf")
        for number, kind in (("1", "usual"), ("2", "grating"))
    ]
    ingested = spectra_to_contents(paths, grid=GRID)
    assert (ingested.response_ratio[0] == 1).all() and not (ingested.response_ratio[1] == 1).all()
    assert (ingested.counts[0] == ingested.counts[1]).all()
    first, second = ingested.sources["notes"]
    assert "unlike the usual" not in first and "unlike the usual one of ACIS-S" in second
    survey = ingest_ogip_files(paths, name="mine", config=Config(data_dir=tmp_path / "data")).survey
    assert survey.spectra[0] == pytest.approx(minmax_normalise(ingested.counts)[0])
    assert survey.spectra[1] == pytest.approx(minmax_normalise(ingested.counts * ingested.response_ratio)[1])
    assert (survey.counts[0] == survey.counts[1]).all()
    alone = ingest_ogip_files(paths[:1], name="usual", config=Config(data_dir=tmp_path / "data")).survey
    assert not alone.has_array("response_ratio")
