"""Gathering files of detections into a collection."""

from __future__ import annotations

import gzip
import hashlib
import random
import threading
from collections.abc import Iterator

import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.ingest.archive import ArchiveError
from alignlab.progress import StoppedError
from alignlab.services.gather.products import ProductsSettings, gather_products, plan_products
from alignlab.store.collection import Collection, detection_key
from tests.archives.faults import PASSING, Fault, cut, disguise, refuse
from tests.archives.killing import gather_with_kills, soon_after
from tests.archives.product_server import ProductServer, small_fits, tar_of
from tests.archives.serving import Reply, Request

IDS = [(100 + i // 3, 0, 1 + i % 3) for i in range(24)]
KINDS = {"pha": "pha3", "arf": "arf3", "rmf": "rmf3", "evt": "regevt3"}


@pytest.fixture
def server() -> Iterator[ProductServer]:
    with ProductServer() as server:
        yield server


@pytest.fixture
def collection(config: Config) -> Collection:
    collection = Collection(config.collections_dir / "sky")
    collection.put(
        "detections",
        {
            detection_key(obsid, obi, region): {"name": f"S{obsid}", "obsid": obsid, "obi": obi, "region_id": region}
            for obsid, obi, region in IDS
        },
    )
    return collection


def check_complete(collection: Collection, kinds: tuple[str, ...] = tuple(KINDS)) -> None:
    """Every file is there once, as the archive has it, and nothing else."""
    table = collection.frame("products")
    wanted = {(detection_key(*of), kind): small_fits(*of, KINDS[kind]) for of in IDS for kind in kinds}
    assert len(table) == len(wanted)
    for path, row in table.iterrows():
        content = (collection.products_folder / str(path)).read_bytes()
        assert content == wanted[row["detection_key"], row["kind"]]
        assert (row["bytes"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    files = {
        str(p.relative_to(collection.products_folder)) for p in collection.products_folder.rglob("*.*") if p.is_file()
    }
    assert files == set(table.index)


def test_what_is_planned_is_gathered(server: ProductServer, collection: Collection, config: Config) -> None:
    settings = ProductsSettings(address=server.url, per_package=5)
    plan = plan_products(collection, settings, config=config)
    assert (plan.n_wanted, plan.n_there, plan.n_requests) == (96, 0, 5)
    assert plan.n_bytes == 24 * 1_138_000
    assert not server.asked
    told: list[tuple[int, int]] = []
    outcome = gather_products(
        collection, settings, config=config, on_step=lambda done, total, info: told.append((done, total)) is None
    )
    check_complete(collection)
    assert (outcome.n_there, outcome.n_new, outcome.problems) == (96, 96, ())
    assert told[0] == (0, 96) and told[-1] == (96, 96) and told == sorted(told)
    assert len(server.asked) == 5
    assert plan_products(collection, settings, config=config).n_to_do == 0
    assert gather_products(collection, settings, config=config).n_new == 0
    assert len(server.asked) == 5


def test_another_kind_later_is_all_that_is_asked_for(
    server: ProductServer, collection: Collection, config: Config
) -> None:
    gather_products(collection, ProductsSettings(address=server.url, kinds=("pha", "arf")), config=config)
    check_complete(collection, ("pha", "arf"))
    server.asked.clear()
    gather_products(collection, ProductsSettings(address=server.url), config=config)
    check_complete(collection)
    assert all("spectrum" not in asked.request.query["packageset"] for asked in server.asked)


@pytest.mark.parametrize("fault", [*PASSING[3:], disguise()], ids=lambda f: f"{f.kind}-{f.share}-{f.chunked}")
def test_it_gets_through_a_fault_or_tells_it(
    server: ProductServer, collection: Collection, config: Config, fault: Fault
) -> None:
    server.faults.order(fault)
    settings = ProductsSettings(address=server.url, concurrency=2)
    outcome = gather_products(collection, settings, config=config)
    if fault.kind == "disguise":
        # Not asked for again by itself: a page is not gone in a second.
        assert "Please log in" in outcome.problems[0] and outcome.n_there < 96
        gather_products(collection, settings, config=config)
    check_complete(collection)


def test_a_service_that_refuses_everything_is_an_error(
    server: ProductServer, collection: Collection, config: Config
) -> None:
    server.faults.at_random(1.0, kinds=(refuse(403),))
    with pytest.raises(ArchiveError, match="403"):
        gather_products(collection, ProductsSettings(address=server.url), config=config)
    assert len(server.asked) <= 6


def test_one_detection_that_the_service_stumbles_over_does_not_cost_the_others(
    server: ProductServer, collection: Collection, config: Config
) -> None:
    answer = server.answer

    def stumbles(request: Request) -> Reply:
        return Reply(status=400) if "103.0.2/" in request.query["packageset"] else answer(request)

    server.answer = stumbles  # type: ignore[method-assign]
    outcome = gather_products(collection, ProductsSettings(address=server.url, per_package=8), config=config)
    assert outcome.n_there == 92
    assert len(outcome.problems) == 1 and "00103_000_0002" in outcome.problems[0]
    server.answer = answer  # type: ignore[method-assign]
    gather_products(collection, ProductsSettings(address=server.url), config=config)
    check_complete(collection)


def test_files_that_the_archive_does_not_have_are_told_and_not_asked_for_again(
    server: ProductServer, collection: Collection, config: Config
) -> None:
    server.content = lambda obsid, obi, region, ending: (
        None if (obsid, ending) == (102, "pha3") else small_fits(obsid, obi, region, ending)
    )
    settings = ProductsSettings(address=server.url)
    outcome = gather_products(collection, settings, config=config)
    assert (outcome.n_there, outcome.facts["absent"]) == (93, 3)
    assert outcome.problems == tuple(f"00102_000_000{i}: the archive has no pha" for i in (1, 2, 3))
    n_asked = len(server.asked)
    gather_products(collection, settings, config=config)
    assert len(server.asked) == n_asked
    server.content = small_fits
    gather_products(collection, ProductsSettings(address=server.url, again=True), config=config)
    check_complete(collection)


def test_a_damaged_file_is_told_and_asked_for_again(
    server: ProductServer, collection: Collection, config: Config
) -> None:
    server.content = lambda *of: small_fits(*of)[:-9] if of == (100, 0, 1, "rmf3") else small_fits(*of)
    settings = ProductsSettings(address=server.url)
    outcome = gather_products(collection, settings, config=config)
    assert len(outcome.problems) == 1 and "cut off" in outcome.problems[0] and "r0001_rmf3" in outcome.problems[0]
    server.content = small_fits
    gather_products(collection, settings, config=config)
    check_complete(collection)


def test_a_package_that_is_a_bomb_is_an_error_and_leaves_nothing(
    server: ProductServer, collection: Collection, config: Config
) -> None:
    server.packed = lambda files: gzip.compress(tar_of(dict.fromkeys(files, bytes(20_000_000))))
    with pytest.raises(AlignlabError, match="unpacks to more"):
        gather_products(collection, ProductsSettings(address=server.url, max_package_mb=1, limit=1), config=config)
    assert [p for p in collection.products_folder.rglob("*") if p.is_file()] == []


def test_stopped_it_ends_soon_and_goes_on_later(server: ProductServer, collection: Collection, config: Config) -> None:
    server.package_s = 0.15
    settings = ProductsSettings(address=server.url, per_package=2, concurrency=2)
    with pytest.raises(StoppedError):
        gather_products(collection, settings, config=config, on_step=lambda done, total, info: done < 24)
    n_there = collection.count("products")
    assert 24 <= n_there < 96
    server.package_s = 0.0
    gather_products(collection, settings, config=config)
    check_complete(collection)


def test_no_more_requests_at_a_time_than_allowed(server: ProductServer, collection: Collection, config: Config) -> None:
    answer, lock, running, most = server.answer, threading.Lock(), 0, 0

    def counted(request: Request) -> Reply:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        reply = answer(request)
        with lock:
            running -= 1
        return reply

    server.answer, server.package_s = counted, 0.05  # type: ignore[method-assign]
    gather_products(collection, ProductsSettings(address=server.url, per_package=2, concurrency=3), config=config)
    assert most == 3


def test_a_full_disk_is_told(server: ProductServer, collection: Collection, config: Config) -> None:
    # A file where the folder should be stands in for a disk that takes nothing more.
    collection.products_folder.mkdir()
    (collection.products_folder / "00100_000_0001").write_text("")
    with pytest.raises(AlignlabError, match="cannot be written"):
        gather_products(collection, ProductsSettings(address=server.url), config=config)
    (collection.products_folder / "00100_000_0001").unlink()
    gather_products(collection, ProductsSettings(address=server.url), config=config)
    check_complete(collection)


def test_without_detections_it_says_what_to_do(config: Config) -> None:
    with pytest.raises(AlignlabError, match="alignlab ingest csc"):
        gather_products(Collection(config.collections_dir / "empty"), ProductsSettings(), config=config)


def test_killed_at_any_moment_it_loses_and_doubles_nothing(
    server: ProductServer, collection: Collection, config: Config
) -> None:
    server.package_s = 0.03
    server.faults.order(cut(0.7))
    dice = random.Random(2)
    n_kills = gather_with_kills(
        config.data_dir,
        "products",
        ProductsSettings(address=server.url, per_package=1, concurrency=2).to_json(),
        moments=[soon_after(server, n, dice, within_s=0.04) for n in sorted(dice.sample(range(1, 23), 4))],
    )
    check_complete(collection)
    assert n_kills == 4
    assert server.n_repeated() <= 2 * n_kills
