"""The Outliers page: the strangest sources, why they are strange, and what people say of them."""

from __future__ import annotations

from alignlab.ui.outliers_page.show import show
from alignlab.ui.page import page_workspace

show(page_workspace())
