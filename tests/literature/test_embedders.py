from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load, save
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from alignlab.errors import AlignlabError
from alignlab.literature.aspects import ASPECTS
from alignlab.literature.embedders import EMBEDDERS, LsaEmbedder, embed_aspects, embedder, load_embedder
from alignlab.literature.generator import write_literature

DIM = 30


@pytest.fixture(scope="module")
def summaries(simulated) -> pd.DataFrame:
    return write_literature(simulated.truth, simulated.variables, rng=np.random.default_rng(0)).summaries


@pytest.fixture(scope="module")
def texts(summaries) -> list[str]:
    return summaries["text"].tolist()


@pytest.fixture(scope="module")
def fitted(texts) -> LsaEmbedder:
    return LsaEmbedder(dim=DIM).fit(texts)


def test_vectors_have_unit_length_and_the_length_asked_for(fitted, texts):
    vectors = fitted.transform(texts)
    assert vectors.shape == (len(texts), DIM) == (len(texts), fitted.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_it_is_tf_idf_with_a_truncated_decomposition(fitted, texts):
    reference = TfidfVectorizer(
        stop_words="english", ngram_range=(1, 2), min_df=3, max_features=8000, sublinear_tf=True,
        token_pattern=r"(?u)\b\w(?:[\w.\-]*\w)\b",
    )  # fmt: skip
    weighted = reference.fit_transform(texts)
    expected = TruncatedSVD(DIM, n_iter=3, random_state=0).fit(weighted).transform(weighted)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    vectors = fitted.transform(texts)
    sign = np.sign(np.sum(vectors * expected, axis=0))
    np.testing.assert_allclose(vectors * sign, expected, atol=1e-3)


def test_fitting_twice_gives_the_same_bytes(fitted, texts):
    assert LsaEmbedder(dim=DIM).fit(texts).transform(texts[:50]).tobytes() == fitted.transform(texts[:50]).tobytes()


def test_state_goes_through_files_without_losing_a_bit(fitted, texts):
    config, state = json.loads(json.dumps(fitted.config())), load(save(fitted.state()))
    again = load_embedder(config, state)
    assert again.name == fitted.name
    assert again.dim == fitted.dim
    assert again.config() == fitted.config()
    assert again.transform(texts[:80]).tobytes() == fitted.transform(texts[:80]).tobytes()


def test_a_text_of_unknown_words_is_the_zero_vector(fitted):
    vectors = fitted.transform(["", "the of and", "zyxwv utsrq"])
    assert vectors.shape == (3, DIM)
    assert not vectors.any()
    assert fitted.transform([]).shape == (0, DIM)


def test_similar_texts_are_closer_than_others(fitted):
    first, alike, other = fitted.transform(
        [
            "The X-ray spectrum is described by a steep power law with heavy absorption.",
            "A steep absorbed power law describes the spectrum.",
            "The host is a galaxy cluster with a dominant central galaxy.",
        ]
    )
    assert first @ alike > first @ other + 0.3


def test_decimal_numbers_and_hyphenated_words_are_words():
    sentences = ["photon index 1.7 low-mass binary", "photon index 1.9 high-mass binary"] * 5
    terms = json.loads(bytes(LsaEmbedder(dim=2, min_df=1).fit(sentences).state()["terms"]))
    assert {"1.7", "1.9", "low-mass", "high-mass", "index 1.7"} <= set(terms)
    assert not {"1", "7", "9", "mass"} & set(terms)


def test_few_texts_give_shorter_vectors():
    small = LsaEmbedder(dim=256).fit(["power law", "thermal plasma", "flaring star"])
    assert 1 <= small.dim <= 3
    assert np.isfinite(small.transform(["a flaring plasma"])).all()


def test_nothing_to_learn_from_is_told():
    for texts in ([], [""], ["the of and"], ["word"]):
        with pytest.raises(AlignlabError, match=r"texts have"):
            LsaEmbedder().fit(texts)
    with pytest.raises(AlignlabError, match="learned nothing"):
        LsaEmbedder().transform(["power law"])


def test_the_registry_knows_its_names():
    assert embedder("lsa").name == "lsa"
    assert set(EMBEDDERS) == {"lsa", "minilm"}
    with pytest.raises(AlignlabError, match=r"'word2vec'.*lsa"):
        embedder("word2vec")
    with pytest.raises(AlignlabError, match=r"'word2vec'.*lsa"):
        load_embedder({"name": "word2vec"}, {})


def test_aspects_stand_side_by_side_and_missing_ones_are_zero(fitted, summaries, simulated):
    n = len(simulated.truth)
    text, mask = embed_aspects(summaries, n, fitted)
    assert text.shape == (n, 3 * DIM)
    assert text.dtype == np.float32
    assert mask.shape == (n, 3)
    assert mask.sum() == len(summaries)
    blocks = text.reshape(n, 3, DIM)
    np.testing.assert_allclose(np.linalg.norm(blocks, axis=2), mask, atol=1e-5)
    assert not mask.all()
    for row in (0, 100, len(summaries) - 1):
        one = summaries.iloc[row]
        own = blocks[one["source_index"], ASPECTS.index(one["aspect"])]
        np.testing.assert_allclose(own, fitted.transform([one["text"]])[0], atol=1e-6)


def test_a_source_without_any_summary_is_all_zero(fitted):
    told = pd.DataFrame({"source_index": [2], "aspect": ["spectrum"], "text": ["A steep power law."]})
    text, mask = embed_aspects(told, 4, fitted)
    assert mask.tolist() == [[False] * 3, [False] * 3, [False, True, False], [False] * 3]
    assert np.flatnonzero(text.any(axis=1)).tolist() == [2]
