"""How the neighbours of a spectrum tell its class: which classes can be told, by how many of them, how reliably."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.class_votes import VoteCalibration, calibrate_votes, calibration_error, count_votes
from alignlab.analysis.similarity import top_k
from alignlab.store.run import Run
from alignlab.store.survey import Survey

#: Classes with fewer training sources, or fewer held-out ones to calibrate on, are not told.
FEWEST_TRAINING, FEWEST_CALIBRATION = 20, 3
#: Numbers of neighbours to choose from.
NEIGHBOURS = (25, 50, 100)
_SEED = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassGround:
    """What is known of the classes of a survey.

    Attributes
    ----------
    names : tuple of str
        The classes that can be told.
    left_out : tuple of str
        Those with too few sources.
    training : ndarray of int64, shape (n_training,)
        Training sources of the former, as indices in the survey.
    latents : ndarray of float32, shape (n_training, d)
        Theirs, in the shared space.
    number : ndarray of int64, shape (n_training,)
        Their classes, as positions in `names`.
    calibration : VoteCalibration or None
        None where no two classes can be told.
    error : tuple of float
        Expected calibration error on the test split, with its 95% interval; NaN where not measured.
    n_test : int
        Test sources that it was measured on.
    """

    names: tuple[str, ...]
    left_out: tuple[str, ...]
    training: NDArray[np.int64]
    latents: NDArray[np.float32]
    number: NDArray[np.int64]
    calibration: VoteCalibration | None
    error: tuple[float, float, float]
    n_test: int

    @classmethod
    def of(cls, survey: Survey, run: Run) -> ClassGround:
        """Calibrate on the calibration and validation split, judge on the test split."""
        labels = survey.sources["source_class"].fillna("").to_numpy(str)
        split = np.asarray(survey.split)
        held_out = np.isin(split, ("calibration", "validation"))
        known = sorted(set(labels[split == "train"]) - {""})
        names = tuple(
            name
            for name in known
            if (labels[split == "train"] == name).sum() >= FEWEST_TRAINING
            and (labels[held_out] == name).sum() >= FEWEST_CALIBRATION
        )
        number = np.array([names.index(name) if name in names else -1 for name in labels], np.int64)
        training = np.flatnonzero((split == "train") & (number >= 0))
        latents = run.latents("spectrum_aligned")
        made = cls(
            names=names,
            left_out=tuple(name for name in known if name not in names),
            training=training,
            latents=latents[training],
            number=number[training],
            calibration=None,
            error=(float("nan"),) * 3,
            n_test=0,
        )
        if len(names) < 2:
            return made
        asked, tested = (np.flatnonzero(part & (number >= 0)) for part in (held_out, split == "test"))
        prior = np.bincount(number[training], minlength=len(names)) / len(training)
        usable = tuple(k for k in NEIGHBOURS if k < len(training)) or (len(training) - 1,)
        calibration = calibrate_votes(made.votes(latents[asked], usable), number[asked], prior)
        on_test = made.votes(latents[tested], (calibration.k,))[calibration.k]
        error = calibration_error(calibration.probabilities(on_test), number[tested], rng=np.random.default_rng(_SEED))
        return replace(made, calibration=calibration, error=error, n_test=len(tested))

    def votes(
        self, latents: NDArray[np.float32], ks: tuple[int, ...], *, leave_out: int | None = None
    ) -> dict[int, NDArray[np.float64]]:
        """Votes (n, c) of so many nearest training sources each; `leave_out` is a source that has none."""
        chosen = np.flatnonzero(self.training != (-1 if leave_out is None else leave_out))
        if not len(latents):
            return {k: np.zeros((0, len(self.names))) for k in ks}
        near = top_k(latents, self.latents[chosen], min(max(ks), len(chosen))).index
        classes = self.number[chosen][near]
        return {k: count_votes(classes[:, :k], len(self.names)) for k in ks}
