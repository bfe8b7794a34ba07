"""What a head may see of a spectrum: the encoder's latents, the normalised bins, the counts themselves."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

SpectrumInput = Literal["latents", "spectrum", "both", "counts"]
#: Neighbouring bins that are added up before their counts are read: single bins of a faint source hold 0 or 1.
_BINS_IN_BAND = 10


def spectrum_inputs(
    kind: SpectrumInput, latents: ArrayLike, bins: ArrayLike | None = None, counts: ArrayLike | None = None
) -> NDArray[np.float32]:
    """What the spectrum head sees.

    Parameters
    ----------
    kind : {"latents", "spectrum", "both", "counts"}
        The latents; the min–max normalised bins; both side by side; or the latents beside `count_features`.
    latents : array_like, shape (n, d)
    bins : array_like, shape (n, 400), optional
        Min–max normalised spectra.
    counts : array_like, shape (n, 400), optional
        Counts in the same bins.

    Returns
    -------
    ndarray of float32, shape (n, m)

    Raises
    ------
    ValueError
        If bins or counts are needed and not given, or the kind is unknown.
    """
    if kind not in get_args(SpectrumInput):
        raise ValueError(f"the spectrum input must be one of {', '.join(get_args(SpectrumInput))}, not {kind!r}")
    if kind in ("spectrum", "both") and bins is None:
        raise ValueError(f"these heads see {kind!r} as spectrum input: the normalised bins must be given")
    if kind == "counts" and counts is None:
        raise ValueError("these heads see 'counts' as spectrum input: the counts in the bins must be given")
    if kind == "spectrum":
        return np.asarray(bins, np.float32)
    parts = [np.asarray(latents, np.float32)]
    if kind == "both":
        parts.append(np.asarray(bins, np.float32))
    elif kind == "counts" and counts is not None:
        parts.append(count_features(counts))
    return np.hstack(parts)


def count_features(counts: ArrayLike) -> NDArray[np.float32]:
    """How bright a spectrum is, and with how many photons each part of it was seen: what normalisation takes away.

    Parameters
    ----------
    counts : array_like, shape (n, 400)
        Counts in the bins, background included.

    Returns
    -------
    ndarray of float32, shape (n, 41)
        log10(1 + counts): of the whole spectrum, then of its 40 bands of ten neighbouring bins.

    Raises
    ------
    ValueError
        If the bins do not make up whole bands, or a count is negative.
    """
    observed = np.asarray(counts, np.float64)
    if observed.ndim != 2 or observed.shape[1] % _BINS_IN_BAND:
        raise ValueError(f"counts must have shape (n, a multiple of {_BINS_IN_BAND}), not {observed.shape}")
    if (observed < 0).any():
        raise ValueError("counts must not be negative")
    bands = observed.reshape(len(observed), -1, _BINS_IN_BAND).sum(axis=2)
    return np.log10(1 + np.hstack([bands.sum(axis=1, keepdims=True), bands])).astype(np.float32)
