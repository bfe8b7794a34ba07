"""``alignlab check-real``: estimates for real observations against a catalogue, from a terminal."""

from __future__ import annotations

from pathlib import Path

import click

from alignlab.services.workspace import Catalogue


@click.command("check-real")
@click.option("--spectra", multiple=True, type=click.Path(path_type=Path), help="OGIP spectrum or folder; repeatable.")
@click.option("--axia", type=click.Path(path_type=Path), help="Axia corpus, with its catalogued values.")
@click.option("--catalogue", type=click.Path(path_type=Path), help="CSC detections, for the spectra.")
@click.option("--resimulated", help="Run on a survey of 'alignlab ingest csc-table' whose errors are told as well.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the networks.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write it into this Markdown.")
@click.option("--survey", "survey_name", help="Survey of the run; the demo by default.")
@click.option("--run", "run_id", help="Run to use; the active one by default.")
def check_real_command(
    spectra: tuple[Path, ...],
    axia: Path | None,
    catalogue: Path | None,
    resimulated: str | None,
    seed: int,
    report: Path | None,
    survey_name: str | None,
    run_id: str | None,
) -> None:
    """Estimate hardness and photon index of real observations, and put each beside the catalogue's value."""
    from alignlab.cli import progress_bar
    from alignlab.services.real_report import real_report

    with progress_bar("check real") as on_step:
        text = real_report(
            Catalogue(),
            survey_name=survey_name,
            run_id=run_id,
            spectra=spectra,
            axia=axia,
            catalogue=catalogue,
            resimulated=resimulated,
            seed=seed,
            on_step=on_step,
        )
    if report is None:
        click.echo(text)
    else:
        report.write_text(text, encoding="utf-8")
        click.echo(str(report), err=True)
