"""Training the two heads that bring a source's spectrum and its texts together."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from alignlab.analysis.retrieval import RetrievalMetrics, candidates_within, partner_ranks, retrieval_metrics
from alignlab.literature.aspects import ASPECTS
from alignlab.models.heads import N_ASPECTS, AlignmentHeads, HeadsShape
from alignlab.models.losses import info_nce, symmetric_info_nce
from alignlab.progress import OnStep, report
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.threads import one_thread

SPLITS = ("train", "calibration", "validation", "test")
_LOSSES = {"one-way": info_nce, "symmetric": symmetric_info_nce}


@dataclass(frozen=True, kw_only=True)
class AlignmentEpoch:
    """One line of a training's history.

    Attributes
    ----------
    epoch : int
        From 1; those of the temperature's tuning come before, up to 0.
    phase : {"tuning", "training"}
        While the temperature is tuned, the calibration split stands in for validation.
    training_loss, validation_loss : float
        Of the recipe; validation over all validation rows as one batch.
    validation_score : float
        Mean natural logarithm of the rank of the own text among the validation texts: lower is better.
    recall_at_1_percent, recall_at_5_percent : float
        Share of the validation spectra whose own text is among that many percent of the best, 0 to 1.
    median_rank : float
        Of the own text among the validation texts.
    temperature : float
        At the end of the epoch.
    pairs_per_s : float
        Training pairs each second.
    """

    epoch: int
    phase: Literal["tuning", "training"] = "training"
    training_loss: float
    validation_loss: float
    validation_score: float
    recall_at_1_percent: float
    recall_at_5_percent: float
    median_rank: float
    temperature: float
    pairs_per_s: float = field(compare=False)


#: Called after every epoch.
OnEpoch = Callable[[AlignmentEpoch], None]


@dataclass(frozen=True, eq=False, kw_only=True)
class AlignmentResult:
    """What `train_alignment` learned.

    Attributes
    ----------
    weights : dict of str to ndarray
        For `alignlab.models.heads.apply_heads`, standardisation included.
    spectrum_aligned, text_aligned : ndarray of float32, shape (n, shared_dim)
        Unit vectors of all sources, also those outside the training split.
    history : tuple of AlignmentEpoch
    best_epoch : int
        The epoch whose weights were kept.
    temperature : float
        Given by the recipe or tuned.
    calibration_scores : dict of float to float
        Temperature → mean logarithm of the rank on the calibration split; empty if not tuned.
    validation : RetrievalMetrics
        Spectrum → text on the validation split.
    """

    weights: dict[str, NDArray[np.generic]] = field(repr=False)
    spectrum_aligned: NDArray[np.float32] = field(repr=False)
    text_aligned: NDArray[np.float32] = field(repr=False)
    history: tuple[AlignmentEpoch, ...]
    best_epoch: int
    temperature: float
    calibration_scores: dict[float, float]
    validation: RetrievalMetrics


@dataclass(frozen=True, eq=False)
class _Rows:
    """Inputs of one split, as tensors in memory; texts are standardised as they enter the head."""

    spectrum: Tensor
    text: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.spectrum)

    def batches(self, size: int) -> Iterator[_Rows]:
        """Shuffled batches of equal size, or all rows where there are fewer; the rest waits for another epoch."""
        order = torch.randperm(len(self))
        for rows in order.split(size):
            if len(rows) == min(size, len(self)):
                yield _Rows(self.spectrum[rows], self.text[rows], self.mask[rows])


def train_alignment(
    recipe: AlignmentRecipe,
    *,
    spectrum: ArrayLike,
    text: ArrayLike,
    mask: ArrayLike,
    split: ArrayLike,
    seed: int,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    checkpoint: Path | None = None,
) -> AlignmentResult:
    """Train the heads on the training split, tune the temperature on calibration, stop early on validation.

    Parameters
    ----------
    recipe : AlignmentRecipe
    spectrum : array_like, shape (n, spectrum_dim)
        Spectrum latents.
    text : array_like, shape (n, 3 * d)
        Text vectors, the aspects concatenated.
    mask : array_like of bool, shape (n, 3)
        Which aspects are discussed. A source without any takes no part in training or validation.
    split : array_like of str, shape (n,)
        "train", "calibration", "validation" or "test".
    seed : int
        Same seed, same machine: same weights.
    on_step : callable, optional
        Called after every epoch with the epochs done, the most there can be, and a phrase; False stops.
    on_epoch : callable, optional
        Called after every epoch with its `AlignmentEpoch`.
    checkpoint : Path, optional
        File for the state of the training: written about once a second, and gone on from if it is there and belongs
        to the same recipe, seed and inputs.

    Returns
    -------
    AlignmentResult

    Raises
    ------
    ValueError
        If shapes disagree, a value is not finite, or a split that is needed has fewer than two usable sources.
    StoppedError
        If `on_step` returned False.
    """
    data, split = _checked(spectrum, text, mask, split)
    usable = data.mask.any(dim=1).numpy()
    needed = ("train", "validation") if recipe.temperature is not None else ("train", "validation", "calibration")
    parts = {name: _select(data, (split == name) & usable) for name in needed}
    for name, part in parts.items():
        if len(part) < 2:
            raise ValueError(f"the {name} split has {len(part)} sources with a text: at least two are needed")
    n_tuning = 0 if recipe.temperature is not None else len(recipe.temperature_grid) * recipe.tuning_epochs
    total = n_tuning + recipe.max_epochs
    with one_thread(), torch.random.fork_rng(devices=[]):
        scores: dict[float, float] = {}
        for i, candidate in enumerate(recipe.temperature_grid if n_tuning else ()):
            trainer = _Trainer(recipe, parts["train"], temperature=candidate, seed=seed)
            for epoch in range(recipe.tuning_epochs):
                trainer.train_epoch()
                report(on_step, i * recipe.tuning_epochs + epoch + 1, total, f"trying temperature {candidate:g}")
            scores[candidate] = trainer.rank_score(parts["calibration"])
        temperature = min(scores, key=scores.__getitem__) if recipe.temperature is None else recipe.temperature
        trainer = _Trainer(recipe, parts["train"], temperature=temperature, seed=seed)
        history, best_epoch = _train_until_no_better(trainer, recipe, parts["validation"], on_step, on_epoch, n_tuning)
        spectrum_aligned, text_aligned = trainer.align(data)
        held_out = trainer.align(parts["validation"])
    return AlignmentResult(
        weights=trainer.heads.to_weights(),
        spectrum_aligned=spectrum_aligned.numpy(),
        text_aligned=text_aligned.numpy(),
        history=tuple(history),
        best_epoch=best_epoch,
        temperature=temperature,
        calibration_scores=scores,
        validation=retrieval_metrics(held_out[0].numpy(), held_out[1].numpy(), rng=np.random.default_rng(seed)),
    )


def _train_until_no_better(
    trainer: _Trainer,
    recipe: AlignmentRecipe,
    validation: _Rows,
    on_step: OnStep | None,
    on_epoch: OnEpoch | None,
    n_tuning: int,
) -> tuple[list[AlignmentEpoch], int]:
    """Train until patience runs out, put the best weights back, and return the history and the best epoch."""
    history: list[AlignmentEpoch] = []
    best_score, best_epoch, best_weights = float("inf"), 0, copy.deepcopy(trainer.heads.state_dict())
    for epoch in range(1, recipe.max_epochs + 1):
        started = time.perf_counter()
        training_loss = trainer.train_epoch()
        pace = len(trainer.training) / (time.perf_counter() - started)
        ranks = partner_ranks(*(side.numpy() for side in trainer.align(validation)))
        score = float(np.log(ranks).mean())
        history.append(
            AlignmentEpoch(
                epoch=epoch,
                training_loss=training_loss,
                validation_loss=trainer.loss_of(validation),
                validation_score=score,
                recall_at_1_percent=float(np.mean(ranks <= candidates_within(len(ranks), 1))),
                recall_at_5_percent=float(np.mean(ranks <= candidates_within(len(ranks), 5))),
                median_rank=float(np.median(ranks)),
                temperature=trainer.temperature,
                pairs_per_s=pace,
            )
        )
        if on_epoch is not None:
            on_epoch(history[-1])
        if score < best_score:
            best_score, best_epoch, best_weights = score, epoch, copy.deepcopy(trainer.heads.state_dict())
        report(
            on_step, n_tuning + epoch, n_tuning + recipe.max_epochs, f"epoch {epoch}, typical rank {np.exp(score):.0f}"
        )
        if epoch - best_epoch >= recipe.patience:
            break
    trainer.heads.load_state_dict(best_weights)
    return history, best_epoch


class _Trainer:
    """Heads with their optimiser, at one temperature."""

    def __init__(self, recipe: AlignmentRecipe, training: _Rows, *, temperature: float, seed: int) -> None:
        torch.manual_seed(seed)
        self.recipe, self.training, self.temperature = recipe, training, temperature
        self.loss = _LOSSES[recipe.loss]
        self.heads = AlignmentHeads(
            HeadsShape(
                spectrum_dim=training.spectrum.shape[1],
                text_dim=training.text.shape[1],
                shared_dim=recipe.shared_dim,
                hidden_dim=recipe.hidden_dim,
                hidden_layers=recipe.hidden_layers,
                dropout=recipe.dropout,
                activation=recipe.activation,
                layer_norm=recipe.layer_norm,
                missing_aspect=recipe.missing_aspect,
                spectrum_input=recipe.spectrum_input,
                aspects_seen=tuple(aspect in recipe.aspects for aspect in ASPECTS),
            )
        )
        self.heads.spectrum_head.set_standardisation(training.spectrum.mean(0), training.spectrum.std(0))
        self.heads.text_head.set_standardisation(*_discussed_moments(training))
        self.optimiser = torch.optim.Adam(
            [p for p in self.heads.parameters() if p.requires_grad],
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            fused=True,
        )

    def train_epoch(self) -> float:
        """One pass over the training rows; returns the mean loss of its batches."""
        self.heads.train()
        losses = []
        for batch in self.training.batches(self.recipe.batch_size):
            spectrum = self.heads.align_spectrum(batch.spectrum)
            loss = self.loss(spectrum, self.heads.align_text(batch.text, batch.mask), self.temperature)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            losses.append(loss.item())
        return float(np.mean(losses))

    def align(self, rows: _Rows) -> tuple[Tensor, Tensor]:
        """Both modalities in the shared space, without dropout."""
        self.heads.eval()
        with torch.no_grad():
            return self.heads.align_spectrum(rows.spectrum), self.heads.align_text(rows.text, rows.mask)

    def rank_score(self, rows: _Rows) -> float:
        """Mean natural logarithm of the rank of each source's own text: smoother than recall on few sources."""
        spectrum, text = self.align(rows)
        return float(np.log(partner_ranks(spectrum.numpy(), text.numpy())).mean())

    def loss_of(self, rows: _Rows) -> float:
        """InfoNCE over all rows as one batch."""
        return float(self.loss(*self.align(rows), self.temperature))


def _discussed_moments(rows: _Rows) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each text dimension over the sources whose aspect is discussed."""
    aspects, weight = rows.text.unflatten(1, (N_ASPECTS, -1)).double(), rows.mask[..., None].double()
    n = weight.sum(0).clamp_min(1)
    mean = (aspects * weight).sum(0) / n
    variance = ((aspects - mean).square() * weight).sum(0) / n
    return mean.flatten().float(), variance.sqrt().flatten().float()


def _select(data: _Rows, rows: NDArray[np.bool_]) -> _Rows:
    chosen = torch.from_numpy(rows)
    return _Rows(data.spectrum[chosen], data.text[chosen], data.mask[chosen])


def _checked(spectrum: ArrayLike, text: ArrayLike, mask: ArrayLike, split: ArrayLike) -> tuple[_Rows, NDArray[np.str_]]:
    names = np.asarray(split, dtype=str)
    data = _Rows(
        torch.from_numpy(np.array(spectrum, np.float32)),
        torch.from_numpy(np.array(text, np.float32)),
        torch.from_numpy(np.array(mask, bool)),
    )
    n = len(data)
    if data.spectrum.ndim != 2 or data.text.ndim != 2 or data.text.shape[1] % N_ASPECTS:
        shapes = f"{tuple(data.spectrum.shape)} and {tuple(data.text.shape)}"
        raise ValueError(f"spectrum must have shape (n, d) and text (n, 3 d), not {shapes}")
    if data.text.shape[0] != n or data.mask.shape != (n, N_ASPECTS) or names.shape != (n,):
        raise ValueError(
            f"spectrum has {n} rows; text {tuple(data.text.shape)}, mask {tuple(data.mask.shape)} and "
            f"split {names.shape} must fit it"
        )
    if unknown := sorted(set(names.tolist()) - set(SPLITS)):
        raise ValueError(f"split must hold {', '.join(SPLITS)}, not {', '.join(unknown)}")
    for name, values in (("spectrum", data.spectrum), ("text", data.text)):
        if not bool(torch.isfinite(values).all()):
            raise ValueError(f"{name} has NaN or infinity")
    return data, names
