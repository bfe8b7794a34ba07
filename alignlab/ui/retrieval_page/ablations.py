"""The Retrieval page's section on ablations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignlab.services.evaluate import part
from alignlab.services.evaluate.ablations import caption, shuffled_verdict
from alignlab.services.workspace import Workspace
from alignlab.ui.evaluate.experiment import origin, show_figure, show_head
from alignlab.ui.evaluate.parts import part_figures
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.retrieval_page.ablation_figures import RECALL, changes_figure, learning_figure, learning_points
from alignlab.ui.theme import shade

#: Groups of rows that are no change of the recipe.
_NO_CHANGES = ("base", "seed", "share", "shuffled")


def show_ablations(workspace: Workspace) -> None:
    """Draw what each part of the recipe is worth, or the offer to compute it."""
    figures = part_figures(workspace, "ablations")
    if figures is None:
        return
    verdict = shuffled_verdict(figures)
    show_head("What each part of the recipe is worth", f"{shuffled_finding(verdict)} {changes_finding(figures)}",
              is_alarm=not verdict["is_at_chance"])  # fmt: skip
    show_figure(
        changes_figure(figures, shade=shade()),
        f"Filled: the change makes a difference beyond its 95% interval; open: none is seen. {caption(figures)} "
        f"{origin(figures)}",
        key="retrieval_ablations",
    )
    show_head("Whether more pairs would help", learning_finding(figures))
    told = figures["provenance"]
    show_figure(
        learning_figure(figures, shade=shade()),
        f"Each point is a training on pairs drawn at random, with as many steps as the run was allowed; the line is "
        f"their mean. {told['split'].capitalize()} split, n = {told['n']:,} ({told['n_pairs']:,} with a text; "
        f"spectrum → text), run {told['run']}, seed {told['seed']}; 95% bootstrap intervals over sources. "
        f"{origin(figures)}",
        key="retrieval_learning",
    )
    for table in part("ablations").tables(figures):
        show_table(table, key=table.name)


def shuffled_finding(verdict: Mapping[str, Any]) -> str:
    """Whether trainings on shuffled pairs are at chance, in one sentence."""
    figures = (
        f"recall@1% {verdict['value']:.1%} (from {verdict['low']:.1%} to {verdict['high']:.1%} in {verdict['n']} "
        f"shuffles), chance {verdict['chance']:.1%}"
    )
    if verdict["is_at_chance"]:
        return f"Trained on shuffled pairs, retrieval falls to chance, as it must: {figures}."
    return f"Trained on shuffled pairs, retrieval is NOT at chance ({figures}): do not trust the figures of this run."


def changes_finding(figures: Mapping[str, Any]) -> str:
    """Which changes cost and which gain most recall, beyond their intervals."""
    said = []
    told = [r for r in figures["rows"] if r["group"] not in _NO_CHANGES and r[RECALL] is not None]
    worse = [row for row in told if row[RECALL]["change_interval"][1] < 0]
    better = [row for row in told if row[RECALL]["change_interval"][0] > 0]
    if worse:
        most = min(worse, key=lambda row: float(row[RECALL]["change"]))
        said.append(f"'{most['label']}' costs most, {_points(most)}")
    if better:
        most = max(better, key=lambda row: float(row[RECALL]["change"]))
        said.append(f"'{most['label']}' gains most, {_points(most)}")
    if not said:
        return "None of the other changes makes a difference beyond its interval."
    luck = "".join(
        f" Another random start alone makes {_points(row)}." for row in figures["rows"] if row["group"] == "seed"
    )
    return f"Of the other changes {' and '.join(said)} of recall@1%.{luck}"


def learning_finding(figures: Mapping[str, Any]) -> str:
    """What twice the pairs bring at the end of the learning curve."""
    points = [(n, [row[RECALL]["value"] for row in rows if row[RECALL]]) for n, rows in learning_points(figures)]
    (n_half, half), (n_all, everything) = points[-2:]
    before, after = sum(half) / len(half), sum(everything) / len(everything)
    gain = after - before
    first = f"From {n_half:,} to {n_all:,} pairs recall@1% goes from {before:.1%} to {after:.1%}"
    if gain > 0.05 * before:
        return f"{first}: the curve still rises, and more pairs would help."
    return f"{first}: the curve is flat, and more of the same pairs would help little."


def _points(row: Mapping[str, Any]) -> str:
    change, (low, high) = row[RECALL]["change"], row[RECALL]["change_interval"]
    told = f"{100 * change:+.1f} ({100 * low:+.1f} to {100 * high:+.1f}) percentage points"
    return told.replace("-", "−")
