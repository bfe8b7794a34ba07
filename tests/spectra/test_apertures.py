from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.spectra.apertures import Apertures, Coverage, aperture_radius_arcsec


def circles(x, y, radius, *, inner=2.0, outer=5.0) -> Apertures:
    radius = np.asarray(radius, float)
    return Apertures(
        x=np.asarray(x, float), y=np.asarray(y, float), radius=radius, inner=inner * radius, outer=outer * radius
    )


def lens(r1: float, r2: float, apart: float) -> float:
    """Area that two circles share."""
    if apart >= r1 + r2:
        return 0.0
    if apart <= abs(r1 - r2):
        return np.pi * min(r1, r2) ** 2
    a = r1**2 * np.arccos((apart**2 + r1**2 - r2**2) / (2 * apart * r1))
    b = r2**2 * np.arccos((apart**2 + r2**2 - r1**2) / (2 * apart * r2))
    c = (-apart + r1 + r2) * (apart + r1 - r2) * (apart - r1 + r2) * (apart + r1 + r2)
    return a + b - np.sqrt(c) / 2


def test_the_radius_grows_with_the_square_of_the_angle():
    assert aperture_radius_arcsec([0, 5, 10]) == pytest.approx([1, 3.5, 11])


@settings(max_examples=100, deadline=None)
@given(st.floats(0.5, 30), st.floats(0, 200), st.floats(0.5, 40))
def test_the_area_of_a_ring_without_a_neighbour_is_that_of_circles(radius, apart, other):
    apertures = circles([100, 100 + apart], [50, 50], [radius, other])
    x, _, each = apertures.ring_points(0, apertures.neighbours(0))
    ring = np.pi * ((5 * radius) ** 2 - (2 * radius) ** 2)
    cut = lens(5 * radius, other, apart) - lens(2 * radius, other, apart)
    assert len(x) * each == pytest.approx(ring - cut, abs=0.015 * ring)
    assert apertures.circle_area(0) == pytest.approx(np.pi * radius**2)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_membership_is_that_of_every_pair_by_itself(seed, n):
    rng = np.random.default_rng(seed)
    apertures = circles(rng.uniform(0, 60, n), rng.uniform(0, 60, n), rng.uniform(1, 12, n))
    x, y = rng.uniform(-20, 80, (2, 300))
    for i in range(n):
        apart = np.array([np.hypot(x - apertures.x[j], y - apertures.y[j]) for j in range(n)])
        inside = apart <= apertures.radius[:, None]
        expected = (apart[i] > apertures.inner[i]) & (apart[i] <= apertures.outer[i])
        expected &= ~np.delete(inside, i, axis=0).any(axis=0)
        assert np.array_equal(apertures.in_circle(i, x, y), inside[i])
        assert np.array_equal(apertures.in_ring(i, x, y, apertures.neighbours(i)), expected)


def test_apertures_overlap_where_they_share_area():
    apertures = circles([0, 3, 100], [0, 0, 0], [2, 2, 2])
    assert [apertures.overlapping(i).tolist() for i in range(3)] == [[1], [0], []]


@pytest.mark.parametrize("density", [0.002, 0.02, 0.5])
def test_coverage_knows_where_the_chip_ends(density):
    rng = np.random.default_rng(3)
    x, y = rng.uniform(4000, 5000, (2, int(density * 1000**2)))
    coverage = Coverage(4096.5, 4096.5, pixel_arcsec=0.492)
    for part in np.array_split(np.stack([x, y], axis=1), 7):
        coverage.add(part[:, 0], part[:, 1])
    coverage.settle()
    cell = coverage.cell_arcsec / 0.492
    inside = rng.uniform(4000, 5000, (2, 2000))
    assert coverage.holds(*inside).mean() > 0.99
    assert not coverage.holds(
        np.array([4000 - 2 * cell, 4500.0, 1e7, np.nan]), np.array([4500, 5000 + 2 * cell, 0, 0])
    ).any()
    # A circle on the edge is half covered, to the size of a cell.
    apertures = circles([5000], [4500], [300])
    assert coverage.holds(*apertures.circle_points(0)).mean() == pytest.approx(0.5, abs=cell / 300)
