"""The contrastive loss, computed in blocks of rows so that no temporary of batch × batch size is kept."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_BLOCK = 512


def info_nce(spectrum: Tensor, text: Tensor, temperature: float, *, block: int = _BLOCK) -> Tensor:
    r"""One-way InfoNCE, spectrum → text (paper, eq. 1).

    .. math:: L = -\frac{1}{B} \sum_{i=1}^{B} \log
        \frac{\exp(s_i \cdot t_i / \tau)}{\sum_{j=1}^{B} \exp(s_i \cdot t_j / \tau)}

    The batch is axis 0: row i of `spectrum` belongs to row i of `text`, and the other texts of the batch are its
    negatives. With :math:`p_{ij}` the softmax over j, the gradients are
    :math:`\partial L/\partial s_i = (\sum_j p_{ij} t_j - t_i) / B\tau` and
    :math:`\partial L/\partial t_j = (\sum_i p_{ij} s_i - s_j) / B\tau`; they are accumulated block by block beside
    the loss, each block's row maximum subtracted before the exponential.

    Parameters
    ----------
    spectrum, text : Tensor, shape (B, d)
        L2-normalised rows.
    temperature : float
        :math:`\tau`, positive.
    block : int
        Rows at a time.

    Returns
    -------
    Tensor
        Scalar; differentiable once in both inputs.

    Raises
    ------
    ValueError
        If shapes differ, the batch is empty or `temperature` is not positive.
    """
    if spectrum.ndim != 2 or spectrum.shape != text.shape or len(spectrum) == 0:
        shapes = f"{tuple(spectrum.shape)} and {tuple(text.shape)}"
        raise ValueError(f"spectrum and text must be matrices of one shape, with at least one row, not {shapes}")
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, not {temperature}")
    loss: Tensor = _BlockedInfoNce.apply(spectrum, text, float(temperature), block)
    return loss


def symmetric_info_nce(spectrum: Tensor, text: Tensor, temperature: float, *, block: int = _BLOCK) -> Tensor:
    """Mean of `info_nce` in both directions, spectrum → text and text → spectrum (as CLIP does).

    Parameters and errors are those of `info_nce`.
    """
    there = info_nce(spectrum, text, temperature, block=block)
    back = info_nce(text, spectrum, temperature, block=block)
    return (there + back) / 2


class _BlockedInfoNce(torch.autograd.Function):
    """Loss and gradients in one pass over blocks of rows."""

    @staticmethod
    def forward(ctx: Any, queries: Tensor, keys: Tensor, temperature: float, block: int) -> Tensor:
        n = len(queries)
        wanted = any(ctx.needs_input_grad[:2])
        loss = queries.new_zeros(())
        grad_queries, grad_keys = torch.empty_like(queries), torch.zeros_like(keys)
        for start in range(0, n, block):
            rows = queries[start : start + block]
            partners = keys[start : start + block]
            logits = rows @ keys.T
            logits /= temperature
            own = logits.diagonal(start)
            log_sum = logits.logsumexp(dim=1)
            loss += (log_sum - own).sum()
            if wanted:
                softmax = logits.sub_(log_sum[:, None]).exp_()
                grad_queries[start : start + block] = softmax @ keys - partners
                grad_keys.addmm_(softmax.T, rows)
        if wanted:
            grad_keys -= queries
            ctx.save_for_backward(grad_queries.div_(n * temperature), grad_keys.div_(n * temperature))
        return loss / n

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, Tensor, None, None]:
        grad_queries, grad_keys = ctx.saved_tensors
        return grad_output * grad_queries, grad_output * grad_keys, None, None
