"""Classes, priors, positions and rarities of the demo survey."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from alignlab.spectra.lightcurves import LIGHT_CURVES
from alignlab.spectra.mixtures import TWO_ABSORBERS, photon_spectra
from alignlab.spectra.population import CLASS_FRACTIONS, CLASSES, TRUTH_COLUMNS, class_counts, draw_population
from alignlab.spectra.priors import draw, priors
from alignlab.spectra.rarities import RARITIES, RARITY_CLASSES, piled_up, plant_rarities
from alignlab.spectra.response import MODEL_EDGES_KEV
from alignlab.spectra.sky import galactic_column, place

CENTRES = 0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1])


@pytest.mark.parametrize("n", [1, 7, 200, 11_447])
def test_class_shares_are_exact_to_one_source(n: int) -> None:
    counts = class_counts(n)
    assert sum(counts.values()) == n
    assert all(abs(counts[name] - share * n) < 1 for name, share in CLASS_FRACTIONS.items())


def test_shares_sum_to_one_and_active_galaxies_prevail() -> None:
    assert sum(CLASS_FRACTIONS.values()) == pytest.approx(1)
    assert sum(CLASS_FRACTIONS[name] for name in ("AGN", "obscured AGN", "QSO")) > 0.5


def test_a_table_of_quantiles_is_reproduced() -> None:
    table = priors()["all"]["log10_exposure_s"]
    values = draw(table, 200_000, rng=np.random.default_rng(1))
    measured = np.quantile(values, priors()["levels"][2:-2])
    assert measured == pytest.approx(table["quantiles"][2:-2], abs=0.01)


def test_every_prior_names_its_origin() -> None:
    for name, tables in priors()["classes"].items():
        assert name in CLASSES
        for parameter, table in tables.items():
            assert np.all(np.diff(table["quantiles"]) >= 0), (name, parameter)
            assert (table["n_sources"] > 0) == (table["origin"] == "CSC 2.0"), (name, parameter)


def test_population_is_complete_and_repeatable() -> None:
    first = draw_population(300, rng=np.random.default_rng(3))
    again = draw_population(300, rng=np.random.default_rng(3))
    assert first.equals(again)
    assert set(TRUTH_COLUMNS) - {"flux_cgs"} <= set(first.columns)
    assert set(first.light_curve) <= set(LIGHT_CURVES)
    thermal = first.spectral_model.str.contains("plasma|blackbody")
    assert first.kt_kev.notna().equals(thermal)
    assert first.photon_index.notna().equals(first.spectral_model.str.contains("powerlaw"))
    assert (first.n_h_galactic > 0).all() and (first.n_h_intrinsic >= 0).all()


def test_a_survey_without_sources_is_refused() -> None:
    with pytest.raises(ValueError, match="not 0"):
        draw_population(0, rng=np.random.default_rng(1))


def test_the_galactic_column_falls_with_latitude() -> None:
    latitude = np.array([0.0, 5.0, 30.0, 90.0])
    column = galactic_column(latitude, np.full(4, 120.0))
    assert np.all(np.diff(column) < 0)
    assert column[-1] == pytest.approx(3.0, rel=0.01)


def test_quasars_are_everywhere_and_binaries_crowd_the_plane() -> None:
    latitude = {}
    for name in ("QSO", "LMXB"):
        sky = place(name, 2000, rng=np.random.default_rng(5))
        field = sky.host == ""
        galactic = SkyCoord(sky.ra_deg[field] * u.deg, sky.dec_deg[field] * u.deg).galactic
        latitude[name] = np.abs(galactic.b.deg)
    assert 25 < np.median(latitude["QSO"]) < 33
    assert np.median(latitude["LMXB"]) < 3


def test_column_of_a_host_is_its_foreground() -> None:
    sky = place("CV", 2000, rng=np.random.default_rng(5))
    there = sky.host == "47 Tuc"
    assert there.sum() > 50
    assert np.median(sky.n_h_1e20[there]) == pytest.approx(2.8, rel=0.1)
    assert np.median(np.abs(sky.dec_deg[there] + 72.081)) < 0.05


def test_spectra_are_positive_and_absorption_hardens_them() -> None:
    population = draw_population(200, rng=np.random.default_rng(2))
    spectra = photon_spectra(population).numpy()
    assert spectra.shape == (200, len(CENTRES))
    assert np.isfinite(spectra).all() and (spectra >= 0).all() and (spectra.sum(1) > 0).all()
    mean_energy = (spectra * CENTRES).sum(1) / spectra.sum(1)
    heavier = population.assign(n_h_galactic=population.n_h_galactic + 500)
    absorbed = photon_spectra(heavier).numpy()
    assert ((absorbed * CENTRES).sum(1) / absorbed.sum(1) > mean_energy).all()


def test_iron_line_has_its_equivalent_width() -> None:
    population = draw_population(100, rng=np.random.default_rng(2)).query("spectral_model == 'powerlaw'").head(5)
    population = population.assign(redshift=0.0, scattered_fraction=np.nan, n_h_intrinsic=1.0, source_class="AGN")
    with_line = photon_spectra(population.assign(fe_k_ew_ev=300.0)).numpy()
    without = photon_spectra(population.assign(fe_k_ew_ev=0.0)).numpy()
    at_line = np.argmin(np.abs(CENTRES - 6.4))
    width = ((with_line - without) / without[:, [at_line]] * np.diff(MODEL_EDGES_KEV)).sum(1)
    assert width == pytest.approx(np.full(5, 0.3), rel=0.03)


def test_some_young_stars_have_jets_outside_the_absorber() -> None:
    population = draw_population(5000, rng=np.random.default_rng(6))
    young = population[population.source_class == "YSO"]
    jets = young[young.spectral_model == TWO_ABSORBERS]
    assert 0.04 < len(jets) / len(young) < 0.11
    assert (population.spectral_model == TWO_ABSORBERS).sum() == len(jets)
    assert (jets.kt_kev < 0.6).all() and (jets.kt2_kev > 1.2).all() and (jets.n_h_intrinsic > 60).all()
    opaque = jets.assign(n_h_intrinsic=1e5, n_h_galactic=1.0)
    # An opaque absorber takes the corona and leaves the jet: a plasma of its temperature alone.
    alone = opaque.assign(spectral_model="plasma", n_h_intrinsic=0.0)
    below_4_kev = CENTRES < 4
    left, expected = (photon_spectra(table).numpy()[:, below_4_kev] for table in (opaque, alone))
    np.testing.assert_allclose(left, expected * jets.thermal_fraction.to_numpy()[:, None], rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize(("n", "each"), [(150, 0), (250, 1), (11_447, 5)])
def test_rarities_are_planted_in_their_classes(n: int, each: int) -> None:
    population = plant_rarities(draw_population(n, rng=np.random.default_rng(4)), rng=np.random.default_rng(4))
    found = population.rarity.value_counts()
    assert [found.get(name, 0) for name in RARITIES] == [each] * len(RARITIES)
    for name, classes in RARITY_CLASSES.items():
        assert population.loc[population.rarity == name, "source_class"].isin(classes).all()


def test_pile_up_adds_the_energies_of_two_photons() -> None:
    import torch

    rate = torch.zeros((1, 500))
    rate[0, 60] = 1000.0
    piled = piled_up(rate, channel_low_kev=30 * 0.0146, channel_kev=0.0146, rng=np.random.default_rng(1))
    # Channel 60 begins at (30 + 60) widths; twice that energy is 180 widths, channel 150.
    assert torch.nonzero(piled[0] > 1e-2).flatten().tolist() == [60, 150]
    assert piled[0, 60] + 2 * piled[0, 150] == pytest.approx(1000.0, rel=1e-4)
