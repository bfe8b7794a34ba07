"""The 20 variables as measured in the file, beside what the spectrum's place says of them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alignlab.services.interpret.contract import VariableComparison
from alignlab.services.interpret.estimator import NEW, READ, LatentEstimator
from alignlab.services.interpret.ledger import Ledger
from alignlab.services.number_words import measured
from alignlab.services.subject import Subject
from alignlab.variables import VARIABLES, Variable


def compare_variables(subject: Subject, estimator: LatentEstimator, ledger: Ledger) -> tuple[VariableComparison, ...]:
    """Measured and estimated values, in the order of `VARIABLES`; what is neither is told, but no evidence."""
    quantiles = estimator.quantiles(
        {name: subject.latents(name) for name in READ}, subject.index if subject.overlay is None else NEW
    )
    values, limits = subject.survey.variables[subject.index], subject.survey.limits.iloc[subject.index]
    return tuple(
        _compared(
            variable,
            float(values[column]),
            float(limits.get(f"{variable.name}_lolim", math.nan)),
            float(limits.get(f"{variable.name}_hilim", math.nan)),
            quantiles[column],
            ledger,
        )
        for column, variable in enumerate(VARIABLES)
    )


def agreement(value: float, low: float, high: float, low95: float, high95: float) -> bool | None:
    """Whether a measurement with its limits (NaN where there are none) meets an interval; None without either."""
    if not all(map(math.isfinite, (value, low95, high95))):
        return None
    lowest, highest = (end if math.isfinite(end) else value for end in (low, high))
    return lowest <= high95 and highest >= low95


def _compared(
    variable: Variable, value: float, low: float, high: float, quantiles: NDArray[np.float64], ledger: Ledger
) -> VariableComparison:
    low95, low68, median, high68, high95 = (float(q) for q in quantiles)
    agrees = agreement(value, low, high, low95, high95)
    statement = _words(variable, (value, low, high), (median, low95, high95), agrees)
    is_known = math.isfinite(value) or math.isfinite(median)
    return VariableComparison(
        id=ledger.add("variables", statement) if is_known else "",
        statement=statement,
        name=variable.name,
        label=variable.label,
        unit=variable.display_unit,
        measured=value,
        measured_low=low,
        measured_high=high,
        estimated=median,
        low68=low68,
        high68=high68,
        low95=low95,
        high95=high95,
        agrees=agrees,
    )


def _words(
    variable: Variable,
    value: tuple[float, float, float],
    estimate: tuple[float, float, float],
    agrees: bool | None,
) -> str:
    unit = f" {variable.display_unit}" if variable.unit else ""
    found = f"measured {measured(variable, *value)}{unit}" if math.isfinite(value[0]) else "not measured"
    if not math.isfinite(estimate[0]):
        return f"{variable.label}: {found}; nothing to estimate it from."
    told = f"estimated {_estimated(variable, *estimate)}{unit}, 95% interval"
    verdict = {True: ": they agree", False: ": they disagree", None: ""}[agrees]
    return f"{variable.label}: {found}; {told}{verdict}."


def _estimated(variable: Variable, median: float, low: float, high: float) -> str:
    if variable.name != "var_prob_b":
        return measured(variable, median, low, high)
    return f"{measured(variable, median)} ({measured(variable, low)}–{measured(variable, high)})"
