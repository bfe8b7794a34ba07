"""Whether likely artefacts sink and planted rarities rise when a ranking heeds the concerns; how soon reasons come.

python benchmarks/artefacts.py    (the data folder's demo, or where ALIGNLAB_DATA points)

Prints the tables of docs/artefacts.md: precision in the top 1%, the rank of each planted source without and with the
artefact score, by forest and by all methods combined, and how many sources each concern befalls.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.services.discover.artefact_concerns import judge
from alignlab.services.discover.artefacts import CONCERNS, ArtefactScores, artefact_scores, believable
from alignlab.services.discover.outliers import COMBINED, OutlierScores, find_outliers, kept_outliers
from alignlab.services.discover.reasons import outlier_reasons
from alignlab.services.workspace import Workspace, open_workspace

RANKED = (("spectrum", "forest"), ("spectrum", COMBINED), ("both", "forest"), ("both", COMBINED))
#: The planted kind that is an artefact; all others are astrophysical.
ARTEFACT = "pile-up artefact"
N_REASONS = 50


def ranks(scores: NDArray[np.floating]) -> NDArray[np.int64]:
    """1 for the largest."""
    place = np.empty(len(scores), np.int64)
    place[np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")] = np.arange(1, len(scores) + 1)
    return place


def concerns(artefacts: ArtefactScores) -> Iterator[str]:
    """How many sources each concern befalls."""
    unknown = artefacts.unknown()
    yield "| concern | weight | sources with some | at half or more |"
    yield "|---|---:|---:|---:|"
    for name, concern in CONCERNS.items():
        values = artefacts.concerns[name]
        told = ("unknown", "unknown") if name in unknown else (f"{(values > 0).sum():,}", f"{(values >= 0.5).sum():,}")
        yield f"| {concern.label} | {concern.weight:g} | {told[0]} | {told[1]} |"


def tables(workspace: Workspace, artefacts: ArtefactScores) -> Iterator[str]:
    """Precision and ranks."""
    rarity = workspace.survey.truth["rarity"].to_numpy(str)
    planted = (rarity != "") & (rarity != ARTEFACT)
    top = max(1, round(len(rarity) / 100))
    scored = {representation: scores_of(workspace, representation) for representation, _ in RANKED}
    yield f"| latents | ranking | planted rarities in the top {top} | in the top {5 * top} | median rank | risen |"
    yield "|---|---|---:|---:|---:|---:|"
    rows = []
    for representation, method in RANKED:
        score = scored[representation].of(method)
        before, after = ranks(score), ranks(believable(score, artefacts))
        hits = [[int((place[planted] <= n).sum()) for place in (before, after)] for n in (top, 5 * top)]
        medians = [float(np.median(place[planted])) for place in (before, after)]
        yield (
            f"| {representation} | {method} | {hits[0][0]} → {hits[0][1]} ({hits[0][0] / top:.1%} → "
            f"{hits[0][1] / top:.1%}) | {hits[1][0]} → {hits[1][1]} | {medians[0]:,.0f} → {medians[1]:,.0f} | "
            f"{(after[planted] < before[planted]).sum()} of {planted.sum()} |"
        )
        rows.append((representation, method, before, after))
    yield ""
    yield "| latents | ranking | kind | ranks without → with the artefact score |"
    yield "|---|---|---|---|"
    for representation, method, before, after in rows:
        for kind in sorted(set(rarity) - {""}, key=lambda kind: (kind == ARTEFACT, kind)):
            found = sorted(np.flatnonzero(rarity == kind), key=lambda row: before[row])
            told = ", ".join(f"{before[row]:,} → {after[row]:,}" for row in found)
            yield f"| {representation} | {method} | {kind} | {told} |"


def scores_of(workspace: Workspace, representation: str) -> OutlierScores:
    """Those that are kept, else new ones."""
    return kept_outliers(workspace.run, representation) or find_outliers(
        workspace.survey, workspace.run, representation=representation
    )


def main() -> None:
    """Print everything."""
    workspace = open_workspace()
    if workspace.survey.truth is None:
        raise AlignlabError("This survey has no planted rarities.", remedy="Build the demo with 'alignlab demo'.")
    start = time.perf_counter()
    judge(workspace.survey)
    print(f"{workspace.provenance}\n\nconcerns in {time.perf_counter() - start:.1f} s\n")
    artefacts = artefact_scores(workspace.survey, workspace.run)
    for line in (*concerns(artefacts), "", *tables(workspace, artefacts)):
        print(line)
    scores = scores_of(workspace, "both")
    picked = scores.ranking(COMBINED)[: N_REASONS + 1].tolist()
    outlier_reasons(workspace, picked.pop(), scores)
    seconds = []
    for index in picked:
        start = time.perf_counter()
        outlier_reasons(workspace, index, scores)
        seconds.append(time.perf_counter() - start)
    print(
        f"\nreasons of a source: median {np.median(seconds):.2f} s, slowest {max(seconds):.2f} s (n = {len(seconds)})"
    )


if __name__ == "__main__":
    main()
