"""Fusion: ways to bring spectrum and texts together, compared on class and variables, also with one half missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.progress import OnStep, part_of, report
from alignlab.services.evaluate import Part
from alignlab.services.evaluate.context import N_BOOTSTRAP, EvaluationContext
from alignlab.services.evaluate.table import Cell, Column, Table

if TYPE_CHECKING:
    from alignlab.services.evaluate.fusion_trials import Sources, Trial

VERSION = 1
N_FOLDS = 5
#: What a source is asked with: all that it has, or one half of it, the other withheld.
VIEWS = {"all": "both", "spectrum": "spectrum only", "text": "texts only"}
#: Figures, their labels, and whether more is better.
FIGURES: Mapping[str, tuple[str, bool]] = {
    "error_ratio": ("error / mean's", False),
    "balanced_accuracy": ("balanced accuracy", True),
    "macro_auc": ("macro AUC", True),
    "average_precision": ("average precision", True),
}


def compute(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """Fit every way of fusion: five-fold on training and validation split, then as in the Lab and judged on the split.

    The split that is asked about takes no part in the folds. Each way's figures are kept as soon as they are there.
    """
    # Imported here: pages that read the tables need not wait for torch.
    from alignlab.services.evaluate.fusion_trials import sources_of, trials
    from alignlab.services.evaluate.resumable import kept_step

    asked, found = trials(), []
    sources = sources_of(context)
    for number, trial in enumerate(asked):
        step = part_of(on_step, number / len(asked), (number + 1) / len(asked))
        report(step, 0, 1, trial.label)

        def figures(trial: Trial = trial, step: OnStep | None = step) -> dict[str, Any]:
            return _judged(context, sources, trial, step)

        told = kept_step(context, f"fusion-{trial.name}", figures, version=VERSION)
        found.append({"name": trial.name, "label": trial.label, "family": trial.family} | told)
    report(on_step, 1, 1, "fusion")
    split = context.survey.split
    return {
        "n_folds": N_FOLDS,
        "n_cross_validated": int(np.isin(split, ("train", "validation")).sum()),
        "n_classes": len(sources.classes),
        "rows": found,
    }


def tables(figures: Mapping[str, Any]) -> Sequence[Table]:
    """The comparison on the split and in cross-validation, and what is left with one half missing."""
    return [_compared(figures), _missing(figures)]


def best(figures: Mapping[str, Any], name: str, *, stage: str = "test", view: str = "all") -> dict[str, Any] | None:
    """The row with the best figure `name` of a stage and a view; None where no row has it."""
    is_more_better = FIGURES[name][1]
    rows = [row for row in figures["rows"] if figure_of(row, name, stage=stage, view=view) is not None]
    if not rows:
        return None

    def value(row: Mapping[str, Any]) -> float:
        figure = figure_of(row, name, stage=stage, view=view)
        assert figure is not None  # rows without it were left out
        return float(figure["value"])

    chosen: dict[str, Any] = (max if is_more_better else min)(rows, key=value)
    return chosen


def figure_of(row: Mapping[str, Any], name: str, *, stage: str = "test", view: str = "all") -> dict[str, Any] | None:
    """``value`` and ``interval`` of one figure of a row; None where it has none."""
    found: dict[str, Any] | None = row[stage].get(view, {}).get(name)
    return found


def caption(figures: Mapping[str, Any]) -> str:
    """What the figures are of, with n, split, seed and what the intervals are."""
    told = figures["provenance"]
    return (
        f"{told['split'].capitalize()} split, n = {told['n']:,}, {figures['n_classes']} classes, run {told['run']}, "
        f"seed {told['seed']}; heads fitted on the training split, chosen on the validation split; 95% bootstrap "
        f"intervals over sources. Error / mean's: mean absolute error over that of always answering the mean, averaged "
        f"over the variables (less is better). Balanced accuracy, area under the curve (AUC) and average precision: "
        f"means over classes, one against the rest."
    )


def _compared(figures: Mapping[str, Any]) -> Table:
    columns, cells = [Column("strategy", "")], [[Cell(row["label"])] for row in figures["rows"]]
    for name, (label, _) in FIGURES.items():
        for stage, said in (("test", ""), ("folds", ", 5 folds")):
            columns.append(Column(f"{name}_{stage}", f"{label}{said}", ".3f"))
            for row, cell in zip(cells, _marked(figures, name, stage, "all"), strict=True):
                row.append(cell)
    return Table(
        name="fusion",
        title="Ways to bring spectrum and texts together",
        caption=(
            f"{caption(figures)} {N_FOLDS} folds: cross-validation over the {figures['n_cross_validated']:,} sources "
            "of training and validation split, all detections of a source in one fold; 95% intervals of the mean over "
            "folds (Nadeau & Bengio 2003). The best is underlined; those within its interval are bold. Ridge "
            "regression is compared on the variables alone: its classifier takes longer than all else together."
        ),
        columns=columns,
        rows=cells,
    )


def _missing(figures: Mapping[str, Any]) -> Table:
    columns, cells = [Column("strategy", "")], [[Cell(row["label"])] for row in figures["rows"]]
    for name in ("error_ratio", "balanced_accuracy"):
        for view, said in VIEWS.items():
            columns.append(Column(f"{name}_{view}", f"{FIGURES[name][0]}, {said}", ".3f"))
            for row, cell in zip(cells, _marked(figures, name, "test", view), strict=True):
                row.append(cell)
    return Table(
        name="fusion-missing",
        title="With one half missing",
        caption=f"The other half withheld when asked, not in training. {caption(figures)}",
        columns=columns,
        rows=cells,
    )


def _marked(figures: Mapping[str, Any], name: str, stage: str, view: str) -> Iterator[Cell]:
    """Cells of one column, the best and those within its interval marked."""
    winner = best(figures, name, stage=stage, view=view)
    limits = figure_of(winner, name, stage=stage, view=view)["interval"] if winner else (0.0, 0.0)  # type: ignore[index]
    for row in figures["rows"]:
        figure = figure_of(row, name, stage=stage, view=view)
        if figure is None:
            yield Cell(None)
            continue
        is_near = limits[0] <= figure["value"] <= limits[1]
        low, high = figure["interval"]
        yield Cell(figure["value"], low, high, is_best=row is winner, is_near_best=is_near)


def _judged(context: EvaluationContext, sources: Sources, trial: Trial, on_step: OnStep | None) -> dict[str, Any]:
    from alignlab.analysis.cross_validation import grouped_folds, mean_over_folds
    from alignlab.services.evaluate.fusion_trials import answers, fold_splits, point_figures

    split = context.survey.split
    pool = np.flatnonzero(np.isin(split, ("train", "validation")))
    fold = grouped_folds(sources.names[pool], N_FOLDS, rng=np.random.default_rng(context.seed))
    per_fold: dict[str, dict[str, list[float]]] = {}
    for number, parts in enumerate(fold_splits(pool, fold, sources.names, seed=context.seed)):
        step = part_of(on_step, number / (N_FOLDS + 1), (number + 1) / (N_FOLDS + 1))
        report(step, 0, 1, f"{trial.label}, fold {number + 1}")
        for view, told in answers(sources, trial, *parts[:2], asked=parts[2], seed=context.seed, on_step=step).items():
            for name, value in point_figures(sources, told, training=parts[0], asked=parts[2]).items():
                per_fold.setdefault(view, {}).setdefault(name, []).append(value)
    share = 1 / (N_FOLDS - 1)
    folds = {
        view: {name: _over_folds(mean_over_folds(values, test_share=share)) for name, values in told.items()}
        for view, told in per_fold.items()
    }
    training, validation, asked = (np.flatnonzero(split == name) for name in ("train", "validation", context.split))
    step = part_of(on_step, N_FOLDS / (N_FOLDS + 1), 1.0)
    final = answers(sources, trial, training, validation, asked=asked, seed=context.seed, on_step=step)
    judged = {view: _with_intervals(context, sources, told, training) for view, told in final.items()}
    return {"folds": folds, "test": judged}


def _over_folds(mean: tuple[float, float, float]) -> dict[str, Any]:
    return {"value": mean[0], "interval": list(mean[1:])}


def _with_intervals(
    context: EvaluationContext, sources: Sources, told: Mapping[str, NDArray[np.float64]], training: NDArray[np.int64]
) -> dict[str, Any]:
    from alignlab.analysis.relative_errors import absolute_errors, mean_ratio, ratio_interval
    from alignlab.training.small_heads.scores import class_scores

    rng, asked = np.random.default_rng(context.seed), np.flatnonzero(context.rows)
    errors = absolute_errors(told["variables"], sources.variables[asked], sources.variables[training])
    counts = rng.multinomial(len(asked), np.full(len(asked), 1 / len(asked)), size=N_BOOTSTRAP).astype(np.float64)
    found: dict[str, Any] = {}
    if np.isfinite(value := float(mean_ratio(errors)[0])):
        found["error_ratio"] = {"value": value, "interval": list(ratio_interval(errors, counts))}
    if "class" in told:
        scores = class_scores(told["class"], sources.class_numbers[asked], sources.classes, rng=rng)
        for name in ("balanced_accuracy", "macro_auc", "average_precision"):
            if scores[name] is not None:
                found[name] = {"value": scores[name], "interval": scores[f"{name}_interval"]}
    return found


def estimate_s(n_sources: int) -> float:
    """Seconds on two cores, roughly."""
    return 20 + 450 * n_sources / 10_000


PART = Part(
    name="fusion",
    label="Fusion",
    version=VERSION,
    compute=compute,
    tables=tables,
    estimate_s=estimate_s,
    is_quick=False,
)
