"""The table of a survey's runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from alignlab.services.recipe_words import recipe_in_words
from alignlab.services.run_shelf import DiskUse, ShelvedRun
from alignlab.ui import words

_HELP = {
    "recipe": "What differs from the paper's recipe",
    "dimension": "Numbers per source in the shared space",
    "recall@1%": "Share of test sources whose own text is among the nearest 1% of all texts, with its 95% interval",
    "recall@5%": "The same among the nearest 5%",
    "median rank": "Of a test source's own text among all texts, with its 95% interval; 1 is the best",
    "|ρ|": "Mean over the 20 variables of the best absolute Spearman coefficient of any dimension of both",
    "MAE": "Mean over the variables of the mean absolute error over that of always answering the mean",
    "training": "Time that the training took",
    "disk": "The run with its maps and all that was laid over it",
    "heads": "Pairs of heads that answer together: 1 unless it is an ensemble",
}
_ROW_HEIGHT = 34
_ROWS_SHOWN = 10
_TALLEST = _ROW_HEIGHT * (_ROWS_SHOWN + 1) + 12


def show_table(runs: Sequence[ShelvedRun]) -> list[ShelvedRun]:
    """Draw the runs; returns those that are ticked."""
    frame = shelf_frame(runs)
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    columns = {
        "shown": text("shown", width=44, help="● is the run that every page shows", pinned=True),
        "run": text("run", width=112, pinned=True),
        "recipe": text("recipe", width=150, help=_HELP["recipe"]),
        "seed": number("seed", width=46, format="%d"),
        "date": text("date, UTC", width=112),
        "dimension": number("dim.", width=46, format="%d", help=_HELP["dimension"]),
        "recall@1%": text(width=124, help=_HELP["recall@1%"]),
        "recall@5%": text(width=124, help=_HELP["recall@5%"]),
        "median rank": text(width=96, help=_HELP["median rank"]),
        "|ρ|": number("best |ρ|", width=58, format="%.2f", help=_HELP["|ρ|"]),
        "MAE": number("rel. MAE", width=60, format="%.2f", help=_HELP["MAE"]),
        "training": number("training, s", width=74, format="%.0f", help=_HELP["training"]),
        "disk": number("disk, MB", width=66, format="%.1f", help=_HELP["disk"]),
        "heads": number("heads", width=52, format="%d", help=_HELP["heads"]),
    }
    # Ticks are by row: other runs are another table.
    key = f"runs_table_{hashlib.sha256('|'.join(run.run_id for run in runs).encode()).hexdigest()[:8]}"
    event = st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=key,
        height="content" if len(runs) <= _ROWS_SHOWN else _TALLEST,
        row_height=_ROW_HEIGHT,
        placeholder=words.MISSING,
    )
    return [runs[row] for row in event["selection"]["rows"] if row < len(runs)]


def shelf_frame(runs: Sequence[ShelvedRun]) -> pd.DataFrame:
    """One row per run, as a person reads it; a run that cannot be read says so under recipe."""
    return pd.DataFrame([_row(run) for run in runs])


def disk_line(use: DiskUse, n_runs: int) -> str:
    """How much room everything takes."""
    return (
        f"{words.plural(n_runs, 'run')} · on disk: surveys {size(use.surveys)}, runs {size(use.runs)}, "
        f"jobs {size(use.jobs)}; {size(use.free)} free"
    )


def size(n_bytes: int) -> str:
    """``31.2 MB``, ``74 GB``."""
    return f"{n_bytes / 1e9:,.0f} GB" if n_bytes >= 1e10 else f"{n_bytes / 1e6:,.{0 if n_bytes >= 1e8 else 1}f} MB"


def _row(run: ShelvedRun) -> dict[str, Any]:
    shares = {
        f"recall@{percent}%": _with_interval(run, f"recall_at_{percent}_percent", 100, 1, "%") for percent in (1, 5)
    }
    return {
        "shown": "●" if run.is_active else "",
        "run": run.run_id,
        "recipe": f"Damaged. {run.problem}" if run.problem else recipe_in_words(run.recipe),
        "seed": run.seed,
        "date": run.created_utc[:16].replace("T", " "),
        "dimension": run.dimension or None,
        **shares,
        "median rank": _with_interval(run, "median_rank", 1, 0, ""),
        "|ρ|": run.figure("correlations", "both"),
        "MAE": run.figure("estimates", "mean_relative_mae"),
        "training": run.figure("training", "seconds"),
        "disk": run.disk_bytes / 1e6,
        "heads": None if run.problem else run.n_members,
    }


def _with_interval(run: ShelvedRun, name: str, scale: float, decimals: int, unit: str) -> str | None:
    """A figure with its 95% interval, padded so that text sorts as numbers do."""
    value, interval = run.figure("retrieval", name), run.figure("retrieval", f"{name}_interval")
    if value is None:
        return None
    text = f"{scale * value:.{decimals}f}".rjust(5) + unit
    if interval:
        text += f" ({scale * interval[0]:.{decimals}f}–{scale * interval[1]:.{decimals}f})"
    return text
