from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignlab.literature.distinguishing import (
    LEAST_Z,
    PRIOR_TEXTS,
    count_terms,
    distinguishing_terms,
    log_odds_ratio,
)
from alignlab.literature.phrases_papers import SIMULATED_NOTE

JETS = ["A jet from a young star. The jet is bright."] * 30
HOLES = ["An accreting black hole, seen twice."] * 60


def sides(n_first: int, n_second: int) -> tuple[np.ndarray, np.ndarray]:
    first = np.arange(n_first + n_second) < n_first
    return first, ~first


def test_words_and_neighbouring_pairs_are_counted():
    counted = count_terms(["Hot gas, hot gas! The gas of a galaxy."], fewest=1)
    counts = dict(zip(counted.terms, counted.counts.toarray()[0], strict=True))
    # "hot" stands only in "hot gas", which therefore stands for it; no pair reaches over a stop word or a comma.
    assert counts == {"gas": 3, "hot gas": 2, "galaxy": 1}


def test_numbers_single_letters_and_the_note_of_simulated_papers_are_no_words():
    counted = count_terms([f"At 1.7 keV, R = 2. {SIMULATED_NOTE}", "An X-ray type II-P"], fewest=1)
    assert set(counted.terms) == {"keV", "X-ray type", "type II-P"}


def test_terms_in_too_few_texts_are_left_out():
    assert count_terms(["rare words", *HOLES], fewest=3).terms == count_terms(HOLES, fewest=3).terms


def test_each_side_is_known_by_its_own_words_with_counts_of_texts():
    counted = count_terms([*JETS, *HOLES])
    found = distinguishing_terms(counted, *sides(30, 60), least_z=1)
    assert (found.n_first, found.n_second) == (30, 60)
    more, less = ({term.term: term for term in terms} for terms in (found.more, found.less))
    assert "jet" in more
    assert "black hole" in less
    assert "hole" not in less
    assert (more["jet"].n_first, more["jet"].n_second) == (30, 0)  # texts, although each uses the word twice
    assert (less["black hole"].n_first, less["black hole"].n_second) == (0, 60)
    assert all(term.z > 1 and term.log_odds > 0 for term in found.more)
    assert all(term.z < -1 and term.log_odds < 0 for term in found.less)


def test_a_text_about_both_sides_counts_on_both():
    counted = count_terms(["winds of stars"] * 4 + ["dust in galaxies"] * 4)
    first = np.array([True] * 5 + [False] * 3)
    second = np.array([False] * 4 + [True] * 4)
    found = distinguishing_terms(counted, first, second, least_z=0)
    dust = {term.term: term for term in found.less}["dust"]
    assert (found.n_first, found.n_second) == (5, 4)
    assert (dust.n_first, dust.n_second) == (1, 4)


def test_log_odds_follow_the_formulas_of_the_paper():
    # Two terms, prior 1 each (eq. 16), variance 1/(y + a) on each side (eq. 20), z their ratio (eq. 22).
    log_odds, z = log_odds_ratio([9, 1], [3, 7], prior=[1, 1])
    expected = math.log(10 / 2) - math.log(4 / 8)
    assert log_odds[0] == pytest.approx(expected)
    assert log_odds[1] == pytest.approx(-expected)
    assert z[0] == pytest.approx(expected / math.sqrt(1 / 10 + 1 / 4))


def test_the_prior_is_ten_texts_of_the_survey():
    counted = count_terms(["gas", "gas", "gas", "dust", "dust", "dust", "gas", "gas"], fewest=1)
    first = np.arange(8) < 3
    (gas,) = distinguishing_terms(counted, first, ~first, least_z=0).more
    prior = {"gas": PRIOR_TEXTS * 5 / 8, "dust": PRIOR_TEXTS * 3 / 8}
    odds = [(3 + prior["gas"]) / (0 + prior["dust"]), (2 + prior["gas"]) / (3 + prior["dust"])]
    assert gas.log_odds == pytest.approx(math.log(odds[0] / odds[1]))


def test_chance_is_seldom_told_as_a_difference():
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"word{letter}{other}" for letter in "abcdefghij" for other in "klmnopqrst"])
    texts = [". ".join(rng.choice(vocabulary, 12)) for _ in range(600)]
    counted = count_terms(texts)
    told = 0
    for _ in range(10):
        first = rng.uniform(size=600) < 0.2
        found = distinguishing_terms(counted, first, ~first, most=100)
        told += len(found.more) + len(found.less)
    assert told <= 12  # 1,000 comparisons at |z| >= 3: 2.7 are expected of a perfect normal
    assert LEAST_Z == 3


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.lists(st.integers(0, 50), min_size=4, max_size=4))
def test_exchanging_the_sides_exchanges_the_signs(first, second):
    there, back = log_odds_ratio(first, second, prior=np.ones(4)), log_odds_ratio(second, first, prior=np.ones(4))
    np.testing.assert_allclose(there[0], -back[0], atol=1e-12)
    np.testing.assert_allclose(there[1], -back[1], atol=1e-12)


@pytest.mark.parametrize("texts", [[], ["", ""], ["the of and"]])
def test_nothing_written_has_no_terms(texts):
    counted = count_terms(texts)
    assert counted.terms == ()
    found = distinguishing_terms(counted, np.zeros(len(texts), bool), np.ones(len(texts), bool))
    assert found.more == found.less == ()
    assert found.n_second == len(texts)


def test_a_side_without_texts_is_told_from_nothing():
    counted = count_terms(HOLES)
    found = distinguishing_terms(counted, np.zeros(60, bool), np.ones(60, bool), least_z=0)
    assert found.more == found.less == ()


def test_a_side_of_other_texts_is_refused():
    with pytest.raises(ValueError, match=r"bool of shape \(60,\)"):
        distinguishing_terms(count_terms(HOLES), np.ones(3, bool), np.ones(60, bool))
