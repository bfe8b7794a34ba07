"""Everything that a source card shows: what is known about one source, and its neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from alignlab.services.neighbours import (
    N_NEIGHBOURS,
    Neighbour,
    nearest,
    neighbours_of,
    overlay_representation,
    representation_latents,
)
from alignlab.services.readings import (
    SourceSpectrum,
    VariableReading,
    readings_of,
    reconstruction_in_counts,
    spectrum_of,
)
from alignlab.services.source_names import find_source
from alignlab.services.subject import Subject, subject_of
from alignlab.services.workspace import Workspace
from alignlab.store.run import Overlay

__all__ = [
    "N_NEIGHBOURS",
    "Neighbour",
    "SourceCard",
    "SourceSpectrum",
    "VariableReading",
    "applied_source_card",
    "find_source",
    "neighbours_of",
    "overlay_representation",
    "reconstruction_in_counts",
    "representation_latents",
    "source_card",
]


@dataclass(frozen=True, eq=False, kw_only=True)
class SourceCard:
    """What is known about one source.

    Attributes
    ----------
    index : int
        Its `source_index` in its own survey.
    facts : Series
        Its row of the survey's table of sources.
    simulated : bool
        Whether its photons are simulated.
    survey_name : str
        The survey that it belongs to.
    spectrum : SourceSpectrum
    readings : tuple of VariableReading
        The 20 variables, in their order.
    papers : DataFrame
        paper_id, title, year, identifier, abstract; newest first.
    summaries : dict
        Text by aspect; an aspect that no paper discusses is absent.
    neighbours : tuple of Neighbour
        Nearest sources of the run's survey.
    novelty_percent : float
        For a source that the run was applied to: how far it lies from what the run was trained on; else NaN.
    """

    index: int
    facts: pd.Series
    simulated: bool
    survey_name: str
    spectrum: SourceSpectrum
    readings: tuple[VariableReading, ...]
    papers: pd.DataFrame
    summaries: dict[str, str]
    neighbours: tuple[Neighbour, ...]
    novelty_percent: float = float("nan")

    @property
    def name(self) -> str:
        """The source's name."""
        return str(self.facts["name"])

    @property
    def source_class(self) -> str:
        """Its class, or 'unclassified'."""
        return str(self.facts["source_class"]) or "unclassified"


def source_card(workspace: Workspace, index: int, *, representation: str = "both", k: int = N_NEIGHBOURS) -> SourceCard:
    """Collect what is known about source `index` of the run's survey.

    Raises
    ------
    AlignlabError
        If there is no such source.
    """
    subject = subject_of(workspace, index)
    return _card(subject, neighbours_of(workspace, index, representation=representation, k=k))


def applied_source_card(
    workspace: Workspace, survey_name: str, index: int, *, representation: str = "both", k: int = N_NEIGHBOURS
) -> SourceCard:
    """Collect what is known about source `index` of a survey that the run was applied to.

    Its neighbours are sources of the run's survey, in `representation`, or in the aligned spectrum space where that
    representation needs papers that it does not have.

    Raises
    ------
    AlignlabError
        If there is no such source.
    MissingArtefactError
        If the run was not applied to that survey.
    """
    subject = subject_of(workspace, index, survey_name)
    overlay = subject.encoded
    assert isinstance(overlay, Overlay)  # a survey was named
    usable = overlay_representation(overlay, representation)
    base = representation_latents(workspace.survey, workspace.run, usable)
    found = nearest(workspace.survey, subject.latents(usable), base, k=k)
    return _card(subject, found, novelty_percent=float(overlay.novelty_percent[index]))


def _card(subject: Subject, neighbours: tuple[Neighbour, ...], *, novelty_percent: float = float("nan")) -> SourceCard:
    survey, encoded, index = subject.survey, subject.encoded, subject.index
    return SourceCard(
        index=index,
        facts=subject.facts,
        simulated=survey.simulated,
        survey_name=survey.name,
        spectrum=spectrum_of(survey, encoded, index),
        readings=readings_of(survey, encoded, index),
        papers=survey.papers_of(index),
        summaries=survey.summaries_of(index),
        neighbours=neighbours,
        novelty_percent=novelty_percent,
    )
