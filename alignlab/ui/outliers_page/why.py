"""Why a source is strange, and whether it may be an artefact: a sentence, a figure, a line for each concern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alignlab.services.workspace import Workspace

if TYPE_CHECKING:
    from alignlab.services.discover.outliers import OutlierScores


def show_why(workspace: Workspace, index: int, scores: OutlierScores, *, method: str = "combined") -> None:
    """Draw the reasons of source `index`, found once and kept for all sessions.

    Parameters
    ----------
    workspace : Workspace
    index : int
        In the run's survey.
    scores : OutlierScores
    method : str
        Whose ranking is explained.
    """
    raise NotImplementedError
