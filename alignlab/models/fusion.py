"""Networks that bring several streams of latents together, and still answer when some of them are missing.

A stream is a matrix of latents; which source has which stream is known (`present`). Every stream is standardised and
projected to `hidden_dim`. What follows differs in what stands for an absent stream:

=================== ========================================================== =====================================
fusion              how                                                        an absent stream
=================== ========================================================== =====================================
concatenate         side by side                                               a learned stand-in takes its place
weighted-sum        sum with one learned weight per stream                     weights are renormalised without it
gated               per hidden unit, weights that depend on the source         weights are renormalised without it
                    (after the gated multimodal unit, Arevalo et al. 2017,
                    arXiv:1702.01992, with softmax for many streams)
cross-attention     a learned query attends to the streams as tokens           masked: nothing attends to it
mixture-of-experts  one network per modality; mean of the mixture that a gate  weights are renormalised over the
                    chooses and of the plain average                           experts that have something to read
=================== ========================================================== =====================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

Output = Literal["gaussian", "quantile", "class"]
Fusing = Literal["concatenate", "weighted-sum", "gated", "cross-attention", "mixture-of-experts"]
#: Key under which the weights carry the shape of the network, as UTF-8 JSON in a uint8 array.
_SHAPE_KEY = "shape"
_LOG_VARIANCE_RANGE = (-10.0, 6.0)
_N_ATTENTION_HEADS = 4
_MIN_STEP = 1e-3
_TINY = 1e-30


@dataclass(frozen=True, kw_only=True)
class FusionShape:
    """What must be known to build a network before its weights are filled in.

    Attributes
    ----------
    stream_dims : tuple of int
        Dimensions of each stream.
    experts : tuple of int
        For each stream the number of the expert that reads it, from 0; only a mixture of experts has several.
    fusing : str
        See the table of this module.
    output : {"gaussian", "quantile", "class"}
        Mean and logarithm of the variance, the five quantiles of 2.5, 16, 50, 84 and 97.5%, or class probabilities.
    n_outputs : int
        Variables or classes.
    hidden_dim, hidden_layers : int
    dropout : float
    """

    stream_dims: tuple[int, ...]
    experts: tuple[int, ...]
    fusing: Fusing
    output: Output
    n_outputs: int
    hidden_dim: int = 128
    hidden_layers: int = 1
    dropout: float = 0.2

    @property
    def n_values(self) -> int:
        """Numbers that the last layer gives for each output."""
        return {"gaussian": 2, "quantile": 5, "class": 1}[self.output]


class StreamEmbedding(nn.Module):
    """Standardise each stream and project it to one width: (n, n_streams, hidden_dim)."""

    def __init__(self, dims: Sequence[int], hidden_dim: int, dropout: float) -> None:
        super().__init__()
        for i, dim in enumerate(dims):
            self.register_buffer(f"mean_{i}", torch.zeros(dim))
            self.register_buffer(f"std_{i}", torch.ones(dim))
        self.project = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, hidden_dim), nn.LayerNorm(hidden_dim), nn.GELU(), nn.Dropout(dropout))
            for dim in dims
        )

    def set_standardisation(self, moments: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Fix the mean and standard deviation that each stream is standardised with."""
        for i, (mean, std) in enumerate(moments):
            self.get_buffer(f"mean_{i}").copy_(mean)
            self.get_buffer(f"std_{i}").copy_(std)

    def forward(self, values: Sequence[Tensor]) -> Tensor:
        """Project streams, each (n, d)."""
        tokens = [
            layer((x - self.get_buffer(f"mean_{i}")) / self.get_buffer(f"std_{i}"))
            for i, (layer, x) in enumerate(zip(self.project, values, strict=True))
        ]
        return torch.stack(tokens, dim=1)


class Concatenate(nn.Module):
    """Side by side, then a layer; a learned vector stands for an absent stream."""

    def __init__(self, n_streams: int, hidden_dim: int) -> None:
        super().__init__()
        self.missing = nn.Parameter(torch.zeros(n_streams, hidden_dim))
        self.mix = nn.Linear(n_streams * hidden_dim, hidden_dim)

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Fuse tokens (n, n_streams, h) of which `present` (n, n_streams) are there."""
        fused: Tensor = self.mix(torch.where(present[..., None], tokens, self.missing).flatten(1))
        return fused


class WeightedSum(nn.Module):
    """Sum with one learned weight per stream, renormalised over those that are there."""

    def __init__(self, n_streams: int, hidden_dim: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(n_streams))

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Fuse as `Concatenate` does."""
        weights = masked_softmax(self.logits.expand(len(tokens), -1), present)
        return (weights[..., None] * tokens).sum(1)


class Gated(nn.Module):
    """Weights per source and hidden unit, from all streams, renormalised over those that are there."""

    def __init__(self, n_streams: int, hidden_dim: int) -> None:
        super().__init__()
        self.gate = nn.Linear(n_streams * (hidden_dim + 1), n_streams * hidden_dim)

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Fuse as `Concatenate` does."""
        seen = torch.where(present[..., None], tokens, 0)
        logits = self.gate(torch.cat([seen.flatten(1), present.to(seen.dtype)], dim=1)).view_as(tokens)
        weights = masked_softmax(logits.transpose(1, 2), present[:, None, :]).transpose(1, 2)
        return (weights * seen).sum(1)


class CrossAttention(nn.Module):
    """A learned query attends to the streams that are there; a learned vector tells each token whose it is."""

    def __init__(self, n_streams: int, hidden_dim: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(1, 1, hidden_dim) / hidden_dim**0.5)
        self.identity = nn.Parameter(torch.randn(n_streams, hidden_dim) / hidden_dim**0.5)
        self.attend = nn.MultiheadAttention(hidden_dim, _N_ATTENTION_HEADS, batch_first=True)

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Fuse as `Concatenate` does."""
        keys = tokens + self.identity
        query = self.query.expand(len(tokens), -1, -1)
        fused, _ = self.attend(query, keys, keys, key_padding_mask=~present, need_weights=False)
        return torch.as_tensor(fused[:, 0])


_FUSERS: dict[str, type[nn.Module]] = {
    "concatenate": Concatenate,
    "weighted-sum": WeightedSum,
    "gated": Gated,
    "cross-attention": CrossAttention,
}


class FusionNetwork(nn.Module):
    """Embed the streams, fuse them, answer."""

    def __init__(self, shape: FusionShape) -> None:
        super().__init__()
        self.shape = shape
        h = shape.hidden_dim
        self.embed = StreamEmbedding(shape.stream_dims, h, shape.dropout)
        self.fuse = _FUSERS[shape.fusing](len(shape.stream_dims), h)
        layers: list[nn.Module] = []
        for _ in range(shape.hidden_layers):
            layers += [nn.LayerNorm(h), nn.Linear(h, h), nn.GELU(), nn.Dropout(shape.dropout)]
        self.answer = nn.Sequential(*layers, nn.Linear(h, shape.n_outputs * shape.n_values))

    def set_standardisation(self, moments: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Fix the mean and standard deviation that each stream is standardised with."""
        self.embed.set_standardisation(moments)

    def forward(self, values: Sequence[Tensor], present: Tensor) -> Tensor:
        """Answer for n sources.

        Parameters
        ----------
        values : sequence of Tensor, shape (n, d) each
            Streams; what an absent one holds has no effect, as long as it is finite.
        present : Tensor of bool, shape (n, n_streams)
            At least one in every row.

        Returns
        -------
        Tensor
            (n, n_outputs, 2) for "gaussian", (n, n_outputs, 5) for "quantile"; for "class" log probabilities, of shape
            (n, n_outputs).
        """
        answer = self.answer(self.fuse(self.embed(values), present))
        return _as_output(answer, self.shape)


class MixtureOfExperts(nn.Module):
    """One network per modality; half of the weight is the gate's, half the plain average's.

    Gaussians are mixed by their moments (law of total variance), quantiles by their weighted mean, probabilities as
    such. With one expert left its answer is the whole answer.
    """

    def __init__(self, shape: FusionShape) -> None:
        super().__init__()
        self.shape = shape
        n_experts = max(shape.experts) + 1
        self.streams_of = [[i for i, e in enumerate(shape.experts) if e == expert] for expert in range(n_experts)]
        self.experts = nn.ModuleList(FusionNetwork(_expert_shape(shape, streams)) for streams in self.streams_of)
        self.embed = StreamEmbedding(shape.stream_dims, shape.hidden_dim, shape.dropout)
        self.gate = nn.Linear(len(shape.stream_dims) * (shape.hidden_dim + 1), n_experts)

    def set_standardisation(self, moments: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Fix the mean and standard deviation that each stream is standardised with."""
        self.embed.set_standardisation(moments)
        for network, streams in zip(self.experts, self.streams_of, strict=True):
            network.set_standardisation([moments[i] for i in streams])  # type: ignore[operator]

    def forward(self, values: Sequence[Tensor], present: Tensor) -> Tensor:
        """Answer as `FusionNetwork` does."""
        seen = torch.where(present[..., None], self.embed(values), 0)
        logits = self.gate(torch.cat([seen.flatten(1), present.to(seen.dtype)], dim=1))
        able = torch.stack([present[:, streams].any(1) for streams in self.streams_of], dim=1)
        plain = able / able.sum(1, keepdim=True)
        weights = (masked_softmax(logits, able) + plain) / 2
        answers = [
            network([values[i] for i in streams], present[:, streams])
            for network, streams in zip(self.experts, self.streams_of, strict=True)
        ]
        return _mixed(torch.stack(answers, dim=1), weights, self.shape.output)


Network = FusionNetwork | MixtureOfExperts


def build_network(shape: FusionShape) -> Network:
    """The network of that shape, its weights drawn from torch's random numbers."""
    return MixtureOfExperts(shape) if shape.fusing == "mixture-of-experts" else FusionNetwork(shape)


def network_weights(network: Network) -> dict[str, NDArray[np.generic]]:
    """All parameters, the standardisation and the shape as arrays, ready for a safetensors file."""
    weights: dict[str, NDArray[np.generic]] = {k: v.detach().numpy().copy() for k, v in network.state_dict().items()}
    weights[_SHAPE_KEY] = np.frombuffer(json.dumps(asdict(network.shape), sort_keys=True).encode(), np.uint8).copy()
    return weights


def load_network(weights: Mapping[str, NDArray[np.generic]]) -> Network:
    """Build a network from what `network_weights` returned; ready to apply (no dropout).

    Raises
    ------
    ValueError
        If the weights are not those of such a network.
    """
    try:
        facts: dict[str, Any] = json.loads(bytes(np.asarray(weights[_SHAPE_KEY], np.uint8)))
        facts = {k: tuple(v) if isinstance(v, list) else v for k, v in facts.items()}
        shape = FusionShape(**facts)
        network = build_network(shape)
        network.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in weights.items() if k != _SHAPE_KEY})
    except (TypeError, KeyError, RuntimeError, ValueError) as error:
        raise ValueError(f"these are no weights of a fusion network of this version: {error}") from error
    return network.eval()


def masked_softmax(logits: Tensor, present: Tensor) -> Tensor:
    """Softmax over the last axis among what is present; zero elsewhere."""
    return torch.softmax(logits.masked_fill(~present, -torch.inf), dim=-1)


def _expert_shape(shape: FusionShape, streams: Sequence[int]) -> FusionShape:
    return FusionShape(
        stream_dims=tuple(shape.stream_dims[i] for i in streams),
        experts=(0,) * len(streams),
        fusing="concatenate",
        output=shape.output,
        n_outputs=shape.n_outputs,
        hidden_dim=shape.hidden_dim,
        hidden_layers=shape.hidden_layers,
        dropout=shape.dropout,
    )


def _as_output(answer: Tensor, shape: FusionShape) -> Tensor:
    if shape.output == "class":
        return F.log_softmax(answer, dim=-1)
    values = answer.unflatten(-1, (shape.n_outputs, shape.n_values))
    if shape.output == "gaussian":
        mean, log_variance = values.unbind(-1)
        return torch.stack([mean, log_variance.clamp(*_LOG_VARIANCE_RANGE)], dim=-1)
    # The median, and positive steps outwards from it: quantiles cannot cross.
    median, steps = values[..., :1], F.softplus(values[..., 1:]) + _MIN_STEP
    low_68, high_68 = median - steps[..., 0:1], median + steps[..., 1:2]
    return torch.cat([low_68 - steps[..., 2:3], low_68, median, high_68, high_68 + steps[..., 3:4]], dim=-1)


def _mixed(answers: Tensor, weights: Tensor, output: Output) -> Tensor:
    """Mix answers (n, n_experts, ...) with weights (n, n_experts)."""
    w = weights.reshape(*weights.shape, *[1] * (answers.ndim - 2))
    if output == "class":
        log_w = w.clamp_min(_TINY).log().masked_fill(w == 0, -torch.inf)
        return torch.logsumexp(answers + log_w, dim=1)
    if output == "quantile":
        return (w * answers).sum(1)
    mean, variance = answers[..., 0], answers[..., 1].exp()
    w = w[..., 0]
    mixed = (w * mean).sum(1)
    # Spread about the mixed mean, not the difference of two large numbers.
    total = (w * (variance + (mean - mixed[:, None]).square())).sum(1)
    return torch.stack([mixed, total.log()], dim=-1)
