"""Which trainings an ablation compares: the run's own recipe, and what is changed or taken away in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from alignlab.models.criterion import Loss
from alignlab.models.spectrum_input import SpectrumInput
from alignlab.training.recipe import AlignmentRecipe

#: Shares of the training pairs of a learning curve, and how often each is drawn.
SHARES = (0.1, 0.25, 0.5)
N_DRAWS = 2
#: How often pairs are shuffled: by chance a shuffled training may be a little better or worse than chance.
N_SHUFFLES = 3

SEED, INPUT, ASPECT, LOSS, REGULARISATION, SHUFFLED, SHARE = (
    "seed",
    "input",
    "aspect",
    "loss",
    "regularisation",
    "shuffled",
    "share",
)
GROUP_LABELS = {
    SEED: "the same recipe",
    INPUT: "what the spectrum head sees",
    ASPECT: "an aspect of the texts less",
    LOSS: "another loss",
    REGULARISATION: "less regularisation",
    SHUFFLED: "shuffled pairs",
    SHARE: "fewer pairs",
}
_INPUT_LABELS: dict[SpectrumInput, str] = {
    "latents": "the encoder's latents only",
    "spectrum": "the 400 bins instead of latents",
    "both": "latents and bins",
    "counts": "latents and counts",
}
_ASPECT_LABELS = {
    "nature": "without what the source is",
    "spectrum": "without its X-ray properties",
    "environment": "without its environment",
}
_LOSS_LABELS: dict[Loss, str] = {
    "one-way": "spectrum → text only (the paper's)",
    "symmetric": "both directions",
    "regularised": "with a penalty for uneven dimensions",
    "sigmoid": "pairwise sigmoid, learned temperature",
}


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One training.

    Attributes
    ----------
    name : str
        Of its file.
    label : str
        For a person.
    group : str
        From `GROUP_LABELS`.
    recipe : AlignmentRecipe
    seed : int
        Of the training, and of the draw of pairs.
    share : float
        Of the training pairs.
    is_shuffled : bool
        Whether texts belong to other sources than the spectra.
    """

    name: str
    label: str
    group: str
    recipe: AlignmentRecipe
    seed: int
    share: float = 1.0
    is_shuffled: bool = False

    def facts(self) -> dict[str, Any]:
        """What is told of it, as JSON."""
        facts = ("name", "label", "group", "seed", "share")
        return {name: getattr(self, name) for name in facts}


def base_recipe(recipe: AlignmentRecipe, temperature: float | None) -> AlignmentRecipe:
    """The recipe with the temperature that was found for it, so that no variant spends time on finding it again."""
    return replace(recipe, temperature=temperature) if recipe.is_tuned and temperature is not None else recipe


def variants(base: AlignmentRecipe, *, seed: int) -> list[Variant]:
    """All trainings, in the order in which they are told; each differs from `base` in one thing."""
    return [
        Variant(name="other-seed", label="another random start", group=SEED, recipe=base, seed=seed + 1),
        *_inputs(base, seed),
        *_aspects(base, seed),
        *_losses(base, seed),
        *_less_regularised(base, seed),
        *(
            Variant(name=f"shuffled-{n}", label="shuffled pairs", group=SHUFFLED, recipe=base, seed=seed + n,
                    is_shuffled=True)
            for n in range(1, N_SHUFFLES + 1)
        ),
        *_shares(base, seed),
    ]  # fmt: skip


def _inputs(base: AlignmentRecipe, seed: int) -> Iterator[Variant]:
    for kind, label in _INPUT_LABELS.items():
        if kind != base.spectrum_input:
            recipe = replace(base, spectrum_input=kind)
            yield Variant(name=f"input-{kind}", label=label, group=INPUT, recipe=recipe, seed=seed)


def _aspects(base: AlignmentRecipe, seed: int) -> Iterator[Variant]:
    for aspect in base.aspects if len(base.aspects) > 1 else ():
        recipe = replace(base, aspects=tuple(a for a in base.aspects if a != aspect))
        yield Variant(name=f"without-{aspect}", label=_ASPECT_LABELS[aspect], group=ASPECT, recipe=recipe, seed=seed)


def _losses(base: AlignmentRecipe, seed: int) -> Iterator[Variant]:
    for loss, label in _LOSS_LABELS.items():
        if loss == base.loss:
            continue
        # The sigmoid loss judges each pair by itself: a temperature found for the others does not fit it.
        temperature = "learned" if loss == "sigmoid" else base.temperature
        recipe = replace(base, loss=loss, temperature=temperature)
        yield Variant(name=f"loss-{loss}", label=label, group=LOSS, recipe=recipe, seed=seed)


def _less_regularised(base: AlignmentRecipe, seed: int) -> Iterator[Variant]:
    for field, label in (
        ("dropout", "without dropout"),
        ("aspect_dropout", "without hiding aspects at random"),
        ("weight_decay", "without weight decay"),
    ):
        if getattr(base, field):
            name = f"no-{field.replace('_', '-')}"
            recipe = base.from_json({**asdict(base), field: 0.0})
            yield Variant(name=name, label=label, group=REGULARISATION, recipe=recipe, seed=seed)


def _shares(base: AlignmentRecipe, seed: int) -> Iterator[Variant]:
    most = int(base.RANGES["max_epochs"][1])
    for share in SHARES:
        # An epoch of a tenth of the pairs has a tenth of the steps: as many steps are allowed, not as many epochs.
        longer = {name: min(most, round(getattr(base, name) / share)) for name in ("max_epochs", "patience")}
        for draw in range(N_DRAWS):
            yield Variant(
                name=f"share-{100 * share:.0f}-{draw + 1}",
                label=f"{share:.0%} of the training pairs",
                group=SHARE,
                recipe=replace(base, **longer),
                seed=seed + draw,
                share=share,
            )
