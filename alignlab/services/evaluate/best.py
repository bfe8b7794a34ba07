"""Is a run better than the paper's recipe on the same sources? Retrieval, errors and coverage, compared in pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignlab.progress import OnStep
from alignlab.services.evaluate import Part
from alignlab.services.evaluate.context import EvaluationContext
from alignlab.services.evaluate.table import Cell, Column, Table
from alignlab.variables import BY_NAME

#: What a recipe of ours has to reach: gain in recall at 1%, error saved, variables whose coverage is as promised.
BAR = {"gain_at_1_percent": 0.25, "mae_saved": 0.08, "within_tolerance": 16}
#: Seconds for 10,000 sources on two cores.
_SECONDS = 40.0
_WHO = {
    "paper": "the paper's recipe",
    "run": "this run",
    "run_corrected": "this run, hubs marked down",
}


def compute(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """See `alignlab.services.evaluate.best_figures.best_figures`."""
    # Imported here: whoever only shows the tables need not wait for torch.
    from alignlab.services.evaluate.best_figures import best_figures

    return best_figures(context, on_step=on_step)


def applies(context: EvaluationContext) -> bool:
    """Whether the survey has a run of the paper's recipe, other than this one."""
    from alignlab.services.evaluate.best_figures import find_paper_run

    paper = find_paper_run(context)
    return paper is not None and paper.run_id != context.run.run_id


def tables(figures: Mapping[str, Any]) -> Sequence[Table]:
    """The three conditions with what was reached; recall both ways; and each variable."""
    return [_bar_table(figures), _retrieval_table(figures), _variables_table(figures)]


def _bar_table(figures: Mapping[str, Any]) -> Table:
    retrieval = figures["retrieval"]["spectrum → text"]
    rows = [
        ("recall@1% spectrum → text, gained", retrieval["run"]["gain_at_1_percent"], BAR["gain_at_1_percent"]),
        ("the same, hubs marked down", retrieval["run_corrected"]["gain_at_1_percent"], BAR["gain_at_1_percent"]),
        ("error averaged over variables, saved", figures["mae_saved"], BAR["mae_saved"]),
    ]
    covered, asked = figures["within_tolerance"]["run"], BAR["within_tolerance"]
    counted = [Cell("variables whose 68% interval holds 65 to 71%"), Cell(str(covered)), Cell(f"{asked} of 20")]
    return Table(
        name="best-bar",
        title="Better than the paper's recipe?",
        caption=f"{_basis(figures)} 95% intervals from {figures['n_resamples']:,} paired bootstraps over the sources. "
        + _sentences(figures),
        columns=[
            Column("condition", "condition"),
            Column("reached", "reached", ".1f", as_percent=True),
            Column("asked", "asked for", ".0f", as_percent=True),
        ],
        rows=[[Cell(label), _cell(told), Cell(asked_for)] for label, told, asked_for in rows] + [counted],
    )


def _retrieval_table(figures: Mapping[str, Any]) -> Table:
    rows = [
        [
            Cell(direction),
            Cell(_WHO[who]),
            _cell(told["recall_at_1_percent"]),
            _cell(told["recall_at_5_percent"]),
            Cell(told["median_rank"]),
            _cell(told["gain_at_1_percent"]),
        ]
        for direction, sides in figures["retrieval"].items()
        for who, told in sides.items()
    ]
    return Table(
        name="best-retrieval",
        title="Retrieval beside the paper's recipe",
        caption=f"{_basis(figures)} Gain: relative to the paper's recipe on the same queries; 95% bootstrap intervals. "
        f"Hubs marked down: twice the cosine less a candidate's mean cosine to the {figures['k_hub']} nearest "
        "sources of the training split in the other modality, which asks nothing of the other candidates.",
        columns=[
            Column("direction", "direction"),
            Column("who", "who"),
            Column("recall_at_1_percent", "recall@1%", ".1f", as_percent=True),
            Column("recall_at_5_percent", "recall@5%", ".1f", as_percent=True),
            Column("median_rank", "median rank", ".0f"),
            Column("gain_at_1_percent", "gain at 1%", ".0f", as_percent=True),
        ],
        rows=rows,
    )


def _variables_table(figures: Mapping[str, Any]) -> Table:
    rows = [
        [
            Cell(BY_NAME[name].label),
            _cell(told["paper"]),
            _cell(told["run"]),
            _cell(told["gain"]),
            _cell(told["coverage_run"]),
            Cell(told["n"]),
        ]
        for name, told in figures["variables"].items()
    ]
    average = figures["mean_relative_mae"]
    mean = [Cell("mean"), _cell(average["paper"]), _cell(average["run"]), _cell(figures["mae_saved"]), Cell(None)]
    return Table(
        name="best-parameters",
        title="Estimates beside the paper's recipe",
        caption=f"{_basis(figures)} Errors are relative to always answering the training mean; saved: relative to the "
        f"paper's recipe; 95% bootstrap intervals, of coverage binomial ones. {_sentences(figures)}",
        columns=[
            Column("variable", "variable"),
            Column("paper", "error, paper's recipe", ".3f"),
            Column("run", "error, this run", ".3f"),
            Column("saved", "saved", ".0f", as_percent=True),
            Column("coverage_68", "68% interval holds", ".1f", as_percent=True),
            Column("n", "n", ",d"),
        ],
        rows=[*rows, [*mean, Cell(figures["n_judged"])]],
    )


def _basis(figures: Mapping[str, Any]) -> str:
    told = figures["provenance"]
    against = (
        "This run is the paper's recipe itself."
        if figures["is_itself"]
        else f"Compared with run {figures['paper_run']} (seed {figures['paper_seed']})."
    )
    return f"n = {figures['n_judged']:,} sources with text, {told['split']} split, seed {told['seed']}. {against}"


def _sentences(figures: Mapping[str, Any]) -> str:
    heads = figures["heads"]
    ours = "of its mixture of neighbours" if heads is None else f"of its small heads {heads['id']}"
    return f"The run's estimates are those {ours}, the paper's recipe's those of its mixture of neighbours."


def _cell(told: Sequence[float] | None) -> Cell:
    return Cell(None) if told is None else Cell(told[0], told[1], told[2])


def _estimate_s(n_sources: int) -> float:
    return 3.0 + _SECONDS * n_sources / 10_000


PART = Part(
    name="best",
    label="Beside the paper's recipe",
    version=1,
    compute=compute,
    tables=tables,
    estimate_s=_estimate_s,
    applies=applies,
    is_quick=False,
)
