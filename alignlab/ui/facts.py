"""What is in a survey and how good its run is, as tables for the Survey page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from alignlab.services.evaluate.paper import PAPER
from alignlab.store.survey import Survey
from alignlab.ui import words
from alignlab.variables import VARIABLES


def class_table(survey: Survey) -> pd.DataFrame:
    """Sources, median counts and papers per source of each class, most frequent first."""
    frame = pd.DataFrame(
        {
            "class": survey.sources["source_class"].astype(str).replace("", "not classified"),
            "counts": survey.sources["counts"],
            "papers": survey.n_papers,
        }
    )
    table = frame.groupby("class").agg(
        sources=("counts", "size"), median_counts=("counts", "median"), papers=("papers", "mean")
    )
    return table.sort_values("sources", ascending=False).reset_index()


def variable_table(survey: Survey) -> pd.DataFrame:
    """How many sources have each variable, with its median and the range that holds 68% of them."""
    rows = []
    for number, variable in enumerate(VARIABLES):
        values = survey.variables[:, number]
        values = values[np.isfinite(values)]
        low, median, high = np.percentile(values, [16, 50, 84]) if values.size else (np.nan,) * 3
        rows.append(
            {
                "variable": variable.label_with_unit,
                "median (68% range)": words.measured(variable, median, low, high),
                "known": 100 * values.size / survey.n_sources,
                "n": values.size,
            }
        )
    return pd.DataFrame(rows)


def figures_table(metrics: dict[str, Any]) -> pd.DataFrame:
    """A run's retrieval and correlations beside the paper's; empty where the run has none."""
    if "retrieval" not in metrics or "correlations" not in metrics:
        return pd.DataFrame(columns=["figure", "this run", "paper"])
    ours, theirs = metrics["retrieval"], PAPER["retrieval"]
    rows = [
        (f"recall@{percent}%, spectrum → text", _recall(ours, f"recall_at_{percent}_percent"), f"{paper:.0%}")
        for percent, paper in ((1, theirs["recall_at_1_percent"]), (5, theirs["recall_at_5_percent"]))
    ]
    low, high = ours["median_rank_interval"]
    rank = f"{ours['median_rank']:,.0f} ({low:,.0f}–{high:,.0f})"
    rows += [
        ("median rank", rank, f"{theirs['median_rank']:,.0f}"),
        ("of candidates", f"{ours['n_candidates']:,}", f"{theirs['n_candidates']:,}"),
    ]
    rows += [
        (
            f"mean of best |ρ|, {words.REPRESENTATION_LABELS[name]}",
            f"{metrics['correlations'][name]:.2f}",
            f"{value:.2f}",
        )
        for name, value in PAPER["correlations"].items()
    ]
    return pd.DataFrame(rows, columns=["figure", "this run", "paper"])


def _recall(retrieval: dict[str, Any], name: str) -> str:
    low, high = retrieval[f"{name}_interval"]
    return f"{retrieval[name]:.1%} ({100 * low:.1f}–{100 * high:.1f})"
