"""The Parameters page: how well the 20 catalogue variables are estimated, and how sure each estimate is."""

from __future__ import annotations

from alignlab.ui.page import page_workspace
from alignlab.ui.parameters_page.show import show

show(page_workspace())
