"""The stages of gathering by name, and how they follow each other: the way from an archive to a survey."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import alignlab
from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.progress import OnStep, part_of
from alignlab.services.gather.stage import StageOutcome, StagePlan
from alignlab.store.collection import Collection, collection_folder, open_collection
from alignlab.training.recipe_base import Recipe

#: Fact about a collection: stage → its last settings, when it first began and last ended, and what was there then.
STAGES_FACT = "stages"
#: Ends of the names of settings that may also come from the environment: where a service is, is a matter of the place.
_PLACES = ("address", "url")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step on the way; the module ``alignlab.services.gather.<name>`` does it.

    Attributes
    ----------
    name, label, summary : str
        For the command line, for a person, and in one sentence.
    settings_class : str
        Name of the settings' class in its module.
    share : float
        Of the time that all stages take, roughly.
    begins : bool
        Whether it may begin a collection.
    asks : bool
        Whether it asks an archive or a model, or only works on what is there.
    """

    name: str
    label: str
    summary: str
    settings_class: str
    share: float
    begins: bool = False
    asks: bool = True

    @property
    def settings(self) -> type[Recipe]:
        """Class of its settings."""
        found: type[Recipe] = getattr(self._module, self.settings_class)
        return found

    def gather(
        self, collection: Collection, settings: Recipe, *, config: Config, on_step: OnStep | None
    ) -> StageOutcome:
        """Do it, going on where an earlier call was killed."""
        do: Callable[..., StageOutcome] = getattr(self._module, f"gather_{self.name}")
        return do(collection, settings, config=config, on_step=on_step)

    def plan(self, collection: Collection, settings: Recipe, *, config: Config) -> StagePlan:
        """Count what it would fetch."""
        count: Callable[..., StagePlan] = getattr(self._module, f"plan_{self.name}")
        return count(collection, settings, config=config)

    @property
    def _module(self) -> Any:
        return importlib.import_module(f"alignlab.services.gather.{self.name}")


#: In the order in which they follow each other: what is cheap comes before what is long, what is paid after that.
STAGES: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage(
            name="csc",
            label="Catalogue",
            summary="Ask the Chandra Source Catalog for sources and their detections.",
            settings_class="CscSettings",
            share=0.1,
            begins=True,
        ),
        Stage(
            name="simbad",
            label="Identification",
            summary="Match the sources with SIMBAD: type, other names, references.",
            settings_class="SimbadSettings",
            share=0.1,
        ),
        Stage(
            name="ads",
            label="Papers",
            summary="Ask ADS for the papers about the sources.",
            settings_class="AdsSettings",
            share=0.1,
        ),
        Stage(
            name="products",
            label="Spectra",
            summary="Download the spectrum, ARF and RMF of each detection.",
            settings_class="ProductsSettings",
            share=0.4,
        ),
        Stage(
            name="summaries",
            label="Summaries",
            summary="Summarise what the papers say of each source, aspect by aspect.",
            settings_class="SummariesSettings",
            share=0.2,
        ),
        Stage(
            name="assemble",
            label="Survey",
            summary="Measure the spectra, embed the summaries and publish the survey.",
            settings_class="AssembleSettings",
            share=0.1,
            asks=False,
        ),
    )
}

Settings = Mapping[str, Recipe]
Given = Mapping[str, Mapping[str, Any]]
OnOutcome = Callable[[Stage, StageOutcome], None]


def stage(name: str) -> Stage:
    """The stage of that name.

    Raises
    ------
    AlignlabError
        If there is none.
    """
    if name not in STAGES:
        raise AlignlabError(f"There is no stage {name!r}.", remedy=f"Choose one of {', '.join(STAGES)}.")
    return STAGES[name]


def settings_of_all(given: Given) -> dict[str, Recipe]:
    """Settings of every stage: what is given, else where services are by the environment, else the defaults.

    Raises
    ------
    RecipeError
        If a value cannot be.
    """
    settings = {}
    for name, each in STAGES.items():
        known = [field.name for field in fields(each.settings)]  # type: ignore[arg-type]
        variables = {field: variable for field in known if (variable := place_variable(name, field))}
        placed = {field: os.environ[variable] for field, variable in variables.items() if variable in os.environ}
        settings[name] = each.settings.from_json({**placed, **given.get(name, {})})
    return settings


def place_variable(stage: str, field: str) -> str:
    """The environment's variable for a setting that says where a service is; empty for any other setting."""
    return f"ALIGNLAB_{stage}_{field}".upper().replace("-", "_") if field.endswith(_PLACES) else ""


def run_stages(
    name: str,
    settings: Settings,
    *,
    config: Config,
    on_step: OnStep | None = None,
    on_outcome: OnOutcome | None = None,
) -> dict[str, StageOutcome]:
    """Do stages in their order; killed and called again, each goes on where it was.

    Parameters
    ----------
    name : str
        Of the collection, which is begun if the first of the stages may begin one.
    settings : mapping
        Stage → its settings; the other stages are passed over.
    config : Config
    on_step : callable, optional
    on_outcome : callable, optional
        Is given each stage and its outcome as soon as it has ended.

    Raises
    ------
    AlignlabError
        If a stage cannot be done; what came before it, and what it has gathered, stays.
    StoppedError
        If `on_step` returned False.
    """
    chosen = in_order(settings)
    collection = Collection(collection_folder(config, name)) if chosen[0].begins else open_collection(config, name)
    outcomes = {}
    with collection.gathering():
        for each, first, last in _spans(chosen):
            _note(collection, each, settings[each.name])
            step = _named(each, part_of(on_step, first, last))
            outcome = each.gather(collection, settings[each.name], config=config, on_step=step)
            _note(collection, each, settings[each.name], outcome)
            outcomes[each.name] = outcome
            if on_outcome is not None:
                on_outcome(each, outcome)
    return outcomes


def plan_stages(name: str, settings: Settings, *, config: Config) -> Iterator[tuple[Stage, StagePlan]]:
    """What each of the stages would fetch, given what is there now; nothing is fetched or made.

    Raises
    ------
    AlignlabError
        If there is no such collection and the first of the stages cannot begin one, or an archive cannot be asked.
    """
    chosen = in_order(settings)
    with _looked_into(name, chosen[0], config) as collection:
        if chosen[0].begins and len(chosen) > 1 and not collection.count("detections"):
            yield from _plans_from_the_start(collection, chosen, settings, config)
            return
        for each in chosen:
            yield each, each.plan(collection, settings[each.name], config=config)


def _plans_from_the_start(
    collection: Collection, chosen: Sequence[Stage], settings: Settings, config: Config
) -> Iterator[tuple[Stage, StagePlan]]:
    """What the first stage counts, and what the others would take for so many sources."""
    from alignlab.services.gather.imagined import imagined, scaled

    first, *others = chosen
    plan = first.plan(collection, settings[first.name], config=config)
    yield first, plan
    if not plan.n_wanted:
        return
    with imagined(plan.n_wanted) as (stand_in, place, factor):
        for each in (other for other in others if other.asks):
            told = each.plan(stand_in, settings[each.name], config=place)
            yield each, scaled(told, factor, plan.n_wanted)


def in_order(names: Sequence[str] | Mapping[str, Any]) -> list[Stage]:
    """These stages in the order in which they follow each other.

    Raises
    ------
    AlignlabError
        If there is none, or one is unknown.
    """
    wanted = {stage(name).name for name in names}
    if not wanted:
        raise AlignlabError("No stage was named.", remedy=f"Choose from {', '.join(STAGES)}.")
    return [each for each in STAGES.values() if each.name in wanted]


@contextmanager
def _looked_into(name: str, first: Stage, config: Config) -> Iterator[Collection]:
    """The collection, or where it is still to be begun an empty one that leaves nothing behind."""
    if (collection_folder(config, name) / "collection.sqlite").is_file() or not first.begins:
        yield open_collection(config, name)
        return
    with tempfile.TemporaryDirectory(prefix="alignlab.") as folder:
        yield Collection(Path(folder) / name)


def _spans(chosen: Sequence[Stage]) -> Iterator[tuple[Stage, float, float]]:
    whole, before = sum(each.share for each in chosen), 0.0
    for each in chosen:
        yield each, before / whole, (before + each.share) / whole
        before += each.share


def _named(each: Stage, on_step: OnStep | None) -> OnStep | None:
    """Progress that says which stage it is of."""
    if on_step is None:
        return None
    return lambda done, total, info: on_step(done, total, f"{each.label.lower()}: {info}")


def _note(collection: Collection, each: Stage, settings: Recipe, outcome: StageOutcome | None = None) -> None:
    """Remember with which settings a stage was done, and when: it goes into the survey's provenance."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    known: dict[str, Any] = collection.fact(STAGES_FACT) or {}
    before = known.get(each.name, {})
    is_told = {} if outcome is None else {"ended_utc": now, "what": outcome.what, "n_there": outcome.n_there}
    known[each.name] = {
        **before,
        "began_utc": before.get("began_utc", now),
        "settings": asdict(settings),  # type: ignore[call-overload]
        "alignlab_version": alignlab.__version__,
        **is_told,
    }
    collection.set_fact(STAGES_FACT, known)
