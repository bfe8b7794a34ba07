"""Background job: gather from archives, stage after stage, and make a survey of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

from alignlab.config import Config
from alignlab.errors import RecipeError
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.gather.stage import StageOutcome
from alignlab.services.gather.stages import STAGES, Settings, Stage, run_stages, stage
from alignlab.services.job_kinds import JobKind
from alignlab.training.recipe_base import Recipe

#: Seconds that a source takes from the archives to the survey: downloads and summaries, mostly.
_SOURCE_S = 3.0


@dataclass(frozen=True, kw_only=True)
class IngestRecipe(Recipe):
    """Which stages, and how each is done. No token is ever in it: a worker takes those from its environment.

    Attributes
    ----------
    stages : tuple of str
        Names in `alignlab.services.gather.stages.STAGES`.
    settings : dict
        Stage → values that differ from its defaults, as JSON.
    """

    name: str = "real"
    stages: tuple[str, ...] = tuple(STAGES)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"stages": tuple(STAGES)}
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for this recipe; the survey does not depend on it.",
        "stages": "What is done, in the order from the archives to the survey.",
        "settings": "Values of the stages' settings, by stage.",
    }

    def _check_together(self) -> None:
        if not isinstance(self.settings, Mapping):
            raise RecipeError(f"settings must be a JSON object by stage, not {self.settings!r}")
        if further := set(self.settings) - set(self.stages):
            raise RecipeError(f"settings are given for {', '.join(sorted(further))}, which is not among the stages")

    @classmethod
    def of(cls, settings: Settings, *, name: str = "real") -> Self:
        """The recipe that does these stages with these settings."""
        stages = tuple(each for each in STAGES if each in settings)
        return cls(name=name, stages=stages, settings={each: _changed(settings[each]) for each in stages})

    def of_stages(self) -> dict[str, Recipe]:
        """The settings of each stage.

        Raises
        ------
        RecipeError
            If one has an unknown field or a value out of range.
        """
        return {name: stage(name).settings.from_json(self.settings.get(name, {})) for name in self.stages}


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Go through the stages; one that a kill has interrupted goes on from its last answer."""
    recipe = IngestRecipe.from_json(work.spec.recipe)

    def tell(each: Stage, outcome: StageOutcome) -> None:
        work.log(f"{each.label}: {outcome.n_there} {outcome.what}, {outcome.n_new} of them new")
        for problem in outcome.problems:
            work.log(f"{each.label}: {problem}")

    settings = recipe.of_stages()
    outcomes = run_stages(work.spec.survey, settings, config=config, on_step=work.on_step(), on_outcome=tell)
    made = str(outcomes["assemble"].facts["survey"]) if "assemble" in outcomes else ""
    told = {name: {**asdict(outcome), "problems": len(outcome.problems)} for name, outcome in outcomes.items()}
    return {"collection": work.spec.survey, "survey": made, "outcomes": told}


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """Nothing: what an archive has today is not what it had; a stage asks only for what it has not.

    Raises
    ------
    RecipeError
        If a stage's settings cannot be.
    """
    IngestRecipe.from_json(spec.recipe).of_stages()
    return None


def estimate_s(recipe: IngestRecipe, n_sources: int) -> float:
    """Seconds, very roughly: archives answer as they like."""
    return _SOURCE_S * n_sources * sum(STAGES[name].share for name in recipe.stages)


def _changed(settings: Recipe) -> dict[str, Any]:
    """The values that are not the defaults."""
    given, usual = (json.loads(each.to_json()) for each in (settings, type(settings)()))
    return {key: value for key, value in given.items() if value != usual[key]}


KIND = JobKind(
    name="ingest",
    label="Collect",
    summary="Gather sources, spectra and papers from the archives and make a survey of them.",
    recipe=IngestRecipe,
    presets={"From the archives to the survey": IngestRecipe()},
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
    makes_a_survey=True,
)
