"""What reasons of all sources of a run rest on: made once per survey, run and representation, shared by threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from alignlab.ingest.csc_table import number
from alignlab.services.neighbours import representation_latents
from alignlab.services.workspace import Workspace
from alignlab.store.run import Run
from alignlab.store.survey import Survey
from alignlab.variables import LIMITED, VARIABLE_NAMES

if TYPE_CHECKING:
    from coniferest.coniferest import Coniferest

    from alignlab.training.small_heads.targets import VariableScales

#: Seed of the forest that is asked for contributions.
SEED = 0
_KEPT = 6


@dataclass(frozen=True, eq=False, kw_only=True)
class ReasonGround:
    """A representation with a forest in it, and the variables on their scales.

    Attributes
    ----------
    latents : ndarray of float32, shape (n, d)
    n_spectrum : int
        How many of the d numbers are of the spectrum; the others are of the texts.
    forest : Coniferest
    ordered_scores : ndarray of float64, shape (n,)
        Its scores in ascending order; higher is stranger.
    forest_percentile : ndarray of float64, shape (n,)
    scales : VariableScales
    scaled, errors : ndarray of float32, shape (n, 20)
        Standardised variables and the larger half of their 68% intervals; NaN where missing.
    """

    latents: NDArray[np.float32]
    n_spectrum: int
    forest: Coniferest
    ordered_scores: NDArray[np.float64]
    forest_percentile: NDArray[np.float64]
    scales: VariableScales
    scaled: NDArray[np.float32]
    errors: NDArray[np.float32]

    @classmethod
    def of(cls, survey: Survey, run: Run, representation: str) -> ReasonGround:
        """Grow the forest and standardise the variables by the training sources."""
        # Imported here: torch and a forest take time, which drawing a page need not wait for.
        from coniferest.isoforest import IsolationForest

        from alignlab.analysis.outliers.forests import N_SUBSAMPLES, N_TREES
        from alignlab.analysis.outliers.ranks import percentile_ranks
        from alignlab.training.small_heads.targets import VariableScales

        latents = np.ascontiguousarray(representation_latents(survey, run, representation), np.float32)
        n_subsamples = min(N_SUBSAMPLES, len(latents))
        forest = IsolationForest(n_trees=N_TREES, n_subsamples=n_subsamples, random_seed=SEED).fit(latents)
        scores = -forest.score_samples(latents)
        training = survey.split == "train"
        scales = VariableScales.fit(survey.variables[training if training.any() else slice(None)])
        scaled = scales.forward(survey.variables)
        return cls(
            latents=latents,
            n_spectrum=_n_spectrum(run, representation, latents.shape[1]),
            forest=forest,
            ordered_scores=np.sort(scores),
            forest_percentile=percentile_ranks(scores).astype(np.float64),
            scales=scales,
            scaled=scaled.astype(np.float32),
            errors=_errors(survey, scales, scaled),
        )


def _n_spectrum(run: Run, representation: str, d: int) -> int:
    if representation == "both":
        return run.latents("spectrum_aligned").shape[1]
    return d if representation.startswith("spectrum") else 0


def _errors(survey: Survey, scales: VariableScales, scaled: NDArray[np.float64]) -> NDArray[np.float32]:
    errors = np.full(scaled.shape, np.nan)
    for side in ("lolim", "hilim"):
        ends = np.full(scaled.shape, np.nan)
        for name in LIMITED:
            ends[:, VARIABLE_NAMES.index(name)] = number(survey.limits, f"{name}_{side}")
        errors = np.fmax(errors, np.abs(scales.forward(ends) - scaled))
    return errors.astype(np.float32)


_made: OrderedDict[tuple[str, str, str], ReasonGround] = OrderedDict()
_lock = threading.Lock()


def reason_ground(workspace: Workspace, representation: str) -> ReasonGround:
    """The ground of the workspace's survey and run; a second thread waits for the first that makes it."""
    key = workspace.survey.digest, workspace.run.digest, representation
    with _lock:
        if key not in _made:
            _made[key] = ReasonGround.of(workspace.survey, workspace.run, representation)
            if len(_made) > _KEPT:
                _made.popitem(last=False)
        _made.move_to_end(key)
        return _made[key]
