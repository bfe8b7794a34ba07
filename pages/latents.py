"""The Latents page: what the numbers of the latent space mean, and what compression costs."""

from __future__ import annotations

from alignlab.ui.latents_page.show import show
from alignlab.ui.page import page_workspace

show(page_workspace())
