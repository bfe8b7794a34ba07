"""The order in which sources are looked at, against sorting by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from alignlab.services.discover.artefacts import CONCERNS, ArtefactScores
from alignlab.services.discover.outlier_queue import (
    label_weights,
    labelled_mask,
    outlier_queue,
    planted_found,
)

N = 60


def artefacts(concern: np.ndarray) -> ArtefactScores:
    """One concern of full weight, the others unknown."""
    first = next(iter(CONCERNS))
    nothing = np.full(len(concern), np.nan, np.float32)
    return ArtefactScores(
        concerns={name: concern.astype(np.float32) if name == first else nothing for name in CONCERNS},
        weights=dict.fromkeys(CONCERNS, 1.0),
    )


@pytest.fixture
def score() -> np.ndarray:
    rng = np.random.default_rng(3)
    found = rng.normal(size=N)
    found[[4, 17]] = np.nan
    return found


def nobody() -> np.ndarray:
    return np.zeros(N, dtype=bool)


def test_without_demotion_it_is_the_score_sorted_and_what_has_none_is_left_out(score):
    queue = outlier_queue(score, artefacts(np.ones(N)), strength=0.0, labelled=nobody())
    by_hand = sorted((i for i in range(N) if np.isfinite(score[i])), key=lambda i: -score[i])
    assert queue.rows.tolist() == by_hand
    assert [queue.rank[i] for i in by_hand] == list(range(1, N - 1))
    assert queue.rank[4] == queue.rank[17] == 0
    assert queue.place(4) is None


def test_artefacts_sink_as_far_as_one_likes(score):
    suspect = nobody()
    suspect[int(np.nanargmax(score))] = True
    ranks = [
        outlier_queue(score, artefacts(suspect), strength=strength, labelled=nobody()).rank[suspect][0]
        for strength in (0.0, 0.25, 0.5, 1.0)
    ]
    assert ranks[0] == 1
    assert ranks == sorted(ranks)
    assert ranks[-1] == N - 2


def test_labelled_sources_come_last_and_keep_their_rank(score):
    labelled = nobody()
    labelled[[1, 2, 30]] = True
    plain = outlier_queue(score, artefacts(np.zeros(N)), labelled=nobody())
    queue = outlier_queue(score, artefacts(np.zeros(N)), labelled=labelled)
    assert set(queue.rows[-3:].tolist()) == {1, 2, 30}
    assert (queue.rank == plain.rank).all()
    mixed = outlier_queue(score, artefacts(np.zeros(N)), labelled=labelled, unlabelled_first=False)
    assert (mixed.rows == plain.rows).all()


def test_steps_stay_within_the_queue_and_the_next_open_one_is_behind(score):
    labelled = nobody()
    plain = outlier_queue(score, artefacts(np.zeros(N)), labelled=labelled).rows
    labelled[plain[[1, 2]]] = True
    queue = outlier_queue(score, artefacts(np.zeros(N)), labelled=labelled)
    first, last = int(queue.rows[0]), int(queue.rows[-1])
    assert (queue.step(first, -1), queue.step(last, 1)) == (first, last)
    assert queue.step(first, 1) == plain[3]
    assert queue.next_open(int(plain[1])) == plain[3]
    assert queue.next_open(int(plain[-1])) == plain[0]
    assert queue.first_open({int(plain[0]), int(plain[3])}) == plain[4]


def test_when_everything_is_labelled_nothing_is_open(score):
    queue = outlier_queue(score, artefacts(np.zeros(N)), labelled=~nobody())
    assert queue.first_open(set()) is None
    assert queue.next_open(5) == 5


def test_a_label_is_of_every_observation_and_counts_once():
    survey = SimpleNamespace(sources=pd.DataFrame({"name": ["a", "b", "a", "c", "d"]}))
    labels = {"a": "5", "c": "unsure", "d": "seen elsewhere", "gone": "3"}
    assert labelled_mask(survey, labels).tolist() == [True, False, True, True, True]
    assert label_weights(survey, labels) == {0: 1.0}


def test_planted_sources_are_counted_only_to_be_told():
    rarity = np.array(["", "pulsating ULX", "pile-up artefact", "pulsating ULX", ""] * 20)
    rank = np.arange(1, 101)
    survey = SimpleNamespace(truth=pd.DataFrame({"rarity": rarity}))
    found = planted_found(survey, rank, percent=5.0)
    assert (found.found, found.planted, found.artefacts_found, found.artefacts, found.looked_at) == (2, 40, 1, 20, 5)
    assert planted_found(SimpleNamespace(truth=None), rank) is None
