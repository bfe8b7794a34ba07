"""The sources nearest to one: by its spectrum, by what is written about it, by both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import MissingArtefactError
from alignlab.services.workspace import Workspace
from alignlab.store.run import Overlay, Run
from alignlab.store.survey import Survey

if TYPE_CHECKING:
    from alignlab.services.subject import Subject

N_NEIGHBOURS = 5


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A source near another one in a representation.

    Attributes
    ----------
    index : int
        Its `source_index` in the run's survey.
    name, source_class : str
    similarity : float
        Cosine similarity, at most 1.
    """

    index: int
    name: str
    source_class: str
    similarity: float

    @property
    def cosine_distance(self) -> float:
        """One minus the similarity, never negative."""
        return max(0.0, 1 - self.similarity)


@dataclass(frozen=True, kw_only=True)
class NeighbourColumn:
    """Neighbours of a source in one representation.

    Attributes
    ----------
    key : str
        ``spectrum``, ``text`` or ``both``.
    representation : str
        Where they were looked for.
    by_spectrum : bool
        Whether the source has no text of its own, so that its spectrum was compared with the others' texts: what the
        alignment is for.
    neighbours : tuple of Neighbour
        Nearest first; empty where this cannot be compared.
    """

    key: str
    representation: str
    by_spectrum: bool
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True, kw_only=True)
class NeighbourColumns:
    """Neighbours by spectrum, by text and by both, and how far they agree.

    Attributes
    ----------
    columns : tuple of NeighbourColumn
        spectrum, text, both.
    """

    columns: tuple[NeighbourColumn, ...]

    @property
    def n_shared(self) -> int:
        """How many sources stand in the first two columns alike."""
        spectrum, text = ({n.index for n in column.neighbours} for column in self.columns[:2])
        return len(spectrum & text)

    def times_found(self) -> dict[int, int]:
        """In how many columns each source stands."""
        found: dict[int, int] = {}
        for column in self.columns:
            for neighbour in column.neighbours:
                found[neighbour.index] = found.get(neighbour.index, 0) + 1
        return found


def representation_latents(survey: Survey, run: Run, representation: str) -> NDArray[np.float32]:
    """Latents of a run's survey in any representation, the survey's own text vectors included; shape (n, d)."""
    return np.asarray(survey.text) if representation == "text" else run.latents(representation)


def overlay_representation(overlay: Overlay, representation: str) -> str:
    """The representation in which an overlay can be compared: the one asked for, or the spectrum's share of it."""
    try:
        overlay.latents(representation)
    except MissingArtefactError:
        return "spectrum_aligned"
    return representation


def neighbours_of(
    workspace: Workspace, index: int, *, representation: str = "both", k: int = N_NEIGHBOURS
) -> tuple[Neighbour, ...]:
    """The `k` sources nearest to source `index` of the run's survey, by cosine similarity, itself left out."""
    latents = representation_latents(workspace.survey, workspace.run, representation)
    return nearest(workspace.survey, latents[index], latents, k=k, leave_out=index)


def nearest(
    survey: Survey,
    query: NDArray[np.float32],
    base: NDArray[np.float32],
    *,
    k: int,
    leave_out: int | None = None,
    candidates: NDArray[np.intp] | None = None,
) -> tuple[Neighbour, ...]:
    """The `k` sources of `survey` whose vectors are most similar to a query.

    Parameters
    ----------
    survey : Survey
        Whose sources the rows of `base` are.
    query : ndarray, shape (d,)
    base : ndarray, shape (n, d)
    k : int
        At most so many.
    leave_out : int, optional
        A source that is no neighbour: the one that is asked about.
    candidates : ndarray of int, optional
        Rows of `base` to choose from; all by default.
    """
    # Imported here: torch takes seconds, which drawing a map need not wait for.
    from alignlab.analysis.similarity import top_k

    rows = base if candidates is None else base[candidates]
    if not len(rows):
        return ()
    found = top_k(query[None], rows, min(k + (leave_out is not None), len(rows)))
    index = found.index[0] if candidates is None else candidates[found.index[0]]
    pairs = [(i, s) for i, s in zip(index, found.similarity[0], strict=True) if i != leave_out]
    return as_neighbours(survey, pairs[:k])


def as_neighbours(survey: Survey, pairs: list[tuple[int, float]]) -> tuple[Neighbour, ...]:
    """Neighbours from pairs of an index in `survey` and a similarity."""
    names, classes = survey.sources["name"], survey.sources["source_class"]
    return tuple(
        Neighbour(index=int(i), name=str(names.iloc[i]), source_class=str(classes.iloc[i]), similarity=float(s))
        for i, s in pairs
    )


def neighbour_columns(subject: Subject, *, aligned: bool = True, k: int = N_NEIGHBOURS) -> NeighbourColumns:
    """Neighbours of a source by spectrum, by text and by both.

    A source without a text is compared through its spectrum's place in the shared space, where texts lie too. Sources
    about which nothing is written are nobody's neighbours by text.

    Parameters
    ----------
    subject : Subject
        Of the run's survey or of one laid over it.
    aligned : bool
        In the shared space; otherwise spectrum and text as they were before alignment, where a source without a text
        has no neighbours by text. `both` is always the shared space.
    k : int
        How many in each column.
    """
    workspace = subject.workspace
    survey, run = workspace.survey, workspace.run
    leave_out = subject.index if subject.overlay is None else None
    with_text = np.flatnonzero(survey.text_mask.any(axis=1)) if survey.has_array("text_mask") else np.empty(0, np.intp)
    in_shared_space = subject.latents("spectrum_aligned")
    has_text = subject.has_text

    def column(key: str, representation: str, query: NDArray[np.float32] | None) -> NeighbourColumn:
        candidates = None if key == "spectrum" else with_text
        found: tuple[Neighbour, ...] = ()
        if query is not None and (candidates is None or len(candidates)):
            base = representation_latents(survey, run, representation)
            found = nearest(survey, query, base, k=k, leave_out=leave_out, candidates=candidates)
        by_spectrum = key != "spectrum" and not has_text and query is not None
        return NeighbourColumn(key=key, representation=representation, by_spectrum=by_spectrum, neighbours=found)

    spectrum_name, text_name = ("spectrum_aligned", "text_aligned") if aligned else ("spectrum", "text")
    text_query = subject.latents(text_name) if has_text else (in_shared_space if aligned else None)
    both_query = subject.latents("both") if has_text else np.hstack([in_shared_space, in_shared_space])
    return NeighbourColumns(
        columns=(
            column("spectrum", spectrum_name, subject.latents(spectrum_name)),
            column("text", text_name, text_query),
            column("both", "both", both_query),
        )
    )
