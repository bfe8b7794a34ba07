"""``alignlab ingest`` for files: each command makes one survey of what a person has on disk."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from alignlab.cli_settings import given_settings, parameter, settings_options
from alignlab.config import load_config
from alignlab.services.ingest_files import PATH_FIELDS, FileReader
from alignlab.training.recipe_base import Recipe


def file_command(reader: FileReader) -> click.Command:
    """The command of a reader: the files as arguments, its other settings as options."""
    fields = [field.name for field in dataclasses.fields(reader.settings)]  # type: ignore[arg-type]
    what = next(name for name in fields if name in PATH_FIELDS)
    several = what == "files"

    def run(survey: str, replace: bool, dry_run: bool, as_job: bool, paths: Any, **values: Any) -> None:
        given = {parameter(reader.name, what): tuple(paths) if several else paths}
        settings = given_settings(reader.settings, {**values, **given}, stage=reader.name)
        if dry_run:
            _show_plan(reader, settings)
        elif as_job:
            _submit(reader, survey, settings, replace)
        else:
            _ingest(reader, survey, settings, replace)

    return click.Command(
        reader.name,
        params=[
            click.Argument(
                ["paths"], nargs=-1 if several else 1, required=True, metavar="FILE..." if several else "FILE"
            ),
            click.Option(["--name", "survey"], required=True, help="Name of the new survey."),
            click.Option(["--replace"], is_flag=True, help="Put it in the place of a survey of that name."),
            click.Option(["--dry-run"], is_flag=True, help="Count what would be read, and read nothing."),
            click.Option(["--job", "as_job"], is_flag=True, help="Have it done in the background instead."),
            *(
                option
                for option in settings_options(reader.settings, stage=reader.name)
                if option.name != parameter(reader.name, what)
            ),
        ],
        callback=run,
        help=reader.summary,
    )


def _show_plan(reader: FileReader, settings: Recipe) -> None:
    from alignlab.services.gather.words import size
    from alignlab.services.ingest_files import plan_files

    plan = plan_files(reader.name, settings)
    click.echo(f"{plan.n_wanted:,} {plan.what}\t{size(plan.n_bytes or 0)}")
    for note in plan.notes:
        click.echo(f"  {note}")


def _submit(reader: FileReader, survey: str, settings: Recipe, replace: bool) -> None:
    from alignlab.cli_jobs import tell_submitted
    from alignlab.services.job_kinds.ingest_files import FilesRecipe
    from alignlab.services.jobs import submit

    recipe = FilesRecipe.of(reader.name, settings, replace=replace)
    tell_submitted(submit("ingest-files", recipe, config=load_config(), survey=survey))


def _ingest(reader: FileReader, survey: str, settings: Recipe, replace: bool) -> None:
    from alignlab.cli import progress_bar
    from alignlab.services.ingest_files import ingest_files

    with progress_bar("ingest") as on_step:
        outcome = ingest_files(
            reader.name, settings, name=survey, config=load_config(), replace=replace, on_step=on_step
        )
    for problem in outcome.problems:
        click.echo(f"alignlab: {problem}", err=True)
    for note in outcome.notes:
        click.echo(f"alignlab: note: {note}", err=True)
    click.echo(f"{outcome.survey.n_sources} sources in {outcome.survey.folder}")
