"""Fill the figures of the active run into README.md and docs/demo-survey.md, between their markers.

Usage: python scripts/write_figures.py
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from alignlab.services.evaluate.summary import evaluate_run
from alignlab.services.workspace import Catalogue

PROJECT = Path(__file__).resolve().parent.parent


def table(figures: dict[str, Any]) -> str:
    """The figures beside the paper's, as a Markdown table."""
    retrieval, paper = figures["retrieval"], figures["paper"]
    rows = []
    for label, key in (("Recall@1%", "recall_at_1_percent"), ("Recall@5%", "recall_at_5_percent")):
        low, high = retrieval[f"{key}_interval"]
        ours = f"{retrieval[key]:.1%} ({100 * low:.1f}–{100 * high:.1f})"
        rows.append(f"| {label}, spectrum → text | {ours} | {paper['retrieval'][key]:.0%} |")
    low, high = retrieval["median_rank_interval"]
    rows.append(
        f"| median rank of {retrieval['n_candidates']:,} | {retrieval['median_rank']:g} ({low:g}–{high:g}) "
        f"| {paper['retrieval']['median_rank']} |"
    )
    for name, value in figures["correlations"].items():
        known = paper["correlations"][name]
        rows.append(f"| mean over variables of the best \\|ρ\\|, {name} | {value:.3f} | {known} |")
    head = (
        f"Test split of the simulated demo survey (n = {figures['n']:,}, seed {figures['seed']}, 95% bootstrap "
        "intervals); the paper's figures are of observed sources, and the text noise of the demo was tuned to come "
        "near its retrieval, so agreement there is no result of ours."
    )
    return "\n".join([head, "", "| | demo, simulated | paper |", "|---|---|---|", *rows])


def fill(path: Path, marker: str, text: str) -> None:
    """Replace what stands between ``<!-- marker -->`` and ``<!-- /marker -->``."""
    content = path.read_text()
    pattern = re.compile(rf"(<!-- {marker} -->\n).*?(<!-- /{marker} -->)", re.DOTALL)
    if not pattern.search(content):
        raise SystemExit(f"{path} has no markers <!-- {marker} --> and <!-- /{marker} -->")
    path.write_text(pattern.sub(lambda match: f"{match[1]}{text}\n{match[2]}", content))


def main() -> None:
    catalogue = Catalogue()
    workspace = catalogue.open_workspace()
    text = table(evaluate_run(workspace.survey, workspace.run))
    fill(PROJECT / "README.md", "figures", text)
    fill(PROJECT / "docs" / "demo-survey.md", "retrieval", text)
    print(text)


if __name__ == "__main__":
    main()
