"""Background job: make a survey of files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from alignlab.config import Config
from alignlab.errors import RecipeError
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.ingest import check_free
from alignlab.services.ingest_files import READERS, file_reader, ingest_files, with_whole_paths
from alignlab.services.job_kinds import JobKind
from alignlab.store.survey import Survey
from alignlab.training.recipe_base import Recipe

#: Seconds to read and measure a source.
_SOURCE_S = 0.2
#: Left in the job's folder once the name was seen to be free: a survey of that name is then the job's own.
_BEGUN = "begun"


@dataclass(frozen=True, kw_only=True)
class FilesRecipe(Recipe):
    """Which files, and how they are read.

    Attributes
    ----------
    reader : str
        One of `alignlab.services.ingest_files.READERS`.
    settings : dict
        Of the reader, as JSON; paths from the root on, where the worker can read them.
    replace : bool
        Put the survey in the place of one of its name.
    """

    name: str = "files"
    reader: str = "ogip"
    settings: dict[str, Any] = field(default_factory=dict)
    replace: bool = False

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"reader": tuple(READERS)}
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for this recipe; the survey does not depend on it.",
        "reader": "What reads the files.",
        "settings": "Values of the reader's settings.",
        "replace": "Put the survey in the place of one of its name.",
    }

    def _check_together(self) -> None:
        if not isinstance(self.settings, dict):
            raise RecipeError(f"settings must be a JSON object, not {self.settings!r}")

    @classmethod
    def of(cls, reader: str, settings: Recipe, *, replace: bool = False) -> Self:
        """The recipe that reads these files with these settings."""
        return cls(
            name=reader, reader=reader, settings=json.loads(with_whole_paths(settings).to_json()), replace=replace
        )

    def of_reader(self) -> Recipe:
        """The settings of the reader."""
        return file_reader(self.reader).settings.from_json(self.settings)


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Read and publish, unless a process that was killed after that has done so."""
    recipe, name = FilesRecipe.from_json(work.spec.recipe), work.spec.survey
    begun = work.folder / _BEGUN
    if begun.exists() and not recipe.replace and (config.surveys_dir / name).exists():
        return _result(Survey.open(config.surveys_dir / name))
    check_free(name, config, recipe.replace)
    begun.touch()
    outcome = ingest_files(
        recipe.reader,
        recipe.of_reader(),
        name=name,
        config=config,
        replace=recipe.replace,
        checkpoint=work.folder,
        on_step=work.on_step(),
    )
    for told in (*outcome.problems, *outcome.notes):
        work.log(told)
    return {**_result(outcome.survey), "n_problems": len(outcome.problems)}


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """Nothing: files may have changed.

    Raises
    ------
    AlignlabError
        If a setting cannot be.
    """
    recipe = FilesRecipe.from_json(spec.recipe)
    recipe.of_reader()
    return None


def estimate_s(recipe: FilesRecipe, n_sources: int) -> float:
    """Seconds on two cores, roughly."""
    return _SOURCE_S * n_sources


def _result(survey: Survey) -> dict[str, Any]:
    try:
        return {"collection": survey.name, "survey": survey.name, "n_sources": survey.n_sources}
    finally:
        survey.close()


KIND = JobKind(
    name="ingest-files",
    label="Read files",
    summary="Make a survey of files that lie where the worker can read them.",
    recipe=FilesRecipe,
    presets={"Spectra": FilesRecipe()},
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
    makes_a_survey=True,
)
