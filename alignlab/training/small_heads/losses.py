"""What the networks of small heads minimise; a missing target takes no part, and has no gradient."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from alignlab.training.small_heads.intervals import QUANTILES
from alignlab.training.small_heads.targets import UNKNOWN


def beta_nll(answer: Tensor, target: Tensor, beta: float) -> Tensor:
    r"""Gaussian negative log likelihood, each term weighted by its variance to the power β without gradient.

    .. math:: L = \langle \lfloor\sigma^{2\beta}\rfloor
        \left(\tfrac12 \log \sigma^2 + (y - \mu)^2 / 2\sigma^2\right) \rangle

    (Seitzer et al. 2022, arXiv:2203.09168, eq. 5). β = 0 is the likelihood itself.

    Parameters
    ----------
    answer : Tensor, shape (n, v, 2)
        Mean and logarithm of the variance.
    target : Tensor, shape (n, v)
        NaN where unknown.
    beta : float
        0 to 1.
    """
    mean, log_variance = answer.unbind(-1)
    known = torch.isfinite(target)
    error = torch.where(known, target, mean.detach()) - mean
    terms = 0.5 * (log_variance + error.square() * torch.exp(-log_variance))
    if beta:
        terms = terms * torch.exp(beta * log_variance).detach()
    return _mean_where(known, terms)


def pinball(answer: Tensor, target: Tensor) -> Tensor:
    r"""Mean over the quantiles τ of :math:`\max(\tau e, (\tau - 1) e)`, with *e* the target minus the quantile.

    Parameters
    ----------
    answer : Tensor, shape (n, v, 5)
        The quantiles of `QUANTILES`.
    target : Tensor, shape (n, v)
        NaN where unknown.
    """
    known = torch.isfinite(target)
    error = torch.where(known, target, 0)[..., None] - answer
    levels = torch.tensor(QUANTILES)
    return _mean_where(known, torch.maximum(levels * error, (levels - 1) * error).mean(-1))


def cross_entropy(answer: Tensor, target: Tensor, class_weight: Tensor | None = None) -> Tensor:
    """Mean negative log probability of the true class.

    Parameters
    ----------
    answer : Tensor, shape (n, c)
        Log probabilities.
    target : Tensor of int64, shape (n,)
        `UNKNOWN` where the class is not known.
    class_weight : Tensor, shape (c,), optional
    """
    if not bool((target != UNKNOWN).any()):
        return answer.sum() * 0
    return F.nll_loss(answer, target, weight=class_weight, ignore_index=UNKNOWN)


def _mean_where(known: Tensor, terms: Tensor) -> Tensor:
    return torch.where(known, terms, 0).sum() / known.sum().clamp_min(1)
