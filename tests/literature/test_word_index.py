from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn.feature_extraction.text import TfidfVectorizer

from alignlab.literature.word_index import STOP_WORDS, WordIndex, fold, spans_of, words_of
from alignlab.progress import StoppedError

TEXTS = [
    "A soft thermal source with an iron line.",
    "Iron lines in absorbed galaxies: an iron line survey",
    "Young stars, hard and flaring",
    "A quasar at redshift 1.06 with photon index 1.7",
]


@pytest.fixture(scope="module")
def index() -> WordIndex:
    return WordIndex.build(TEXTS)


def test_scores_are_cosines_of_sublinear_tfidf():
    texts = ["iron line hard", "hard hard source", "soft source iron", "iron line survey"]
    index = WordIndex.build(texts)
    pairs = {term for term in index.columns if " " in term}
    assert pairs == {"iron line"}  # the only pair that two texts hold
    vectorizer = TfidfVectorizer(vocabulary=index.columns, ngram_range=(1, 2), sublinear_tf=True)
    matrix = vectorizer.fit_transform(texts)
    for query in ("hard iron line", "soft", "source source iron"):
        expected = (matrix @ vectorizer.transform([query]).T).toarray().ravel()
        if query == "source source iron":
            assert np.argmax(index.scores(query)) == np.argmax(expected)
        np.testing.assert_allclose(index.scores(query), expected, atol=1e-6)


def test_singular_and_plural_are_one_word(index):
    assert index.n_texts_with[index.columns["line"]] == 2
    assert index.n_texts_with[index.columns["iron line"]] == 2
    np.testing.assert_array_equal(index.scores("iron lines"), index.scores("Iron LINE"))
    assert [fold(w) for w in ("galaxies", "masses", "gas", "analysis", "nucleus", "Stars", "class")] == [
        "galaxy", "mass", "gas", "analysis", "nucleus", "star", "class",
    ]  # fmt: skip


def test_numbers_with_a_point_are_words(index):
    assert list(np.flatnonzero(index.scores("1.06"))) == [3]
    assert index.understand("1.7").known == ("1.7",)


def test_unknown_words_are_told_with_the_nearest_known_ones(index):
    understood = index.understand("quazar with lihght-years of iron, and thrmal")
    assert understood.known == ("iron",)
    assert understood.unknown["quazar"] == ("quasar",)
    assert understood.unknown["thrmal"] == ("thermal",)
    assert understood.unknown["lihght"] == ()
    assert not index.scores("zzz").any()


def test_words_in_nearly_every_text_are_common():
    index = WordIndex.build([f"source {k % 7} word{k}" for k in range(60)])
    understood = index.understand("sources word3")
    assert understood.common == ("source",)
    assert understood.known == ("word3",)


def test_which_texts_hold_which_words(index):
    held = index.holds(("iron", "absent", "star"))
    expected = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]], bool)
    np.testing.assert_array_equal(held, expected)


def test_spans_are_those_of_the_words_as_written():
    text = "Lines of the Iron line; irony"
    assert [text[a:b] for a, b in spans_of(text, ("line", "iron"))] == ["Lines", "Iron", "line"]


def test_texts_without_words():
    index = WordIndex.build(["", "…"])
    assert index.n_texts == 2
    assert not index.scores("anything").any()
    assert WordIndex.build([]).scores("x").shape == (0,)


def test_building_can_be_stopped():
    with pytest.raises(StoppedError):
        WordIndex.build(TEXTS, on_step=lambda *_: False)


@given(some.text(max_size=80))
def test_any_query_is_understood(text):
    index = WordIndex.build(TEXTS)
    understood = index.understand(text)
    scores = index.scores(text)
    assert scores.shape == (len(TEXTS),)
    assert np.isfinite(scores).all()
    assert (scores <= 1 + 1e-5).all()
    assert set(understood.known) | set(understood.common) | set(understood.unknown) == set(words_of(text))
    assert not STOP_WORDS & set(understood.known)
    for first, last in spans_of(text, understood.known):
        assert fold(text[first:last]) in understood.known
