"""What happens at the desk: the queue as it stands, and what each press of a key does to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.services.discover.artefacts import ArtefactScores
from alignlab.services.discover.follow_up import add_to_follow_up, remove_from_follow_up
from alignlab.services.discover.outlier_queue import (
    BY_LABELS,
    OutlierQueue,
    label_weights,
    labelled_mask,
    outlier_queue,
)
from alignlab.services.discover.outliers import OutlierScores
from alignlab.services.discover.triage import Triage
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.ui import address
from alignlab.ui.outliers_page.cached import ranked_by_labels
from alignlab.ui.outliers_page.choices import RANKINGS, Choices
from alignlab.ui.outliers_page.state import OutliersPageState

#: Sources in one part of the queue.
PART = 200
#: Name in the address of the large type for an audience.
TALK = "talk"
_NO_NAME = "Write your name first, so that labels are yours."


@dataclass(frozen=True, eq=False, kw_only=True)
class Desk:
    """One person at the queue of one run.

    Attributes
    ----------
    workspace : Workspace
    lab : Lab
    state : OutliersPageState
    choices : Choices
    scores : OutlierScores
    artefacts : ArtefactScores
    person : str
        Empty where nobody has said who they are.
    """

    workspace: Workspace
    lab: Lab
    state: OutliersPageState
    choices: Choices
    scores: OutlierScores
    artefacts: ArtefactScores
    person: str

    @property
    def follows_labels(self) -> bool:
        """Whether each label changes the ranking."""
        return self.choices.ranked_by == BY_LABELS

    def name(self, index: int) -> str:
        """A source's name."""
        return str(self.workspace.survey.sources["name"].iloc[index])

    def labels(self) -> dict[str, str]:
        """This person's labels by the source's name."""
        return Triage(self.lab, self.workspace.survey.name, self.person).labels() if self.person else {}

    def queue(self, labels: Mapping[str, str] | None = None) -> OutlierQueue:
        """The queue as it stands, with this person's labels or with those given."""
        known = self.labels() if labels is None else labels
        return outlier_queue(
            self._score(known),
            self.artefacts,
            strength=self.choices.strength,
            labelled=labelled_mask(self.workspace.survey, known),
            unlabelled_first=self.choices.unlabelled_first,
        )

    def obey(self, presses: list[dict[str, Any]]) -> None:
        """Do what was pressed, in its order, each press once."""
        for press in presses:
            if press["serial"] <= self.state.obeyed:
                continue
            self.state.obeyed = press["serial"]
            self.state.say("")
            try:
                getattr(self, f"_{press['do']}")(press)
            except AlignlabError as error:
                self.state.say(str(error), wrong=True)

    def follow_up(self, index: int, reason: str = "") -> None:
        """Put a source on the follow-up list, or take it off."""
        if not self.person:
            self.state.say(_NO_NAME, wrong=True)
            return
        survey, name = self.workspace.survey.name, self.name(index)
        if add_to_follow_up(self.lab, survey, [name], person=self.person, reason=reason or self._reason(index)):
            self.state.say(f"{name} is on the follow-up list")
        else:
            remove_from_follow_up(self.lab, survey, [name])
            self.state.say(f"{name} is off the follow-up list")

    def _score(self, labels: Mapping[str, str]) -> NDArray[np.float32]:
        if not self.follows_labels:
            return self.scores.of(self.choices.ranked_by)
        return ranked_by_labels(self.workspace, self.scores, label_weights(self.workspace.survey, labels))

    def _reason(self, index: int) -> str:
        percentile = float(self.scores.percentile(self.choices.method)[index])
        if not np.isfinite(percentile):
            return ""
        by = RANKINGS[self.choices.method]
        percent = percentile_words(percentile, int(np.isfinite(self.scores.of(self.choices.method)).sum()))
        return f"outlier, {by}: stranger than {percent}% (run {self.workspace.run.run_id})"

    def _label(self, press: dict[str, Any]) -> None:
        if not self.person:
            self.state.say(_NO_NAME, wrong=True)
            return
        index, value = int(press["source"]), str(press["value"])
        Triage(self.lab, self.workspace.survey.name, self.person).give(self.name(index), value)
        self.state.seen.add(index)
        queue = self.queue()
        following = queue.first_open(self.state.seen) if self.follows_labels else queue.next_open(index)
        self.state.say(f"{self.name(index)} labelled {value}")
        self.state.look_at(index if following is None else following)

    def _undo(self, _press: dict[str, Any]) -> None:
        change = Triage(self.lab, self.workspace.survey.name, self.person).undo() if self.person else None
        if change is None:
            self.state.say("There is no label to take back.")
            return
        before = "without a label" if change.before is None else f"labelled {change.before}"
        self.state.say(f"{change.source_name} is {before} again")
        found = np.flatnonzero((self.workspace.survey.sources["name"] == change.source_name).to_numpy())
        if found.size:
            self.state.look_at(int(found[0]))

    def _follow(self, press: dict[str, Any]) -> None:
        self.follow_up(int(press["source"]))

    def _go(self, press: dict[str, Any]) -> None:
        if 0 <= int(press["value"]) < self.workspace.survey.n_sources:
            self.state.look_at(int(press["value"]))

    def _step(self, press: dict[str, Any]) -> None:
        queue = self.queue()
        if len(queue.rows):
            index = int(queue.rows[0]) if self.state.index is None else self.state.index
            self.state.look_at(queue.step(index, int(press["value"])))

    def _next(self, _press: dict[str, Any]) -> None:
        if self.state.index is not None:
            self.state.look_at(self.queue().next_open(self.state.index))

    def _talk(self, _press: dict[str, Any]) -> None:
        address.choose(TALK, "0" if st.session_state.get(TALK) == "1" else "1")

    def _page(self, press: dict[str, Any]) -> None:
        queue = self.queue()
        first = self.first_shown(queue) + PART * int(press["value"])
        self.state.first = min(max(first, 0), max(len(queue.rows) - 1, 0) // PART * PART)

    def first_shown(self, queue: OutlierQueue) -> int:
        """First place of the part of the queue that is shown: the one with the source, or the one turned to."""
        if self.state.first is not None:
            return self.state.first
        place = None if self.state.index is None else queue.place(self.state.index)
        return (place or 0) // PART * PART


def percentile_words(percentile: float, n: int) -> str:
    """A percentile with as many digits as `n` sources can tell apart, at most two; never 100: nothing beats itself."""
    digits = min(2, max(0, math.ceil(math.log10(max(n, 1))) - 2))
    most = 100 - 10**-digits
    return f"{min(percentile, most):.{digits}f}" if np.isfinite(percentile) else "–"
