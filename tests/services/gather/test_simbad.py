"""Sources of a collection matched with SIMBAD: what is kept, what is ambiguous, and that nothing is asked twice."""

from __future__ import annotations

import random

import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError, InputFileError, RecipeError
from alignlab.ingest.archive import ArchiveError
from alignlab.progress import StoppedError
from alignlab.services.gather.simbad import SimbadSettings, gather_simbad, plan_simbad
from alignlab.store.collection import Collection
from tests.archives.faults import refuse, stall
from tests.archives.killing import gather_with_kills, soon_after
from tests.archives.simbad_tables import Sky, SkyObject, simbad_server

N = 30
ARCSEC = 1 / 3600


def name_of(i: int) -> str:
    return f"2CXO J{i:06d}.0+000000"


def bibcode(i: int, year: int) -> str:
    return f"{year}ApJ..{i:04d}...{i % 100:02d}L"


def field(i: int) -> list[SkyObject]:
    """What is near source `i`, which lies at (10 + i / 10, 0): the kind of case repeats every six sources."""
    ra = 10 + i / 10
    qso = SkyObject(
        main_id=f"QSO {i}", ra=ra, dec=0.2 * ARCSEC, bibcodes=(bibcode(i, 2001), bibcode(i, 2015)), redshift=1.5
    )
    cases = [
        [qso],
        [],
        [qso, SkyObject(main_id=f"Star {i}", ra=ra, dec=-0.3 * ARCSEC, otype="*")],
        [qso, SkyObject(main_id=f"Sy {i}", ra=ra, dec=-0.3 * ARCSEC, otype="X", aliases=(f"CXOU {i}",))],
        [qso, SkyObject(main_id=f"CV {i}", ra=ra, dec=0.9 * ARCSEC, otype="CV*", aliases=(name_of(i),))],
        [SkyObject(main_id=f"Cand {i}", ra=ra, dec=0.0, otype="AG?")],
    ]
    return cases[i % 6]


@pytest.fixture
def server():
    with simbad_server(Sky(objects=[o for i in range(N) for o in field(i)])) as server:
        yield server


@pytest.fixture
def collection(config: Config) -> Collection:
    collection = Collection(config.collections_dir / "sky")
    collection.put("sources", {name_of(i): {"ra": 10 + i / 10, "dec": 0.0, "error_arcsec": 0.8} for i in range(N)})
    return collection


def settings(server, **values: object) -> SimbadSettings:
    return SimbadSettings(address=server.url, **{"sources_per_request": 8, **values})


def match_of(collection: Collection, i: int) -> dict[str, object]:
    return collection.get("matches", [name_of(i)])[name_of(i)]


def test_each_source_is_matched_and_what_is_not_in_simbad_is_remembered(config, collection, server):
    outcome = gather_simbad(collection, settings(server), config=config)
    assert (outcome.n_there, outcome.n_new, outcome.problems) == (N, N, ())
    assert outcome.facts["not in SIMBAD"] == 5 and outcome.facts["matched"] == 25
    match = match_of(collection, 0)
    assert match["main_id"] == "QSO 0" and match["source_class"] == "QSO" and not match["is_ambiguous"]
    assert match["bibcodes"] == [bibcode(0, 2015), bibcode(0, 2001)] and match["objects_in_papers"] == [1, 1]
    assert match["separation_arcsec"] == pytest.approx(0.2, abs=1e-3) and match["redshift"] == 1.5
    assert match["n_references"] == 2 and match["aliases"] == ["QSO 0"]
    assert match_of(collection, 1) == {
        "main_id": None, "is_ambiguous": False, "candidates": [], "bibcodes": [], "objects_in_papers": [],
    }  # fmt: skip
    assert collection.count("simbad answers") == 0


def test_ambiguous_matches_keep_all_candidates_and_the_class_on_which_they_agree(config, collection, server):
    outcome = gather_simbad(collection, settings(server), config=config)
    star = match_of(collection, 2)
    assert star["is_ambiguous"] and star["source_class"] == ""
    assert [row["main_id"] for row in star["candidates"]] == ["QSO 2", "Star 2"]
    assert sum(row["share"] for row in star["candidates"]) == pytest.approx(1.0)
    xray = match_of(collection, 3)
    assert xray["is_ambiguous"] and xray["source_class"] == "QSO", "an X-ray entry says nothing of what it is"
    assert outcome.facts["ambiguous"] == 10


def test_the_sources_own_name_in_simbad_decides(config, collection, server):
    gather_simbad(collection, settings(server), config=config)
    match = match_of(collection, 4)
    assert match["main_id"] == "CV 4" and match["source_class"] == "CV" and not match["is_ambiguous"]
    gather_simbad(collection, settings(server, by="position"), config=config)
    assert match_of(collection, 4)["is_ambiguous"] or match_of(collection, 4)["main_id"] == "QSO 4"
    outcome = gather_simbad(collection, settings(server, by="identifiers"), config=config)
    assert outcome.facts["matched"] == outcome.facts["by identifier"] == 5


def test_the_plan_counts_what_is_then_asked_and_nothing_is_asked_twice(config, collection, server):
    plan = plan_simbad(collection, settings(server), config=config)
    assert (plan.n_wanted, plan.n_there, plan.n_requests) == (N, 0, 12) and server.n_asked() == 0
    assert "95%" in plan.notes[0]
    gather_simbad(collection, settings(server), config=config)
    assert server.n_asked() == 12
    again = gather_simbad(collection, settings(server), config=config)
    assert (again.n_there, again.n_new, server.n_asked()) == (N, 0, 12)
    assert plan_simbad(collection, settings(server), config=config).n_requests == 0
    collection.put(
        "sources", {"new": {"ra": 200.0, "dec": 5.0, "error_arcsec": None}, "lost": {"ra": None, "dec": 1.0}}
    )
    collection.put("sources", {"off": {"ra": 400.0, "dec": 0.0}, "odd\x00name": {"ra": 1.0, "dec": 1.0}})
    more = gather_simbad(collection, settings(server), config=config)
    assert more.n_new == 2 and any("lost, off" in told for told in more.problems)


def test_another_rule_asks_anew_and_another_table_of_classes_does_not(config, collection, server, tmp_path):
    gather_simbad(collection, settings(server), config=config)
    n = server.n_asked()
    table = tmp_path / "mine.csv"
    table.write_text("otype,class\nQSO,AGN\n", encoding="utf-8")
    gather_simbad(collection, settings(server, classes_file=str(table), with_candidates=True), config=config)
    assert server.n_asked() == n
    assert match_of(collection, 0)["source_class"] == "AGN" and match_of(collection, 5)["source_class"] == "AGN"
    gather_simbad(collection, settings(server), config=config)
    assert match_of(collection, 0)["source_class"] == "QSO" and match_of(collection, 5)["source_class"] == ""
    gather_simbad(collection, settings(server, floor_arcsec=0.1, cap_arcsec=0.1), config=config)
    assert server.n_asked() > n and match_of(collection, 0)["main_id"] is None


def test_bad_settings_are_refused_before_anything_is_asked(config, collection, server, tmp_path):
    with pytest.raises(RecipeError, match="floor_arcsec"):
        SimbadSettings(floor_arcsec=5.0, cap_arcsec=2.0)
    table = tmp_path / "bad.csv"
    table.write_text("otype,class\nQSO,thing\n", encoding="utf-8")
    for ask in (gather_simbad, plan_simbad):
        with pytest.raises(InputFileError, match="line 2"):
            ask(collection, settings(server, classes_file=str(table)), config=config)
    with pytest.raises(AlignlabError, match="has no sources"):
        gather_simbad(Collection(config.collections_dir / "empty"), settings(server), config=config)
    assert server.n_asked() == 0


def test_after_an_outage_only_what_was_not_answered_is_asked_for(config, collection, server):
    gather = settings(server)
    server.faults.order(refuse(404), path="sync")
    with pytest.raises(ArchiveError):
        gather_simbad(collection, gather, config=config)
    server.faults.order(*[refuse(503, retry_after="0")] * 2)
    outcome = gather_simbad(collection, gather, config=config)
    assert outcome.n_there == N and server.n_asked_again == 0


def test_it_stops_within_a_second_while_it_waits(config, collection, server):
    server.faults.order(stall(2.0))
    told = []

    def on_step(done: int, total: int, info: str) -> bool:
        told.append(info)
        return len(told) < 3

    with pytest.raises(StoppedError):
        gather_simbad(collection, settings(server), config=config, on_step=on_step)
    assert len(told) == 3 and "SIMBAD" in told[0]


def test_killed_at_any_moment_it_goes_on_and_asks_again_for_one_request_at_most(config, collection, server, tmp_path):
    expected = Collection(tmp_path / "whole")
    expected.put("sources", dict(collection.rows("sources")))
    gather_simbad(expected, settings(server), config=config)
    n_before, server.questions, dice = server.n_asked(), [], random.Random(7)
    moments = [soon_after(server, n_before + n, dice, within_s=0.02) for n in (1, 5, 9)]
    n_kills = gather_with_kills(config.data_dir, "simbad", settings(server).to_json(), moments=moments)
    assert dict(collection.rows("matches")) == dict(expected.rows("matches"))
    assert n_kills and server.n_asked_again <= n_kills and server.n_asked() - n_before <= 12 + n_kills
