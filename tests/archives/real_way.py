"""The whole way from the archives to a survey, in small steps: something to kill and to take up again."""

from __future__ import annotations

from alignlab.config import Config
from alignlab.services.gather.stages import STAGES, run_stages
from alignlab.services.job_kinds.ingest import IngestRecipe
from alignlab.store.collection import PLACES, Collection
from alignlab.store.survey import Survey
from tests.archives.whole_sky import Archives

#: Questions at the same time: so many may be asked again after a kill.
THREADS = 2
MODEL = "openai:gpt-4o-mini"


RealSettings = IngestRecipe


def small_steps(sky: Archives) -> IngestRecipe:
    """All stages, a few things per request."""
    given = {
        "csc": {"address": sky.csc.url, "page_rows": 6},
        "simbad": {"address": sky.simbad.url, "sources_per_request": 6},
        "ads": {"address": sky.ads.address, "papers_per_request": 8},
        "products": {
            "address": sky.products.url,
            "per_package": 4,
            "concurrency": THREADS,
            "kinds": ["pha", "arf", "rmf"],
        },
        "summaries": {"summariser": MODEL, "base_url": sky.model.address, "concurrency": THREADS, "max_usd": 1.0},
        "assemble": {},
    }
    settings = {name: STAGES[name].settings.from_json(values) for name, values in given.items()}
    return IngestRecipe.of(settings)


def gather_real(collection: Collection, recipe: IngestRecipe, *, config: Config) -> None:
    """Do it: what `tests.archives.killing` calls in a process of its own."""
    run_stages(collection.name, recipe.of_stages(), config=config)


def all_asked(sky: Archives) -> int:
    """Requests so far, of all servers."""
    return sum(len(server.asked) for server in sky.servers.values())


def all_repeated(sky: Archives) -> dict[str, int]:
    """Stage → requests that came again although they had been answered."""
    return {stage: server.n_repeated() for stage, server in sky.servers.items()}


def rows_of(collection: Collection) -> dict[str, dict[str, dict[str, object]]]:
    """Everything that was gathered, but for the digests of summaries, in which the address of the model goes."""
    return {
        place: {key: {k: v for k, v in row.items() if k != "digest"} for key, row in collection.rows(place)}
        for place in PLACES
    }


def survey_of(config: Config, name: str = "sky") -> Survey:
    return Survey.open(config.surveys_dir / name)
