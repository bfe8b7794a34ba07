"""An interpretation written by hand, about a real row of a survey: what reports and pages are tried with."""

from __future__ import annotations

import math

from alignlab.services.interpret.contract import (
    STAGES,
    ClassEvidence,
    ClassProbability,
    Difference,
    DigestSection,
    Evidence,
    Interpretation,
    NeighbourEvidence,
    PaperEvidence,
    Place,
    Provenance,
    QuotedSentence,
    Suggestion,
    VariableComparison,
)
from alignlab.services.neighbours import nearest
from alignlab.services.readings import readings_of
from alignlab.services.subject import Subject
from alignlab.services.workspace import Workspace

#: What a file's header may hold: no dialect of markup may take it for its own.
AWKWARD = "B3_0710*+439 <b>|x|</b> & [co]"


def example_interpretation(subject: Subject) -> Interpretation:
    """A complete interpretation of a source; its words are made up, its neighbours and variables are not."""
    workspace, survey = subject.workspace, subject.survey
    neighbours = _neighbours(subject)
    estimates = tuple(
        VariableComparison(
            id="E7", statement=f"{reading.variable.label}: measured and estimated.", name=reading.variable.name,
            label=reading.variable.label, unit=reading.variable.display_unit, measured=reading.value,
            measured_low=reading.low, measured_high=reading.high, estimated=reading.estimate,
            low68=reading.estimate_low, high68=reading.estimate_high,
            low95=reading.estimate - 2 * (reading.estimate - reading.estimate_low),
            high95=reading.estimate + 2 * (reading.estimate_high - reading.estimate),
            agrees=None if math.isnan(reading.value) else number % 5 > 0,
        )
        for number, reading in enumerate(readings_of(survey, subject.encoded, subject.index))
    )  # fmt: skip
    papers = tuple(
        PaperEvidence(
            id=f"E{9 + k}", statement=f"Paper {k}.", paper_id=f"p{k}", title=f"A {word} source & its N_H < 10²² cm⁻²",
            identifier=f"2019SIM..{k}", year=2019 + k, similarity=0.61 - 0.1 * k, rank=k + 1, n_papers=512,
            source_names=(neighbours[k].name,),
            sentences=(
                QuotedSentence(text="The spectrum is hard, with Γ = 1.4 ± 0.1.", aspect="spectrum", similarity=0.58),
                QuotedSentence(text="It has a *counterpart* at z ≈ 0.5.", aspect="nature", similarity=0.41),
            ),
            is_simulated=True,
        )
        for k, word in enumerate(("hard", "variable"))
    )  # fmt: skip
    place = Place(
        id="E1", statement="It lies where the training sources do: 769 of 1,831 lie farther out (p = 0.42).",
        p_value=0.42, n_calibration=1831, k=10, is_inside=True, parts=(("its distance", 0.6), ("its shape", 0.3)),
    )  # fmt: skip
    differences = (
        Difference(
            id="E12", statement="Its 0.5–1.2 keV band has 0.45 (0.36–0.56) of what the neighbours have.", kind="band",
            name="0.5-1.2 keV", effect=0.45, low=0.36, high=0.56,
        ),
    )  # fmt: skip
    evidence = [Evidence(id="E1", stage="place", statement=place.statement)]
    evidence += [Evidence(id=n.id, stage="place", statement=n.statement) for n in neighbours]
    evidence += [Evidence(id="E7", stage="variables", statement="Hardness 0.62 (0.54–0.70), as its neighbours.")]
    evidence += [Evidence(id="E8", stage="classes", statement="obscured AGN 62% (55–70).")]
    evidence += [Evidence(id=p.id, stage="papers", statement=p.statement) for p in papers]
    evidence += [Evidence(id="E12", stage="differences", statement=differences[0].statement)]
    return Interpretation(
        source_name=AWKWARD,
        source_index=subject.index,
        is_simulated=survey.simulated,
        provenance=_provenance(workspace),
        n_counts=1234.0,
        exposure_s=52_300.0,
        position=(108.39822, 43.81708),
        notes=("no background file: its background is taken as zero",),
        stages=STAGES[:-1],
        limits=("Its classes are those of a simulated survey.",),
        verdict="Most like an obscured AGN (62%), well inside what the run has seen [E1, E8].",
        place=place,
        neighbours=neighbours,
        classes=_classes(),
        papers=papers,
        estimates=estimates,
        estimates_from="Estimated from the 25 nearest training sources; intervals are conformal.",
        differences=differences,
        suggestions=(Suggestion(text="Check the low-energy absorption with its response.", because=("E7", "E12")),),
        digest=(DigestSection(title="Place", sentences=("It lies well inside [E1].",)),),
        evidence=tuple(evidence),
    )


def _provenance(workspace: Workspace) -> Provenance:
    survey, run = workspace.survey, workspace.run
    return Provenance(
        survey_name=survey.name, survey_origin=survey.origin, survey_digest=survey.digest,
        is_simulated=survey.simulated, run_id=run.run_id, run_digest=run.digest, n_sources=survey.n_sources,
        n_training=int((survey.sources["split"] == "train").sum()), version="0.1", created_utc="2026-11-21T19:00:00Z",
    )  # fmt: skip


def _neighbours(subject: Subject) -> tuple[NeighbourEvidence, ...]:
    survey, run = subject.workspace.survey, subject.workspace.run
    own = subject.index if subject.overlay is None else None
    found = nearest(survey, subject.latents("spectrum_aligned"), run.latents("spectrum_aligned"), k=5, leave_out=own)
    return tuple(
        NeighbourEvidence(
            id=f"E{2 + k}", statement=f"{n.name} is number {k + 1} of its neighbours.", index=n.index, name=n.name,
            source_class=n.source_class, split=str(survey.sources["split"].iloc[n.index]), similarity=n.similarity,
        )
        for k, n in enumerate(found)
    )  # fmt: skip


def _classes() -> ClassEvidence:
    shares = (("obscured AGN", 0.62, 0.55, 0.70), ("QSO", 0.24, 0.17, 0.31), ("HMXB", 0.08, 0.04, 0.13))
    return ClassEvidence(
        id="E8", statement="It is most probably an obscured AGN: 62% (55–70).",
        probabilities=tuple(
            ClassProbability(name=name, probability=p, low=low, high=high, n_neighbours=round(25 * p), n_training=600)
            for name, p, low, high in shares
        ),
        left_out=("ULX",), method="Shares among the 25 nearest training sources, calibrated by temperature.",
        n_calibration=1831, calibration_error=0.03, calibration_error_low=0.02, calibration_error_high=0.05,
        n_test=1719,
    )  # fmt: skip
