"""The loss of a recipe together with what it learns itself: the temperature, and the bias of the sigmoid loss."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from alignlab.models.losses import info_nce, regularised_info_nce, sigmoid_loss, symmetric_info_nce

Loss = Literal["one-way", "symmetric", "regularised", "sigmoid"]
#: Smallest learned temperature: CLIP never multiplies its logits by more than 100 (Radford et al. 2021, section 2.5).
_MIN_LEARNED = 0.01


class Criterion(nn.Module):
    """A contrastive loss at one temperature, fixed or learned.

    Parameters
    ----------
    loss : {"one-way", "symmetric", "regularised", "sigmoid"}
    temperature : float
        Fixed, or where a learned one begins.
    learned : bool
        Train its logarithm with the weights.
    strength : float
        γ of the regularised loss.
    batch_size : int
        The sigmoid loss begins with the bias -log(batch_size - 1): the log odds of a pair among all comparisons, so
        that the many wrong pairs do not dominate the first steps (as SigLIP's -10 does for its 32,768).
    """

    def __init__(
        self, loss: Loss, *, temperature: float, learned: bool = False, strength: float = 0.0, batch_size: int = 2
    ) -> None:
        super().__init__()
        self.loss, self.strength, self._fixed = loss, strength, None if learned else temperature
        self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)), requires_grad=learned)
        self.bias = nn.Parameter(torch.tensor(-math.log(max(batch_size - 1, 1))), requires_grad=loss == "sigmoid")

    @property
    def temperature(self) -> float:
        """What logits are divided by now."""
        return float(self.log_temperature.detach().exp()) if self._fixed is None else self._fixed

    def forward(self, spectrum: Tensor, text: Tensor) -> Tensor:
        """The loss of unit vectors (B, d), row i of one belonging to row i of the other."""
        temperature = self.log_temperature.exp() if self._fixed is None else self._fixed
        if self.loss == "sigmoid":
            return sigmoid_loss(spectrum, text, temperature, self.bias)
        if self.loss == "regularised":
            return regularised_info_nce(spectrum, text, temperature, self.strength)
        return (symmetric_info_nce if self.loss == "symmetric" else info_nce)(spectrum, text, temperature)

    def clamp(self) -> None:
        """Keep a learned temperature above 0.01; to be called after every step."""
        with torch.no_grad():
            self.log_temperature.clamp_(min=math.log(_MIN_LEARNED))
