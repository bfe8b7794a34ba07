"""What a person has asked of the Interpret page: positions that they gave, and interpretations found so far."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from alignlab.services.interpret.stages import interpret_stages
from alignlab.services.subject import Subject
from alignlab.ui.interpret_page.unfolding import Unfolding

_KEY = "alignlab.interpret_page"
#: Interpretations that a session keeps.
_MOST_KEPT = 12
_Key = tuple[tuple[str, str, int], tuple[float, float] | None, str | None]


@dataclass
class InterpretPageState:
    """State of the Interpret page.

    Attributes
    ----------
    positions : dict
        ICRS positions in degrees that a person gave, by the source's key.
    next_position : (float, float) or None
        Given before anything was dropped: that of the next source.
    models : dict
        Language models that a person asked for a paragraph, by the source's key.
    unfoldings : dict
        Interpretations by source, position and model, the latest last.
    """

    positions: dict[tuple[str, str, int], tuple[float, float]] = field(default_factory=dict)
    next_position: tuple[float, float] | None = None
    models: dict[tuple[str, str, int], str] = field(default_factory=dict)
    unfoldings: dict[_Key, Unfolding] = field(default_factory=dict)

    @classmethod
    def of_session(cls) -> InterpretPageState:
        """That of the session that runs."""
        return st.session_state.setdefault(_KEY, cls())

    def position_of(self, subject: Subject) -> tuple[float, float] | None:
        """The position that a person gave for a source; None where its file's is to be taken."""
        if self.next_position is not None and subject.overlay is not None:
            self.positions[subject.key], self.next_position = self.next_position, None
        return self.positions.get(subject.key)

    def unfolding(self, subject: Subject) -> Unfolding:
        """The interpretation of a source, begun or finished."""
        key = self._key(subject)
        if key not in self.unfoldings:
            _, position, model = key
            self.unfoldings[key] = Unfolding(interpret_stages(subject, position=position, llm_model=model))
        while len(self.unfoldings) > _MOST_KEPT:
            del self.unfoldings[next(iter(self.unfoldings))]
        return self.unfoldings[key]

    def forget(self, subject: Subject) -> None:
        """Find the interpretation of a source anew when it is asked for next."""
        self.unfoldings.pop(self._key(subject), None)

    def _key(self, subject: Subject) -> _Key:
        return subject.key, self.position_of(subject), self.models.get(subject.key)
