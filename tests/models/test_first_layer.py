"""The text head's first layer against the plain formula, and the faster dropout against its statistics."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from alignlab.models.dropout import ByteDropout
from alignlab.models.first_layer import first_layer


def _inputs(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    absent = (torch.rand(9, 3, generator=generator) < 0.4).to(dtype)
    x = (draw(9, 3, 4) * (1 - absent)[..., None]).flatten(1)
    return x, absent, draw(5, 12).requires_grad_(), draw(5).requires_grad_(), draw(3, 4).requires_grad_()


def _plain(x: torch.Tensor, absent: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, stand_ins: torch.Tensor):  # type: ignore[no-untyped-def]
    filled = torch.where(absent[..., None] > 0, stand_ins, x.unflatten(1, (3, -1))).flatten(1)
    return F.linear(filled, weight, bias)


def test_equals_a_linear_layer_on_texts_with_the_stand_ins_put_in() -> None:
    inputs = _inputs()
    found, wanted = first_layer(*inputs), _plain(*inputs)
    torch.testing.assert_close(found, wanted)
    downstream = torch.randn_like(wanted)
    gradients = (torch.autograd.grad((out * downstream).sum(), inputs[2:]) for out in (found, wanted))
    torch.testing.assert_close(*gradients)


def test_gradients_equal_finite_differences_also_towards_the_inputs() -> None:
    x, *rest = _inputs()
    assert torch.autograd.gradcheck(first_layer, (x.requires_grad_(), *rest))


def test_bfloat16_inputs_change_the_result_by_their_rounding_only() -> None:
    x, absent, weight, bias, stand_ins = _inputs(torch.float32)
    exact = first_layer(x, absent, weight, bias, stand_ins)
    rounded = first_layer(x.bfloat16(), absent, weight, bias, stand_ins)
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, exact, atol=0.05, rtol=0.02)
    for a, b in zip(
        *(torch.autograd.grad(out.square().sum(), (weight, bias, stand_ins)) for out in (exact, rounded)), strict=True
    ):
        torch.testing.assert_close(b, a, atol=0.5, rtol=0.05)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_byte_dropout_drops_that_share_and_keeps_the_mean(p: float) -> None:
    torch.manual_seed(0)
    layer, x = ByteDropout(p), torch.ones(200, 501, requires_grad=True)
    out = layer(x)
    assert float((out == 0).float().mean()) == pytest.approx(p, abs=0.01)
    assert float(out.mean().detach()) == pytest.approx(1, abs=0.03)
    out.sum().backward()
    torch.testing.assert_close(x.grad, out.detach())
    rows = (out.detach() == 0).float()
    assert abs(float(torch.corrcoef(rows[:, :2].T)[0, 1])) < 0.25
    assert layer.eval()(x) is x


def test_byte_dropout_refuses_to_drop_everything() -> None:
    with pytest.raises(ValueError, match="p must be from 0 to below 1, not 1"):
        ByteDropout(1.0)
    assert ByteDropout(0.0)(torch.ones(3)).tolist() == [1, 1, 1]
