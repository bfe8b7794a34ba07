"""What distinguishes a source from its neighbours: variables in units of their spread, energy bands as ratios.

A variable is told where it lies further from the neighbours' median than `LEAST_SPREADS` times what their spread and
its own error make together; a band as `alignlab.services.interpret.bands` says.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alignlab.services.interpret.bands import BandRatio, band_ratios
from alignlab.services.interpret.contract import Difference
from alignlab.services.interpret.ledger import Ledger
from alignlab.services.neighbours import nearest
from alignlab.services.number_words import measured, number
from alignlab.services.subject import Subject
from alignlab.training.small_heads.targets import VariableScales
from alignlab.variables import VARIABLES, Variable

#: Neighbours that are compared with, and the fewest that must have a value.
N_COMPARED, FEWEST = 30, 10
LEAST_SPREADS = 2.5
_MOST_VARIABLES, _MOST_BANDS = 5, 3
#: Least spread of neighbours, in standard deviations of the training sources.
_LEAST_SPREAD = 0.02


def find_differences(subject: Subject, scales: VariableScales, ledger: Ledger) -> tuple[Difference, ...]:
    """Variables and bands in which a source differs from its neighbours, the largest difference of each kind first."""
    workspace = subject.workspace
    found = nearest(
        workspace.survey,
        subject.latents("spectrum_aligned"),
        workspace.run.latents("spectrum_aligned"),
        k=N_COMPARED,
        leave_out=subject.index if subject.overlay is None else None,
    )
    rows = np.array([neighbour.index for neighbour in found], np.int64)
    variables = _unusual_variables(subject, scales, rows)[:_MOST_VARIABLES]
    bands = band_ratios(subject, rows, fewest=FEWEST)[:_MOST_BANDS]
    told = []
    for variable, effect, words in variables:
        told.append(
            Difference(
                id=ledger.add("differences", words), statement=words, kind="variable", name=variable.name,
                effect=effect, low=math.nan, high=math.nan,
            )
        )  # fmt: skip
    for band in bands:
        words = _band_words(band)
        told.append(
            Difference(
                id=ledger.add("differences", words), statement=words, kind="band", name=band.name,
                effect=band.ratio, low=band.low, high=band.high,
            )
        )  # fmt: skip
    return tuple(told)


def _unusual_variables(
    subject: Subject, scales: VariableScales, rows: NDArray[np.int64]
) -> list[tuple[Variable, float, str]]:
    """Variables with their effects and words; one for each quantity that several spectral models have."""
    if not len(rows):
        return []
    own = subject.survey
    values, limits = own.variables[subject.index], own.limits.iloc[subject.index]
    ends = np.array([[limits.get(f"{v.name}_{side}", math.nan) for v in VARIABLES] for side in ("lolim", "hilim")])
    scaled, low, high = scales.forward(np.vstack([values[None], ends]))
    near_values = np.asarray(subject.workspace.survey.variables[rows], np.float64)
    near = scales.forward(near_values)
    best: dict[str, tuple[Variable, float, str]] = {}
    for column, variable in enumerate(VARIABLES):
        known = np.isfinite(near[:, column])
        if known.sum() < FEWEST or not math.isfinite(scaled[column]):
            continue
        below, median, above = np.percentile(near[known, column], [16, 50, 84])
        spread = max(float(above - below) / 2, _LEAST_SPREAD)
        errors = [abs(end - scaled[column]) for end in (low[column], high[column]) if math.isfinite(end)]
        effect = float(scaled[column] - median) / spread
        if abs(effect) * spread < LEAST_SPREADS * math.hypot(spread, max(errors, default=0.0)):
            continue
        quantity = variable.name.rpartition("_")[2] if variable.from_fit else variable.name
        if quantity not in best or abs(effect) > abs(best[quantity][1]):
            words = _variable_words(variable, float(values[column]), near_values[known, column], effect)
            best[quantity] = variable, effect, words
    return sorted(best.values(), key=lambda found: -abs(found[1]))


def _variable_words(variable: Variable, value: float, usual: NDArray[np.float64], effect: float) -> str:
    low, median, high = (float(v) for v in np.percentile(usual, [16, 50, 84]))
    unit = f" {variable.display_unit}" if variable.unit else ""
    return (
        f"{variable.label} is {measured(variable, value)}{unit}, {number(abs(effect), digits=2)} times the neighbours' "
        f"spread {'above' if effect > 0 else 'below'} their median {measured(variable, median, low, high)}{unit} "
        f"(n = {len(usual)})."
    )


def _band_words(band: BandRatio) -> str:
    ratio, low, high = (number(max(value, 0.0), digits=2) for value in (band.ratio, band.low, band.high))
    return (
        f"From {band.start_kev:g} to {band.stop_kev:g} keV it has {ratio} times ({low}–{high}, 95%) the counts that "
        f"the mean shape of {band.n_neighbours} neighbours would give."
    )
