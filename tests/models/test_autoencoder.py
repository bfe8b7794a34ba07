"""The autoencoder: shapes, batches, weights, and that it can learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from alignlab.models.autoencoder import AutoencoderShape, Mixing, SpectrumAutoencoder
from alignlab.training.recipe import EncoderRecipe

SMALL = AutoencoderShape(patch_size=40, d_model=16, n_heads=2, encoder_layers=1, decoder_layers=1, token_dim=4)


@pytest.fixture
def spectra() -> np.ndarray:
    return np.random.default_rng(0).random((33, 400), np.float32)


@pytest.fixture(params=["attention", "recurrence"])
def small(request: pytest.FixtureRequest) -> SpectrumAutoencoder:
    torch.manual_seed(0)
    return SpectrumAutoencoder(replace(SMALL, mixing=request.param)).eval()


def test_400_numbers_become_64_and_400_again(spectra: np.ndarray) -> None:
    model = SpectrumAutoencoder()
    latents = model.encode_in_batches(spectra)
    assert latents.shape == (33, 64)
    assert latents.dtype == np.float32
    assert model.decode_in_batches(latents).shape == (33, 400)


def test_the_shipped_shape_fits_in_four_megabytes() -> None:
    recipe = EncoderRecipe()
    model = SpectrumAutoencoder(recipe.shape())
    assert len(save(model.to_weights())) <= 4_000_000


def test_batches_do_not_change_the_result(small: SpectrumAutoencoder, spectra: np.ndarray) -> None:
    with torch.no_grad():
        whole = small.encode(torch.from_numpy(spectra)).numpy()
    np.testing.assert_allclose(small.encode_in_batches(spectra, batch_size=7), whole, atol=1e-6)
    with torch.no_grad():
        forward = small(torch.from_numpy(spectra)).numpy()
    np.testing.assert_allclose(small.decode_in_batches(whole), forward, atol=1e-5)
    assert small.encode_in_batches(np.empty((0, 400))).shape == (0, 64)


def test_encoding_switches_dropout_off_and_on_again(spectra: np.ndarray) -> None:
    model = SpectrumAutoencoder(AutoencoderShape(patch_size=40, d_model=16, dropout=0.5)).train()
    np.testing.assert_array_equal(model.encode_in_batches(spectra), model.encode_in_batches(spectra))
    assert model.training


def test_every_bin_reaches_the_latent_and_comes_back(small: SpectrumAutoencoder, spectra: np.ndarray) -> None:
    x = torch.from_numpy(spectra).requires_grad_()
    small(x)[:, 5].sum().backward()
    assert bool((x.grad.abs().sum(0) > 0).all())  # type: ignore[union-attr]


@pytest.mark.parametrize("mixing", ["attention", "recurrence"])
def test_it_learns_a_family_of_lines(mixing: Mixing) -> None:
    torch.manual_seed(1)
    bins = torch.arange(400.0)
    centre = 100 + 200 * torch.rand(96, 1)
    x = torch.exp(-0.5 * ((bins - centre) / 25) ** 2)
    model = SpectrumAutoencoder(replace(SMALL, mixing=mixing))
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(200):
        loss = (model(x) - x).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.3 * (x - x.median(dim=0).values).abs().mean().item()


def test_weights_come_back_the_same(small: SpectrumAutoencoder, spectra: np.ndarray) -> None:
    again = SpectrumAutoencoder.from_weights(small.to_weights())
    assert again.shape == small.shape
    np.testing.assert_array_equal(again.encode_in_batches(spectra), small.encode_in_batches(spectra))


def test_half_precision_weights_give_nearly_the_same_latents(small: SpectrumAutoencoder, spectra: np.ndarray) -> None:
    half = {k: v.astype(np.float16) if v.dtype == np.float32 else v for k, v in small.to_weights().items()}
    latents = SpectrumAutoencoder.from_weights(half).encode_in_batches(spectra)
    np.testing.assert_allclose(latents, small.encode_in_batches(spectra), atol=0.01)


def test_bad_input_is_refused(small: SpectrumAutoencoder, spectra: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"spectra must have shape \(n, 400\), not \(33, 300\)"):
        small.encode_in_batches(spectra[:, :300])
    spectra[4, 7] = np.nan
    with pytest.raises(ValueError, match="1 of 33 rows, first in row 4"):
        small.encode_in_batches(spectra)
    with pytest.raises(ValueError, match="no autoencoder weights"):
        SpectrumAutoencoder.from_weights({"shape": np.frombuffer(b'{"colour": 1}', np.uint8)})
    with pytest.raises(ValueError, match="patch_size must divide 400"):
        SpectrumAutoencoder(AutoencoderShape(patch_size=7))
    with pytest.raises(ValueError, match="n_heads must divide"):
        SpectrumAutoencoder(AutoencoderShape(d_model=10, n_heads=4))
    with pytest.raises(ValueError, match="attention, recurrence, not 'shaking'"):
        SpectrumAutoencoder(AutoencoderShape(mixing="shaking"))  # type: ignore[arg-type]
