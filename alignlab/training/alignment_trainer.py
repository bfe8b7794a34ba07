"""The two heads at work: one epoch, and what must be kept to go on from there."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from alignlab.analysis.retrieval import candidates_within, partner_ranks
from alignlab.literature.aspects import ASPECTS
from alignlab.models.criterion import Criterion
from alignlab.models.dropout import ByteDropout
from alignlab.models.first_layer import has_fast_bfloat16
from alignlab.models.heads import AlignmentHeads, HeadsShape, safe_std
from alignlab.training.checkpoint import optimiser_tensors, part_of_state, prefixed, restore_optimiser
from alignlab.training.pairs import Batches, Inputs, Moments, Pairs, hide_aspects
from alignlab.training.recipe import AlignmentRecipe

#: Texts at least this wide are trained with what is faster and changes the last digits: the first layer in bfloat16,
#: where the CPU is faster in it, and a coarser dropout. Narrower ones would gain little.
_WIDE = 2048
#: A learned temperature and bias move this many times as fast as the weights: one number that has to change by a factor
#: of ten would otherwise need more steps than a training has.
_SCALAR_RATE = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Judgement:
    """How heads do on held-out pairs, all as one batch."""

    loss: float
    ranks: NDArray[np.float64]

    @property
    def score(self) -> float:
        """Mean natural logarithm of the rank of each spectrum's own text: smoother than recall on few sources."""
        return float(np.log(self.ranks).mean())

    @property
    def median_rank(self) -> float:
        """Median rank of the own text."""
        return float(np.median(self.ranks))

    def recall_at(self, percent: float) -> float:
        """Share of the spectra whose own text is among that many percent of the best."""
        return float(np.mean(self.ranks <= candidates_within(len(self.ranks), percent)))


class AlignmentTrainer:
    """Heads with their loss and optimiser; random numbers come from torch's global generator.

    Parameters
    ----------
    recipe : AlignmentRecipe
    training : Pairs
        From `prepare`, with texts of `training_type`.
    moments : Moments
        Of the standardisation, which belongs to the weights.
    temperature : float
        Fixed, or where a learned one begins.
    seed : int
    """

    def __init__(
        self, recipe: AlignmentRecipe, training: Pairs, moments: Moments, *, temperature: float, seed: int
    ) -> None:
        torch.manual_seed(seed)
        self.recipe, self.batches = recipe, Batches(training, recipe.batch_size)
        dropout_layer = ByteDropout if training.text.shape[1] >= _WIDE else nn.Dropout
        self.heads = AlignmentHeads(heads_shape(recipe, training), dropout_layer=dropout_layer)
        self.heads.spectrum_head.set_standardisation(*moments.spectrum)
        self.heads.text_head.set_standardisation(*moments.text)
        self.criterion = Criterion(
            recipe.loss,
            temperature=temperature,
            learned=recipe.temperature == "learned",
            strength=recipe.regularisation,
            batch_size=self.batches.size,
        )
        rate = recipe.learning_rate
        groups = [
            {"params": [p for p in self.heads.parameters() if p.requires_grad], "weight_decay": recipe.weight_decay},
            {"params": [p for p in self.criterion.parameters() if p.requires_grad], "lr": rate * _SCALAR_RATE},
        ]
        self.optimiser = torch.optim.Adam([g for g in groups if g["params"]], lr=rate, fused=True)
        self.pairs_per_s = 0.0

    def train_epoch(self) -> float:
        """One pass over the training pairs; returns the mean loss of its batches."""
        self.heads.train()
        started, losses = time.perf_counter(), []
        for pairs in self.batches:
            batch = hide_aspects(pairs, self.recipe.aspect_dropout) if self.recipe.aspect_dropout else pairs
            spectrum = self.heads.spectrum_head(batch.spectrum)
            loss = self.criterion(spectrum, self.heads.align_prepared_text(batch.text, batch.mask))
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            self.criterion.clamp()
            losses.append(loss.item())
        self.pairs_per_s = self.batches.n_pairs / (time.perf_counter() - started)
        return float(np.mean(losses))

    def align(self, pairs: Pairs) -> tuple[Tensor, Tensor]:
        """Both modalities in the shared space, without dropout."""
        self.heads.eval()
        with torch.no_grad():
            return self.heads.spectrum_head(pairs.spectrum), self.heads.align_prepared_text(pairs.text, pairs.mask)

    def judge(self, pairs: Pairs) -> Judgement:
        """Loss and ranks of held-out pairs."""
        spectrum, text = self.align(pairs)
        with torch.no_grad():
            loss = float(self.criterion(spectrum, text))
        return Judgement(loss=loss, ranks=partner_ranks(spectrum.numpy(), text.numpy()))

    def state(self) -> dict[str, Tensor]:
        """Everything that the next epoch depends on."""
        return (
            prefixed("heads", self.heads.state_dict())
            | prefixed("criterion", self.criterion.state_dict())
            | prefixed("optimiser", optimiser_tensors(self.optimiser))
            | {"random": torch.get_rng_state()}
        )

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go back to what `state` returned."""
        self.heads.load_state_dict(part_of_state("heads", tensors))
        self.criterion.load_state_dict(part_of_state("criterion", tensors))
        restore_optimiser(self.optimiser, part_of_state("optimiser", tensors))
        torch.set_rng_state(tensors["random"])


def heads_shape(recipe: AlignmentRecipe, pairs: Pairs) -> HeadsShape:
    """The heads that a recipe trains on such inputs."""
    return HeadsShape(
        spectrum_dim=pairs.spectrum.shape[1],
        text_dim=pairs.text.shape[1],
        shared_dim=recipe.shared_dim,
        hidden_dim=recipe.hidden_dim,
        hidden_layers=recipe.hidden_layers,
        dropout=recipe.dropout,
        activation=recipe.activation,
        layer_norm=recipe.layer_norm,
        missing_aspect=recipe.missing_aspect,
        spectrum_input=recipe.spectrum_input,
        aspects_seen=aspects_seen(recipe),
    )


def aspects_seen(recipe: AlignmentRecipe) -> tuple[bool, ...]:
    """Which of the three aspects the recipe's text head sees."""
    return tuple(aspect in recipe.aspects for aspect in ASPECTS)


def training_type(text_dim: int) -> torch.dtype:
    """In which precision texts of that width go through the first layer in training on this CPU."""
    return torch.bfloat16 if text_dim >= _WIDE and has_fast_bfloat16() else torch.float32


def prepare(inputs: Inputs, moments: Moments) -> Pairs:
    """All sources' inputs, standardised as the heads do it, once for all epochs."""
    spectrum = (torch.tensor(inputs.spectrum) - moments.spectrum[0]).div_(safe_std(moments.spectrum[1]))
    text = (torch.tensor(inputs.text) - moments.text[0]).div_(safe_std(moments.text[1]))
    mask = torch.tensor(inputs.mask)
    text.unflatten(1, (mask.shape[1], -1))[~mask] = 0
    return Pairs(spectrum, text, mask)
