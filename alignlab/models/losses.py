"""The contrastive losses, computed in blocks of rows so that no temporary of batch × batch size is kept.

The batch is axis 0 throughout: row i of `spectrum` belongs to row i of `text`, and the other rows of the batch are its
negatives. Each block's logits are turned into loss and gradients while they are at hand, so that the backward pass has
only to scale two (B, d) matrices; kept or computed again there, they would cost more than the arithmetic. In batches
of thousands, whose products are nearly all of a training's work, the gradients' products of InfoNCE (not its logits, so
not its value) are in bfloat16 where the CPU is faster in it: they differ from float32's in the third digit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from alignlab.models.first_layer import has_fast_bfloat16

_BLOCK = 512
#: From so many rows on.
_MANY = 2048


def info_nce(spectrum: Tensor, text: Tensor, temperature: float | Tensor, *, block: int = _BLOCK) -> Tensor:
    r"""One-way InfoNCE, spectrum → text (paper, eq. 1).

    .. math:: L = -\frac{1}{B} \sum_{i=1}^{B} \log
        \frac{\exp(s_i \cdot t_i / \tau)}{\sum_{j=1}^{B} \exp(s_i \cdot t_j / \tau)}

    With :math:`p_{ij}` the softmax over j, the gradients are
    :math:`\partial L/\partial s_i = (\sum_j p_{ij} t_j - t_i) / B\tau` and
    :math:`\partial L/\partial t_j = (\sum_i p_{ij} s_i - s_j) / B\tau`. Each block's row maximum is subtracted before
    the exponential.

    Parameters
    ----------
    spectrum, text : Tensor, shape (B, d)
        L2-normalised rows.
    temperature : float or Tensor
        :math:`\tau`, positive; the loss is differentiable in a tensor.
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
    _check(spectrum, text, temperature)
    loss: Tensor = _BlockedInfoNce.apply(spectrum / temperature, text, block)
    return loss


def symmetric_info_nce(spectrum: Tensor, text: Tensor, temperature: float | Tensor, *, block: int = _BLOCK) -> Tensor:
    """Mean of `info_nce` in both directions, spectrum → text and text → spectrum (CLIP: Radford et al. 2021, fig. 3).

    Parameters and errors are those of `info_nce`.
    """
    there = info_nce(spectrum, text, temperature, block=block)
    back = info_nce(text, spectrum, temperature, block=block)
    return (there + back) / 2


def sigmoid_loss(
    spectrum: Tensor, text: Tensor, temperature: float | Tensor, bias: float | Tensor, *, block: int = _BLOCK
) -> Tensor:
    r"""Pairwise sigmoid loss of SigLIP (Zhai et al. 2023, arXiv:2303.15343, section 3.2).

    .. math:: L = -\frac{1}{B} \sum_{i=1}^{B} \sum_{j=1}^{B} \log \sigma(z_{ij} (s_i \cdot t_j / \tau + b))

    with :math:`z_{ij} = 1` for a pair and -1 otherwise: each of the B² comparisons is judged by itself, without a
    softmax over the batch.

    Parameters
    ----------
    spectrum, text, temperature, block
        As for `info_nce`.
    bias : float or Tensor
        b, the log odds that two rows are a pair where their vectors say nothing; the loss is differentiable in a
        tensor.

    Returns
    -------
    Tensor
        Scalar; differentiable once in both inputs.
    """
    _check(spectrum, text, temperature)
    loss: Tensor = _BlockedSigmoid.apply(spectrum / temperature, text, torch.as_tensor(bias, dtype=text.dtype), block)
    return loss


def isotropy_penalty(vectors: Tensor) -> Tensor:
    r"""How far unit vectors are from lying evenly on the sphere: the L_reg of the regularised loss.

    .. math:: L_{reg} = \frac{1}{d} \lVert d\,\mathrm{Cov}(z) - I \rVert_F^2

    It is 0 when the mean is zero and every direction has the same variance 1/d, as for vectors spread evenly over the
    sphere, and about d when all lie on one line: contrastive losses alone leave dimensions unused (Jing et al. 2022,
    arXiv:2110.09348). It asks for the uniformity of Wang & Isola (2020, arXiv:2005.10242, eq. 2) in its second
    moments, as the covariance term of VICReg does (Bardes et al. 2022, arXiv:2105.04906, eq. 3), but does not depend
    on the choice of axes, as cosines do not, and costs B d² where the pairwise form costs B² d.

    Parameters
    ----------
    vectors : Tensor, shape (B, d)
        L2-normalised rows, at least two.

    Returns
    -------
    Tensor
        Scalar.
    """
    n, d = vectors.shape
    centred = vectors - vectors.mean(0)
    covariance = centred.T @ centred * (d / (n - 1))
    return (covariance - torch.eye(d, dtype=vectors.dtype)).square().sum() / d


def regularised_info_nce(
    spectrum: Tensor, text: Tensor, temperature: float | Tensor, strength: float, *, block: int = _BLOCK
) -> Tensor:
    r"""Regularised InfoNCE, :math:`L + \gamma L_{reg}`.

    L is `info_nce`, L_reg the mean of `isotropy_penalty` over both modalities and γ is `strength`.
    """
    penalty = (isotropy_penalty(spectrum) + isotropy_penalty(text)) / 2
    return info_nce(spectrum, text, temperature, block=block) + strength * penalty


def _check(spectrum: Tensor, text: Tensor, temperature: float | Tensor) -> None:
    if spectrum.ndim != 2 or spectrum.shape != text.shape or len(spectrum) == 0:
        shapes = f"{tuple(spectrum.shape)} and {tuple(text.shape)}"
        raise ValueError(f"spectrum and text must be matrices of one shape, with at least one row, not {shapes}")
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, not {temperature}")


class _BlockedInfoNce(torch.autograd.Function):
    """Mean over rows of log-sum-exp of the logits ``queries @ keys.T`` less the diagonal."""

    @staticmethod
    def forward(ctx: Any, queries: Tensor, keys: Tensor, block: int) -> Tensor:
        n = len(queries)
        wanted = any(ctx.needs_input_grad[:2])
        loss = queries.new_zeros(())
        grad_queries, grad_keys = torch.empty_like(queries), torch.zeros_like(keys)
        is_coarse = n >= _MANY and keys.dtype == torch.float32 and has_fast_bfloat16()
        product_type = torch.bfloat16 if is_coarse else keys.dtype
        factors = keys.to(product_type)
        for start in range(0, n, block):
            rows, partners = queries[start : start + block], keys[start : start + block]
            logits = rows @ keys.T
            own = logits.diagonal(start).clone()
            largest = logits.amax(dim=1, keepdim=True)
            weights = logits.sub_(largest).exp_()
            total = weights.sum(dim=1, keepdim=True)
            loss += (total.log() + largest).sum() - own.sum()
            if wanted:
                weights = weights.to(product_type)
                mean_keys = (weights @ factors).to(keys.dtype).div_(total)
                grad_queries[start : start + block] = mean_keys.sub_(partners)
                grad_keys.add_(weights.T @ (rows / total).to(product_type))
        if wanted:
            ctx.save_for_backward(grad_queries.div_(n), grad_keys.sub_(queries).div_(n))
        return loss / n

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        grad_queries, grad_keys = ctx.saved_tensors
        return grad * grad_queries, grad * grad_keys, None


class _BlockedSigmoid(torch.autograd.Function):
    """Sum over all pairs of softplus of the logits less the diagonal, by the number of rows."""

    @staticmethod
    def forward(ctx: Any, queries: Tensor, keys: Tensor, bias: Tensor, block: int) -> Tensor:
        n = len(queries)
        loss, grad_bias = queries.new_zeros(()), queries.new_zeros(())
        grad_queries, grad_keys = torch.empty_like(queries), torch.zeros_like(keys)
        for start in range(0, n, block):
            rows = queries[start : start + block]
            logits = rows @ keys.T + bias
            loss += F.softplus(logits).sum() - logits.diagonal(start).sum()
            slope = logits.sigmoid_()
            slope.diagonal(start).sub_(1)
            grad_queries[start : start + block] = slope @ keys
            grad_keys.addmm_(slope.T, rows)
            grad_bias += slope.sum()
        ctx.save_for_backward(grad_queries.div_(n), grad_keys.div_(n), grad_bias.div_(n))
        return loss / n

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        grad_queries, grad_keys, grad_bias = ctx.saved_tensors
        return grad * grad_queries, grad * grad_keys, grad * grad_bias, None
