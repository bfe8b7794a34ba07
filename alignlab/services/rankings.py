"""Orders in which sources can be leafed through, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.services.subject import Subject
from alignlab.store.run import Overlay
from alignlab.variables import BY_NAME, VARIABLE_NAMES

COUNTS, CLASS_AND_NAME, NOVELTY, SIMILARITY = "counts", "class", "novelty", "similar"
VALUE, DIFFERENCE = "value", "difference"
DEFAULT = COUNTS


@dataclass(frozen=True, eq=False, kw_only=True)
class Ranking:
    """An order of the sources of one survey.

    Attributes
    ----------
    key : str
    label : str
        What it is ordered by, in words that follow "by".
    rows : ndarray of int, shape (m,)
        Sources that have a place in it, first to last: those for which the quantity is known.
    """

    key: str
    label: str
    rows: NDArray[np.intp]

    def place(self, index: int) -> int | None:
        """Place of a source from 0; None where it has none."""
        found = np.flatnonzero(self.rows == index)
        return int(found[0]) if found.size else None

    def step(self, index: int, by: int) -> int | None:
        """The source `by` places further; the first one for a source without a place; None beyond the ends."""
        place = self.place(index)
        wanted = 0 if place is None else place + by
        return int(self.rows[wanted]) if 0 <= wanted < len(self.rows) else None


def ranking_labels(subject: Subject, remembered: Subject | None = None) -> dict[str, str]:
    """The rankings that a source can be leafed by, by key: what they are called.

    Similarity needs a `remembered` source, novelty a survey that the run was applied to.
    """
    labels = {COUNTS: "counts, 0.5–8 keV", CLASS_AND_NAME: "class and name"}
    if isinstance(subject.encoded, Overlay):
        labels[NOVELTY] = "novelty"
    if remembered is not None:
        labels[SIMILARITY] = f"similarity to {remembered.name}"
    for name in VARIABLE_NAMES:
        labels[f"{VALUE}.{name}"] = BY_NAME[name].label
    for name in VARIABLE_NAMES:
        labels[f"{DIFFERENCE}.{name}"] = f"estimate − value, {BY_NAME[name].label}"
    return labels


def ranking(subject: Subject, key: str, remembered: Subject | None = None) -> Ranking:
    """Order the sources of the survey of `subject`: highest first, names from A to Z.

    Parameters
    ----------
    subject : Subject
        Any source of that survey.
    key : str
        A key of `ranking_labels`.
    remembered : Subject, optional
        For similarity (of aligned spectra), which is to this source.

    Raises
    ------
    AlignlabError
        If there is no such ranking here.
    """
    labels = ranking_labels(subject, remembered)
    if key not in labels:
        raise AlignlabError(f"Sources cannot be ordered by {key!r}.", remedy=f"Choose one of {', '.join(labels)}.")
    sources = subject.survey.sources
    if key == CLASS_AND_NAME:
        rows = sources.assign(row=np.arange(len(sources))).sort_values(["source_class", "name"], kind="stable")["row"]
        return Ranking(key=key, label=labels[key], rows=rows.to_numpy(dtype=np.intp))
    values = _values(subject, key, remembered)
    order = np.argsort(-values, kind="stable")
    return Ranking(key=key, label=labels[key], rows=order[np.isfinite(values[order])])


def _values(subject: Subject, key: str, remembered: Subject | None) -> NDArray[np.float64]:
    kind, _, name = key.partition(".")
    survey, encoded = subject.survey, subject.encoded
    if kind == COUNTS:
        return survey.sources["counts"].to_numpy(np.float64)
    if kind == NOVELTY:
        assert isinstance(encoded, Overlay)  # ranking_labels offers it only then
        return encoded.novelty_percent.astype(np.float64)
    if kind == SIMILARITY:
        assert remembered is not None
        latents = np.asarray(encoded.latents("spectrum_aligned"), dtype=np.float64)
        query = np.asarray(remembered.latents("spectrum_aligned"), dtype=np.float64)
        length = np.linalg.norm(latents, axis=1) * np.linalg.norm(query)
        return np.divide(latents @ query, length, out=np.full(len(latents), np.nan), where=length > 0)
    column = survey.variables[:, VARIABLE_NAMES.index(name)].astype(np.float64)
    if kind == VALUE:
        return column
    return encoded.estimates[name].to_numpy(np.float64) - column
