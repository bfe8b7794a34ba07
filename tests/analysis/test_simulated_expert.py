from __future__ import annotations

import numpy as np
import pandas as pd

from alignlab.analysis.simulated_expert import TRAITS, graded_marks, label_by_ranking, strict_marks
from alignlab.spectra.population import draw_population
from alignlab.spectra.rarities import RARITIES, plant_rarities


def test_a_ranking_that_learns_nothing_is_read_from_the_top():
    wanted = np.zeros(20, bool)
    wanted[[1, 4, 6, 19]] = True
    found = label_by_ranking(lambda labels: -np.arange(20.0), strict_marks(wanted), wanted, n_labels=4, n_next=3)
    assert found.shown.tolist() == list(range(7))
    assert found.found.tolist() == [0, 1, 1, 1, 2, 2, 3]
    assert (found.found_labelling, found.found_after) == (1, 2)


def test_the_ranking_is_asked_again_with_what_was_said_and_nothing_is_shown_twice():
    wanted = np.arange(10) % 2 == 1
    asked = []

    def rank(labels):
        asked.append(dict(labels))
        return np.arange(10.0)

    found = label_by_ranking(rank, strict_marks(wanted), wanted, n_labels=4, n_next=9, every=2, example=3)
    assert asked == [{3: 5}, {3: 5, 9: 5, 8: 0}, {3: 5, 9: 5, 8: 0, 7: 5, 6: 0}]
    assert sorted(found.shown.tolist()) == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_every_planted_rarity_has_all_or_nearly_all_traits_that_its_expert_knows():
    population = plant_rarities(draw_population(400, rng=np.random.default_rng(0)), rng=np.random.default_rng(1))
    assert set(TRAITS) == set(RARITIES)
    for rarity in RARITIES:
        marks = graded_marks(population, rarity)
        planted = population["rarity"].eq(rarity).to_numpy()
        assert (marks[planted] == 5).all() and marks[~planted].max() <= 3
        traits = pd.concat([trait(population) for trait in TRAITS[rarity]], axis=1)
        assert traits[planted].sum(axis=1).min() >= 2
