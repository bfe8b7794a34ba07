"""The Interpret page: what a newly observed source is, with the evidence for it."""

from __future__ import annotations

from alignlab.ui.interpret_page.show import show
from alignlab.ui.page import page_workspace

show(page_workspace())
