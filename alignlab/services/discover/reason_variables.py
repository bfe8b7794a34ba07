"""A source's variables beside those of its nearest normal sources and of its class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.contributions import robust_centre
from alignlab.services.discover.reason_ground import ReasonGround
from alignlab.services.discover.reason_parts import Change, VariableReason
from alignlab.services.discover.reason_references import References
from alignlab.services.distributions import FEWEST_FOR_RANK
from alignlab.store.survey import Survey
from alignlab.variables import BY_NAME, VARIABLE_NAMES, VARIABLES

#: Normal sources that must have a variable.
_FEWEST = 10
#: Least spread of normal sources, in standard deviations of the training sources; larger for the two variables that say
#: how surely a source varies, where the usual one is at 0.
_LEAST_SPREAD, _LEAST_SPREAD_OF_VARIABILITY = 0.05, 0.5
_LEAST = np.array([_LEAST_SPREAD_OF_VARIABILITY if v.name.startswith("var_") else _LEAST_SPREAD for v in VARIABLES])
Named = TypeVar("Named", VariableReason, Change)


def variable_reasons(
    survey: Survey, ground: ReasonGround, index: int, normal: References
) -> tuple[VariableReason, ...]:
    """All variables that can be compared, the largest difference first.

    A difference is from the normal sources' median, in units of half their central 68% and the source's own error
    together.
    """
    near = ground.scaled[normal.rows]
    if len(near) < _FEWEST:
        return ()
    centre, spread = robust_centre(near)
    values = survey.variables[np.append(normal.rows, index)].astype(np.float64)
    classes = survey.sources["source_class"].astype("str").to_numpy(str)
    same_class = (classes == classes[index]) & (classes != "")
    same_class[index] = False
    error, limits = np.nan_to_num(ground.errors[index]), survey.limits.iloc[index]
    sigma = (ground.scaled[index] - centre) / np.hypot(np.maximum(spread, _LEAST), error)
    found = []
    for column, name in enumerate(VARIABLE_NAMES):
        others = values[:-1, column]
        others = others[np.isfinite(others)]
        if len(others) < _FEWEST or not np.isfinite(sigma[column]):
            continue
        low, middle, high = np.percentile(others, [15.865, 50, 84.135])
        ends = [float(limits.get(f"{name}_{side}", np.nan)) for side in ("lolim", "hilim")]
        peers = survey.variables[same_class, column]
        percentile, n_class = _place(float(values[-1, column]), peers[np.isfinite(peers)])
        found.append(
            VariableReason(
                name=name, value=float(values[-1, column]), low=ends[0], high=ends[1], normal=float(middle),
                normal_low=float(low), normal_high=float(high), sigma=float(sigma[column]), n_normal=len(others),
                class_percentile=percentile, n_class=n_class,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda reason: -abs(reason.sigma)))


def _place(value: float, others: NDArray[np.floating]) -> tuple[float, int]:
    """Percentile of a value among others, NaN among too few, and how many they are."""
    if len(others) < FEWEST_FOR_RANK:
        return np.nan, len(others)
    return float(50 * ((others < value).mean() + (others <= value).mean())), len(others)


def quantity(name: str) -> str:
    """What a variable measures, the same for all spectral models that it is fitted with: ``nh``, ``kt``."""
    return name.rpartition("_")[2] if BY_NAME[name].from_fit else name


def subject_matter(name: str) -> str:
    """The same more broadly: all hardness ratios, and both measures of variability, say one thing."""
    return name.partition("_")[0] if name.startswith(("hard_", "var_")) else quantity(name)


def first_of_each(reasons: Sequence[Named], kind: Callable[[str], str]) -> list[Named]:
    """Of several variables of one kind (`quantity`, `subject_matter`), the first."""
    first: dict[str, Named] = {}
    for reason in reasons:
        first.setdefault(kind(reason.name), reason)
    return list(first.values())
