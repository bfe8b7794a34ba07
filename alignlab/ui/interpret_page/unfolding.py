"""An interpretation that is being found, kept by the session: stages that have come never have to come again."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from alignlab.errors import AlignlabError
from alignlab.services.interpret.contract import Interpretation


class Unfolding:
    """Stages of an interpretation, taken one by one; safe to share between runs of the page that overlap.

    Parameters
    ----------
    stages : iterator of Interpretation
        As `interpret_stages` gives them.

    Attributes
    ----------
    interpretation : Interpretation or None
        The latest; None before the first stage.
    problem : str
        Why it ended before its last stage; empty where it did not.
    is_finished : bool
    """

    def __init__(self, stages: Iterator[Interpretation]) -> None:
        self._stages = stages
        self._lock = threading.Lock()
        self._n_come = 0
        self.interpretation: Interpretation | None = None
        self.problem = ""
        self.is_finished = False

    @property
    def n_come(self) -> int:
        """How many stages have come."""
        return self._n_come

    def wait_beyond(self, n_seen: int) -> None:
        """Wait until more than `n_seen` stages have come, or there are no more; the caller's thread finds the next.

        A person who presses a button while a stage is being found starts a second run of the page, which then waits
        for the first one's stage instead of finding it again.
        """
        with self._lock:
            if self.is_finished or self._n_come > n_seen:
                return
            try:
                self.interpretation = next(self._stages)
                self._n_come += 1
            except StopIteration:
                self.is_finished = True
            except AlignlabError as error:
                self.problem, self.is_finished = str(error), True
