"""Papers about matched sources, from a server that speaks as ADS does."""

from __future__ import annotations

import random

import pytest

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.ingest.ads import AdsLimitError
from alignlab.ingest.archive import ArchiveError
from alignlab.progress import StoppedError
from alignlab.services.gather.ads import gather_ads, plan_ads
from alignlab.services.gather.paper_choice import AdsSettings
from alignlab.store.collection import Collection
from tests.archives.ads_server import TOKEN, AdsServer, ads_paper
from tests.archives.faults import expired_token, refuse, stall
from tests.archives.killing import gather_with_kills, soon_after

N_SOURCES, PER_SOURCE = 12, 6
CATALOGUE, LACKING, SILENT = "2010ApJS..189...37E", "1999Natur.400..123X", "2021yCat....1....0N"


def paper_of(source: int, i: int) -> str:
    return f"{2000 + i}MNRAS.{source:03d}..{i:03d}L"


def match_row(source: int, **values: object) -> dict[str, object]:
    bibcodes = [paper_of(source, i) for i in range(PER_SOURCE)] + [CATALOGUE]
    numbers = [1 + i for i in range(PER_SOURCE)] + [50_000]
    return {
        "main_id": f"OBJ {source}", "is_ambiguous": False, "bibcodes": bibcodes, "objects_in_papers": numbers, **values,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALIGNLAB_ADS_TOKEN", TOKEN)


@pytest.fixture
def ads():
    named = [paper_of(s, i) for s in range(N_SOURCES) for i in range(PER_SOURCE)]
    papers = {b: ads_paper(b, citation_count=100 - int(b[:4]) % 100) for b in [*named, CATALOGUE, SILENT]}
    papers[SILENT]["abstract"] = None
    with AdsServer(papers) as server:
        yield server


@pytest.fixture
def collection(config: Config) -> Collection:
    return matched(config, "sky")


def matched(config: Config, name: str) -> Collection:
    collection = Collection(config.collections_dir / name)
    collection.put("matches", {f"source {s}": match_row(s) for s in range(N_SOURCES)})
    collection.put("matches", {"nobody": {"main_id": None}, "twin": match_row(0, is_ambiguous=True)})
    return collection


def settings(ads: AdsServer, **values: object) -> AdsSettings:
    return AdsSettings(address=ads.address, **{"max_papers": 4, "papers_per_request": 10, **values})


def sourced(collection: Collection) -> dict[str, list[str]]:
    return {name: row["bibcodes"] for name, row in collection.rows("sourced")}


def test_each_matched_source_gets_its_newest_papers_and_no_catalogue(config, collection, ads):
    outcome = gather_ads(collection, settings(ads), config=config)
    expected = {f"source {s}": [paper_of(s, i) for i in (5, 4, 3, 2)] for s in range(N_SOURCES)}
    assert sourced(collection) == expected
    assert {key for key, _ in collection.rows("papers")} == {b for bibcodes in expected.values() for b in bibcodes}
    paper = collection.get("papers", [paper_of(3, 5)])[paper_of(3, 5)]
    assert paper["year"] == 2005 and "Chandra" in paper["abstract"] and paper["authors"][0] == "Leavitt, H. S."
    assert paper["n_objects"] == 6 and not paper["is_catalogue"]
    assert (outcome.n_there, outcome.n_new) == (48, 48)
    assert any("ambiguous" in told for told in outcome.problems)
    assert any("1 papers about more than 500 objects are left out" in told for told in outcome.problems)


def test_the_plan_counts_what_the_gathering_then_asks(config, collection, ads):
    plan = plan_ads(collection, settings(ads), config=config)
    assert ads.n_asked() == 0
    assert (plan.n_wanted, plan.n_there, plan.n_requests) == (48, 0, 5)
    gather_ads(collection, settings(ads), config=config)
    assert ads.n_asked() == plan.n_requests
    after = plan_ads(collection, settings(ads), config=config)
    assert (after.n_to_do, after.n_requests) == (0, 0)


def test_nothing_is_asked_twice_not_even_for_another_collection_or_without_a_token(
    config, collection, ads, monkeypatch
):
    gather_ads(collection, settings(ads), config=config)
    n = ads.n_asked()
    monkeypatch.delenv("ALIGNLAB_ADS_TOKEN")
    again, other = matched(config, "sky"), matched(config, "other")
    assert gather_ads(again, settings(ads), config=config).n_new == 0
    gather_ads(other, settings(ads, max_papers=2), config=config)
    assert ads.n_asked() == n and len(sourced(other)["source 1"]) == 2
    with pytest.raises(AlignlabError, match="ALIGNLAB_ADS_TOKEN"):
        gather_ads(other, settings(ads, max_papers=6), config=config)


def test_the_most_cited_come_first_when_asked_for(config, collection, ads):
    gather_ads(collection, settings(ads, order="most cited"), config=config)
    assert sourced(collection)["source 7"] == [paper_of(7, i) for i in (0, 1, 2, 3)]


def test_catalogues_can_be_kept_and_are_marked(config, collection, ads):
    gather_ads(collection, settings(ads, catalogue_papers="marked", max_papers=2), config=config)
    assert sourced(collection)["source 0"] == [CATALOGUE, paper_of(0, 5)]
    rows = dict(collection.rows("papers"))
    assert [b for b, row in rows.items() if row["is_catalogue"]] == [CATALOGUE]


def test_a_paper_about_many_sources_of_the_collection_is_a_catalogue_though_simbad_does_not_count(
    config, collection, ads
):
    collection.put("matches", {f"source {s}": match_row(s, objects_in_papers=None) for s in range(N_SOURCES)})
    gather_ads(collection, settings(ads, max_objects=N_SOURCES - 1), config=config)
    assert CATALOGUE not in sourced(collection)["source 0"]


def test_what_ads_lacks_or_tells_no_abstract_of_leaves_its_place_to_the_next(config, collection, ads):
    bibcodes = [SILENT, LACKING, *(paper_of(0, i) for i in range(PER_SOURCE))]
    collection.put("matches", {"source 0": match_row(0, bibcodes=bibcodes, objects_in_papers=[2] * len(bibcodes))})
    outcome = gather_ads(collection, settings(ads), config=config)
    assert sourced(collection)["source 0"] == [paper_of(0, i) for i in (5, 4, 3, 2)]
    ads.papers.clear()
    gather_ads(collection, settings(ads, max_papers=6), config=config)
    assert any(LACKING in told for told in gather_ads(collection, settings(ads, max_papers=8), config=config).problems)
    assert outcome.facts["without abstract"] == 1


def test_one_paper_under_two_bibcodes_is_one_paper(config, collection, ads):
    published, preprint = paper_of(0, 5), "2005arXiv0501.0001L"
    ads.papers[published]["alternate_bibcode"] = [preprint]
    bibcodes = [preprint, published, paper_of(0, 1)]
    collection.put("matches", {"source 0": match_row(0, bibcodes=bibcodes, objects_in_papers=[1, 2, 3])})
    gather_ads(collection, settings(ads), config=config)
    assert sourced(collection)["source 0"] == [published, paper_of(0, 1)]


def test_full_texts_of_a_persons_folder_are_read_by_bibcode(config, collection, ads, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / f"{SILENT}.txt").write_bytes(b"We tell it all, in bytes such as \xff.")
    collection.put("matches", {"source 0": match_row(0, bibcodes=[SILENT, "../../passwd"], objects_in_papers=[1, 1])})
    outcome = gather_ads(collection, settings(ads, full_text_folder=str(folder)), config=config)
    assert collection.get("papers", [SILENT])[SILENT]["full_text"].startswith("We tell it all")
    assert outcome.facts["full texts"] == 1
    with pytest.raises(AlignlabError, match="no folder"):
        gather_ads(collection, settings(ads, full_text_folder=str(tmp_path / "absent")), config=config)


def test_full_texts_of_ads_are_asked_for_even_where_the_record_is_kept(config, collection, ads):
    ads.papers[paper_of(2, 5)]["body"] = "The whole text."
    ads.may_read_all.add(TOKEN)
    gather_ads(collection, settings(ads), config=config)
    assert collection.get("papers", [paper_of(2, 5)])[paper_of(2, 5)]["full_text"] == ""
    gather_ads(collection, settings(ads, ask_full_text=True), config=config)
    assert collection.get("papers", [paper_of(2, 5)])[paper_of(2, 5)]["full_text"] == "The whole text."


def test_ads_may_say_which_papers_are_about_an_object(config, collection, ads):
    ads.objects = {f"OBJ {s}": [paper_of(s, 0), paper_of(s, 1)] for s in range(N_SOURCES)}
    plan = plan_ads(collection, settings(ads, find="ads"), config=config)
    assert plan.n_requests == N_SOURCES and any("yet to name" in note for note in plan.notes)
    ads.faults.order(refuse(400, body=b'{"error": "unknown object"}'), path="search/query")
    outcome = gather_ads(collection, settings(ads, find="ads"), config=config)
    assert sourced(collection)["source 5"] == [paper_of(5, 1), paper_of(5, 0)]
    assert sourced(collection)["source 0"] == [] and any("'OBJ 0'" in told for told in outcome.problems)
    assert ads.n_asked("search/query") == N_SOURCES
    gather_ads(collection, settings(ads, find="both"), config=config)
    assert ads.n_asked("search/query") == N_SOURCES + 1, "only the object that was refused is asked for again"
    assert sourced(collection)["source 0"] == [paper_of(0, i) for i in (5, 4, 3, 2)]


def test_old_answers_are_asked_for_again_when_an_age_is_set(config, collection, ads, monkeypatch):
    from alignlab.store import paper_cache

    monkeypatch.setattr(paper_cache, "_now", lambda: "2020-01-01T00:00:00+00:00")
    gather_ads(collection, settings(ads), config=config)
    n = ads.n_asked()
    gather_ads(collection, settings(ads), config=config)
    assert ads.n_asked() == n
    monkeypatch.undo()
    monkeypatch.setenv("ALIGNLAB_ADS_TOKEN", TOKEN)
    assert gather_ads(collection, settings(ads, max_age_days=30), config=config).n_new == 48


def test_the_days_limit_ends_the_gathering_and_the_next_day_goes_on(config, collection, ads):
    ads.limits["/v1/search/bigquery"] = 2
    with pytest.raises(AdsLimitError, match="used up until"):
        gather_ads(collection, settings(ads), config=config)
    assert plan_ads(collection, settings(ads), config=config).n_there == 20
    ads.limits["/v1/search/bigquery"] = 100
    gather_ads(collection, settings(ads), config=config)
    assert len(sourced(collection)) == N_SOURCES and ads.n_repeated() == 0


def test_an_expired_token_ends_it_and_what_has_come_is_kept(config, collection, ads):
    ads.faults.order(refuse(503, retry_after="0"), refuse(429, retry_after="0"))
    ads.faults.order(expired_token())
    with pytest.raises(ArchiveError, match="401"):
        gather_ads(collection, settings(ads), config=config)
    gather_ads(collection, settings(ads), config=config)
    assert len(sourced(collection)) == N_SOURCES
    assert all(TOKEN.encode() not in path.read_bytes() for path in config.data_dir.rglob("*") if path.is_file())


def test_it_stops_within_a_second_while_it_waits(config, collection, ads):
    ads.faults.order(stall(2.0))
    told = []

    def on_step(done: int, total: int, info: str) -> bool:
        told.append(info)
        return len(told) < 3

    with pytest.raises(StoppedError):
        gather_ads(collection, settings(ads), config=config, on_step=on_step)
    assert told and "ADS" in told[0]


def test_a_source_that_is_no_longer_matched_has_no_papers_any_more(config, collection, ads):
    gather_ads(collection, settings(ads), config=config)
    collection.put("matches", {"source 3": match_row(3, is_ambiguous=True), "source 4": {"main_id": None}})
    gather_ads(collection, settings(ads), config=config)
    assert sourced(collection)["source 3"] == sourced(collection)["source 4"] == []
    gather_ads(collection, settings(ads, include_ambiguous=True), config=config)
    assert sourced(collection)["source 3"] == [paper_of(3, i) for i in (5, 4, 3, 2)]


def test_the_plan_tells_what_it_cannot_count_and_that_the_token_is_missing(config, collection, ads, monkeypatch):
    monkeypatch.delenv("ALIGNLAB_ADS_TOKEN")
    collection.put("sources", {f"source {s}": {"ra": 1.0, "dec": 2.0} for s in range(N_SOURCES + 5)})
    notes = " ".join(plan_ads(collection, settings(ads), config=config).notes)
    assert "5 sources that are still to be matched" in notes and "ALIGNLAB_ADS_TOKEN is not set" in notes


def test_without_matches_the_error_says_what_to_do_first(config, ads):
    empty = Collection(config.collections_dir / "empty")
    with pytest.raises(AlignlabError, match="No source") as caught:
        gather_ads(empty, settings(ads), config=config)
    assert "SIMBAD" in caught.value.remedy


def test_killed_at_any_moment_it_goes_on_and_asks_again_for_one_request_at_most(config, collection, ads):
    dice = random.Random(5)
    moments = [soon_after(ads, n, dice, within_s=0.02) for n in (1, 4, 8)]
    recipe = settings(ads, papers_per_request=4).to_json()
    environment = {"ALIGNLAB_ADS_TOKEN": TOKEN}
    n_kills = gather_with_kills(config.data_dir, "ads", recipe, moments=moments, environment=environment)
    assert sourced(collection) == {f"source {s}": [paper_of(s, i) for i in (5, 4, 3, 2)] for s in range(N_SOURCES)}
    assert n_kills and ads.n_repeated() <= n_kills and ads.n_asked() <= 12 + n_kills
