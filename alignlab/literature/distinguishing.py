"""Words and word pairs that distinguish some texts from others: log-odds with an informative prior.

After Monroe, Colaresi & Quinn 2008 (doi:10.1093/pan/mpn018): the prior of each term is its frequency in all texts, so
that rare terms must be used often before they count; terms are ranked by the z-score of their log-odds ratio.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from alignlab.literature.phrases_papers import SIMULATED_NOTE

#: The prior weighs as much as this many texts.
PRIOR_TEXTS = 10
#: Terms with a smaller |z| are not told from chance.
LEAST_Z = 3.0
_FEWEST_TEXTS = 3
#: A word of which one pair makes up this share of the uses is told as that pair ("hole" as "black hole").
_ONE_PHRASE = 0.8
_BREAK = re.compile(r"[.;:!?,]\s|[\[\](){}]|[.!?]$")
_WORD = re.compile(r"\w(?:[\w.\-]*\w)?")
_LETTERS = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, eq=False, kw_only=True)
class TermCounts:
    """How often each text uses each term.

    Attributes
    ----------
    terms : tuple of str
        Words and pairs of words that follow each other within a sentence, as they are mostly written; of a word that
        nearly always stands in the same pair, that pair alone.
    counts : csr_matrix of float32, (n_texts, n_terms)
    """

    terms: tuple[str, ...]
    counts: sp.csr_matrix

    @property
    def n_texts(self) -> int:
        """Number of texts."""
        return self.counts.shape[0]


@dataclass(frozen=True, kw_only=True)
class DistinguishingTerm:
    """A term that one side uses more than the other.

    Attributes
    ----------
    term : str
    z : float
        Of the log-odds ratio: positive where the first side uses the term more.
    log_odds : float
        Natural logarithm of the odds ratio.
    n_first, n_second : int
        Texts of each side that hold the term.
    """

    term: str
    z: float
    log_odds: float
    n_first: int
    n_second: int


@dataclass(frozen=True, kw_only=True)
class DistinguishingTerms:
    """What two sets of texts are about, each against the other.

    Attributes
    ----------
    n_first, n_second : int
        Texts on each side; a text may be on both.
    more, less : tuple of DistinguishingTerm
        Used more by the first side, and less; the most certain first.
    """

    n_first: int
    n_second: int
    more: tuple[DistinguishingTerm, ...]
    less: tuple[DistinguishingTerm, ...]


def count_terms(texts: Sequence[str], *, fewest: int = _FEWEST_TEXTS) -> TermCounts:
    """Count words and word pairs.

    Parameters
    ----------
    texts : sequence of str
    fewest : int
        A term must stand in so many texts.
    """
    # Imported here: it loads scikit-learn, which reading finished counts need not wait for.
    from alignlab.literature.word_index import STOP_WORDS

    silent = STOP_WORDS | {"among", "per"}
    columns: dict[str, int] = {}
    found: list[int] = []
    ends = [0]
    written = Counter[str]()
    for text in texts:
        for sentence in _sentences(text):
            found.extend(columns.setdefault(term, len(columns)) for term in _terms(sentence, silent))
            written.update(sentence[1:])  # the first word is capitalised whatever it is
        ends.append(len(found))
    counts = sp.csr_matrix(
        (np.ones(len(found), np.float32), np.array(found, np.int64), np.array(ends)), shape=(len(texts), len(columns))
    )
    counts.sum_duplicates()
    uses = np.bincount(found, minlength=len(columns))
    texts_with = np.bincount(counts.indices, minlength=len(columns))
    bound = {
        word
        for term, column in columns.items()
        if texts_with[column] >= fewest and " " in term
        for word in term.split()
        if uses[column] >= _ONE_PHRASE * uses[columns[word]]
    }
    names = list(columns)
    kept = [column for column in np.flatnonzero(texts_with >= fewest) if names[column] not in bound]
    spelling = _spelling(written)
    terms = tuple(" ".join(spelling.get(word, word) for word in names[column].split()) for column in kept)
    return TermCounts(terms=terms, counts=sp.csr_matrix(counts[:, kept]))


def distinguishing_terms(
    counted: TermCounts, first: ArrayLike, second: ArrayLike, *, most: int = 14, least_z: float = LEAST_Z
) -> DistinguishingTerms:
    """The terms that tell the texts of `first` from those of `second`.

    Parameters
    ----------
    counted : TermCounts
    first, second : array_like of bool, shape (n_texts,)
        The texts of each side; one on both counts on both.
    most : int
        Terms returned for each side; of terms that share their words the most certain.
    least_z : float
        Smallest |z|.

    Raises
    ------
    ValueError
        If a side is not boolean or of another length.
    """
    sides = [_side(side, counted.n_texts) for side in (first, second)]
    used = [counted.counts.T @ side for side in sides]
    presence = counted.counts.copy()
    presence.data = np.ones_like(presence.data)
    held = [(presence.T @ side).astype(int) for side in sides]
    log_odds, z = log_odds_ratio(used[0], used[1], prior=_prior(counted))
    n_first, n_second = (int(side.sum()) for side in sides)
    alone = {term for term in counted.terms if " " not in term}

    def told(sign: int) -> tuple[DistinguishingTerm, ...]:
        order = np.argsort(-sign * z, kind="stable")
        fewest = min(_FEWEST_TEXTS, n_first if sign > 0 else n_second)
        enough = (sign * z >= least_z) & (held[0 if sign > 0 else 1] >= fewest)
        chosen: list[DistinguishingTerm] = []
        taken: set[str] = set()
        for column in order[enough[order]]:
            term = counted.terms[column]
            if len(chosen) == most:
                break
            words = set(term.split())
            # A pair with a word that is told already is worth telling only for a word that never stands alone.
            if not words & taken or words - taken - alone:
                taken |= words
                chosen.append(
                    DistinguishingTerm(
                        term=term, z=float(z[column]), log_odds=float(log_odds[column]),
                        n_first=int(held[0][column]), n_second=int(held[1][column]),
                    )
                )  # fmt: skip
        return tuple(chosen)

    nothing = not n_first or not n_second
    return DistinguishingTerms(
        n_first=n_first, n_second=n_second, more=() if nothing else told(1), less=() if nothing else told(-1)
    )


def log_odds_ratio(
    first: ArrayLike, second: ArrayLike, *, prior: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds ratio of each term and its z-score (Monroe et al. 2008, eq. 16, 20 and 22).

    Parameters
    ----------
    first, second : array_like, shape (n_terms,)
        How often each side uses each term.
    prior : array_like, shape (n_terms,)
        Pseudo-counts, positive.
    """
    y1, y2, a = (np.asarray(x, dtype=np.float64) for x in (first, second, prior))
    n1, n2, a0 = y1.sum(), y2.sum(), a.sum()
    with np.errstate(divide="ignore"):  # a vocabulary of one term has no odds
        log_odds = np.log((y1 + a) / (n1 + a0 - y1 - a)) - np.log((y2 + a) / (n2 + a0 - y2 - a))
    return log_odds, log_odds / np.sqrt(1 / (y1 + a) + 1 / (y2 + a))


def _prior(counted: TermCounts) -> NDArray[np.float64]:
    """Pseudo-counts of all terms: what `PRIOR_TEXTS` average texts would hold."""
    total = np.asarray(counted.counts.sum(axis=0, dtype=np.float64)).ravel()
    return total * PRIOR_TEXTS / max(counted.n_texts, 1)


def _side(side: ArrayLike, n: int) -> NDArray[np.float32]:
    side = np.asarray(side)
    if side.shape != (n,) or side.dtype != bool:
        raise ValueError(f"a side must be bool of shape ({n},), not {side.dtype} of {side.shape}")
    return side.astype(np.float32)


def _sentences(text: str) -> Iterator[list[str]]:
    for sentence in _BREAK.split(text.replace(SIMULATED_NOTE, "")):
        if words := _WORD.findall(sentence):
            yield words


def _terms(sentence: list[str], silent: frozenset[str]) -> Iterator[str]:
    before = ""
    for word in map(str.lower, sentence):
        if word in silent or not _LETTERS.search(word):
            before = ""
            continue
        yield word
        if before:
            yield f"{before} {word}"
        before = word


def _spelling(written: Counter[str]) -> dict[str, str]:
    """How each word, given in lower case, is mostly written."""
    most: dict[str, str] = {}
    for word, times in written.items():
        key = word.lower()
        if key not in most or times > written[most[key]]:
            most[key] = word
    return most
