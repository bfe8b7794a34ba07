"""What a head may see of a spectrum."""

import numpy as np
import pytest

from alignlab.models.spectrum_input import count_features, spectrum_inputs


def test_bands_hold_the_counts_that_their_bins_hold() -> None:
    counts = np.zeros((2, 400))
    counts[0, [0, 9, 10, 399]] = (3, 6, 99, 1)
    found = count_features(counts)
    assert found.shape == (2, 41)
    assert found.dtype == np.float32
    expected = np.zeros(41)
    expected[[0, 1, 2, 40]] = np.log10([110, 10, 100, 2])
    np.testing.assert_allclose(found[0], expected, atol=1e-6)
    assert (found[1] == 0).all()


def test_brightness_is_told_beside_the_latents_that_do_not_know_it() -> None:
    latents, counts = np.ones((2, 3)), np.repeat([[1.0], [100.0]], 400, axis=1)
    seen = spectrum_inputs("counts", latents, counts=counts)
    np.testing.assert_array_equal(seen[:, :3], latents)
    np.testing.assert_array_equal(seen[:, 3:], count_features(counts))
    assert (seen[1, 3:] > seen[0, 3:]).all()


def test_each_kind_is_what_it_is_called() -> None:
    rng = np.random.default_rng(0)
    latents, bins = rng.random((4, 3), np.float32), rng.random((4, 400), np.float32)
    np.testing.assert_array_equal(spectrum_inputs("latents", latents), latents)
    np.testing.assert_array_equal(spectrum_inputs("spectrum", latents, bins), bins)
    np.testing.assert_array_equal(spectrum_inputs("both", latents, bins), np.hstack([latents, bins]))


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("both", {}, "the normalised bins must be given"),
        ("counts", {}, "the counts in the bins must be given"),
        ("photons", {}, "must be one of latents, spectrum, both, counts, not 'photons'"),
        ("counts", {"counts": np.ones((2, 39))}, "a multiple of 10"),
        ("counts", {"counts": -np.ones((2, 40))}, "must not be negative"),
    ],
)
def test_what_is_missing_or_impossible_is_said(kind, given, words) -> None:
    with pytest.raises(ValueError, match=words):
        spectrum_inputs(kind, np.ones((2, 3)), **given)
