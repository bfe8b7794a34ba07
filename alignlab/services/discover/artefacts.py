"""Whether a strange source may be an artefact of its observation: stated concerns, each with its reason.

The formulas, their sources and how well they do on the simulated demo are in ``docs/artefacts.md``. Nothing here asks
whether a source is strange: a concern lowers the rank of whatever it befalls (`believable`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.artefacts import demoted, shares, together
from alignlab.analysis.outliers.ranks import percentile_ranks
from alignlab.errors import AlignlabError
from alignlab.services.discover.artefact_concerns import judge
from alignlab.services.discover.artefact_words import NEEDED, sentence
from alignlab.store.findings import Finding, read_finding, write_finding
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


CONCERNS: Mapping[str, Concern] = {
    concern.name: concern
    for concern in (
        Concern(
            name="few_counts",
            label="few counts",
            description="Net counts below 150, from which on the catalogue fits spectra; full at 15 (logarithmic).",
            weight=0.6,
        ),
        Concern(
            name="background",
            label="background",
            description="More than 25% of the counts in the aperture are expected to be background; full at 75%.",
            weight=0.6,
        ),
        Concern(
            name="off_axis",
            label="off axis",
            description="More than 10 arcmin from the optical axis; full at 20 arcmin.",
            weight=0.5,
        ),
        Concern(
            name="pile_up",
            label="pile-up",
            description="The count rate fuses more than 2% of the events (full at 10%) and the spectrum shows it; more "
            "than 10% (full at 30%) where the spectrum does not tell; full where the catalogue flags it.",
            weight=0.9,
        ),
        Concern(name="saturated", label="saturated", description="Flagged by the catalogue as saturated.", weight=0.9),
        Concern(
            name="streak", label="streak", description="Flagged by the catalogue as on a readout streak.", weight=0.8
        ),
        Concern(
            name="chip_edge",
            label="chip edge",
            description="Coded by the catalogue as moving over a chip's edge while it was observed.",
            weight=0.4,
        ),
        Concern(name="extended", label="extended", description="Flagged by the catalogue as extended.", weight=0.3),
        Concern(
            name="disagreeing",
            label="observations disagree",
            description="Its hardness lies more than 3σ from that of the source's other observations; full at 6σ.",
            weight=0.4,
        ),
    )
}
#: Raised when concerns change their meaning: kept ones are then computed again.
VERSION = 2
_FINDING = "artefacts"


@dataclass(frozen=True, eq=False, kw_only=True)
class ArtefactScores:
    """How likely each source of a survey owes its looks to how it was observed.

    Attributes
    ----------
    concerns : mapping of str to ndarray of float32, shape (n,)
        One per name in `CONCERNS`, 0 (none) to 1 (full); NaN where the survey lacks what it needs.
    weights : mapping of str to float
        0 to 1, by concern.
    figures : mapping of str to ndarray of float32, shape (n,)
        The numbers that sentences are made of.
    """

    concerns: Mapping[str, NDArray[np.float32]]
    weights: Mapping[str, float]
    figures: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    @cached_property
    def score(self) -> NDArray[np.float32]:
        """All concerns together, 1 - prod(1 - w c), shape (n,), 0 to 1; what is unknown does not count."""
        return together(self.concerns, self.weights)

    def with_weights(self, weights: Mapping[str, float]) -> ArtefactScores:
        """The same concerns with other weights; those not named stay.

        Raises
        ------
        AlignlabError
            If a concern is unknown or a weight not between 0 and 1.
        """
        return replace(self, weights={**self.weights, **_checked(weights)})

    def shares(self, index: int) -> dict[str, float]:
        """By how much of its rank each concern demotes a source, largest first; those of no weight are left out.

        They are in proportion to -log(1 - w c) and together make the score.
        """
        return shares(
            {name: float(np.nan_to_num(values[index])) for name, values in self.concerns.items()}, self.weights
        )

    def reasons(self, index: int) -> list[str]:
        """Why a source is demoted: a sentence with its numbers for each concern, the gravest first."""
        figures = {name: float(values[index]) for name, values in self.figures.items()}
        return [sentence(concern, figures) for concern in self.shares(index)]

    def unknown(self) -> dict[str, str]:
        """Concerns that nothing is known of for any source of the survey, and what would be needed."""
        return {name: NEEDED[name] for name, values in self.concerns.items() if np.isnan(values).all()}


def artefact_scores(survey: Survey, run: Run, *, weights: Mapping[str, float] | None = None) -> ArtefactScores:
    """Judge every source of a run's survey, once: concerns are kept beside the run.

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
    chosen = {name: concern.weight for name, concern in CONCERNS.items()} | _checked(weights or {})
    kept = read_finding(run.folder, _FINDING, VERSION)
    if kept is None:
        judged = judge(survey)
        prefixed = {f"concern.{name}": values for name, values in judged.concerns.items()}
        prefixed |= {f"figure.{name}": values for name, values in judged.figures.items()}
        kept = Finding(arrays=prefixed, told={"survey": survey.name, "n": survey.n_sources})
        write_finding(run.folder, _FINDING, VERSION, kept)
    return ArtefactScores(
        concerns={name: kept.arrays[f"concern.{name}"] for name in CONCERNS},
        figures={
            key.removeprefix("figure."): values for key, values in kept.arrays.items() if key.startswith("figure.")
        },
        weights=chosen,
    )


def believable(scores: NDArray[np.floating], artefacts: ArtefactScores, strength: float = 1.0) -> NDArray[np.float32]:
    """Outlier scores with likely artefacts demoted: each loses as much of its surprise as its artefact score says.

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
        If `strength` is not between 0 and 1, or the scores are of other sources.
    """
    if not 0 <= strength <= 1:
        raise AlignlabError(f"The strength {strength!r} is not between 0 and 1.", remedy="1 demotes fully.")
    if len(scores) != len(artefacts.score):
        raise AlignlabError(
            f"There are {len(scores):,} scores for {len(artefacts.score):,} sources.", remedy="Score the same survey."
        )
    return demoted(percentile_ranks(scores), artefacts.score, strength)


def _checked(weights: Mapping[str, float]) -> dict[str, float]:
    for name, weight in weights.items():
        if name not in CONCERNS or not 0 <= weight <= 1:
            raise AlignlabError(
                f"The weight {weight!r} of concern {name!r} cannot be used.",
                remedy=f"Weights are between 0 and 1, for {', '.join(CONCERNS)}.",
            )
    return dict(weights)
