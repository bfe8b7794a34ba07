"""``alignlab ingest`` for files: each command makes one survey of what a person has on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from alignlab.config import load_config
from alignlab.spectra.grid import GridKind


def add_file_commands(ingest: click.Group) -> None:
    """Give the group the commands of this module."""
    for command in (ogip, axia, csc_table):
        ingest.add_command(command)


def _survey_options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option("--grid", type=click.Choice(["log", "linear"]), default="log", show_default=True)(command)
    command = click.option("--replace", is_flag=True, help="Put it in the place of a survey of that name.")(command)
    return click.option("--name", required=True, help="Name of the new survey.")(command)


@click.command("ogip")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@_survey_options
def ogip(paths: tuple[Path, ...], name: str, replace: bool, grid: GridKind) -> None:
    """Read OGIP spectra (PHA or PI, .gz too); background, ARF and RMF are found through their headers."""
    from alignlab.cli import progress_bar
    from alignlab.services.ingest import ingest_ogip_files

    with progress_bar("ingest") as on_step:
        outcome = ingest_ogip_files(
            paths, name=name, config=load_config(), grid_kind=grid, replace=replace, on_step=on_step
        )
    _tell(outcome.survey.folder, outcome.survey.n_sources, outcome.problems)


@click.command("axia")
@click.argument("path", type=click.Path(path_type=Path))
@_survey_options
def axia(path: Path, name: str, replace: bool, grid: GridKind) -> None:
    """Read an Axia corpus (corpus.jsonl or corpus.jsonl.gz): photon events with catalogued variables."""
    from alignlab.cli import progress_bar
    from alignlab.services.ingest import ingest_axia_file

    with progress_bar("ingest") as on_step:
        outcome = ingest_axia_file(
            path, name=name, config=load_config(), grid_kind=grid, replace=replace, on_step=on_step
        )
    _tell(outcome.survey.folder, outcome.survey.n_sources, outcome.problems)


@click.command("csc-table")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--classes", type=click.Path(path_type=Path), help="Table with the sources' real classes, by name.")
@click.option("--seed", default=7, show_default=True, type=click.IntRange(0), help="Of photons, texts and split.")
@_survey_options
def csc_table(path: Path, classes: Path | None, seed: int, name: str, replace: bool, grid: GridKind) -> None:
    """Read a table of CSC detections and simulate each one's spectrum from its catalogued fit.

    The variables stay the real, catalogued ones; photons and literature are simulated.
    """
    from alignlab.cli import progress_bar
    from alignlab.services.ingest import ingest_csc_table

    with progress_bar("ingest") as on_step:
        outcome = ingest_csc_table(
            path, name=name, config=load_config(), classes_path=classes, grid_kind=grid, seed=seed,
            replace=replace, on_step=on_step,
        )  # fmt: skip
    _tell(outcome.survey.folder, outcome.survey.n_sources, outcome.problems)


def _tell(folder: Path, n_sources: int, problems: tuple[str, ...]) -> None:
    for problem in problems:
        click.echo(f"alignlab: {problem}", err=True)
    click.echo(f"{n_sources} sources in {folder}")
