"""Eight classes, and accretors in two: our balanced accuracies beside those of the earlier study."""

from __future__ import annotations

from collections.abc import Sequence

from alignlab.services.discover.cluster_sweep import EARLIER, Point, n_compared
from alignlab.services.discover.cluster_tables import comparison_table, judged_points
from alignlab.services.job_kinds.clusters import COMPARE, ClusterJobRecipe
from alignlab.services.workspace import Workspace
from alignlab.ui.clusters_page import cached
from alignlab.ui.clusters_page.choose import Chosen
from alignlab.ui.evaluate.experiment import show_head
from alignlab.ui.evaluate.tables import show_table
from alignlab.ui.job_offer import offer_job


def show_compared(workspace: Workspace, chosen: Chosen, *, caption: str) -> None:
    """Draw the comparison, or the offer to make it; nothing where the survey has too few of these classes."""
    wanted = n_compared(workspace.survey)
    if not wanted:
        return
    points = cached.comparison(workspace)
    show_head("Beside the earlier study", compared_finding(points, chosen.scope) if points else "")
    if len(points) < wanted:
        recipe = ClusterJobRecipe(task=COMPARE)
        what = "A comparison on eight and two classes by three methods"
        offer_job(workspace, "clusters", recipe, what=what, key="clusters_compare", verb="find")
    if points:
        show_table(comparison_table(points, chosen.scope, caption=caption), key="clusters_compared")


def compared_finding(points: Sequence[Point], scope: str) -> str:
    """Our best beside what was reported, in one sentence."""
    said = []
    for labelling, words in (("eight", "eight classes"), ("accretors", "AGN against stellar-mass accretors")):
        ours = [
            point["against"][labelling][scope]
            for point in judged_points(points, labelling, scope)
            if point["among"] == labelling
        ]
        if not ours:
            continue
        figures = max(ours, key=lambda figures: figures["balanced_accuracy"])
        said.append(
            f"{words} {100 * figures['balanced_accuracy']:.0f}% ({100 * figures['balanced_accuracy_low']:.0f}–"
            f"{100 * figures['balanced_accuracy_high']:.0f}, n = {figures['n']:,}) against about "
            f"{100 * EARLIER[labelling]:.0f}%"
        )
    return f"Our best balanced accuracies beside those of arXiv:2510.14102: {'; '.join(said)}."
