"""``alignlab``: from a terminal what the app does. Results go to standard output, progress to standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

import alignlab
from alignlab import cli_runs
from alignlab.cli_clusters import clusters_command
from alignlab.cli_evaluate import evaluate
from alignlab.cli_follow_up import follow_up_command, triage_command
from alignlab.cli_ingest import ingest
from alignlab.cli_interpret import interpret_command
from alignlab.cli_jobs import add_job_commands
from alignlab.cli_network import network_command
from alignlab.cli_outliers import outliers_command
from alignlab.cli_population import population_command
from alignlab.cli_real import check_real_command
from alignlab.cli_small_heads import small_heads_command
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep
from alignlab.services.workspace import DEMO, Catalogue, Workspace

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


class _OneLineErrors(click.Group):
    """Show an `AlignlabError` as one line with its remedy and exit with 2, never as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except AlignlabError as error:
            click.echo(f"alignlab: {' '.join(str(error).split())}", err=True)
            ctx.exit(2)


@contextmanager
def progress_bar(title: str) -> Iterator[OnStep]:
    """A bar on standard error that follows ``on_step``."""
    with tqdm(
        total=100, desc=title, file=sys.stderr, bar_format="{desc:<34} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    ) as bar:

        def on_step(done: int, total: int, info: str) -> bool:
            bar.set_description(f"{title}: {info}"[:34])
            bar.update(100 * done / total - bar.n if total else 0)
            return True

        yield on_step


def _workspace_options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option("--run", "run_id", help="Run to use; the active one by default.")(command)
    return click.option("--survey", "survey_name", help="Survey to use; the demo by default.")(command)


def _open(survey_name: str | None, run_id: str | None) -> Workspace:
    return Catalogue().open_workspace(survey_name, run_id)


@click.group(cls=_OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(alignlab.__version__, prog_name="alignlab")
def main() -> None:
    """X-ray sources seen through their spectra and the papers about them.

    Everything is kept in the folder data/, or where ALIGNLAB_DATA points.
    """


@main.command()
@click.option("--sources", default=None, type=click.IntRange(100, 1_000_000), help="Number of sources [11447].")
@click.option("--seed", default=None, type=click.IntRange(0), help="Seed of the simulation [7].")
@click.option("--background", is_flag=True, hidden=True, help="Started by the app: publish progress for it.")
def demo(sources: int | None, seed: int | None, background: bool) -> None:
    """Build the simulated demo survey and its run, whichever is absent."""
    from alignlab.config import load_config
    from alignlab.services.demo import N_SOURCES, SEED, build_demo, demo_task
    from alignlab.services.maps import be_polite

    config = load_config()
    catalogue = Catalogue(config)
    if DEMO in catalogue.survey_names():
        survey = catalogue.survey(DEMO)
        wanted = (sources or survey.n_sources, survey.meta.seed if seed is None else seed)
        if wanted != (survey.n_sources, survey.meta.seed):
            raise AlignlabError(
                f"The demo exists already, with {survey.n_sources} sources and seed {survey.meta.seed}.",
                remedy=f"Remove {survey.folder} and {config.runs_dir / DEMO} to build another.",
            )
        if catalogue.run_ids(DEMO):
            click.echo(f"The demo is there: {survey.folder}")
            return
    if background:
        be_polite()
    with progress_bar("demo survey") as on_step:
        demo_task(config).run(
            lambda step: build_demo(
                config=config, n_sources=sources or N_SOURCES, seed=SEED if seed is None else seed, on_step=step
            ),
            on_step=on_step,
        )
    click.echo(f"The demo is ready: {config.surveys_dir / DEMO}")


@main.command()
def surveys() -> None:
    """List the surveys: name, kind, sources, runs."""
    catalogue = Catalogue()
    names = catalogue.survey_names()
    if not names:
        click.echo("There is no survey yet. Build one with 'alignlab demo' or 'alignlab ingest'.", err=True)
    for name in names:
        survey = catalogue.survey(name)
        click.echo(f"{name}\t{survey.origin}\t{survey.n_sources} sources\t{len(catalogue.run_ids(name))} runs")


@main.command()
@click.argument("source")
@click.option("-k", default=5, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@click.option("--representation", default="both", show_default=True, help="both, spectrum_aligned, text, ...")
@_workspace_options
def neighbors(source: str, k: int, representation: str, survey_name: str | None, run_id: str | None) -> None:
    """List the sources nearest to SOURCE (a name, a unique part of one, or an index)."""
    from alignlab.services.sources import find_source, neighbours_of

    workspace = _open(survey_name, run_id)
    index = find_source(workspace.survey, source)
    for neighbour in neighbours_of(workspace, index, representation=representation, k=k):
        click.echo(f"{neighbour.index}\t{neighbour.name}\t{neighbour.source_class}\t{neighbour.similarity:.3f}")


@main.command()
@click.argument("source")
@_workspace_options
def papers(source: str, survey_name: str | None, run_id: str | None) -> None:
    """Show the papers about SOURCE and the summaries of what they say."""
    from alignlab.services.sources import find_source

    workspace = _open(survey_name, run_id)
    survey = workspace.survey
    index = find_source(survey, source)
    if survey.simulated:
        click.echo("These papers are simulated, like the source.", err=True)
    for paper in survey.papers_of(index).itertuples():
        click.echo(f"{paper.year}\t{paper.identifier}\t{paper.title}")
    for aspect, text in survey.summaries_of(index).items():
        click.echo(f"\n{aspect}: {text}")


@main.command("source")
@click.argument("name")
@click.option("-k", default=5, show_default=True, type=click.IntRange(1, 1000), help="Neighbours in each space.")
@_workspace_options
def source_command(name: str, k: int, survey_name: str | None, run_id: str | None) -> None:
    """Print everything known about the source NAME: variables, light curve, neighbours, papers."""
    from alignlab.services.dossier import dossier, dossier_text
    from alignlab.services.subject import find_subject

    subject = find_subject(_open(survey_name, run_id), name)
    if subject.survey.simulated:
        click.echo(f"This source: {subject.survey.origin}.", err=True)
    click.echo(dossier_text(dossier(subject, k=k)))


@main.command()
@click.argument("maps", nargs=-1, metavar="[REPRESENTATION:METHOD]...")
@click.option("--background", is_flag=True, hidden=True, help="Started by the app: publish progress for it.")
@click.option("--judge", is_flag=True, help="Compute no map; find out how far those that exist can be trusted.")
@_workspace_options
def project(maps: tuple[str, ...], background: bool, judge: bool, survey_name: str | None, run_id: str | None) -> None:
    """Compute maps of a run, by default the UMAP and t-SNE of both (for example: both:umap text:tsne).

    Printed for each map of the run: trustworthiness, continuity and the share of nearest neighbours that it keeps.
    """
    from alignlab.services.maps import (
        FIRST_MAPS,
        be_polite,
        compute_maps,
        judge_maps,
        judging_task,
        maps_task,
        stored_quality,
    )

    workspace = _open(survey_name, run_id)
    survey, run = workspace.survey, workspace.run
    pairs = tuple(pair.partition(":")[::2] for pair in maps) or FIRST_MAPS
    if background:
        be_polite()
    with progress_bar("maps") as on_step:
        if not judge:
            # The app starts the judging itself, as a task of its own.
            maps_task(workspace).run(
                lambda step: compute_maps(survey, run, pairs, judge=not background, on_step=step), on_step=on_step
            )
        else:
            judging_task(workspace).run(lambda step: judge_maps(survey, run, on_step=step), on_step=on_step)
    for representation, method in run.projections():
        quality = stored_quality(run, representation, method)
        figures = (
            f"\ttrustworthiness {quality.global_trustworthiness:.3f}\tcontinuity {quality.global_continuity:.3f}"
            f"\tneighbours kept {quality.global_recall:.1%}"
            if quality
            else ""
        )
        click.echo(f"{representation}:{method}{figures}")


@main.command()
@click.option("--run", "run_id", required=True, help="Run whose models to use.")
@click.option("--survey", "survey_name", required=True, help="Survey to encode.")
def apply(run_id: str, survey_name: str) -> None:
    """Encode a survey with a run's frozen models; the Atlas then shows it over the run's own sources."""
    from alignlab.services.apply import apply_run
    from alignlab.services.sources import applied_source_card

    catalogue = Catalogue()
    run = catalogue.run(run_id)
    with progress_bar("apply") as on_step:
        apply_run(run, catalogue.survey(run.survey_name), catalogue.survey(survey_name), on_step=on_step)
    workspace = catalogue.open_workspace(run.survey_name, run.run_id)
    for index in range(catalogue.survey(survey_name).n_sources):
        card = applied_source_card(workspace, survey_name, index)
        nearest = ", ".join(neighbour.source_class for neighbour in card.neighbours)
        click.echo(f"{card.name}\t{card.novelty_percent:.0f}% novelty\tneighbours: {nearest}")


@main.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--radius", default=5.0, show_default=True, help="Of the cone around a position, in arcmin.")
@click.option("-k", default=20, show_default=True, type=click.IntRange(1, 100), help="Most sources and papers.")
@_workspace_options
def search(query: tuple[str, ...], radius: float, k: int, survey_name: str | None, run_id: str | None) -> None:
    """Find sources and papers by a name, coordinates or words (put -- before coordinates with a minus sign)."""
    from alignlab.services.search import search as look_up
    from alignlab.services.search_text import search_lines

    workspace = _open(survey_name, run_id)
    for line in search_lines(look_up(workspace, " ".join(query), radius_arcmin=radius), workspace, most=k):
        click.echo(line)


def _of_class(sources: pd.DataFrame, source_class: str) -> NDArray[np.bool_]:
    classes = sorted(set(sources["source_class"]))
    if source_class not in classes:
        raise AlignlabError(f"No source is of class {source_class!r}.", remedy=f"Choose one of {', '.join(classes)}.")
    return (sources["source_class"] == source_class).to_numpy()


@main.command()
@click.option("--class", "source_class", help="Compare the sources of this class.")
@click.option("--selection", help="Compare the sources of this saved selection.")
@_workspace_options
def contrast(source_class: str | None, selection: str | None, survey_name: str | None, run_id: str | None) -> None:
    """Compare some sources with all others: the 20 variables by size of the effect, and the words of their papers.

    Medians; Cliff's delta with its 95% interval; p of Mann and Whitney's test, Holm-corrected for all variables.
    """
    from alignlab.services.contrast import selection_contrast
    from alignlab.services.contrast_text import contrast_text
    from alignlab.services.selections import kept_selection

    if (source_class is None) == (selection is None):
        raise AlignlabError("Say which sources to compare.", remedy="Give either --class or --selection.")
    workspace = _open(survey_name, run_id)
    survey = workspace.survey
    if selection is not None:
        mask = kept_selection(Catalogue(workspace.config).lab, survey.name, selection, survey.n_sources)
    else:
        mask = _of_class(survey.sources, str(source_class))
    click.echo(contrast_text(selection_contrast(workspace, mask)))


@main.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--source-class", help="Only sources of this class.")
@click.option("--split", type=click.Choice(["train", "calibration", "validation", "test"]), help="Only this split.")
@_workspace_options
def export_command(
    path: Path, source_class: str | None, split: str | None, survey_name: str | None, run_id: str | None
) -> None:
    """Write sources with variables and estimates to PATH (.vot, .fits, .ecsv, .csv or .parquet)."""
    import numpy as np

    from alignlab.services.export import export_table, write_table

    workspace = _open(survey_name, run_id)
    sources = workspace.survey.sources
    chosen = np.ones(len(sources), bool)
    if source_class is not None:
        chosen &= _of_class(sources, source_class)
    if split is not None:
        chosen &= (sources["split"] == split).to_numpy()
    asked = {"class": source_class, "split": split}
    selection = ", ".join(f"{what} {value}" for what, value in asked.items() if value is not None)
    write_table(export_table(workspace, np.flatnonzero(chosen), selection=selection), path)
    click.echo(f"{chosen.sum()} sources in {path}")


@main.group()
def train() -> None:
    """Train models."""


train.add_command(small_heads_command)


@train.command("heads")
@click.option("--seed", required=True, type=click.IntRange(0), help="Of the random start.")
@_workspace_options
def train_heads_command(seed: int, survey_name: str | None, run_id: str | None) -> None:
    """Train the heads again with a run's recipe and another random start; the new run joins the others."""
    from alignlab.services.retrain import retrain

    workspace = _open(survey_name, run_id)
    with progress_bar("heads") as on_step:
        click.echo(retrain(workspace, seed=seed, on_step=on_step).run_id)


@train.command("encoder")
@click.option("--sources", default=12_000, show_default=True, type=click.IntRange(200), help="Simulated sources.")
@click.option("--seed", default=101, show_default=True, type=click.IntRange(0), help="Seed of sources and weights.")
@click.option("--epochs", default=None, type=click.IntRange(1), help="Most epochs [the recipe's].")
@click.option("--output", type=click.Path(path_type=Path), help="Weights file [the one in the package].")
def train_encoder_command(sources: int, seed: int, epochs: int | None, output: Path | None) -> None:
    """Train the spectrum autoencoder on freshly simulated sources and write its weights and model card."""
    from alignlab.services.encoder import train_and_save_encoder
    from alignlab.training.encoder import ENCODER_WEIGHTS

    with progress_bar("encoder") as on_step:
        card = train_and_save_encoder(
            output or ENCODER_WEIGHTS, n_sources=sources, seed=seed, max_epochs=epochs, on_step=on_step
        )
    click.echo(card)


main.add_command(ingest)
main.add_command(interpret_command)
main.add_command(evaluate)
main.add_command(follow_up_command)
main.add_command(triage_command)
main.add_command(network_command)
main.add_command(clusters_command)
main.add_command(outliers_command)
main.add_command(population_command)
main.add_command(check_real_command)
cli_runs.add_commands(main)

add_job_commands(main)

if __name__ == "__main__":
    main()
