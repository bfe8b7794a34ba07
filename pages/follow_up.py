"""The Follow-up page: the sources worth a telescope, with reasons and what an observer needs."""

from __future__ import annotations

from alignlab.ui.follow_up_page.show import show
from alignlab.ui.page import page_workspace

show(page_workspace())
