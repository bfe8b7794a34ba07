"""The Networks page: which sources resemble which, drawn as a graph."""

from __future__ import annotations

from alignlab.ui.networks_page.show import show
from alignlab.ui.page import page_workspace

show(page_workspace())
