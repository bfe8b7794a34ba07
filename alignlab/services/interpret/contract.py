"""What an interpretation holds; its parts are in `alignlab.services.interpret.parts`.

`alignlab.services.interpret.stages.interpret_stages` gives an `Interpretation` again and again, each time with one more
stage of `STAGES` filled in, so that a page shows the first evidence while the rest is being found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from alignlab.services.interpret.parts import (
    OUTSIDE_BELOW,
    ClassEvidence,
    ClassProbability,
    Difference,
    DigestSection,
    KnownSource,
    NeighbourEvidence,
    PaperEvidence,
    Paragraph,
    Place,
    QuotedSentence,
    Suggestion,
    VariableComparison,
)

__all__ = [
    "OUTSIDE_BELOW",
    "STAGES",
    "ClassEvidence",
    "ClassProbability",
    "Difference",
    "DigestSection",
    "Evidence",
    "Interpretation",
    "KnownSource",
    "NeighbourEvidence",
    "PaperEvidence",
    "Paragraph",
    "Place",
    "Provenance",
    "QuotedSentence",
    "Stage",
    "Suggestion",
    "VariableComparison",
]

Stage = Literal["place", "classes", "papers", "variables", "differences", "suggestions", "paragraph"]
#: The stages in the order in which they come. ``place`` brings the neighbours and known sources near the position too.
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What an interpretation rests on.

    Attributes
    ----------
    survey_name, survey_origin, survey_digest : str
        The run's survey; its origin as `Survey.origin` says it, such as ``simulated``.
    is_simulated : bool
        Whether its sources, and hence its classes and papers, are simulated.
    run_id, run_digest : str
    n_sources, n_training : int
        Of the survey.
    version : str
        Of alignlab.
    created_utc : str
        ISO 8601.
    """

    survey_name: str
    survey_origin: str
    survey_digest: str
    is_simulated: bool
    run_id: str
    run_digest: str
    n_sources: int
    n_training: int
    version: str
    created_utc: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Something that a sentence may cite.

    Attributes
    ----------
    id : str
        ``E1``, ``E2``, …: unique within an interpretation; never changes as stages are added.
    stage : str
        Of `STAGES`.
    statement : str
        With all numbers that may be quoted from it.
    """

    id: str
    stage: Stage
    statement: str


@dataclass(frozen=True, kw_only=True)
class Interpretation:
    """What can be said of a source, as far as its stages have come.

    Attributes
    ----------
    source_name : str
    source_index : int
        In the survey that it belongs to.
    is_simulated : bool
        Whether its own photons are simulated: a source of a simulated survey, taken as if it were new.
    provenance : Provenance
    stages : tuple of str
        Those of `STAGES` that have come.
    n_counts, exposure_s : float
        From 0.5 to 8 keV, background included; seconds. NaN where unknown.
    position : (float, float) or None
        ICRS, degrees.
    notes : tuple of str
        What the reader of its file noted.
    limits : tuple of str
        What one must keep in mind.
    verdict : str
        One sentence.
    place : Place or None
    neighbours : tuple of NeighbourEvidence
    known_sources : tuple of KnownSource
        Near the position, the nearest first.
    classes : ClassEvidence or None
    papers : tuple of PaperEvidence
    estimates : tuple of VariableComparison
        In the order of `VARIABLES`.
    estimates_from : str
        How the variables were estimated, in a sentence.
    differences : tuple of Difference
        The largest first.
    suggestions : tuple of Suggestion
    digest : tuple of DigestSection
        Complete with the stage ``suggestions``.
    paragraph : Paragraph or None
        Only where a language model was asked.
    evidence : tuple of Evidence
        All that may be cited, in the order of the ids.
    """

    source_name: str
    source_index: int
    is_simulated: bool
    provenance: Provenance
    n_counts: float
    exposure_s: float
    position: tuple[float, float] | None
    notes: tuple[str, ...]
    stages: tuple[Stage, ...] = ()
    limits: tuple[str, ...] = ()
    verdict: str = ""
    place: Place | None = None
    neighbours: tuple[NeighbourEvidence, ...] = ()
    known_sources: tuple[KnownSource, ...] = ()
    classes: ClassEvidence | None = None
    papers: tuple[PaperEvidence, ...] = ()
    estimates: tuple[VariableComparison, ...] = ()
    estimates_from: str = ""
    differences: tuple[Difference, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    digest: tuple[DigestSection, ...] = ()
    paragraph: Paragraph | None = None
    evidence: tuple[Evidence, ...] = ()

    def statement(self, evidence_id: str) -> str:
        """What is said under an id; KeyError where there is none."""
        return {item.id: item.statement for item in self.evidence}[evidence_id]
