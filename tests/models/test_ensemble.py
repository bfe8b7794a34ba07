"""An ensemble's vectors: unit length, and their product is the mean of the members' cosines."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alignlab.models.ensemble import apply_aligned, combine_vectors, ensemble_weights, members_of
from alignlab.models.heads import AlignmentHeads, HeadsShape, apply_heads


def heads(seed: int, shared_dim: int) -> dict:
    torch.manual_seed(seed)
    return AlignmentHeads(HeadsShape(spectrum_dim=10, text_dim=12, shared_dim=shared_dim, hidden_dim=16)).to_weights()


@pytest.fixture
def rows() -> dict:
    rng = np.random.default_rng(0)
    return {
        "spectrum": rng.normal(size=(20, 10)).astype(np.float32),
        "text": rng.normal(size=(20, 12)).astype(np.float32),
        "mask": rng.random((20, 3)) < 0.7,
    }


def test_a_product_of_ensemble_vectors_is_the_mean_of_the_members_cosines(rows: dict) -> None:
    members = [heads(seed, shared_dim) for seed, shared_dim in ((0, 6), (1, 6), (2, 9))]
    spectrum, text = apply_aligned(ensemble_weights(members), **rows)
    apart = [apply_heads(member, **rows) for member in members]
    np.testing.assert_allclose(spectrum @ text.T, np.mean([s @ t.T for s, t in apart], axis=0), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(spectrum, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(text, axis=1), 1, atol=1e-6)
    assert spectrum.shape == text.shape == (20, 6 + 6 + 9)


def test_one_pair_of_heads_answers_as_ever(rows: dict) -> None:
    weights = heads(0, 6)
    for ours, theirs in zip(apply_aligned(weights, **rows), apply_heads(weights, **rows), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_is_not_given_has_no_answer(rows: dict) -> None:
    weights = ensemble_weights([heads(0, 6), heads(1, 6)])
    assert apply_aligned(weights, spectrum=rows["spectrum"])[1] is None
    assert apply_aligned(weights, text=rows["text"], mask=rows["mask"])[0] is None


def test_members_come_back_as_they_went_in() -> None:
    members = [heads(seed, 4) for seed in range(11)]
    for back, member in zip(members_of(ensemble_weights(members)), members, strict=True):
        assert back.keys() == member.keys()
        assert all(np.array_equal(back[name], member[name]) for name in member)


def test_what_is_no_ensemble_is_said() -> None:
    with pytest.raises(ValueError, match="at least one member"):
        ensemble_weights([])
    with pytest.raises(ValueError, match="no ensemble of this version"):
        members_of({"ensemble": np.frombuffer(b"[]", np.uint8)})
    with pytest.raises(ValueError, match="no alignment heads"):
        apply_aligned({"ensemble": np.frombuffer(b'{"members": 2}', np.uint8)}, spectrum=np.zeros((1, 10)))
    with pytest.raises(ValueError, match="same rows"):
        combine_vectors([np.ones((2, 3), np.float32), np.ones((3, 3), np.float32)])


def test_members_may_see_different_inputs(rows: dict) -> None:
    """One sees latents, one the bins of the spectrum, one both."""
    bins = np.random.default_rng(1).random((20, 7)).astype(np.float32)
    seen = {"latents": 10, "spectrum": 7, "both": 17}
    members = []
    for kind, dim in seen.items():
        torch.manual_seed(0)
        shape = HeadsShape(spectrum_dim=dim, text_dim=12, shared_dim=5, hidden_dim=16, spectrum_input=kind)
        members.append(AlignmentHeads(shape).to_weights())
    spectrum, _ = apply_aligned(ensemble_weights(members), spectrum=rows["spectrum"], bins=bins)
    alone, _ = apply_heads(members[1], spectrum=rows["spectrum"], bins=bins)
    np.testing.assert_allclose(spectrum[:, 5:10] * np.sqrt(3), alone, atol=1e-6)
