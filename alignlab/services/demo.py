"""The demo: a simulated survey and a run of the paper's recipe on it, built once, by whoever asks first."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from alignlab.config import Config, load_config
from alignlab.progress import OnStep, part_of, report
from alignlab.services.background import Progress, Task
from alignlab.services.workspace import DEMO, Catalogue
from alignlab.spectra.grid import minmax_normalise
from alignlab.store.artefact import Meta
from alignlab.store.survey import Photons, Survey, SurveyContents, paper_split, write_survey

#: The paper's number of sources.
N_SOURCES = 11_447
SEED = 7
EMBEDDER = "lsa"


def build_survey(
    config: Config,
    *,
    name: str = DEMO,
    n_sources: int = N_SOURCES,
    seed: int = SEED,
    on_step: OnStep | None = None,
) -> Survey:
    """Simulate a survey with its literature, embed the texts and publish it as `name`."""
    # Imported here: a page that only watches the progress need not wait for torch and scikit-learn.
    from alignlab.literature.embedders import embed_aspects, embedder
    from alignlab.literature.generator import TextNoise, write_literature
    from alignlab.spectra.simulate import simulate_survey

    simulated = simulate_survey(n_sources, seed=seed, on_step=part_of(on_step, 0.0, 0.75))
    split, rng = draw_split(n_sources, seed=seed)
    report(on_step, 76, 100, "writing literature")
    noise = TextNoise()
    literature = write_literature(simulated.truth, simulated.variables, rng=rng, settings=noise)
    report(on_step, 84, 100, "embedding texts")
    summaries = literature.summaries
    training_rows = split[summaries["source_index"].to_numpy()] == "train"
    fitted = embedder(EMBEDDER).fit(summaries["text"].to_numpy()[training_rows])
    text, mask = embed_aspects(summaries, n_sources, fitted)
    report(on_step, 97, 100, "saving the survey")
    events = simulated.events
    contents = SurveyContents(
        sources=simulated.sources.assign(split=split),
        variables=simulated.variables,
        limits=simulated.limits,
        photons=Photons(events.time_s, events.energy_kev, events.offsets),
        arrays={
            "spectra": minmax_normalise(simulated.counts),
            "counts": simulated.counts,
            "background": simulated.background,
            "expected": simulated.expected,
            "text": text,
            "text_mask": mask,
        },
        truth=simulated.truth,
        papers=literature.papers,
        source_papers=literature.source_papers,
        summaries=summaries,
        embedder=fitted.state(),
        embedder_config=fitted.config(),
    )
    recipe = {"n_sources": n_sources, "grid_kind": "log", "embedder": EMBEDDER, "text_noise": asdict(noise)}
    meta = Meta(kind="survey", name=name, simulated=True, seed=seed, recipe=recipe)
    return write_survey(contents, meta, config.surveys_dir)


def draw_split(n_sources: int, *, seed: int) -> tuple[NDArray[np.str_], np.random.Generator]:
    """The split of a simulated survey, and the generator that goes on to write its literature."""
    rng = np.random.default_rng([seed, 1])
    return paper_split(n_sources, rng=rng), rng


def build_demo(
    *, config: Config | None = None, n_sources: int = N_SOURCES, seed: int = SEED, on_step: OnStep | None = None
) -> None:
    """Build the demo survey and its run, whichever is absent."""
    from alignlab.services.runs import train_run

    config = config or load_config()
    catalogue = Catalogue(config)
    catalogue.sweep()
    if DEMO in catalogue.survey_names():
        survey = catalogue.survey(DEMO)
    else:
        survey = build_survey(config, n_sources=n_sources, seed=seed, on_step=part_of(on_step, 0.0, 0.65))
    if not catalogue.run_ids(DEMO):
        train_run(survey, config=config, seed=survey.meta.seed or 0, on_step=part_of(on_step, 0.65, 1.0))


def is_built(config: Config) -> bool:
    """Whether there is something to open: a survey with a run."""
    return Catalogue(config).default_survey_name() is not None


def demo_task(config: Config) -> Task:
    """The background task that builds the demo."""
    return Task(config, "demo")


def ensure_demo_started(config: Config | None = None) -> Progress:
    """Start building the demo in the background unless it is there or being built; return how far it is.

    A failed build is not started again on its own: the error is returned until `retry_demo` is called.
    """
    config = config or load_config()
    if is_built(config):
        return Progress(fraction=1.0, message="ready", done=True)
    task = demo_task(config)
    progress = task.progress()
    if not task.is_running() and not progress.error:
        task.start(["demo", "--background"])
        progress = task.progress()
    return progress


def retry_demo(config: Config | None = None) -> None:
    """Start the build again after a failure."""
    demo_task(config or load_config()).start(["demo", "--background"])
