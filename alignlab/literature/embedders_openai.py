"""Embeddings by a model behind OpenAI's protocol: asked in few requests, each text paid once, unit length by us.

Another model under the same name would make vectors that look right and mean nothing. The embedder therefore keeps the
vector of one known text, and a process that embeds something new sends that text along and compares.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.literature.ledger import BudgetError, Rows
from alignlab.literature.llm_client import LanguageModelError, address_of, make_client, patiently
from alignlab.literature.prices import estimated_tokens, most_tokens, price_of
from alignlab.literature.sentences import cut_at_sentence

#: The service's limits: texts and tokens of a request, tokens of a text; counted as bytes, which tokens cannot pass.
MOST_TEXTS, MOST_TOKENS, LONGEST_TOKENS = 2_048, 300_000, 8_192
_DIMENSIONS = {"text-embedding-3-small": 1_536, "text-embedding-3-large": 3_072, "text-embedding-ada-002": 1_536}
_CAN_BE_SHORTER = "text-embedding-3"
_PROBE = "An absorbed power law with an iron line describes the X-ray spectrum of the active nucleus."
#: The service answers the same text with vectors that differ in the last digits, and other models with others.
_SAME_COSINE = 0.99
_PLACE = "vectors"
_RETRIES, _TIMEOUT_S, _LONGEST_WAIT_S = 6, 120.0, 120.0


class OpenaiEmbedder:
    """An embedding model behind OpenAI's protocol.

    Parameters
    ----------
    name : str
        ``openai:MODEL``, or ``openai:MODEL@DIM`` for shorter vectors of a model that can.
    base_url : str
        Empty for ``OPENAI_BASE_URL``, or OpenAI's own where that is not set.
    kept : Rows, optional
        Where vectors are kept, so that none is paid twice.
    max_usd : float
        Most dollars that this embedder may spend; 0 for no limit.

    Attributes
    ----------
    input_tokens : int
        Tokens that were paid for.
    n_cut : int
        Texts that were too long and lost their end.
    """

    def __init__(self, name: str, *, base_url: str = "", kept: Rows | None = None, max_usd: float = 0.0) -> None:
        self.name, self._base_url, self._kept, self._max_usd = name, base_url, kept, max_usd
        self._model, _, wanted = name.removeprefix("openai:").partition("@")
        if not self._model or (wanted and not (wanted.isdigit() and int(wanted))):
            raise AlignlabError(f"{name!r} names no embedder.", remedy="Write openai:MODEL or openai:MODEL@DIM.")
        self._dim = int(wanted) if wanted else _DIMENSIONS.get(self._model, 0)
        if wanted and not self._model.startswith(_CAN_BE_SHORTER) and self._model in _DIMENSIONS:
            raise AlignlabError(f"{self._model} has {_DIMENSIONS[self._model]} numbers and no other length.")
        self._sent_dim = int(wanted) if wanted else None
        self._price = price_of(self._model)
        if max_usd and self._price is None:
            raise AlignlabError(f"The price of {self._model} is not known, so no budget can be held.")
        self._probe: NDArray[np.float32] | None = None
        self._is_checked = False
        self.input_tokens = self.n_cut = 0

    @property
    def dim(self) -> int:
        """Length of a vector; 0 for an unknown model that was never asked."""
        return self._dim

    def fit(self, texts: Sequence[str]) -> Self:
        """Ask for the vector of a known text, by which the model is known again; nothing is learned."""
        if self._probe is None:
            self._probe = self._asked([_PROBE])[0]
            self._is_checked = True
        return self

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dim), L2-normalised; zero for an empty text.

        Raises
        ------
        LanguageModelError
            If the service cannot be asked.
        BudgetError
            If the texts could cost more than is left; nothing is asked then.
        AlignlabError
            If the model is another than it was when the embedder was fitted.
        """
        if self._probe is None:
            raise AlignlabError("This embedder has not been fitted.", remedy="Fit it on texts first.")
        cut = [self._cut(text) for text in texts]
        new = [text for text in dict.fromkeys(cut) if text]
        known = self._known(new)
        new = [text for text in new if text not in known]
        self._check_budget(new)
        for block in _blocks(new):
            vectors = self._checked(block)
            known.update(zip(block, vectors, strict=True))
            self._keep(block, vectors)
        table = np.zeros((len(cut), self._dim), np.float32)
        for row, text in enumerate(cut):
            if text:
                table[row] = known[text]
        return table

    def config(self) -> dict[str, object]:
        """Settings, as JSON: the model with the length of its vectors."""
        return {"name": self.name, "dim": self._dim, "base_url": self._base_url}

    def state(self) -> dict[str, NDArray]:
        """The vector of the known text, shape (dim,)."""
        return {} if self._probe is None else {"probe": self._probe}

    @classmethod
    def from_state(
        cls, config: Mapping[str, Any], state: Mapping[str, NDArray], *, kept: Rows | None = None
    ) -> OpenaiEmbedder:
        """Rebuild what `config` and `state` described."""
        embedder = cls(str(config["name"]), base_url=str(config.get("base_url", "")), kept=kept)
        embedder._dim, embedder._probe = int(config["dim"]), np.asarray(state["probe"], np.float32)
        return embedder

    def _checked(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors, the first time together with the known text's."""
        if self._is_checked:
            return self._asked(texts)
        first, *vectors = self._asked([_PROBE, *texts])
        assert self._probe is not None  # transform has seen to it
        if len(first) != len(self._probe) or float(first @ self._probe) < _SAME_COSINE:
            raise AlignlabError(
                f"{self._model} at {address_of(self._base_url)} is another model than the one that made the survey's "
                f"text vectors: it gives the same text another vector.",
                remedy="Ask the service that was used then, or make the survey anew with this embedder.",
            )
        self._is_checked = True
        return np.array(vectors, np.float32)

    def _asked(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, by one request."""
        body: dict[str, Any] = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        if self._sent_dim is not None:
            body["dimensions"] = self._sent_dim
        with make_client(address_of(self._base_url), timeout_s=_TIMEOUT_S) as client:
            answer: Any = patiently(
                lambda: _table(client.post("/embeddings", body=body, cast_to=object), len(texts)),
                retries=_RETRIES,
                longest_wait_s=_LONGEST_WAIT_S,
            )
        vectors, tokens = answer
        self.input_tokens += tokens or sum(estimated_tokens(text) for text in texts)
        self._dim = self._dim or vectors.shape[1]
        if vectors.shape[1] != self._dim:
            raise LanguageModelError(
                f"{self._model} gave vectors of {vectors.shape[1]} numbers where {self._dim} were asked for.",
                remedy="This service does not shorten vectors: leave the length out of the embedder's name.",
            )
        return vectors

    def _check_budget(self, texts: Sequence[str]) -> None:
        if not self._max_usd or self._price is None:
            return
        spent = self._price.usd(self.input_tokens)
        most = self._price.usd(sum(most_tokens(text) for text in texts))
        if spent + most > self._max_usd:
            raise BudgetError(
                f"Embedding {len(texts):,} texts may cost ${most:.4f}; of ${self._max_usd:g} are ${spent:.4f} spent.",
                remedy="Raise the budget, or choose the 'lsa' embedder, which costs nothing.",
            )

    def _cut(self, text: str) -> str:
        text = text.strip()
        if len(text.encode("utf-8", "replace")) <= LONGEST_TOKENS:
            return text
        self.n_cut += 1
        room = len(text.encode("utf-8", "replace")[: LONGEST_TOKENS - 3].decode("utf-8", "ignore"))
        return cut_at_sentence(text, room)

    def _key(self, text: str) -> str:
        whole = f"{self._model}\n{self._sent_dim}\n{address_of(self._base_url)}\n{text}"
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()

    def _known(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        if self._kept is None:
            return {}
        keys = {self._key(text): text for text in texts}
        rows = self._kept.get(_PLACE, keys)
        found = {key: np.frombuffer(base64.b64decode(row["vector"]), np.float32) for key, row in rows.items()}
        return {keys[key]: vector for key, vector in found.items() if len(vector) == self._dim}

    def _keep(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        if self._kept is not None:
            written = [base64.b64encode(vector.tobytes()).decode() for vector in vectors]
            rows = {self._key(text): {"vector": vector} for text, vector in zip(texts, written, strict=True)}
            self._kept.put(_PLACE, rows)


def _table(answer: Any, n_texts: int) -> tuple[NDArray[np.float32], int]:
    """Vectors of unit length in the order of the texts, and the tokens used.

    Raises
    ------
    ValueError
        If it is no such answer.
    """
    vectors: list[Any] = [None] * n_texts
    try:
        for row in answer["data"]:
            vectors[int(row["index"])] = row["embedding"]
        table = np.array(vectors, np.float64)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"the answer holds no vector for each text ({type(error).__name__})") from error
    length = np.linalg.norm(table, axis=1, keepdims=True)
    if table.ndim != 2 or not np.isfinite(table).all() or not (length > 0).all():
        raise ValueError("the answer's vectors are no numbers of one length")
    used = (answer.get("usage") or {}).get("prompt_tokens", 0)
    return (table / length).astype(np.float32), int(used or 0)


def _blocks(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts of one request each, with room for the known text."""
    block: list[str] = []
    n_tokens = most_tokens(_PROBE)
    for text in texts:
        size = most_tokens(text)
        if block and (len(block) == MOST_TEXTS - 1 or n_tokens + size > MOST_TOKENS):
            yield block
            block, n_tokens = [], most_tokens(_PROBE)
        block.append(text)
        n_tokens += size
    if block:
        yield block
