"""The blocked loss against torch's cross-entropy, and its gradients against finite differences."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from alignlab.models.criterion import Criterion
from alignlab.models.losses import info_nce, isotropy_penalty, regularised_info_nce, sigmoid_loss, symmetric_info_nce


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


@pytest.mark.parametrize("block", [1, 10, 37, 512])
def test_sigmoid_loss_equals_the_formula_in_value_and_gradient(block: int) -> None:
    spectrum, text = _pair()
    temperature, bias = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.1, -3.0))
    inputs = (spectrum, text, temperature, bias)
    sign = 2 * torch.eye(37, dtype=torch.float64) - 1
    expected = -F.logsigmoid(sign * (spectrum @ text.T / temperature + bias)).sum() / 37
    loss = sigmoid_loss(*inputs, block=block)
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-12)
    found, wanted = torch.autograd.grad(loss, inputs), torch.autograd.grad(expected, inputs)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


def test_the_temperature_and_the_bias_have_the_gradients_of_finite_differences() -> None:
    spectrum, text = _pair(7, 3)
    scalars = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.2, -1.0)]
    assert torch.autograd.gradcheck(lambda s, t, x, b: sigmoid_loss(s, t, x, b, block=3), (spectrum, text, *scalars))
    for loss in (info_nce, symmetric_info_nce):
        assert torch.autograd.gradcheck(lambda s, t, x, f=loss: f(s, t, x, block=3), (spectrum, text, scalars[0]))


def test_the_penalty_is_zero_on_an_even_sphere_and_near_the_dimension_on_a_line() -> None:
    d = 5
    even = torch.cat([torch.eye(d), -torch.eye(d)]).double().repeat(500, 1)
    assert float(isotropy_penalty(even)) == pytest.approx(0, abs=1e-6)
    line = F.normalize(torch.randn(400, 1, dtype=torch.float64), dim=1) @ F.normalize(torch.ones(1, d).double(), dim=1)
    assert float(isotropy_penalty(line)) == pytest.approx(d - 1, rel=0.05)
    turn = torch.linalg.qr(torch.randn(8, 8, dtype=torch.float64))[0]
    rows = _pair()[0].detach()
    assert float(isotropy_penalty(rows @ turn)) == pytest.approx(float(isotropy_penalty(rows)), rel=1e-9)


def test_the_regularised_loss_is_the_sum_and_has_its_gradient() -> None:
    spectrum, text = _pair(9, 3)
    penalty = (isotropy_penalty(spectrum) + isotropy_penalty(text)) / 2
    torch.testing.assert_close(
        regularised_info_nce(spectrum, text, 0.2, 0.7), info_nce(spectrum, text, 0.2) + 0.7 * penalty
    )
    assert torch.autograd.gradcheck(lambda s, t: regularised_info_nce(s, t, 0.2, 0.7, block=4), (spectrum, text))


def test_a_learned_temperature_falls_for_pairs_that_fit_and_stops_at_a_hundredth() -> None:
    eye = torch.eye(6)
    criterion = Criterion("one-way", temperature=0.07, learned=True)
    optimiser = torch.optim.SGD([criterion.log_temperature], lr=1e6)
    criterion(eye, eye).backward()
    optimiser.step()
    criterion.clamp()
    assert criterion.temperature == pytest.approx(0.01)
    assert not any(p.requires_grad for p in Criterion("symmetric", temperature=0.07).parameters())


def test_the_sigmoid_criterion_begins_at_the_odds_of_a_pair() -> None:
    criterion = Criterion("sigmoid", temperature=1.0, batch_size=101)
    assert float(torch.sigmoid(criterion.bias.detach())) == pytest.approx(1 / 101)


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


def test_large_batches_have_the_same_value_and_gradients_within_bfloat16() -> None:
    spectrum, text = (rows.detach().float().requires_grad_() for rows in _pair(n=2500, d=16))
    expected = F.cross_entropy(spectrum @ text.T / 0.1, torch.arange(len(spectrum)))
    wanted = torch.autograd.grad(expected, (spectrum, text))
    loss = info_nce(spectrum, text, 0.1)
    found = torch.autograd.grad(loss, (spectrum, text))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for gradient, reference in zip(found, wanted, strict=True):
        assert (gradient - reference).norm() < 0.005 * reference.norm()
