"""Text embedders with their memory: vectors that were paid for are kept, and a survey's texts have one embedder."""

from __future__ import annotations

from alignlab.config import Config
from alignlab.literature.embedders import Embedder, embedder, load_embedder
from alignlab.store.rows import RowStore
from alignlab.store.survey import Survey


def open_embedder(name: str, *, config: Config) -> Embedder:
    """Make the embedder of that name, not fitted; see `alignlab.literature.embedders.embedder`."""
    return embedder(name, kept=_kept(name, config))


def survey_embedder(survey: Survey, *, config: Config) -> Embedder:
    """The embedder that made a survey's text vectors; new texts are embedded by no other.

    Raises
    ------
    MissingArtefactError
        If the survey has no texts.
    """
    settings, state = survey.embedder()
    return load_embedder(settings, state, kept=_kept(str(settings.get("name")), config))


def _kept(name: str, config: Config) -> RowStore | None:
    """Where vectors are kept that somebody was asked for; others are made anew faster than they are read."""
    return RowStore(config.answers_path) if name.startswith("openai:") else None
