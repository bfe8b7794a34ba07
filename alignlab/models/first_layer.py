"""The first layer of the text head: wide inputs that are data, some of whose aspects are absent.

Nearly all arithmetic of a training is here (three times 1,536 inputs against 256 hidden units), so what need not be
computed is not: no gradient towards the inputs, and a stand-in for an absent aspect is carried through the layer once
for each batch, not once for each source.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def first_layer(x: Tensor, absent: Tensor, weight: Tensor, bias: Tensor, stand_ins: Tensor) -> Tensor:
    r"""Linear layer on texts in which a stand-in takes the place of each absent aspect.

    .. math:: h_i = W x_i + b + \sum_a m_{ia} W_a v_a

    with :math:`W_a` the columns of aspect *a*, :math:`v_a` its stand-in and :math:`m_{ia} = 1` where it is absent.

    Parameters
    ----------
    x : Tensor, shape (n, n_aspects * d)
        Standardised texts, zero where an aspect is absent. In bfloat16 the products with `weight` and of its gradient
        are computed in that precision, twice as fast on a CPU that has it; sums stay in float32.
    absent : Tensor of float, shape (n, n_aspects)
        1 where an aspect is absent, otherwise 0.
    weight, bias : Tensor, shapes (h, n_aspects * d) and (h,)
    stand_ins : Tensor, shape (n_aspects, d)

    Returns
    -------
    Tensor, shape (n, h)
        Of the type of `weight`; differentiable once.
    """
    hidden: Tensor = _FirstLayer.apply(x, absent, weight, bias, stand_ins)
    return hidden


def has_fast_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices faster than float32 ones (AVX512-BF16 or AMX)."""
    return bool(torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()) and (
        torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    )


class _FirstLayer(torch.autograd.Function):
    """W (x + S^T m) + b, with S the (n_aspects, n_aspects · d) matrix of each stand-in in its aspect's columns."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, absent: Tensor, weight: Tensor, bias: Tensor, stand_ins: Tensor) -> Tensor:
        in_place = torch.block_diag(*stand_ins)
        ctx.save_for_backward(x, absent, weight, in_place)
        hidden = (x @ weight.to(x.dtype).T).to(weight.dtype)
        return hidden.add_(bias).addmm_(absent, in_place @ weight.T)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, None, Tensor, Tensor, Tensor | None]:
        x, absent, weight, in_place = ctx.saved_tensors
        of_absent = absent.T @ grad
        grad_weight = (grad.to(x.dtype).T @ x).to(weight.dtype).addmm_(of_absent.T, in_place)
        grad_x = (grad @ weight).to(x.dtype) if ctx.needs_input_grad[0] else None
        grad_stand_ins = None
        if ctx.needs_input_grad[4]:
            grad_stand_ins = (of_absent @ weight).unflatten(1, (len(in_place), -1)).diagonal(dim1=0, dim2=1).T
        return grad_x, None, grad_weight, grad.sum(0), grad_stand_ins
