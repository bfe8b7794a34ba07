"""Gathering detections of the Chandra Source Catalog into a collection."""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Iterator

import pytest
from pyvo.dal import TAPService

from alignlab.config import Config
from alignlab.errors import AlignlabError, RecipeError
from alignlab.ingest.archive import ArchiveError, ArchiveSession
from alignlab.progress import StoppedError
from alignlab.services.gather.csc import CscSettings, gather_csc, plan_csc
from alignlab.store.collection import Collection
from tests.archives.csc_archive import csc_server, sky
from tests.archives.faults import PASSING, Fault
from tests.archives.killing import gather_with_kills, soon_after
from tests.archives.serving import Reply, Request
from tests.archives.tap_server import TapServer

SKY = sky(240)
#: By hand what the default limits leave.
WANTED = SKY[
    (SKY["instrument"] == "ACIS") & (SKY["grating"] == "NONE") & (SKY["flux_significance_b"] >= 5) & (SKY["theta"] <= 5)
]
KEYS = {f"{row.obsid:05d}_000_{row.region_id:04d}" for row in WANTED.itertuples()}


@pytest.fixture
def server() -> Iterator[TapServer]:
    with csc_server(SKY) as server:
        yield server


@pytest.fixture
def collection(config: Config) -> Collection:
    return Collection(config.collections_dir / "sky")


def keys(collection: Collection) -> set[str]:
    return set(collection.frame("detections").index)


def test_what_is_planned_is_gathered(server: TapServer, collection: Collection, config: Config) -> None:
    settings = CscSettings(address=server.url, page_rows=20)
    plan = plan_csc(collection, settings, config=config)
    assert (plan.n_wanted, plan.n_there, plan.n_requests) == (len(WANTED), 0, -(-len(WANTED) // 20))
    assert collection.count("detections") == 0

    told: list[tuple[int, int]] = []
    outcome = gather_csc(
        collection, settings, config=config, on_step=lambda done, total, info: told.append((done, total)) is None
    )
    assert keys(collection) == KEYS
    assert set(collection.frame("sources").index) == set(WANTED["name"])
    assert (outcome.n_there, outcome.n_new, outcome.problems) == (len(KEYS), len(KEYS), ())
    assert told == sorted(told) and told[-1][1] == len(WANTED)
    assert plan_csc(collection, settings, config=config).n_to_do == 0


def test_gathering_again_asks_nothing(server: TapServer, collection: Collection, config: Config) -> None:
    settings = CscSettings(address=server.url)
    gather_csc(collection, settings, config=config)
    n_asked = len(server.asked)
    assert gather_csc(collection, settings, config=config).n_new == 0
    assert len(server.asked) == n_asked


def test_names_are_asked_for_some_at_a_time_and_unknown_ones_told(
    server: TapServer, collection: Collection, config: Config
) -> None:
    names = (*WANTED["name"].unique()[:9], "2CXO J999999")
    settings = CscSettings(address=server.url, names=names)
    assert plan_csc(collection, settings, config=config).n_wanted == WANTED["name"].isin(names).sum()
    outcome = gather_csc(collection, settings, config=config)
    assert set(collection.frame("sources").index) == set(names[:9])
    assert outcome.n_there == WANTED["name"].isin(names).sum()
    assert "1 names" in outcome.problems[0] and "2CXO J999999" in outcome.problems[0]

    # More names later: only those are asked for.
    server.questions.clear()
    more = CscSettings(address=server.url, names=(*names, *WANTED["name"].unique()[9:12]))
    gather_csc(collection, more, config=config)
    assert len(server.questions) == 1 and names[0] not in server.questions[0][0]
    assert set(collection.frame("sources").index) == set(WANTED["name"].unique()[:12])


def test_a_circle_and_a_limit(server: TapServer, collection: Collection, config: Config) -> None:
    settings = CscSettings(address=server.url, cone="83.8 -5.4 20", page_rows=10)
    plan = plan_csc(collection, settings, config=config)
    outcome = gather_csc(collection, settings, config=config)
    assert 5 < outcome.n_there <= plan.n_wanted
    limited = Collection(config.collections_dir / "few")
    assert gather_csc(limited, CscSettings(address=server.url, limit=7), config=config).n_there == 7
    # A larger limit goes on where the smaller one ended.
    assert gather_csc(limited, CscSettings(address=server.url, limit=9), config=config).n_new == 2


def test_large_selections_are_jobs_of_the_service(server: TapServer, collection: Collection, config: Config) -> None:
    gather_csc(collection, CscSettings(address=server.url, page_rows=50, async_above=10), config=config)
    assert keys(collection) == KEYS
    assert len(server.deleted) >= 2 and not server.jobs


def test_stopped_in_a_job_it_leaves_nothing_at_the_service_and_goes_on_later(
    server: TapServer, collection: Collection, config: Config
) -> None:
    server.job_s = 30
    settings = CscSettings(address=server.url, async_above=1)

    def until_a_job_runs(done: int, total: int, info: str) -> bool:
        return not any(job.phase == "EXECUTING" for job in server.jobs.values())

    with pytest.raises(StoppedError):
        gather_csc(collection, settings, config=config, on_step=until_a_job_runs)
    assert not server.jobs
    server.job_s = 0
    gather_csc(collection, settings, config=config)
    assert keys(collection) == KEYS


@pytest.mark.parametrize("fault", PASSING[:1] + PASSING[3:4], ids=lambda fault: fault.kind)
def test_it_gets_through_faults(server: TapServer, collection: Collection, config: Config, fault: Fault) -> None:
    server.faults.order(fault)
    gather_csc(collection, CscSettings(address=server.url, page_rows=50), config=config)
    assert keys(collection) == KEYS


def test_after_an_error_it_goes_on_with_the_next_page(
    server: TapServer, collection: Collection, config: Config
) -> None:
    settings = CscSettings(address=server.url, page_rows=40)
    answer = server.answer

    def fails_at_the_fourth(request: Request) -> Reply:
        # Before it came the columns, the number and the first page.
        return Reply(status=404) if len(server.asked) == 4 else answer(request)

    server.answer = fails_at_the_fourth  # type: ignore[method-assign]
    with pytest.raises(ArchiveError, match="404"):
        gather_csc(collection, settings, config=config)
    assert collection.count("detections") == 40
    gather_csc(collection, settings, config=config)
    assert keys(collection) == KEYS
    assert server.n_asked_again == 0


def test_killed_at_any_moment_it_loses_and_doubles_nothing(server: TapServer, config: Config) -> None:
    server.sync_s = 0.02
    dice = random.Random(6)
    n_pages = -(-len(WANTED) // 6)
    after = sorted(dice.sample(range(1, n_pages), 4))

    n_kills = gather_with_kills(
        config.data_dir,
        "csc",
        CscSettings(address=server.url, page_rows=6).to_json(),
        moments=[soon_after(server, n, dice, within_s=0.02) for n in after],
    )
    collection = Collection(config.collections_dir / "sky")
    assert keys(collection) == KEYS
    assert set(collection.frame("sources").index) == set(WANTED["name"])
    assert n_kills == 4
    assert server.n_asked_again <= n_kills


def test_a_job_that_a_killed_process_has_left_is_gone_on_with(server: TapServer, config: Config) -> None:
    server.job_s = 0.6
    settings = CscSettings(address=server.url, async_above=1)

    def a_job_runs() -> bool:
        return any(job.phase == "EXECUTING" for job in list(server.jobs.values())) and not time.sleep(0.2)

    assert gather_with_kills(config.data_dir, "csc", settings.to_json(), moments=[a_job_runs]) == 1
    assert keys(Collection(config.collections_dir / "sky")) == KEYS
    assert server.n_asked_again == 0 and len(server.deleted) == 1 and not server.jobs


def test_a_job_that_was_left_and_asks_something_else_is_deleted(
    server: TapServer, collection: Collection, config: Config
) -> None:
    service = TAPService(server.url, session=ArchiveSession("test"))
    collection.set_fact("csc/job", service.submit_job("SELECT name FROM csc21.master_source").url)
    assert len(server.jobs) == 1
    gather_csc(collection, CscSettings(address=server.url, async_above=1), config=config)
    assert keys(collection) == KEYS and not server.jobs
    collection.set_fact("csc/job", "http://127.0.0.1:9/async/of-another-host")
    gather_csc(collection, CscSettings(address=server.url, async_above=1, min_significance=6.0), config=config)


@pytest.mark.parametrize(
    "changes",
    [{"release": "1.1"}, {"cone": "1 2"}, {"names": ("a",), "cone": "1 2 3"}, {"names": ("",)}, {"page_rows": 0},
     {"min_significance": -1.0}],
    ids=str,
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises((RecipeError, AlignlabError)):
        CscSettings(**changes)


def test_settings_survive_json() -> None:
    settings = CscSettings(names=("a", "b"), limit=3)
    assert CscSettings.from_json(settings.to_json()) == settings
    assert set(CscSettings.MEANINGS) == {field.name for field in dataclasses.fields(CscSettings)}
