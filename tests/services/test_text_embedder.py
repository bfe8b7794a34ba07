from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alignlab.config import Config
from alignlab.errors import DamagedArtefactError
from alignlab.services.text_embedder import open_embedder, survey_embedder
from alignlab.services.word_search import find_by_words
from alignlab.store.survey import Survey
from tests.archives.llm_server import KEY, LlmServer

NAME = "openai:text-embedding-3-small@16"


def test_what_was_embedded_once_needs_no_service(tmp_path: Path, monkeypatch):
    config = Config(data_dir=tmp_path)
    with LlmServer() as server:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", server.address)
        first = open_embedder(NAME, config=config).fit([])
        vectors = first.transform(["A steep power law."])
        n_asked = server.n_asked()
        np.testing.assert_array_equal(
            open_embedder(NAME, config=config).fit([]).transform(["A steep power law."]), vectors
        )
        # Only the known text is asked for again.
        assert server.n_asked() == n_asked + 1
    open_embedder("lsa", config=Config(data_dir=tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_a_survey_whose_vectors_are_another_embedder_s_is_told(workspace, monkeypatch):
    settings = {"name": NAME, "dim": 16, "base_url": ""}
    monkeypatch.setattr(Survey, "embedder", lambda self: (settings, {"probe": np.eye(16, dtype=np.float32)[0]}))
    with pytest.raises(DamagedArtefactError, match="embedded by another"):
        survey_embedder(workspace.survey, config=workspace.config)


def test_a_search_goes_on_in_papers_when_the_survey_s_embedder_cannot_be_asked(workspace, monkeypatch):
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    dim = workspace.survey.text.shape[1] // 3
    settings = {"name": "openai:text-embedding-3-small", "dim": dim, "base_url": ""}
    monkeypatch.setattr(Survey, "embedder", lambda self: (settings, {"probe": np.eye(dim, dtype=np.float32)[0]}))
    assert survey_embedder(workspace.survey, config=workspace.config).config() == settings
    reading = find_by_words(workspace, "young star")
    assert reading.papers
    assert any("in papers alone" in note and "OPENAI_API_KEY" in note for note in reading.notes)
