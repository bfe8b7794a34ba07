"""The source that a page is about: one of the run's survey, or of a survey laid over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.services.neighbours import representation_latents
from alignlab.services.workspace import Workspace
from alignlab.store.run import Overlay, Run
from alignlab.store.survey import Survey


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """A source with the survey that it belongs to and what the run makes of that survey.

    Attributes
    ----------
    workspace : Workspace
    overlay : str or None
        Survey laid over the run's own; None for the run's own.
    index : int
        Its `source_index` in its own survey.
    survey : Survey
        Its own survey.
    encoded : Run or Overlay
        Reconstruction and estimates of that survey.
    """

    workspace: Workspace
    overlay: str | None
    index: int
    survey: Survey
    encoded: Run | Overlay

    @property
    def facts(self) -> pd.Series:
        """Its row of its survey's table of sources."""
        return self.survey.sources.iloc[self.index]

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.survey.sources["name"].iloc[self.index])

    @property
    def source_class(self) -> str:
        """Its class; empty where it has none."""
        return str(self.survey.sources["source_class"].iloc[self.index] or "")

    @property
    def has_text(self) -> bool:
        """Whether any aspect of it is discussed in papers that the run has read."""
        return (
            self.overlay is None
            and self.survey.has_array("text_mask")
            and bool(self.survey.text_mask[self.index].any())
        )

    @property
    def key(self) -> tuple[str, str, int]:
        """Identifies it among everything on disk: digests of survey and run, and its index."""
        return self.survey.digest, self.workspace.run.digest, self.index

    def latents(self, representation: str) -> NDArray[np.float32]:
        """Its vector in a representation, shape (d,).

        Raises
        ------
        MissingArtefactError
            If it has none there: a survey laid over has only those of its spectra.
        """
        if self.overlay is None:
            return representation_latents(self.survey, self.workspace.run, representation)[self.index]
        return self.encoded.latents(representation)[self.index]


def subject_of(workspace: Workspace, index: int, overlay: str | None = None) -> Subject:
    """The source `index` of the run's survey, or of the survey `overlay` that the run was applied to.

    Raises
    ------
    AlignlabError
        If there is no such source.
    MissingArtefactError
        If the run was not applied to that survey.
    """
    survey, encoded = _seen(workspace, overlay)
    if not 0 <= index < survey.n_sources:
        raise AlignlabError(
            f"Survey {survey.name!r} has no source {index}.", remedy=f"Its sources are 0 to {survey.n_sources - 1}."
        )
    return Subject(workspace=workspace, overlay=overlay, index=index, survey=survey, encoded=encoded)


def find_subject(workspace: Workspace, query: str) -> Subject:
    """Find a source by its name in the run's survey, else in the surveys laid over it.

    Raises
    ------
    AlignlabError
        If there is none, or several begin so.
    """
    from alignlab.services.source_names import find_source

    try:
        return subject_of(workspace, find_source(workspace.survey, query))
    except AlignlabError as nowhere:
        for applied in workspace.overlays:
            try:
                return subject_of(workspace, find_source(applied.survey, query, by_index=False), applied.survey.name)
            except AlignlabError:
                continue
        raise nowhere


def _seen(workspace: Workspace, overlay: str | None) -> tuple[Survey, Run | Overlay]:
    if overlay is None:
        return workspace.survey, workspace.run
    applied = next((a for a in workspace.overlays if a.survey.name == overlay), None)
    if applied is None:
        raise MissingArtefactError(
            f"Run {workspace.run.run_id!r} was not applied to {overlay!r}.",
            remedy=f"Run 'alignlab apply --run {workspace.run.run_id} --survey {overlay}'.",
        )
    return applied.survey, applied.overlay
