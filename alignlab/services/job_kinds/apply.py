"""Background job: see another survey with a run's frozen models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from alignlab.config import Config
from alignlab.errors import RecipeError
from alignlab.jobs.spec import JobError, JobSpec
from alignlab.jobs.work import Work
from alignlab.services.job_kinds import JobKind
from alignlab.services.job_kinds.trial import run_of, survey_of
from alignlab.services.workspace import Catalogue
from alignlab.store.artefact import check_name
from alignlab.training.recipe_base import Recipe

#: Seconds to encode and decode 10,000 spectra on two cores.
_ENCODE_S = 20.0


@dataclass(frozen=True, kw_only=True)
class ApplyRecipe(Recipe):
    """Which survey to see with the run.

    Attributes
    ----------
    target : str
        Name of the survey; the job's own survey is the one that the run was trained on.
    """

    name: str = "apply"
    target: str = "real-chandra"

    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for this recipe; the result does not depend on it.",
        "target": "Name of the survey that is laid over the run's own.",
    }

    def _check_together(self) -> None:
        if not isinstance(self.target, str) or not self.target:
            raise RecipeError(f"target must name a survey, not {self.target!r}")
        check_name(self.target)


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Encode, estimate and publish beside the run, unless that has been done."""
    # Imported here: pages that only name the kinds need not wait for torch.
    from alignlab.services.apply import apply_run

    if (done := existing(work.spec, config)) is not None:
        return done
    recipe = ApplyRecipe.from_json(work.spec.recipe)
    target = Catalogue(config).survey(recipe.target)
    apply_run(run_of(work.spec, config), survey_of(work.spec, config), target, on_step=work.on_step())
    return _result(work.spec, recipe)


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """The run's view of the survey as it is now, if there is one."""
    recipe, run = ApplyRecipe.from_json(spec.recipe), run_of(spec, config)
    target = Catalogue(config).survey(recipe.target)
    if target.digest == spec.survey_digest:
        raise JobError(f"{recipe.target!r} is the survey that run {spec.run!r} was trained on: nothing to apply.")
    if recipe.target not in run.overlays():
        return None
    inputs = run.overlay(recipe.target).meta.inputs_sha256
    return _result(spec, recipe) if inputs == {"survey": target.digest, "run": run.digest} else None


def estimate_s(recipe: ApplyRecipe, n_sources: int) -> float:
    """Seconds on two cores, roughly, for a target of `n_sources`."""
    return 5.0 + _ENCODE_S * n_sources / 10_000


def _result(spec: JobSpec, recipe: ApplyRecipe) -> dict[str, Any]:
    return {"run": spec.run, "survey": spec.survey, "applied": recipe.target}


KIND = JobKind(
    name="apply",
    label="Apply to a survey",
    summary="See the sources of another survey with a run's frozen models.",
    recipe=ApplyRecipe,
    presets={"To the real Chandra sources": ApplyRecipe()},
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
    on_a_run=True,
)
