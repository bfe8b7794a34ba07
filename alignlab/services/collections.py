"""Collections as a person sees them: what each holds, what comes next, and which keys are there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alignlab.config import Config
from alignlab.jobs.spec import Job
from alignlab.services.gather.stage import StagePlan
from alignlab.services.gather.stages import STAGES, STAGES_FACT, Stage
from alignlab.services.gather.words import size
from alignlab.services.job_kinds import job_kind
from alignlab.services.jobs import jobs, submit
from alignlab.services.run_shelf import lay_over
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.artefact import MANIFEST, read_manifest
from alignlab.store.collection import PLACES, collection_names, open_collection

#: Variable of the environment → what is not possible without it.
KEYS: Mapping[str, str] = {
    "ALIGNLAB_ADS_TOKEN": "papers cannot be asked for",
    "OPENAI_API_KEY": "no language model can be asked",
}


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """A collection.

    Attributes
    ----------
    name : str
    counts : dict of str to int
        Place → rows.
    next_stage : Stage or None
        The first that has not ended; None where the survey has been made.
    is_begun : bool
        Whether that stage was begun.
    surveys : tuple of str
        Surveys that were made of it.
    """

    name: str
    counts: dict[str, int]
    next_stage: Stage | None
    is_begun: bool
    surveys: tuple[str, ...]


def list_collections(config: Config) -> list[Gathered]:
    """All collections, by name."""
    made_of = _surveys_by_collection(config)
    return [_gathered(config, name, made_of.get(name, ())) for name in collection_names(config)]


def gathering_jobs(config: Config) -> list[Job]:
    """The newest jobs that make a collection or a survey."""
    return [job for job in jobs(config) if job_kind(job.spec.kind).makes_a_survey]


def not_yet_seen(config: Config, collections: Sequence[Gathered]) -> list[str]:
    """Surveys that were made of collections and that no run has been trained on or laid over."""
    laid_over = {path.name for path in config.runs_dir.glob("*/*/applied/[!.]*")}
    trained_on = {path.parent.name for path in config.runs_dir.glob("*/[!.]*")}
    return [name for each in collections for name in each.surveys if name not in laid_over | trained_on]


def lay_over_map(workspace: Workspace, survey: str) -> str:
    """Have a survey laid over the run that is shown, in the background; what was begun, in words."""
    lay_over(Catalogue(workspace.config), workspace.survey.name, [survey])
    return f"{survey} is being laid over the map."


def train_on(config: Config, survey: str) -> str:
    """Have heads trained on a survey with the paper's recipe, in the background; what was begun, in words."""
    kind = job_kind("align")
    submitted = submit("align", next(iter(kind.presets.values())), config=config, survey=survey)
    return f"A run of {survey} exists already." if submitted.result else f"Heads are being trained on {survey}."


def absent_keys() -> dict[str, str]:
    """Variables of the environment that are not set → what is not possible without them."""
    return {name: why for name, why in KEYS.items() if not os.environ.get(name)}


def lack_of_room(config: Config, plans: Iterable[StagePlan]) -> str:
    """That what is planned does not fit on the disk, in words; empty where it does."""
    wanted, free = sum(plan.n_bytes or 0 for plan in plans), shutil.disk_usage(config.data_dir).free
    return (
        "" if wanted < free else f"That is {size(wanted)}, and {size(free)} are free on the disk of {config.data_dir}."
    )


def _gathered(config: Config, name: str, surveys: tuple[str, ...]) -> Gathered:
    collection = open_collection(config, name)
    told: dict[str, dict[str, Any]] = collection.fact(STAGES_FACT) or {}
    unended = (stage for stage in STAGES.values() if "ended_utc" not in told.get(stage.name, {}))
    following = next(unended, None)
    return Gathered(
        name=name,
        counts={place: collection.count(place) for place in PLACES},
        next_stage=following,
        is_begun=following is not None and following.name in told,
        surveys=surveys,
    )


def _surveys_by_collection(config: Config) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(config.surveys_dir.glob(f"[!.]*/{MANIFEST}")):
        made_of = read_manifest(path.parent, "survey").recipe.get("collection")
        if made_of:
            found[made_of] = (*found.get(made_of, ()), path.parent.name)
    return found
