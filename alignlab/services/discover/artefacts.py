"""Whether a strange source may be an artefact of its observation: stated concerns, each with its reason.

The formulas, their sources and how well they do on the simulated demo are in ``docs/artefacts.md``. Nothing here asks
whether a source is strange: a concern lowers the rank of whatever it befalls (`believable`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.store.run import Run
from alignlab.store.survey import Survey


@dataclass(frozen=True, kw_only=True)
class Concern:
    """One way in which an observation can make an ordinary source look strange.

    Attributes
    ----------
    name : str
        Its key in `CONCERNS`.
    label : str
        For a person, two or three words.
    description : str
        One sentence: from which value on it counts, and from which on fully.
    weight : float
        0 to 1: the largest share of a source's rank that it alone can take away.
    """

    name: str
    label: str
    description: str
    weight: float


CONCERNS: Mapping[str, Concern] = MappingProxyType({})


@dataclass(frozen=True, eq=False, kw_only=True)
class ArtefactScores:
    """How likely each source of a survey owes its looks to how it was observed.

    Attributes
    ----------
    concerns : mapping of str to ndarray of float32, shape (n,)
        One per name in `CONCERNS`, 0 (none) to 1 (full); NaN where the survey lacks what it needs.
    weights : mapping of str to float
        0 to 1, by concern.
    figures : mapping of str to ndarray, shape (n,)
        The numbers that sentences are made of.
    """

    concerns: Mapping[str, NDArray[np.float32]]
    weights: Mapping[str, float]
    figures: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def score(self) -> NDArray[np.float32]:
        """All concerns together, 1 - prod(1 - w c), shape (n,), 0 to 1; what is unknown does not count."""
        raise NotImplementedError

    def with_weights(self, weights: Mapping[str, float]) -> ArtefactScores:
        """The same concerns with other weights; those not named stay.

        Raises
        ------
        AlignlabError
            If a concern is unknown or a weight not between 0 and 1.
        """
        for name, weight in weights.items():
            if name not in CONCERNS or not 0 <= weight <= 1:
                raise AlignlabError(
                    f"The weight {weight!r} of concern {name!r} cannot be used.",
                    remedy=f"Weights are between 0 and 1, for {', '.join(CONCERNS)}.",
                )
        return replace(self, weights={**self.weights, **weights})

    def shares(self, index: int) -> dict[str, float]:
        """By how much of its rank each concern demotes a source, largest first; those of no weight are left out.

        They are shares of the score, in proportion to -log(1 - w c): together they make `score`.
        """
        raise NotImplementedError

    def reasons(self, index: int) -> list[str]:
        """Why a source is demoted: a sentence with its numbers for each concern, the gravest first."""
        raise NotImplementedError

    def unknown(self) -> dict[str, str]:
        """Concerns that nothing is known of for any source of the survey, and what would be needed."""
        raise NotImplementedError


def artefact_scores(survey: Survey, run: Run, *, weights: Mapping[str, float] | None = None) -> ArtefactScores:
    """Judge every source of a run's survey.

    Parameters
    ----------
    survey, run
        The run is of this survey.
    weights : mapping of str to float, optional
        In place of those of `CONCERNS`.

    Raises
    ------
    AlignlabError
        If a weight is of no concern or not between 0 and 1.
    """
    raise NotImplementedError


def believable(scores: NDArray[np.floating], artefacts: ArtefactScores, strength: float = 1.0) -> NDArray[np.float32]:
    """Outlier scores with likely artefacts demoted: percentile rank times (1 - strength times artefact score).

    Parameters
    ----------
    scores : ndarray, shape (n,)
        Higher is stranger; NaN stays NaN.
    artefacts : ArtefactScores
    strength : float
        0 (as it was) to 1.

    Returns
    -------
    ndarray of float32, shape (n,)
        0 to 100.

    Raises
    ------
    AlignlabError
        If `strength` is not between 0 and 1.
    """
    raise NotImplementedError
