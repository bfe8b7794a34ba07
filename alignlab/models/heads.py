"""The two heads that carry spectrum and text latents into one shared space."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from alignlab.models.first_layer import first_layer
from alignlab.models.spectrum_input import SpectrumInput, spectrum_inputs

N_ASPECTS = 3
Activation = Literal["gelu", "relu"]
MissingAspect = Literal["learned", "zero"]
_ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "relu": nn.ReLU}
#: Key under which the weights carry the shape of the heads, as UTF-8 JSON in a uint8 array.
_SHAPE_KEY = "shape"
_MIN_STD = 1e-6


@dataclass(frozen=True, kw_only=True)
class HeadsShape:
    """What must be known to build the heads before their weights are filled in.

    Attributes
    ----------
    spectrum_dim : int
        Dimensions of a spectrum latent.
    text_dim : int
        Dimensions of a text vector, the aspects concatenated: a multiple of three.
    shared_dim, hidden_dim, hidden_layers : int
        Dimensions of the shared space and of the hidden layers, and how many of these.
    dropout : float
        Fraction dropped in training.
    activation : {"gelu", "relu"}
    layer_norm : bool
        Normalise every hidden layer.
    missing_aspect : {"learned", "zero"}
        What stands for an aspect that the literature does not discuss: a learned vector per aspect, or zero (the
        mean of the training texts, inputs being standardised).
    spectrum_input : {"latents", "spectrum", "both", "counts"}
        What `spectrum_dim` counts, see `alignlab.models.spectrum_input.spectrum_inputs`.
    aspects_seen : tuple of bool
        Which of the three aspects the text head sees; the others count as not discussed.
    """

    spectrum_dim: int
    text_dim: int
    shared_dim: int = 64
    hidden_dim: int = 256
    hidden_layers: int = 1
    dropout: float = 0.3
    activation: Activation = "gelu"
    layer_norm: bool = True
    missing_aspect: MissingAspect = "learned"
    spectrum_input: SpectrumInput = "latents"
    aspects_seen: tuple[bool, ...] = (True,) * N_ASPECTS


def safe_std(std: Tensor) -> Tensor:
    """What to divide by: 1 in a dimension that did not vary."""
    return torch.where(std > _MIN_STD, std, 1.0)


class ProjectionHead(nn.Module):
    """Standardise, then a multi-layer perceptron, then length 1.

    Parameters
    ----------
    in_dim, hidden_dim, out_dim : int
        Dimensions of input, hidden layers and output.
    hidden_layers : int
        How many hidden layers.
    dropout : float
        Fraction of hidden units dropped in training.
    activation : {"gelu", "relu"}
    layer_norm : bool
        Normalise before each activation.
    dropout_layer : callable
        From that fraction to a layer without weights.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        in_dim: int,
        *,
        hidden_dim: int = 256,
        out_dim: int = 64,
        hidden_layers: int = 1,
        dropout: float = 0.3,
        activation: Activation = "gelu",
        layer_norm: bool = True,
        dropout_layer: Callable[[float], nn.Module] = nn.Dropout,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(in_dim))
        self.register_buffer("std", torch.ones(in_dim))
        layers: list[nn.Module] = []
        width = in_dim
        for _ in range(hidden_layers):
            layers.append(nn.Linear(width, hidden_dim))
            if layer_norm:
                layers.append(nn.LayerNorm(hidden_dim))
            layers += [_ACTIVATIONS[activation](), dropout_layer(dropout)]
            width = hidden_dim
        self.layers = nn.Sequential(*layers, nn.Linear(width, out_dim))

    def set_standardisation(self, mean: Tensor, std: Tensor) -> None:
        """Fix the mean and standard deviation, shape (in_dim,), that inputs are standardised with.

        A dimension that did not vary is only shifted.
        """
        self.mean.copy_(mean)
        self.std.copy_(safe_std(std))

    def standardise(self, x: Tensor) -> Tensor:
        """Subtract the mean and divide by the standard deviation."""
        return (x - self.mean) / self.std

    def forward(self, x: Tensor) -> Tensor:
        """Map standardised inputs (n, in_dim) to unit vectors (n, out_dim)."""
        return F.normalize(self.layers(x), dim=-1)

    def after_first_layer(self, hidden: Tensor) -> Tensor:
        """What `forward` makes of the output (n, hidden_dim) of its first linear layer."""
        for layer in list(self.layers)[1:]:
            hidden = layer(hidden)
        return F.normalize(hidden, dim=-1)


class AlignmentHeads(nn.Module):
    """A head for spectra and one for texts.

    A text is three aspect vectors in a row. An aspect that is not discussed is replaced, after standardisation, by a
    learned vector (or by zero), never by whatever numbers happen to stand in its place.
    """

    def __init__(self, shape: HeadsShape, *, dropout_layer: Callable[[float], nn.Module] = nn.Dropout) -> None:
        super().__init__()
        if shape.text_dim % N_ASPECTS:
            raise ValueError(f"text_dim must be a multiple of {N_ASPECTS} (the aspects), not {shape.text_dim}")
        self.shape = shape

        def head(in_dim: int) -> ProjectionHead:
            return ProjectionHead(
                in_dim,
                hidden_dim=shape.hidden_dim,
                out_dim=shape.shared_dim,
                hidden_layers=shape.hidden_layers,
                dropout=shape.dropout,
                activation=shape.activation,
                layer_norm=shape.layer_norm,
                dropout_layer=dropout_layer,
            )

        self.spectrum_head = head(shape.spectrum_dim)
        self.text_head = head(shape.text_dim)
        learned = shape.missing_aspect == "learned"
        self.missing = nn.Parameter(torch.zeros(N_ASPECTS, shape.text_dim // N_ASPECTS), requires_grad=learned)

    def seen(self, mask: Tensor) -> Tensor:
        """The part of a mask (n, 3) that these heads see."""
        return mask & torch.tensor(self.shape.aspects_seen)

    def prepare_text(self, text: Tensor, mask: Tensor) -> Tensor:
        """Standardise texts (n, text_dim) and put zero where `mask` (n, 3) is False."""
        aspects = self.text_head.standardise(text).unflatten(-1, (N_ASPECTS, -1))
        return torch.where(mask[..., None], aspects, 0.0).flatten(-2)

    def align_prepared_text(self, prepared: Tensor, mask: Tensor) -> Tensor:
        """Map texts that `prepare_text` prepared, in float32 or bfloat16, to unit vectors (n, shared_dim)."""
        linear = self.text_head.layers[0]
        assert isinstance(linear, nn.Linear)  # every head begins with one
        hidden = first_layer(prepared, (~mask).to(linear.weight.dtype), linear.weight, linear.bias, self.missing)
        return self.text_head.after_first_layer(hidden)

    def align_spectrum(self, spectrum: Tensor) -> Tensor:
        """Map spectrum latents (n, spectrum_dim) to unit vectors (n, shared_dim)."""
        aligned: Tensor = self.spectrum_head(self.spectrum_head.standardise(spectrum))
        return aligned

    def align_text(self, text: Tensor, mask: Tensor) -> Tensor:
        """Map texts (n, text_dim) with their mask (n, 3) to unit vectors (n, shared_dim)."""
        seen = self.seen(mask)
        return self.align_prepared_text(self.prepare_text(text, seen), seen)

    def to_weights(self) -> dict[str, NDArray[np.generic]]:
        """All parameters, the standardisation and the shape as arrays, ready for a safetensors file."""
        weights: dict[str, NDArray[np.generic]] = {k: v.detach().numpy().copy() for k, v in self.state_dict().items()}
        weights[_SHAPE_KEY] = np.frombuffer(json.dumps(asdict(self.shape), sort_keys=True).encode(), np.uint8).copy()
        return weights


def load_heads(weights: Mapping[str, NDArray[np.generic]]) -> AlignmentHeads:
    """Build heads from what `AlignmentHeads.to_weights` returned; ready to apply (no dropout).

    Raises
    ------
    ValueError
        If the weights are not those of heads: which entries are missing, unknown or of another shape.
    """
    if _SHAPE_KEY not in weights:
        raise ValueError(f"these are no alignment heads: no entry {_SHAPE_KEY!r} among {sorted(weights)}")
    try:
        shape: dict[str, Any] = json.loads(bytes(np.asarray(weights[_SHAPE_KEY], np.uint8)))
        if "aspects_seen" in shape:
            shape["aspects_seen"] = tuple(shape["aspects_seen"])
        heads = AlignmentHeads(HeadsShape(**shape))
        heads.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in weights.items() if k != _SHAPE_KEY})
    except (TypeError, KeyError, RuntimeError, json.JSONDecodeError) as error:
        raise ValueError(f"these are no alignment heads of this version: {error}") from error
    return heads.eval()


def apply_heads(
    weights: Mapping[str, NDArray[np.generic]],
    *,
    spectrum: ArrayLike | None = None,
    bins: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    text: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    batch_size: int = 8192,
) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
    """Carry latents into the shared space with frozen heads.

    Parameters
    ----------
    weights : mapping of str to ndarray
        From `AlignmentHeads.to_weights`.
    spectrum : array_like, shape (n, latent_dim), optional
        Latents.
    bins : array_like, shape (n, 400), optional
        Min–max normalised spectra of the same sources, where the heads' `spectrum_input` needs them.
    counts : array_like, shape (n, 400), optional
        Their counts, likewise.
    text : array_like, shape (m, text_dim), optional
    mask : array_like of bool, shape (m, 3), optional
        Which aspects are discussed; required with `text`.
    batch_size : int
        Rows at a time.

    Returns
    -------
    spectrum_aligned, text_aligned : ndarray of float32, shapes (n, shared_dim) and (m, shared_dim), or None
        Unit vectors; None for what was not given. A text without any aspect still gets a place, that of the
        stand-ins: whoever draws it should say so.

    Raises
    ------
    ValueError
        If a shape does not fit the heads, a value is not finite, or `text` comes without `mask`.
    """
    heads = load_heads(weights)
    spectrum_aligned = text_aligned = None
    with torch.inference_mode():
        if spectrum is not None:
            seen = spectrum_inputs(heads.shape.spectrum_input, spectrum, bins, counts)
            x = _matrix(seen, "spectrum", heads.shape.spectrum_dim)
            spectrum_aligned = torch.cat([heads.align_spectrum(part) for part in x.split(batch_size)]).numpy()
        if text is not None:
            if mask is None:
                raise ValueError("text needs its mask: which of the three aspects are discussed")
            t, m = _matrix(text, "text", heads.shape.text_dim), torch.from_numpy(np.array(mask, dtype=bool))
            if m.shape != (len(t), N_ASPECTS):
                raise ValueError(f"mask must have shape ({len(t)}, {N_ASPECTS}), not {tuple(m.shape)}")
            parts = zip(t.split(batch_size), m.split(batch_size), strict=True)
            text_aligned = torch.cat([heads.align_text(*part) for part in parts]).numpy()
    return spectrum_aligned, text_aligned


def _matrix(values: ArrayLike, name: str, dim: int) -> Tensor:
    x = torch.from_numpy(np.array(values, dtype=np.float32))
    if x.ndim != 2 or x.shape[1] != dim:
        raise ValueError(f"{name} must have shape (n, {dim}), not {tuple(x.shape)}")
    if not bool(torch.isfinite(x).all()):
        raise ValueError(f"{name} has NaN or infinity")
    return x
