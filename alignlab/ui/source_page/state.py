"""What a person has chosen on the Source page: whom to compare with, and whose spectra to lay over."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.subject import Subject, find_subject, subject_of
from alignlab.services.workspace import Workspace
from alignlab.ui import address

_KEY = "alignlab.source_page"
_REMEMBERED = "remembered"


@dataclass
class SourcePageState:
    """State of the Source page.

    Attributes
    ----------
    dataset : str
        The rows that the indices refer to.
    laid_over : list of int
        Sources of the run's survey whose spectra are drawn over the one shown.
    remembered : tuple or None
        Survey (None for the run's own) and index of a source to compare with.
    sky_images_for : tuple or None
        The source for which sky images were asked.
    """

    dataset: str = ""
    laid_over: list[int] = field(default_factory=list)
    remembered: tuple[str | None, int] | None = None
    sky_images_for: tuple[str, str, int] | None = None

    @classmethod
    def of(cls, dataset: str) -> SourcePageState:
        """The session's state for these rows; choices made on other rows are forgotten."""
        state: SourcePageState = st.session_state.setdefault(_KEY, cls(dataset=dataset))
        if state.dataset != dataset:
            state = st.session_state[_KEY] = cls(dataset=dataset)
        return state

    def lay_over(self, index: int) -> None:
        """Draw a neighbour's spectrum over the one shown, or take it away again."""
        if index in self.laid_over:
            self.laid_over.remove(index)
        else:
            self.laid_over.append(index)

    def remember(self, subject: Subject | None) -> None:
        """Keep a source to compare others with; None forgets it."""
        self.remembered = None if subject is None else (subject.overlay, subject.index)
        address.tell(_REMEMBERED, "" if subject is None else subject.name)

    def remembered_subject(self, workspace: Workspace) -> Subject | None:
        """The remembered source: the one that the address names, where it was changed."""

        def obey(name: str) -> None:
            try:
                found = find_subject(workspace, name)
            except AlignlabError:
                self.remembered = None
            else:
                self.remembered = (found.overlay, found.index)

        address.follow(_REMEMBERED, obey)
        if self.remembered is None:
            return None
        overlay, index = self.remembered
        try:
            subject = subject_of(workspace, index, overlay)
        except AlignlabError:
            # What it was laid over with may have been taken away since.
            self.remembered = None
            return None
        address.tell(_REMEMBERED, subject.name)
        return subject
