"""Background jobs from a terminal: ``alignlab submit``, ``jobs``, ``cancel``, ``retry`` and the worker itself."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from alignlab.config import load_config
from alignlab.errors import AlignlabError

if TYPE_CHECKING:
    from alignlab.jobs.spec import Job
    from alignlab.services.jobs import Submitted


def add_job_commands(main: click.Group) -> None:
    """Give the command line the commands of this module."""
    for command in (worker, list_jobs, submit_command, cancel_command, retry_command):
        main.add_command(command)


@click.command()
@click.option("--name", default="local", show_default=True, help="One worker of a name runs on a machine.")
@click.option("--slots", type=click.IntRange(1), help="Jobs that compute at the same time [one per core but one].")
@click.option("--idle-exit", type=click.FloatRange(0), help="End after so many seconds without a job [never].")
def worker(name: str, slots: int | None, idle_exit: float | None) -> None:
    """Take jobs from the queue and do them, until it is told to end (SIGTERM or Ctrl-C).

    The app starts one by itself. Start more on other hosts with the same ALIGNLAB_JOBS_URL and ALIGNLAB_DATA.
    """
    from alignlab.jobs.worker import worker_command
    from alignlab.services.jobs import KINDS, PRELOAD

    command = worker_command(kinds=KINDS, preload=PRELOAD, name=name, slots=slots, idle_exit_s=idle_exit)
    # In the place of this process, which has imported more than a worker needs.
    os.execv(command[0], command)


@click.command("jobs")
@click.option("--survey", help="Only jobs on this survey.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="At most so many.")
@click.option("--log", "log_of", metavar="ID", help="Print the end of this job's log instead.")
def list_jobs(survey: str | None, limit: int, log_of: str | None) -> None:
    """List the background jobs, the newest first: id, state, survey, progress, result or error."""
    from alignlab.services import jobs

    config = load_config()
    if log_of is not None:
        jobs.job(config, log_of)
        for line in jobs.log_tail(config, log_of):
            click.echo(line)
        return
    found = jobs.jobs(config, survey=survey, limit=limit)
    if not found:
        click.echo("There is no job yet. Submit one with 'alignlab submit'.", err=True)
    for job in found:
        click.echo(f"{job.id}\t{job.state}\t{job.spec.survey}\t{_outcome(job)}")


@click.command("submit")
@click.argument("kind")
@click.option("--survey", default="demo", show_default=True, help="Survey to work on.")
@click.option("--run", default="", help="Run to work on, for kinds that need one.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the random start.")
@click.option("--preset", help="Recipe by its name [the kind's first].")
@click.option("--set", "values", multiple=True, metavar="FIELD=VALUE", help="Change a value of the recipe, as JSON.")
def submit_command(kind: str, survey: str, run: str, seed: int, preset: str | None, values: tuple[str, ...]) -> None:
    """Have a job of KIND done in the background (align, encoder, project, apply, ...)."""
    from alignlab.services.job_kinds import job_kind
    from alignlab.services.jobs import submit

    known = job_kind(kind)
    chosen = preset or next(iter(known.presets))
    if chosen not in known.presets:
        raise AlignlabError(
            f"{kind} has no preset {chosen!r}.", remedy=f"Choose one of {', '.join(map(repr, known.presets))}."
        )
    recipe = json.loads(known.presets[chosen].to_json())
    for value in values:
        field, sign, text = value.partition("=")
        if not sign:
            raise AlignlabError(f"--set takes FIELD=VALUE, not {value!r}.")
        try:
            recipe[field] = json.loads(text)
        except ValueError:
            recipe[field] = text
    tell_submitted(
        submit(kind, known.recipe.from_json(recipe), config=load_config(), survey=survey, seed=seed, run=run)
    )


@click.command("cancel")
@click.argument("job_id", metavar="ID")
def cancel_command(job_id: str) -> None:
    """Stop the job ID, with its parts; nothing that it had not finished stays."""
    from alignlab.services.jobs import cancel

    job = cancel(load_config(), job_id)
    click.echo(f"{job.id}\t{job.state}")


@click.command("retry")
@click.argument("job_id", metavar="ID")
def retry_command(job_id: str) -> None:
    """Submit the failed or cancelled job ID once more."""
    from alignlab.services.jobs import retry

    tell_submitted(retry(load_config(), job_id))


def tell_submitted(submitted: Submitted) -> None:
    """Print what became of a wish: the job, or what there is already."""
    if submitted.result:
        click.echo(f"exists already\t{_in_brief(submitted.result)}")
    else:
        click.echo(f"{submitted.job}\t{'queued' if submitted.is_new else 'under way already'}")


def _outcome(job: Job) -> str:
    if job.state == "succeeded":
        return _in_brief(job.result)
    if job.state == "failed":
        return " ".join(job.error.split())
    remaining = "" if job.progress.remaining_s is None else f", {job.progress.remaining_s:.0f} s to go"
    return f"{job.progress.fraction:.0%} {job.progress.message}{remaining}"


def _in_brief(result: dict[str, Any]) -> str:
    """What a job made, without its tables (such as a search's trials), which lie in its folder."""
    return json.dumps({k: v for k, v in result.items() if not (isinstance(v, list) and v and isinstance(v[0], dict))})
