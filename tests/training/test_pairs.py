"""Pairs in memory: moments by hand, the standardisation of the heads, and batches that leave out only the rest."""

from __future__ import annotations

import numpy as np
import torch

from alignlab.models.heads import AlignmentHeads, HeadsShape
from alignlab.training.alignment_trainer import prepare
from alignlab.training.pairs import Batches, Inputs, Pairs, checked_inputs, moments_of


def _inputs(n: int = 40) -> Inputs:
    rng = np.random.default_rng(0)
    spectrum, text = rng.normal(3, 2, size=(n, 4)), rng.normal(-1, 5, size=(n, 6))
    spectrum[:, 3] = 0.5
    return checked_inputs(spectrum, text, rng.random((n, 3)) < 0.6, rng.choice(["train", "test"], n))


def test_moments_are_those_of_the_sources_that_have_the_aspect() -> None:
    inputs = _inputs()
    rows = inputs.split == "train"
    moments = moments_of(inputs, rows)
    for column in range(6):
        values = inputs.text[rows & inputs.mask[:, column // 2], column].astype(float)
        np.testing.assert_allclose(moments.text[0][column], values.mean(), rtol=1e-5)
        np.testing.assert_allclose(moments.text[1][column], values.std(), rtol=1e-5)
    np.testing.assert_allclose(moments.spectrum[0], inputs.spectrum[rows].mean(0), rtol=1e-5)


def test_dimensions_of_an_aspect_may_keep_their_proportions() -> None:
    """Divided by one number per aspect: its mean square is then 1, and a dimension half as wide stays so."""
    inputs = _inputs()
    rows = inputs.split == "train"
    own, common = (moments_of(inputs, rows, text_scale=scale).text for scale in ("dimension", "aspect"))
    assert torch.equal(own[0], common[0])
    for aspect in range(3):
        columns = slice(2 * aspect, 2 * aspect + 2)
        assert len(set(common[1][columns].tolist())) == 1
        values = inputs.text[rows & inputs.mask[:, aspect], columns].astype(float)
        scaled = (values - values.mean(0)) / common[1][columns].numpy()
        np.testing.assert_allclose((scaled**2).mean(), 1, rtol=1e-5)


def test_an_aspect_that_nobody_has_is_standardised_to_nothing() -> None:
    inputs = _inputs()
    mask = inputs.mask & [True, False, True]
    moments = moments_of(Inputs(spectrum=inputs.spectrum, text=inputs.text, mask=mask, split=inputs.split), mask[:, 0])
    assert moments.text[1][2:4].tolist() == [0, 0]


def test_inputs_are_prepared_as_the_heads_do_it() -> None:
    inputs = _inputs()
    moments = moments_of(inputs, inputs.split == "train")
    heads = AlignmentHeads(HeadsShape(spectrum_dim=4, text_dim=6))
    heads.spectrum_head.set_standardisation(*moments.spectrum)
    heads.text_head.set_standardisation(*moments.text)
    pairs, text, mask = prepare(inputs, moments), torch.tensor(inputs.text), torch.tensor(inputs.mask)
    assert torch.equal(pairs.spectrum, heads.spectrum_head.standardise(torch.tensor(inputs.spectrum)))
    assert torch.equal(pairs.text, heads.prepare_text(text, mask))


def test_batches_are_shuffled_whole_and_of_one_size() -> None:
    torch.manual_seed(0)
    numbers = torch.arange(10)
    batches = Batches(Pairs(numbers[:, None], 10 * numbers[:, None], torch.ones(10, 3, dtype=torch.bool)), 4)
    epochs = []
    for _ in range(2):
        seen = [batch.spectrum[:, 0].tolist() for batch in batches if torch.equal(batch.text, 10 * batch.spectrum)]
        assert [len(batch) for batch in seen] == [4, 4]
        epochs.append([row for batch in seen for row in batch])
        assert len(set(epochs[-1])) == 8
    assert epochs[0] != epochs[1]
    assert batches.n_pairs == 8
    assert Batches(batches.pairs, 64).n_pairs == 10
