"""Vectors in fewer numbers and fewer bytes: half precision, one byte, one bit, and fewer directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alignlab.analysis.similarity import finite_matrix

Coding = Literal["float32", "float16", "int8", "binary"]
CODINGS: tuple[Coding, ...] = get_args(Coding)
_BITS: dict[Coding, int] = {"float32": 32, "float16": 16, "int8": 8, "binary": 1}
#: One byte holds so many steps on either side of zero; -128 stays unused, so that the codes are symmetric.
_INT8_STEPS = 127


def bytes_per_row(n_dimensions: int, coding: Coding) -> int:
    """Bytes of a coded vector; bits are packed, eight in a byte, the last one filled up."""
    return -(-n_dimensions * _BITS[coding] // 8)


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantiser:
    """How vectors are coded, learned from training vectors; its own few numbers are kept once, not for every source.

    Attributes
    ----------
    coding : {"float32", "float16", "int8", "binary"}
    scale : ndarray of float32, shape (d,)
        Width of a step of ``int8`` in each dimension; 0 where the training vectors are all zero.
    centre : ndarray of float32, shape (d,)
        Threshold of ``binary``: the median of the training vectors.
    """

    coding: Coding
    scale: NDArray[np.float32]
    centre: NDArray[np.float32]

    @classmethod
    def fit(cls, training: ArrayLike, coding: Coding) -> Quantiser:
        """Learn steps and thresholds from training vectors, shape (n, d).

        Raises
        ------
        ValueError
            If there are no vectors, one is not finite, or the coding is unknown.
        """
        x = finite_matrix(training, "training")
        if coding not in CODINGS:
            raise ValueError(f"coding must be one of {', '.join(CODINGS)}, not {coding!r}")
        if len(x) == 0:
            raise ValueError("a quantiser needs at least one training vector")
        return cls(
            coding=coding,
            scale=(np.abs(x).max(axis=0) / _INT8_STEPS).astype(np.float32),
            centre=np.median(x, axis=0).astype(np.float32),
        )

    def encode(self, x: ArrayLike) -> NDArray[np.generic]:
        """Codes of vectors, shape (n, d).

        Returns
        -------
        ndarray
            float32, float16 or int8 of shape (n, d); for ``binary`` uint8 of shape (n, ⌈d / 8⌉), packed. What lies
            beyond the training vectors takes the outermost step.
        """
        values = finite_matrix(x, "x")
        if self.coding == "binary":
            return np.packbits(values > self.centre, axis=1)
        if self.coding == "int8":
            steps = np.divide(values, self.scale, out=np.zeros_like(values), where=self.scale > 0)
            return np.clip(np.rint(steps), -_INT8_STEPS, _INT8_STEPS).astype(np.int8)
        return values.astype(self.coding)

    def decode(self, codes: NDArray[np.generic]) -> NDArray[np.float32]:
        """Vectors, shape (n, d), that stand for the codes; bits become -1 and 1, whose cosine counts equal bits."""
        if self.coding == "binary":
            bits = np.unpackbits(codes.astype(np.uint8), axis=1, count=len(self.centre))
            return np.where(bits == 1, np.float32(1), np.float32(-1))
        decoded = codes.astype(np.float32)
        return decoded * self.scale if self.coding == "int8" else decoded

    def round_trip(self, x: ArrayLike) -> NDArray[np.float32]:
        """What is left of vectors after coding."""
        return self.decode(self.encode(x))


def principal_directions(*training: ArrayLike, n_directions: int) -> NDArray[np.float32]:
    """Directions that keep scalar products between several sets of vectors as well as so few can.

    They are the leading right singular vectors of all sets stacked, without centring: a cosine is taken about the
    origin. With as many directions as dimensions nothing is lost.

    Parameters
    ----------
    training : array_like, each of shape (n, d)
        Vectors of one space, such as the aligned spectra and the aligned texts.
    n_directions : int
        1 to d.

    Returns
    -------
    ndarray of float32, shape (d, n_directions)
        Orthonormal columns; multiply vectors by it.

    Raises
    ------
    ValueError
        If the number is out of range, or the sets do not have the same dimensions.
    """
    x = np.vstack([finite_matrix(part, "training") for part in training]).astype(np.float64)
    if not 1 <= n_directions <= x.shape[1]:
        raise ValueError(f"n_directions must be 1 to {x.shape[1]}, not {n_directions}")
    values, vectors = np.linalg.eigh(x.T @ x)
    leading = np.argsort(-values, kind="stable")[:n_directions]
    return np.ascontiguousarray(vectors[:, leading], dtype=np.float32)
