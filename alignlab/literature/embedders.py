"""Embedders turn texts into vectors. They are plug-ins by name; `lsa` needs no network and is the default.

A survey keeps its embedder's configuration and state, and new texts are embedded by that one alone (`load_embedder`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer

from alignlab.errors import AlignlabError
from alignlab.literature.aspects import ASPECTS
from alignlab.literature.ledger import Rows


class Embedder(Protocol):
    """What every embedder can do."""

    name: str

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn from texts, where the embedder does."""
        ...

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dim), L2-normalised; zero for a text without a known word."""
        ...

    def config(self) -> dict[str, object]:
        """Settings, as JSON; `name` among them."""
        ...

    def state(self) -> dict[str, NDArray]:
        """What was learned, as arrays."""
        ...


class LsaEmbedder:
    """Latent semantic analysis: TF-IDF of words and word pairs, then a truncated singular value decomposition.

    Parameters
    ----------
    dim : int
        Length of a vector; fewer where the texts have fewer distinct terms.
    max_features : int
        Most frequent terms kept.
    min_df : int
        A term must stand in so many texts.
    seed : int
        Of the randomised decomposition.
    """

    name = "lsa"

    def __init__(self, *, dim: int = 256, max_features: int = 8_000, min_df: int = 3, seed: int = 0) -> None:
        self._settings: dict[str, Any] = {"dim": dim, "max_features": max_features, "min_df": min_df, "seed": seed}
        self._vocabulary: dict[str, int] = {}
        self._idf = np.empty(0, np.float32)
        self._components = np.empty((0, 0), np.float32)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return len(self._components)

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn the vocabulary, the weights of its terms and the leading directions.

        Raises
        ------
        AlignlabError
            If the texts have fewer than two distinct terms.
        """
        texts = list(texts)
        counter = self._counter(min_df=min(self._settings["min_df"], max(len(texts) // 20, 1)))
        try:
            counts = counter.fit_transform(texts)
        except ValueError as error:
            raise AlignlabError(f"{len(texts)} texts have no words to learn from ({error}).") from error
        if counts.shape[1] < 2:
            raise AlignlabError(f"{len(texts)} texts have only {counts.shape[1]} distinct term.")
        self._vocabulary = {term: int(column) for term, column in counter.vocabulary_.items()}
        documents = np.bincount(counts.indices, minlength=counts.shape[1])
        self._idf = (np.log((1 + len(texts)) / (1 + documents)) + 1).astype(np.float32)
        dim = min(self._settings["dim"], counts.shape[1] - 1, len(texts))
        svd = TruncatedSVD(dim, n_iter=3, random_state=self._settings["seed"]).fit(self._weighted(counts))
        # In C order, which is how files hold it: with another order a reloaded embedder would round differently.
        self._components = np.ascontiguousarray(svd.components_, dtype=np.float32)
        return self

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dim), L2-normalised; zero for a text without a known word.

        Raises
        ------
        AlignlabError
            If nothing has been learned yet.
        """
        if not self._vocabulary:
            raise AlignlabError("This embedder has learned nothing yet.", remedy="Fit it on texts first.")
        counts = self._counter(vocabulary=self._vocabulary).transform(list(texts))
        vectors = np.asarray(self._weighted(counts) @ self._components.T, np.float32)
        norm = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.divide(vectors, norm, out=np.zeros_like(vectors), where=norm > 0)

    def config(self) -> dict[str, object]:
        """Settings, as JSON."""
        return {"name": self.name, **self._settings}

    def state(self) -> dict[str, NDArray]:
        """Vocabulary (JSON in bytes), inverse document frequencies, components (dim, n_terms)."""
        terms = json.dumps(sorted(self._vocabulary, key=self._vocabulary.__getitem__)).encode()
        return {"terms": np.frombuffer(terms, np.uint8), "idf": self._idf, "components": self._components}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], state: Mapping[str, NDArray]) -> LsaEmbedder:
        """Rebuild what `config` and `state` described."""
        embedder = cls(**{key: value for key, value in config.items() if key != "name"})
        terms = json.loads(bytes(np.asarray(state["terms"], np.uint8)))
        embedder._vocabulary = {term: column for column, term in enumerate(terms)}
        embedder._idf = np.asarray(state["idf"], np.float32)
        embedder._components = np.asarray(state["components"], np.float32)
        return embedder

    def _counter(self, **options: object) -> CountVectorizer:
        return CountVectorizer(
            stop_words="english",
            ngram_range=(1, 2),
            # Decimal numbers stay whole: a quoted photon index or temperature is a word like any other.
            token_pattern=r"(?u)\b\w(?:[\w.\-]*\w)\b",
            max_features=self._settings["max_features"],
            dtype=np.float32,
            **options,
        )

    def _weighted(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        """Sublinear term frequency times inverse document frequency, L2-normalised rows."""
        weighted = counts.copy()
        weighted.data = 1 + np.log(weighted.data)
        weighted = sp.csr_matrix(weighted.multiply(self._idf[None, :]))
        norm = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        inverse = np.divide(1, norm, out=np.zeros_like(norm), where=norm > 0)
        return sp.csr_matrix(sp.diags(inverse) @ weighted, dtype=np.float32)


def _minilm() -> Embedder:
    from alignlab.literature.embedders_minilm import MinilmEmbedder

    return MinilmEmbedder()


def _minilm_again(config: Mapping[str, Any], state: Mapping[str, NDArray]) -> Embedder:
    from alignlab.literature.embedders_minilm import MinilmEmbedder

    return MinilmEmbedder.from_state(config, state)


#: Embedders by name; a later one joins by adding itself here. Beside them: ``openai:`` and the name of a model.
EMBEDDERS: dict[str, Callable[[], Embedder]] = {LsaEmbedder.name: LsaEmbedder, "minilm": _minilm}
_LOADERS: dict[str, Callable[[Mapping[str, Any], Mapping[str, NDArray]], Embedder]] = {
    LsaEmbedder.name: LsaEmbedder.from_state,
    "minilm": _minilm_again,
}
_OPENAI = "openai:"


def embedder(name: str, *, kept: Rows | None = None) -> Embedder:
    """Make the embedder called `name`, not fitted.

    Parameters
    ----------
    name : str
        One of `EMBEDDERS`, or ``openai:MODEL``, or ``openai:MODEL@DIM`` for shorter vectors of a model that can.
    kept : Rows, optional
        Where vectors that are paid for are kept, so that none is paid twice.

    Raises
    ------
    AlignlabError
        If there is none; the message lists the names.
    """
    if name.startswith(_OPENAI):
        from alignlab.literature.embedders_openai import OpenaiEmbedder

        return OpenaiEmbedder(name, kept=kept)
    if name not in EMBEDDERS:
        raise _unknown(name)
    return EMBEDDERS[name]()


def load_embedder(config: Mapping[str, Any], state: Mapping[str, NDArray], *, kept: Rows | None = None) -> Embedder:
    """Rebuild a fitted embedder from its `config` and `state`.

    Parameters
    ----------
    kept : Rows, optional
        As for `embedder`.

    Raises
    ------
    AlignlabError
        If its kind is unknown to this version.
    """
    name = str(config.get("name"))
    if name.startswith(_OPENAI):
        from alignlab.literature.embedders_openai import OpenaiEmbedder

        return OpenaiEmbedder.from_state(config, state, kept=kept)
    if name not in _LOADERS:
        raise _unknown(name)
    return _LOADERS[name](config, state)


def _unknown(name: str) -> AlignlabError:
    return AlignlabError(
        f"There is no embedder {name!r}.", remedy=f"Choose one of {', '.join(EMBEDDERS)}, or {_OPENAI}MODEL."
    )


def embed_aspects(
    summaries: pd.DataFrame, n_sources: int, embedder: Embedder
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Embed each aspect's summary and put the three side by side.

    Parameters
    ----------
    summaries : DataFrame
        source_index, aspect, text; only aspects that are discussed.
    n_sources : int
    embedder : Embedder
        Fitted.

    Returns
    -------
    text : ndarray of float32, shape (n_sources, 3 * dim)
        Zero where an aspect is not discussed: never the vector of some words that say so.
    mask : ndarray of bool, shape (n_sources, 3)
        Which aspects are discussed.
    """
    text = np.zeros((n_sources, len(ASPECTS), embedder.dim), np.float32)
    mask = np.zeros((n_sources, len(ASPECTS)), bool)
    rows = summaries["source_index"].to_numpy()
    columns = summaries["aspect"].map({aspect: i for i, aspect in enumerate(ASPECTS)}).to_numpy()
    text[rows, columns] = embedder.transform(summaries["text"].tolist())
    mask[rows, columns] = True
    return text.reshape(n_sources, -1), mask
