"""Two populations compared: 20 variables, counts, brightness, and how many of each vary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.contrast import RankedVariables, holm
from alignlab.analysis.populations import DistributionTest, ShareTest, distribution_test, share_test
from alignlab.errors import AlignlabError
from alignlab.services.discover.populations import STRONGLY_FROM, VARIABLE_ABOVE, Population
from alignlab.store.survey import Survey
from alignlab.variables import VARIABLE_NAMES, VARIABLES

#: Fewer sources than this are not compared.
FEWEST = 5
COUNTS = "net_counts"
VARIABLE = f"variable within the observation (probability above {100 * VARIABLE_ABOVE:.0f}%)"
STRONGLY_VARIABLE = f"strongly variable (index {STRONGLY_FROM} or more)"
#: Classes of net counts within which shares are compared.
_COUNT_CLASSES = 6


@dataclass(frozen=True, kw_only=True)
class QuantityComparison:
    """One quantity in two populations.

    Attributes
    ----------
    name, label, unit : str
    missing_first, missing_second : int
        Sources without a value.
    median_first, median_second : float
    delta, delta_low, delta_high : float
        Cliff's delta with its 95% interval: above 0 where the first population's values are larger.
    test : DistributionTest
    ks_corrected, ad_corrected : float
        The test's p after Holm, for the number of quantities.
    """

    name: str
    label: str
    unit: str
    missing_first: int
    missing_second: int
    median_first: float
    median_second: float
    delta: float
    delta_low: float
    delta_high: float
    test: DistributionTest
    ks_corrected: float
    ad_corrected: float


@dataclass(frozen=True, kw_only=True)
class ShareComparison:
    """How often something is so in two populations; p-values are corrected after Holm for the number of shares."""

    label: str
    test: ShareTest
    p_corrected: float
    p_equal_corrected: float


@dataclass(frozen=True, kw_only=True)
class ShareInClass:
    """How many vary among the sources with `low` to `high` net counts.

    Attributes
    ----------
    low, high : float
        Limits of the class; 0 and infinity at its ends.
    median_counts : float
        Of the sources of both populations in it; NaN where there are none.
    hits_first, n_first, hits_second, n_second : int
    """

    low: float
    high: float
    median_counts: float
    hits_first: int
    n_first: int
    hits_second: int
    n_second: int


@dataclass(frozen=True, eq=False, kw_only=True)
class PopulationComparison:
    """Two populations compared, without the sources that are in both.

    Attributes
    ----------
    first, second : Population
    n_both : int
        Sources in both, which no test counts.
    quantities : tuple of QuantityComparison
        The largest effect first.
    shares : tuple of ShareComparison
    """

    first: Population
    second: Population
    n_both: int
    quantities: tuple[QuantityComparison, ...]
    shares: tuple[ShareComparison, ...]


def compare_populations(first: Population, second: Population) -> PopulationComparison:
    """Compare two populations by the 20 variables, their brightness, and how many vary.

    Raises
    ------
    AlignlabError
        If fewer than `FEWEST` sources of one of them are not in the other.
    """
    a, b = _own_rows(first, second)
    for population, own in ((first, a), (second, b)):
        if len(own) < FEWEST:
            raise AlignlabError(
                f"{population.group.label} has {len(own)} sources of its own: too few to compare.",
                remedy=f"Choose groups with at least {FEWEST} sources that the other has not.",
            )
    return PopulationComparison(
        first=first, second=second, n_both=int((first.group.mask & second.group.mask).sum()),
        quantities=_compared(first, second, a, b), shares=_shares(first.survey, a, b),
    )  # fmt: skip


def _compared(
    first: Population, second: Population, a: NDArray[np.intp], b: NDArray[np.intp]
) -> tuple[QuantityComparison, ...]:
    quantities = _quantities(first, second, a, b)
    # Logarithms where numbers are too large or small for the single precision of ranks.
    pooled = [np.concatenate([np.log10(v) if q.is_brightness else v for v in q.values]) for q in quantities]
    ranks = RankedVariables(np.stack(pooled, axis=1)).contrast(np.arange(len(a) + len(b)) < len(a))
    tests = [distribution_test(*q.values) for q in quantities]
    ks, ad = holm([test.ks_p for test in tests]), holm([test.ad_p for test in tests])
    compared = [
        QuantityComparison(
            name=q.name, label=q.label, unit=q.unit, test=test, ks_corrected=float(ks[i]), ad_corrected=float(ad[i]),
            missing_first=len(a) - test.n_first, missing_second=len(b) - test.n_second,
            median_first=_median(q.values[0]), median_second=_median(q.values[1]),
            delta=float(ranks.delta[i]), delta_low=float(ranks.delta_low[i]), delta_high=float(ranks.delta_high[i]),
        )
        for i, (q, test) in enumerate(zip(quantities, tests, strict=True))
    ]  # fmt: skip
    return tuple(sorted(compared, key=lambda c: -abs(c.delta) if np.isfinite(c.delta) else 1.0))


@dataclass(frozen=True, eq=False)
class _Quantity:
    name: str
    label: str
    unit: str
    values: tuple[NDArray[np.float64], NDArray[np.float64]]
    is_brightness: bool = False


def _quantities(first: Population, second: Population, a: NDArray[np.intp], b: NDArray[np.intp]) -> list[_Quantity]:
    survey, flux = first.survey, first.fluxes.flux
    columns = [(v.name, v.label, v.display_unit, survey.variables[:, i]) for i, v in enumerate(VARIABLES)]
    columns.append((COUNTS, "net counts", "", survey.sources["net_counts"].to_numpy()))
    found = [
        _Quantity(name, label, unit, (column[a].astype(np.float64), column[b].astype(np.float64)))
        for name, label, unit, column in columns
    ]
    seen = np.where(flux.is_detected, flux.value, np.nan)
    found.append(_Quantity("flux", "flux, 0.5–7 keV", "erg cm⁻² s⁻¹", (seen[a], seen[b]), is_brightness=True))
    if first.has_distance and second.has_distance:
        bright = seen[a] * first.to_brightness, seen[b] * second.to_brightness
        least = max(population.complete_from * population.to_brightness for population in (first, second))
        both = tuple(np.where(values >= least, values, np.nan) for values in bright)
        label = "luminosity where both are complete"
        found.append(_Quantity("luminosity", label, "erg s⁻¹", (both[0], both[1]), is_brightness=True))
    return found


def _shares(survey: Survey, a: NDArray[np.intp], b: NDArray[np.intp]) -> tuple[ShareComparison, ...]:
    strata = _count_classes(survey, a, b)
    index, probability = (survey.variables[:, VARIABLE_NAMES.index(name)] for name in ("var_index_b", "var_prob_b"))
    cases = (
        (VARIABLE, probability > VARIABLE_ABOVE, np.isfinite(probability)),
        (STRONGLY_VARIABLE, index >= STRONGLY_FROM, np.isfinite(index)),
    )
    tests = []
    for _, so, known in cases:
        x, y = known[a], known[b]
        tests.append(share_test(so[a][x], so[b][y], strata=(strata[0][x], strata[1][y])))
    p, p_equal = holm([test.p for test in tests]), holm([test.p_equal for test in tests])
    return tuple(
        ShareComparison(label=label, test=test, p_corrected=float(p[i]), p_equal_corrected=float(p_equal[i]))
        for i, ((label, *_), test) in enumerate(zip(cases, tests, strict=True))
    )


def variable_by_counts(comparison: PopulationComparison) -> tuple[ShareInClass, ...]:
    """How many of each population vary, class by class of net counts: what the test at equal counts compares."""
    survey = comparison.first.survey
    a, b = _own_rows(comparison.first, comparison.second)
    probability = survey.variables[:, VARIABLE_NAMES.index("var_prob_b")]
    net = survey.sources["net_counts"].to_numpy(np.float64)
    edges = _count_edges(net, a, b)
    found = []
    for number in range(len(edges) + 1):
        # Sources whose variability is unknown are no part of a share.
        own = [
            rows[(np.searchsorted(edges, net[rows], side="right") == number) & np.isfinite(probability[rows])]
            for rows in (a, b)
        ]
        hits = [int((probability[rows] > VARIABLE_ABOVE).sum()) for rows in own]
        found.append(
            ShareInClass(
                low=float(edges[number - 1]) if number else 0.0,
                high=float(edges[number]) if number < len(edges) else float("inf"),
                median_counts=_median(net[np.concatenate(own)]),
                hits_first=hits[0], n_first=len(own[0]), hits_second=hits[1], n_second=len(own[1]),
            )
        )  # fmt: skip
    return tuple(found)


def _own_rows(first: Population, second: Population) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the sources that are in one population only."""
    both = first.group.mask & second.group.mask
    return np.flatnonzero(first.group.mask & ~both), np.flatnonzero(second.group.mask & ~both)


def _count_classes(
    survey: Survey, a: NDArray[np.intp], b: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    net = survey.sources["net_counts"].to_numpy(np.float64)
    edges = _count_edges(net, a, b)
    return np.searchsorted(edges, net[a], side="right"), np.searchsorted(edges, net[b], side="right")


def _count_edges(net: NDArray[np.float64], a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.float64]:
    """Limits of net counts that divide the smaller population evenly: there both have sources to compare."""
    smaller = net[a if len(a) <= len(b) else b]
    return np.unique(np.quantile(smaller, np.linspace(0, 1, _COUNT_CLASSES + 1)[1:-1]))


def _median(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
