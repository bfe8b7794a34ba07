"""The runs of a survey as they stand on the shelf: what each is, how good, how large; choosing and deleting them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from alignlab.config import Config
from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.jobs.spec import FINAL_STATES
from alignlab.services.background import Task
from alignlab.services.workspace import Catalogue
from alignlab.store.artefact import MANIFEST, Meta, check_name, manifest_digest, read_manifest, withdraw
from alignlab.store.run import Run

_JOBS_LOOKED_AT = 1000


@dataclass(frozen=True, kw_only=True)
class ShelvedRun:
    """One run of a survey.

    Attributes
    ----------
    run_id, survey : str
    folder : Path
    created_utc : str
        ISO 8601; empty where the run cannot be read.
    seed : int or None
    recipe : dict
        How it was made.
    dimension : int
        Of its shared space; 0 where the run cannot be read.
    metrics : dict
        Its figures; empty where it has none.
    disk_bytes : int
        Everything in its folder: maps and the surveys that it was applied to as well.
    is_active : bool
        Whether pages show it.
    problem : str
        Why it cannot be used, with the remedy; empty where it can.
    """

    run_id: str
    survey: str
    folder: Path
    created_utc: str = ""
    seed: int | None = None
    recipe: dict[str, Any] = field(default_factory=dict)
    dimension: int = 0
    metrics: dict[str, Any] = field(default_factory=dict)
    disk_bytes: int = 0
    is_active: bool = False
    problem: str = ""

    def figure(self, *path: str) -> Any:
        """A figure by its place in `metrics`, such as ``("retrieval", "median_rank")``; None where there is none."""
        value: Any = self.metrics
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    @property
    def n_members(self) -> int:
        """How many pairs of heads answer together: 1 unless it is an ensemble."""
        return int((self.recipe.get("ensemble") or {}).get("members", 1))


@dataclass(frozen=True, kw_only=True)
class DiskUse:
    """Bytes in the data folder, and bytes left on its disk."""

    surveys: int
    runs: int
    jobs: int
    free: int


def list_runs(catalogue: Catalogue, survey: str) -> list[ShelvedRun]:
    """The published runs of a survey, the newest first; what cannot be read is listed with its problem, last.

    A run that is being written, or deleted, is not there.
    """
    folder = catalogue.config.runs_dir / survey
    active = catalogue.active_run_id(survey)
    found = [_shelved(path, survey, is_active=path.name == active) for path in folder.glob("[!.]*") if path.is_dir()]
    return sorted(found, key=lambda run: (run.created_utc, run.run_id), reverse=True)


def shelved_run(catalogue: Catalogue, run_id: str, *, survey: str | None = None) -> ShelvedRun:
    """One run by its id, looking through all surveys unless one is named; it may be damaged.

    Raises
    ------
    MissingArtefactError
        If there is none of that name.
    """
    check_name(run_id)
    for folder in sorted(catalogue.config.runs_dir.glob(f"{survey or '[!.]*'}/{run_id}")):
        name = folder.parent.name
        return _shelved(folder, name, is_active=run_id == catalogue.active_run_id(name))
    where = f" of survey {survey!r}" if survey else ""
    raise MissingArtefactError(f"There is no run {run_id!r}{where}.", remedy="List them with 'alignlab runs'.")


def disk_use(config: Config) -> DiskUse:
    """How much room surveys, runs and jobs take, and how much is left."""
    return DiskUse(
        surveys=size_of(config.surveys_dir),
        runs=size_of(config.runs_dir),
        jobs=size_of(config.jobs_dir),
        free=shutil.disk_usage(config.data_dir).free,
    )


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder and below it; what vanishes meanwhile does not count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def promote(catalogue: Catalogue, survey: str, run_id: str) -> str | None:
    """Make a run the one that every page shows; returns the one that was shown before, None where it is the same.

    Raises
    ------
    AlignlabError
        If it is missing, damaged, or was made from another version of the survey: nothing has changed then.
    """
    run = shelved_run(catalogue, run_id, survey=survey)
    if run.problem:
        raise AlignlabError(f"Run {run_id!r} cannot be shown. {run.problem}")
    before = catalogue.active_run_id(survey)
    catalogue.lab.set_active_run(survey, run_id, instead_of=before)
    return before if before != run_id else None


def previous_run_id(catalogue: Catalogue, survey: str) -> str | None:
    """The run that was shown before the present one, if it is still there."""
    before = catalogue.lab.previous_run(survey)
    return before if before in catalogue.run_ids(survey) and before != catalogue.active_run_id(survey) else None


def not_laid_over(catalogue: Catalogue, survey: str) -> list[str]:
    """Surveys that lie over the run that was shown before, and not yet over the one that is shown."""
    before, now = previous_run_id(catalogue, survey), catalogue.active_run_id(survey)
    if before is None or now is None:
        return []
    shown, earlier = (catalogue.config.runs_dir / survey / run_id / "applied" for run_id in (now, before))
    names = sorted(path.name for path in earlier.glob("[!.]*"))
    return [name for name in names if name in catalogue.survey_names() and not (shown / name).is_dir()]


def lay_over(catalogue: Catalogue, survey: str, targets: Sequence[str]) -> None:
    """Have surveys laid over the run that is shown, each by a job in the background.

    Raises
    ------
    AlignlabError
        If a job cannot be submitted.
    """
    # Imported here: kinds of jobs know recipes, and these torch, which a list of runs need not wait for.
    from alignlab.services.job_kinds.apply import ApplyRecipe
    from alignlab.services.jobs import submit

    run_id = catalogue.active_run_id(survey) or ""
    for target in targets:
        submit("apply", ApplyRecipe(target=target), config=catalogue.config, survey=survey, run=run_id)


def why_kept(catalogue: Catalogue, run: ShelvedRun) -> str:
    """Why a run must not be deleted now, with what to do; empty where it may be."""
    if run.is_active:
        return f"{run.run_id} is the run that pages show. Show another one first."
    config = catalogue.config
    if any(Task(config, f"{work}-{run.survey}-{run.run_id}").is_running() for work in ("maps", "trust")):
        return f"Maps of {run.run_id} are being computed. Wait for them."
    job = _job_that_needs(config, run)
    return f"Job {job} needs {run.run_id}. Wait for it, or cancel it." if job else ""


def delete_run(catalogue: Catalogue, survey: str, run_id: str) -> int:
    """Delete a run with its maps and all that was laid over it; returns the bytes that are free again.

    It is gone for everybody at once. A page that has it open goes on until it opens it anew.

    Raises
    ------
    AlignlabError
        If it is the active run, something is at work on it, or it does not exist.
    """
    run = shelved_run(catalogue, run_id, survey=survey)
    if reason := why_kept(catalogue, run):
        raise AlignlabError(f"This run was not deleted. {reason}")
    withdraw(run.folder)
    for work in ("maps", "trust"):
        # A later run of the same recipe has the same id: what was told about this one's maps is not true of it.
        Task(catalogue.config, f"{work}-{survey}-{run_id}").forget()
    return run.disk_bytes


def _shelved(folder: Path, survey: str, *, is_active: bool) -> ShelvedRun:
    size = size_of(folder)
    try:
        meta = read_manifest(folder, "run")
        metrics, dimension = _facts(folder, (folder / MANIFEST).stat().st_mtime_ns)
    except AlignlabError as error:
        return ShelvedRun(
            run_id=folder.name, survey=survey, folder=folder, disk_bytes=size, is_active=is_active, problem=str(error)
        )
    return ShelvedRun(
        run_id=folder.name,
        survey=survey,
        folder=folder,
        created_utc=meta.created_utc,
        seed=meta.seed,
        recipe=meta.recipe,
        dimension=dimension,
        metrics=metrics,
        disk_bytes=size,
        is_active=is_active,
        problem=_stale(meta, folder),
    )


@lru_cache(maxsize=512)
def _facts(folder: Path, written_ns: int) -> tuple[dict[str, Any], int]:
    """Figures and dimension of a run, read once: a run never changes."""
    del written_ns  # only there to be part of the key
    run = Run.open(folder)
    try:
        return run.metrics, run.shared_dimension
    finally:
        run.close()


def _stale(meta: Meta, folder: Path) -> str:
    """What is wrong where the survey has been replaced since: the run's rows are then other sources."""
    made_from = meta.inputs_sha256.get("survey")
    survey = folder.parents[2] / "surveys" / folder.parent.name
    if made_from is None or not (survey / MANIFEST).is_file() or made_from == manifest_digest(survey):
        return ""
    return f"It was made from another version of survey {folder.parent.name!r}. Train it again, then delete this one."


def _job_that_needs(config: Config, run: ShelvedRun) -> str:
    """Id of a job that has not ended and works with the run, or has it from one of its parts; empty for none."""
    # Imported here: kinds of jobs know recipes, and these torch, which a list of runs need not wait for.
    from alignlab.services.jobs import jobs

    for job in jobs(config, survey=run.survey, limit=_JOBS_LOOKED_AT):
        if job.state in FINAL_STATES:
            continue
        if job.spec.run == run.run_id or any(
            part.result.get("run") == run.run_id for part in jobs(config, parent=job.id, limit=_JOBS_LOOKED_AT)
        ):
            return job.id
    return ""
