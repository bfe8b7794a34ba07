"""The heads: unit vectors, standardisation, stand-ins for missing aspects, and weights that come back the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alignlab.models.heads import AlignmentHeads, HeadsShape, apply_heads, load_heads


@pytest.fixture
def heads() -> AlignmentHeads:
    torch.manual_seed(0)
    made = AlignmentHeads(HeadsShape(spectrum_dim=10, text_dim=12, shared_dim=6, hidden_dim=16))
    made.spectrum_head.set_standardisation(torch.full((10,), 3.0), torch.full((10,), 2.0))
    with torch.no_grad():
        made.missing.normal_()
    return made.eval()


@pytest.fixture
def rows() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"spectrum": rng.normal(size=(20, 10)), "text": rng.normal(size=(20, 12)), "mask": rng.random((20, 3)) < 0.7}


def test_outputs_are_unit_vectors(heads: AlignmentHeads, rows: dict[str, np.ndarray]) -> None:
    spectrum, text = apply_heads(heads.to_weights(), **rows)
    assert spectrum is not None
    assert text is not None
    for aligned in (spectrum, text):
        assert aligned.shape == (20, 6)
        assert aligned.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(aligned, axis=1), 1, rtol=1e-5)


def test_standardisation_is_part_of_the_weights(heads: AlignmentHeads, rows: dict[str, np.ndarray]) -> None:
    plain = AlignmentHeads(heads.shape).eval()
    plain.load_state_dict(heads.state_dict())
    plain.spectrum_head.set_standardisation(torch.zeros(10), torch.ones(10))
    a, _ = apply_heads(heads.to_weights(), spectrum=rows["spectrum"])
    b, _ = apply_heads(plain.to_weights(), spectrum=(rows["spectrum"] - 3) / 2)
    np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_constant_input_dimension_does_not_divide_by_zero(heads: AlignmentHeads) -> None:
    heads.spectrum_head.set_standardisation(torch.full((10,), 0.5), torch.zeros(10))
    assert np.isfinite(apply_heads(heads.to_weights(), spectrum=np.full((2, 10), 0.5))[0]).all()


def test_numbers_in_the_place_of_a_missing_aspect_do_not_matter(
    heads: AlignmentHeads, rows: dict[str, np.ndarray]
) -> None:
    weights, text, mask = heads.to_weights(), rows["text"], rows["mask"]
    garbled = np.where(np.repeat(mask, 4, axis=1), text, 1e6)
    np.testing.assert_array_equal(
        apply_heads(weights, text=text, mask=mask)[1], apply_heads(weights, text=garbled, mask=mask)[1]
    )
    everything = apply_heads(weights, text=text, mask=np.ones((20, 3), bool))[1]
    changed = np.abs(everything - apply_heads(weights, text=text, mask=mask)[1]).max(axis=1) > 1e-6
    np.testing.assert_array_equal(changed, ~mask.all(axis=1))


@pytest.mark.parametrize(("missing_aspect", "learns"), [("learned", True), ("zero", False)])
def test_stand_ins_are_learned_or_zero(missing_aspect: str, learns: bool) -> None:
    heads = AlignmentHeads(HeadsShape(spectrum_dim=4, text_dim=6, missing_aspect=missing_aspect))  # type: ignore[arg-type]
    mask = torch.tensor([[True, False, True]])
    prepared = heads.prepare_text(torch.ones(1, 6), mask)
    np.testing.assert_array_equal(prepared.detach().numpy(), [[1, 1, 0, 0, 1, 1]])
    heads.align_text(torch.ones(1, 6), mask)[0, 0].backward()
    assert (heads.missing.grad is not None and bool(heads.missing.grad[1].abs().sum() > 0)) is learns


def test_weights_come_back_the_same(heads: AlignmentHeads, rows: dict[str, np.ndarray]) -> None:
    again = load_heads(heads.to_weights())
    assert again.shape == heads.shape
    first, second = apply_heads(heads.to_weights(), **rows), apply_heads(again.to_weights(), **rows, batch_size=7)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_only_what_is_given_is_aligned(heads: AlignmentHeads, rows: dict[str, np.ndarray]) -> None:
    spectrum, text = apply_heads(heads.to_weights(), spectrum=rows["spectrum"])
    assert spectrum is not None
    assert text is None
    assert apply_heads(heads.to_weights(), spectrum=np.empty((0, 10)))[0].shape == (0, 6)  # type: ignore[union-attr]


def test_bad_input_is_refused(heads: AlignmentHeads, rows: dict[str, np.ndarray]) -> None:
    weights = heads.to_weights()
    with pytest.raises(ValueError, match="text needs its mask"):
        apply_heads(weights, text=rows["text"])
    with pytest.raises(ValueError, match=r"spectrum must have shape \(n, 10\), not \(20, 12\)"):
        apply_heads(weights, spectrum=rows["text"])
    with pytest.raises(ValueError, match="spectrum has NaN"):
        apply_heads(weights, spectrum=np.full((2, 10), np.nan))
    with pytest.raises(ValueError, match=r"mask must have shape \(20, 3\)"):
        apply_heads(weights, text=rows["text"], mask=np.ones((20, 2), bool))
    with pytest.raises(ValueError, match="multiple of 3"):
        AlignmentHeads(HeadsShape(spectrum_dim=4, text_dim=7))


def test_foreign_weights_are_refused(heads: AlignmentHeads) -> None:
    with pytest.raises(ValueError, match="no alignment heads"):
        load_heads({"a": np.zeros(3)})
    incomplete = heads.to_weights()
    del incomplete["missing"]
    with pytest.raises(ValueError, match="missing"):
        load_heads(incomplete)
