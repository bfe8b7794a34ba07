"""Training the spectrum autoencoder, and its weights file."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
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
from alignlab.spectra.grid import N_BINS, PI_CHANNEL_KEV, EnergyGrid, energy_grid, minmax_normalise, overlap_matrix
from alignlab.training.recipe import EncoderRecipe

#: The weights that ship with the package.
ENCODER_WEIGHTS = Path(__file__).resolve().parent.parent / "models" / "weights" / "spectrum_encoder.safetensors"
_WARM_UP = 0.02
#: A spectrum is made fainter or brighter with this probability.
_SCALED_FRACTION = 0.5


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


class PoissonSpectra:
    """Draws new observed spectra for known expected ones, with the correlations that rebinned channels have.

    Photons are counted in instrument channels and then shared among the bins, so neighbouring bins that share a channel
    rise and fall together; drawing in the bins themselves would give a finer noise than any observation has.

    Parameters
    ----------
    expected : array_like, shape (n, n_bins) or (n, n_channels)
        Noise-free expected counts per bin, or per channel when `channel_edges_kev` is given.
    grid : EnergyGrid
        The bins.
    channel_edges_kev : array_like, shape (n_channels + 1,), optional
        Edges of the channels of `expected`. By default bins are moved to channels of 14.6 eV first.
    """

    def __init__(self, expected: ArrayLike, *, grid: EnergyGrid, channel_edges_kev: ArrayLike | None = None) -> None:
        values = np.asarray(expected, dtype=np.float32)
        if channel_edges_kev is None:
            low, high = grid.edges_kev[0] / PI_CHANNEL_KEV, grid.edges_kev[-1] / PI_CHANNEL_KEV
            edges = np.arange(np.floor(low), np.ceil(high) + 1) * PI_CHANNEL_KEV
            values = values @ overlap_matrix(grid.edges_kev, edges).astype(np.float32)
        else:
            edges = np.asarray(channel_edges_kev, dtype=np.float64)
        self.channels = torch.from_numpy(np.ascontiguousarray(values))
        self.to_bins = torch.from_numpy(overlap_matrix(edges, grid.edges_kev).astype(np.float32))

    def draw(
        self, rows: Tensor, *, scaling: tuple[float, float] = (1, 1), generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Draw new observed and matching expected counts, each (len(rows), n_bins).

        Half of the rows are first made fainter or brighter by a factor from the log-uniform range `scaling`.
        """
        expected = self.channels[rows]
        if scaling != (1, 1):
            low, high = np.log(scaling)
            chosen, place = torch.rand(2, len(rows), 1, generator=generator)
            factor = torch.exp(float(low) + place * float(high - low))
            expected = expected * torch.where(chosen < _SCALED_FRACTION, factor, 1.0)
        observed = torch.poisson(expected, generator=generator)
        return observed @ self.to_bins, expected @ self.to_bins


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
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _train(recipe, pairs(train), pairs(held_out), source, torch.Generator().manual_seed(seed), on_step)


def _train(
    recipe: EncoderRecipe,
    training: tuple[Tensor, Tensor],
    validation: tuple[Tensor, Tensor],
    source: PoissonSpectra | None,
    generator: torch.Generator,
    on_step: OnStep | None,
) -> EncoderResult:
    model = SpectrumAutoencoder(recipe.shape())
    n = len(training[0])
    n_steps = recipe.max_epochs * -(-n // recipe.batch_size)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, n_steps))
    history: list[EncoderEpoch] = []
    best_mae, best_epoch, best_weights = float("inf"), 0, copy.deepcopy(model.state_dict())
    for epoch in range(1, recipe.max_epochs + 1):
        model.train()
        total = 0.0
        for rows in torch.randperm(n, generator=generator).split(recipe.batch_size):
            if source is None:
                x, y = training[0][rows], training[1][rows]
            else:
                x, y = _augmented(source, rows, recipe, generator)
            loss = (model(x) - y).abs().mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item() * len(rows)
        mae = _validation_mae(model, validation)
        history.append(EncoderEpoch(epoch=epoch, training_mae=total / n, validation_mae=mae))
        if mae < best_mae:
            best_mae, best_epoch, best_weights = mae, epoch, copy.deepcopy(model.state_dict())
        report(on_step, epoch, recipe.max_epochs, f"epoch {epoch}, validation MAE {mae:.4f}")
        if epoch - best_epoch >= recipe.patience:
            break
    model.load_state_dict(best_weights)
    return EncoderResult(model=model.eval(), history=tuple(history), best_epoch=best_epoch)


def _augmented(
    source: PoissonSpectra, rows: Tensor, recipe: EncoderRecipe, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    observed, expected = source.draw(rows, scaling=(recipe.scaling_min, recipe.scaling_max), generator=generator)
    x = torch.from_numpy(minmax_normalise(observed.numpy()))
    if recipe.target == "observed":
        return x, x
    return x, torch.from_numpy(on_observed_scale(expected.numpy(), observed.numpy()))


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
    path.parent.mkdir(parents=True, exist_ok=True)
    header = {"recipe": recipe.to_json(), "facts": json.dumps(facts, sort_keys=True)}
    partial = path.with_name(path.name + ".partial")
    save_file(model.to_weights(), partial, metadata=header)
    partial.replace(path)


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
