"""``alignlab outliers``: the strangest sources of a run, from a terminal."""

from __future__ import annotations

from pathlib import Path

import click

from alignlab.services.discover.outliers import COMBINED, METHODS, SCOPES
from alignlab.services.workspace import Catalogue
from alignlab.store.run import REPRESENTATIONS


@click.command("outliers")
@click.option("--representation", default="both", show_default=True, type=click.Choice(list(REPRESENTATIONS)))
@click.option("--method", default=COMBINED, show_default=True, type=click.Choice([COMBINED, *METHODS]))
@click.option("--scope", default="all", show_default=True, type=click.Choice(list(SCOPES)), help="Who is compared.")
@click.option("--top", default=20, show_default=True, type=click.IntRange(1), help="How many sources.")
@click.option(
    "--strength", default=1.0, show_default=True, type=click.FloatRange(0, 1), help="How far artefacts are demoted."
)
@click.option("--classes", is_flag=True, help="Print how the scores of each class are distributed instead.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write them (.vot, .ecsv, .csv, …).")
@click.option("--seed", type=click.IntRange(0), help="Of the forests; the run's by default.")
@click.option("--again", is_flag=True, help="Compute also what has been computed before.")
@click.option("--run", "run_id", help="Run to use; the active one by default.")
@click.option("--survey", "survey_name", help="Survey to use; the demo by default.")
def outliers_command(
    representation: str,
    method: str,
    scope: str,
    top: int,
    strength: float,
    classes: bool,
    output: Path | None,
    seed: int | None,
    again: bool,
    run_id: str | None,
    survey_name: str | None,
) -> None:
    """Rank the sources of a run by how strange they are.

    Printed: rank, name, class, score, percentile among all scored, and how likely it is an artefact of the observation.
    """
    from alignlab.cli import progress_bar
    from alignlab.services.discover import outlier_text
    from alignlab.services.discover.artefacts import artefact_scores
    from alignlab.services.discover.outliers import class_distributions, find_outliers, kept_outliers
    from alignlab.services.export import write_table

    workspace = Catalogue().open_workspace(survey_name, run_id)
    survey, run = workspace.survey, workspace.run
    wanted = (run.meta.seed or 0) if seed is None else seed
    scores = None if again else kept_outliers(run, representation, scope)
    if scores is None or scores.told["seed"] != wanted:
        with progress_bar("outliers") as on_step:
            scores = find_outliers(
                survey, run, representation=representation, scope=scope, seed=wanted, on_step=on_step
            )
    if classes:
        click.echo(outlier_text.outliers_title(workspace, scores, method, strength=0), err=True)
        click.echo("\n".join(outlier_text.class_lines(class_distributions(survey, scores, method))))
        return
    artefacts = artefact_scores(survey, run)
    rows = outlier_text.believed_ranking(scores, artefacts, method, strength=strength)[:top]
    click.echo(outlier_text.outliers_title(workspace, scores, method, strength=strength), err=True)
    if output is not None:
        write_table(outlier_text.outliers_table(workspace, scores, artefacts, method, rows), output)
        click.echo(f"{len(rows)} sources in {output}", err=True)
        return
    click.echo("\n".join(outlier_text.outlier_lines(workspace, scores, artefacts, method, rows)))
