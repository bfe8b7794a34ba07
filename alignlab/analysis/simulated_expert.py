"""A simulated expert: labels sources as a ranking shows them, so that rankings that learn can be judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: How much each source is wanted, from the labels given so far (row to mark, 0 to 5).
Rank = Callable[[Mapping[int, int]], NDArray[np.floating]]

#: What an expert knows of each planted rarity beforehand: traits that ordinary sources may have, too.
TRAITS: Mapping[str, tuple[Callable[[pd.DataFrame], pd.Series], ...]] = {
    "gravitational lens": (
        lambda t: t["source_class"].eq("QSO"),
        lambda t: t["fe_k_ew_ev"].gt(700),
        lambda t: t["light_curve"].eq("stochastic"),
    ),
    "pulsating ULX": (
        lambda t: t["source_class"].eq("ULX"),
        lambda t: t["light_curve"].eq("pulsation"),
        lambda t: t["photon_index"].lt(1.1),
    ),
    "changing-look AGN": (
        lambda t: t["source_class"].isin(["AGN", "obscured AGN"]),
        lambda t: t["light_curve"].eq("state change"),
        lambda t: t["n_h_intrinsic"].gt(300),
    ),
    "pile-up artefact": (
        lambda t: t["source_class"].isin(["AGN", "QSO", "LMXB", "HMXB"]),
        lambda t: t["expected_counts"].gt(2000),
        lambda t: t["expected_counts"].gt(3500),
    ),
    "AGN-like flare star": (
        lambda t: t["source_class"].eq("star"),
        lambda t: t["light_curve"].eq("flare"),
        lambda t: t["kt_kev"].gt(4),
    ),
}
_WANTED, _NOTHING = 5, 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Session:
    """What an expert saw, in order.

    Attributes
    ----------
    shown : ndarray of int64
        Rows: first those that were labelled, then those that the last ranking puts next.
    n_labels : int
        How many of them were labelled.
    found : ndarray of int64
        How many wanted ones there are among the first 1, 2, … of them.
    """

    shown: NDArray[np.int64]
    n_labels: int
    found: NDArray[np.int64]

    @property
    def found_labelling(self) -> int:
        """Wanted sources among those that were labelled."""
        return int(self.found[self.n_labels - 1]) if self.n_labels else 0

    @property
    def found_after(self) -> int:
        """Wanted sources among those that come next."""
        return int(self.found[-1]) - self.found_labelling


def strict_marks(wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Marks of an expert to whom only one kind is of interest: 5 for it, 0 for all others."""
    return np.where(wanted, _WANTED, _NOTHING)


def graded_marks(truth: pd.DataFrame, rarity: str) -> NDArray[np.int64]:
    """Marks of an expert who knows what a rarity looks like: 5 for it; else 0 to 3, one for each of its `TRAITS`.

    Parameters
    ----------
    truth : DataFrame
        What the simulator knows of each source.
    rarity : str
        One of `TRAITS`.
    """
    traits = sum(trait(truth).to_numpy(np.int64) for trait in TRAITS[rarity])
    return np.where(truth["rarity"].eq(rarity), _WANTED, traits)


def label_by_ranking(
    rank: Rank,
    marks: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    *,
    n_labels: int = 40,
    n_next: int = 50,
    every: int = 1,
    example: int | None = None,
) -> Session:
    """Let an expert label the first of the ranking, over and over, then look at those that come next.

    Parameters
    ----------
    rank : callable
        From labels to how much each source is wanted; called with none first.
    marks : ndarray of int, shape (n,)
        What the expert says when shown a source.
    wanted : ndarray of bool, shape (n,)
        The sources that count as found.
    n_labels, n_next : int
        How many are labelled, and how many are looked at then.
    every : int
        The ranking is renewed after so many labels.
    example : int, optional
        A wanted source that the expert knows beforehand: labelled first, of no cost, and not counted as found.
    """
    labels = {} if example is None else {example: int(marks[example])}
    left_out = set(labels)
    shown: list[int] = []
    while len(shown) < n_labels:
        for row in _best(rank(labels), {*shown, *left_out}, min(every, n_labels - len(shown))):
            labels[row] = int(marks[row])
            shown.append(row)
    shown.extend(_best(rank(labels), {*shown, *left_out}, n_next))
    rows = np.array(shown, np.int64)
    return Session(shown=rows, n_labels=n_labels, found=np.cumsum(wanted[rows]))


def _best(scores: NDArray[np.floating], seen: set[int], n: int) -> list[int]:
    """The first `n` rows that have not been seen."""
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")[: n + len(seen)]
    return [int(row) for row in order if int(row) not in seen][:n]
