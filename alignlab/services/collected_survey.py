"""A collection becomes a survey: sources with a usable spectrum, what papers say of them, and whence all that is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.literature.embedders import Embedder, embed_aspects
from alignlab.progress import OnStep, part_of, report
from alignlab.services.collected_sources import check_one_summariser, chosen_detections, usable_detections
from alignlab.services.collected_tables import literature_of, source_table
from alignlab.services.csc_survey import fit_on_training, split_by_name
from alignlab.services.gather.assemble import AssembleSettings
from alignlab.services.gather.stages import STAGES_FACT
from alignlab.services.measured_spectra import measured
from alignlab.services.text_embedder import open_embedder
from alignlab.spectra.grid import minmax_normalise
from alignlab.store.artefact import AlreadyPublishedError, Meta
from alignlab.store.collection import PLACES, Collection
from alignlab.store.survey import Photons, Survey, SurveyContents, write_survey
from alignlab.variables import LIMIT_NAMES, VARIABLE_NAMES

#: Spectra that cannot be used, named in the survey's provenance; of the rest only the number.
_MOST_NAMED = 50
#: Settings on which the survey does not depend.
_WITHOUT_EFFECT = frozenset({"name", "replace", "n_processes", "survey"})
_READING = 0.8
#: The paper's proportions need a source for each split.
_FEWEST_TO_SPLIT = 8


def publish_collected(
    collection: Collection, settings: AssembleSettings, *, config: Config, on_step: OnStep | None = None
) -> tuple[Survey, bool]:
    """Make a survey of a collection; see `alignlab.services.gather.assemble.gather_assemble`.

    Returns
    -------
    survey : Survey
    is_new : bool
        False where the survey of that name was made of the very same rows with the same settings.
    """
    name = settings.survey or collection.name
    report(on_step, 0, 100, "looking through the collection")
    made_of = {"collection": collection_digest(collection)}
    wanted = {key: value for key, value in asdict(settings).items() if key not in _WITHOUT_EFFECT}
    if (config.surveys_dir / name).exists():
        there = Survey.open(config.surveys_dir / name)
        if there.meta.inputs_sha256 == made_of and there.meta.recipe.get("settings") == wanted:
            return there, False
        there.close()
        if not settings.replace:
            raise AlreadyPublishedError(
                f"Survey {name!r} exists already, made of something else or with other settings.",
                remedy="Choose another name with --survey, or add --replace.",
            )
    chosen = chosen_detections(collection, settings)
    keys, unusable = usable_detections(collection, chosen, settings, on_step=part_of(on_step, 0.01, _READING))
    left_out = dict(chosen.left_out)
    if unusable:
        left_out["spectra that cannot be used"] = len(unusable)
    if not keys:
        said = "; ".join(f"{n} {what}" for what, n in left_out.items()) or "it is empty"
        raise AlignlabError(
            f"No source of collection {collection.name!r} can become a survey: {said}.",
            remedy="Gather what is missing, or take sources without texts with --no-only-with-texts.",
        )
    names = [row["name"] for row in collection.get("detections", keys).values()]
    summariser = check_one_summariser(collection, names)
    contents, fitted = _contents(collection, keys, settings, config, on_step)
    recipe: dict[str, Any] = {
        "reader": "collection",
        "collection": collection.name,
        "settings": wanted,
        "stages": collection.fact(STAGES_FACT) or {},
        "summariser": summariser,
        "embedder": settings.embedder if fitted is not None else "",
        "embedder_dim": fitted.dim if fitted is not None else 0,
        "left_out": left_out,
        "unusable": [f"{key}: {problem}" for key, problem in list(unusable.items())[:_MOST_NAMED]],
    }
    report(on_step, 95, 100, "saving the survey")
    meta = Meta(kind="survey", name=name, simulated=False, seed=settings.seed, recipe=recipe, inputs_sha256=made_of)
    survey = write_survey(contents, meta, config.surveys_dir, replace=settings.replace)
    report(on_step, 100, 100, "ready")
    return survey, True


def collection_digest(collection: Collection) -> str:
    """What tells the rows that a survey is made of from others: not when they came, nor papers' full texts."""
    digest = hashlib.sha256()
    for place in PLACES:
        for key, row in collection.rows(place):
            row.pop("full_text", None)
            digest.update(json.dumps([place, key, row], sort_keys=True).encode())
    return digest.hexdigest()


def _contents(
    collection: Collection, keys: Sequence[str], settings: AssembleSettings, config: Config, on_step: OnStep | None
) -> tuple[SurveyContents, Embedder | None]:
    detections = collection.get("detections", keys)
    found = measured(collection, keys, grid_kind=settings.grid_kind)
    sources = source_table(collection, detections, found)
    split = _split(sources["name"], settings.seed)
    counts, background, ratio = (
        np.array([found[key][name] for key in keys], dtype=np.float32)
        for name in ("counts", "background", "response_ratio")
    )
    arrays: dict[str, NDArray] = {
        "spectra": minmax_normalise(counts * ratio),
        "counts": counts,
        "background": background,
    }
    if (ratio != 1).any():
        arrays["response_ratio"] = ratio
    literature = literature_of(collection, list(sources["name"]))
    fitted = None
    if len(literature.summaries):
        report(on_step, int(100 * _READING), 100, "embedding texts")
        fitted = fit_on_training(open_embedder(settings.embedder, config=config), literature.summaries, split)
        arrays["text"], arrays["text_mask"] = embed_aspects(literature.summaries, len(keys), fitted)
    catalogued = _floats(detections.values(), VARIABLE_NAMES)
    by_us = settings.variables == "measured"
    limits = [found[key]["limits"] for key in keys] if by_us else detections.values()
    contents = SurveyContents(
        sources=sources.assign(split=split),
        variables=_floats((found[key]["variables"] for key in keys), VARIABLE_NAMES) if by_us else catalogued,
        limits=_floats(limits, LIMIT_NAMES),
        catalogued=catalogued if by_us else None,
        photons=Photons(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(len(keys) + 1, np.int64)),
        arrays=arrays,
        papers=literature.papers,
        source_papers=literature.source_papers,
        summaries=literature.summaries,
        embedder=fitted.state() if fitted is not None else {},
        embedder_config=fitted.config() if fitted is not None else {},
    )
    return contents, fitted


def _floats(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns)).astype(np.float32)


def _split(names: pd.Series, seed: int) -> NDArray[np.str_]:
    """The splits of the sources, all detections of one together; too few to be split are all for training."""
    if names.nunique() < _FEWEST_TO_SPLIT:
        return np.full(len(names), "train")
    return split_by_name(names, rng=np.random.default_rng([seed, 1]))
