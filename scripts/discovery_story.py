"""Fill the figures of docs/discovery.md, between its markers, from the demo's active run.

Usage: python scripts/discovery_story.py

The story is told of the best-placed source of three planted kinds. What was planted chooses the story; no score,
ranking or sentence in it knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from write_figures import fill

from alignlab.services.discover.artefacts import ArtefactScores, artefact_scores
from alignlab.services.discover.outlier_queue import OutlierQueue, outlier_queue, planted_found
from alignlab.services.discover.outliers import COMBINED, OutlierScores, find_outliers, kept_outliers
from alignlab.services.discover.reasons import OutlierReasons, outlier_reasons
from alignlab.services.discover.rerank import Reranker, label_weight
from alignlab.services.discover.rerank_features import rerank_features
from alignlab.services.number_words import number, plural
from alignlab.services.workspace import Catalogue, Workspace

PAGE = Path(__file__).resolve().parent.parent / "docs" / "discovery.md"
KINDS = ("changing-look AGN", "gravitational lens", "AGN-like flare star")
ARTEFACT = "pile-up artefact"
#: Sources that the simulated expert labels, and how many of those that follow are counted.
LABELLED, FOLLOWING = 40, 50


@dataclass(frozen=True, eq=False)
class Story:
    """The demo's outliers, and which of them were planted."""

    workspace: Workspace
    scores: OutlierScores
    artefacts: ArtefactScores

    @classmethod
    def open(cls) -> Story:
        """From the demo in the data folder; scores that are kept are not computed again."""
        workspace = Catalogue().open_workspace("demo")
        survey, run = workspace.survey, workspace.run
        scores = kept_outliers(run) or find_outliers(survey, run, seed=run.meta.seed or 0)
        return cls(workspace, scores, artefact_scores(survey, run))

    @cached_property
    def kinds(self) -> NDArray[np.str_]:
        """What was planted in each source; empty in most."""
        truth = self.workspace.survey.truth
        if truth is None:
            raise SystemExit("the story is of the simulated demo, whose truth is known")
        return truth["rarity"].fillna("").to_numpy(dtype=str)

    @cached_property
    def queue(self) -> OutlierQueue:
        """All methods combined, likely artefacts fully demoted, nothing labelled."""
        return self.ranked(COMBINED, 1.0)

    def ranked(self, method: str, strength: float) -> OutlierQueue:
        """The queue by a method."""
        nobody = np.zeros(self.workspace.survey.n_sources, dtype=np.bool_)
        return outlier_queue(self.scores.of(method), self.artefacts, strength=strength, labelled=nobody)

    def best(self, kind: str) -> int:
        """The best-placed source of a planted kind."""
        rows = np.flatnonzero((self.kinds == kind) & (self.queue.rank > 0))
        return int(rows[self.queue.rank[rows].argmin()])

    def name(self, index: int) -> str:
        """A source's name."""
        return str(self.workspace.survey.sources["name"].iloc[index])


def ranks_block(story: Story) -> str:
    """How rankings differ, and where the three stand in each."""
    forest, plain, shown = story.ranked("forest", 0), story.ranked(COMBINED, 0), story.queue
    rows = []
    for label, queue in (
        ("isolation forest", forest), ("all methods combined", plain), ("combined, artefacts demoted", shown),
    ):  # fmt: skip
        found = planted_found(story.workspace.survey, queue.rank)
        if found is None:
            raise SystemExit("nothing was planted in this survey")
        places = " | ".join(f"{queue.rank[story.best(kind)]:,}" for kind in KINDS)
        rows.append(
            f"| {label} | {found.found} of {found.planted} | {found.artefacts_found} of {found.artefacts} | {places} |"
        )
    heads = " | ".join(KINDS)
    return "\n".join(
        [
            f"{story.workspace.provenance}; rarities and artefacts in the first 1% (n = {found.looked_at}), and the "
            f"ranks of the best-placed source of three kinds.",
            "",
            f"| ranking | rarities | artefacts | {heads} |",
            "|---|---:|---:|" + "---:|" * len(KINDS),
            *rows,
        ]
    )


def source_block(story: Story, kind: str) -> str:
    """One source: where it stands, and why."""
    index = story.best(kind)
    facts = story.workspace.survey.sources.iloc[index]
    reasons = outlier_reasons(story.workspace, index, story.scores)
    forest = int(story.ranked("forest", 0).rank[index])
    lines = [
        f"**{facts['name']}** (simulated), classed {facts['source_class']}, {number(facts['net_counts'])} net counts: "
        f"rank {forest:,} by the isolation forest, {story.queue.rank_by_score[index]:,} by all methods combined, "
        f"{story.queue.rank[index]:,} once likely artefacts are demoted.",
        "",
        f"> {reasons.sentence}",
        "",
        _normal_words(reasons),
    ]
    concerns = story.artefacts.reasons(index)
    lines.append(" ".join(concerns) if concerns else "Nothing in its observation speaks against it.")
    return "\n".join(lines)


def _normal_words(reasons: OutlierReasons) -> str:
    normal = reasons.nearest_normal
    if normal is None:
        return "No normal source is near it."
    return (
        f"Its nearest normal source is {normal.name}, {normal.source_class or 'not classified'}, with "
        f"{number(normal.counts)} counts (similarity {normal.similarity:.2f})."
    )


def artefacts_block(story: Story) -> str:
    """What became of the planted artefacts, and of rarities that were taken for artefacts."""
    queue, survey = story.queue, story.workspace.survey
    shown = _artefacts_and_victims(story)
    rows = [
        f"| {story.name(i)} | {kind} | {queue.rank_by_score[i]:,} | {queue.rank[i]:,} "
        f"| {story.artefacts.score[i]:.2f} |"
        for kind, i in shown
    ]
    reason = " ".join(story.artefacts.reasons(shown[0][1]))
    return "\n".join(
        [
            "| source | planted | rank | rank, demoted | artefact score |",
            "|---|---|---:|---:|---:|",
            *rows,
            "",
            f"All of the {survey.n_sources:,} sources are judged. What is said of the first: “{reason}”",
        ]
    )


def _artefacts_and_victims(story: Story) -> list[tuple[str, int]]:
    """Planted artefacts; then planted rarities of the first 1% that the demotion has taken out of it."""
    queue = story.queue
    artefacts = np.flatnonzero(story.kinds == ARTEFACT)
    first = round(0.01 * int((queue.rank > 0).sum()))
    lost = (queue.rank_by_score <= first) & (queue.rank > first) & (story.kinds != "") & (story.kinds != ARTEFACT)
    found = [*artefacts.tolist(), *np.flatnonzero(lost).tolist()]
    return [(str(story.kinds[i]), int(i)) for i in found]


def expert_labels(story: Story, kind: str, n: int = LABELLED) -> list[tuple[int, str]]:
    """What an expert who looks for one kind, and knows it when it is seen, says of the sources as they are shown.

    They begin with the source of the story, and label what the queue shows next.
    """
    workspace = story.workspace
    features = rerank_features(workspace.survey, workspace.run)
    reranker = Reranker.build(features, seed=workspace.run.meta.seed or 0, static=story.scores.combined)
    labels = [(story.best(kind), "5")]
    while len(labels) < n:
        labelled = np.zeros(workspace.survey.n_sources, dtype=np.bool_)
        labelled[[row for row, _ in labels]] = True
        queue = outlier_queue(reranker.rank(_weights(labels)), story.artefacts, labelled=labelled)
        index = int(queue.rows[0])
        labels.append((index, "5" if story.kinds[index] == kind else "0"))
    return labels


def _weights(labels: list[tuple[int, str]]) -> dict[int, float]:
    return {row: weight for row, value in labels if (weight := label_weight(value)) is not None}


def labels_block(story: Story) -> str:
    """What labels change for each of the three kinds, the source of the story being known."""
    rows = []
    n = LABELLED + FOLLOWING
    for kind in KINDS:
        known = story.best(kind)
        sought = set(np.flatnonzero(story.kinds == kind).tolist()) - {known}
        static = [row for row in story.queue.rows[: n + 1].tolist() if row != known][: n - 1]
        following = [row for row, _ in expert_labels(story, kind, n)][1:]
        found = [
            sum(row in sought for row in part)
            for part in (static[: LABELLED - 1], static, following[: LABELLED - 1], following)
        ]
        rows.append(f"| {kind} | {len(sought)} | " + " | ".join(map(str, found)) + " |")
    heads = " | ".join(f"{way}, first {size}" for way in ("as ranked", "following labels") for size in (LABELLED, n))
    return "\n".join([f"| sought | others planted | {heads} |", "|---|---:|---:|---:|---:|---:|", *rows])


def main() -> None:
    story = Story.open()
    fill(PAGE, "ranks", ranks_block(story))
    for kind in KINDS:
        fill(PAGE, kind, source_block(story, kind))
    fill(PAGE, "artefacts", artefacts_block(story))
    fill(PAGE, "labels", labels_block(story))
    print(f"{PAGE.name}: {plural(len(KINDS), 'story')}".replace("storys", "stories"))


if __name__ == "__main__":
    main()
