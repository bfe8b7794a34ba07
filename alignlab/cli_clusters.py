"""``alignlab clusters``: groups of a run's sources, from a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alignlab.analysis.clusters import METHODS, SCALINGS
from alignlab.errors import AlignlabError
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.run import REPRESENTATIONS

if TYPE_CHECKING:
    from alignlab.services.discover.cluster_quality import Scope
    from alignlab.services.discover.cluster_recipe import ClusterRecipe


@click.command("clusters")
@click.argument("method", type=click.Choice(list(METHODS)), default="kmeans")
@click.option("-k", default=12, show_default=True, help="How many clusters; HDBSCAN finds their number itself.")
@click.option("--min-cluster-size", default=50, show_default=True, help="HDBSCAN: sources that make a cluster.")
@click.option("--representation", default="both", show_default=True, type=click.Choice(list(REPRESENTATIONS)))
@click.option("--among", default="classes", show_default=True, help="Sources of: classes (all), eight, accretors.")
@click.option("--scaling", default="none", show_default=True, type=click.Choice(list(SCALINGS)))
@click.option("--components", default=-1, show_default="what suits", help="Principal components first; 0: none.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the random start.")
@click.option("--labelling", default="classes", show_default=True, help="Held against: classes, eight, accretors.")
@click.option("--scope", default="test", show_default=True, type=click.Choice(["test", "all"]), help="Who is judged.")
@click.option("--sweep", is_flag=True, help="This method over many sizes.")
@click.option("--compare", is_flag=True, help="All methods on eight and on two classes, beside an earlier study.")
@click.option("--list", "only_list", is_flag=True, help="Name the clusterings that are kept.")
@click.option("--delete", "delete_name", metavar="NAME", help="Forget a clustering that is kept.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="CSV: each source and its cluster.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--run", "run_id", help="Run to use; the active one by default.")
@click.option("--survey", "survey_name", help="Survey to use; the demo by default.")
def clusters_command(
    method: str,
    k: int,
    min_cluster_size: int,
    representation: str,
    among: str,
    scaling: str,
    components: int,
    seed: int,
    labelling: str,
    scope: Scope,
    sweep: bool,
    compare: bool,
    only_list: bool,
    delete_name: str | None,
    output: Path | None,
    as_json: bool,
    run_id: str | None,
    survey_name: str | None,
) -> None:
    """Find clusters of a run's sources by METHOD, hold them against the known classes, and say what each is.

    They are kept beside the run, and the Atlas offers them as colours.
    """
    from alignlab.services.discover.cluster_classes import LABELLINGS
    from alignlab.services.discover.cluster_recipe import ClusterRecipe
    from alignlab.services.discover.clusters import delete_clustering, kept_clusterings

    workspace = Catalogue().open_workspace(survey_name, run_id)
    if labelling not in LABELLINGS:
        raise AlignlabError(f"There are no classes {labelling!r}.", remedy=f"Choose one of {', '.join(LABELLINGS)}.")
    if only_list:
        for name in kept_clusterings(workspace.run):
            click.echo(name)
        return
    if delete_name is not None:
        if delete_name not in kept_clusterings(workspace.run):
            raise AlignlabError(f"No clusters {delete_name!r} are kept.", remedy="List them with --list.")
        delete_clustering(workspace.run, delete_name)
        return
    recipe = ClusterRecipe(
        method=method, k=k, min_cluster_size=min_cluster_size, representation=representation, among=among,
        scaling=scaling, n_components=components, seed=seed,
    )  # fmt: skip
    if compare or sweep:
        _side_by_side(workspace, recipe, labelling, scope, compare=compare, as_json=as_json)
    else:
        _one(workspace, recipe, labelling, scope, output=output, as_json=as_json)


def _side_by_side(
    workspace: Workspace, recipe: ClusterRecipe, labelling: str, scope: str, *, compare: bool, as_json: bool
) -> None:
    from alignlab.cli import progress_bar
    from alignlab.services.discover import cluster_sweep as sweeps
    from alignlab.services.discover import cluster_tables as tables

    caption = _caption(workspace)
    with progress_bar("clusters") as on_step:
        if compare:
            points = sweeps.compare_with_earlier(workspace, seed=recipe.seed, on_step=on_step)
            table = tables.comparison_table(points, scope, caption=caption)
        else:
            points = sweeps.sweep_clusters(workspace, recipe, on_step=on_step)
            table = tables.sweep_table(points, labelling, scope, caption=caption)
    click.echo(json.dumps(points) if as_json else table.to("markdown"))


def _one(
    workspace: Workspace, recipe: ClusterRecipe, labelling: str, scope: Scope, *, output: Path | None, as_json: bool
) -> None:
    from alignlab.cli import progress_bar
    from alignlab.services.discover import cluster_tables as tables
    from alignlab.services.discover.clusters import cluster_profiles, cluster_quality, keep_clusters

    survey, run = workspace.survey, workspace.run
    with progress_bar("clusters") as on_step:
        found = keep_clusters(workspace, recipe, on_step=on_step)
    if output is not None:
        frame = survey.sources[["name", "source_class"]].assign(
            cluster=found.labels, cluster_name=[found.names[k] if k >= 0 else "" for k in found.labels]
        )
        output.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(output, index=False)
        click.echo(f"{len(frame):,} sources in {output}", err=True)
    quality = cluster_quality(survey, run, found, labelling=labelling, scope=scope, seed=recipe.seed)
    if as_json:
        figures = {"key": recipe.key, **found.told, labelling: quality.figures(), "scope": scope}
        click.echo(json.dumps({"clusters": [int(size) for size in found.sizes], **figures}))
        return
    caption = _caption(workspace)
    click.echo(tables.clusters_table(found, cluster_profiles(workspace, found), caption=caption).to("markdown"))
    click.echo(tables.contingency_table(quality, found.names, caption=caption).to("markdown"))
    click.echo(tables.finding_words(quality))
    click.echo(f"Kept as {recipe.key}: a colour on the Atlas.", err=True)


def _caption(workspace: Workspace) -> str:
    from alignlab.services.discover.cluster_tables import provenance_words

    return provenance_words(workspace.survey.name, workspace.survey.origin, workspace.run.run_id)
