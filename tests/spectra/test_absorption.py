"""Absorption against the published cross sections and against what absorption must do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alignlab.spectra.absorption import sigma_tbabs, sigma_wabs, transmission

#: Edges at which the reference jumps within one of its cells, and the half width of that cell in keV.
WABS_EDGES_KEV = (0.532, 0.707, 0.867, 1.303, 1.840, 2.471, 3.210, 4.038, 7.111)


def reference(folder: Path, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    with fits.open(folder / "tables" / name) as hdus:
        table = hdus[1].data
        return np.array(table["ENERGY"], float), np.array(table["SIGMA"], float)


def at_acis_resolution(energy: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of sigma E^2.7 (nearly flat) under a Gaussian of 40 eV, on a uniform grid of 1 eV."""
    kernel = np.exp(-0.5 * (np.arange(-200, 201) / 40) ** 2)
    return np.convolve(sigma * energy**2.7, kernel / kernel.sum(), mode="same")


@pytest.mark.real_data
def test_wabs_equals_the_reference_within_5_percent(real_data: Path) -> None:
    energy, sigma = reference(real_data, "xsect_wabs_angr.fits")
    cell = np.gradient(energy)
    smooth = np.all([np.abs(energy - edge) > cell for edge in WABS_EDGES_KEV], axis=0)
    used = (energy >= 0.5) & (energy <= 8) & smooth
    assert used.sum() > 5_000
    assert np.abs(sigma_wabs(energy[used]) / sigma[used] - 1).max() < 1e-3


@pytest.mark.real_data
def test_tbabs_equals_the_reference_within_5_percent_at_acis_resolution(real_data: Path) -> None:
    energy, sigma = reference(real_data, "xsect_tbabs_wilm.fits")
    fine = np.arange(0.2, 9, 0.001)
    ratio = at_acis_resolution(fine, sigma_tbabs(fine)) / at_acis_resolution(fine, np.interp(fine, energy, sigma))
    used = (fine > 0.5) & (fine < 8)
    assert np.abs(ratio[used] - 1).max() < 0.03


@pytest.mark.real_data
def test_tbabs_equals_the_reference_within_5_percent_away_from_fine_structure(real_data: Path) -> None:
    energy, sigma = reference(real_data, "xsect_tbabs_wilm.fits")
    used = (energy > 0.5) & (energy < 8)
    for low, high in ((0.52, 0.6), (0.69, 0.74), (0.85, 0.88), (7.10, 7.14)):
        used &= (energy < low) | (energy > high)
    assert np.abs(sigma_tbabs(energy[used]) / sigma[used] - 1).max() < 0.05


@pytest.mark.parametrize("sigma", [sigma_wabs, sigma_tbabs])
def test_iron_k_edge_raises_the_cross_section(sigma) -> None:
    assert sigma(7.2) > 1.5 * sigma(7.0)


def test_a_column_of_one_over_sigma_lets_a_fraction_of_one_over_e_through() -> None:
    sigma = torch.from_numpy(sigma_wabs([1.0]))
    assert transmission(100.0 / float(sigma), sigma).item() == pytest.approx(np.exp(-1))


@settings(deadline=None, max_examples=50)
@given(n_h=st.floats(0, 1e5), more=st.floats(1e-3, 1e3), energy=st.floats(0.3, 9.5, exclude_min=True))
def test_more_gas_never_lets_more_through(n_h: float, more: float, energy: float) -> None:
    sigma = torch.from_numpy(np.atleast_1d(sigma_wabs(energy)))
    thin, thick = transmission(n_h, sigma).item(), transmission(n_h + more, sigma).item()
    assert 0 <= thick <= thin <= 1


def test_a_batch_of_columns_broadcasts_against_energies() -> None:
    sigma = torch.from_numpy(sigma_wabs(np.linspace(0.5, 8, 7)))
    through = transmission(torch.tensor([[1.0], [1e3]]), sigma)
    assert through.shape == (2, 7)
    assert (through[0] > through[1]).all()


@pytest.mark.parametrize("sigma", [sigma_wabs, sigma_tbabs])
def test_energies_must_be_positive(sigma) -> None:
    with pytest.raises(ValueError, match=r"positive.*-1"):
        sigma([1.0, -1.0])
