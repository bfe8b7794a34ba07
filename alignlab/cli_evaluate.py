"""``alignlab evaluate``: everything that the paper reports of a run, from a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alignlab.errors import AlignlabError
from alignlab.services.evaluate import PARTS, EvaluationContext
from alignlab.services.workspace import Catalogue


@click.command()
@click.argument("run", required=False)
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True)
@click.option("--part", "parts", multiple=True, type=click.Choice(list(PARTS)), help="Only this part; repeatable.")
@click.option("--all", "all_parts", is_flag=True, help="Every part, also those that train anew.")
@click.option("--again", is_flag=True, help="Compute also what has been computed before.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder for Markdown, CSV and LaTeX.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write all tables into this Markdown.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(
    run: str | None,
    split: str,
    parts: tuple[str, ...],
    all_parts: bool,
    again: bool,
    output: Path | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Compute the figures of RUN (the active one by default) beside those of the paper.

    Without a part, a summary; with --part or --all, its tables. Figures are kept beside the run, and pages show them.
    """
    from alignlab.cli import progress_bar
    from alignlab.services.evaluate.kept import evaluate_parts, parts_for
    from alignlab.services.evaluate.report import results_text, write_files
    from alignlab.services.evaluate.summary import evaluate_run, evaluation_text

    catalogue = Catalogue()
    chosen = catalogue.run(run) if run else catalogue.open_workspace().run
    survey = catalogue.survey(chosen.survey_name)
    if not (parts or all_parts or again or output or report):
        summary = evaluate_run(survey, chosen, split=split)
        click.echo(json.dumps(summary) if as_json else evaluation_text(summary))
        return
    if parts and all_parts:
        raise AlignlabError("--part asks for some parts, --all for every one.", remedy="Leave one of them out.")
    if split == "train":
        raise AlignlabError(
            "what is fitted to the training split is not judged by it.", remedy="Choose the test or validation split."
        )
    context = EvaluationContext(
        config=catalogue.config, survey=survey, run=chosen, split=split, seed=chosen.meta.seed or 0
    )
    names = list(parts) or parts_for(context, quick=not all_parts)
    with progress_bar("evaluate") as on_step:
        figures = evaluate_parts(context, names, on_step=on_step, again=again)
    if output is not None:
        click.echo(f"{len(write_files(figures, output))} files in {output}", err=as_json)
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(results_text(figures), encoding="utf-8")
        click.echo(f"{len(names)} parts in {report}", err=as_json)
    if as_json:
        click.echo(json.dumps(figures))
    elif output is None and report is None:
        click.echo(results_text(figures))
