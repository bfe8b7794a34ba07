"""Several pairs of heads that answer together: the mean of their similarities, as one matrix product.

Let member *m* of *M* carry a source to the unit vector v_m. The members' vectors side by side, over sqrt(M), are a
unit vector too, and the product of two such vectors is the mean over the members of their cosines:
``u · w = sum_m (u_m / sqrt(M)) · (w_m / sqrt(M)) = mean_m (u_m · w_m)``. So whatever searches, ranks or maps a shared
space works on an ensemble's without knowing it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.models.heads import apply_heads

#: Key under which an ensemble's weights say so, as UTF-8 JSON in a uint8 array, and the prefix of each member's own.
_ENSEMBLE_KEY = "ensemble"
_MEMBER_PREFIX = "member{}."

Weights = Mapping[str, NDArray[np.generic]]


def combine_vectors(members: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Join the members' unit vectors, each (n, d_m), into one per row, whose products are mean similarities.

    Parameters
    ----------
    members : sequence of ndarray, each of shape (n, d_m)
        At least one; rows of length 1. The dimensions may differ.

    Returns
    -------
    ndarray of float32, shape (n, sum of d_m)
        Rows of length 1.

    Raises
    ------
    ValueError
        If there is none, or they have different numbers of rows.
    """
    if len({len(vectors) for vectors in members}) != 1:
        raise ValueError(f"members must have the same rows, not {[len(vectors) for vectors in members]}")
    return np.hstack([np.asarray(vectors, np.float32) for vectors in members]) / np.float32(np.sqrt(len(members)))


def ensemble_weights(members: Sequence[Weights]) -> dict[str, NDArray[np.generic]]:
    """Weights of an ensemble for `apply_aligned`, from those of its members' heads.

    Raises
    ------
    ValueError
        If there is no member.
    """
    if not members:
        raise ValueError("an ensemble needs at least one member")
    said = json.dumps({"members": len(members)}).encode()
    weights: dict[str, NDArray[np.generic]] = {_ENSEMBLE_KEY: np.frombuffer(said, np.uint8).copy()}
    for number, member in enumerate(members):
        weights |= {_MEMBER_PREFIX.format(number) + name: value for name, value in member.items()}
    return weights


def members_of(weights: Weights) -> list[dict[str, NDArray[np.generic]]]:
    """The weights of each pair of heads: one for those of an ordinary training.

    Raises
    ------
    ValueError
        If weights that say they are an ensemble's are not.
    """
    if _ENSEMBLE_KEY not in weights:
        return [dict(weights)]
    try:
        n_members = int(json.loads(bytes(np.asarray(weights[_ENSEMBLE_KEY], np.uint8)))["members"])
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"this is no ensemble of this version: {error}") from error
    prefixes = [_MEMBER_PREFIX.format(number) for number in range(n_members)]
    return [{k.removeprefix(p): v for k, v in weights.items() if k.startswith(p)} for p in prefixes]


def apply_aligned(
    weights: Weights,
    *,
    spectrum: ArrayLike | None = None,
    bins: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    text: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
    """Carry latents into the shared space of a run, whether one pair of heads made it or an ensemble.

    Parameters
    ----------
    weights : mapping of str to ndarray
        From `AlignmentHeads.to_weights` or `ensemble_weights`.
    spectrum, bins, counts, text, mask
        As for `alignlab.models.heads.apply_heads`.

    Returns
    -------
    spectrum_aligned, text_aligned : ndarray of float32 or None
        Unit vectors, in the run's number of dimensions; None for what was not given.

    Raises
    ------
    ValueError
        As `apply_heads`, and if there is no member.
    """
    answers = [
        apply_heads(member, spectrum=spectrum, bins=bins, counts=counts, text=text, mask=mask)
        for member in members_of(weights)
    ]
    spectra, texts = ([vectors for vectors in side if vectors is not None] for side in zip(*answers, strict=True))
    return (combine_vectors(spectra) if spectra else None), (combine_vectors(texts) if texts else None)
