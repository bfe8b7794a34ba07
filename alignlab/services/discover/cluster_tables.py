"""Clusters as tables: what each is, how they agree with classes, sweeps, and our figures beside the earlier study's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alignlab.analysis.clusters import METHODS, MOST_IN_TREE
from alignlab.services.discover.cluster_classes import LABELLINGS
from alignlab.services.discover.cluster_profiles import ClusterProfile
from alignlab.services.discover.cluster_quality import ClusterQuality
from alignlab.services.discover.cluster_recipe import Clustering
from alignlab.services.discover.cluster_sweep import EARLIER, Point
from alignlab.services.evaluate.table import Cell, Column, Table
from alignlab.services.number_words import number, percent, plural

SCOPE_WORDS = {"test": "the test split", "all": "all sources"}
GIVEN_BY = {
    "test": "clusters are given classes by the sources of the other splits",
    "all": "clusters are given classes by the very sources that are judged",
}
_EARLIER_NAME = "arXiv:2510.14102"
_BALANCED = (
    Column("balanced_accuracy", "one to one", ".1f", as_percent=True),
    Column("many_to_one", "many to one", ".1f", as_percent=True),
)
_SCORES = (Column("ari", "ARI", ".3f"), Column("nmi", "NMI", ".3f"))


def provenance_words(survey_name: str, origin: str, run_id: str) -> str:
    """Where figures come from, for captions."""
    return f"Survey {survey_name} ({origin}), run {run_id}."


def recipe_words(found: Clustering) -> str:
    """How clusters were found and what of, in one sentence."""
    recipe, told = found.recipe, found.told
    parts = [f"{recipe.label} in {_latents(recipe.representation)}"]
    if recipe.components:
        parts.append(f"projected onto {recipe.components} principal components")
    if recipe.scaling != "none":
        parts.append({"standard": "each latent to variance 1", "unit": "each source to length 1"}[recipe.scaling])
    if told.get("n_in_tree", 0) >= MOST_IN_TREE:
        parts.append(f"tree of {told['n_in_tree']:,} sources drawn at random, the others join the nearest centre")
    if told.get("converged") is False:
        parts.append("not converged")
    parts.append(f"seed {recipe.seed}")
    n = len(found.labels) - told["n_left_out"]
    left_out = f", {told['n_left_out']:,} left out" if told["n_left_out"] else ""
    noise = f", {told['n_noise']:,} in no cluster" if told["n_noise"] else ""
    return f"{'; '.join(parts)}; {plural(n, 'source')}{noise}{left_out}."


def finding_words(quality: ClusterQuality) -> str:
    """What the clusters say of the classes, in one sentence."""
    one, many = quality.one_to_one, quality.many_to_one
    return (
        f"One cluster per class finds {_with_interval(one)} of a class on average, every cluster with its own class "
        f"{_with_interval(many)}; guessing finds {percent(quality.chance)} (n = {quality.n:,})."
    )


def matrix_words(quality: ClusterQuality, *, caption: str, marked: str) -> str:
    """Of whom shares of the classes in the clusters are, and what is `marked` in them."""
    return (
        f"{caption} {quality.n:,} sources of {SCOPE_WORDS[quality.scope]}; {GIVEN_BY[quality.scope]}. Shares of each "
        f"class in percent; {marked} the cluster that stands for the class, one to one, so that the trace is maximal "
        "(Hungarian)."
    )


def clusters_table(found: Clustering, profiles: Sequence[ClusterProfile], *, caption: str) -> Table:
    """One row per cluster: its name, size, classes and the reasons for its name."""
    columns = (
        Column("cluster", "cluster"),
        Column("name", "suggested name"),
        Column("n", "n", ",d"),
        Column("classes", "most frequent classes"),
        Column("evidence", "why"),
    )
    rows = [
        (
            Cell(str(profile.cluster + 1)),
            Cell(profile.name),
            Cell(profile.n),
            Cell(", ".join(f"{name} {n:,}" for name, n in profile.classes[:3]) or None),
            Cell("; ".join(profile.evidence)),
        )
        for profile in profiles
    ]
    name = f"clusters-{found.recipe.key}"
    return Table(name=name, title="Clusters", caption=f"{caption} {recipe_words(found)}", columns=columns, rows=rows)


def contingency_table(quality: ClusterQuality, names: Sequence[str], *, caption: str) -> Table:
    """Shares of each class in each cluster, in percent, with recalls; n of each class."""
    table, shares = quality.table, quality.table.shares
    columns = [
        Column("class", "class"),
        Column("n", "n", ",d"),
        *(Column(f"cluster_{k + 1}", f"{k + 1} {name}", ".0f", as_percent=True) for k, name in enumerate(names)),
        Column("noise", "no cluster", ".0f", as_percent=True),
        Column("recall", "found, one to one", ".0f", as_percent=True),
    ]
    rows = []
    for row, name in enumerate(table.classes):
        n = int(table.n_of_class[row])
        own = [k for k, of in enumerate(quality.one_to_one.class_of) if of == row]
        cells = [Cell(float(share), is_best=k in own) for k, share in enumerate(shares[row])]
        noise = float(table.n_noise[row] / n) if n else None
        recall = float(quality.one_to_one.recall[row]) if n else None
        rows.append((Cell(name), Cell(n), *cells, Cell(noise), Cell(recall)))
    told = matrix_words(quality, caption=caption, marked="underlined")
    return Table(name="contingency", title="Classes in clusters", caption=told, columns=columns, rows=rows)


def judged_points(points: Sequence[Point], labelling: str, scope: str) -> list[Point]:
    """The points that could be held against these classes on these sources."""
    return [point for point in points if scope in point["against"].get(labelling, {})]


def sweep_table(points: Sequence[Point], labelling: str, scope: str, *, caption: str) -> Table:
    """One row per size of a sweep, balanced accuracies in percent with their 95% bootstrap intervals."""
    points = judged_points(points, labelling, scope)
    is_density = bool(points) and points[0]["method"] == "hdbscan"
    columns = (
        Column("size", "at least" if is_density else "k", ",d"),
        Column("n_clusters", "clusters", ",d"),
        Column("n_noise", "in none", ",d"),
        *_BALANCED,
        *_SCORES,
        Column("silhouette", "silhouette", ".3f"),
        Column("seconds", "core seconds", ".1f"),
    )
    rows = [
        (
            Cell(point["size"]),
            Cell(point["n_clusters"]),
            Cell(point["n_noise"]),
            *_agreements(point["against"][labelling][scope]),
            Cell(point["silhouette"]),
            Cell(point["seconds"]),
        )
        for point in points
    ]
    n = points[0]["against"][labelling][scope]["n"] if points else 0
    sampled = max((point["n_silhouette"] for point in points), default=0)
    told = (
        f"{caption} Against {LABELLINGS[labelling].label}: balanced accuracy on {n:,} sources of {SCOPE_WORDS[scope]}, "
        f"95% bootstrap intervals; {GIVEN_BY[scope]}. Silhouettes of at most {sampled:,} sources, drawn at random."
    )
    return Table(name="cluster-sweep", title="Sweep", caption=told, columns=columns, rows=rows)


def comparison_table(points: Sequence[Point], scope: str, *, caption: str) -> Table:
    """Balanced accuracies of eight and of two classes, one to one, beside those that the earlier study reports."""
    columns = (
        Column("classes", "classes"),
        Column("representation", "representation"),
        Column("method", "method"),
        Column("n", "n", ",d"),
        Column("balanced_accuracy", "balanced accuracy", ".1f", as_percent=True),
        *_SCORES,
    )
    rows: list[tuple[Cell, ...]] = []
    for labelling, reported in EARLIER.items():
        ours = [point for point in judged_points(points, labelling, scope) if point["among"] == labelling]
        if not ours:
            continue
        label = LABELLINGS[labelling].label
        earlier = (
            Cell(label),
            Cell("8 latents of the spectrum"),
            Cell(_EARLIER_NAME),
            Cell(None),
            Cell(f"about {reported:.0%}"),
        )
        rows.append((*earlier, Cell(None), Cell(None)))
        best = max(point["against"][labelling][scope]["balanced_accuracy"] for point in ours)
        for point in ours:
            figures = point["against"][labelling][scope]
            accuracy = _interval(figures, "balanced_accuracy")
            is_best = figures["balanced_accuracy"] == best
            accuracy = Cell(
                accuracy.value, accuracy.low, accuracy.high, is_best=is_best,
                is_near_best=figures["balanced_accuracy_high"] >= best,
            )  # fmt: skip
            rows.append(
                (
                    Cell(label), Cell(_latents(point["representation"])), Cell(METHODS[point["method"]]),
                    Cell(figures["n"]), accuracy, Cell(figures["ari"]), Cell(figures["nmi"]),
                )
            )  # fmt: skip
    told = (
        f"{caption} As many clusters as classes, of the sources of these classes alone, one cluster per class "
        f"(Hungarian); judged on {SCOPE_WORDS[scope]}, {GIVEN_BY[scope]}. In brackets 95% bootstrap intervals. The "
        f"figures of {_EARLIER_NAME} are of observed Chandra spectra, as its abstract gives them; its eight classes "
        "need not be ours."
    )
    return Table(name="clusters-compared", title="Eight classes, and two", caption=told, columns=columns, rows=rows)


def _agreements(figures: dict[str, Any]) -> tuple[Cell, ...]:
    return (
        _interval(figures, "balanced_accuracy"),
        _interval(figures, "many_to_one"),
        Cell(figures["ari"]),
        Cell(figures["nmi"]),
    )


def _interval(figures: dict[str, Any], name: str) -> Cell:
    return Cell(figures[name], figures[f"{name}_low"], figures[f"{name}_high"])


def _with_interval(found: Any) -> str:
    low, high = (number(100 * limit) for limit in (found.low, found.high))
    return f"{100 * found.balanced_accuracy:.1f}% ({low}–{high})"


def _latents(representation: str) -> str:
    """``spectrum, aligned``."""
    return representation.replace("_", ", ")
