"""Small heads on the latents of a run: fit, publish beside the run, list, and ask about a source."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.models.spectrum_input import count_features
from alignlab.progress import OnStep, part_of, report
from alignlab.store.artefact import Meta
from alignlab.store.heads import (
    SmallHeads,
    SmallHeadsContents,
    estimates_with_intervals,
    head_ids,
    heads_folder,
    write_small_heads,
)
from alignlab.store.run import Run
from alignlab.store.survey import Survey
from alignlab.training.small_heads.fit import SmallHeadsResult, SurveyAnswers, fit_small_heads
from alignlab.training.small_heads.network import HeadEpoch, OnEpoch
from alignlab.training.small_heads.streams import Streams, make_streams
from alignlab.training.small_heads_recipe import BEST_HEADS, LATENT_MODALITIES, SmallHeadsRecipe
from alignlab.training.threads import one_thread
from alignlab.variables import VARIABLES

#: Recipes to begin with; the first is the default.
PRESETS: dict[str, SmallHeadsRecipe] = {
    "Ridge on both": SmallHeadsRecipe(name="ridge-both", method="ridge", fusion="concatenate"),
    "Gated MLP with intervals": SmallHeadsRecipe(name="gated-mlp", method="mlp-gaussian", fusion="gated"),
    "Quantile MLP": SmallHeadsRecipe(name="quantile-mlp", method="mlp-quantile", fusion="concatenate"),
    "Mixture of experts": SmallHeadsRecipe(name="experts", method="mlp-gaussian", fusion="mixture-of-experts"),
    "Best": BEST_HEADS,
}
#: Latents that come from texts.
_TEXTUAL = ("text", "text_aligned")


@dataclass(frozen=True, kw_only=True)
class HeadEstimate:
    """What small heads say of one variable of one source.

    Attributes
    ----------
    name, label, unit : str
        Of the variable.
    value, low, high, low_95, high_95 : float
        Median, and the limits of the 68% and 95% intervals; NaN where it cannot be said.
    """

    name: str
    label: str
    unit: str
    value: float
    low: float
    high: float
    low_95: float
    high_95: float


def train_small_heads(
    survey: Survey,
    run: Run,
    recipe: SmallHeadsRecipe,
    *,
    seed: int,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    checkpoint: Path | None = None,
) -> SmallHeads:
    """Fit the heads of a recipe to a run's latents and publish them beside the run.

    An identical recipe on an identical run with the same seed returns the heads that exist.

    Parameters
    ----------
    survey : Survey
        The run's own.
    run : Run
    recipe : SmallHeadsRecipe
    seed : int
    on_epoch : callable, optional
        Called with each `HeadEpoch` of a network.
    checkpoint : Path, optional
        Networks keep their states beside this name, and go on from there when called again.

    Raises
    ------
    AlignlabError
        If the survey is not the run's, or lacks what the recipe reads.
    """
    if run.survey_name != survey.name or run.meta.inputs_sha256.get("survey") != survey.digest:
        raise AlignlabError(
            f"Run {run.run_id!r} was not trained on this survey {survey.name!r}.", remedy="Name the run's own survey."
        )
    heads_id = small_heads_id(survey, run, recipe, seed)
    folder = heads_folder(run.folder) / heads_id
    if folder.exists():
        return SmallHeads.open(folder)
    answers = SurveyAnswers(
        variables=survey.variables, classes=survey.sources["source_class"].fillna("").to_numpy(), split=survey.split
    )
    with one_thread():
        result = fit_small_heads(
            recipe,
            run_streams(survey, run, recipe.modalities),
            answers,
            seed=seed,
            on_step=part_of(on_step, 0.0, 0.98),
            on_epoch=on_epoch,
            checkpoint=checkpoint,
        )
    report(on_step, 98, 100, "saving")
    heads = write_small_heads(_contents(result), _meta(survey, run, recipe, seed, heads_id), run.folder)
    report(on_step, 100, 100, "ready")
    return heads


def run_streams(survey: Survey, run: Run, modalities: Iterable[str] = LATENT_MODALITIES) -> Streams:
    """The latents of a run, and the texts and counts of its survey, as streams.

    Raises
    ------
    AlignlabError
        If a modality is wanted that the survey lacks: without papers there is no text.
    """
    wanted = tuple(modalities)
    mask = survey.text_mask if survey.has_array("text_mask") else None
    if mask is None and (textual := [m for m in wanted if m in _TEXTUAL]):
        raise AlignlabError(
            f"Survey {survey.name!r} has no texts, which {textual[0]!r} comes from.", remedy="Leave it out."
        )
    return make_streams(wanted, {m: _readings(survey, run, m) for m in wanted}, mask)


def _readings(survey: Survey, run: Run, modality: str) -> NDArray[np.float32]:
    if modality == "text":
        return survey.text
    return count_features(survey.counts) if modality == "counts" else run.latents(modality)


def small_heads_id(survey: Survey, run: Run, recipe: SmallHeadsRecipe, seed: int) -> str:
    """Short id that changes with the recipe, the seed, the survey and the run."""
    facts = "|".join([recipe.identity(), str(seed), survey.digest, run.digest])
    return f"{recipe.name}-{hashlib.sha256(facts.encode()).hexdigest()[:6]}"


def heads_of(run: Run) -> list[SmallHeads]:
    """The small heads of a run, oldest first."""
    return [SmallHeads.open(heads_folder(run.folder) / name) for name in head_ids(run.folder)]


def small_heads(run: Run, heads_id: str) -> SmallHeads:
    """Open one of a run's small heads.

    Raises
    ------
    MissingArtefactError
        If there are none of that id.
    """
    known = head_ids(run.folder)
    if heads_id not in known:
        raise MissingArtefactError(
            f"Run {run.run_id!r} has no small heads {heads_id!r}.",
            remedy=f"Choose one of {', '.join(known)}." if known else "Fit some with 'alignlab train small-heads'.",
        )
    return SmallHeads.open(heads_folder(run.folder) / heads_id)


def estimates_of(heads: SmallHeads, index: int) -> list[HeadEstimate]:
    """What the heads say of the 20 variables of source `index`, in the order of `VARIABLES`."""
    row = heads.estimates.iloc[index]
    return [
        HeadEstimate(
            name=v.name,
            label=v.label,
            unit=v.display_unit,
            value=float(row[v.name]),
            low=float(row[f"{v.name}_low"]),
            high=float(row[f"{v.name}_high"]),
            low_95=float(row[f"{v.name}_low_95"]),
            high_95=float(row[f"{v.name}_high_95"]),
        )
        for v in VARIABLES
    ]


def class_probabilities_of(heads: SmallHeads, index: int) -> list[tuple[str, float]]:
    """Classes of source `index` with their probabilities, the likeliest first; empty where nothing can be said."""
    row = heads.probabilities.iloc[index].dropna().sort_values(ascending=False, kind="stable")
    return [(str(name), float(p)) for name, p in row.items()]


def _contents(result: SmallHeadsResult) -> SmallHeadsContents:
    history = pd.DataFrame([asdict(epoch) for epoch in result.history], columns=list(HeadEpoch.__dataclass_fields__))
    types = {"epoch": "int64", "network": "str", "training_loss": "float64", "validation_loss": "float64"}
    probabilities = None
    if result.probabilities is not None:
        probabilities = pd.DataFrame(np.asarray(result.probabilities), columns=list(result.classes))
    return SmallHeadsContents(
        estimates=None if result.quantiles is None else estimates_with_intervals(result.quantiles),
        probabilities=probabilities,
        figures=result.figures,
        history=history.astype(types),
        weights=result.weights,
    )


def _meta(survey: Survey, run: Run, recipe: SmallHeadsRecipe, seed: int, heads_id: str) -> Meta:
    return Meta(
        kind="heads",
        name=heads_id,
        simulated=survey.simulated,
        seed=seed,
        recipe={"survey": survey.name, "run": run.run_id, "heads": {"kind": "SmallHeadsRecipe", **asdict(recipe)}},
        inputs_sha256={"survey": survey.digest, "run": run.digest},
    )
