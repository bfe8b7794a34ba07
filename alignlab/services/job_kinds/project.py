"""Background job: compute a map of a run, and find out how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from alignlab.config import Config
from alignlab.jobs.spec import JobSpec
from alignlab.jobs.work import Work
from alignlab.services.job_kinds import JobKind
from alignlab.services.job_kinds.trial import run_of, survey_of
from alignlab.store.projections import METHODS, REPRESENTATIONS
from alignlab.store.run import Run
from alignlab.training.recipe_base import Recipe

#: Seconds for 10,000 sources on two cores; the judging takes as long for every map.
_MAP_S = {"pca": 0.5, "umap": 15.0, "tsne": 25.0}
_JUDGE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class MapRecipe(Recipe):
    """Which map.

    Attributes
    ----------
    representation : {"both", "spectrum_aligned", "text_aligned", "spectrum", "text"}
    method : {"umap", "tsne", "pca"}
    """

    name: str = "map"
    representation: str = "both"
    method: str = "umap"

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"representation": REPRESENTATIONS, "method": METHODS}
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for this recipe; the map does not depend on it.",
        "representation": "Which vectors are laid out: of both modalities, of one as aligned, or of one before that.",
        "method": "How they are brought to two dimensions: neighbourhoods by UMAP or t-SNE, or a linear map by PCA.",
    }


def perform(work: Work, config: Config) -> dict[str, Any]:
    """Compute the map unless it is there, then judge it."""
    # Imported here: pages that only name the kinds need not wait for torch and scikit-learn.
    from alignlab.services.maps import compute_map, judge_map

    recipe, survey, run = MapRecipe.from_json(work.spec.recipe), survey_of(work.spec, config), run_of(work.spec, config)
    pair = (recipe.representation, recipe.method)
    if not _is_there(run, recipe, work.spec.seed):
        compute_map(survey, run, *pair, seed=work.spec.seed, on_step=work.on_step(0.0, 0.7))
    if not run.has_map_quality(*pair):
        judge_map(survey, run, *pair, on_step=work.on_step(0.7, 1.0))
    return _result(work.spec, recipe)


def existing(spec: JobSpec, config: Config) -> dict[str, Any] | None:
    """The same map from the same random start, if it has been judged too."""
    recipe, run = MapRecipe.from_json(spec.recipe), run_of(spec, config)
    is_done = _is_there(run, recipe, spec.seed) and run.has_map_quality(recipe.representation, recipe.method)
    return _result(spec, recipe) if is_done else None


def estimate_s(recipe: MapRecipe, n_sources: int) -> float:
    """Seconds on two cores, roughly."""
    return (_MAP_S[recipe.method] + _JUDGE_S) * n_sources / 10_000


def _is_there(run: Run, recipe: MapRecipe, seed: int) -> bool:
    pair = (recipe.representation, recipe.method)
    return run.has_projection(*pair) and run.projection(*pair).parameters.get("seed") == seed


def _result(spec: JobSpec, recipe: MapRecipe) -> dict[str, Any]:
    return {"run": spec.run, "survey": spec.survey, "representation": recipe.representation, "method": recipe.method}


KIND = JobKind(
    name="project",
    label="Map",
    summary="Lay the sources of a run out on a plane, and find out how far the map can be trusted.",
    recipe=MapRecipe,
    presets={
        "UMAP of both": MapRecipe(),
        "t-SNE of both": MapRecipe(method="tsne"),
        "PCA of both": MapRecipe(method="pca"),
    },
    perform=perform,
    existing=existing,
    estimate_s=estimate_s,
    on_a_run=True,
)
