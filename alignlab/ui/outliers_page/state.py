"""Where a person is in the queue of outliers."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

_KEY = "alignlab.outliers_page"


@dataclass
class OutliersPageState:
    """State of the Outliers page.

    Attributes
    ----------
    dataset : str
        The rows that the indices refer to.
    index : int or None
        The source that is looked at; None before the first.
    seen : set of int
        Sources that were looked at.
    obeyed : int
        Serial of the last press of a key that was obeyed.
    first : int or None
        First place of the part of the queue that was turned to by hand; None where it follows the source.
    said : str
        What the last press did, for a person.
    wrong : bool
        Whether `said` tells why it could not be obeyed.
    """

    dataset: str = ""
    index: int | None = None
    seen: set[int] = field(default_factory=set)
    obeyed: int = 0
    first: int | None = None
    said: str = ""
    wrong: bool = False

    @classmethod
    def of(cls, dataset: str) -> OutliersPageState:
        """The session's state for these rows; a place among other rows is forgotten."""
        state: OutliersPageState = st.session_state.setdefault(_KEY, cls(dataset=dataset))
        if state.dataset != dataset:
            state = st.session_state[_KEY] = cls(dataset=dataset)
        return state

    def look_at(self, index: int) -> None:
        """Go to a source."""
        self.index, self.first = index, None
        self.seen.add(index)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Tell what a press did."""
        self.said, self.wrong = text, wrong
