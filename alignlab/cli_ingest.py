"""``alignlab ingest``: from archives to a survey, stage by stage or in one go, and surveys from files."""

from __future__ import annotations

from typing import Any

import click

from alignlab.cli_ingest_files import file_command
from alignlab.cli_settings import given_settings, settings_options
from alignlab.config import load_config
from alignlab.services.gather.stages import STAGES, Settings, Stage
from alignlab.services.ingest_files import READERS

_REAL = "real"


class _Ways(click.Group):
    """The commands, of stages and of readers, made when they are asked for: their settings import archives."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names: the stages in their order, all of them in one, what there is, then the readers of files."""
        return [*STAGES, _REAL, *super().list_commands(ctx), *READERS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name == _REAL:
            return _command(_REAL, list(STAGES.values()), _REAL_HELP)
        if cmd_name in STAGES:
            return _command(cmd_name, [STAGES[cmd_name]], f"{STAGES[cmd_name].summary}\n\n{_STAGE_HELP}")
        if cmd_name in READERS:
            return file_command(READERS[cmd_name])
        return super().get_command(ctx, cmd_name)


_STAGE_HELP = """NAME is the collection, begun by 'csc'. Stopped or killed, the same command goes on where it was.

Tokens are read from the environment: ALIGNLAB_ADS_TOKEN, OPENAI_API_KEY."""
_REAL_HELP = f"""Do all stages, from the archives to the survey: csc, simbad, ads, products, summaries, assemble.

{_STAGE_HELP}"""


@click.group(cls=_Ways)
def ingest() -> None:
    """Make a survey: from archives, through a collection, or from files."""


@ingest.command("status")
@click.argument("name", required=False)
def status(name: str | None) -> None:
    """Tell what the collection NAME holds and which stages it has been through; without one, list all."""
    from alignlab.services.gather.words import status_lines
    from alignlab.store.collection import collection_names, open_collection

    config = load_config()
    names = [name] if name else collection_names(config)
    if not names:
        click.echo("There is no collection yet. Begin one with 'alignlab ingest csc'.", err=True)
    for each in names:
        collection = open_collection(config, each)
        if not name:
            click.echo(
                f"{each}\t{collection.count('sources'):,} sources\t{collection.count('detections'):,} detections"
            )
            continue
        for line in status_lines(collection):
            click.echo(line)


def _command(name: str, stages: list[Stage], text: str) -> click.Command:
    """The command that does these stages."""

    def run(collection: str, dry_run: bool, as_job: bool, **values: Any) -> None:
        settings = {each.name: given_settings(each.settings, values, stage=each.name) for each in stages}
        if dry_run:
            _show_plan(collection, settings)
        elif as_job:
            _submit(collection, name, settings)
        else:
            _gather(collection, settings)

    several = len(stages) > 1
    options = [
        option for each in stages for option in settings_options(each.settings, stage=each.name, with_prefix=several)
    ]
    return click.Command(
        name,
        params=[
            click.Argument(["collection"], metavar="NAME"),
            click.Option(["--dry-run"], is_flag=True, help="Count what would be fetched, and fetch nothing."),
            click.Option(["--job", "as_job"], is_flag=True, help="Have it done in the background instead."),
            *options,
        ],
        callback=run,
        help=text,
        short_help=text.partition("\n")[0],
    )


def _show_plan(collection: str, settings: Settings) -> None:
    from alignlab.services.gather.stages import plan_stages
    from alignlab.services.gather.words import plan_lines, total_line

    plans = []
    for stage, plan in plan_stages(collection, settings, config=load_config()):
        plans.append(plan)
        for line in plan_lines(stage, plan):
            click.echo(line)
    if len(plans) > 1:
        click.echo(total_line(plans))


def _submit(collection: str, name: str, settings: Settings) -> None:
    from alignlab.cli_jobs import tell_submitted
    from alignlab.services.job_kinds.ingest import IngestRecipe
    from alignlab.services.jobs import submit

    tell_submitted(submit("ingest", IngestRecipe.of(settings, name=name), config=load_config(), survey=collection))


def _gather(collection: str, settings: Settings) -> None:
    from alignlab.cli import progress_bar
    from alignlab.services.gather.stage import StageOutcome
    from alignlab.services.gather.stages import run_stages
    from alignlab.services.gather.words import outcome_line

    told: list[str] = []

    def tell(stage: Stage, outcome: StageOutcome) -> None:
        for problem in outcome.problems:
            click.echo(f"alignlab: {stage.name}: {problem}", err=True)
        told.append(outcome_line(stage, outcome))

    try:
        with progress_bar("collect") as on_step:
            run_stages(collection, settings, config=load_config(), on_step=on_step, on_outcome=tell)
    finally:
        # What has ended is told, also where a later stage could not be done.
        for line in told:
            click.echo(line)
