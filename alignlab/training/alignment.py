"""Training the two heads that bring a source's spectrum and its texts together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from alignlab.analysis.retrieval import RetrievalMetrics, retrieval_metrics
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, report
from alignlab.training.alignment_trainer import AlignmentTrainer, aspects_seen, prepare, training_type
from alignlab.training.checkpoint import Checkpoint, State, inputs_digest, part_of_state, prefixed
from alignlab.training.pairs import Inputs, Pairs, checked_inputs, moments_of
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.threads import one_thread


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
        to the same recipe (its name and a smaller `max_epochs` apart), seed and inputs.

    Returns
    -------
    AlignmentResult

    Raises
    ------
    ValueError
        If shapes disagree, a value is not finite, or a split that is needed has fewer than two usable sources.
    AlignlabError
        If the loss is no longer finite.
    StoppedError
        If `on_step` returned False.
    """
    inputs = checked_inputs(spectrum, text, mask, split)
    inputs = replace(inputs, mask=inputs.mask & aspects_seen(recipe))
    # Whatever it is called, a training of fewer epochs is the beginning of a longer one: searches go on with the best.
    facts = {"recipe": replace(recipe, name="any", max_epochs=1).to_json(), "seed": str(seed)}
    if checkpoint is not None:
        facts["inputs"] = inputs_digest(inputs.spectrum, inputs.text, inputs.mask, inputs.split)
    with one_thread(), torch.random.fork_rng(devices=[]):
        training = _Training(recipe, inputs, seed, Checkpoint(checkpoint, facts), on_step, on_epoch)
        trainer, temperature = training.run()
        spectrum_aligned, text_aligned = trainer.align(training.everything)
        held_out = trainer.align(training.parts["validation"])
    return AlignmentResult(
        weights=trainer.heads.to_weights(),
        spectrum_aligned=spectrum_aligned.numpy(),
        text_aligned=text_aligned.numpy(),
        history=tuple(training.history),
        best_epoch=training.best_epoch,
        temperature=temperature,
        calibration_scores=dict(zip(recipe.temperature_grid, training.scores, strict=False)),
        validation=retrieval_metrics(held_out[0].numpy(), held_out[1].numpy(), rng=np.random.default_rng(seed)),
    )


class _Training:
    """A training from its first epoch, or from its checkpoint, to the last.

    Attributes
    ----------
    scores : list of float
        Of the temperatures tried so far.
    n_tried : int
        Epochs done with the temperature that is being tried.
    history, best_epoch
        Of the training itself, once the temperature is known.
    """

    def __init__(
        self,
        recipe: AlignmentRecipe,
        inputs: Inputs,
        seed: int,
        checkpoint: Checkpoint,
        on_step: OnStep | None,
        on_epoch: OnEpoch | None,
    ) -> None:
        self.recipe, self.seed, self.checkpoint = recipe, seed, checkpoint
        self.on_step, self.on_epoch = on_step, on_epoch
        needed = ("train", "validation", "calibration") if recipe.is_tuned else ("train", "validation")
        rows = {name: (inputs.split == name) & inputs.mask.any(axis=1) for name in needed}
        for name, chosen in rows.items():
            if chosen.sum() < 2:
                raise ValueError(f"the {name} split has {chosen.sum()} sources with a text: at least two are needed")
        self.moments = moments_of(inputs, rows["train"], text_scale=recipe.text_scale)
        self.everything = prepare(inputs, self.moments)
        self.parts = {name: self.everything.select(chosen) for name, chosen in rows.items() if name != "train"}
        self.pairs = self.everything.select(rows["train"], text_type=training_type(inputs.text.shape[1]))
        self.n_tuning = len(recipe.temperature_grid) * recipe.tuning_epochs if recipe.is_tuned else 0
        self.n_epochs = self.n_tuning + recipe.max_epochs
        self.scores: list[float] = []
        self.n_tried = 0
        self.history: list[AlignmentEpoch] = []
        self.best_score, self.best_epoch = float("inf"), 0
        self.best: dict[str, Tensor] = {}
        self._saved: dict[str, Tensor] = {}

    def run(self) -> tuple[AlignmentTrainer, float]:
        """Tune, train until patience runs out, and return the trainer with the best weights and its temperature."""
        self._resume()
        recipe = self.recipe
        for number in range(len(self.scores), len(recipe.temperature_grid) if recipe.is_tuned else 0):
            self.scores.append(self._try_temperature(number))
            self.n_tried = 0
        trainer = self._trainer(self._temperature())
        while len(self.history) < recipe.max_epochs and len(self.history) - self.best_epoch < recipe.patience:
            epoch = self._epoch(trainer, self.parts["validation"], number=len(self.history) + 1)
            self.history.append(epoch)
            if epoch.validation_score < self.best_score:
                self.best_score, self.best_epoch = epoch.validation_score, epoch.epoch
                self.best = {name: value.clone() for name, value in trainer.heads.state_dict().items()}
            info = f"epoch {epoch.epoch}, typical rank {np.exp(epoch.validation_score):.0f}"
            self._after_epoch(trainer, epoch, info)
        self.checkpoint.save(lambda: self._state(trainer), at_once=True)
        trainer.heads.load_state_dict(self.best)
        return trainer, self.history[self.best_epoch - 1].temperature

    def _try_temperature(self, number: int) -> float:
        """Score on the calibration split after a few epochs at one temperature of the grid."""
        temperature, calibration = self.recipe.temperature_grid[number], self.parts["calibration"]
        trainer = self._trainer(temperature)
        while self.n_tried < self.recipe.tuning_epochs:
            self.n_tried += 1
            done = number * self.recipe.tuning_epochs + self.n_tried
            epoch = self._epoch(trainer, calibration, number=done - self.n_tuning)
            self._after_epoch(trainer, epoch, f"trying temperature {temperature:g}")
        return trainer.judge(calibration).score

    def _temperature(self) -> float:
        recipe = self.recipe
        if recipe.temperature is None:
            return recipe.temperature_grid[int(np.argmin(self.scores))]
        return recipe.initial_temperature if recipe.temperature == "learned" else float(recipe.temperature)

    def _trainer(self, temperature: float) -> AlignmentTrainer:
        """A trainer at its start, or where the checkpoint left it."""
        trainer = AlignmentTrainer(self.recipe, self.pairs, self.moments, temperature=temperature, seed=self.seed)
        if self._saved:
            trainer.restore(self._saved)
            self._saved = {}
        return trainer

    def _epoch(self, trainer: AlignmentTrainer, held_out: Pairs, *, number: int) -> AlignmentEpoch:
        training_loss = trainer.train_epoch()
        if not np.isfinite(training_loss):
            raise AlignlabError(
                f"The training diverged: its loss is {training_loss} in epoch {number}.",
                remedy="Choose a lower learning rate or a higher temperature, and see that no input is huge.",
            )
        judged = trainer.judge(held_out)
        return AlignmentEpoch(
            epoch=number,
            phase="training" if number > 0 else "tuning",
            training_loss=training_loss,
            validation_loss=judged.loss,
            validation_score=judged.score,
            recall_at_1_percent=judged.recall_at(1),
            recall_at_5_percent=judged.recall_at(5),
            median_rank=judged.median_rank,
            temperature=trainer.criterion.temperature,
            pairs_per_s=trainer.pairs_per_s,
        )

    def _after_epoch(self, trainer: AlignmentTrainer, epoch: AlignmentEpoch, info: str) -> None:
        if self.on_epoch is not None:
            self.on_epoch(epoch)
        self.checkpoint.save(lambda: self._state(trainer))
        report(self.on_step, self.n_tuning + epoch.epoch, self.n_epochs, info)

    def _state(self, trainer: AlignmentTrainer) -> State:
        numbers = {
            "scores": self.scores,
            "n_tried": self.n_tried,
            "history": [asdict(epoch) for epoch in self.history],
            "best_score": self.best_score,
            "best_epoch": self.best_epoch,
        }
        return State(tensors=trainer.state() | prefixed("best", self.best), numbers=numbers)

    def _resume(self) -> None:
        """Take up what the checkpoint holds, and say so; say also why one that is there cannot be used."""
        saved = self.checkpoint.load()
        if saved is not None and len(saved.numbers["history"]) > self.recipe.max_epochs:
            saved, self.checkpoint.ignored = None, "the checkpoint has more epochs than the recipe"
        if saved is not None:
            self.scores, self.n_tried = saved.numbers["scores"], saved.numbers["n_tried"]
            self.history = [AlignmentEpoch(**epoch) for epoch in saved.numbers["history"]]
            self.best_score, self.best_epoch = saved.numbers["best_score"], saved.numbers["best_epoch"]
            self.best, self._saved = part_of_state("best", saved.tensors), saved.tensors
            done = len(self.scores) * self.recipe.tuning_epochs + self.n_tried + len(self.history)
            report(self.on_step, done, self.n_epochs, f"going on after {done} epochs")
        elif self.checkpoint.ignored:
            report(self.on_step, 0, self.n_epochs, f"starting anew: {self.checkpoint.ignored}")
