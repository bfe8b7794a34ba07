"""Recipes: every choice that a training depends on, with the paper's values as defaults."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal, Self, get_args

from alignlab.errors import RecipeError
from alignlab.models.autoencoder import AutoencoderShape
from alignlab.models.heads import Activation, MissingAspect
from alignlab.spectra.grid import N_BINS

Loss = Literal["one-way", "symmetric"]
Target = Literal["expected", "observed"]

Range = tuple[float, float]


class Recipe:
    """What recipes have in common: validation, JSON and a digest."""

    #: Field → smallest and largest value.
    RANGES: ClassVar[dict[str, Range]] = {}
    #: Field → allowed words.
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {}
    name: str

    def __post_init__(self) -> None:
        if not self.name or not self.name.replace("-", "").replace("_", "").isalnum():
            raise RecipeError(f"name must be letters, digits, - and _, not {self.name!r}")
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if field.name in self.RANGES:
                self._check_range(field.name, value, whole=field.type == "int")
            elif field.name in self.CHOICES and value not in self.CHOICES[field.name]:
                raise RecipeError(f"{field.name} must be one of {', '.join(self.CHOICES[field.name])}, not {value!r}")
            elif field.type == "bool" and not isinstance(value, bool):
                raise RecipeError(f"{field.name} must be true or false, not {value!r}")
        self._check_together()

    def _check_together(self) -> None:
        """Check what ranges alone cannot say."""

    def _check_range(self, name: str, value: object, *, whole: bool) -> None:
        low, high = self.RANGES[name]
        number = isinstance(value, int) if whole else isinstance(value, int | float)
        if isinstance(value, bool) or not number or not low <= value <= high:  # type: ignore[operator]
            kind = "a whole number" if whole else "a number"
            raise RecipeError(f"{name} must be {kind} from {low:g} to {high:g}, not {value!r}")

    def to_json(self) -> str:
        """The recipe as one line of JSON with sorted keys."""
        return json.dumps({"kind": type(self).__name__, **asdict(self)}, sort_keys=True)  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, text: str | Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote (or its parsed form); fields left out take their defaults.

        Raises
        ------
        RecipeError
            If it is no JSON object, another kind of recipe, or has an unknown field or a value out of range.
        """
        try:
            data = dict(json.loads(text)) if isinstance(text, str) else dict(text)
        except (ValueError, TypeError) as error:
            raise RecipeError(f"a recipe must be a JSON object: {error}") from error
        kind = data.pop("kind", cls.__name__)
        if kind != cls.__name__:
            raise RecipeError(f"this is a recipe of kind {kind}, not {cls.__name__}")
        known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        if unknown := sorted(set(data) - known):
            raise RecipeError(f"unknown field {', '.join(unknown)}; choose from {', '.join(sorted(known))}")
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})

    def digest(self) -> str:
        """Short id that changes with any value: the name and six hexadecimal digits, such as paper-7f3a12."""
        return f"{self.name}-{hashlib.sha256(self.to_json().encode()).hexdigest()[:6]}"


@dataclass(frozen=True, kw_only=True)
class EncoderRecipe(Recipe):
    """How the spectrum autoencoder is trained.

    Attributes
    ----------
    target : {"expected", "observed"}
        What to reconstruct: the noise-free expected spectrum (denoising; needs a simulator), or, as the paper does, the
        input itself.
    augment : bool
        Draw new Poisson realisations in every epoch; needs expected counts.
    scaling_min, scaling_max : float
        With `augment`, expected counts are multiplied by a factor from this (log-uniform) range for half of the
        spectra, so that every spectral shape is also seen fainter and brighter.
    patch_size, d_model, n_heads, encoder_layers, decoder_layers, token_dim, latent_dim, dropout
        See `alignlab.models.autoencoder.AutoencoderShape`.
    learning_rate : float
        Peak of Adam's; it rises over the first 2% of the steps and falls to zero along a cosine.
    weight_decay : float
        Decoupled (AdamW).
    batch_size, max_epochs, patience : int
        Training stops after `patience` epochs without a better validation MAE.
    """

    name: str = "spectrum-encoder"
    target: Target = "expected"
    augment: bool = True
    scaling_min: float = 0.1
    scaling_max: float = 20.0
    patch_size: int = 20
    d_model: int = 96
    n_heads: int = 4
    encoder_layers: int = 3
    decoder_layers: int = 2
    token_dim: int = 24
    latent_dim: int = 64
    dropout: float = 0.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    batch_size: int = 64
    max_epochs: int = 24
    patience: int = 10

    RANGES: ClassVar[dict[str, Range]] = {
        "scaling_min": (0.01, 1),
        "scaling_max": (1, 100),
        "patch_size": (1, N_BINS),
        "d_model": (8, 512),
        "n_heads": (1, 16),
        "encoder_layers": (1, 8),
        "decoder_layers": (1, 8),
        "token_dim": (1, 512),
        "latent_dim": (2, 256),
        "dropout": (0, 0.5),
        "learning_rate": (1e-5, 1e-2),
        "weight_decay": (0, 0.1),
        "batch_size": (8, 8192),
        "max_epochs": (1, 2000),
        "patience": (1, 2000),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"target": get_args(Target)}

    def _check_together(self) -> None:
        if N_BINS % self.patch_size:
            raise RecipeError(f"patch_size must divide {N_BINS} bins, {self.patch_size} does not")
        if self.d_model % self.n_heads:
            raise RecipeError(f"n_heads must divide d_model {self.d_model}, {self.n_heads} does not")

    def shape(self) -> AutoencoderShape:
        """The autoencoder that this recipe trains."""
        return AutoencoderShape(
            **{f.name: getattr(self, f.name) for f in fields(AutoencoderShape) if f.name != "n_bins"}
        )


@dataclass(frozen=True, kw_only=True)
class AlignmentRecipe(Recipe):
    """How the two heads are trained (paper, section 2 and eq. 1).

    Attributes
    ----------
    shared_dim, hidden_dim, hidden_layers, activation, layer_norm, missing_aspect
        See `alignlab.models.heads.HeadsShape`.
    dropout : float
        Paper: 0.1 to 0.5.
    loss : {"one-way", "symmetric"}
        InfoNCE spectrum → text as in eq. 1, or both directions.
    temperature : float or None
        None: chosen from `temperature_grid` on the calibration split.
    temperature_grid : tuple of float
        Each is tried for `tuning_epochs` epochs.
    tuning_epochs : int
    learning_rate : float
        Adam's; paper: 1e-4 to 1e-3.
    weight_decay : float
        L2 penalty of Adam.
    batch_size : int
        The negatives of a source are the other texts of its batch.
    max_epochs, patience : int
        Training stops after `patience` epochs without a better validation score (mean logarithm of the rank), and the
        best epoch's weights are kept.
    """

    name: str = "paper"
    shared_dim: int = 64
    hidden_dim: int = 256
    hidden_layers: int = 1
    dropout: float = 0.5
    activation: Activation = "gelu"
    layer_norm: bool = True
    missing_aspect: MissingAspect = "learned"
    loss: Loss = "one-way"
    temperature: float | None = None
    temperature_grid: tuple[float, ...] = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
    tuning_epochs: int = 5
    learning_rate: float = 5e-4
    weight_decay: float = 0.0
    batch_size: int = 512
    max_epochs: int = 100
    patience: int = 10

    RANGES: ClassVar[dict[str, Range]] = {
        "shared_dim": (2, 512),
        "hidden_dim": (8, 4096),
        "hidden_layers": (0, 6),
        "dropout": (0, 0.9),
        "tuning_epochs": (1, 100),
        "learning_rate": (1e-5, 1e-1),
        "weight_decay": (0, 1),
        "batch_size": (2, 65536),
        "max_epochs": (1, 5000),
        "patience": (1, 5000),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "activation": get_args(Activation),
        "missing_aspect": get_args(MissingAspect),
        "loss": get_args(Loss),
    }
    TEMPERATURE_RANGE: ClassVar[Range] = (0.005, 1.0)

    def _check_together(self) -> None:
        if not isinstance(self.temperature_grid, tuple) or not self.temperature_grid:
            raise RecipeError(f"temperature_grid must be a list with at least one value, not {self.temperature_grid!r}")
        low, high = self.TEMPERATURE_RANGE
        named = [("temperature", self.temperature)] if self.temperature is not None else []
        for name, value in [*named, *(("temperature_grid", t) for t in self.temperature_grid)]:
            if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
                raise RecipeError(f"{name} must be a number from {low:g} to {high:g}, not {value!r}")
