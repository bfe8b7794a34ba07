"""Training the spectrum autoencoder, and its weights file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError
from safetensors.numpy import safe_open, save_file
from torch import Tensor

from alignlab.analysis.reconstruction import on_observed_scale
from alignlab.errors import DamagedArtefactError, MissingArtefactError
from alignlab.models.autoencoder import SpectrumAutoencoder
from alignlab.progress import OnStep, report
from alignlab.spectra.grid import N_BINS, EnergyGrid, energy_grid, minmax_normalise
from alignlab.store.artefact import write_file_atomically
from alignlab.training.checkpoint import (
    Checkpoint,
    State,
    inputs_digest,
    optimiser_tensors,
    part_of_state,
    prefixed,
    restore_optimiser,
)
from alignlab.training.poisson_spectra import PoissonSpectra
from alignlab.training.recipe import EncoderRecipe

#: The weights that ship with the package.
ENCODER_WEIGHTS = Path(__file__).resolve().parent.parent / "models" / "weights" / "spectrum_encoder.safetensors"
_WARM_UP = 0.02


@dataclass(frozen=True, kw_only=True)
class EncoderEpoch:
    """One line of a training's history: mean absolute errors on the 0…1 scale."""

    epoch: int
    training_mae: float
    validation_mae: float


#: Called after every epoch.
OnEpoch = Callable[[EncoderEpoch], None]


@dataclass(frozen=True, eq=False, kw_only=True)
class EncoderResult:
    """What `train_encoder` learned.

    Attributes
    ----------
    model : SpectrumAutoencoder
        With the weights of the best epoch, ready to apply.
    history : tuple of EncoderEpoch
    best_epoch : int
    """

    model: SpectrumAutoencoder = field(repr=False)
    history: tuple[EncoderEpoch, ...]
    best_epoch: int


def train_encoder(
    recipe: EncoderRecipe,
    *,
    counts: ArrayLike,
    split: ArrayLike,
    expected: ArrayLike | None = None,
    expected_channels: ArrayLike | None = None,
    channel_edges_kev: ArrayLike | None = None,
    grid: EnergyGrid | None = None,
    seed: int,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    checkpoint: Path | None = None,
) -> EncoderResult:
    """Train the autoencoder to the mean absolute error, stopping early on the validation split.

    Parameters
    ----------
    recipe : EncoderRecipe
    counts : array_like, shape (n, n_bins)
        Observed counts per bin, background included.
    split : array_like of str, shape (n,)
        Rows "train" and "validation" are used.
    expected : array_like, shape (n, n_bins), optional
        Noise-free expected counts; required for target "expected" and for augmentation.
    expected_channels : array_like, shape (n, n_channels), optional
        The same per instrument channel, with `channel_edges_kev` in keV: new realisations are then drawn there.
    grid : EnergyGrid, optional
        The bins; logarithmic by default.
    seed : int
        Same seed, same machine, same number of threads: same weights.
    on_step : callable, optional
        Called after every epoch; False stops.
    on_epoch : callable, optional
        Called after every epoch with its `EncoderEpoch`.
    checkpoint : Path, optional
        File for the state of the training: written about once a second, and gone on from if it is there and belongs
        to the same recipe, seed and inputs.

    Returns
    -------
    EncoderResult

    Raises
    ------
    ValueError
        If what the recipe needs is absent, shapes disagree, or a split is empty.
    StoppedError
        If `on_step` returned False.
    """
    grid = grid or energy_grid()
    observed, names = np.asarray(counts, dtype=np.float32), np.asarray(split, dtype=str)
    _check_shapes(observed, names, expected, expected_channels, channel_edges_kev, recipe)
    train, held_out = np.flatnonzero(names == "train"), np.flatnonzero(names == "validation")
    if len(train) == 0 or len(held_out) == 0:
        raise ValueError(f"{len(train)} sources to train and {len(held_out)} to validate: both must be there")

    def pairs(rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        x = minmax_normalise(observed[rows])
        if recipe.target == "observed" or expected is None:
            return torch.from_numpy(x), torch.from_numpy(x)
        y = on_observed_scale(np.asarray(expected, np.float32)[rows], observed[rows])
        return torch.from_numpy(x), torch.from_numpy(y)

    source = None
    if recipe.augment:
        chosen = expected if expected_channels is None else expected_channels
        source = PoissonSpectra(np.asarray(chosen)[train], grid=grid, channel_edges_kev=channel_edges_kev)
    facts = {"recipe": recipe.to_json(), "seed": str(seed)}
    if checkpoint is not None:
        given = (expected, expected_channels, channel_edges_kev)
        facts["inputs"] = inputs_digest(observed, names, *(None if x is None else np.asarray(x) for x in given))
    with torch.random.fork_rng(devices=[]):
        training = _Training(recipe, pairs(train), source, seed=seed)
        kept = Checkpoint(checkpoint, facts)
        training.resume(kept, on_step)
        validation = pairs(held_out)
        while len(training.history) < recipe.max_epochs and training.n_without_better < recipe.patience:
            training.run_epoch(validation)
            epoch = training.history[-1]
            if on_epoch is not None:
                on_epoch(epoch)
            kept.save(training.state)
            report(
                on_step,
                epoch.epoch,
                recipe.max_epochs,
                f"epoch {epoch.epoch}, validation MAE {epoch.validation_mae:.4f}",
            )
        kept.save(training.state, at_once=True)
    training.model.load_state_dict(training.best)
    return EncoderResult(model=training.model.eval(), history=tuple(training.history), best_epoch=training.best_epoch)


class _Training:
    """An autoencoder with its optimiser, its random numbers and its history; dropout uses torch's global generator."""

    def __init__(
        self, recipe: EncoderRecipe, training: tuple[Tensor, Tensor], source: PoissonSpectra | None, *, seed: int
    ) -> None:
        torch.manual_seed(seed)
        self.recipe, self.training, self.source = recipe, training, source
        self.generator = torch.Generator().manual_seed(seed)
        self.model = SpectrumAutoencoder(recipe.shape())
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.history: list[EncoderEpoch] = []
        self.best_mae, self.best_epoch = float("inf"), 0
        self.best: dict[str, Tensor] = {}

    @property
    def n_without_better(self) -> int:
        """Epochs since the best one."""
        return len(self.history) - self.best_epoch

    def run_epoch(self, validation: tuple[Tensor, Tensor]) -> None:
        """One pass over the training spectra, judged on the validation ones."""
        training_mae = self._train_epoch()
        mae = _validation_mae(self.model, validation)
        self.history.append(EncoderEpoch(epoch=len(self.history) + 1, training_mae=training_mae, validation_mae=mae))
        if mae < self.best_mae:
            self.best_mae, self.best_epoch = mae, len(self.history)
            self.best = {name: value.clone() for name, value in self.model.state_dict().items()}

    def _train_epoch(self) -> float:
        n, size = len(self.training[0]), self.recipe.batch_size
        per_epoch = -(-n // size)
        step, n_steps = len(self.history) * per_epoch, self.recipe.max_epochs * per_epoch
        self.model.train()
        total = 0.0
        for number, rows in enumerate(torch.randperm(n, generator=self.generator).split(size), start=step):
            x, y = self._batch(rows)
            loss = (self.model(x) - y).abs().mean()
            for group in self.optimiser.param_groups:
                group["lr"] = self.recipe.learning_rate * _rate(number, n_steps)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimiser.step()
            total += loss.item() * len(rows)
        return total / n

    def _batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Spectra and their targets; with a source of new realisations, drawn anew."""
        if self.source is None:
            return self.training[0][rows], self.training[1][rows]
        scaling = (self.recipe.scaling_min, self.recipe.scaling_max)
        observed, expected = self.source.draw(rows, scaling=scaling, generator=self.generator)
        x = torch.from_numpy(minmax_normalise(observed.numpy()))
        if self.recipe.target == "observed":
            return x, x
        return x, torch.from_numpy(on_observed_scale(expected.numpy(), observed.numpy()))

    def state(self) -> State:
        """Everything that the next epoch depends on."""
        tensors = (
            prefixed("model", self.model.state_dict())
            | prefixed("best", self.best)
            | prefixed("optimiser", optimiser_tensors(self.optimiser))
            | {"random": torch.get_rng_state(), "generator": self.generator.get_state()}
        )
        numbers = {
            "history": [asdict(epoch) for epoch in self.history],
            "best_mae": self.best_mae,
            "best_epoch": self.best_epoch,
        }
        return State(tensors=tensors, numbers=numbers)

    def resume(self, kept: Checkpoint, on_step: OnStep | None) -> None:
        """Take up what the checkpoint holds, and say so; say also why one that is there cannot be used."""
        saved = kept.load()
        if saved is not None:
            self.model.load_state_dict(part_of_state("model", saved.tensors))
            restore_optimiser(self.optimiser, part_of_state("optimiser", saved.tensors))
            torch.set_rng_state(saved.tensors["random"])
            self.generator.set_state(saved.tensors["generator"])
            self.best = part_of_state("best", saved.tensors)
            self.history = [EncoderEpoch(**epoch) for epoch in saved.numbers["history"]]
            self.best_mae, self.best_epoch = saved.numbers["best_mae"], saved.numbers["best_epoch"]
            done = len(self.history)
            report(on_step, done, self.recipe.max_epochs, f"going on after {done} epochs")
        elif kept.ignored:
            report(on_step, 0, self.recipe.max_epochs, f"starting anew: {kept.ignored}")


def _validation_mae(model: SpectrumAutoencoder, validation: tuple[Tensor, Tensor]) -> float:
    model.eval()
    with torch.inference_mode():
        parts = zip(*(t.split(1024) for t in validation), strict=True)
        return float(sum((model(x) - y).abs().sum() for x, y in parts) / validation[1].numel())


def _rate(step: int, n_steps: int) -> float:
    """Learning rate relative to its peak: a short rise, then a cosine to zero."""
    rise = max(1, int(_WARM_UP * n_steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + float(np.cos(np.pi * (step - rise) / max(1, n_steps - rise))))


def _check_shapes(
    observed: NDArray[np.float32],
    names: NDArray[np.str_],
    expected: ArrayLike | None,
    expected_channels: ArrayLike | None,
    channel_edges_kev: ArrayLike | None,
    recipe: EncoderRecipe,
) -> None:
    if observed.ndim != 2 or observed.shape[1] != N_BINS or names.shape != (len(observed),):
        raise ValueError(f"counts {observed.shape} must be (n, {N_BINS}) and split {names.shape} (n,)")
    if expected is not None and np.shape(expected) != observed.shape:
        raise ValueError(f"expected must have the shape of counts, {observed.shape}, not {np.shape(expected)}")
    if (expected_channels is None) != (channel_edges_kev is None):
        raise ValueError("expected_channels and channel_edges_kev must come together")
    if expected is None and recipe.target == "expected":
        raise ValueError('target "expected" needs the expected counts; for real spectra choose target "observed"')
    if expected is None and expected_channels is None and recipe.augment:
        raise ValueError("augmentation needs expected counts; for real spectra switch `augment` off")


def save_encoder(path: Path, model: SpectrumAutoencoder, *, recipe: EncoderRecipe, facts: dict[str, object]) -> None:
    """Write the weights as safetensors, with the recipe and `facts` (seed, survey, figures) in its header."""
    header = {"recipe": recipe.to_json(), "facts": json.dumps(facts, sort_keys=True)}
    write_file_atomically(path, lambda partial: save_file(model.to_weights(), partial, metadata=header))


def load_encoder(path: Path = ENCODER_WEIGHTS) -> SpectrumAutoencoder:
    """Read an autoencoder, by default the one that ships with the package, ready to apply.

    Raises
    ------
    MissingArtefactError, DamagedArtefactError
        If the file is absent, or is not what `save_encoder` writes.
    """
    if not path.is_file():
        raise MissingArtefactError(f"no encoder weights at {path}.", remedy="Run `alignlab train encoder`.")
    try:
        with safe_open(path, framework="numpy") as file:
            return SpectrumAutoencoder.from_weights({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
    except (SafetensorError, ValueError, OSError) as error:
        raise DamagedArtefactError(f"{path} is damaged: {error}.", remedy="Run `alignlab train encoder`.") from error
