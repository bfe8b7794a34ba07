"""An interpretation, stage by stage: what is quick to find and most wanted comes first."""

from __future__ import annotations

from collections.abc import Iterator

from alignlab.services.interpret.contract import Interpretation
from alignlab.services.subject import Subject

N_NEIGHBOURS = 5
N_PAPERS = 5


def interpret_stages(
    subject: Subject,
    *,
    position: tuple[float, float] | None = None,
    k: int = N_NEIGHBOURS,
    n_papers: int = N_PAPERS,
    llm_model: str | None = None,
) -> Iterator[Interpretation]:
    """Interpret a source, giving what is known after each stage of `STAGES`.

    Parameters
    ----------
    subject : Subject
        A dropped source (`subject_of` with the workspace that has the drop laid over), or one of the run's own survey,
        which is then left out of everything that it is compared with.
    position : (float, float), optional
        ICRS in degrees; by default that of its file.
    k : int
        How many neighbours are shown.
    n_papers : int
    llm_model : str, optional
        Language model for a paragraph; without, there is no stage ``paragraph``.

    Yields
    ------
    Interpretation
        Once per stage, each with everything of those before.
    """
    raise NotImplementedError
