"""The Populations page: a group of sources against the survey, or against another group."""

from __future__ import annotations

from alignlab.ui.page import page_workspace
from alignlab.ui.populations_page.show import show

show(page_workspace())
