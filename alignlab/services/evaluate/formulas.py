"""Short formulas for the latents that follow a variable most closely: found on one split, judged on another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, report
from alignlab.services.evaluate import Part
from alignlab.services.evaluate.context import N_BOOTSTRAP, EvaluationContext
from alignlab.services.evaluate.figure import cell, plain, with_interval
from alignlab.services.evaluate.latents_tables import latent_name, of_split
from alignlab.services.evaluate.table import Cell, Column, Table
from alignlab.variables import BY_NAME, NH_UNIT, VARIABLE_NAMES

if TYPE_CHECKING:
    from alignlab.analysis.formulas import Formula

N_LATENTS = 6
#: Sources that formulas are fitted to, at most: more take longer and change no third digit.
N_FITTED = 2000
#: Sources of the split that are drawn one by one, at most.
N_DRAWN = 400
N_TREES = 200
#: Fewer sources with every variable, in any of the splits that are used, are too few.
MIN_SOURCES = 10
#: A variable is offered to formulas where so large a part of the training split has it.
_ENOUGH = 0.5
#: The formula that is shown first: the simplest that explains so much of what the best does, on the validation split.
_OF_BEST = 0.95
#: Variable → name in a formula (a Python identifier) and in LaTeX; see `scaled` for those that are logarithms.
SYMBOLS: Mapping[str, tuple[str, str]] = {
    "hard_hs": ("H_hs", r"H_\mathrm{hs}"),
    "hard_ms": ("H_ms", r"H_\mathrm{ms}"),
    "hard_hm": ("H_hm", r"H_\mathrm{hm}"),
    "var_prob_b": ("P_var", r"P_\mathrm{var}"),
    "var_index_b": ("I_var", r"I_\mathrm{var}"),
    "powlaw_gamma": ("Γ", r"\Gamma"),
    "powlaw_nh": ("N_pl", r"N_\mathrm{pl}"),
    "powlaw_stat": ("S_pl", r"S_\mathrm{pl}"),
    "bb_kt": ("T_bb", r"T_\mathrm{bb}"),
    "bb_nh": ("N_bb", r"N_\mathrm{bb}"),
    "bb_stat": ("S_bb", r"S_\mathrm{bb}"),
    "brems_kt": ("T_br", r"T_\mathrm{br}"),
    "brems_nh": ("N_br", r"N_\mathrm{br}"),
    "brems_stat": ("S_br", r"S_\mathrm{br}"),
    "apec_kt": ("T_ap", r"T_\mathrm{ap}"),
    "apec_abund": ("A_ap", r"A_\mathrm{ap}"),
    "apec_z": ("z_ap", r"z_\mathrm{ap}"),
    "apec_nh": ("N_ap", r"N_\mathrm{ap}"),
    "apec_stat": ("S_ap", r"S_\mathrm{ap}"),
    "flux_significance_b": ("F", r"F"),
}


def compute(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Any]:
    """Search formulas for a few latents of `both` in terms of the variables.

    Returns
    -------
    dict
        ``inputs`` (symbols and what they stand for), ``n_fitted``, ``n_validation``, ``n`` (of the split, with every
        input) and ``latents``: per latent ``latent`` (of both), ``label``, ``follows`` (its variable), ``front`` (per
        formula ``text``, ``latex``, ``symbols``, ``complexity``, ``r2`` with interval, ``r2_validation``,
        ``r2_fitted``, ``predicted``), ``chosen`` (place on the front), ``linear`` and ``forest`` (R² of a sum of all
        inputs and of a forest, for comparison) and ``true``. Latents are in standard deviations from their mean.

    Raises
    ------
    AlignlabError
        If too few sources have the variables.
    """
    inputs = _inputs(context)
    x = scaled(context.survey.variables, inputs)
    complete = np.isfinite(x).all(axis=1)
    rng = np.random.default_rng(context.seed)
    validation = np.asarray(context.survey.split == "validation")
    rows = {
        "fitted": np.sort(rng.permutation(np.flatnonzero(context.training & complete))[:N_FITTED]),
        "validation": np.flatnonzero(validation & complete),
        "asked": np.flatnonzero(context.rows & complete),
    }
    fewest = min(len(found) for found in rows.values()) if inputs else 0
    if fewest < MIN_SOURCES:
        raise AlignlabError(
            f"survey {context.survey.name!r} has too few sources for formulas: in one of the splits {fewest} have the "
            f"variables, and {MIN_SOURCES} are needed.",
            remedy="Evaluate a run of a larger survey.",
        )
    chosen = _chosen_latents(context)
    latents = []
    for number, (latent, variable) in enumerate(chosen):
        report(on_step, number, len(chosen), f"formulas, latent {number + 1} of {len(chosen)}")
        label = latent_name(latent, context.latents("spectrum_aligned").shape[1])
        told = {"latent": latent, "label": label, "follows": variable}
        latents.append(told | _search(context, latent, inputs, x, rows))
    return {
        "inputs": [_input(name) for name in inputs],
        "n_fitted": len(rows["fitted"]),
        "n_validation": len(rows["validation"]),
        "n": len(rows["asked"]),
        "latents": latents,
    }


def scaled(variables: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float64]:
    """Variables as formulas take them: those that are best shown on a logarithmic scale as their decimal logarithm.

    A column density is ``log10(1 + N_H / 1e20 cm**-2)``, since it may be zero.

    Parameters
    ----------
    variables : ndarray, shape (n, 20)
    names : sequence of str

    Returns
    -------
    ndarray of float64, shape (n, len(names))
    """
    columns = np.empty((len(variables), len(names)))
    for place, name in enumerate(names):
        values = variables[:, VARIABLE_NAMES.index(name)].astype(np.float64)
        if BY_NAME[name].unit == NH_UNIT:
            values = np.log10(1 + values)
        elif BY_NAME[name].scale == "log":
            values = np.log10(np.where(values > 0, values, np.nan))
        columns[:, place] = values
    return columns


def _inputs(context: EvaluationContext) -> list[str]:
    known = np.isfinite(scaled(context.survey.variables[context.training], VARIABLE_NAMES)).mean(axis=0)
    return [name for name, share in zip(VARIABLE_NAMES, known, strict=True) if share >= _ENOUGH]


def _input(name: str) -> dict[str, str]:
    variable = BY_NAME[name]
    symbol, latex = SYMBOLS[name]
    unit = f" in {variable.display_unit}" if variable.unit else ""
    meaning = f"{variable.label}{unit}"
    if variable.unit == NH_UNIT:
        meaning = f"log10 of 1 + {meaning}"
    elif variable.scale == "log":
        meaning = f"log10 of {meaning}"
    return {"variable": name, "symbol": symbol, "latex": latex, "meaning": meaning}


def _chosen_latents(context: EvaluationContext) -> list[tuple[int, str]]:
    """The latents of both that follow a variable most closely, each another variable, on the validation split."""
    from alignlab.analysis.correlations import latent_correlations

    tuning = np.asarray(context.survey.split == "validation")
    found = latent_correlations(context.latents("both")[tuning], context.survey.variables[tuning]).spearman
    strength = np.nan_to_num(np.abs(found), nan=-1)
    chosen: list[tuple[int, str]] = []
    while len(chosen) < N_LATENTS and strength.max() >= 0:
        latent, column = divmod(int(strength.argmax()), strength.shape[1])
        chosen.append((latent, VARIABLE_NAMES[column]))
        strength[latent], strength[:, column] = -1, -1
    return chosen


def _search(
    context: EvaluationContext,
    latent: int,
    inputs: Sequence[str],
    x: NDArray[np.float64],
    rows: Mapping[str, NDArray[np.intp]],
) -> dict[str, Any]:
    from alignlab.analysis.formulas import fit_formulas

    rng = np.random.default_rng((context.seed, latent))
    z = context.latents("both")[:, latent].astype(np.float64)
    z = (z - z[rows["fitted"]].mean()) / z[rows["fitted"]].std()
    front = fit_formulas(
        x[rows["fitted"]], z[rows["fitted"]], names=[SYMBOLS[name][0] for name in inputs], seed=context.seed
    )
    told = [_told(formula, x, z, rows, rng) for formula in front]
    drawn = np.sort(rng.permutation(rows["asked"])[:N_DRAWN])
    for formula, figures in zip(front, told, strict=True):
        figures["predicted"] = np.round(formula.predict(x[drawn]), 3).tolist()
    return {
        "front": told,
        "chosen": _first_good([figures["r2_validation"] for figures in told]),
        **_compared(x, z, rows, seed=context.seed),
        "true": np.round(z[drawn], 3).tolist(),
    }


def _told(
    formula: Formula,
    x: NDArray[np.float64],
    z: NDArray[np.float64],
    rows: Mapping[str, NDArray[np.intp]],
    rng: np.random.Generator,
) -> dict[str, Any]:
    from alignlab.analysis.formulas import r_squared, resampled_r_squared

    r2 = {name: float(r_squared(z[i], formula.predict(x[i])[:, None])[0]) for name, i in rows.items()}
    asked = rows["asked"]
    drawn = resampled_r_squared(z[asked], formula.predict(x[asked])[:, None], rng=rng, n_resamples=N_BOOTSTRAP)
    return {
        "text": formula.text,
        "latex": formula.latex(dict(SYMBOLS.values())),
        "symbols": list(formula.variables),
        "complexity": formula.complexity,
        "r2": with_interval(r2["asked"], drawn),
        "r2_validation": plain(r2["validation"]),
        "r2_fitted": plain(r2["fitted"]),
    }


def _first_good(r2: Sequence[float | None]) -> int | None:
    """Place of the simplest formula that is nearly as good as the best; None where there is none."""
    known = [value for value in r2 if value is not None]
    if not known:
        return None
    return next(place for place, value in enumerate(r2) if value is not None and value >= _OF_BEST * max(known))


def _compared(
    x: NDArray[np.float64], z: NDArray[np.float64], rows: Mapping[str, NDArray[np.intp]], *, seed: int
) -> dict[str, float | None]:
    """R² on the split of what needs no formula: a sum of all inputs, and a forest (extremely randomised trees)."""
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.linear_model import LinearRegression

    fitted, asked = rows["fitted"], rows["asked"]
    models = {
        "linear": LinearRegression(),
        "forest": ExtraTreesRegressor(N_TREES, min_samples_leaf=2, random_state=seed),
    }
    return {
        name: plain(model.fit(x[fitted], z[fitted]).score(x[asked], z[asked])) if len(asked) > 1 else None
        for name, model in models.items()
    }


def tables(figures: Mapping[str, Any]) -> Sequence[Table]:
    """The formula that is shown first for each latent, and every formula of every front."""
    first, rest = [], []
    for told in figures["latents"]:
        for place, formula in enumerate(told["front"]):
            row = [Cell(told["label"]), Cell(formula["complexity"]), Cell(formula["text"]), cell(formula["r2"])]
            rest.append(row)
            if place == told["chosen"]:
                first.append([*row, Cell(told["linear"]), Cell(told["forest"])])
    caption = (
        f"R² on the {of_split(figures)}, n = {figures['n']:,} with every input; 95% bootstrap interval. Formulas are "
        f"of the latent in standard deviations from its mean, found on {figures['n_fitted']:,} training sources"
    )
    columns = [
        Column("latent", "latent"),
        Column("complexity", "complexity"),
        Column("formula", "formula"),
        Column("r2", "R²", ".2f"),
    ]
    compared = [Column("linear", "R², linear in all", ".2f"), Column("forest", "R², forest", ".2f")]
    return [
        Table(
            name="formulas",
            title="Short formulas for latents",
            caption=(
                f"{caption}: the simplest that explains {_OF_BEST:.0%} of what the best does on the validation split. "
                f"{_meanings(figures, first)}."
            ),
            columns=columns + compared,
            rows=first,
        ),
        Table(
            name="formulas-all",
            title="All formulas",
            caption=f"{caption}. {_meanings(figures, rest)}.",
            columns=columns,
            rows=rest,
        ),
    ]


def _meanings(figures: Mapping[str, Any], rows: Sequence[Sequence[Cell]]) -> str:
    """What the symbols in these rows' formulas stand for."""
    text = " ".join(str(row[2].value) for row in rows)
    used = [told for told in figures["inputs"] if re.search(rf"\b{told['symbol']}\b", text)]
    return "; ".join(f"{told['symbol']}: {told['meaning']}" for told in used)


def _estimate_s(n_sources: int) -> float:
    return 10 + 20 * min(n_sources, 10_000) / 10_000


PART = Part(name="formulas", label="Formulas", version=1, compute=compute, tables=tables, estimate_s=_estimate_s)
