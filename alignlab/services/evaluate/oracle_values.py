"""What each simulated text says of measured values, in graded words or as numbers, and how probable that is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from alignlab.analysis.statements import Graded, levels_between, rounded_between
from alignlab.literature import phrases_spectrum as words
from alignlab.literature.claims import (
    HARDNESS_ERROR,
    NUMBERS,
    VAGUE,
    VAGUE_COLUMN_EDGES,
    VAGUE_HARDNESS_EDGES,
    believed_values,
    known_counts,
)
from alignlab.services.evaluate.written import Written

#: Quantities whose errors are relative: they are compared by their logarithm.
_BY_LOGARITHM = ("kt", "kt2", "column", "fe_ew", "abundance", "counts", "flux")
#: Smallest value of which a logarithm is taken, and the smallest error: a line that is not there has neither.
_LEAST, _LEAST_ERROR = 1e-30, 1e-6
#: How the number reads that a phrase may or may not hold.
_QUOTED = {
    "fe_ew": re.compile(r"\d eV"),
    "abundance": re.compile(r"abundances of about \d"),
    "kt2": re.compile(
        r"excess with kT|emission of \S+ keV is|hotter component of|two temperatures \(|(?:second|hotter) near"
        r"|hot component of"
    ),
    "hardness": re.compile(r"hardness ratio is [a-z (≈]*−?\d"),
}


def shapes_told(written: Written) -> Iterator[Graded]:
    """What texts say of photon index, temperatures, column, lines and abundance."""
    claims, told = written.claims, written.is_told
    kind = np.array(claims.continuum)
    vague, quoted = _manner(written, VAGUE), _manner(written, NUMBERS)
    value = _Values(written)
    in_words = told("continuum") & ~vague["continuum"]
    yield value.said("gamma", words.PHOTON_INDEX_EDGES, in_words & (kind == "power law"), quoted["continuum"])
    yield value.said("kt", words.PLASMA_EDGES, in_words & (kind == "plasma"), quoted["continuum"])
    yield value.said("kt", words.BLACKBODY_EDGES, in_words & (kind == "blackbody"), quoted["continuum"])
    absorbed = told("absorption")
    yield value.said("column", VAGUE_COLUMN_EDGES, absorbed & vague["absorption"])
    yield value.said("column", words.COLUMN_EDGES, absorbed & ~vague["absorption"], quoted["absorption"])
    lines, is_plasma = told("lines"), kind == "plasma"
    yield value.said("fe_ew", words.IRON_EDGES, lines & ~is_plasma, value.is_quoted("fe_ew"))
    yield value.said("abundance", words.ABUNDANCE_EDGES, lines & is_plasma, value.is_quoted("abundance"))
    second = value.is_quoted("kt2") & (np.array(claims.second) != "")
    yield value.said("kt2", (), told("second") & second, second)


def colours_told(written: Written) -> Iterator[Graded]:
    """What texts say of the hardness, which is the one that was measured."""
    claims, told = written.claims, written.is_told
    value = _Values(written)
    yield value.said("hardness", words.HARDNESS_EDGES, told("hardness"), value.is_quoted("hardness"))
    # A colour in words adds nothing to a hardness that is told, and rests on the model where none was measured.
    coloured = told("continuum") & _manner(written, VAGUE)["continuum"] & np.isfinite(claims.values["hardness"])
    yield value.said("hardness", VAGUE_HARDNESS_EDGES, coloured & ~told("hardness"))


def brightness_told(written: Written, *, errors: Mapping[str, NDArray[np.float64]] | None = None) -> Iterator[Graded]:
    """What texts say of counts and flux.

    Parameters
    ----------
    written : Written
    errors : mapping of str to ndarray, shape (n,), optional
        Relative errors of ``counts`` and ``flux`` in its truth, where they are estimates.
    """
    told, value = written.is_told, _Values(written, errors=errors)
    yield value.said("counts", words.COUNT_EDGES, told("counts"), _manner(written, NUMBERS)["counts"])
    yield value.said("flux", (), told("flux"), told("flux"))


def _manner(written: Written, manner: int) -> dict[str, NDArray[np.bool_]]:
    return {fact: np.array(rows) == manner for fact, rows in written.claims.manner.items()}


class _Values:
    """Believed values, and what would be believed of every source."""

    def __init__(self, written: Written, *, errors: Mapping[str, NDArray[np.float64]] | None = None) -> None:
        self._written = written
        self._believed = written.claims.values
        counts, noise = known_counts(written.truth), np.zeros((len(written.truth), 12))
        mean = believed_values(written.truth, written.variables, counts, noise)
        above = believed_values(written.truth, written.variables, counts, noise + written.noise.scatter)
        self._mean = {name: _stretched(name, mean[name]) for name in mean}
        self._sigma = {
            name: np.maximum(_stretched(name, above[name]) - self._mean[name], _LEAST_ERROR) for name in mean
        }
        # Near ±1 a hardness cannot grow, and its error cannot be read off so.
        error = max(HARDNESS_ERROR * written.noise.scatter, _LEAST_ERROR)
        self._sigma["hardness"] = np.full(len(counts), error)
        for name, of_estimate in (errors or {}).items():
            self._sigma[name] = np.hypot(self._sigma[name], of_estimate)

    def is_quoted(self, name: str) -> NDArray[np.bool_]:
        """Whether each text holds the number itself."""
        return np.array([_QUOTED[name].search(text) is not None for text in self._written.spectrum_texts])

    def said(
        self,
        name: str,
        edges: Sequence[float],
        is_told: NDArray[np.bool_],
        is_quoted: NDArray[np.bool_] | None = None,
    ) -> Graded:
        """The statement that a value lies on its level, or rounds to what is quoted."""
        value = self._believed[name]
        quoted = np.zeros(len(value), dtype=bool) if is_quoted is None else is_quoted
        level, number = levels_between(value, edges), rounded_between(value, self._step(name))
        low, high = (_stretched(name, np.where(quoted, n, g)) for n, g in zip(number, level, strict=True))
        # Where the variable was not measured nothing is expected of it: any level is as good.
        known = np.isfinite(self._mean[name])
        mean = np.where(known, self._mean[name], 0.0)
        return Graded(mean, np.where(known, self._sigma[name], 1.0), low, high, is_told)

    def _step(self, name: str) -> NDArray[np.float64]:
        """What the quoted number is rounded to, as in `alignlab.literature.slots`."""
        value = self._believed[name]
        if name == "gamma":
            return np.where(self._believed["gamma_error"] < 0.1, 0.01, 0.1)
        if name in ("hardness", "abundance"):
            return np.full(len(value), 0.1)
        first = 10 ** np.floor(np.log10(np.maximum(value, _LEAST)))
        if name in ("column", "flux"):
            return np.where(value / first < 3, 0.1, 1.0) * first
        return 0.1 * first


def _stretched(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.maximum(values, _LEAST)) if name in _BY_LOGARITHM else values
