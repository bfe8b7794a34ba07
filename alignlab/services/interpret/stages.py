"""An interpretation, stage by stage: what is quick to find and most wanted comes first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import alignlab
from alignlab.progress import OnStep, report
from alignlab.services.drop import DropOutcome
from alignlab.services.interpret.classes import find_classes
from alignlab.services.interpret.contract import STAGES, Interpretation, Provenance, Stage
from alignlab.services.interpret.differences import find_differences
from alignlab.services.interpret.digest import digest, limits, verdict
from alignlab.services.interpret.estimates import compare_variables
from alignlab.services.interpret.ground import ground_of
from alignlab.services.interpret.ledger import Ledger
from alignlab.services.interpret.observation import Observation, observe
from alignlab.services.interpret.papers import find_papers
from alignlab.services.interpret.place import find_known_sources, find_neighbours, find_place
from alignlab.services.interpret.suggestions import suggest
from alignlab.services.subject import Subject, subject_of
from alignlab.services.workspace import Workspace

N_NEIGHBOURS = 5
N_PAPERS = 5


def interpret_stages(
    subject: Subject,
    *,
    position: tuple[float, float] | None = None,
    k: int = N_NEIGHBOURS,
    n_papers: int = N_PAPERS,
    llm_model: str | None = None,
) -> Iterator[Interpretation]:
    """Interpret a source, giving what is known after each stage of `STAGES`.

    Parameters
    ----------
    subject : Subject
        A dropped source (`dropped_subjects`), or one of the run's own survey, which is then left out of everything
        that it is compared with.
    position : (float, float), optional
        ICRS in degrees; by default that of its file.
    k : int
        How many neighbours are shown.
    n_papers : int
    llm_model : str, optional
        Language model for a paragraph; without, there is no stage ``paragraph``.

    Yields
    ------
    Interpretation
        Once per stage, each with everything of those before.
    """
    ground, ledger = ground_of(subject.workspace), Ledger()
    observation = observe(subject, position, ledger)
    found = _begin(subject, observation)
    lacks_background = observation.lacks_background
    split = str(subject.facts.get("split", "")) if subject.overlay is None else ""

    remarks: list[str] = []

    def reached(found: Interpretation, stage: Stage) -> Interpretation:
        found = replace(found, stages=(*found.stages, stage), evidence=ledger.found)
        told = limits(found, split=split, lacks_background=lacks_background)
        return replace(found, verdict=verdict(found), limits=(*told, *remarks))

    found = replace(
        found,
        place=find_place(subject, ground.distances, ledger),
        neighbours=find_neighbours(subject, k, ledger),
        known_sources=find_known_sources(subject, observation.position, ledger),
    )
    yield (found := reached(found, "place"))
    found = replace(found, classes=find_classes(subject, ground.classes, ledger))
    yield (found := reached(found, "classes"))
    papers, problem = find_papers(subject, ground.papers, ground.sentences, n_papers, ledger)
    remarks += [problem] if problem else []
    yield (found := reached(replace(found, papers=papers), "papers"))
    estimator = ground.estimator
    found = replace(
        found, estimates=compare_variables(subject, estimator, ledger), estimates_from=estimator.description
    )
    yield (found := reached(found, "variables"))
    found = replace(found, differences=find_differences(subject, estimator.scales, ledger))
    yield (found := reached(found, "differences"))
    found = replace(found, suggestions=suggest(found, observation))
    yield (found := reached(replace(found, digest=digest(found)), "suggestions"))
    if llm_model:
        # Imported here: without a language model nobody needs its client.
        from alignlab.services.interpret.paragraph import compose

        paragraph = compose(found, model=llm_model, config=subject.workspace.config)
        yield reached(replace(found, paragraph=paragraph), "paragraph")


def interpret_source(
    subject: Subject,
    *,
    position: tuple[float, float] | None = None,
    k: int = N_NEIGHBOURS,
    n_papers: int = N_PAPERS,
    llm_model: str | None = None,
    on_step: OnStep | None = None,
) -> Interpretation:
    """All stages of `interpret_stages` at once."""
    stages = interpret_stages(subject, position=position, k=k, n_papers=n_papers, llm_model=llm_model)
    n_stages = len(STAGES) if llm_model else len(STAGES) - 1
    for number, found in enumerate(stages, start=1):
        report(on_step, number, n_stages, f"found {found.stages[-1]}")
    return found


def dropped_subjects(workspace: Workspace, outcome: DropOutcome) -> tuple[Subject, ...]:
    """The sources of a drop as subjects of a workspace that it was dropped on."""
    seen = replace(workspace, overlays=(*workspace.overlays, outcome.applied))
    survey = outcome.applied.survey
    return tuple(subject_of(seen, index, survey.name) for index in range(survey.n_sources))


def _begin(subject: Subject, observation: Observation) -> Interpretation:
    workspace = subject.workspace
    survey, run = workspace.survey, workspace.run
    return Interpretation(
        source_name=subject.name,
        source_index=subject.index,
        is_simulated=subject.survey.simulated,
        provenance=Provenance(
            survey_name=survey.name,
            survey_origin=survey.origin,
            survey_digest=survey.digest,
            is_simulated=survey.simulated,
            run_id=run.run_id,
            run_digest=run.digest,
            n_sources=survey.n_sources,
            n_training=int((survey.split == "train").sum()),
            version=alignlab.__version__,
            created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        ),
        n_counts=observation.n_counts,
        exposure_s=observation.exposure_s,
        position=observation.position,
        notes=observation.notes,
    )
