"""A network for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from alignlab.services.discover.network_periphery import MEASURES, PeripheryAgreement
from alignlab.services.discover.network_tables import DegreeTable

if TYPE_CHECKING:
    from alignlab.services.discover.networks import Network


def network_lines(network: Network) -> Iterator[str]:
    """What hangs together, who is in the core, which communities there are."""
    told = network.told
    n = told["n"]
    yield (
        f"{n:,} sources ({told['recipe']['subset']}), {told['recipe']['representation']}, joined by "
        f"{told['joined_by']}: {told['n_edges']:,} edges, mean degree {told['mean_degree']:,.1f}"
    )
    if told["n_without_text"]:
        yield f"left out: {told['n_without_text']:,} sources without papers"
    yield (
        f"components: {told['n_components']:,}; the largest has {told['largest_component']:,} sources "
        f"({told['largest_component'] / n:.1%}), {told['n_isolated']:,} have no edge"
    )
    yield (
        f"core (Lip): {told['n_core']:,} sources, {told['n_always_core']:,} in every best division, "
        f"{told['n_possible_core']:,} in some; {_exceptions(told['core_exceptions_share'])}"
    )
    yield f"deepest k-core: k {told['max_core_number']}, {told['n_in_deepest_core']:,} sources"
    yield f"communities: {told['n_communities']:,} of more than one source, modularity {told['modularity']:.3f}"
    if told["paths_n_sampled"]:
        yield (
            f"betweenness and closeness: estimated for {told['paths_n_sampled']:,} sources from "
            f"{told['paths_n_pivots']:,} of them"
        )


def degree_lines(table: DegreeTable) -> Iterator[str]:
    """Degrees by class, tab-separated."""
    yield f"high degree: above {table.high_above:,.6g}, {table.n_high:,} of {table.n:,} sources"
    yield "class\tn\tmean degree\tmedian\thigh degree\t95% interval"
    for row in table.classes:
        # One source has no error.
        error = f" ± {row.mean_error:.1f}" if row.n > 1 else ""
        low, high = row.share_interval
        yield (
            f"{row.source_class or 'not classified'}\t{row.n}\t{row.mean:,.1f}{error}\t{row.median:g}\t"
            f"{row.share_high:.1%}\t{low:.1%}–{high:.1%}"
        )


def agreement_lines(found: PeripheryAgreement, ranking: str) -> Iterator[str]:
    """How far the periphery and an outlier ranking agree."""
    yield f"periphery against {ranking}: {found.n:,} sources, the strangest 5% are {found.n_strange:,}"
    yield "little of\tAUC\t95% interval\tshared in the top 1%\tby chance\tshared in the top 5%\tby chance"
    for row in found.measures:
        shared = "\t".join(f"{top.n_shared:.1f} of {top.n}\t{top.n_by_chance:.1f}" for top in row.overlaps)
        yield f"{MEASURES[row.measure]}\t{row.auc:.3f}\t{row.low:.3f}–{row.high:.3f}\t{shared}"


def _exceptions(share: float | None) -> str:
    return "nothing to judge" if share is None else f"exceptions among the pairs within core or periphery: {share:.2%}"
