"""Maps: computing them, reading them, and placing the sources of other surveys on them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.analysis.map_quality import MapQuality
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, part_of, report
from alignlab.services.background import Progress, Task
from alignlab.services.discover.map_findings import MapFindings, map_findings
from alignlab.services.sources import overlay_representation, representation_latents
from alignlab.services.workspace import AppliedSurvey, Workspace
from alignlab.store.run import METHODS, REPRESENTATIONS, Projection, Run
from alignlab.store.survey import Survey

METHOD_LABELS = {"pca": "PCA", "umap": "UMAP", "tsne": "t-SNE"}
#: Computed without being asked for, in this order, once a run exists.
FIRST_MAPS = (("both", "umap"), ("both", "tsne"))
#: What a run gets at its birth, since it costs nothing.
INSTANT_METHOD = "pca"
#: Size of the neighbourhoods by which a map is judged; less than half of the sources where there are few.
JUDGED_BY = 15
_FEWEST_TO_JUDGE = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class OverlayPoints:
    """Sources of another survey on a map.

    Attributes
    ----------
    survey_name : str
    simulated : bool
    sources : DataFrame
        Their rows of that survey.
    x, y : ndarray of float32, shape (m,)
    variables : ndarray of float32, shape (m, 20)
        Measured, NaN where missing.
    novelty_percent : ndarray of float32, shape (m,)
        How far each lies from what the run was trained on, in percent of the training sources.
    """

    survey_name: str
    simulated: bool
    sources: pd.DataFrame
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    variables: NDArray[np.float32]
    novelty_percent: NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class MapTable:
    """A map with everything that can colour it; row *i* is source *i*.

    Attributes
    ----------
    representation, method : str
    x, y : ndarray of float32, shape (n,)
    variables : ndarray of float32, shape (n, 20)
        NaN where missing.
    sources : DataFrame
        The survey's table of sources.
    overlays : tuple of OverlayPoints
    parameters : dict
        How the map was made, and its figures.
    quality : MapQuality or None
        How far the map can be trusted at each source; None until it has been found out.
    findings : MapFindings
        Kept clusters and outlier scores of the run.
    """

    representation: str
    method: str
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    variables: NDArray[np.float32]
    sources: pd.DataFrame
    overlays: tuple[OverlayPoints, ...]
    parameters: dict[str, object]
    quality: MapQuality | None = None
    findings: MapFindings = field(default_factory=MapFindings)


def map_table(workspace: Workspace, representation: str = "both", method: str = INSTANT_METHOD) -> MapTable:
    """Read a map of the workspace's run, with the surveys that were applied to it.

    Raises
    ------
    MissingArtefactError
        If this map has not been computed; PCA maps are computed on the spot.
    """
    survey, run = workspace.survey, workspace.run
    if method == INSTANT_METHOD and not run.has_projection(representation, method):
        compute_map(survey, run, representation, method)
    projection = run.projection(representation, method)
    return MapTable(
        representation=representation,
        method=method,
        x=np.ascontiguousarray(projection.coordinates[:, 0]),
        y=np.ascontiguousarray(projection.coordinates[:, 1]),
        variables=survey.variables,
        sources=survey.sources,
        overlays=tuple(_place(workspace, projection, applied) for applied in workspace.overlays),
        parameters=projection.parameters,
        quality=stored_quality(run, representation, method),
        findings=map_findings(run),
    )


def stored_quality(run: Run, representation: str, method: str) -> MapQuality | None:
    """How far a map can be trusted; None while that has not been computed."""
    known = run.has_map_quality(representation, method)
    return run.map_quality(representation, method) if known else None


def compute_map(
    survey: Survey, run: Run, representation: str, method: str, *, seed: int = 0, on_step: OnStep | None = None
) -> None:
    """Compute a map and publish it beside the run.

    Parameters
    ----------
    representation, method : str
        See `REPRESENTATIONS` and `METHODS`.
    seed : int
        Of the method's random start.
    """
    # Imported here: scikit-learn and torch take seconds, which reading a finished map need not wait for.
    import torch

    from alignlab.analysis.projections import pca, tsne_map, umap_map

    latents = representation_latents(survey, run, representation)
    arrays: dict[str, NDArray] = {}
    parameters: dict[str, object] = {"seed": seed, "n": len(latents)}
    if method == "pca":
        linear = pca(latents, seed=seed)
        coordinates = linear.coordinates
        arrays = {"mean": linear.mean, "components": linear.components}
        parameters["explained_variance_ratio"] = [round(float(v), 4) for v in linear.explained_variance_ratio]
    elif method == "umap":
        coordinates = umap_map(latents, seed=seed, on_step=on_step)
    elif method == "tsne":
        coordinates = tsne_map(latents, seed=seed, n_jobs=torch.get_num_threads(), on_step=on_step)
    else:
        raise AlignlabError(f"There is no map by {method!r}.", remedy=f"Choose one of {', '.join(METHODS)}.")
    run.add_projection(
        Projection(
            representation=representation,
            method=method,
            coordinates=coordinates,
            arrays=arrays,
            parameters=parameters,
        )
    )


def judge_map(survey: Survey, run: Run, representation: str, method: str, *, on_step: OnStep | None = None) -> None:
    """Find out how far a map can be trusted (see `map_quality`) and publish that beside it."""
    from alignlab.analysis.map_quality import map_quality

    coordinates = run.projection(representation, method).coordinates
    k = min(JUDGED_BY, (len(coordinates) - 1) // 2)
    quality = map_quality(representation_latents(survey, run, representation), coordinates, k=k, on_step=on_step)
    run.add_map_quality(representation, method, quality)


def unjudged_maps(survey: Survey, run: Run) -> list[tuple[str, str]]:
    """The maps of a run, as (representation, method), of which it is not known how far they can be trusted."""
    if survey.n_sources < _FEWEST_TO_JUDGE:
        return []
    in_order = sorted(run.projections(), key=lambda pair: pair not in FIRST_MAPS)
    return [pair for pair in in_order if not run.has_map_quality(*pair)]


def compute_maps(
    survey: Survey,
    run: Run,
    maps: tuple[tuple[str, str], ...],
    *,
    judge: bool = True,
    on_step: OnStep | None = None,
) -> None:
    """Compute those of `maps` (representation, method) that do not exist yet, publishing each as it is ready.

    With `judge`, find out afterwards how far each map of the run can be trusted where that is not known yet.
    """
    missing = [pair for pair in maps if not run.has_projection(*pair)]
    for number, (representation, method) in enumerate(missing):
        report(on_step, number, len(missing), _name_of(representation, method))
        share = part_of(on_step, number / len(missing), (number + 1) / len(missing))
        compute_map(survey, run, representation, method, on_step=share)
    if judge:
        judge_maps(survey, run, on_step=on_step)


def judge_maps(survey: Survey, run: Run, *, on_step: OnStep | None = None) -> None:
    """Find out how far each of a run's maps can be trusted where that is not known yet, publishing each at once."""
    unjudged = unjudged_maps(survey, run)
    for number, (representation, method) in enumerate(unjudged):
        info = f"trust in {_name_of(representation, method)}"
        report(on_step, number, len(unjudged), info)
        share = part_of(on_step, number / len(unjudged), (number + 1) / len(unjudged))
        judge_map(survey, run, representation, method, on_step=_renamed(share, info))


def maps_task(workspace: Workspace) -> Task:
    """The background task that computes maps of the workspace's run."""
    return Task(workspace.config, f"maps-{workspace.survey.name}-{workspace.run.run_id}")


def judging_task(workspace: Workspace) -> Task:
    """The background task that judges them: another one, so that a map that is asked for never waits for it."""
    return Task(workspace.config, f"trust-{workspace.survey.name}-{workspace.run.run_id}")


def start_missing_maps(
    workspace: Workspace, maps: tuple[tuple[str, str], ...] | None = None, *, retry: bool = False
) -> Progress | None:
    """Make sure that `maps` exist or are being computed in the background.

    Parameters
    ----------
    maps : tuple of (representation, method), optional
        By default `FIRST_MAPS`, and when they exist, how far each map of the run can be trusted.
    retry : bool
        Start again although the last attempt failed.

    Returns
    -------
    Progress or None
        How far the background work is, or None when there is none left. A failure is told until somebody asks for
        another attempt, never retried on its own.
    """
    survey, run = workspace.survey, workspace.run
    missing = [pair for pair in maps or FIRST_MAPS if not run.has_projection(*pair)]
    if missing:
        wanted = [f"{representation}:{method}" for representation, method in missing]
        return _started(maps_task(workspace), _project(workspace, *wanted), retry=retry)
    if (maps is None or retry) and unjudged_maps(survey, run):
        return _started(judging_task(workspace), _project(workspace, "--judge"), retry=retry)
    return None


def _project(workspace: Workspace, *arguments: str) -> list[str]:
    run, survey = workspace.run.run_id, workspace.survey.name
    return ["project", "--background", "--run", run, "--survey", survey, *arguments]


def _started(task: Task, arguments: list[str], *, retry: bool) -> Progress:
    progress = task.progress()
    if not task.is_running() and (retry or not progress.error):
        task.start(arguments)
        progress = task.progress()
    return progress


def _name_of(representation: str, method: str) -> str:
    return f"{METHOD_LABELS.get(method, method)} of {representation}"


def _renamed(on_step: OnStep | None, info: str) -> OnStep | None:
    return None if on_step is None else lambda done, total, _: on_step(done, total, info)


def available_maps(run: Run) -> dict[str, list[str]]:
    """Methods that can be shown now, per representation: what is computed, and PCA always."""
    return {
        representation: [m for m in METHODS if m == INSTANT_METHOD or run.has_projection(representation, m)]
        for representation in REPRESENTATIONS
    }


def be_polite() -> None:
    """Lower this process's priority and leave one core to the pages."""
    import torch

    os.nice(10)
    torch.set_num_threads(max((os.cpu_count() or 2) - 1, 1))


def _place(workspace: Workspace, projection: Projection, applied: AppliedSurvey) -> OverlayPoints:
    """Positions of an applied survey: exact on a linear map, else by its neighbours among the run's sources."""
    usable = overlay_representation(applied.overlay, projection.representation)
    latents = applied.overlay.latents(usable)
    if usable == projection.representation and "components" in projection.arrays:
        positions = (latents - projection.arrays["mean"]) @ projection.arrays["components"].T
    else:
        from alignlab.analysis.projections import place_new

        base = representation_latents(workspace.survey, workspace.run, usable)
        positions = place_new(latents, base, projection.coordinates)
    return OverlayPoints(
        survey_name=applied.survey.name,
        simulated=applied.survey.simulated,
        sources=applied.survey.sources,
        x=np.ascontiguousarray(positions[:, 0], dtype=np.float32),
        y=np.ascontiguousarray(positions[:, 1], dtype=np.float32),
        variables=applied.survey.variables,
        novelty_percent=applied.overlay.novelty_percent,
    )
