"""A comparison of populations as tables: its quantities, its shares, and the sources themselves."""

from __future__ import annotations

import numpy as np

from alignlab.analysis.mean_errors import binomial_interval
from alignlab.services.discover.population_comparison import (
    PopulationComparison,
    QuantityComparison,
    ShareComparison,
)
from alignlab.services.evaluate.table import Cell, Column, Table
from alignlab.services.number_words import measured, number, p_words
from alignlab.variables import BY_NAME

_P_NOTE = "p-values are Holm-corrected within their column"


def quantity_table(comparison: PopulationComparison) -> Table:
    """One row per quantity, the largest effect first."""
    columns = (
        Column("quantity", "quantity"),
        Column("median_first", "median, first"),
        Column("median_second", "median, second"),
        Column("delta", "δ (95%)", ".2f"),
        Column("p_ad", "p, Anderson–Darling"),
        Column("p_ks", "p, Kolmogorov–Smirnov"),
        Column("n_first", "n, first", ",d"),
        Column("n_second", "n, second", ",d"),
        Column("missing_first", "missing, first", ",d"),
        Column("missing_second", "missing, second", ",d"),
    )
    return Table(
        name="population-quantities",
        title=f"{len(comparison.quantities)} quantities",
        caption=(
            f"{_who(comparison)} δ (Cliff) is the probability that a source of the first has the larger value, less "
            f"that it has the smaller one; {_P_NOTE}. Missing: sources without a value; of fluxes, upper limits too."
        ),
        columns=columns,
        rows=[_quantity_row(q) for q in comparison.quantities],
    )


def share_table(comparison: PopulationComparison) -> Table:
    """One row per share."""
    columns = (
        Column("share", "share of sources"),
        Column("first", "first (95%)", ".1f", as_percent=True),
        Column("n_first", "n, first", ",d"),
        Column("second", "second (95%)", ".1f", as_percent=True),
        Column("n_second", "n, second", ",d"),
        Column("odds_ratio", "odds ratio", ".2f"),
        Column("p", "p, Fisher"),
        Column("odds_ratio_equal", "odds ratio at equal counts", ".2f"),
        Column("p_equal", "p at equal counts"),
    )
    return Table(
        name="population-shares",
        title="How many vary",
        caption=(
            f"{_who(comparison)} Intervals of 95% after Clopper & Pearson; p of Fisher's exact test, and of Cochran, "
            f"Mantel & Haenszel's within six classes of net counts; {_P_NOTE}."
        ),
        columns=columns,
        rows=[_share_row(share) for share in comparison.shares],
    )


def _who(comparison: PopulationComparison) -> str:
    first, second = comparison.first, comparison.second
    return (
        f"First: {first.group.label}, n = {first.n:,}; second: {second.group.label}, n = {second.n:,}; survey "
        f"{first.survey.name} ({first.survey.origin})."
    )


def _quantity_row(q: QuantityComparison) -> list[Cell]:
    unit = f" ({q.unit})" if q.unit else ""
    return [
        Cell(f"{q.label}{unit}"),
        Cell(_value(q.name, q.median_first)),
        Cell(_value(q.name, q.median_second)),
        Cell(_known(q.delta), _known(q.delta_low), _known(q.delta_high)),
        Cell(p_words(q.ad_corrected)),
        Cell(p_words(q.ks_corrected)),
        *(Cell(n) for n in (q.test.n_first, q.test.n_second, q.missing_first, q.missing_second)),
    ]


def _share_row(share: ShareComparison) -> list[Cell]:
    test = share.test
    return [
        Cell(share.label),
        _share(test.hits_first, test.n_first),
        Cell(test.n_first),
        _share(test.hits_second, test.n_second),
        Cell(test.n_second),
        Cell(_known(test.odds_ratio)),
        Cell(p_words(share.p_corrected)),
        Cell(_known(test.common_odds_ratio)),
        Cell(p_words(share.p_equal_corrected)),
    ]


def _share(hits: int, n: int) -> Cell:
    if not n:
        return Cell(None)
    low, high = binomial_interval(hits, n)
    return Cell(hits / n, float(low), float(high))


def _value(name: str, value: float) -> str:
    return measured(BY_NAME[name], value) if name in BY_NAME else number(value)


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
