"""``alignlab interpret``: what a newly observed source is, from a terminal."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from alignlab.errors import AlignlabError
from alignlab.services.workspace import Catalogue


@click.command("interpret")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--ra", type=float, help="Right ascension, ICRS, degrees; that of the file by default.")
@click.option("--dec", type=float, help="Declination, ICRS, degrees.")
@click.option("-k", default=5, show_default=True, type=click.IntRange(1, 100), help="Number of neighbours.")
@click.option("--papers", default=5, show_default=True, type=click.IntRange(0, 50), help="Number of papers.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Report to write: .md or .pdf.")
@click.option("--llm", "llm_model", help="Language model that writes a paragraph from the evidence (OPENAI_API_KEY).")
@click.option("--survey", "survey_name", help="Survey to use; the demo by default.")
@click.option("--run", "run_id", help="Run to use; the active one by default.")
def interpret_command(
    paths: tuple[Path, ...],
    ra: float | None,
    dec: float | None,
    k: int,
    papers: int,
    output: Path | None,
    llm_model: str | None,
    survey_name: str | None,
    run_id: str | None,
) -> None:
    """Say what the sources in PATHS are (PHA with ARF, RMF and background; tables; event lists), with the evidence.

    Every sentence ends with the numbers of the evidence for it, such as [E3]; a report lists all of it. Nothing is
    kept: the files become a survey only with 'alignlab ingest'.
    """
    from alignlab.cli import progress_bar
    from alignlab.services.drop import dropped_files, interpret
    from alignlab.services.interpret.digest import digest_text
    from alignlab.services.interpret.stages import dropped_subjects, interpret_source
    from alignlab.services.interpret_report import SUFFIXES, write_report

    position = _position(ra, dec)
    if output is not None and output.suffix.lower() not in SUFFIXES:
        raise AlignlabError(f"{output} is no report.", remedy=f"End the name with {' or '.join(SUFFIXES)}.")
    workspace = Catalogue().open_workspace(survey_name, run_id)
    with TemporaryDirectory(prefix="alignlab.") as folder:
        with progress_bar("reading") as on_step:
            outcome = interpret(workspace, dropped_files(paths), Path(folder), on_step=on_step)
        for problem in outcome.problems:
            click.echo(f"alignlab: {problem}", err=True)
        subjects = dropped_subjects(workspace, outcome)
        if position is not None and len(subjects) > 1:
            raise AlignlabError(
                f"The files hold {len(subjects)} sources, which do not share a position.",
                remedy="Interpret one source at a time, or leave --ra and --dec out.",
            )
        for number, subject in enumerate(subjects, start=1):
            with progress_bar("interpreting") as on_step:
                found = interpret_source(
                    subject, position=position, k=k, n_papers=papers, llm_model=llm_model, on_step=on_step
                )
            click.echo(("\n" if number > 1 else "") + digest_text(found))
            if output is not None:
                path = output if len(subjects) == 1 else output.with_stem(f"{output.stem}-{number}")
                write_report(found, subject, path)
                click.echo(str(path), err=True)
        outcome.applied.survey.close()


def _position(ra: float | None, dec: float | None) -> tuple[float, float] | None:
    """A position on the sky.

    Raises
    ------
    AlignlabError
        If half of it is missing, or it is none.
    """
    if ra is None and dec is None:
        return None
    if ra is None or dec is None:
        raise AlignlabError("A position has two coordinates.", remedy="Give both --ra and --dec, in degrees.")
    if not (0 <= ra < 360 and -90 <= dec <= 90):
        raise AlignlabError(
            f"{ra} {dec} is no position on the sky.", remedy="--ra runs from 0 to 360 degrees, --dec from -90 to 90."
        )
    return ra, dec
