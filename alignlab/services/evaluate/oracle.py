"""How well retrieval could do at all: ideal rankers that know what only the simulator knows.

**Knows the truth.** For each text it knows the statements from which the text was composed (class or family, model and
parameters of the continuum, absorption, lines, second component, hardness, counts, flux, variability and surroundings,
in graded words or as numbers, and which of them are told at all), before an embedder made a vector of them. For each
spectrum it knows the source's true class and parameters and its measured hardness, without any photon noise. It ranks
texts by P(text | source) / P(text) and sources by P(text | source), with the very probabilities by which the texts were
composed: errors of quoted values, wrong classes, vague words, silence. Given what it knows, no other order can be
expected to find partners more often. What remains missing is lost in the texts: sources of which the same can be said.
It does not use redshifts and periods, which texts quote to more digits than a spectrum of CCD resolution can tell.

**Reads the photons** and **reads the shape** know the rules, but of a source only what was observed: all of it, or the
shape of its spectrum alone. See `photon_reader`.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.retrieval import ranks_of_scores
from alignlab.analysis.statements import log_likelihood, pointwise_information
from alignlab.progress import OnStep, report
from alignlab.services.evaluate.context import EvaluationContext
from alignlab.services.evaluate.oracle_statements import (
    brightness_statements,
    colour_statements,
    other_statements,
    shape_statements,
)
from alignlab.services.evaluate.photon_reader import read_photons
from alignlab.services.evaluate.written import written_again

#: Most sources that stand for all.
_MOST_REFERENCE = 8000
DIRECTIONS = ("spectrum_to_text", "text_to_spectrum")

Ranks = dict[str, NDArray[np.float64]]


def oracle_ranks(context: EvaluationContext, *, on_step: OnStep | None = None) -> dict[str, Ranks]:
    """Ranks of the partners by each ranker and direction; sources in the order of `context.pairs`.

    Raises
    ------
    AlignlabError
        If the survey's texts cannot be drawn again; the message says why.
    """
    report(on_step, 0, 100, "what the texts state")
    written = written_again(context.survey)
    rng = np.random.default_rng([context.seed, 1])
    others = np.flatnonzero(~context.rows)
    reference = np.sort(rng.choice(others, min(_MOST_REFERENCE, len(others)), replace=False))
    asked = np.flatnonzero(context.pairs)
    report(on_step, 20, 100, "ranking by the truth")
    groups = [make(written) for make in (shape_statements, colour_statements, brightness_statements, other_statements)]
    usual = [log_likelihood(statements, reference, asked) for statements in groups]
    own = log_likelihood(itertools.chain(*groups), asked, asked)
    scores: dict[str, tuple[NDArray, NDArray]] = {"truth": (pointwise_information(own, np.sum(usual, axis=0)), own.T)}
    report(on_step, 60, 100, "reading the photons")
    scores |= read_photons(written, context.survey, asked, reference, *usual[:3])
    report(on_step, 100, 100, "ceilings")
    return {
        name: {way: ranks_of_scores(values) for way, values in zip(DIRECTIONS, both, strict=True)}
        for name, both in scores.items()
    }
