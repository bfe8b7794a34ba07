"""``alignlab network``: who resembles whom among the sources of a run, from a terminal."""

from __future__ import annotations

from pathlib import Path

import click

from alignlab.services.workspace import Catalogue
from alignlab.store.run import REPRESENTATIONS


@click.command("network")
@click.option("--of", "subset", default="variable", show_default=True, help="variable, all, class:…, selection:…")
@click.option("--representation", default="both", show_default=True, type=click.Choice(list(REPRESENTATIONS)))
@click.option("--threshold", type=click.FloatRange(-1, 1), help="Join sources at least so similar [0.7].")
@click.option("--nearest", type=click.IntRange(1), help="Join each source with so many nearest ones instead.")
@click.option("--mutual", is_flag=True, help="With --nearest: only those that are near each other.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of drawing and communities.")
@click.option("--degrees", "only_degrees", is_flag=True, help="Only the degrees, however many edges there are.")
@click.option("--agreement", is_flag=True, help="Hold the periphery against the isolation forest's ranking.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it (.graphml or .parquet).")
@click.option("--run", "run_id", help="Run to use; the active one by default.")
@click.option("--survey", "survey_name", help="Survey to use; the demo by default.")
def network_command(
    subset: str,
    representation: str,
    threshold: float | None,
    nearest: int | None,
    mutual: bool,
    seed: int,
    only_degrees: bool,
    agreement: bool,
    output: Path | None,
    run_id: str | None,
    survey_name: str | None,
) -> None:
    """Join sources that resemble each other: components, core and periphery, communities, degrees by class."""
    from alignlab.cli import progress_bar
    from alignlab.services.discover import network_text
    from alignlab.services.discover.networks import (
        NetworkRecipe,
        degree_table,
        network,
        network_degrees,
        periphery_agreement,
        write_graph,
    )

    workspace = Catalogue().open_workspace(survey_name, run_id)
    if threshold is None and nearest is None:
        threshold = 0.7
    recipe = NetworkRecipe(
        subset=subset, representation=representation, threshold=threshold, k=nearest, mutual=mutual, seed=seed
    )
    if workspace.is_simulated:
        click.echo(f"These sources: {workspace.survey.origin}.", err=True)
    if only_degrees:
        with progress_bar("network") as on_step:
            rows, degree = network_degrees(workspace, recipe, on_step)
        click.echo("\n".join(network_text.degree_lines(degree_table(workspace.survey, rows, degree))))
        return
    with progress_bar("network") as on_step:
        found = network(workspace, recipe, on_step)
    click.echo("\n".join(network_text.network_lines(found)))
    table = degree_table(workspace.survey, found.graph.rows, found.degree)
    click.echo("\n".join(["", *network_text.degree_lines(table)]))
    if agreement:
        from alignlab.services.discover.outliers import METHODS, find_outliers, kept_outliers

        scores = kept_outliers(workspace.run, representation)
        if scores is None:
            with progress_bar("outliers") as on_step:
                scores = find_outliers(workspace.survey, workspace.run, representation=representation, on_step=on_step)
        held = periphery_agreement(found, scores.of("forest"))
        click.echo("\n".join(["", *network_text.agreement_lines(held, METHODS["forest"].label.lower())]))
    if output is not None:
        for path in write_graph(found, workspace.survey, output):
            click.echo(f"written: {path}", err=True)
