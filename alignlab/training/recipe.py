"""Recipes: every choice that a training depends on, with the paper's values as defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Literal, get_args

from alignlab.errors import RecipeError
from alignlab.literature.aspects import ASPECTS
from alignlab.models.autoencoder import AutoencoderShape, Mixing
from alignlab.models.criterion import Loss
from alignlab.models.heads import Activation, MissingAspect
from alignlab.models.spectrum_input import SpectrumInput
from alignlab.spectra.grid import N_BINS
from alignlab.training.recipe_base import Range, Recipe

__all__ = ["AlignmentRecipe", "EncoderRecipe", "Loss", "Range", "Recipe", "Target"]

Target = Literal["expected", "observed"]
TextScale = Literal["dimension", "aspect"]


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
    patch_size, d_model, n_heads, encoder_layers, decoder_layers, token_dim, latent_dim, dropout, mixing
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
    mixing: Mixing = "attention"

    LATER: ClassVar[frozenset[str]] = frozenset({"mixing"})
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
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"target": get_args(Target), "mixing": get_args(Mixing)}
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "Begins the names of what this recipe makes.",
        "target": "What the encoder learns to draw: the spectrum without noise, or (paper) its own input.",
        "augment": "Draws every simulated spectrum's photons anew in each epoch.",
        "scaling_min": "How much fainter a simulated spectrum may be made.",
        "scaling_max": "How much brighter a simulated spectrum may be made.",
        "patch_size": "Energy bins that form one token of the transformer; it divides 400.",
        "d_model": "Width of the transformer.",
        "n_heads": "Attention heads in each layer; the number divides the width.",
        "encoder_layers": "Transformer layers before the latent.",
        "decoder_layers": "Transformer layers after the latent.",
        "token_dim": "Numbers to which each token is reduced before all are joined to the latent.",
        "latent_dim": "Numbers to which a spectrum is compressed.",
        "dropout": "Share of units switched off at random in training, against learning by heart.",
        "learning_rate": "Largest step of the optimiser; it rises at first and falls to zero along a cosine.",
        "weight_decay": "How strongly weights are pulled towards zero.",
        "batch_size": "Spectra in one step.",
        "max_epochs": "Most passes over the training spectra.",
        "patience": "Epochs without a better validation error after which the training stops.",
        "mixing": "How tokens see each other: each looks at all (transformer), or they are read in turn (recurrent).",
    }

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
    loss : {"one-way", "symmetric", "regularised", "sigmoid"}
        InfoNCE spectrum → text as in eq. 1; its mean over both directions; eq. 1 plus `regularisation` times
        `alignlab.models.losses.isotropy_penalty`; or the pairwise sigmoid loss of SigLIP.
    regularisation : float
        γ of the regularised loss, L + γ L_reg: L_reg is the distance of each modality's covariance in the shared space
        from that of vectors spread evenly over the sphere. No other loss uses it.
    temperature : float or {"tuned", "learned"}
        Fixed; or chosen from `temperature_grid` on the calibration split ("tuned", kept as None); or a parameter
        that is trained with the weights, from `initial_temperature`, never below 0.01 (as in CLIP).
    initial_temperature : float
    temperature_grid : tuple of float
        Each is tried for `tuning_epochs` epochs.
    tuning_epochs : int
    aspect_dropout : float
        Probability with which an aspect that is discussed is left out in training; one always stays.
    spectrum_input : {"latents", "spectrum", "both", "counts"}
        What the spectrum head sees: the encoder's latents, the 400 min–max normalised bins, both side by side, or the
        latents beside the counts in all and in 40 bands, which the normalisation takes away.
    encoder : str
        Name of an encoder that a job has trained; empty for the one in the package.
    aspects : tuple of {"nature", "spectrum", "environment"}
        Aspects of the literature that the text head sees; the others count as not discussed.
    text_scale : {"dimension", "aspect"}
        What text vectors are divided by before they enter the head: each dimension by its own standard deviation, or
        all dimensions of an aspect by their common one, so that those in which texts hardly differ stay small.
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
    regularisation: float = 0.1
    temperature: float | Literal["tuned", "learned"] | None = None
    initial_temperature: float = 0.07
    temperature_grid: tuple[float, ...] = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
    tuning_epochs: int = 5
    aspect_dropout: float = 0.0
    spectrum_input: SpectrumInput = "latents"
    encoder: str = ""
    aspects: tuple[str, ...] = ASPECTS
    text_scale: TextScale = "dimension"
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
        "regularisation": (0, 100),
        "initial_temperature": (0.01, 1),
        "aspect_dropout": (0, 0.9),
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
        "spectrum_input": get_args(SpectrumInput),
        "aspects": ASPECTS,
        "text_scale": get_args(TextScale),
    }
    LATER: ClassVar[frozenset[str]] = frozenset(
        {
            "regularisation",
            "initial_temperature",
            "aspect_dropout",
            "encoder",
            "spectrum_input",
            "aspects",
            "text_scale",
        }
    )
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "Begins the names of the runs that this recipe makes.",
        "shared_dim": "Dimensions of the space in which spectra and texts meet.",
        "hidden_dim": "Units in each hidden layer of both heads.",
        "hidden_layers": "Hidden layers of both heads; 0 makes them linear maps.",
        "dropout": "Share of hidden units switched off at random in training, against learning by heart.",
        "activation": "Function after each hidden layer.",
        "layer_norm": "Brings every hidden layer to mean 0 and spread 1.",
        "missing_aspect": "What stands for an aspect that no paper discusses: a learned vector, or the mean text.",
        "loss": "How a spectrum and its text are pulled together: InfoNCE from spectrum to text (the paper's), in both "
        "directions, with a penalty for unevenly used dimensions, or the pairwise sigmoid loss of SigLIP.",
        "regularisation": "Weight of that penalty (the distance of the covariance from an even one) in the regularised "
        "loss.",
        "temperature": "How sharply the best match is favoured: tried out on the calibration split (tuned), trained "
        "with the weights (learned), or a fixed number.",
        "initial_temperature": "Where a learned temperature begins.",
        "temperature_grid": "Temperatures to try when it is tuned.",
        "tuning_epochs": "Epochs for which each temperature is tried.",
        "aspect_dropout": "Chance that an aspect is hidden in training, as in sparse literature; one always stays.",
        "spectrum_input": "What the spectrum head sees: the encoder's latents, the normalised spectrum, both, or "
        "the latents and how many photons were counted, in all and in 40 bands.",
        "encoder": "Spectrum encoder that a job has trained, by its name; empty for the one that comes with alignlab.",
        "aspects": "Which aspects of the literature the text head sees.",
        "text_scale": "Bring each dimension of the texts to spread 1, or all of an aspect together, so that those in "
        "which texts hardly differ stay small.",
        "learning_rate": "Step of the optimiser; the paper tried 0.0001 to 0.001.",
        "weight_decay": "How strongly weights are pulled towards zero.",
        "batch_size": "Pairs in one step; the other texts of the step are the wrong answers.",
        "max_epochs": "Most passes over the training pairs.",
        "patience": "Epochs without a better validation rank after which the training stops.",
    }
    TEMPERATURE_RANGE: ClassVar[Range] = (0.005, 1.0)

    def _check_together(self) -> None:
        if not isinstance(self.encoder, str) or "/" in self.encoder or self.encoder.startswith("."):
            raise RecipeError(f"encoder must be the name of an encoder, not {self.encoder!r}")
        # One spelling for one recipe, so that it has one digest.
        if self.temperature == "tuned":
            object.__setattr__(self, "temperature", None)
        object.__setattr__(self, "aspects", tuple(aspect for aspect in ASPECTS if aspect in self.aspects))
        if not isinstance(self.temperature_grid, tuple) or not self.temperature_grid:
            raise RecipeError(f"temperature_grid must be a list with at least one value, not {self.temperature_grid!r}")
        low, high = self.TEMPERATURE_RANGE
        named = [] if self.temperature in (None, "learned") else [("temperature", self.temperature)]
        for name, value in [*named, *(("temperature_grid", t) for t in self.temperature_grid)]:
            if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
                words = ' ("tuned" and "learned" are possible too)' if name == "temperature" else ""
                raise RecipeError(f"{name} must be a number from {low:g} to {high:g}, not {value!r}{words}")

    @property
    def is_tuned(self) -> bool:
        """Whether the temperature is chosen on the calibration split."""
        return self.temperature is None
