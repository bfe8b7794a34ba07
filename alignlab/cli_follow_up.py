"""``alignlab follow-up`` and ``alignlab triage``: the follow-up list and people's labels, from a terminal."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alignlab.services.workspace import DEMO, Catalogue

if TYPE_CHECKING:
    from alignlab.store.survey import Survey


def _me() -> str:
    """The name of whoever is logged in; empty where the system knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


_survey = click.option("--survey", "survey_name", help="Survey to use; the demo by default.")
_person = click.option("--person", default=_me, help="Who you are [the login name].")


@click.group("follow-up")
def follow_up_command() -> None:
    """Sources that are worth an observation: one list per survey, kept in the Lab."""


@follow_up_command.command("list")
@click.option("--code", help="The list as it was when it was shared under this code.")
@_survey
def list_command(code: str | None, survey_name: str | None) -> None:
    """Print the list: name, coordinates, months for Chandra, who added it, labels, reason."""
    from alignlab.services.discover.follow_up import follow_up_list, open_follow_up_code
    from alignlab.services.discover.follow_up_table import labels_in_words
    from alignlab.services.discover.observing import observing_essentials

    catalogue, survey = _opened(survey_name)
    entries = (
        follow_up_list(catalogue.lab, survey) if code is None else open_follow_up_code(catalogue.lab, survey, code)
    )
    if not entries:
        click.echo("The list is empty. Add a source with 'alignlab follow-up add NAME'.", err=True)
    held = [entry.index for entry in entries if entry.index is not None]
    essentials = dict(zip(held, observing_essentials(survey, held), strict=True))
    for entry in entries:
        known = essentials.get(entry.index) if entry.index is not None else None
        where = known.coordinates if known else "no longer in the survey"
        months = known.chandra.words if known and known.chandra else "–"
        click.echo("\t".join([entry.name, where, months, entry.person, labels_in_words(entry) or "–", entry.reason]))


@follow_up_command.command("add")
@click.argument("sources", nargs=-1, required=True)
@click.option("--reason", default="", help="Why, for all of them.")
@_person
@_survey
def add_command(sources: tuple[str, ...], reason: str, person: str, survey_name: str | None) -> None:
    """Put SOURCES (names, unique parts of names, or indices) on the list."""
    from alignlab.services.discover.follow_up import add_to_follow_up

    catalogue, survey = _opened(survey_name)
    names = _names(survey, sources)
    n = add_to_follow_up(catalogue.lab, survey.name, names, person=person, reason=reason)
    click.echo(f"{n} added, {len(names) - n} were on the list.")


@follow_up_command.command("remove")
@click.argument("sources", nargs=-1, required=True)
@_survey
def remove_command(sources: tuple[str, ...], survey_name: str | None) -> None:
    """Take SOURCES off the list; their labels and notes stay."""
    from alignlab.services.discover.follow_up import remove_from_follow_up

    catalogue, survey = _opened(survey_name)
    n = remove_from_follow_up(catalogue.lab, survey.name, _names(survey, sources))
    click.echo(f"{n} removed.")


@follow_up_command.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--run", "run_id", help="Run that is named in the file; the active one by default.")
@_survey
def export_command(path: Path, run_id: str | None, survey_name: str | None) -> None:
    """Write the list with coordinates, brightness, months of visibility, labels and notes to PATH.

    The suffix is the format: .vot, .xml, .csv or .md.
    """
    from alignlab.services.discover.follow_up import follow_up_list
    from alignlab.services.discover.follow_up_files import write_follow_up

    catalogue = Catalogue()
    workspace = catalogue.open_workspace(survey_name, run_id)
    entries = follow_up_list(catalogue.lab, workspace.survey)
    write_follow_up(workspace, entries, path)
    click.echo(f"{len(entries)} sources in {path}")


@follow_up_command.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@_person
@_survey
def import_command(path: Path, person: str, survey_name: str | None) -> None:
    """Add what a colleague exported as VOTable or CSV to the list, with labels and notes; nothing is overwritten."""
    from alignlab.services.discover.follow_up_files import import_follow_up

    catalogue, survey = _opened(survey_name)
    click.echo(import_follow_up(catalogue.lab, survey, path, person=person).sentence)


@follow_up_command.command("share")
@_survey
def share_command(survey_name: str | None) -> None:
    """Keep the list as it is now and print the code that opens it in this Lab."""
    from alignlab.services.discover.follow_up import follow_up_code

    catalogue, survey = _opened(survey_name)
    click.echo(follow_up_code(catalogue.lab, survey))


@click.group("triage")
def triage_command() -> None:
    """What people say of sources: labels 0 to 5, or unsure."""


@triage_command.command("label")
@click.argument("source")
@click.argument("value")
@_person
@_survey
def label_command(source: str, value: str, person: str, survey_name: str | None) -> None:
    """Label SOURCE with VALUE: 0 (of no interest) to 5 (what you look for), or unsure."""
    from alignlab.services.discover.triage import Triage

    catalogue, survey = _opened(survey_name)
    [name] = _names(survey, (source,))
    Triage(catalogue.lab, survey.name, person).give(name, value)
    click.echo(f"{name}: {value}")


@triage_command.command("undo")
@_person
@_survey
def undo_command(person: str, survey_name: str | None) -> None:
    """Take back your last label."""
    from alignlab.services.discover.triage import Triage

    catalogue, survey = _opened(survey_name)
    change = Triage(catalogue.lab, survey.name, person).undo()
    click.echo(f"{change.source_name}: {change.before or 'no label'} again" if change else "There is nothing to undo.")


@triage_command.command("labels")
@_survey
def labels_command(survey_name: str | None) -> None:
    """Print all labels: source, person, value."""
    catalogue, survey = _opened(survey_name)
    for name, said in sorted(catalogue.lab.labels(survey.name).items()):
        for person, value in sorted(said.items()):
            click.echo(f"{name}\t{person}\t{value}")


@triage_command.command("agreement")
@click.argument("first")
@click.argument("second")
@_survey
def agreement_command(first: str, second: str, survey_name: str | None) -> None:
    """Compare the labels of two people, and list what they judge differently."""
    from alignlab.services.discover.triage import agreement

    catalogue, survey = _opened(survey_name)
    found = agreement(catalogue.lab, survey.name, first, second)
    click.echo(found.sentence)
    for differing in found.disagreements:
        click.echo(f"{differing.source_name}\t{first} {differing.first}\t{second} {differing.second}")


def _opened(survey_name: str | None) -> tuple[Catalogue, Survey]:
    catalogue = Catalogue()
    return catalogue, catalogue.survey(survey_name or catalogue.default_survey_name() or DEMO)


def _names(survey: Survey, sources: tuple[str, ...]) -> list[str]:
    from alignlab.services.source_names import find_source

    return [str(survey.sources["name"].iloc[find_source(survey, source)]) for source in sources]
