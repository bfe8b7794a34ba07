"""Background job: find clusters of a run's sources, one clustering or many side by side, and keep them beside it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from alignlab.config import Config
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.discover.cluster_recipe import ClusterRecipe
from alignlab.services.job_kinds import JobKind
from alignlab.services.job_kinds.trial import run_of, survey_of
from alignlab.services.workspace import Workspace

ONE, SWEEP, COMPARE = "one", "sweep", "compare"


@dataclass(frozen=True, kw_only=True)
class ClusterJobRecipe(ClusterRecipe):
    """What to find.

    Attributes
    ----------
    task : {"one", "sweep", "compare"}
        One clustering, one method over many sizes, or all methods as an earlier study has done it.
    """

    task: str = ONE

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        **ClusterRecipe.CHOICES,
        "task": (ONE, SWEEP, COMPARE),
    }
    MEANINGS: ClassVar[dict[str, str]] = {
        **ClusterRecipe.MEANINGS,
        "task": "One clustering, one method over many sizes (sweep), or all methods on eight and on two classes.",
    }

    @property
    def clusters(self) -> ClusterRecipe:
        """The recipe of the clusters alone."""
        return ClusterRecipe(**{field.name: getattr(self, field.name) for field in fields(ClusterRecipe)})


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Find what is not kept yet."""
    from alignlab.services.discover.cluster_sweep import compare_with_earlier, sweep_clusters
    from alignlab.services.discover.clusters import keep_clusters

    recipe = ClusterJobRecipe.from_json(work.spec.recipe)
    workspace = _workspace(work.spec, config)
    if recipe.task == SWEEP:
        sweep_clusters(workspace, recipe.clusters, on_step=work.on_step())
    elif recipe.task == COMPARE:
        compare_with_earlier(workspace, seed=recipe.seed, on_step=work.on_step())
    else:
        keep_clusters(workspace, recipe.clusters, on_step=work.on_step())
    return _result(work.spec, recipe)


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """What is kept already."""
    from alignlab.services.discover.cluster_sweep import kept_comparison, kept_sweep, n_compared, sweep_sizes
    from alignlab.services.discover.clusters import kept_clusterings

    recipe = ClusterJobRecipe.from_json(spec.recipe)
    workspace = _workspace(spec, config)
    survey, run = workspace.survey, workspace.run
    if recipe.task == SWEEP:
        points = kept_sweep(run, recipe.clusters)
        is_there = len(points) == len(sweep_sizes(recipe, survey.n_sources))
    elif recipe.task == COMPARE:
        is_there = len(kept_comparison(run)) == n_compared(survey)
    else:
        is_there = recipe.clusters.key in kept_clusterings(run)
    return _result(spec, recipe) if is_there else None


def estimate_s(recipe: ClusterJobRecipe, n_sources: int) -> float:
    """Seconds on two cores, roughly."""
    per_thousand = {"kmeans": 0.3, "mixture": 0.8, "hdbscan": 0.2, "agglomerative": 0.15}[recipe.method]
    times = {ONE: 1, SWEEP: 12, COMPARE: 24}[recipe.task]
    return 3 + times * per_thousand * n_sources / 1000


def _workspace(spec: JobSpec, config: Config) -> Workspace:
    return Workspace(config=config, survey=survey_of(spec, config), run=run_of(spec, config), overlays=())


def _result(spec: JobSpec, recipe: ClusterJobRecipe) -> dict[str, Any]:
    what = recipe.clusters.key if recipe.task == ONE else recipe.task
    return {"run": spec.run, "survey": spec.survey, "clusters": what}


KIND = JobKind(
    name="clusters",
    label="Clusters",
    summary="Find groups of a run's sources and hold them against the known classes.",
    recipe=ClusterJobRecipe,
    presets={
        "Twelve by k-means": ClusterJobRecipe(),
        "Sweep over k": ClusterJobRecipe(task=SWEEP),
        "As the earlier study": ClusterJobRecipe(task=COMPARE),
    },
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
    on_a_run=True,
)
