"""Fusion networks do without what is missing, and mix answers as probability theory says."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from alignlab.models.fusion import (
    Fusing,
    FusionShape,
    MixtureOfExperts,
    Output,
    build_network,
    load_network,
    masked_softmax,
    network_weights,
)

SHAPE = FusionShape(
    stream_dims=(4, 2, 2), experts=(0, 1, 1), fusing="gated", output="gaussian", n_outputs=3, hidden_dim=8, dropout=0.0
)
EVERY = list(product(get_args(Fusing), get_args(Output)))
PRESENT = torch.tensor([[1, 1, 1], [1, 0, 0], [0, 1, 1], [0, 1, 0], [1, 0, 1]], dtype=torch.bool)


def network_and_values(fusing: str, output: str) -> tuple[torch.nn.Module, list[Tensor]]:
    torch.manual_seed(3)
    network = build_network(replace(SHAPE, fusing=fusing, output=output)).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return network, [torch.randn(len(PRESENT), d) for d in SHAPE.stream_dims]


@pytest.mark.parametrize(("fusing", "output"), EVERY)
def test_what_an_absent_stream_holds_has_no_effect(fusing: str, output: str) -> None:
    network, values = network_and_values(fusing, output)
    other = [torch.where(PRESENT[:, [i]], x, 1000.0) for i, x in enumerate(values)]
    found, again = network(values, PRESENT), network(other, PRESENT)
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found, again)


@pytest.mark.parametrize(("fusing", "output"), EVERY)
def test_every_parameter_gets_a_finite_gradient_with_streams_missing(fusing: str, output: str) -> None:
    network, values = network_and_values(fusing, output)
    network(values, PRESENT).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


@pytest.mark.parametrize("fusing", get_args(Fusing))
def test_quantiles_never_cross(fusing: str) -> None:
    network, values = network_and_values(fusing, "quantile")
    found = network([100 * x for x in values], PRESENT)
    assert (found.diff(dim=-1) > 0).all()


@pytest.mark.parametrize("fusing", get_args(Fusing))
def test_probabilities_sum_to_one(fusing: str) -> None:
    network, values = network_and_values(fusing, "class")
    torch.testing.assert_close(network(values, PRESENT).exp().sum(-1), torch.ones(len(PRESENT)))


@pytest.mark.parametrize("output", get_args(Output))
def test_the_only_expert_left_has_the_whole_say(output: str) -> None:
    network, values = network_and_values("mixture-of-experts", output)
    assert isinstance(network, MixtureOfExperts)
    alone = torch.tensor([[1, 0, 0]] * len(PRESENT), dtype=torch.bool)
    expert = network.experts[0](values[:1], alone[:, :1])
    torch.testing.assert_close(network(values, alone), expert)


def test_mixed_gaussians_have_the_moments_of_the_mixture() -> None:
    network, values = network_and_values("mixture-of-experts", "gaussian")
    assert isinstance(network, MixtureOfExperts)
    torch.nn.init.zeros_(network.gate.weight)
    torch.nn.init.zeros_(network.gate.bias)  # the gate then weighs both experts alike
    everything = torch.ones_like(PRESENT)
    rng = np.random.default_rng(0)
    draws = []
    for expert, streams in zip(network.experts, network.streams_of, strict=True):
        mean, log_variance = expert([values[i] for i in streams], everything[:, streams])[0, 0].detach().numpy()
        draws.append(rng.normal(mean, np.exp(log_variance / 2), 400_000))
    mixture = np.concatenate(draws)
    found = network(values, everything)[0, 0].detach().numpy()
    assert found[0] == pytest.approx(mixture.mean(), abs=0.02 * mixture.std())
    assert np.exp(found[1]) == pytest.approx(mixture.var(), rel=0.02)


@pytest.mark.parametrize("fusing", get_args(Fusing))
def test_weights_make_the_same_network_again(fusing: str) -> None:
    network, values = network_and_values(fusing, "quantile")
    again = load_network(network_weights(network))
    torch.testing.assert_close(again(values, PRESENT), network(values, PRESENT), rtol=0, atol=0)


def test_weights_of_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match="no weights of a fusion network"):
        load_network({"a": np.zeros(3)})


def test_masked_softmax_is_the_softmax_of_what_is_there() -> None:
    logits = torch.tensor([[1.0, 5.0, 2.0]])
    found = masked_softmax(logits, torch.tensor([[True, False, True]]))
    torch.testing.assert_close(found[0, [0, 2]], torch.softmax(torch.tensor([1.0, 2.0]), 0))
    assert found[0, 1] == 0
