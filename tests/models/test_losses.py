"""The blocked loss against torch's cross-entropy, and its gradients against finite differences."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from alignlab.models.losses import info_nce, symmetric_info_nce


def _pair(n: int = 37, d: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(2, n, d, generator=generator, dtype=torch.float64)
    first, second = F.normalize(rows, dim=-1)
    return first.requires_grad_(), second.requires_grad_()


@pytest.mark.parametrize("block", [1, 10, 37, 512])
@pytest.mark.parametrize("temperature", [0.01, 0.07, 1.0])
def test_equals_cross_entropy_in_value_and_gradient(block: int, temperature: float) -> None:
    spectrum, text = _pair()
    expected = F.cross_entropy(spectrum @ text.T / temperature, torch.arange(len(text)))
    wanted = torch.autograd.grad(expected, (spectrum, text))
    loss = info_nce(spectrum, text, temperature, block=block)
    found = torch.autograd.grad(loss, (spectrum, text))
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


def test_symmetric_is_the_mean_of_both_directions() -> None:
    spectrum, text = _pair()
    logits, own = spectrum @ text.T / 0.1, torch.arange(37)
    expected = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
    torch.testing.assert_close(symmetric_info_nce(spectrum, text, 0.1, block=8), expected)
    torch.testing.assert_close(symmetric_info_nce(text, spectrum, 0.1), expected)


@pytest.mark.parametrize("loss", [info_nce, symmetric_info_nce])
def test_gradients_equal_finite_differences(loss) -> None:  # type: ignore[no-untyped-def]
    spectrum, text = _pair(7, 3)
    assert torch.autograd.gradcheck(lambda s, t: loss(s, t, 0.2, block=3), (spectrum, text))


def test_only_one_input_may_need_a_gradient() -> None:
    spectrum, text = _pair()
    info_nce(spectrum.detach(), text, 0.1).backward()
    assert text.grad is not None


def test_known_values() -> None:
    eye = torch.eye(4)
    assert info_nce(eye, eye, 1.0).item() == pytest.approx(math.log(1 + 3 / math.e), rel=1e-6)
    same = F.normalize(torch.ones(9, 2), dim=-1)
    assert info_nce(same, same, 0.05).item() == pytest.approx(math.log(9), rel=1e-5)


def test_tiny_temperature_does_not_overflow() -> None:
    spectrum, text = (x.detach().float().requires_grad_() for x in _pair())
    loss = info_nce(spectrum, text, 1e-4)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(spectrum.grad).all()


def test_bad_input_is_refused() -> None:
    eye = torch.eye(3)
    with pytest.raises(ValueError, match="temperature must be positive, not 0"):
        info_nce(eye, eye, 0)
    with pytest.raises(ValueError, match="temperature must be positive, not nan"):
        info_nce(eye, eye, float("nan"))
    with pytest.raises(ValueError, match="one shape"):
        info_nce(eye, eye[:2], 0.1)
