"""The parts of an interpretation, each with the number under which a sentence may cite it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: A source whose p-value is below this lies outside what the run was trained on.
OUTSIDE_BELOW = 0.05


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whether the source lies where the training sources do.

    Attributes
    ----------
    id : str
    statement : str
        In plain words.
    p_value : float
        Conformal: share of calibration sources that are at least as strange. NaN where there are none.
    n_calibration : int
    k : int
        Distances are those to the `k`-th nearest training source.
    is_inside : bool
        Whether `p_value` is at least `OUTSIDE_BELOW`, or unknown.
    parts : tuple of (str, float)
        What strangeness is made of, in words, and the p-value of each alone.
    """

    id: str
    statement: str
    p_value: float
    n_calibration: int
    k: int
    is_inside: bool
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class NeighbourEvidence:
    """One of the sources nearest by spectrum in the shared space.

    Attributes
    ----------
    id, statement : str
    index : int
        Its `source_index` in the run's survey.
    name, source_class, split : str
        The class is empty where it has none.
    similarity : float
        Cosine similarity of the two spectra's vectors.
    """

    id: str
    statement: str
    index: int
    name: str
    source_class: str
    split: str
    similarity: float


@dataclass(frozen=True, kw_only=True)
class KnownSource:
    """A source of the survey, or of one laid over it, near the given position.

    Attributes
    ----------
    id, statement : str
    name, source_class, survey_name, survey_origin : str
    index : int
        In its survey.
    overlay : str or None
        Its survey where that is not the run's own.
    separation_arcsec : float
    """

    id: str
    statement: str
    name: str
    source_class: str
    survey_name: str
    survey_origin: str
    index: int
    overlay: str | None
    separation_arcsec: float


@dataclass(frozen=True, kw_only=True)
class ClassProbability:
    """How probable a class is.

    Attributes
    ----------
    name : str
    probability, low, high : float
        Calibrated, with its 95% interval.
    n_neighbours : int
        How many of the neighbours asked are of this class.
    n_training : int
        Training sources of this class.
    """

    name: str
    probability: float
    low: float
    high: float
    n_neighbours: int
    n_training: int


@dataclass(frozen=True, kw_only=True)
class ClassEvidence:
    """The classes that the source may have.

    Attributes
    ----------
    id, statement : str
    probabilities : tuple of ClassProbability
        The likeliest first; empty where nothing can be said.
    left_out : tuple of str
        Classes with too few sources to be told.
    method : str
        How they were found, in a sentence.
    n_calibration : int
    calibration_error, calibration_error_low, calibration_error_high : float
        Expected calibration error on the survey's test split with its 95% interval; NaN where it was not measured.
    n_test : int
    """

    id: str
    statement: str
    probabilities: tuple[ClassProbability, ...]
    left_out: tuple[str, ...]
    method: str
    n_calibration: int
    calibration_error: float
    calibration_error_low: float
    calibration_error_high: float
    n_test: int


@dataclass(frozen=True, kw_only=True)
class QuotedSentence:
    """A sentence of an abstract that carries its match with the source.

    Attributes
    ----------
    text : str
    aspect : str
        Of `ASPECTS`: the one as which it is most similar.
    similarity : float
        Mean cosine similarity of the source's spectrum with the sources of which something like it is written.
    """

    text: str
    aspect: str
    similarity: float


@dataclass(frozen=True, kw_only=True)
class PaperEvidence:
    """A paper that lies near the source's spectrum in the shared space.

    Attributes
    ----------
    id, statement : str
    paper_id, title, identifier : str
    year : int
    similarity : float
    rank : int
        From 1, among `n_papers`.
    n_papers : int
    source_names : tuple of str
        What it is about, the most similar first.
    sentences : tuple of QuotedSentence
        Of its abstract, the most similar first; empty where it has none.
    is_simulated : bool
    """

    id: str
    statement: str
    paper_id: str
    title: str
    identifier: str
    year: int
    similarity: float
    rank: int
    n_papers: int
    source_names: tuple[str, ...]
    sentences: tuple[QuotedSentence, ...]
    is_simulated: bool


@dataclass(frozen=True, kw_only=True)
class VariableComparison:
    """One of the 20 variables: measured from the file, and estimated from where the source lies.

    Attributes
    ----------
    id, statement : str
        The id is empty where the variable is neither measured nor estimated.
    name, label, unit : str
        Of the variable; the unit as a person writes it.
    measured, measured_low, measured_high : float
        With 68% limits; NaN where it could not be measured.
    estimated, low68, high68, low95, high95 : float
        Median, and limits of conformal intervals; NaN where there is nothing to estimate it from.
    agrees : bool or None
        Whether the measurement, with its limits, meets the 95% interval; None where one of them is missing.
    """

    id: str
    statement: str
    name: str
    label: str
    unit: str
    measured: float
    measured_low: float
    measured_high: float
    estimated: float
    low68: float
    high68: float
    low95: float
    high95: float
    agrees: bool | None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Something in which the source differs from its neighbours.

    Attributes
    ----------
    id, statement : str
    kind : {"variable", "band"}
    name : str
        Variable, or energy band such as ``0.5-1.2 keV``.
    effect, low, high : float
        For a variable how many robust standard deviations of the neighbours it lies from their median (limits NaN where
        it has none of its own); for a band the ratio to the neighbours' spectrum with its 95% interval.
    """

    id: str
    statement: str
    kind: Literal["variable", "band"]
    name: str
    effect: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """What to look at next.

    Attributes
    ----------
    text : str
        A sentence or two, the reason among them.
    because : tuple of str
        Ids of the evidence for it.
    """

    text: str
    because: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DigestSection:
    """Some sentences of the digest, which needs no language model.

    Attributes
    ----------
    title : str
    sentences : tuple of str
        Each ends with the ids that it cites, such as ``[E3]``.
    """

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """What a language model wrote from the evidence.

    Attributes
    ----------
    model : str
    text : str
        With ids such as ``[E3]``; empty where it did not pass the check.
    problem : str
        Why there is no text; empty where there is one.
    n_requests : int
        How often it was asked.
    """

    model: str
    text: str
    problem: str
    n_requests: int
