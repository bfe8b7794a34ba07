"""Training one fusion network to early stopping, resumable after any epoch."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from alignlab.models.fusion import FusionShape, Network, build_network, network_weights
from alignlab.progress import OnStep, report
from alignlab.store.artefact import write_file_atomically
from alignlab.training.small_heads.intervals import QUANTILES, gaussian_quantiles
from alignlab.training.small_heads.losses import beta_nll, cross_entropy, pinball
from alignlab.training.small_heads.streams import Example, Streams, moments
from alignlab.training.small_heads_recipe import SmallHeadsRecipe
from alignlab.training.threads import one_thread

_BLOCK = 4096
#: Epoch numbers of one network stay apart from those of another by this in the seeds of its random numbers.
_EPOCH_SEEDS = 10_000


@dataclass(frozen=True, kw_only=True)
class HeadEpoch:
    """One line of the history of a head's training.

    Attributes
    ----------
    epoch : int
        From 1, over all networks of the head one after the other.
    network : str
        Which network, such as "variables" or "class, fold 2 without, text".
    training_loss, validation_loss : float
        Of the recipe's kind; only those of the same network and task compare.
    """

    epoch: int
    network: str
    training_loss: float
    validation_loss: float


OnEpoch = Callable[[HeadEpoch], None]


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkTask:
    """Which network of a head is trained, with which random numbers, and where its state is kept.

    Attributes
    ----------
    name : str
    n_outputs : int
        Variables or classes.
    seed : int
    first_epoch : int
        Number of the epoch before its first one.
    checkpoint : Path or None
    """

    name: str
    n_outputs: int
    seed: int
    first_epoch: int = 0
    checkpoint: Path | None = None


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A trained network with its history."""

    network: Network
    history: tuple[HeadEpoch, ...]

    def predict(self, streams: Streams) -> NDArray[np.float64]:
        """Quantiles (n, v, 5) or probabilities (n, c); NaN for a source that has none of the streams."""
        able = np.flatnonzero(streams.present.any(axis=1))
        n_outputs, is_class = self.network.shape.n_outputs, self.network.shape.output == "class"
        answer = np.full((len(streams), n_outputs) if is_class else (len(streams), n_outputs, len(QUANTILES)), np.nan)
        for start in range(0, len(able), _BLOCK):
            rows = able[start : start + _BLOCK]
            answer[rows] = self._answer(streams.select(rows))
        return answer

    def _answer(self, streams: Streams) -> NDArray[np.float64]:
        with one_thread(), torch.inference_mode():
            answer = self.network(*_tensors(streams)).numpy().astype(np.float64)
        if self.network.shape.output == "class":
            return np.exp(answer)
        if self.network.shape.output == "gaussian":
            return gaussian_quantiles(answer[..., 0], np.exp(answer[..., 1] / 2))
        return answer

    def to_weights(self) -> dict[str, NDArray]:
        """For `alignlab.models.fusion.load_network`."""
        return dict(network_weights(self.network))


def train_network(
    recipe: SmallHeadsRecipe,
    training: Example,
    validation: Example,
    task: NetworkTask,
    *,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
) -> FittedNetwork:
    """Train on `training`, stop early on `validation`, keep the best epoch.

    The random numbers of an epoch follow from the seed and the epoch's number alone, so that a training which goes on
    from its checkpoint ends in the same weights as one that was never interrupted.
    """
    with one_thread(), torch.random.fork_rng(devices=[]):
        trainer = _Trainer(recipe, training, validation, task)
        trainer.resume()
        while not trainer.is_done:
            done = trainer.train_epoch()
            trainer.save()
            if on_epoch is not None:
                on_epoch(done)
            report(on_step, len(trainer.history), recipe.max_epochs, f"{task.name}: epoch {len(trainer.history)}")
        trainer.network.load_state_dict(trainer.best)
    report(on_step, recipe.max_epochs, recipe.max_epochs, f"{task.name}: done")
    return FittedNetwork(trainer.network.eval(), tuple(trainer.history))


@dataclass(eq=False)
class _Trainer:
    recipe: SmallHeadsRecipe
    training: Example
    validation: Example
    task: NetworkTask
    history: list[HeadEpoch] = field(default_factory=list)

    def __post_init__(self) -> None:
        torch.manual_seed(self.task.seed)
        recipe, streams = self.recipe, self.training.streams
        self.network = build_network(_shape(recipe, self.training, self.task.n_outputs))
        pairs = map(moments, streams.parts)
        self.network.set_standardisation([(torch.from_numpy(mean), torch.from_numpy(std)) for mean, std in pairs])
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.best = {k: v.clone() for k, v in self.network.state_dict().items()}
        self.values, self.present = _tensors(streams)
        self.family = torch.tensor([streams.families.index(part.family) for part in streams.parts])
        self.target = _target(self.training)
        self.class_weight = self._class_weight()
        self.usable = torch.from_numpy(np.flatnonzero(self.training.usable))

    @property
    def best_epoch(self) -> int:
        """Position in the history of the best validation loss, from 1; 0 before the first epoch."""
        losses = [epoch.validation_loss for epoch in self.history]
        return 1 + int(np.argmin(losses)) if losses else 0

    @property
    def is_done(self) -> bool:
        n = len(self.history)
        return n >= self.recipe.max_epochs or n - self.best_epoch >= self.recipe.patience

    def train_epoch(self) -> HeadEpoch:
        number = len(self.history) + 1
        torch.manual_seed(self.task.seed * _EPOCH_SEEDS + number)
        self.network.train()
        losses = []
        for rows in self.usable[torch.randperm(len(self.usable))].split(self.recipe.batch_size):
            answer = self.network([x[rows] for x in self.values], self._withheld(self.present[rows]))
            loss = self._loss(answer, self.target[rows])
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            losses.append(loss.item())
        epoch = HeadEpoch(
            epoch=self.task.first_epoch + number,
            network=self.task.name,
            training_loss=float(np.mean(losses)),
            validation_loss=self._validation_loss(),
        )
        self.history.append(epoch)
        if self.best_epoch == number:
            self.best = {k: v.clone() for k, v in self.network.state_dict().items()}
        return epoch

    def _withheld(self, present: Tensor) -> Tensor:
        """Take one family from some of the sources that have both."""
        if int(self.family.max()) == 0 or not self.recipe.modality_dropout:
            return present
        lose = torch.rand(len(present)) < self.recipe.modality_dropout
        which = torch.randint(0, 2, (len(present),))
        left = present & ~(lose[:, None] & (self.family[None, :] == which[:, None]))
        return torch.where(left.any(1, keepdim=True), left, present)

    def _loss(self, answer: Tensor, target: Tensor, *, training: bool = True) -> Tensor:
        output = self.network.shape.output
        if output == "class":
            return cross_entropy(answer, target, self.class_weight)
        if output == "gaussian":
            return beta_nll(answer, target, self.recipe.beta if training else 0.0)
        return pinball(answer, target)

    def _validation_loss(self) -> float:
        self.network.eval()
        usable = self.validation.select(np.flatnonzero(self.validation.usable))
        with torch.no_grad():
            return float(self._loss(self.network(*_tensors(usable.streams)), _target(usable), training=False))

    def _class_weight(self) -> Tensor | None:
        if not self.training.is_class or not self.recipe.class_weights:
            return None
        number = np.bincount(self.training.target[self.training.target >= 0], minlength=self.task.n_outputs)
        return torch.from_numpy(number.sum() / (len(number) * np.maximum(number, 1))).float()

    def _fingerprint(self) -> str:
        return json.dumps([self.recipe.to_json(), self.task.name, self.task.seed, asdict(self.network.shape)])

    def save(self) -> None:
        """Write the state after this epoch."""
        if self.task.checkpoint is None:
            return
        tensors = {f"network.{k}": v.contiguous() for k, v in self.network.state_dict().items()}
        tensors |= {f"best.{k}": v.contiguous() for k, v in self.best.items()}
        for number, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{k}": v.contiguous() for k, v in state.items()}
        history = json.dumps([asdict(epoch) for epoch in self.history])
        metadata = {"history": history, "fingerprint": self._fingerprint()}
        write_file_atomically(self.task.checkpoint, lambda path: save_file(tensors, path, metadata=metadata))

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one of this very training."""
        path = self.task.checkpoint
        if path is None or not path.is_file():
            return
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
            tensors = load_file(path)
        except SafetensorError:
            return  # half-written by a machine that lost power: the training begins again
        if metadata.get("fingerprint") != self._fingerprint():
            return
        self.history = [HeadEpoch(**epoch) for epoch in json.loads(metadata["history"])]
        self.network.load_state_dict(_below(tensors, "network."))
        self.best = _below(tensors, "best.")
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _below(tensors, "optimiser.").items():
            number, name = key.split(".", 1)
            state.setdefault(int(number), {})[name] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})


def _shape(recipe: SmallHeadsRecipe, training: Example, n_outputs: int) -> FusionShape:
    streams = training.streams
    regression = "gaussian" if recipe.method == "mlp-gaussian" else "quantile"
    decision_level = recipe.fusion in ("average", "stacking")
    return FusionShape(
        stream_dims=tuple(part.values.shape[1] for part in streams.parts),
        experts=tuple(streams.modalities.index(part.modality) for part in streams.parts),
        fusing="concatenate" if decision_level else recipe.fusion,  # type: ignore[arg-type]
        output="class" if training.is_class else regression,  # type: ignore[arg-type]
        n_outputs=n_outputs,
        hidden_dim=recipe.hidden_dim,
        hidden_layers=recipe.hidden_layers,
        dropout=recipe.dropout,
    )


def _target(example: Example) -> Tensor:
    return torch.from_numpy(example.target if example.is_class else example.target.astype(np.float32))


def _tensors(streams: Streams) -> tuple[list[Tensor], Tensor]:
    return [torch.from_numpy(part.values) for part in streams.parts], torch.from_numpy(streams.present)


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
