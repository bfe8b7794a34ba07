"""The Latents page's section on compression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignlab.services.evaluate import part
from alignlab.services.evaluate.compression import caption, smallest_without_loss, step_named
from alignlab.services.workspace import Workspace
from alignlab.ui.evaluate.experiment import origin, show_figure, show_head
from alignlab.ui.evaluate.parts import part_figures
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.latents_page.compression_figure import compression_figure
from alignlab.ui.theme import shade


def show_compression(workspace: Workspace) -> None:
    """Draw what bytes are worth, or the offer to compute it."""
    figures = part_figures(workspace, "compression")
    if figures is None:
        return
    show_head("How few bytes are enough", finding(figures))
    show_figure(
        compression_figure(figures, shade=shade()),
        f"Open: raw numbers and latents before alignment, which have no space in common and hence no recall. "
        f"{caption(figures)} {origin(figures)}",
        key="latents_compression",
    )
    for table in part("compression").tables(figures):
        show_table(table, key=table.name)


def finding(figures: Mapping[str, Any]) -> str:
    """How many bytes a source needs before anything is lost, and what raw numbers take."""
    raw, reference = figures["steps"][0], step_named(figures, figures["reference"])
    least = smallest_without_loss(figures)
    saved = 1 - reference["bytes"] / raw["bytes"]
    text = (
        f"{reference['numbers']} numbers stand for {raw['numbers']:,} raw ones ({saved:.0%} of the bytes saved), and "
        f"estimates from them are {_than(reference, raw)}."
    )
    if least["name"] == reference["name"]:
        return f"{text} Whatever takes fewer bytes loses measurably."
    return (
        f"{text} {least['bytes']:,} bytes a source ({least['label']}) do as well as {reference['bytes']:,}: neither "
        "recall nor error is worse beyond its 95% interval."
    )


def _than(reference: Mapping[str, Any], raw: Mapping[str, Any]) -> str:
    if raw["error_ratio"] is None:
        return "not comparable"
    low, high = raw["error_ratio"]["change_interval"]
    if low > 0:
        share = 1 - reference["error_ratio"]["value"] / raw["error_ratio"]["value"]
        return f"better by {share:.0%}"
    return "worse" if high < 0 else "as good"
