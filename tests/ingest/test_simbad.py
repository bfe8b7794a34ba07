"""SIMBAD's TAP service over real HTTP: uploads, whole answers, faults."""

from __future__ import annotations

import pytest

from alignlab.ingest.archive import ArchiveError, Manners
from alignlab.ingest.simbad import Simbad
from tests.archives.faults import PASSING, disguise, refuse
from tests.archives.simbad_tables import Sky, SkyObject, simbad_server

QUICK = Manners(backoff_s=0.01, longest_wait_s=2.0, silence_s=5.0, concurrency=1)
PAPERS = ("2004MNRAS.350....1A", "2019A&A...622A..30K")
SKY = Sky(
    objects=[
        SkyObject(main_id="NAME  One", ra=0.0002, dec=10.0, aliases=("2CXO J000000.0+100000",), bibcodes=PAPERS),
        SkyObject(main_id="Two", ra=359.9999, dec=10.0, otype="*", error_mas=None, redshift=0.25),
        SkyObject(main_id="Polar", ra=123.0, dec=89.9999, motion_mas_yr=300.0, bibcodes=PAPERS[:1]),
        *(SkyObject(main_id=f"Field {i}", ra=50 + i / 10, dec=-20.0) for i in range(20)),
    ],
    n_objects={PAPERS[1]: 70_000},
)


@pytest.fixture
def server():
    with simbad_server(SKY) as server:
        yield server


def simbad(server) -> Simbad:
    return Simbad(address=server.url, manners=QUICK)


def test_objects_near_positions_are_found_across_the_meridian_and_at_the_pole(server):
    found = simbad(server).near([("a", 0.0, 10.0), ("b", 303.0, 89.9999), ("c", 200.0, 0.0)], radius_arcsec=2.0)
    assert [(row["name"], row["main_id"]) for row in found] == [("a", "NAME One"), ("a", "Two"), ("b", "Polar")]
    one, two, polar = found
    assert one["error_arcsec"] == pytest.approx(0.05) and one["n_references"] == 2 and one["redshift"] is None
    assert one["aliases"] == ["NAME One", "2CXO J000000.0+100000"]
    assert two["error_arcsec"] is None and two["redshift"] == 0.25 and two["otype"] == "*"
    assert polar["motion_arcsec_yr"] == pytest.approx(0.3)


def test_objects_are_found_by_an_identifier(server):
    found = simbad(server).named([("a", "2CXO J000000.0+100000"), ("a", "CXO J000000.0+100000"), ("b", "no such'name")])
    assert [(row["name"], row["main_id"]) for row in found] == [("a", "NAME One")]


def test_references_come_with_how_many_objects_a_paper_is_about(server):
    rows = simbad(server).references([1000, 1002, 1002])
    assert [(row["oid"], row["bibcode"], row["n_objects"]) for row in rows] == [
        (1000, PAPERS[0], 2), (1000, PAPERS[1], 70_000), (1002, PAPERS[0], 2),
    ]  # fmt: skip


def test_nothing_wanted_is_not_asked(server):
    asking = simbad(server)
    assert asking.near([], radius_arcsec=1.0) == asking.named([]) == asking.references([]) == []
    assert server.n_asked() == 0


def test_an_answer_that_is_cut_off_at_the_limit_is_asked_for_in_parts():
    positions = [(f"field {i:02d}", 50 + i / 10, -20.0) for i in range(20)]
    with simbad_server(SKY, max_rows=6) as server:
        found = simbad(server).near(positions, radius_arcsec=1.0)
        assert [row["name"] for row in found] == [name for name, _, _ in positions]
        assert server.n_asked() == 7
        with pytest.raises(ArchiveError, match="cuts off") as caught:
            simbad(server).near([("all", 50.0, -20.0)], radius_arcsec=3600 * 30)
        assert "radius" in caught.value.remedy


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_faults_that_pass_are_got_over(server, fault):
    server.faults.order(fault)
    assert len(simbad(server).near([("a", 0.0, 10.0)], radius_arcsec=2.0)) == 2
    assert server.n_asked() == 2


@pytest.mark.parametrize(
    "fault",
    [disguise(), refuse(200, body=b"<VOTABLE"), refuse(200, body=b""), refuse(200, body=b'{"rows": 1}'), refuse(404)],
    ids=str,
)
def test_answers_that_are_no_tables_are_errors_in_words(server, fault):
    server.faults.order(fault)
    with pytest.raises(ArchiveError, match="SIMBAD"):
        simbad(server).near([("a", 0.0, 10.0)], radius_arcsec=2.0)


def test_what_the_service_says_of_a_question_it_refuses_is_passed_on(monkeypatch, server):
    monkeypatch.setattr("alignlab.ingest.simbad._PAPERS", "SELECT mine.oid FROM TAP_UPLOAD.mine AS mine JOIN nowhere")
    with pytest.raises(ArchiveError, match="Error executing query"):
        simbad(server).references([1])
