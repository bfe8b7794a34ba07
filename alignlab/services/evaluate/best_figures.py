"""A run and the paper's recipe on the same sources: what is gained, by paired bootstrap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.experts import choose_experts
from alignlab.analysis.hubness import K_HUB, corrected_scores
from alignlab.analysis.mean_errors import bootstrapped, mean_errors, mean_over_variables
from alignlab.analysis.retrieval import candidates_within, partner_ranks, ranks_of_scores
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, part_of, report
from alignlab.services.evaluate.context import N_BOOTSTRAP, EvaluationContext
from alignlab.services.evaluate.figure import plain
from alignlab.services.evaluate.parameters_estimates import Questions, ask_experts
from alignlab.services.evaluate.parameters_heads import best_heads, heads_facts, heads_quantiles
from alignlab.services.evaluate.parameters_intervals import (
    Intervals,
    coverage_figures,
    heads_intervals,
    mixture_intervals,
    within_tolerance,
)
from alignlab.services.evaluate.parameters_json import with_interval
from alignlab.services.workspace import Catalogue
from alignlab.store.run import Run
from alignlab.training.recipe import AlignmentRecipe
from alignlab.training.small_heads.intervals import MEDIAN
from alignlab.training.small_heads.scores import bootstrap_counts
from alignlab.training.small_heads.targets import VariableScales
from alignlab.variables import VARIABLE_NAMES

#: Recall is compared at these percentages of the candidates.
PERCENTS = (1, 5)
DIRECTIONS = ("spectrum → text", "text → spectrum")


def best_figures(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """Compare retrieval, errors and coverage of the context's run with those of the paper's recipe.

    Of a run with small heads, their estimates are compared; otherwise, and always for the paper's recipe, those of the
    mixture of neighbours that part "parameters" describes.

    Raises
    ------
    AlignlabError
        If the survey has no run of the paper's recipe.
    """
    paper = find_paper_run(context)
    if paper is None:
        raise AlignlabError(
            f"Survey {context.survey.name!r} has no run of the paper's recipe to compare with.",
            remedy="Make one with 'alignlab train'.",
        )
    rng = np.random.default_rng(context.seed)
    theirs = replace(context, run=paper)
    report(on_step, 0, 100, "retrieval")
    retrieval = _retrieval(context, paper, rng)
    estimates = _estimates(theirs, on_heads=False, on_step=part_of(on_step, 0.2, 0.55))
    ours = _estimates(context, on_heads=True, on_step=part_of(on_step, 0.55, 0.9))
    report(on_step, 90, 100, "errors compared")
    figures = {
        "paper_run": paper.run_id,
        "paper_seed": paper.meta.seed,
        "is_itself": paper.run_id == context.run.run_id,
        "heads": heads_facts(best_heads(context.run)),
        "n_resamples": N_BOOTSTRAP,
        "k_hub": K_HUB,
        "retrieval": retrieval,
        **_parameters(context, estimates, ours, rng),
    }
    report(on_step, 100, 100, "compared with the paper's recipe")
    return figures


def find_paper_run(context: EvaluationContext) -> Run | None:
    """The survey's run of the paper's recipe: the context's own if it is one, else the first; None if there is none."""
    if _is_of_paper(context.run):
        return context.run
    catalogue, survey = Catalogue(context.config), context.survey
    for run_id in catalogue.run_ids(survey.name):
        run = catalogue.run(run_id, survey_name=survey.name)
        if _is_of_paper(run) and run.meta.inputs_sha256.get("survey") == survey.digest:
            return run
        run.close()
    return None


def _is_of_paper(run: Run) -> bool:
    facts = run.recipe
    if "alignment" not in facts or "ensemble" in facts:
        return False
    said = AlignmentRecipe.from_json(facts["alignment"])
    return replace(said, name="paper").identity() == AlignmentRecipe().identity()


def _retrieval(context: EvaluationContext, paper: Run, rng: np.random.Generator) -> dict[str, Any]:
    """Recall both ways: the paper's recipe, this run, and this run with its hubs marked down."""
    n = int(context.pairs.sum())
    draws = np.vstack([np.ones(n), bootstrap_counts(n, rng, N_BOOTSTRAP)])
    found: dict[str, Any] = {}
    for number_of, direction in enumerate(DIRECTIONS):
        ranks = _ranks(context, paper, backwards=number_of == 1)
        found[direction] = {name: _recall(values, ranks["paper"], draws) for name, values in ranks.items()}
    return found


def _ranks(context: EvaluationContext, paper: Run, *, backwards: bool) -> dict[str, NDArray[np.float64]]:
    sides = ("spectrum_aligned", "text_aligned")
    asks, answers = sides[::-1] if backwards else sides
    rows, run = context.pairs, context.run
    known = context.training & np.asarray(context.survey.text_mask).any(axis=1)
    queries, candidates = run.latents(asks), run.latents(answers)
    return {
        "paper": partner_ranks(paper.latents(asks)[rows], paper.latents(answers)[rows]),
        "run": partner_ranks(queries[rows], candidates[rows]),
        "run_corrected": ranks_of_scores(corrected_scores(queries[rows], candidates[rows], queries[known])),
    }


def _recall(ranks: NDArray[np.float64], paper: NDArray[np.float64], draws: NDArray[np.float64]) -> dict[str, Any]:
    told: dict[str, Any] = {"median_rank": plain(np.median(ranks))}
    for percent in PERCENTS:
        within = candidates_within(len(ranks), percent)
        ours, theirs = (draws @ (values <= within) / len(ranks) for values in (ranks, paper))
        gain = np.divide(ours, theirs, out=np.full_like(ours, np.nan), where=theirs > 0) - 1
        told[f"recall_at_{percent}_percent"] = _figure(ours)
        told[f"gain_at_{percent}_percent"] = _figure(gain)
    return told


def _estimates(
    context: EvaluationContext, *, on_heads: bool, on_step: OnStep | None
) -> tuple[NDArray[np.float64], Intervals]:
    """Estimates (n_judged, 20) and their calibrated intervals: of the run's best small heads, or of neighbours."""
    questions = Questions(context)
    variables = context.survey.variables.astype(np.float64)
    truth = variables[questions.judged]
    heads = best_heads(context.run) if on_heads else None
    if heads is not None:
        report(on_step, 1, 1, "estimates of small heads")
        quantiles = heads_quantiles(heads)[questions.judged]
        return quantiles[..., MEDIAN], heads_intervals(quantiles, truth)
    answers, n = ask_experts(questions, on_step=on_step), len(truth)
    tuned_on = variables[questions.tuning[questions.chosen_on]]
    choice = choose_experts(answers.value[:, n:][:, questions.chosen_on], tuned_on)
    mixture = choice.mix(answers.value)
    scales = VariableScales.fit(variables[context.training])
    return mixture[:n], mixture_intervals(questions, mixture, choice.chosen, scales)


def _parameters(
    context: EvaluationContext,
    paper: tuple[NDArray[np.float64], Intervals],
    run: tuple[NDArray[np.float64], Intervals],
    rng: np.random.Generator,
) -> dict[str, Any]:
    judged = Questions(context).judged
    variables = context.survey.variables.astype(np.float64)
    truth, training = variables[judged], variables[context.training]
    known = np.isfinite(training).any(axis=0)
    mean = np.full(len(VARIABLE_NAMES), np.nan)
    mean[known] = np.nanmean(training[:, known], axis=0)
    told = np.stack([np.broadcast_to(mean, truth.shape), paper[0], run[0]])
    errors = mean_errors(told, truth, bootstrap_counts(len(truth), rng, N_BOOTSTRAP))
    relative = errors.relative(0)
    average = mean_over_variables(relative)
    gain = bootstrapped(errors.improvement(np.full(len(VARIABLE_NAMES), 1)))
    coverage = {name: coverage_figures(side[1], truth) for name, side in (("paper", paper), ("run", run))}
    ratios = bootstrapped(relative)
    return {
        "n_judged": len(judged),
        "mean_relative_mae": {name: _figure(average[:, i]) for name, i in (("paper", 1), ("run", 2))},
        "mae_saved": _figure(1 - average[:, 2] / average[:, 1]),
        "variables": {
            name: {
                "n": int(errors.n[i]),
                "paper": with_interval(ratios, 1, i),
                "run": with_interval(ratios, 2, i),
                "gain": with_interval(gain, 2, i),
                "coverage_paper": coverage["paper"][name]["68"],
                "coverage_run": coverage["run"][name]["68"],
            }
            for i, name in enumerate(VARIABLE_NAMES)
        },
        "within_tolerance": {name: within_tolerance(found)["68"] for name, found in coverage.items()},
    }


def _figure(drawn: NDArray[np.float64]) -> list[float] | None:
    """``[value, low, high]`` of a figure and its resamples, shape (1 + n_resamples,)."""
    return with_interval(bootstrapped(drawn[:, None]), 0)
