"""Emission models against analytic cases and against what the literature says of plasmas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import k0e

from alignlab.spectra.emission import blackbody, bremsstrahlung, gaunt_factor, gaussian_line, plasma, powerlaw
from alignlab.spectra.emission_lines import LINE_ENERGY_KEV, LINE_IONS, TABLE_KT_KEV, line_emissivity
from alignlab.spectra.ionisation import SOLAR, ion_fractions
from alignlab.spectra.response import MODEL_EDGES_KEV

KELVIN_PER_KEV = 1.16045e7
EDGES = torch.from_numpy(MODEL_EDGES_KEV)
WIDE = torch.from_numpy(np.geomspace(0.05, 100, 8001))


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def centres(edges: torch.Tensor) -> torch.Tensor:
    return 0.5 * (edges[1:] + edges[:-1])


def photons(density: torch.Tensor, edges: torch.Tensor, low: float, high: float) -> torch.Tensor:
    used = (centres(edges) > low) & (centres(edges) < high)
    return (density * edges.diff())[..., used].sum(-1)


def test_power_law_has_its_slope_and_norm() -> None:
    energy = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    np.testing.assert_allclose(powerlaw(energy, column(1.0, 2.0)), [[1, 0.5, 0.25], [1, 0.25, 0.0625]])


@settings(deadline=None, max_examples=25)
@given(kt=st.floats(0.05, 5))
def test_blackbody_radiates_its_luminosity(kt: float) -> None:
    """Unit norm is 1e39 erg/s at 10 kpc."""
    energy = torch.from_numpy(np.geomspace(1e-4 * kt, 60 * kt, 4001))
    flux = 1.602177e-9 * torch.trapezoid(energy * blackbody(energy, kt), energy)
    assert flux.item() == pytest.approx(1e39 / (4 * np.pi * (10 * 3.0857e21) ** 2), rel=5e-3)


def test_gaunt_factor_is_that_of_the_born_approximation() -> None:
    x = np.geomspace(1e-4, 200, 300)
    exact = np.sqrt(3) / np.pi * k0e(x / 2)
    np.testing.assert_allclose(gaunt_factor(torch.from_numpy(x)), exact, rtol=0.016)


def test_bremsstrahlung_falls_by_e_per_kt() -> None:
    energy = torch.tensor([20.0, 22.0], dtype=torch.float64)
    low, high = bremsstrahlung(energy, 2.0).tolist()
    assert high / low == pytest.approx(np.exp(-1) * (20 / 22) ** 1.5, rel=0.01)


def test_a_line_keeps_its_photons_and_its_place() -> None:
    line = gaussian_line(EDGES, column(6.4, 2.0), column(0.0, 0.1))
    counts = line * EDGES.diff()
    np.testing.assert_allclose(counts.sum(-1), 1, rtol=1e-9)
    np.testing.assert_allclose((counts * centres(EDGES)).sum(-1), [6.4, 2.0], atol=0.01)
    assert (line[0] > 0).sum() <= 2


@pytest.mark.parametrize(
    ("element", "electrons", "log_t"),
    [("O", 2, 5.9), ("O", 1, 6.35), ("Ne", 1, 6.65), ("Mg", 1, 6.85), ("Si", 1, 7.1), ("S", 1, 7.3), ("Ca", 1, 7.6),
     ("Fe", 10, 6.6), ("Fe", 9, 6.8), ("Fe", 3, 7.25), ("Fe", 2, 7.6), ("Fe", 1, 8.1)],
)  # fmt: skip
def test_ions_peak_where_ionisation_balances_put_them(element: str, electrons: int, log_t: float) -> None:
    """Temperatures of maximum fraction in Mazzotta et al. (1998, A&AS 133, 403)."""
    grid = np.arange(5.6, 8.6, 0.01)
    fraction = ion_fractions(element, 10**grid / KELVIN_PER_KEV)[:, electrons]
    assert grid[fraction.argmax()] == pytest.approx(log_t, abs=0.13)


@pytest.mark.parametrize("element", SOLAR)
def test_ion_fractions_are_shares(element: str) -> None:
    fraction = ion_fractions(element, TABLE_KT_KEV)
    assert (fraction >= 0).all()
    np.testing.assert_allclose(fraction.sum(axis=-1), 1)


#: Power of all ions of an element in 1e-15 keV cm^3/s at log T, AtomDB 3 (APEC) with abundances of Anders & Grevesse,
#: where K-shell lines and continuum above 50 eV are nearly all of it.
APEC_POWER = {("O", 6.5): 6.58, ("O", 6.8): 2.35, ("Ne", 6.7): 1.54, ("Mg", 7.0): 0.541, ("Si", 7.1): 0.698,
              ("S", 7.3): 0.359, ("Ar", 7.5): 0.087, ("Ca", 7.6): 0.0679}  # fmt: skip


@pytest.mark.parametrize(("element", "log_t"), APEC_POWER)
def test_lines_carry_most_of_the_power_that_apec_gives_an_element(element: str, log_t: float) -> None:
    strength = line_emissivity(column(10**log_t / KELVIN_PER_KEV))[0]
    own = torch.tensor([name == element for name, _ in LINE_IONS])
    power = 1e-14 * (strength * LINE_ENERGY_KEV)[own].sum().item()
    assert 0.6 < power / (1e-15 * APEC_POWER[element, log_t]) < 1.0


@pytest.mark.parametrize(("log_t", "power"), [(7.0, 5.32), (7.8, 11.74)])
def test_hydrogen_and_helium_radiate_as_in_apec(log_t: float, power: float) -> None:
    density = plasma(WIDE, column(10**log_t / KELVIN_PER_KEV), column(0.0), column(0.0))[0]
    own = 10 * (density * centres(WIDE) * WIDE.diff()).sum().item()
    lost_below_50_ev = 0.2 if log_t == 7.0 else 0.05
    assert own == pytest.approx((1 - lost_below_50_ev) * power, rel=0.07)


def test_the_iron_complex_has_the_width_seen_in_clusters() -> None:
    full, bare = plasma(WIDE, column(5.0, 5.0), column(1.0, 0.0), column(0.0, 0.0))
    excess = photons(full - 1.15 * bare, WIDE, 6.5, 6.85)
    level = full[(centres(WIDE) - 6.4).abs().argmin()]
    assert 0.7 < (excess / level).item() < 1.5


@pytest.mark.parametrize(
    ("kt", "energy", "width"),
    [(0.25, 0.57, 0.04), (0.35, 0.654, 0.04), (0.6, 0.82, 0.06), (0.7, 1.34, 0.05), (1.0, 1.855, 0.05),
     (1.5, 2.006, 0.05), (1.7, 2.455, 0.05), (4.0, 6.68, 0.1), (10.0, 6.966, 0.08)],
)  # fmt: skip
def test_the_main_lines_stand_out_at_their_temperatures(kt: float, energy: float, width: float) -> None:
    rich, bare = plasma(EDGES, column(kt, kt), column(1.0, 0.0), column(0.0, 0.0))
    low, high = energy - width / 2 - 0.02, energy + width / 2 + 0.02
    line, beside = photons(rich, EDGES, low, high), photons(bare, EDGES, low, high)
    assert line > 1.5 * beside


@settings(deadline=None, max_examples=25)
@given(kt=st.floats(0.1, 15), low=st.floats(0, 1.5), more=st.floats(0.01, 1))
def test_more_metals_give_more_photons_everywhere(kt: float, low: float, more: float) -> None:
    poor, rich = plasma(EDGES, column(kt, kt), column(low, low + more), column(0.0, 0.0))
    assert (rich >= poor).all()


@settings(deadline=None, max_examples=25)
@given(kt=st.floats(0.2, 10), redshift=st.floats(0.01, 1.5))
def test_redshift_moves_the_spectrum_and_keeps_its_photons(kt: float, redshift: float) -> None:
    """Photons per cm^2 and s between E1 and E2 at rest are those between E1/(1+z) and E2/(1+z), less by 1+z."""
    near, far = plasma(WIDE, column(kt, kt), column(0.7, 0.7), column(0.0, redshift))
    rest = photons(near, WIDE, 0.45, 9.0) / (1 + redshift)
    moved = photons(far, WIDE, 0.45 / (1 + redshift), 9.0 / (1 + redshift))
    assert moved.item() == pytest.approx(rest.item(), rel=0.02)


@settings(deadline=None, max_examples=25)
@given(kt=st.floats(0.1, 15), redshift=st.floats(0, 1))
def test_the_plasma_is_smooth_in_its_parameters(kt: float, redshift: float) -> None:
    steps = 1 + 1e-3 * torch.arange(3, dtype=torch.float64)[:, None]
    density = plasma(EDGES, kt * steps, torch.ones(3, 1), redshift * torch.ones(3, 1).double())
    total = photons(density, EDGES, 0.5, 8.0)
    change = total.diff() / total[:-1]
    assert change.abs().max() < 0.02
    assert (change[1] - change[0]).abs() < 2e-3


def test_gradients_reach_every_parameter() -> None:
    kt, abundance, redshift = (column(v).requires_grad_() for v in (1.2, 0.4, 0.1))
    weights = torch.linspace(0, 1, len(EDGES) - 1, dtype=torch.float64)
    (plasma(EDGES, kt, abundance, redshift) * weights).sum().backward()
    for parameter in (kt, abundance, redshift):
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()
        assert (parameter.grad != 0).all()
    step = 1e-5
    up, down = (
        (plasma(EDGES, column(1.2 + s), column(0.4), column(0.1)) * weights).sum().item() for s in (step, -step)
    )
    assert kt.grad is not None
    assert kt.grad.item() == pytest.approx((up - down) / (2 * step), rel=1e-3)


def test_single_precision_is_enough() -> None:
    kt = torch.from_numpy(np.geomspace(0.08, 20, 30))[:, None]
    abundance, redshift = torch.full_like(kt, 0.5), torch.full_like(kt, 0.2)
    exact = plasma(EDGES, kt, abundance, redshift)
    rough = plasma(EDGES.float(), kt.float(), abundance.float(), redshift.float()).double()
    assert torch.isfinite(rough).all()
    np.testing.assert_allclose(photons(rough, EDGES, 0.5, 8), photons(exact, EDGES, 0.5, 8), rtol=2e-3)
