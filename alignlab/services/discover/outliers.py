"""Outliers of a run: every method's score for every source, kept beside the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import alignlab
from alignlab.analysis.outliers.ranks import percentile_ranks, strangest_first
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep
from alignlab.services.discover.outlier_classes import ClassScores, class_scores
from alignlab.services.discover.outlier_scoring import ScoringInputs, SpectraBlock, score
from alignlab.services.neighbours import representation_latents
from alignlab.store.findings import Finding, read_finding, write_finding
from alignlab.store.run import REPRESENTATIONS, Run
from alignlab.store.survey import Survey

Scope = Literal["all", "test"]
SCOPES: tuple[Scope, ...] = ("all", "test")
COMBINED = "combined"
#: Raised when scores change their meaning: kept ones are then computed again.
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to say how strange a source is.

    Attributes
    ----------
    name : str
        Its key in `METHODS`.
    label : str
        For a person, two or three words.
    description : str
        One sentence: what the score is, and in what unit.
    """

    name: str
    label: str
    description: str


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(
            name="forest",
            label="Isolation forest",
            description="How few random cuts separate a source from the others (coniferest; 1,000 trees each grown "
            "from 256 sources, 100 above 50,000 sources); 0 to 1.",
        ),
        Method(
            name="forest_sklearn",
            label="Isolation forest (scikit-learn)",
            description="The same by scikit-learn, with the usual 100 trees, as in the paper; 0 to 1. Not in the "
            "combination, where it would count one idea twice.",
        ),
        Method(
            name="knn",
            label="Distance to neighbours",
            description="Mean cosine distance to the 15 nearest sources; 0 to 2.",
        ),
        Method(
            name="lof",
            label="Local outlier factor",
            description="How much thinner its surroundings are than those of its 15 nearest sources; 1 is as thin.",
        ),
        Method(
            name="reconstruction",
            label="Reconstruction error",
            description="By how much the autoencoder misses the spectrum beyond what Poisson noise explains; in "
            "standard deviations of that noise.",
        ),
        Method(
            name="class_forest",
            label="Strange for its class",
            description="An isolation forest for each class of at least 30 sources, in the same representation; "
            "percentile within the class.",
        ),
        Method(
            name="class_variables",
            label="Values strange for its class",
            description="The same on the 20 measured variables: hardness, fits, variability; percentile within the "
            "class.",
        ),
        Method(
            name="disagreement",
            label="Spectrum against papers",
            description="Share of all papers' vectors that lie nearer to its spectrum than its own, and of all "
            "spectra nearer to its papers than its own, the mean of both; in percent.",
        ),
    )
}


@dataclass(frozen=True, eq=False, kw_only=True)
class OutlierScores:
    """How strange every source of a survey is, by every method. Higher is stranger.

    Attributes
    ----------
    representation : str
        In which forests and neighbours were computed.
    scope : {"all", "test"}
        The sources that were compared with each other.
    scores : mapping of str to ndarray of float32, shape (n,)
        One per name in `METHODS`; NaN where it has nothing to say: outside the scope, or no papers.
    combined : ndarray of float32, shape (n,)
        All of them together, 0 to 100.
    told : dict
        JSON: survey, run, seed, counts, parameters.
    """

    representation: str
    scope: str
    scores: Mapping[str, NDArray[np.float32]]
    combined: NDArray[np.float32]
    told: dict[str, Any]

    def of(self, method: str) -> NDArray[np.float32]:
        """Scores of one method, or the combined ones; shape (n,).

        Raises
        ------
        AlignlabError
            If there is no such method.
        """
        if method == COMBINED:
            return self.combined
        if method not in self.scores:
            raise AlignlabError(
                f"There is no outlier score {method!r}.", remedy=f"Choose one of {', '.join([COMBINED, *self.scores])}."
            )
        return self.scores[method]

    def percentile(self, method: str) -> NDArray[np.float32]:
        """Percentile of each source among those scored, 0 to 100, shape (n,); NaN where there is no score."""
        return percentile_ranks(self.of(method))

    def ranking(self, method: str) -> NDArray[np.int64]:
        """Rows of the sources that have a score, strangest first."""
        return strangest_first(self.of(method))


def outlier_scores(
    survey: Survey,
    run: Run,
    *,
    representation: str = "both",
    scope: str = "all",
    seed: int = 0,
    on_step: OnStep | None = None,
) -> OutlierScores:
    """Score the sources of a run's survey by every method.

    Parameters
    ----------
    survey, run
        The run is of this survey.
    representation : str
        One of `alignlab.store.run.REPRESENTATIONS`.
    scope : {"all", "test"}
        Which sources are compared with each other: all, or the test split alone, as in the paper.
    seed : int
        Of the forests, and of the references drawn from a survey too large for exact neighbours.
    on_step : callable, optional
        Progress and cancellation.

    Raises
    ------
    AlignlabError
        If there is no such representation or scope, or too few sources.
    """
    if representation not in REPRESENTATIONS:
        raise AlignlabError(
            f"There is no representation {representation!r}.", remedy=f"Choose one of {', '.join(REPRESENTATIONS)}."
        )
    rows = _rows(survey, scope)
    found = score(scoring_inputs(survey, run, representation, rows), seed=seed, on_step=on_step)
    return OutlierScores(
        representation=representation,
        scope=scope,
        scores={name: _all_rows(found.scores[name], rows, survey.n_sources) for name in METHODS},
        combined=_all_rows(found.combined, rows, survey.n_sources),
        told={
            "survey": survey.name,
            "origin": survey.origin,
            "run": run.run_id,
            "seed": seed,
            "n": len(rows),
            "n_reference": found.n_reference,
            "n_trees": found.n_trees,
            "n_class_trees": found.n_class_trees,
            "alignlab_version": alignlab.__version__,
        },
    )


def kept_outliers(run: Run, representation: str = "both", scope: str = "all") -> OutlierScores | None:
    """The scores that `find_outliers` has kept beside a run; None where there are none."""
    finding = read_finding(run.folder, finding_name(representation, scope), VERSION)
    if finding is None:
        return None
    scores = dict(finding.arrays)
    combined = scores.pop(COMBINED)
    return OutlierScores(
        representation=representation, scope=scope, scores=scores, combined=combined, told=finding.told
    )


def find_outliers(
    survey: Survey,
    run: Run,
    *,
    representation: str = "both",
    scope: str = "all",
    seed: int = 0,
    on_step: OnStep | None = None,
) -> OutlierScores:
    """Compute scores, as `outlier_scores` does, and keep them beside the run."""
    found = outlier_scores(survey, run, representation=representation, scope=scope, seed=seed, on_step=on_step)
    kept = Finding(arrays={**found.scores, COMBINED: found.combined}, told=found.told)
    write_finding(run.folder, finding_name(representation, scope), VERSION, kept)
    return found


def class_distributions(survey: Survey, scores: OutlierScores, method: str = COMBINED) -> list[ClassScores]:
    """How the scores of each class are distributed: the strangest class, by its median, first."""
    return class_scores(survey.sources["source_class"].to_numpy(dtype=np.str_), scores.of(method))


def finding_name(representation: str, scope: str) -> str:
    """Name of the finding that holds these scores, for `alignlab.store.findings.finding_stamp`."""
    return f"outliers-{representation}-{scope}"


def _rows(survey: Survey, scope: str) -> NDArray[np.intp]:
    """The sources of a scope."""
    if scope not in SCOPES:
        raise AlignlabError(f"There is no scope {scope!r}.", remedy=f"Choose one of {', '.join(SCOPES)}.")
    rows = np.arange(survey.n_sources) if scope == "all" else np.flatnonzero(survey.split == "test")
    if len(rows) < 2:
        raise AlignlabError(
            f"Survey {survey.name!r} has {len(rows)} sources in scope {scope!r}; outliers differ from others.",
            remedy="Choose the scope 'all', or a larger survey.",
        )
    return rows


def scoring_inputs(survey: Survey, run: Run, representation: str, rows: NDArray[np.intp]) -> ScoringInputs:
    """The arrays of the chosen sources; those of all are not copied, and spectra stay on disk until they are needed."""
    everything = len(rows) == survey.n_sources

    def chosen(array: NDArray) -> NDArray:
        return array if everything else array[rows]

    has_text = survey.text_mask if survey.has_array("text_mask") else np.zeros((survey.n_sources, 1), np.bool_)
    return ScoringInputs(
        latents=chosen(representation_latents(survey, run, representation)),
        spectrum_aligned=chosen(run.latents("spectrum_aligned")),
        text_aligned=chosen(run.latents("text_aligned")),
        has_text=np.any(chosen(has_text), axis=1),
        classes=chosen(survey.sources["source_class"].to_numpy(dtype=np.str_)),
        variables=chosen(survey.variables),
        spectra=lambda block: _spectra(survey, run, rows[block]),
    )


def _spectra(survey: Survey, run: Run, rows: NDArray[np.intp]) -> SpectraBlock:
    """Counts and reconstructions, through maps of the files that are closed again: pages read do not stay resident."""
    contiguous = slice(int(rows[0]), int(rows[-1]) + 1)
    chosen = contiguous if len(rows) == contiguous.stop - contiguous.start else rows
    reconstruction = np.load(run.reconstruction.filename, mmap_mode="r", allow_pickle=False)  # type: ignore[attr-defined]
    return SpectraBlock(
        counts=np.array(survey.array("counts")[chosen]),
        reconstruction=np.array(reconstruction[chosen]),
        response_ratio=np.array(survey.array("response_ratio")[chosen]) if survey.has_array("response_ratio") else None,
    )


def _all_rows(values: NDArray[np.float32], rows: NDArray[np.intp], n: int) -> NDArray[np.float32]:
    """Values of some sources in an array of all, NaN for the others."""
    whole = np.full(n, np.nan, np.float32)
    whole[rows] = values
    return whole
