"""Which two runs are compared: in the page's address, so that a link carries it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from alignlab.ui import address

_KEY = "alignlab.runs"
COMPARE = "compare"


@dataclass
class RunsPageState:
    """State of the Runs page.

    Attributes
    ----------
    pair : tuple of (str, str) or None
        Ids of the runs that are compared: the second against the first.
    problem : str
        What is wrong with the address; empty where nothing is.
    """

    pair: tuple[str, str] | None = None
    problem: str = ""

    @classmethod
    def of_session(cls) -> RunsPageState:
        """The session's state, following the address."""
        state: RunsPageState = st.session_state.setdefault(_KEY, cls())
        address.follow(COMPARE, state._obey)
        address.tell(COMPARE, ",".join(state.pair or ()))
        return state

    def compare(self, pair: tuple[str, str] | None) -> None:
        """Compare these, or none: in a callback."""
        self.pair, self.problem = pair, ""
        address.tell(COMPARE, ",".join(pair or ()))

    def _obey(self, asked: str) -> None:
        names = [name.strip() for name in asked.split(",") if name.strip()]
        self.pair = (names[0], names[1]) if len(names) == 2 else None
        self.problem = "" if self.pair else f"The address asks to compare {asked!r}. Name two runs, with a comma."
