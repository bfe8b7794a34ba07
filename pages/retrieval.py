"""The Retrieval page: how well a spectrum finds the papers about its source, and the other way round."""

from __future__ import annotations

from alignlab.ui.page import page_workspace
from alignlab.ui.retrieval_page.show import show

show(page_workspace())
