"""Text embedders with their memory: vectors that were paid for are kept, and a survey's texts have one embedder."""

from __future__ import annotations

from alignlab.config import Config
from alignlab.errors import DamagedArtefactError
from alignlab.literature.aspects import ASPECTS
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
    DamagedArtefactError
        If its text vectors are not those of the embedder it names.
    """
    settings, state = survey.embedder()
    made = load_embedder(settings, state, kept=_kept(str(settings.get("name")), config))
    width = survey.text.shape[1] // len(ASPECTS)
    if made.dim != width:
        raise DamagedArtefactError(
            f"Survey {survey.name!r} has text vectors of {width} numbers, but names the embedder {made.name!r}, whose "
            f"vectors have {made.dim}: its texts were embedded by another.",
            remedy="Make the survey anew.",
        )
    return made


def _kept(name: str, config: Config) -> RowStore | None:
    """Where vectors are kept that somebody was asked for; others are made anew faster than they are read."""
    return RowStore(config.answers_path) if name.startswith("openai:") else None
