"""The Retrieval page, from top to bottom."""

from __future__ import annotations

from alignlab.services.workspace import Workspace
from alignlab.ui.evaluate.parts import part_figures


def show(workspace: Workspace) -> None:
    """Draw the page."""
    part_figures(workspace, "retrieval")
