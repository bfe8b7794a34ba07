"""Small heads in words, for a terminal: the recipe that was asked for, and the figures that came out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from alignlab.errors import RecipeError
from alignlab.services.small_heads import PRESETS
from alignlab.store.heads import SmallHeads
from alignlab.training.small_heads_recipe import SmallHeadsRecipe

_VIEWS = {"all": "what there is", "spectrum": "spectrum alone", "text": "text alone"}


def chosen_recipe(preset: str | None, fields: str) -> SmallHeadsRecipe:
    """The recipe of a preset, the first by default, with some fields changed.

    Raises
    ------
    RecipeError
        If there is no such preset, `fields` is no JSON object, or a value is out of range.
    """
    name = next(iter(PRESETS)) if preset is None else preset
    if name not in PRESETS:
        raise RecipeError(f"there is no preset {name!r}.", remedy=f"Choose one of {', '.join(PRESETS)}.")
    try:
        changed = json.loads(fields)
    except ValueError as error:
        raise RecipeError(f"--recipe must be a JSON object: {error}") from error
    if not isinstance(changed, dict):
        raise RecipeError(f"--recipe must be a JSON object, not {fields}")
    return SmallHeadsRecipe.from_json({**asdict(PRESETS[name]), **changed})


def figures_text(heads: SmallHeads, *, split: str = "test") -> str:
    """The figures of one split as a table."""
    figures, origin = heads.figures, "simulated" if heads.meta.simulated else "observed"
    lines = [
        f"heads {heads.heads_id}, run {heads.run_id}, survey {heads.meta.recipe['survey']} ({origin}), "
        f"seed {heads.meta.seed}, {split} split; 95% intervals from the bootstrap",
    ]
    if "variables" in figures:
        lines += ["", f"{'variables from':<18}{'MAE / mean baseline':>26}{'68% holds':>11}{'95% holds':>11}{'n':>8}"]
        for view, scores in figures["variables"][split].items():
            lines.append(
                f"{_VIEWS[view]:<18}{_with_interval(scores, 'mean_relative_mae', 3):>26}"
                f"{_percent(scores['mean_coverage_68']):>11}{_percent(scores['mean_coverage_95']):>11}{scores['n']:>8,}"
            )
    if "class" in figures:
        lines += ["", f"{'class from':<18}{'balanced accuracy':>26}{'macro AUC':>22}{'average precision':>22}{'n':>8}"]
        for view, scores in figures["class"][split].items():
            lines.append(
                f"{_VIEWS[view]:<18}{_with_interval(scores, 'balanced_accuracy', 3):>26}"
                f"{_with_interval(scores, 'macro_auc', 3):>22}{_with_interval(scores, 'average_precision', 3):>22}"
                f"{scores['n']:>8,}"
            )
    if "variables" in figures:
        lines += _variable_lines(figures["variables"][split]["all"]["variables"])
    return "\n".join(lines)


def _variable_lines(variables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = ["", f"{'variable':<22}{'MAE':>10}{'mean':>10}{'ratio':>8}{'68% holds':>11}{'95% holds':>11}{'n':>8}"]
    for name, scores in variables.items():
        if scores["mae"] is None:
            lines.append(f"{name:<22}{'–':>10}{'–':>10}{'–':>8}{'–':>11}{'–':>11}{scores['n']:>8,}")
            continue
        ratio = "–" if scores["relative_mae"] is None else f"{scores['relative_mae']:.2f}"
        lines.append(
            f"{name:<22}{scores['mae']:>10.3g}{scores['mean_baseline_mae']:>10.3g}{ratio:>8}"
            f"{_percent(scores['coverage_68']):>11}{_percent(scores['coverage_95']):>11}{scores['n']:>8,}"
        )
    return lines


def _with_interval(scores: Mapping[str, Any], name: str, digits: int) -> str:
    value, interval = scores[name], scores[f"{name}_interval"]
    if value is None:
        return "–"
    return f"{value:.{digits}f}" + (f" ({interval[0]:.{digits}f}–{interval[1]:.{digits}f})" if interval else "")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
