"""The recipe of small heads: what is estimated, from which latents, by which method, fused how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from alignlab.errors import RecipeError
from alignlab.training.recipe import Range, Recipe

Task = Literal["both", "variables", "class"]
Method = Literal["knn", "ridge", "mlp-gaussian", "mlp-quantile"]
Calibrate = Literal["calibration", "held-out"]
Fusion = Literal["concatenate", "weighted-sum", "gated", "cross-attention", "average", "stacking", "mixture-of-experts"]
#: What a head can read: latents, or how many photons were counted in all and in 40 bands,
#: and which half of a source each belongs to: a source lacks a half, never a part of it.
FAMILY_OF: dict[str, str] = {
    "spectrum": "spectrum",
    "spectrum_aligned": "spectrum",
    "counts": "spectrum",
    "text": "text",
    "text_aligned": "text",
}
MODALITIES: tuple[str, ...] = tuple(FAMILY_OF)
#: Those that every run has; the counts are the survey's own.
LATENT_MODALITIES: tuple[str, ...] = tuple(name for name in FAMILY_OF if name != "counts")
#: Fusions inside a network: other methods have no weights that could learn them.
NETWORK_FUSIONS = ("weighted-sum", "gated", "cross-attention", "mixture-of-experts")
N_ATTENTION_HEADS = 4


@dataclass(frozen=True, kw_only=True)
class SmallHeadsRecipe(Recipe):
    """How heads on the frozen latents of a run are fitted.

    Attributes
    ----------
    task : {"both", "variables", "class"}
        The 20 variables (regression with intervals), the class (probabilities), or one head for each.
    method : {"knn", "ridge", "mlp-gaussian", "mlp-quantile"}
        For class: a vote of neighbours, logistic regression, or a network with softmax, either way of the last two.
    fusion : str
        How modalities come together: inside the features (concatenate, weighted-sum, gated, cross-attention), among
        decisions (average, stacking), or both (mixture-of-experts).
    modalities : tuple of str
        From `MODALITIES`.
    hidden_dim, hidden_layers, dropout, learning_rate, weight_decay, batch_size, max_epochs, patience
        Of the networks; training stops after `patience` epochs without a better validation loss.
    modality_dropout : float
        Fraction of the training sources of a batch that lose their spectrum or their texts, so that a network learns to
        do without either.
    beta : float
        Of the β-NLL of ``mlp-gaussian`` (Seitzer et al. 2022, arXiv:2203.09168): 0 is the plain likelihood, 1 gives all
        points the same weight in the mean.
    calibrate : {"calibration", "held-out"}
        Sources that intervals are calibrated on: the calibration split, or that and the validation split, which has
        fifteen times as many, but also chose when a network's training stopped.
    k : int
        Neighbours of ``knn``.
    distance_weights : bool
        Weight neighbours by the inverse of their distance.
    class_weights : bool
        Weight classes by the inverse of their number, so that rare ones count as much as frequent ones.
    """

    name: str = "gated-mlp"
    task: Task = "both"
    method: Method = "mlp-gaussian"
    fusion: Fusion = "gated"
    modalities: tuple[str, ...] = LATENT_MODALITIES
    hidden_dim: int = 128
    hidden_layers: int = 1
    dropout: float = 0.4
    learning_rate: float = 5e-4
    weight_decay: float = 1e-2
    batch_size: int = 256
    max_epochs: int = 60
    patience: int = 8
    modality_dropout: float = 0.3
    beta: float = 0.5
    calibrate: Calibrate = "calibration"
    k: int = 10
    distance_weights: bool = True
    class_weights: bool = False

    RANGES: ClassVar[dict[str, Range]] = {
        "hidden_dim": (8, 2048),
        "hidden_layers": (0, 6),
        "dropout": (0, 0.9),
        "learning_rate": (1e-5, 1e-1),
        "weight_decay": (0, 1),
        "batch_size": (2, 65536),
        "max_epochs": (1, 5000),
        "patience": (1, 5000),
        "modality_dropout": (0, 0.9),
        "beta": (0, 1),
        "k": (1, 200),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "task": get_args(Task),
        "method": get_args(Method),
        "fusion": get_args(Fusion),
        "calibrate": get_args(Calibrate),
    }
    LATER: ClassVar[frozenset[str]] = frozenset({"calibrate"})
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "Begins the id of what comes out.",
        "task": "What is estimated: the 20 variables, the class, or both, each by a head of its own.",
        "method": "Neighbours, a linear model, or a small network that tells how sure it is (Gaussian or quantiles).",
        "fusion": "How spectrum and texts come together: in the features, among decisions, or as a mixture of experts.",
        "modalities": "What goes in: latents of spectrum and texts, before or after alignment, and the counts.",
        "hidden_dim": "Width of the networks' hidden layers.",
        "hidden_layers": "How many hidden layers follow the fusion.",
        "dropout": "Fraction of hidden units dropped in training.",
        "learning_rate": "Step size of the optimiser (AdamW).",
        "weight_decay": "How strongly large weights are pulled back.",
        "batch_size": "Sources per step of the optimiser.",
        "max_epochs": "Most passes over the training sources.",
        "patience": "Passes without a better validation loss after which training stops.",
        "modality_dropout": "Fraction of training sources that lose their spectrum or texts, to learn to do without.",
        "beta": "Gaussian networks: 0 lets points with large noise count little, 1 lets all count the same.",
        "calibrate": "Sources that intervals are calibrated on: the calibration split, or the validation split too.",
        "k": "Neighbours that are averaged.",
        "distance_weights": "Let nearer neighbours count more.",
        "class_weights": "Let rare classes count as much as frequent ones.",
    }

    @property
    def tasks(self) -> tuple[Literal["variables", "class"], ...]:
        """What is estimated, one by one."""
        return ("variables", "class") if self.task == "both" else (self.task,)

    @property
    def is_network(self) -> bool:
        """Whether its members are networks, trained by gradient."""
        return self.method.startswith("mlp")

    @property
    def families(self) -> tuple[str, ...]:
        """The halves of a source that it reads: spectrum, text or both."""
        return tuple(dict.fromkeys(FAMILY_OF[m] for m in self.modalities))

    def _check_together(self) -> None:
        if not isinstance(self.modalities, tuple) or not self.modalities:
            raise RecipeError(f"modalities must be a list with at least one name, not {self.modalities!r}")
        if unknown := [m for m in self.modalities if m not in MODALITIES]:
            raise RecipeError(f"modalities must be of {', '.join(MODALITIES)}, not {unknown[0]!r}")
        if len(set(self.modalities)) < len(self.modalities):
            raise RecipeError(f"modalities must differ, {', '.join(self.modalities)} do not")
        if self.fusion in NETWORK_FUSIONS and not self.is_network:
            raise RecipeError(
                f"fusion {self.fusion!r} is learned inside a network: method {self.method!r} has none",
                remedy="Choose the method mlp-gaussian or mlp-quantile, or the fusion concatenate or average.",
            )
        if self.fusion == "cross-attention" and self.hidden_dim % N_ATTENTION_HEADS:
            raise RecipeError(f"hidden_dim must be a multiple of {N_ATTENTION_HEADS} for cross-attention")


#: What did best on the demo's validation split (docs/experiments.md).
BEST_HEADS = SmallHeadsRecipe(
    name="best",
    task="variables",
    method="mlp-quantile",
    fusion="concatenate",
    modalities=("spectrum", "counts"),
    hidden_dim=256,
    hidden_layers=2,
    dropout=0.1,
    learning_rate=1e-3,
    calibrate="held-out",
)
