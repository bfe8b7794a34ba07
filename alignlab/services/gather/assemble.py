"""The last stage: the collection becomes a survey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from alignlab.config import Config
from alignlab.errors import AlignlabError, RecipeError
from alignlab.progress import OnStep
from alignlab.services.gather.stage import StageOutcome, StagePlan
from alignlab.spectra.grid import GridKind
from alignlab.store.artefact import check_name
from alignlab.store.collection import Collection
from alignlab.training.recipe_base import Range, Recipe

#: Seconds that one core takes to read and measure a spectrum, its fits included.
_MEASURE_S = 0.25


@dataclass(frozen=True, kw_only=True)
class AssembleSettings(Recipe):
    """Which sources become the survey, and how.

    Attributes
    ----------
    survey : str
        Name of the survey; empty for that of the collection.
    only_with_texts : bool
        Leave out sources about which no aspect is discussed: the paper's sample has both, spectrum and text.
    detections : {"best", "all"}
        Per source the most significant detection with a usable spectrum, or each of them.
    variables : {"measured", "catalogue"}
        Which of the two become the survey's variables; measured ones have the catalogue's beside them.
    embedder : str
        By its name, fitted on texts of training sources only where it learns.
    grid : {"log", "linear"}
    seed : int
        Of the split.
    n_processes : int
        That read spectra at the same time; 0 for one per core but one.
    replace : bool
        Put the survey in the place of one of that name.
    """

    name: str = "assemble"
    survey: str = ""
    only_with_texts: bool = True
    detections: str = "best"
    variables: str = "measured"
    embedder: str = "lsa"
    grid: str = "log"
    seed: int = 7
    n_processes: int = 0
    replace: bool = False

    RANGES: ClassVar[dict[str, Range]] = {"seed": (0, 2**31 - 1), "n_processes": (0, 256)}
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "detections": ("best", "all"),
        "variables": ("measured", "catalogue"),
        "grid": ("log", "linear"),
    }
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for these settings; the survey does not depend on it.",
        "survey": "Name of the survey; that of the collection where nothing is said.",
        "only_with_texts": "Leave out sources about which no aspect is discussed, as the paper does.",
        "detections": "Per source its most significant detection with a usable spectrum, or all of them.",
        "variables": "The survey's variables: measured here, with the catalogue's beside, or the catalogue's own.",
        "embedder": "What turns summaries into vectors; lsa needs no network and learns from training texts only.",
        "grid": "Energy bins of equal ratio or of equal width.",
        "seed": "Of the split into training, calibration, validation and test.",
        "n_processes": "Processes that read spectra at the same time; 0 for one per core but one.",
        "replace": "Put the survey in the place of one of that name.",
    }

    @property
    def grid_kind(self) -> GridKind:
        """The grid of the survey's spectra."""
        return "log" if self.grid == "log" else "linear"

    def _check_together(self) -> None:
        if not isinstance(self.survey, str) or not isinstance(self.embedder, str):
            raise RecipeError(f"survey and embedder must be names, not {self.survey!r} and {self.embedder!r}")
        if self.survey:
            check_name(self.survey)


def gather_assemble(
    collection: Collection, settings: AssembleSettings, *, config: Config, on_step: OnStep | None = None
) -> StageOutcome:
    """Make the survey, unless the very same one is there already.

    Raises
    ------
    AlignlabError
        If no source can be used, summaries of several summarisers are mixed, or the name is taken.
    StoppedError
        If `on_step` returned False; spectra that were measured stay so.
    """
    # Imported here: naming the stages need not wait for the readers.
    from alignlab.services.collected_survey import publish_collected

    survey, is_new = publish_collected(collection, settings, config=config, on_step=on_step)
    n, told = survey.n_sources, survey.meta.recipe
    problems = tuple(f"{n} {what} left out" for what, n in told["left_out"].items()) + tuple(told["unusable"])
    facts: dict[str, float | int | str] = {
        "survey": survey.name,
        "papers": int(survey.n_papers.sum()),
        "texts": len(survey.summaries),
    }
    survey.close()
    return StageOutcome(what="sources", n_there=n, n_new=n if is_new else 0, problems=problems, facts=facts)


def plan_assemble(collection: Collection, settings: AssembleSettings, *, config: Config) -> StagePlan:
    """Count the sources that could become the survey with what is there now."""
    from alignlab.services.collected_sources import chosen_detections

    try:
        chosen = chosen_detections(collection, settings)
    except AlignlabError as problem:
        return StagePlan(what="sources", n_wanted=0, n_requests=0, notes=(str(problem),))
    n_keys = sum(map(len, chosen.candidates.values()))
    notes = [f"{n} {what}" for what, n in chosen.left_out.items() if n]
    notes.append(f"reading {n_keys} spectra takes about {n_keys * _MEASURE_S / 60:.0f} minutes of one core at most")
    return StagePlan(what="sources", n_wanted=chosen.n_sources, n_requests=0, notes=tuple(notes))
