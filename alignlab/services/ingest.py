"""Real files to surveys: readers give sources, this gives them a name, a folder and a provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.ingest.ogip import spectra_to_contents
from alignlab.ingest.records import IngestedSources
from alignlab.progress import OnStep
from alignlab.services.axia_survey import publish_axia
from alignlab.spectra.grid import GridKind, energy_grid, minmax_normalise
from alignlab.store.artefact import Meta, check_name, sha256_of
from alignlab.store.survey import Photons, Survey, SurveyContents, write_survey


@dataclass(frozen=True, eq=False, kw_only=True)
class IngestOutcome:
    """A new survey, and what could not be used.

    Attributes
    ----------
    survey : Survey
    problems : tuple of str
        One message per file or line that was left out.
    notes : tuple of str
        How what was read was understood, where that had to be guessed.
    """

    survey: Survey
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def ingest_ogip_files(
    paths: Sequence[Path],
    *,
    name: str,
    config: Config,
    grid_kind: GridKind = "log",
    replace: bool = False,
    on_step: OnStep | None = None,
) -> IngestOutcome:
    """Make a survey of OGIP spectra; a file that cannot be used is reported and the others go on.

    Raises
    ------
    AlignlabError
        If the name is taken, or no file could be used.
    """
    check_free(name, config, replace)
    ingested = spectra_to_contents(paths, grid=energy_grid(grid_kind), on_step=on_step)
    inputs = {path.name: sha256_of(path) for path in paths if path.is_file()}
    recipe: dict[str, object] = {"reader": "ogip", "grid_kind": grid_kind}
    return publish_ingested(ingested, name=name, root=config.surveys_dir, recipe=recipe, inputs=inputs, replace=replace)


def ingest_axia_file(
    path: Path,
    *,
    name: str,
    config: Config,
    grid_kind: GridKind = "log",
    replace: bool = False,
    checkpoint: Path | None = None,
    processes: int | None = None,
    on_step: OnStep | None = None,
) -> IngestOutcome:
    """Make a survey of an Axia corpus in constant memory; a line that cannot be used is reported, the others go on.

    Parameters
    ----------
    checkpoint : Path, optional
        Folder in which finished blocks are kept: who is killed goes on from there when called again with it.
    processes : int, optional
        That measure side by side; by default one per core, for a small file none but this one.

    Raises
    ------
    AlignlabError
        If the name is taken, the file cannot be opened, or no line could be used.
    """
    check_free(name, config, replace)
    survey, problems = publish_axia(
        path,
        name=name,
        root=config.surveys_dir,
        grid_kind=grid_kind,
        replace=replace,
        checkpoint=checkpoint,
        processes=processes,
        on_step=on_step,
    )
    return IngestOutcome(survey=survey, problems=problems)


def ingest_csc_table(
    path: Path,
    *,
    name: str,
    config: Config,
    classes_path: Path | None = None,
    grid_kind: GridKind = "log",
    seed: int = 7,
    replace: bool = False,
    on_step: OnStep | None = None,
) -> IngestOutcome:
    """Make a survey of catalogued detections: real variables, photons simulated from each detection's own fit.

    The literature is simulated too, from the real classes. Sources are split by name: all detections of a source are
    on one side. There are no arrival times: the catalogue tells none.

    Raises
    ------
    AlignlabError
        If the name is taken, a file cannot be used, or no row has a fit.
    """
    from alignlab.services.csc_survey import publish_detections

    check_free(name, config, replace)
    survey, problems = publish_detections(
        path,
        name=name,
        root=config.surveys_dir,
        classes_path=classes_path,
        grid_kind=grid_kind,
        seed=seed,
        replace=replace,
        on_step=on_step,
    )
    return IngestOutcome(survey=survey, problems=problems)


def check_free(name: str, config: Config, replace: bool) -> None:
    """Say that a name is taken before the work, not after it."""
    folder = config.surveys_dir / check_name(name)
    if folder.exists() and not replace:
        raise AlignlabError(f"Survey {name!r} exists already.", remedy="Choose another name, or add --replace.")


def publish_ingested(
    ingested: IngestedSources,
    *,
    name: str,
    root: Path,
    recipe: dict[str, object],
    inputs: dict[str, str],
    replace: bool = False,
) -> IngestOutcome:
    """Write what a reader found as the survey `name` in the folder `root`.

    Raises
    ------
    AlignlabError
        If there is no source, or the name is taken.
    """
    problems = tuple(str(problem) for problem in ingested.problems)
    if len(ingested.sources) == 0:
        raise AlignlabError(
            f"No source could be read. {' '.join(problems)}", remedy="Nothing was written; check the files."
        )
    changed = (ingested.response_ratio != 1).any()
    contents = SurveyContents(
        # Nothing is trained on a survey of one's own files: all of it is there to be looked at.
        sources=ingested.sources.assign(split="test"),
        variables=ingested.variables,
        limits=ingested.limits,
        catalogued=ingested.catalogued,
        photons=Photons(ingested.time_s, ingested.energy_kev, ingested.offsets),
        arrays={
            "spectra": minmax_normalise(ingested.counts * ingested.response_ratio),
            "counts": ingested.counts.astype(np.float32),
            "background": ingested.background.astype(np.float32),
            **({"response_ratio": ingested.response_ratio} if changed else {}),
        },
    )
    meta = Meta(kind="survey", name=name, simulated=False, recipe=dict(recipe), inputs_sha256=inputs)
    return IngestOutcome(survey=write_survey(contents, meta, root, replace=replace), problems=problems)
