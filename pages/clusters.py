"""The Clusters page: groups that the latents fall into, against the known classes."""

from __future__ import annotations

from alignlab.ui.clusters_page.show import show
from alignlab.ui.page import page_workspace

show(page_workspace())
