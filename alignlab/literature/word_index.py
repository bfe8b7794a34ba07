"""Plain words: which texts hold the words of a query, and how well (TF-IDF of words and word pairs)."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from alignlab.progress import OnStep, report

_STOP_WORDS = (
    "a about above after all also although an and any are as at be because been before being between both but by can "
    "could did do does done during each either et few for from further had has have here how however if in into is it "
    "its itself may might more most much near no nor not of on one only or other our over same she should since so "
    "some such than that the their them then there these they this those through thus to toward under until up upon "
    "us very via was we were what when where whether which while who whom whose why will with within without would "
    "al yet"
)
#: Words that carry no meaning of their own.
STOP_WORDS = frozenset(_STOP_WORDS.split())
#: A word in more than this share of the texts tells none of them from the others.
COMMON_SHARE = 0.3
#: Fewer texts than this have no common words.
_FEWEST_FOR_COMMON = 50
_WORD = re.compile(r"\d+\.\d+|[^\W_]+")
_N_SUGGESTIONS = 3


@dataclass(frozen=True, kw_only=True)
class QueryWords:
    """The words of a query, as an index knows them.

    Attributes
    ----------
    known : tuple of str
        Words that some texts hold, and not nearly all: what is searched for.
    common : tuple of str
        Words that more than `COMMON_SHARE` of the texts hold: they weigh next to nothing and count as no match.
    unknown : dict of str to tuple of str
        Words that no text holds, each with the nearest words that some do.
    """

    known: tuple[str, ...]
    common: tuple[str, ...]
    unknown: dict[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False, kw_only=True)
class WordIndex:
    """Texts by their words.

    Attributes
    ----------
    columns : dict of str to int
        Column of each word and word pair ("iron line"), folded (`fold`).
    weights : csr_matrix of float32, (n_texts, n_terms)
        Sublinear term frequency times inverse document frequency, rows of length 1.
    idf : ndarray of float32, (n_terms,)
    n_texts_with : ndarray of int64, (n_terms,)
        Number of texts that hold each term.
    """

    columns: dict[str, int]
    weights: sp.csr_matrix
    idf: NDArray[np.float32]
    n_texts_with: NDArray[np.int64]

    @property
    def n_texts(self) -> int:
        """Number of texts."""
        return self.weights.shape[0]

    @classmethod
    def build(cls, texts: Sequence[str], *, on_step: OnStep | None = None) -> WordIndex:
        """Index texts; a pair of words counts as a term of its own when two texts or more hold it.

        Raises
        ------
        StoppedError
            If `on_step` returned False.
        """
        report(on_step, 0, 3, f"reading {len(texts):,} texts")
        if not any(_WORD.search(text) for text in texts):
            none = sp.csr_matrix((len(texts), 0), dtype=np.float32)
            return cls(columns={}, weights=none, idf=np.zeros(0, np.float32), n_texts_with=np.zeros(0, np.int64))
        counter = CountVectorizer(
            token_pattern=_WORD.pattern, stop_words=list(STOP_WORDS), ngram_range=(1, 2), dtype=np.float32
        )
        raw = counter.fit_transform(texts)
        report(on_step, 1, 3, "joining singular and plural")
        folded: dict[str, int] = {}
        into = np.empty(raw.shape[1], dtype=np.int64)
        for term, column in counter.vocabulary_.items():
            into[column] = folded.setdefault(" ".join(map(fold, term.split())), len(folded))
        joining = sp.csr_matrix((np.ones(len(into), np.float32), (np.arange(len(into)), into)))
        counts = sp.csr_matrix(raw @ joining)
        texts_with = np.bincount(counts.indices, minlength=counts.shape[1])
        kept = np.array([" " not in term for term in folded]) | (texts_with > 1)
        number = np.cumsum(kept) - 1
        columns = {term: int(number[column]) for term, column in folded.items() if kept[column]}
        counts, texts_with = sp.csr_matrix(counts[:, kept]), texts_with[kept]
        report(on_step, 2, 3, "weighing words")
        idf = (np.log((1 + len(texts)) / (1 + texts_with)) + 1).astype(np.float32)
        index = cls(columns=columns, weights=_weighted(counts, idf), idf=idf, n_texts_with=texts_with.astype(np.int64))
        report(on_step, 3, 3, "ready")
        return index

    def understand(self, query: str) -> QueryWords:
        """Sort the words of a query into known, common and unknown ones, each once, in their order."""
        known, common, unknown = [], [], {}
        most = COMMON_SHARE * self.n_texts if self.n_texts >= _FEWEST_FOR_COMMON else self.n_texts
        for word in dict.fromkeys(words_of(query)):
            column = self.columns.get(word)
            if column is None:
                unknown[word] = self._nearest(word)
            elif self.n_texts_with[column] > most:
                common.append(word)
            else:
                known.append(word)
        return QueryWords(known=tuple(known), common=tuple(common), unknown=unknown)

    def scores(self, query: str) -> NDArray[np.float32]:
        """Cosine between the query and each text in TF-IDF, shape (n_texts,); 0 where they share no term."""
        terms = words_of(query)
        terms += [f"{first} {second}" for first, second in pairwise(terms)]
        found: dict[int, int] = {}
        for term in terms:
            if (column := self.columns.get(term)) is not None:
                found[column] = found.get(column, 0) + 1
        if not found:
            return np.zeros(self.n_texts, np.float32)
        row = sp.csr_matrix(
            (np.array(list(found.values()), np.float32), (np.zeros(len(found), int), list(found))),
            shape=(1, len(self.columns)),
        )
        return np.asarray((self.weights @ _weighted(row, self.idf).T).todense(), np.float32).ravel()

    def holds(self, words: Sequence[str]) -> NDArray[np.bool_]:
        """Which texts hold which of the folded `words`, shape (n_texts, n_words)."""
        columns = [self.columns[word] for word in words if word in self.columns]
        present = [word in self.columns for word in words]
        table = np.zeros((self.n_texts, len(words)), dtype=np.bool_)
        table[:, present] = self.weights[:, columns].toarray() > 0
        return table

    def _nearest(self, word: str) -> tuple[str, ...]:
        """Known words that are spelled most like an unknown one, the more frequent first among equals."""
        words = [term for term in self.columns if " " not in term and abs(len(term) - len(word)) <= 3]
        words.sort(key=lambda term: -self.n_texts_with[self.columns[term]])
        return tuple(difflib.get_close_matches(word, words, n=_N_SUGGESTIONS, cutoff=0.7))


def fold(word: str) -> str:
    """A word in the form in which it is compared: lower case, singular."""
    word = unicodedata.normalize("NFC", word).casefold()
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 5 and word.endswith("sses"):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def words_of(text: str) -> list[str]:
    """The folded words of a text in their order, without stop words."""
    return [fold(word) for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]


def spans_of(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where a text holds any of the folded `words`: begin and end of each place, in order."""
    wanted = set(words)
    return [match.span() for match in _WORD.finditer(text) if fold(match.group()) in wanted]


def _weighted(counts: sp.csr_matrix, idf: NDArray[np.float32]) -> sp.csr_matrix:
    """Sublinear term frequency times inverse document frequency, rows of length 1 (0 where a row is empty)."""
    weighted = counts.copy()
    weighted.data = 1 + np.log(weighted.data)
    weighted = sp.csr_matrix(weighted.multiply(idf[None, :]))
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    inverse = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
    return sp.csr_matrix(sp.diags(inverse) @ weighted, dtype=np.float32)
