"""The ranking that follows a person's labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.errors import AlignlabError
from alignlab.services.discover.triage import UNSURE, VALUES


@dataclass(frozen=True, eq=False, kw_only=True)
class Reranker:
    """Ranks sources by what a person has said of some of them. Built once; never changes; threads may share it.

    Attributes
    ----------
    static : ndarray of float32, shape (n,)
        The ranking without labels: percentile of the outlier score, 0 to 1.
    """

    static: NDArray[np.float32]

    @classmethod
    def build(cls, features: NDArray[np.float32], *, seed: int, static: ArrayLike | None = None) -> Reranker:
        """Prepare for sources.

        Parameters
        ----------
        features : ndarray, shape (n, d)
            Such as a representation's latents.
        seed : int
            Of the isolation forest, where `static` is not given.
        static : array_like, shape (n,), optional
            Scores by which sources are ranked before there are labels, higher is stranger, NaN is last; those of an
            isolation forest on `features` by default.
        """
        raise NotImplementedError

    def rank(self, labels: Mapping[int, float]) -> NDArray[np.float32]:
        """How much each source is wanted, shape (n,): higher is more; without labels, the static ranking.

        Parameters
        ----------
        labels : mapping of int to float
            Row of a labelled source to the weight of its label, −1 to 1 (`label_weight`).
        """
        raise NotImplementedError


def label_weight(value: str) -> float | None:
    """What a label says, from −1 (0: of no interest) to 1 (5: what is looked for); None for ``unsure``.

    Raises
    ------
    AlignlabError
        If it is not one of `VALUES`.
    """
    if value not in VALUES:
        raise AlignlabError(f"There is no label {value!r}.", remedy=f"Give one of {', '.join(VALUES)}.")
    return None if value == UNSURE else 2 * int(value) / 5 - 1


def queue_order(scores: ArrayLike, labelled: NDArray[np.bool_], *, unlabelled_first: bool = True) -> NDArray[np.int64]:
    """Rows in the order in which a person is shown them, highest score first; rows without a score are left out.

    Parameters
    ----------
    scores : array_like, shape (n,)
    labelled : ndarray of bool, shape (n,)
        What this person has labelled already.
    unlabelled_first : bool
        Whether those come after all others.
    """
    value = np.asarray(scores, np.float64)
    later = labelled if unlabelled_first else np.zeros(len(value), bool)
    order = np.lexsort((-value, later))
    return order[np.isfinite(value[order])]
