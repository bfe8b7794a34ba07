"""The spectrum autoencoder: a small transformer (or GRU) on patches of energy bins, 400 numbers to 64 and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from alignlab.spectra.grid import N_BINS

_SHAPE_KEY = "shape"

#: How tokens see each other: each looks at all (transformer), or they are read one after the other (recurrent network).
Mixing = Literal["attention", "recurrence"]


@dataclass(frozen=True, kw_only=True)
class AutoencoderShape:
    """Dimensions of the autoencoder.

    Attributes
    ----------
    n_bins, patch_size : int
        Bins per spectrum and per patch; the second divides the first.
    latent_dim : int
        Numbers that stand for a spectrum.
    d_model, n_heads : int
        Width of a patch token and its attention heads; the second divides the first.
    encoder_layers, decoder_layers : int
        Transformer blocks on each side.
    token_dim : int
        Width to which tokens shrink before they are flattened into the latent, and from which they grow again.
    dropout : float
        Fraction dropped in training, after attention and in the feed-forward layers.
    mixing : {"attention", "recurrence"}
        Transformer blocks, or bidirectional gated recurrent units (Cho et al. 2014) in their place.
    """

    n_bins: int = N_BINS
    patch_size: int = 20
    latent_dim: int = 64
    d_model: int = 96
    n_heads: int = 4
    encoder_layers: int = 3
    decoder_layers: int = 2
    token_dim: int = 24
    dropout: float = 0.0
    mixing: Mixing = "attention"

    @property
    def n_patches(self) -> int:
        """Tokens per spectrum."""
        return self.n_bins // self.patch_size


class SpectrumAutoencoder(nn.Module):
    """Transformer autoencoder on patches of a min–max normalised spectrum (paper, section 2).

    Patches of neighbouring bins become tokens with learned positions; pre-norm transformer blocks let them see each
    other; the tokens, made narrow, are flattened into the latent. The decoder goes the same way back.

    Parameters
    ----------
    shape : AutoencoderShape
        Dimensions.

    Raises
    ------
    ValueError
        If patches do not divide the bins, heads the width, or nothing mixes tokens by that name.
    """

    def __init__(self, shape: AutoencoderShape | None = None) -> None:
        super().__init__()
        shape = shape or AutoencoderShape()
        if shape.n_bins % shape.patch_size:
            raise ValueError(f"patch_size must divide {shape.n_bins} bins, {shape.patch_size} does not")
        if shape.d_model % shape.n_heads:
            raise ValueError(f"n_heads must divide d_model {shape.d_model}, {shape.n_heads} does not")
        if shape.mixing not in get_args(Mixing):
            raise ValueError(f"mixing must be one of {', '.join(get_args(Mixing))}, not {shape.mixing!r}")
        self.shape = shape
        block = _Block if shape.mixing == "attention" else _RecurrentBlock
        flat = shape.n_patches * shape.token_dim
        self.embed = nn.Linear(2 * shape.patch_size, shape.d_model)
        self.encoder_positions = nn.Parameter(0.02 * torch.randn(shape.n_patches, shape.d_model))
        self.encoder = nn.Sequential(*(block(shape) for _ in range(shape.encoder_layers)))
        self.encoder_norm = nn.LayerNorm(shape.d_model)
        self.narrow = nn.Linear(shape.d_model, shape.token_dim)
        self.to_latent = nn.Linear(flat, shape.latent_dim)
        self.from_latent = nn.Linear(shape.latent_dim, flat)
        self.widen = nn.Linear(shape.token_dim, shape.d_model)
        self.decoder_positions = nn.Parameter(0.02 * torch.randn(shape.n_patches, shape.d_model))
        self.decoder = nn.Sequential(*(block(shape) for _ in range(shape.decoder_layers)))
        self.decoder_norm = nn.LayerNorm(shape.d_model)
        self.to_patch = nn.Linear(shape.d_model, shape.patch_size)

    def encode(self, x: Tensor) -> Tensor:
        """Map min–max normalised spectra (n, n_bins) to latents (n, latent_dim).

        Each bin enters as its value and the square root of it: the root makes Poisson noise equally large everywhere.
        """
        patches = x.unflatten(-1, (self.shape.n_patches, self.shape.patch_size))
        tokens = self.embed(torch.cat([patches, patches.clamp_min(0).sqrt()], dim=-1)) + self.encoder_positions
        tokens = self.narrow(self.encoder_norm(self.encoder(tokens)))
        latent: Tensor = self.to_latent(tokens.flatten(-2))
        return latent

    def decode(self, z: Tensor) -> Tensor:
        """Map latents (n, latent_dim) to spectra (n, n_bins) on the scale of the input."""
        tokens = self.from_latent(z).unflatten(-1, (self.shape.n_patches, self.shape.token_dim))
        tokens = self.decoder(self.widen(tokens) + self.decoder_positions)
        spectra: Tensor = self.to_patch(self.decoder_norm(tokens)).flatten(-2)
        return spectra

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct spectra (n, n_bins)."""
        return self.decode(self.encode(x))

    def encode_in_batches(self, spectra: ArrayLike, *, batch_size: int = 512) -> NDArray[np.float32]:
        """Encode many spectra without gradients.

        Parameters
        ----------
        spectra : array_like, shape (n, n_bins)
            Min–max normalised.
        batch_size : int
            Spectra at a time.

        Returns
        -------
        ndarray of float32, shape (n, latent_dim)

        Raises
        ------
        ValueError
            If the shape is another one or a value is NaN or infinite.
        """
        x = _finite_rows(spectra, self.shape.n_bins, "spectra")
        return self._in_batches(self.encode, x, batch_size)

    def decode_in_batches(self, latents: ArrayLike, *, batch_size: int = 512) -> NDArray[np.float32]:
        """Decode many latents, shape (n, latent_dim), to spectra, shape (n, n_bins); errors as `encode_in_batches`."""
        z = _finite_rows(latents, self.shape.latent_dim, "latents")
        return self._in_batches(self.decode, z, batch_size)

    def _in_batches(self, function: Callable[[Tensor], Tensor], x: Tensor, batch_size: int) -> NDArray[np.float32]:
        was_training = self.training
        self.eval()
        try:
            with torch.inference_mode():
                return torch.cat([function(part) for part in x.split(batch_size)]).numpy()
        finally:
            self.train(was_training)

    def to_weights(self) -> dict[str, NDArray[np.generic]]:
        """All parameters and the dimensions as arrays, ready for a safetensors file."""
        weights: dict[str, NDArray[np.generic]] = {k: v.detach().numpy().copy() for k, v in self.state_dict().items()}
        weights[_SHAPE_KEY] = np.frombuffer(json.dumps(asdict(self.shape), sort_keys=True).encode(), np.uint8).copy()
        return weights

    @classmethod
    def from_weights(cls, weights: Mapping[str, NDArray[np.generic]]) -> SpectrumAutoencoder:
        """Build the autoencoder from what `to_weights` returned; ready to apply (no dropout).

        Raises
        ------
        ValueError
            If the weights are not those of such an autoencoder.
        """
        if _SHAPE_KEY not in weights:
            raise ValueError(f"these are no autoencoder weights: no entry {_SHAPE_KEY!r} among {len(weights)} entries")
        try:
            model = cls(AutoencoderShape(**json.loads(bytes(np.asarray(weights[_SHAPE_KEY], np.uint8)))))
            arrays = {k: torch.from_numpy(np.array(v, np.float32)) for k, v in weights.items() if k != _SHAPE_KEY}
            model.load_state_dict(arrays)
        except (TypeError, KeyError, RuntimeError, json.JSONDecodeError) as error:
            raise ValueError(f"these are no autoencoder weights of this version: {error}") from error
        return model.eval()


class _Block(nn.Module):
    """Pre-norm transformer block: attention, then a feed-forward layer of four times the width."""

    def __init__(self, shape: AutoencoderShape) -> None:
        super().__init__()
        d = shape.d_model
        self.n_heads = shape.n_heads
        self.attention_norm = nn.LayerNorm(d)
        self.query_key_value = nn.Linear(d, 3 * d)
        self.attention_out = nn.Linear(d, d)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(d), nn.Linear(d, 4 * d), nn.GELU(), nn.Dropout(shape.dropout), nn.Linear(4 * d, d)
        )
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor) -> Tensor:
        n, length, d = x.shape
        qkv = self.query_key_value(self.attention_norm(x)).view(n, length, 3, self.n_heads, d // self.n_heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(n, length, d)
        x = x + self.dropout(self.attention_out(attended))
        added: Tensor = self.feed_forward(x)
        return x + self.dropout(added)


class _RecurrentBlock(nn.Module):
    """Pre-norm recurrent block: the tokens read from both ends by gated recurrent units, then brought to the width."""

    def __init__(self, shape: AutoencoderShape) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(shape.d_model)
        self.read = nn.GRU(shape.d_model, shape.d_model, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * shape.d_model, shape.d_model)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor) -> Tensor:
        read, _ = self.read(self.norm(x))
        mixed: Tensor = x + self.dropout(self.out(read))
        return mixed


def _finite_rows(values: ArrayLike, dim: int, name: str) -> Tensor:
    x = torch.from_numpy(np.array(values, dtype=np.float32))
    if x.ndim != 2 or x.shape[1] != dim:
        raise ValueError(f"{name} must have shape (n, {dim}), not {tuple(x.shape)}")
    bad = ~torch.isfinite(x).all(dim=1)
    if bool(bad.any()):
        raise ValueError(
            f"{name} have NaN or infinity in {int(bad.sum())} of {len(x)} rows, first in row {int(bad.int().argmax())}"
        )
    return x
