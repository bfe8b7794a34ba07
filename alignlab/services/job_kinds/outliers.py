"""Background job: score how strange the sources of a run are, for surveys too large to wait for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from alignlab.config import Config
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.discover.outliers import SCOPES, find_outliers, kept_outliers
from alignlab.services.job_kinds import JobKind
from alignlab.services.job_kinds.trial import run_of, survey_of
from alignlab.store.run import REPRESENTATIONS
from alignlab.training.recipe_base import Recipe


@dataclass(frozen=True, kw_only=True)
class OutliersRecipe(Recipe):
    """Which scores.

    Attributes
    ----------
    representation : {"both", "spectrum_aligned", "text_aligned", "spectrum", "text"}
    scope : {"all", "test"}
    """

    name: str = "outliers"
    representation: str = "both"
    scope: str = "all"

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"representation": REPRESENTATIONS, "scope": SCOPES}
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for this recipe; the scores do not depend on it.",
        "representation": "Which vectors are compared: of both modalities, of one as aligned, or of one before that.",
        "scope": "The sources that are compared with each other: all, or the test split alone.",
    }


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Compute the scores, unless they are kept, and keep them."""
    spec = work.spec
    if (made := existing(spec, config)) is not None:
        return made
    recipe = OutliersRecipe.from_json(spec.recipe)
    find_outliers(
        survey_of(spec, config),
        run_of(spec, config),
        representation=recipe.representation,
        scope=recipe.scope,
        seed=spec.seed,
        on_step=work.on_step(),
    )
    return _result(spec, recipe)


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """The same scores with the same seed, if they are kept."""
    recipe = OutliersRecipe.from_json(spec.recipe)
    kept = kept_outliers(run_of(spec, config), recipe.representation, recipe.scope)
    return _result(spec, recipe) if kept is not None and kept.told["seed"] == spec.seed else None


def estimate_s(recipe: OutliersRecipe, n_sources: int) -> float:
    """Seconds on two cores, roughly."""
    return 3 + n_sources / 10_000


def _result(spec: JobSpec, recipe: OutliersRecipe) -> dict[str, Any]:
    return {"run": spec.run, "survey": spec.survey, "representation": recipe.representation, "scope": recipe.scope}


KIND = JobKind(
    name="outliers",
    label="Outliers",
    summary="Score how strange each source is, by every method and all of them together.",
    recipe=OutliersRecipe,
    presets={
        "All sources, both modalities": OutliersRecipe(),
        "All sources, spectra": OutliersRecipe(representation="spectrum"),
        "Test split, as in the paper": OutliersRecipe(scope="test"),
    },
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
    on_a_run=True,
)
