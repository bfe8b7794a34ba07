"""All stages together: killed again and again, in a full disk, and beside archives that are not themselves."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.services.gather.stages import STAGES_FACT
from alignlab.store.collection import Collection
from alignlab.store.rows import RowStore
from tests.archives.ads_server import TOKEN
from tests.archives.faults import expired_token
from tests.archives.killing import gather_with_kills
from tests.archives.llm_server import KEY
from tests.archives.real_way import THREADS, all_asked, all_repeated, gather_real, rows_of, small_steps, survey_of
from tests.archives.whole_sky import Archives, archives


@pytest.fixture
def sky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archives]:
    monkeypatch.setenv("ALIGNLAB_ADS_TOKEN", TOKEN)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with archives(16) as found:
        yield found


def collection_in(config: Config) -> Collection:
    return Collection(config.collections_dir / "sky")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The same sky gathered without any disturbance."""
    config = Config(data_dir=tmp_path_factory.mktemp("calm"))
    with pytest.MonkeyPatch.context() as patch, archives(16) as found:
        patch.setenv("ALIGNLAB_ADS_TOKEN", TOKEN)
        patch.setenv("OPENAI_API_KEY", KEY)
        gather_real(collection_in(config), small_steps(found), config=config)
        assert set(all_repeated(found).values()) == {0}
    return config


def assert_as_calm(config: Config, calm: Config) -> None:
    assert rows_of(collection_in(config)) == rows_of(collection_in(calm))
    survey, other = survey_of(config), survey_of(calm)
    assert survey.sources.equals(other.sources)
    assert np.array_equal(survey.counts, other.counts) and np.array_equal(survey.text, other.text)
    survey.close()
    other.close()


def test_killed_at_random_moments_nothing_is_lost_or_doubled(sky: Archives, config: Config, calm: Config):
    dice = random.Random(3)

    def comes(n_further: int) -> Callable[[], bool]:
        until = []

        def has_come() -> bool:
            until[:] = until or [all_asked(sky) + n_further]
            return all_asked(sky) >= until[0]

        return has_come

    moments = [comes(dice.randint(1, 6)) for _ in range(4)]
    environment = {"ALIGNLAB_ADS_TOKEN": TOKEN, "OPENAI_API_KEY": KEY}
    recipe = small_steps(sky).to_json()
    n_kills = gather_with_kills(config.data_dir, "real", recipe, moments=moments, environment=environment)
    assert n_kills == 4
    assert sum(all_repeated(sky).values()) <= n_kills * THREADS
    assert_as_calm(config, calm)


def test_through_faults_of_every_kind_it_ends_the_same(sky: Archives, config: Config, calm: Config):
    for seed, server in enumerate(sky.servers.values()):
        server.faults.at_random(0.15, seed=seed)
    gather_real(collection_in(config), small_steps(sky), config=config)
    assert sum(server.faults.n_happened for server in sky.servers.values()) >= 3
    assert_as_calm(config, calm)


def test_an_expired_token_ends_it_in_words_and_a_good_one_goes_on(sky: Archives, config: Config, calm: Config):
    sky.ads.faults.order(*[expired_token()] * 2)
    with pytest.raises(AlignlabError, match="token") as told:
        gather_real(collection_in(config), small_steps(sky), config=config)
    assert TOKEN not in str(told.value)
    stages = collection_in(config).fact(STAGES_FACT)
    assert "ended_utc" in stages["simbad"] and "ended_utc" not in stages["ads"]
    sky.ads.faults = type(sky.ads.faults)()
    n_before = sky.csc.n_asked() + sky.simbad.n_asked()
    gather_real(collection_in(config), small_steps(sky), config=config)
    assert sky.csc.n_asked() + sky.simbad.n_asked() == n_before
    assert_as_calm(config, calm)


def test_on_a_full_disk_it_says_so_and_goes_on_when_there_is_room(
    sky: Archives, config: Config, calm: Config, monkeypatch: pytest.MonkeyPatch
):
    connect = RowStore._connect

    @contextmanager
    def in_little_room(self: RowStore) -> Iterator[sqlite3.Connection]:
        with connect(self) as connection:
            connection.execute("PRAGMA max_page_count = 30")
            yield connection

    with monkeypatch.context() as patch:
        patch.setattr(RowStore, "_connect", in_little_room)
        with pytest.raises(AlignlabError, match=r"disk is full.*Check that its disk has room"):
            gather_real(collection_in(config), small_steps(sky), config=config)
    assert collection_in(config).count("detections") > 0
    gather_real(collection_in(config), small_steps(sky), config=config)
    assert_as_calm(config, calm)
