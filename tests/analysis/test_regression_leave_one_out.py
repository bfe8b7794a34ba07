from __future__ import annotations

import numpy as np

from alignlab.analysis.regression import estimate


def test_a_training_source_does_not_vote_for_itself():
    rng = np.random.default_rng(5)
    latents = rng.normal(size=(40, 6))
    values = rng.normal(size=(40, 2))
    values[::4, 1] = np.nan
    left_out = estimate(latents, latents, values, k=3, k_interval=10, own_row=np.arange(40))
    for i in range(40):
        others = np.arange(40) != i
        alone = estimate(latents[i : i + 1], latents[others], values[others], k=3, k_interval=10)
        np.testing.assert_allclose(left_out.value[i], alone.value[0])
        np.testing.assert_allclose(left_out.low[i], alone.low[0])
        np.testing.assert_allclose(left_out.high[i], alone.high[0])
