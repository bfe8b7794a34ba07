"""What a page draws from: a survey, a run of it, and the surveys laid over it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import alignlab
from alignlab.config import Config, load_config
from alignlab.errors import MissingArtefactError
from alignlab.store.artefact import MANIFEST, sweep_partials
from alignlab.store.lab import Lab
from alignlab.store.run import Overlay, Run
from alignlab.store.survey import Survey

DEMO = "demo"


@dataclass(frozen=True, eq=False)
class AppliedSurvey:
    """A survey of real or new sources, seen with the run's frozen models."""

    survey: Survey
    overlay: Overlay


@dataclass(frozen=True, eq=False)
class Workspace:
    """One survey, one of its runs, and what was laid over it."""

    config: Config
    survey: Survey
    run: Run
    overlays: tuple[AppliedSurvey, ...] = ()

    @property
    def is_simulated(self) -> bool:
        """Whether the survey's photons are simulated."""
        return self.survey.simulated

    @property
    def title(self) -> str:
        """Name for a header, with the word that says what it is: ``demo · simulated``."""
        return f"{self.survey.name} · {self.survey.origin}"

    @property
    def provenance(self) -> str:
        """The line under every page: survey, run, seed, number of sources, version."""
        seed = f" · seed {self.run.meta.seed}" if self.run.meta.seed is not None else ""
        origin = f" ({self.survey.origin})" if self.is_simulated else ""
        return (
            f"survey {self.survey.name}{origin} · run {self.run.run_id}{seed} · "
            f"n {self.survey.n_sources:,} · alignlab {alignlab.__version__}"
        )


@dataclass(frozen=True)
class Catalogue:
    """The surveys and runs of one data folder."""

    config: Config = field(default_factory=load_config)

    def survey_names(self) -> list[str]:
        """Names of the published surveys."""
        return _published(self.config.surveys_dir)

    def run_ids(self, survey_name: str) -> list[str]:
        """Ids of the published runs of a survey, oldest first."""
        folder = self.config.runs_dir / survey_name
        sealed = {name: _sealed_ns(folder / name) for name in _published(folder)}
        return sorted((name for name, when in sealed.items() if when), key=lambda name: sealed[name] or 0)

    def survey(self, name: str) -> Survey:
        """Open a survey by name."""
        if name not in self.survey_names():
            raise MissingArtefactError(
                f"There is no survey {name!r} in {self.config.surveys_dir}.",
                remedy=_choices(self.survey_names(), "Build the demo with 'alignlab demo'."),
            )
        return Survey.open(self.config.surveys_dir / name)

    def run(self, run_id: str, *, survey_name: str | None = None) -> Run:
        """Open a run by its id, looking through all surveys unless one is named."""
        surveys = [survey_name] if survey_name else _published(self.config.runs_dir)
        for survey in surveys:
            if run_id in self.run_ids(survey):
                return Run.open(self.config.runs_dir / survey / run_id)
        known = [run for survey in surveys for run in self.run_ids(survey)]
        raise MissingArtefactError(f"There is no run {run_id!r}.", remedy=_choices(known, "Make one: 'alignlab demo'."))

    @cached_property
    def lab(self) -> Lab:
        """The Lab of this data folder."""
        return Lab(self.config.lab_path)

    def active_run_id(self, survey_name: str) -> str | None:
        """The run that pages show: the one chosen in the Lab, else the newest; None where there is none."""
        ids = self.run_ids(survey_name)
        chosen = self.lab.active_run(survey_name)
        if chosen in ids:
            return chosen
        return ids[-1] if ids else None

    def default_survey_name(self) -> str | None:
        """The survey that opens first: the demo, or the first one that has a run; None where there is none."""
        with_runs = [name for name in self.survey_names() if self.run_ids(name)]
        return DEMO if DEMO in with_runs else next(iter(with_runs), None)

    def open_workspace(self, survey_name: str | None = None, run_id: str | None = None) -> Workspace:
        """Open a survey with its active run (or the one named) and every survey applied to that run.

        Raises
        ------
        MissingArtefactError
            If there is no survey or run yet.
        """
        name = survey_name or self.default_survey_name()
        if name is None:
            raise MissingArtefactError("There is no survey with a run yet.", remedy="Build one with 'alignlab demo'.")
        survey = self.survey(name)
        chosen = run_id or self.active_run_id(name)
        if chosen is None:
            raise MissingArtefactError(f"Survey {name!r} has no run.", remedy="It can be applied to another's run.")
        run = self.run(chosen, survey_name=name)
        return Workspace(self.config, survey, run, _applied(self, run))

    def sweep(self) -> list[Path]:
        """Remove what crashed writers left behind."""
        return sweep_partials(self.config.data_dir)


def open_workspace(survey_name: str | None = None, run_id: str | None = None) -> Workspace:
    """Open a workspace in the configured data folder; see `Catalogue.open_workspace`."""
    return Catalogue().open_workspace(survey_name, run_id)


def _applied(catalogue: Catalogue, run: Run) -> tuple[AppliedSurvey, ...]:
    """Overlays whose survey still exists unchanged; one that was rebuilt since must be applied again."""
    applied = []
    for name in run.overlays():
        if name in catalogue.survey_names():
            survey, overlay = catalogue.survey(name), run.overlay(name)
            if overlay.meta.inputs_sha256.get("survey") == survey.digest:
                applied.append(AppliedSurvey(survey, overlay))
    return tuple(applied)


def _published(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("[!.]*") if path.is_dir()) if folder.is_dir() else []


def _sealed_ns(folder: Path) -> int | None:
    """When an artefact was sealed; None where it was not, or has just been deleted."""
    try:
        return (folder / MANIFEST).stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _choices(names: list[str], otherwise: str) -> str:
    return f"Choose one of {', '.join(names)}." if names else otherwise
