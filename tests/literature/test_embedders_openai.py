from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from alignlab.errors import AlignlabError
from alignlab.literature.embedders import embedder, load_embedder
from alignlab.literature.embedders_openai import LONGEST_TOKENS, OpenaiEmbedder
from alignlab.literature.ledger import BudgetError
from alignlab.literature.llm_client import LanguageModelError
from alignlab.store.rows import RowStore
from tests.archives.faults import cut, disguise, refuse
from tests.archives.llm_server import KEY, LlmServer

SMALL = "openai:text-embedding-3-small"
TEXTS = ["A steep power law.", "", "A hot plasma.", "A steep power law."]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmServer]:
    with LlmServer() as server:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", server.address)
        yield server


@pytest.fixture
def kept(tmp_path: Path) -> RowStore:
    return RowStore(tmp_path / "answers.sqlite")


@pytest.mark.parametrize(
    ("name", "dim"),
    [
        (SMALL, 1536), ("openai:text-embedding-3-large", 3072), ("openai:text-embedding-ada-002", 1536),
        ("openai:text-embedding-3-large@256", 256), ("openai:local/bge:latest", 1536),
    ],
)  # fmt: skip
def test_vectors_have_unit_length_in_the_order_of_the_texts(server, name, dim):
    made = embedder(name).fit(TEXTS)
    vectors = made.transform(TEXTS)
    assert made.dim == dim and vectors.shape == (4, dim) and vectors.dtype == np.float32
    for text, vector in zip(TEXTS, vectors, strict=True):
        np.testing.assert_allclose(vector, server.vector_of(text, dim) if text else 0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1], atol=1e-6)
    assert made.config() == {"name": name, "dim": dim, "base_url": ""}


def test_dimensions_are_asked_for_only_where_they_are_named(server):
    embedder("openai:text-embedding-ada-002").fit([])
    embedder("openai:text-embedding-3-large@256").fit([])
    first, second = (json.loads(asked.request.body) for asked in server.asked)
    assert "dimensions" not in first and second["dimensions"] == 256


def test_names_that_cannot_be_are_refused():
    for name in ("openai:", "openai:x@0", "openai:x@many"):
        with pytest.raises(AlignlabError, match="openai:MODEL@DIM"):
            embedder(name)
    with pytest.raises(AlignlabError, match="no other length"):
        embedder("openai:text-embedding-ada-002@256")
    with pytest.raises(AlignlabError, match="openai:MODEL"):
        embedder("word2vec")


def test_no_text_is_paid_twice(server, kept):
    embedder(SMALL, kept=kept).fit([]).transform(TEXTS)
    n_asked = server.n_asked()
    again = embedder(SMALL, kept=kept).fit([])
    vectors = again.transform([*TEXTS[:3], "A flaring star."])
    sent = [json.loads(asked.request.body)["input"] for asked in server.asked[n_asked:]]
    assert sent[1:] == [["A flaring star."]]
    np.testing.assert_allclose(vectors[2], server.vector_of(TEXTS[2], 1536), atol=1e-5)


def test_requests_stay_within_the_limits(server):
    many = [f"Text {i}." for i in range(4_000)]
    long = [f"{i} " + "word " * 1_200 for i in range(60)]
    made = embedder(f"{SMALL}@8").fit([])
    assert made.transform([*many, *long]).shape == (4_060, 8)
    for asked in server.asked:
        texts = json.loads(asked.request.body)["input"]
        assert len(texts) <= 2_048 and sum(len(text.encode()) for text in texts) <= 300_000


def test_a_text_that_is_too_long_loses_its_end_and_is_counted(server):
    made = OpenaiEmbedder(SMALL).fit([])
    made.transform(["Ein Wört. " * 3_000, "ß" * 9_000])
    texts = json.loads(server.asked[-1].request.body)["input"]
    assert made.n_cut == 2 and all(len(text.encode()) <= LONGEST_TOKENS for text in texts)
    assert texts[0].endswith("Wört.")


def test_state_goes_through_files_and_another_model_under_the_name_is_refused(server, kept):
    made = embedder(SMALL).fit([])
    config, state = json.loads(json.dumps(made.config())), load(save(made.state()))
    again = load_embedder(config, state, kept=kept)
    np.testing.assert_array_equal(again.transform(TEXTS), made.transform(TEXTS))
    server.embedding_seed = 1
    stranger = load_embedder(config, state, kept=kept)
    # What is kept needs nobody.
    stranger.transform(TEXTS)
    with pytest.raises(AlignlabError, match="another model"):
        stranger.transform(["A flaring star."])
    assert kept.count("vectors") == 2


def test_faults_that_pass_are_not_noticed(server):
    server.faults.order(cut(), disguise(), refuse(429, retry_after="0.01"))
    assert embedder(SMALL).fit([]).transform(TEXTS).any()
    server.faults.order(refuse(401))
    with pytest.raises(LanguageModelError, match="OPENAI_API_KEY"):
        embedder(SMALL).fit([])


def test_a_budget_is_held_before_anything_is_asked(server):
    made = OpenaiEmbedder(SMALL, max_usd=1e-5).fit([])
    n_asked = server.n_asked()
    with pytest.raises(BudgetError, match="lsa"):
        made.transform(["A power law with an iron line." * 30])
    assert server.n_asked() == n_asked


def test_without_a_key_it_says_what_to_do(monkeypatch):
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(LanguageModelError, match="'lsa' embedder"):
        embedder(SMALL).fit([])
    with pytest.raises(AlignlabError, match="not been fitted"):
        embedder(SMALL).transform(["a"])
