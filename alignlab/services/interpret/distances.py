"""How strange a spectrum is to a run: far from all training sources, or not what its encoder can draw.

In the aligned space alone a spectrum of no known kind can lie among known ones: the alignment keeps what texts speak
of and lets go of the rest. (Of 200 spectra of white noise not one had a p-value below 0.05 by its distance there, all
of them by that before alignment; spectra whose channels had been grouped are told by neither, but by the
reconstruction.) So three figures are taken, each in units of what 95% of the training sources stay below, and the
largest of them is the strangeness; the p-value of the largest promises what it says like that of any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.conformal import conformal_p, kth_distance
from alignlab.services.readings import reconstruction_in_counts
from alignlab.services.subject import Subject
from alignlab.store.run import Overlay, Run
from alignlab.store.survey import Survey

#: The distance is that to the training source in this place.
K = 10
#: What strangeness is made of, as a sentence names it.
PARTS: tuple[str, ...] = (
    "its distance from the training sources in the shared space",
    "its distance from them before alignment",
    "how badly the encoder redraws its spectrum",
)
_UNIT_QUANTILE = 0.95
#: A reconstruction is believed down to this share of the mean counts per bin, so that a stray photon decides nothing.
_LEAST_SHARE = 0.02


@dataclass(frozen=True, eq=False, kw_only=True)
class Distances:
    """Strangeness of the survey's sources, and what is needed for that of others.

    Attributes
    ----------
    aligned, spectrum : ndarray of float32, shape (n_training, d)
        Latents of the training sources.
    unit : ndarray of float64, shape (3,)
        What 95% of the training sources stay below, by `PARTS`.
    calibration : ndarray of float64, shape (n_calibration, 3)
        Of the sources of the calibration and the validation split, in these units.
    calibration_index : ndarray of int64, shape (n_calibration,)
        Which sources these are.
    k : int
        At most `K`.
    """

    aligned: NDArray[np.float32]
    spectrum: NDArray[np.float32]
    unit: NDArray[np.float64]
    calibration: NDArray[np.float64]
    calibration_index: NDArray[np.int64]
    k: int

    @classmethod
    def of(cls, survey: Survey, run: Run) -> Distances:
        """Measure the survey's own training, calibration and validation sources."""
        split = np.asarray(survey.split)
        training = np.flatnonzero(split == "train")
        held_out = np.flatnonzero(np.isin(split, ("calibration", "validation")))
        aligned, spectrum = run.latents("spectrum_aligned")[training], run.latents("spectrum")[training]
        k = min(K, len(training) - 1)
        own = np.arange(len(training))
        of_training = np.stack(
            [
                kth_distance(aligned, aligned, k, own_row=own),
                kth_distance(spectrum, spectrum, k, own_row=own),
                _misfits(survey, run, training),
            ],
            axis=1,
        )
        unit = np.maximum(np.quantile(of_training, _UNIT_QUANTILE, axis=0), 1e-9)
        of_held_out = np.stack(
            [
                kth_distance(run.latents("spectrum_aligned")[held_out], aligned, k),
                kth_distance(run.latents("spectrum")[held_out], spectrum, k),
                _misfits(survey, run, held_out),
            ],
            axis=1,
        )
        return cls(
            aligned=aligned,
            spectrum=spectrum,
            unit=unit,
            calibration=of_held_out / unit,
            calibration_index=held_out,
            k=k,
        )

    def p_values(self, subject: Subject) -> tuple[float, NDArray[np.float64], int]:
        """Conformal p-value of a source, that of each of `PARTS`, and from how many calibration sources.

        A source of the survey itself is neither its own neighbour nor compared with itself.
        """
        own = subject.index if subject.overlay is None else -1
        split = np.asarray(subject.workspace.survey.split)
        row = int((split[:own] == "train").sum()) if own >= 0 and split[own] == "train" else -1
        rows = np.array([row])
        figures = np.array(
            [
                kth_distance(subject.latents("spectrum_aligned")[None], self.aligned, self.k, own_row=rows)[0],
                kth_distance(subject.latents("spectrum")[None], self.spectrum, self.k, own_row=rows)[0],
                _misfits(subject.survey, subject.encoded, np.array([subject.index]))[0],
            ]
        )
        figures /= self.unit
        others = self.calibration[self.calibration_index != own]
        together = conformal_p(figures.max(keepdims=True), others.max(axis=1, initial=0))[0]
        alone = np.array([conformal_p(figures[[i]], others[:, i])[0] for i in range(len(PARTS))])
        return float(together), alone, len(others)


def _misfits(survey: Survey, encoded: Run | Overlay, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Poisson deviance per bin of the reconstructions of some sources, in what the encoder has seen; shape (n,)."""
    found = np.empty(len(rows))
    has_ratio = survey.has_array("response_ratio")
    for number, row in enumerate(rows):
        counts = np.asarray(survey.counts[row], np.float64)
        ratio = np.asarray(survey.array("response_ratio")[row], np.float64) if has_ratio else np.ones_like(counts)
        seen = counts * ratio
        drawn = reconstruction_in_counts(encoded.reconstruction[row], seen.astype(np.float32)).astype(np.float64)
        drawn = np.maximum(drawn, max(_LEAST_SHARE * seen.mean(), 1e-9))
        surprise = np.where(seen > 0, seen * np.log(np.maximum(seen, 1e-12) / drawn), 0)
        found[number] = 2 * float((drawn - seen + surprise).mean())
    return found
