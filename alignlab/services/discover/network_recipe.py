"""What a network is made of: which sources, compared how, and which of them are joined."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, RecipeError
from alignlab.services.selections import kept_selection
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab
from alignlab.store.run import REPRESENTATIONS
from alignlab.variables import VARIABLE_NAMES

#: Sources with a higher probability of being variable (broad band) are the default subset.
VARIABLE_ABOVE = 0.9
VARIABLE, ALL = "variable", "all"
#: Thresholds of the slides, for buttons beside a slider.
THRESHOLDS = (0.5, 0.7, 0.9)
#: Representations in which a source without papers has no place of its own.
_OF_TEXT = ("both", "text_aligned", "text")


@dataclass(frozen=True, kw_only=True)
class NetworkRecipe:
    """Which sources, and which of them are joined.

    Attributes
    ----------
    subset : str
        ``variable`` (var_prob_b above 0.9), ``all``, ``class:<class>`` or ``selection:<name of one kept in the Lab>``.
    representation : str
        Whose cosine similarity counts.
    threshold : float or None
        Sources at least so similar are joined. Exactly one of `threshold` and `k` is given.
    k : int or None
        Each source is joined with its `k` nearest ones.
    mutual : bool
        With `k`: only where each is among the other's nearest; otherwise where either is (union).
    seed : int
        Of the drawing, the communities and the sampled centralities.

    Raises
    ------
    RecipeError
        If a value is out of its range.
    """

    subset: str = VARIABLE
    representation: str = "both"
    threshold: float | None = None
    k: int | None = None
    mutual: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.threshold is None) == (self.k is None):
            raise RecipeError(
                f"A network joins sources by a threshold or by their nearest, not threshold {self.threshold} and k "
                f"{self.k}.",
                remedy="Give one of the two.",
            )
        if self.threshold is not None and not -1 <= self.threshold <= 1:
            raise RecipeError(f"threshold {self.threshold:g} is no cosine similarity.", remedy="Give one from -1 to 1.")
        if self.k is not None and self.k < 1:
            raise RecipeError(f"k {self.k} is no number of neighbours.", remedy="Give 1 or more.")
        if self.representation not in REPRESENTATIONS:
            raise RecipeError(
                f"There is no representation {self.representation!r}.",
                remedy=f"Choose one of {', '.join(REPRESENTATIONS)}.",
            )

    @property
    def joined_by(self) -> str:
        """How sources are joined, in words."""
        if self.k is None:
            return f"cosine similarity of at least {self.threshold:g}"
        return f"the {self.k} nearest sources {'of each other' if self.mutual else 'of either'}"

    def finding_name(self, rows: NDArray[np.int64]) -> str:
        """Name under which the network of these sources is kept beside the run."""
        text = json.dumps(asdict(self), sort_keys=True)
        return f"network-{hashlib.sha256(text.encode() + rows.tobytes()).hexdigest()[:16]}"


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkSources:
    """The sources of a network.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Their `source_index`, ascending.
    n_without_text : int
        Further sources of the subset that have no papers, and so no place in this representation.
    """

    rows: NDArray[np.int64]
    n_without_text: int


def network_sources(workspace: Workspace, recipe: NetworkRecipe) -> NetworkSources:
    """The sources that a recipe means.

    Raises
    ------
    AlignlabError
        If there is no such subset, or it has fewer than two sources that can be compared.
    """
    survey = workspace.survey
    chosen = _subset(workspace, recipe.subset)
    n_chosen = int(chosen.sum())
    if recipe.representation in _OF_TEXT and survey.has_array("text_mask"):
        chosen = chosen & survey.text_mask.any(axis=1)
    rows = np.flatnonzero(chosen)
    if len(rows) < 2:
        without = f", {n_chosen - len(rows)} more have no papers" if n_chosen > len(rows) else ""
        raise AlignlabError(
            f"A network needs two sources; {recipe.subset!r} has {len(rows)} in survey {survey.name!r}{without}.",
            remedy="Choose other sources, or a representation of the spectrum.",
        )
    return NetworkSources(rows=rows.astype(np.int64), n_without_text=n_chosen - len(rows))


def _subset(workspace: Workspace, subset: str) -> NDArray[np.bool_]:
    survey = workspace.survey
    kind, colon, name = subset.partition(":")
    if subset == ALL:
        return np.ones(survey.n_sources, bool)
    if subset == VARIABLE:
        # Where the probability is missing, nothing says that the source varies.
        return survey.variables[:, VARIABLE_NAMES.index("var_prob_b")] > VARIABLE_ABOVE
    if colon and kind == "selection":
        return kept_selection(Lab(workspace.config.lab_path), survey.name, name, survey.n_sources)
    classes = survey.sources["source_class"].astype(str)
    if colon and kind == "class":
        if name not in set(classes):
            raise AlignlabError(
                f"No source is of class {name!r}.", remedy=f"Choose one of {', '.join(sorted(set(classes)))}."
            )
        return (classes == name).to_numpy()
    raise AlignlabError(
        f"There is no subset {subset!r}.", remedy="Say 'variable', 'all', 'class:<class>' or 'selection:<name>'."
    )
