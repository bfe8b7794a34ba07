"""The runs of a survey from a terminal: listing, comparing, promoting, deleting."""

from __future__ import annotations

import click

from alignlab.services.workspace import Catalogue


def add_commands(main: click.Group) -> None:
    """Give `alignlab` the commands of this module."""
    for command in (runs, compare, promote_command, delete_run_command):
        main.add_command(command)


@click.command()
def runs() -> None:
    """List the runs, newest first, with figures, date and disk use; the active one of each survey is marked with *."""
    from alignlab.services.run_shelf import disk_use, list_runs

    catalogue = Catalogue()
    shelf = [run for survey in catalogue.survey_names() for run in list_runs(catalogue, survey)]
    if not shelf:
        click.echo("There is no run yet. Make one with 'alignlab demo'.", err=True)
        return
    for run in shelf:
        known = run.figure("retrieval", "recall_at_1_percent")
        figures = (
            f"recall@1% {known:.1%}\tmedian rank {run.figure('retrieval', 'median_rank'):g} "
            f"of {run.figure('retrieval', 'n_candidates')}"
            if known is not None
            else "not evaluated\t"
        )
        what = f"damaged: {run.problem}" if run.problem else f"{figures}\t{run.created_utc[:10]}"
        click.echo(f"{'*' if run.is_active else ' '} {run.run_id}\t{run.survey}\t{what}\t{run.disk_bytes / 1e6:.1f} MB")
    use = disk_use(catalogue.config)
    click.echo(
        f"surveys {use.surveys / 1e6:,.0f} MB, runs {use.runs / 1e6:,.0f} MB, jobs {use.jobs / 1e6:,.0f} MB; "
        f"{use.free / 1e9:,.0f} GB free",
        err=True,
    )


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the bootstrap.")
def compare(first: str, second: str, seed: int) -> None:
    """Compare two runs of a survey over the same test sources: the SECOND against the FIRST.

    Retrieval, errors of estimates, neighbours, outliers and recipes; 95% intervals of the differences by paired
    bootstrap, p-values Holm-corrected for all variables.
    """
    from alignlab.services.compare_runs import compare_runs, open_pair
    from alignlab.services.compare_runs_text import comparison_text
    from alignlab.services.run_shelf import shelved_run

    catalogue = Catalogue()
    survey = catalogue.survey(shelved_run(catalogue, first).survey)
    pair = open_pair(catalogue, survey.name, first, second)
    click.echo(comparison_text(compare_runs(survey, *pair, seed=seed), survey))


@click.command("promote")
@click.argument("run")
def promote_command(run: str) -> None:
    """Make RUN the one that every page shows."""
    from alignlab.services.run_shelf import promote, shelved_run

    catalogue = Catalogue()
    before = promote(catalogue, shelved_run(catalogue, run).survey, run)
    click.echo(f"{run} is shown now." + (f" Back: alignlab promote {before}" if before else ""))


@click.command("delete-run")
@click.argument("run")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_run_command(run: str, yes: bool) -> None:
    """Delete RUN with its maps and all that was laid over it; never the active one, or one that a job needs."""
    from alignlab.services.run_shelf import delete_run, shelved_run

    catalogue = Catalogue()
    shelved = shelved_run(catalogue, run)
    if not yes:
        click.confirm(f"Delete {run} of survey {shelved.survey} ({shelved.disk_bytes / 1e6:.1f} MB)?", abort=True)
    freed = delete_run(catalogue, shelved.survey, run)
    click.echo(f"{run} is deleted; {freed / 1e6:.1f} MB are free again.")
