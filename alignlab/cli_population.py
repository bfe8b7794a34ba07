"""``alignlab population``: a group of sources against the survey, or against another group."""

from __future__ import annotations

from pathlib import Path

import click

from alignlab.errors import AlignlabError
from alignlab.services.workspace import Catalogue


@click.command("population")
@click.argument("group", required=False)
@click.option("--names", "names_file", type=click.Path(path_type=Path, dir_okay=False), help="File of source names.")
@click.option("--against", default="rest", show_default=True, help="The second group, or 'rest'.")
@click.option("--distance", help="Of the group, for luminosities: '4.6 Mpc', '780 kpc', '450 pc'.")
@click.option("--against-distance", help="Of the second group.")
@click.option("--limit", type=float, help="Flux or luminosity above which the group is complete [from its exposures].")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="The sources: .csv, .vot, .fits, ….")
@click.option("--table", is_flag=True, help="Print the tables of all quantities and shares.")
@click.option("--survey", "survey_name", help="Survey to use; the demo by default.")
@click.option("--run", "run_id", help="Run to use; the active one by default.")
def population_command(
    group: str | None,
    names_file: Path | None,
    against: str,
    distance: str | None,
    against_distance: str | None,
    limit: float | None,
    output: Path | None,
    table: bool,
    survey_name: str | None,
    run_id: str | None,
) -> None:
    """Compare GROUP with the rest of the survey, or with another group.

    A group is 'class:ULX', 'class:HMXB, LMXB', 'cone:204.25 -29.87 within 6 arcmin', 'names:A, B' or 'selection:NAME'
    (kept in the Lab). Told are clear differences, how many vary, and the luminosity function.
    """
    from alignlab.services.discover import population_text as text
    from alignlab.services.discover.population_brightness import brightness_function
    from alignlab.services.discover.population_comparison import compare_populations
    from alignlab.services.discover.population_export import population_table
    from alignlab.services.discover.population_groups import REST, named_group, read_group, rest_of, split_names
    from alignlab.services.discover.population_tables import quantity_table, share_table
    from alignlab.services.discover.populations import Population, read_distance, survey_fluxes
    from alignlab.services.table_files import write_table

    if (group is None) == (names_file is None):
        raise AlignlabError("Say which sources are the group.", remedy="Give either GROUP or --names.")
    distances = [None if asked is None else read_distance(asked) for asked in (distance, against_distance)]
    workspace = Catalogue().open_workspace(survey_name, run_id)
    survey, lab = workspace.survey, Catalogue(workspace.config).lab
    if names_file is not None:
        first = named_group(survey, split_names(_text(names_file)))
    else:
        first = read_group(survey, lab, str(group))
    second = rest_of(first) if against.strip() == REST else read_group(survey, lab, against)
    for note in (*first.notes, *second.notes):
        click.echo(f"alignlab: {note}", err=True)
    fluxes = survey_fluxes(survey)
    populations = [
        Population(group=found, survey=survey, fluxes=fluxes, distance_mpc=mpc)
        for found, mpc in zip((first, second), distances, strict=True)
    ]
    comparison = compare_populations(*populations)
    told = [text.introduction(comparison), text.difference_sentence(comparison), *text.share_sentences(comparison)]
    told.append(text.counts_sentence(comparison))
    told.append(text.brightness_sentence(populations[0], brightness_function(populations[0], limit=limit)))
    told.append(text.brightness_sentence(populations[1], brightness_function(populations[1])))
    click.echo("\n".join(filter(None, told)))
    if table:
        click.echo("\n" + "\n".join(made(comparison).to("markdown") for made in (quantity_table, share_table)))
    if output is not None:
        other = None if second.request == REST else populations[1]
        write_table(population_table(workspace, populations[0], other), output)
        click.echo(str(output), err=True)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AlignlabError(f"{path} cannot be read: {error}", remedy="Give a text file, one name a line.") from error
