"""The figures of a run beside the paper's: retrieval, correlations of latents with variables, errors of estimates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.correlations import latent_correlations, mean_best_absolute
from alignlab.analysis.regression import estimate, score_estimates
from alignlab.analysis.retrieval import retrieval_metrics
from alignlab.services.evaluate.context import N_BOOTSTRAP
from alignlab.services.evaluate.paper import PAPER
from alignlab.store.run import Run
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLE_NAMES


def evaluate_latents(
    survey: Survey, latents: Mapping[str, NDArray[np.float32]], *, seed: int, split: str = "test"
) -> dict[str, Any]:
    """Compute a run's figures on one split.

    Parameters
    ----------
    survey : Survey
    latents : mapping of str to ndarray
        `spectrum`, `spectrum_aligned` and `text_aligned`, each (n, d).
    seed : int
        Of the bootstrap.
    split : str
        Which sources are queries; estimates come from the training split.

    Returns
    -------
    dict
        `retrieval` (spectrum → text), `retrieval_text_to_spectrum`, `correlations` (mean over variables of the best
        absolute Spearman coefficient), `estimates` (MAE per variable and relative to the mean baseline, coverage of the
        68% interval).
    """
    rows = survey.split == split
    # A source without any text has nothing to be retrieved: it is no candidate, and the count says so.
    pairs = rows & np.asarray(survey.text_mask).any(axis=1)
    spectrum, text = latents["spectrum_aligned"][pairs], latents["text_aligned"][pairs]
    rng = np.random.default_rng(seed)
    both = np.hstack([latents["spectrum_aligned"], latents["text_aligned"]])
    return {
        "split": split,
        "n": int(rows.sum()),
        "retrieval": retrieval_metrics(spectrum, text, rng=rng, n_bootstrap=N_BOOTSTRAP).to_dict(),
        "retrieval_text_to_spectrum": retrieval_metrics(text, spectrum, rng=rng, n_bootstrap=N_BOOTSTRAP).to_dict(),
        "correlations": {
            "spectrum": _mean_best(latents["spectrum_aligned"][rows], survey.variables[rows]),
            "text": _mean_best(latents["text_aligned"][rows], survey.variables[rows]),
            "both": _mean_best(both[rows], survey.variables[rows]),
        },
        "estimates": _estimate_scores(survey, both, rows),
    }


def evaluate_run(survey: Survey, run: Run, *, split: str = "test", seed: int | None = None) -> dict[str, Any]:
    """Figures of a published run, with the paper's beside them under `paper`."""
    latents = {name: run.latents(name) for name in ("spectrum", "spectrum_aligned", "text_aligned")}
    chosen = run.meta.seed if seed is None else seed
    figures = evaluate_latents(survey, latents, seed=chosen or 0, split=split)
    source = {"survey": survey.name, "simulated": survey.simulated, "origin": survey.origin}
    provenance = {**source, "run": run.run_id, "seed": chosen}
    return {**provenance, **figures, "paper": PAPER}


def evaluation_text(figures: Mapping[str, Any]) -> str:
    """The figures of `evaluate_run` as a table for a terminal, the paper's beside ours."""
    retrieval, back, paper = figures["retrieval"], figures["retrieval_text_to_spectrum"], figures["paper"]
    lines = [
        f"run {figures['run']}, survey {figures['survey']} ({figures['origin']}), {figures['split']} split, "
        f"n = {figures['n']:,}",
        "95% intervals from the bootstrap; the paper is arXiv:2603.04516, on observed sources",
        "",
        f"{'retrieval':<26}{'spectrum → text':>24}{'text → spectrum':>24}{'paper':>10}",
    ]
    for label, key, as_percent in (
        ("recall@1%", "recall_at_1_percent", True),
        ("recall@5%", "recall_at_5_percent", True),
        ("median rank", "median_rank", False),
    ):
        known = f"{paper['retrieval'][key]:.0%}" if as_percent else f"{paper['retrieval'][key]:g}"
        ours = "".join(f"{_with_interval(side, key, as_percent):>24}" for side in (retrieval, back))
        lines.append(f"{label:<26}{ours}{known:>10}")
    n_ours, n_paper = retrieval["n_candidates"], paper["retrieval"]["n_candidates"]
    lines.append(f"{'candidates':<26}{n_ours:>24,}{n_ours:>24,}{n_paper:>10,}")
    lines += ["", f"{'mean of best |ρ|':<26}{'ours':>10}{'paper':>10}"]
    for name, value in figures["correlations"].items():
        lines.append(f"{name:<26}{value:>10.2f}{paper['correlations'][name]:>10.2f}")
    lines += ["", f"{'estimates (kNN, both)':<26}{'MAE':>10}{'mean':>10}{'ratio':>8}{'68% holds':>11}{'n':>7}"]
    for name, scores in figures["estimates"]["variables"].items():
        if scores["mae"] is None:
            lines.append(f"{name:<26}{'–':>10}{'–':>10}{'–':>8}{'–':>11}{scores['n']:>7}")
            continue
        lines.append(
            f"{name:<26}{scores['mae']:>10.3g}{scores['mean_baseline_mae']:>10.3g}"
            f"{scores['mae'] / scores['mean_baseline_mae']:>8.2f}{scores['coverage_68']:>11.0%}{scores['n']:>7,}"
        )
    return "\n".join(lines)


def _with_interval(figures: Mapping[str, Any], key: str, as_percent: bool) -> str:
    value, (low, high) = figures[key], figures[f"{key}_interval"]
    if as_percent:
        return f"{value:.1%} ({100 * low:.1f}–{100 * high:.1f})"
    return f"{value:g} ({low:g}–{high:g})"


def _mean_best(latents: NDArray[np.float32], variables: NDArray[np.float32]) -> float:
    return mean_best_absolute(latent_correlations(latents, variables).spearman)


def _estimate_scores(survey: Survey, latents: NDArray[np.float32], rows: NDArray[np.bool_]) -> dict[str, Any]:
    training = survey.split == "train"
    values = survey.variables[training]
    # Asked about the training split itself, no source may answer for itself.
    own = np.where(training, np.cumsum(training) - 1, -1)[rows]
    estimates = estimate(latents[rows], latents[training], values, own_row=own)
    scores = score_estimates(estimates, survey.variables[rows], values)
    per_variable = {
        name: {
            "mae": _number(scores.mae[i]),
            "mean_baseline_mae": _number(scores.baseline_mae[i]),
            "coverage_68": _number(scores.coverage[i]),
            "n": int(scores.n[i]),
        }
        for i, name in enumerate(VARIABLE_NAMES)
    }
    ratios = scores.ratio[np.isfinite(scores.ratio)]
    return {"mean_relative_mae": _number(ratios.mean()) if len(ratios) else None, "variables": per_variable}


def _number(value: float) -> float | None:
    """A float that JSON can hold: None where it is not finite."""
    return float(value) if np.isfinite(value) else None
