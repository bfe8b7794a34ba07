"""The figures of Parameters: errors of each method and what each gains, coverage of intervals, and the estimates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.experts import NO_EXPERT, ExpertChoice, choose_experts
from alignlab.analysis.mean_errors import bootstrapped, mean_errors, mean_over_variables
from alignlab.progress import OnStep, part_of, report
from alignlab.services.evaluate.context import N_BOOTSTRAP, EvaluationContext
from alignlab.services.evaluate.figure import plain
from alignlab.services.evaluate.parameters_estimates import (
    EXPERTS,
    UNALIGNED,
    ExpertAnswers,
    K,
    Questions,
    ask_experts,
    ask_shuffled,
)
from alignlab.services.evaluate.parameters_heads import best_heads, heads_facts, heads_quantiles
from alignlab.services.evaluate.parameters_intervals import (
    Intervals,
    coverage_figures,
    heads_intervals,
    mixture_intervals,
    share_figures,
    spread_covered,
    within_tolerance,
)
from alignlab.services.evaluate.parameters_json import column, with_interval
from alignlab.store.heads import head_ids
from alignlab.training.small_heads.intervals import MEDIAN
from alignlab.training.small_heads.scores import bootstrap_counts
from alignlab.training.small_heads.targets import VariableScales
from alignlab.variables import VARIABLE_NAMES


def parameter_figures(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """Compute everything that tables and page show.

    Experts are the neighbours in each kind of latents. The mixture hears for each variable the one whose estimates of
    the validation split have the greatest Pearson correlation with the truth; its intervals are calibrated on the
    validation and calibration splits. The judged split decides nothing, save which modality alone counts as the better
    one before alignment: that with the smaller error there, which favours the reference.
    """
    rng = np.random.default_rng(context.seed)
    questions = Questions(context)
    variables = context.survey.variables.astype(np.float64)
    answers = ask_experts(questions, on_step=part_of(on_step, 0.0, 0.6))
    n, truth = len(questions.judged), variables[questions.judged]
    choice = choose_experts(
        answers.value[:, n:][:, questions.chosen_on], variables[questions.tuning[questions.chosen_on]]
    )
    mixture = choice.mix(answers.value)
    report(on_step, 60, 100, "intervals of the mixture")
    scales = VariableScales.fit(variables[context.training])
    intervals = {"mixture": mixture_intervals(questions, mixture, choice.chosen, scales)}
    estimates = {
        "mean": np.broadcast_to(_means(variables[context.training]), truth.shape),
        **dict(zip(EXPERTS, answers.value[:, :n], strict=True)),
        "mixture": mixture[:n],
    }
    heads = best_heads(context.run)
    if heads is not None:
        quantiles = heads_quantiles(heads)[questions.judged]
        estimates["heads"], intervals["heads"] = quantiles[..., MEDIAN], heads_intervals(quantiles, truth)
    report(on_step, 85, 100, "errors and their intervals")
    estimates["shuffled"] = ask_shuffled(questions, rng=rng)
    figures = {
        **_basis(questions),
        "heads": heads_facts(heads),
        "known_heads": head_ids(context.run.folder),
        "methods": list(estimates),
        **_errors(estimates, truth, choice, rng),
        **_coverage(intervals, answers, choice, truth),
        "rows": [int(row) for row in questions.judged],
        "softening": dict(zip(VARIABLE_NAMES, column(scales.softening, 6), strict=True)),
        "estimates": _estimates(mixture[:n], intervals["mixture"]),
    }
    report(on_step, 100, 100, "variables estimated")
    return figures


def _basis(questions: Questions) -> dict[str, Any]:
    return {
        "k": K,
        "n_resamples": N_BOOTSTRAP,
        "n_judged": len(questions.judged),
        "n_without_text": int(questions.context.rows.sum()) - len(questions.judged),
        "chosen_on": questions.tuning_splits[0],
        "n_chosen_on": int(questions.chosen_on.sum()),
        "calibrated_on": list(questions.tuning_splits),
        "n_calibrated_on": len(questions.tuning),
    }


def _errors(
    estimates: dict[str, NDArray[np.float64]],
    truth: NDArray[np.float64],
    choice: ExpertChoice,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Errors per variable and method, relative to the mean's, and their improvements on one modality alone."""
    names = list(estimates)
    errors = mean_errors(np.stack(list(estimates.values())), truth, bootstrap_counts(len(truth), rng, N_BOOTSTRAP))
    alone = np.array([names.index(name) for name in UNALIGNED])
    better_alone = alone[np.nan_to_num(errors.all[0, alone], nan=np.inf).argmin(axis=0)]
    spectrum = np.full(len(VARIABLE_NAMES), names.index("spectrum"))
    told = {
        "mae": errors.all,
        "relative": errors.relative(names.index("mean")),
        "over_spectrum": errors.improvement(spectrum),
        "over_better": errors.improvement(better_alone),
    }
    limits = {key: bootstrapped(values) for key, values in told.items()}
    averages = {key: bootstrapped(mean_over_variables(values)) for key, values in told.items() if key != "mae"}
    variables = {
        name: {
            "n": int(errors.n[i]),
            "better_alone": names[better_alone[i]],
            "expert": None if choice.chosen[i] == NO_EXPERT else EXPERTS[choice.chosen[i]],
            "pearson": {expert: plain(choice.pearson[e, i]) for e, expert in enumerate(EXPERTS)},
            **{key: {m: with_interval(found, j, i) for j, m in enumerate(names)} for key, found in limits.items()},
        }
        for i, name in enumerate(VARIABLE_NAMES)
    }
    gains = limits["over_better"]
    average = {
        method: {
            **{key: with_interval(found, j) for key, found in averages.items()},
            "n_better": int((gains.low[j] > 0).sum()),
            "n_worse": int((gains.high[j] < 0).sum()),
        }
        for j, method in enumerate(names)
    }
    return {"variables": variables, "average": average}


def _coverage(
    intervals: dict[str, Intervals], answers: ExpertAnswers, choice: ExpertChoice, truth: NDArray[np.float64]
) -> dict[str, Any]:
    told = {name: coverage_figures(found, truth) for name, found in intervals.items()}
    usable = np.isfinite(truth) & np.isfinite(intervals["mixture"].limits).all(axis=2)
    spread = share_figures(spread_covered(answers, choice.chosen, truth), usable)
    return {
        "coverage": told,
        "spread_coverage": dict(zip(VARIABLE_NAMES, spread, strict=True)),
        "within_tolerance": {name: within_tolerance(found) for name, found in told.items()},
    }


def _estimates(value: NDArray[np.float64], intervals: Intervals) -> dict[str, Any]:
    """The mixture's estimates of the judged sources with their 68% intervals, rounded for a picture."""
    return {
        name: {
            "value": column(value[:, i]),
            "low": column(intervals.limits[:, i, 1]),
            "high": column(intervals.limits[:, i, 3]),
        }
        for i, name in enumerate(VARIABLE_NAMES)
    }


def _means(training: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each variable over the training sources that have it; NaN where none has."""
    known = np.isfinite(training)
    n = known.sum(axis=0)
    total = np.where(known, training, 0).sum(axis=0)
    return np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
