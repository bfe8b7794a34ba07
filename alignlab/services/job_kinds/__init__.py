"""The kinds of background jobs, one module each, imported only when a job of that kind is wanted."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alignlab.config import Config
from alignlab.jobs.spec import JobError, JobSpec
from alignlab.jobs.work import Work
from alignlab.training.recipe_base import Recipe

#: Kind → module with a `KIND`.
KINDS: Mapping[str, str] = {
    "align": "alignlab.services.job_kinds.align",
    "ensemble": "alignlab.services.job_kinds.ensemble",
    "search": "alignlab.services.job_kinds.search",
    "encoder": "alignlab.services.job_kinds.encoder",
    "small-heads": "alignlab.services.job_kinds.small_heads",
    "project": "alignlab.services.job_kinds.project",
    "apply": "alignlab.services.job_kinds.apply",
    "evaluate": "alignlab.services.job_kinds.evaluate",
    "outliers": "alignlab.services.job_kinds.outliers",
    "clusters": "alignlab.services.job_kinds.clusters",
    "ingest": "alignlab.services.job_kinds.ingest",
    "ingest-files": "alignlab.services.job_kinds.ingest_files",
}
#: Kinds that are never submitted by themselves, only as parts of other jobs.
PART_KINDS: Mapping[str, str] = {"trial": "alignlab.services.job_kinds.trial"}

#: Results of the parts of a job, one list per round of its plan.
Rounds = Sequence[Sequence[dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """What must be known about a kind of job.

    Attributes
    ----------
    name : str
        Its key in `KINDS` or `PART_KINDS`.
    label, summary : str
        For a person: two or three words, and one sentence.
    recipe : type
        Class of its recipe.
    presets : mapping of str to recipe
        Name, as a person reads it, to recipe; the first is the default.
    perform : callable
        ``perform(work, config) -> result``: does the work in a process of its own. Killed at any moment and called
        again, it must go on from its checkpoint, publish its result exactly once and return it.
    existing : callable
        ``existing(spec, config) -> result or None``: what an identical job has made already.
    estimate_s : callable
        ``estimate_s(recipe, n_sources) -> seconds`` on two cores, roughly.
    plan : callable or None
        ``plan(spec, rounds, config) -> specs`` of the next round of parts, given the results of the earlier rounds; an
        empty list when no more are needed and `perform` may combine them. None for a job without parts.
    on_a_run : bool
        Whether it works on a run instead of making one.
    makes_a_survey : bool
        Whether it needs no survey: a spec of it names the collection or the survey that it makes, without a digest.
    """

    name: str
    label: str
    summary: str
    recipe: type[Recipe]
    presets: Mapping[str, Recipe] = field(default_factory=dict)
    perform: Callable[[Work, Config], dict[str, Any]]
    existing: Callable[[JobSpec, Config], dict[str, Any] | None]
    estimate_s: Callable[[Any, int], float]
    plan: Callable[[JobSpec, Rounds, Config], list[JobSpec]] | None = None
    on_a_run: bool = False
    makes_a_survey: bool = False


def job_kind(name: str) -> JobKind:
    """The kind of that name.

    Raises
    ------
    JobError
        If there is none.
    """
    known = {**KINDS, **PART_KINDS}
    if name not in known:
        raise JobError(f"there is no kind of job {name!r}.", remedy=f"Choose one of {', '.join(KINDS)}.")
    kind: JobKind = importlib.import_module(known[name]).KIND
    return kind
