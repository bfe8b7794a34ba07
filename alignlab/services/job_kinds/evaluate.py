"""Background job: compute parts of a run's evaluation and keep them beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from alignlab.config import Config
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.evaluate import PARTS, EvaluationContext, part
from alignlab.services.job_kinds import JobKind
from alignlab.services.job_kinds.trial import run_of, survey_of
from alignlab.training.recipe_base import Recipe

QUICK, ALL = "quick", "all"


@dataclass(frozen=True, kw_only=True)
class EvaluateRecipe(Recipe):
    """What to compute.

    Attributes
    ----------
    part : str
        One part, ``quick`` for those that train nothing, or ``all``.
    split : {"test", "validation"}
    """

    name: str = "evaluate"
    part: str = QUICK
    split: str = "test"

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "part": (QUICK, ALL, *PARTS),
        "split": ("test", "validation"),
    }
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for this recipe; the figures do not depend on it.",
        "part": "Which figures: one part, those that train nothing (quick), or all.",
        "split": "The sources that are asked about.",
    }

    @property
    def parts(self) -> list[str]:
        """Names of the parts."""
        if self.part in PARTS:
            return [self.part]
        return [name for name in PARTS if self.part == ALL or part(name).is_quick]


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Compute the parts that are not there; those that a kill left are not computed again."""
    from alignlab.services.evaluate.kept import evaluate_parts

    recipe, context = EvaluateRecipe.from_json(work.spec.recipe), _context(work.spec, config)
    evaluate_parts(context, _parts(recipe, context), on_step=work.on_step())
    return _result(work.spec, recipe)


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """All its parts, if each is kept."""
    from alignlab.services.evaluate.kept import kept_figures

    recipe, context = EvaluateRecipe.from_json(spec.recipe), _context(spec, config)
    is_there = all(kept_figures(context.run, name, split=recipe.split) for name in _parts(recipe, context))
    return _result(spec, recipe) if is_there else None


def estimate_s(recipe: EvaluateRecipe, n_sources: int) -> float:
    """Seconds on two cores, roughly."""
    return sum(part(name).estimate_s(n_sources) for name in recipe.parts)


def _parts(recipe: EvaluateRecipe, context: EvaluationContext) -> list[str]:
    return recipe.parts if recipe.part in PARTS else [name for name in recipe.parts if part(name).applies(context)]


def _context(spec: JobSpec, config: Config) -> EvaluationContext:
    survey, run, split = survey_of(spec, config), run_of(spec, config), EvaluateRecipe.from_json(spec.recipe).split
    return EvaluationContext(config=config, survey=survey, run=run, split=split, seed=spec.seed)


def _result(spec: JobSpec, recipe: EvaluateRecipe) -> dict[str, Any]:
    return {"run": spec.run, "survey": spec.survey, "evaluated": recipe.part, "split": recipe.split}


KIND = JobKind(
    name="evaluate",
    label="Evaluation",
    summary="Compute what the paper reports of a run, and how sure it is.",
    recipe=EvaluateRecipe,
    presets={"Without training": EvaluateRecipe(), "Everything": EvaluateRecipe(part=ALL)},
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
    on_a_run=True,
)
