"""Losses against scipy and scikit-learn, and the missing targets that they must not see."""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import norm
from sklearn.metrics import log_loss, mean_pinball_loss

from alignlab.training.small_heads.intervals import QUANTILES
from alignlab.training.small_heads.losses import beta_nll, cross_entropy, pinball


def test_without_beta_the_loss_is_the_gaussian_likelihood() -> None:
    rng = np.random.default_rng(0)
    mean, log_variance, y = rng.normal(size=(3, 50, 2))
    found = beta_nll(torch.tensor(np.stack([mean, log_variance], -1)), torch.tensor(y), 0.0)
    expected = -norm.logpdf(y, mean, np.exp(log_variance / 2)).mean() - 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(found.item(), expected)


def test_beta_of_one_gives_the_mean_the_gradient_of_the_squared_error() -> None:
    answer = torch.randn(20, 2, 2, dtype=torch.float64, requires_grad=True)
    target = torch.randn(20, 2, dtype=torch.float64)
    beta_nll(answer, target, 1.0).backward()
    assert answer.grad is not None
    expected = (answer[..., 0] - target).detach() / target.numel()
    torch.testing.assert_close(answer.grad[..., 0], expected)


def test_pinball_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    answer, y = rng.normal(size=(50, 2, 5)), rng.normal(size=(50, 2))
    found = pinball(torch.tensor(answer), torch.tensor(y))
    expected = np.mean([mean_pinball_loss(y, answer[..., i], alpha=q) for i, q in enumerate(QUANTILES)])
    np.testing.assert_allclose(found.item(), expected)


def test_a_missing_target_has_no_gradient_and_no_effect() -> None:
    target = torch.randn(30, 3)
    target[torch.rand(30, 3) < 0.4] = torch.nan
    known = torch.isfinite(target)
    for width, loss in ((2, lambda a, y: beta_nll(a, y, 0.5)), (5, pinball)):
        answer = torch.randn(30, 3, width, requires_grad=True)
        value = loss(answer, target)
        value.backward()
        assert answer.grad is not None
        assert (answer.grad[~known] == 0).all()
        assert torch.isfinite(answer.grad).all()
        torch.testing.assert_close(value, loss(answer[known][:, None], target[known][:, None]))


def test_all_targets_missing_is_a_loss_of_nothing() -> None:
    answer = torch.randn(4, 3, 2, requires_grad=True)
    value = beta_nll(answer, torch.full((4, 3), torch.nan), 0.5)
    value.backward()
    assert value.item() == 0
    assert cross_entropy(torch.randn(4, 3), torch.full((4,), -1)).item() == 0


def test_cross_entropy_is_the_log_loss_of_known_classes() -> None:
    log_p = torch.log_softmax(torch.randn(40, 3, dtype=torch.float64), -1)
    target = torch.randint(0, 3, (40,))
    target[:10] = -1
    expected = log_loss(target[10:].numpy(), log_p[10:].exp().numpy(), labels=[0, 1, 2])
    np.testing.assert_allclose(cross_entropy(log_p, target).item(), expected)
