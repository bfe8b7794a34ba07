"""The Chandra Source Catalog over TAP, against a service of ours that speaks the protocol."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st
from pyvo.dal import DALQueryError, TAPService

from alignlab.errors import AlignlabError
from alignlab.ingest.archive import ArchiveError, ArchiveSession, Manners
from alignlab.ingest.csc_selection import Cone, DetectionId, Selection, read_cone
from alignlab.ingest.csc_tap import CscTap, detection_rows, source_rows
from alignlab.progress import StoppedError
from alignlab.variables import VARIABLE_NAMES
from tests.archives.adql import AdqlError, to_sql
from tests.archives.csc_archive import csc_server, csc_tables, sky
from tests.archives.faults import disguise, refuse, reset
from tests.archives.serving import Reply, Request
from tests.archives.tap_server import TapServer

SKY = sky(300)
QUICK = Manners(retries=6, backoff_s=0.01, longest_wait_s=1, silence_s=2)


@pytest.fixture
def server() -> Iterator[TapServer]:
    with csc_server(SKY) as server:
        yield server


@pytest.fixture
def tap(server: TapServer) -> CscTap:
    return client(server)


def client(server: TapServer, release: str = "2.1") -> CscTap:
    return CscTap(release, address=server.url, session=ArchiveSession("CSC", manners=QUICK))


def wanted(selection: Selection, table: pd.DataFrame = SKY) -> pd.DataFrame:
    """The same selection by hand, with astropy's separations."""
    keep = (table["instrument"] == "ACIS") & (table["flux_significance_b"] >= selection.min_significance)
    keep &= table["theta"] <= selection.max_theta_arcmin
    if selection.without_gratings:
        keep &= table["grating"] == "NONE"
    if selection.names:
        keep &= table["name"].isin(selection.names)
    if (cone := selection.cone) is not None:
        centre = SkyCoord(cone.ra, cone.dec, unit="deg")
        apart = SkyCoord(table["ra"], table["dec"], unit="deg").separation(centre).arcmin
        keep &= apart <= cone.radius_arcmin
    return table[keep]


def all_rows(tap: CscTap, selection: Selection, *, n_rows: int, asynchronous: bool = False) -> pd.DataFrame:
    known, after, tables = tap.columns(), None, []
    while True:
        page = tap.page(selection, known, after=after, n_rows=n_rows, asynchronous=asynchronous)
        tables.append(page.table)
        if page.is_end:
            return pd.concat(tables, ignore_index=True)
        assert after is None or page.last > after
        after = page.last


@pytest.mark.parametrize("n_rows", [7, 1000])
@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(min_significance=0, max_theta_arcmin=30, without_gratings=False),
        Selection(cone=Cone(ra=83.8, dec=-5.4, radius_arcmin=15)),
        Selection(names=("2CXO J000003", "2CXO J000007", "O'Neil")),
    ],
    ids=["defaults", "no limits", "circle", "names"],
)
def test_pages_hold_every_selected_detection_once(tap: CscTap, selection: Selection, n_rows: int) -> None:
    found, expected = all_rows(tap, selection, n_rows=n_rows), wanted(selection)
    assert len(expected) >= 2
    assert sorted(found["powlaw_gamma"]) == pytest.approx(sorted(expected["powlaw_gamma"]))
    assert len(detection_rows(found)) == len(expected)
    assert set(source_rows(found)) == set(expected["name"])


def test_the_service_counts_what_it_would_send(tap: CscTap) -> None:
    assert tap.count(Selection(), tap.columns()) == len(wanted(Selection()))


def test_rows_keep_values_units_and_gaps(tap: CscTap) -> None:
    table = all_rows(tap, Selection(), n_rows=1000)
    rows = detection_rows(table)
    first = wanted(Selection()).set_index("powlaw_gamma").sort_index()
    row = min(rows.values(), key=lambda row: row["powlaw_gamma"])
    same = first.iloc[0]
    assert (row["name"], row["obsid"], row["detector"]) == (same["name"], same["obsid"], "ACIS-S")
    for ours, theirs in {"theta_arcmin": "theta", "exposure_s": "livetime", "powlaw_nh": "powlaw_nh"}.items():
        assert row[ours] == pytest.approx(same[theirs])
    assert row["year"] == pytest.approx(2005.0, abs=0.01)
    # The release has no such column, or no value: missing, not zero.
    assert row["apec_kt"] is None
    assert set(VARIABLE_NAMES) <= set(row)
    assert row["pileup_flag"] is False
    assert source_rows(table)[row["name"]]["error_arcsec"] == pytest.approx(0.7)


def test_a_release_of_other_tables_and_columns_is_asked_for_what_it_has() -> None:
    older = SKY.drop(columns=["grating", "var_index_b"])
    with csc_server(older, schema="csc2") as server:
        found = all_rows(client(server, "2.0"), Selection(), n_rows=1000)
        assert len(found) == len(wanted(Selection(without_gratings=False)))
        assert all(row["var_index_b"] is None for row in detection_rows(found).values())
        with pytest.raises(ArchiveError, match="csc21"):
            client(server, "2.1").columns()


def test_a_service_without_the_needed_columns_is_told() -> None:
    with csc_server(SKY.drop(columns=["theta"])) as server, pytest.raises(ArchiveError, match="no column theta"):
        client(server).columns()


@pytest.mark.parametrize("tells", [True, False], ids=["and tells", "and does not tell"])
def test_a_service_that_sends_fewer_rows_than_asked_for_is_gone_on_with(
    tells: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not tells:
        monkeypatch.setattr("alignlab.ingest.csc_tap._SURELY_WHOLE", 20)
    with csc_server(SKY, max_rows=20) as server:
        server.tells_overflow = tells
        assert len(all_rows(client(server), Selection(), n_rows=1000)) == len(wanted(Selection()))


def test_a_large_selection_is_a_job_that_is_deleted_afterwards(server: TapServer, tap: CscTap) -> None:
    server.job_s = 0.2
    found = all_rows(tap, Selection(), n_rows=60, asynchronous=True)
    assert len(found) == len(wanted(Selection()))
    assert len(server.deleted) >= 2 and not server.jobs


def test_a_job_whose_beginning_is_not_heard_of_has_begun_all_the_same(server: TapServer, tap: CscTap) -> None:
    known = tap.columns()
    server.job_s = 0.2
    server.faults.order(reset(), path="/phase")
    answer, lost = server.answer, []

    def begins_and_is_lost(request: Request) -> Reply:
        reply = answer(request)
        if request.path.endswith("/phase") and not lost:
            lost.append(request)
            return Reply(status=503)
        return reply

    server.answer = begins_and_is_lost  # type: ignore[method-assign]
    page = tap.page(Selection(), known, after=None, n_rows=1000, asynchronous=True)
    assert len(page.table) == len(wanted(Selection())) and lost
    assert server.n_asked_again == 0


def test_a_job_that_fails_is_told_and_deleted(server: TapServer, tap: CscTap) -> None:
    with pytest.raises(ArchiveError, match="no_such"):
        tap._ask("SELECT no_such FROM csc21.master_source", asynchronous=True)
    assert server.deleted and not server.jobs


def test_a_job_that_is_not_wanted_any_more_is_deleted_at_the_service(server: TapServer, tap: CscTap) -> None:
    server.job_s = 60
    known, ended = tap.columns(), []

    def ask() -> None:
        with pytest.raises(StoppedError):
            tap.page(Selection(), known, after=None, n_rows=10, asynchronous=True)
        ended.append(True)

    thread = threading.Thread(target=ask)
    thread.start()
    while not any(job.phase == "EXECUTING" for job in server.jobs.values()):
        thread.join(0.01)
    thread.join(0.1)
    tap.cancel()
    thread.join(10)
    assert ended and not server.jobs


def test_faults_on_the_way_change_nothing(server: TapServer) -> None:
    server.faults.at_random(0.3, seed=4)
    found = all_rows(client(server), Selection(), n_rows=20)
    assert len(found) == len(wanted(Selection()))
    assert server.faults.n_happened >= 3


def test_an_answer_that_is_no_votable_is_told(server: TapServer, tap: CscTap) -> None:
    server.faults.order(disguise())
    with pytest.raises(ArchiveError, match="Please log in"):
        tap.columns()
    server.answer = lambda request: Reply(body=b"obsid\tobi\n1\t0\n")  # type: ignore[method-assign]
    with pytest.raises(ArchiveError, match="no VOTable"):
        tap.columns()


def test_a_refused_query_is_told_in_the_words_of_the_service(server: TapServer, tap: CscTap) -> None:
    server.faults.order(refuse(400, body=b'<INFO name="QUERY_STATUS" value="ERROR">column flux_z unknown</INFO>'))
    with pytest.raises(ArchiveError, match="column flux_z unknown"):
        tap.columns()


@settings(deadline=None, max_examples=50)
@given(
    ra=st.floats(0, 360), dec=st.floats(-90, 90), radius=st.floats(0.1, 600),
    bearing=st.floats(0, 360), share=st.floats(0, 1),
)  # fmt: skip
def test_the_box_holds_the_whole_circle(ra: float, dec: float, radius: float, bearing: float, share: float) -> None:
    cone = Cone(ra=ra, dec=dec, radius_arcmin=radius)
    place = SkyCoord(ra, dec, unit="deg").directional_offset_by(
        *(np.array([bearing, share * radius * 0.999999 / 60]) * (SkyCoord(0, 0, unit="deg").ra.unit))
    )
    m = {"ra": place.ra.deg % 360, "dec": place.dec.deg}
    assert cone.holds(np.array([m["ra"]]), np.array([m["dec"]]))[0]
    assert in_box(cone.condition(), m["ra"], m["dec"])


def in_box(condition: str, ra: float, dec: float) -> bool:
    """Whether a place fulfils the ADQL, as Python reads it."""
    text = re.sub(r"(m\.\w+) BETWEEN (\S+) AND (\S+)", r"(\2 <= \1 <= \3)", condition)
    text = text.replace("AND", "and").replace("OR", "or").replace("m.ra", repr(ra)).replace("m.dec", repr(dec))
    return bool(eval(text))


@pytest.mark.parametrize(
    ("text", "ra", "dec"), [("83.82 -5.39 10", 83.82, -5.39), ("05:35:16.8, -05:23:24, 10", 83.82, -5.39)]
)
def test_a_circle_is_read_from_degrees_and_hours(text: str, ra: float, dec: float) -> None:
    cone = read_cone(text)
    assert cone is not None
    assert (cone.ra, cone.dec, cone.radius_arcmin) == pytest.approx((ra, dec, 10))


@pytest.mark.parametrize("text", ["1 2", "1 2 x", "400 0 1", "1 99 1", "1 2 0", "nan 2 3", "1 2 3 4", "'; DROP -- 1"])
def test_what_is_no_circle_is_told(text: str) -> None:
    with pytest.raises(AlignlabError, match=r"83\.82 -5\.39 10"):
        read_cone(text)


def test_dirt_in_rows_is_missing_and_rows_without_a_source_are_left_out() -> None:
    dirty = SKY.head(4).astype(object)
    dirty.loc[0, "name"] = "  "
    dirty.loc[1, "powlaw_gamma"] = "n/a"
    dirty.loc[2, "ra"] = None
    dirty.loc[3, "sat_src_flag"] = "TRUE"
    rows = detection_rows(dirty)
    assert [row["powlaw_gamma"] for row in rows.values()] == [None, pytest.approx(SKY["powlaw_gamma"][3])]
    assert [row["sat_src_flag"] for row in rows.values()] == [False, True]
    assert set(source_rows(dirty)) == {row["name"] for row in rows.values()}
    with pytest.raises(ArchiveError, match="without ObsID"):
        detection_rows(dirty.assign(obsid=math.nan))


def test_names_with_quotes_cannot_leave_their_place() -> None:
    question = Selection(names=("x') OR ('1'='1",)).question("csc21", frozenset(), after=None, n_rows=5)
    assert "m.name IN ('x'') OR (''1''=''1')" in question


def test_order_of_ids_is_that_of_the_condition() -> None:
    ids = [DetectionId(1, 0, 5), DetectionId(1, 1, 2), DetectionId(2, 0, 1)]
    assert sorted([ids[2], ids[0], ids[1]]) == ids


def test_the_service_for_tests_speaks_uploads_and_circles_as_others_do() -> None:
    """SIMBAD's service knows geometry: ours must, for the stages that ask it."""
    with TapServer(csc_tables(SKY)) as server:
        service = TAPService(server.url, session=ArchiveSession("T", manners=QUICK))
        mine = Table({"row": [0, 1], "ra": SKY["ra"][:3:2] + 1e-4, "dec": SKY["dec"][:3:2]})
        found = service.search(
            "SELECT u.row, m.name, DISTANCE(POINT('ICRS', u.ra, u.dec), POINT('ICRS', m.ra, m.dec)) AS apart "
            "FROM csc21.master_source AS m JOIN TAP_UPLOAD.mine AS u "
            "ON 1 = CONTAINS(POINT('ICRS', m.ra, m.dec), CIRCLE('ICRS', u.ra, u.dec, 0.001)) ORDER BY u.row",
            uploads={"mine": mine},
        ).to_table()
        assert list(found["name"]) == list(SKY["name"][:3:2])
        expected = SkyCoord(mine["ra"], mine["dec"], unit="deg").separation(
            SkyCoord(SKY["ra"][:3:2], SKY["dec"][:3:2], unit="deg")
        )
        assert list(found["apart"]) == pytest.approx(list(expected.deg), rel=1e-6)
        with pytest.raises(DALQueryError, match="no_such"):
            service.run_async("SELECT no_such FROM csc21.master_source")


@pytest.mark.parametrize(
    "adql",
    ["DELETE FROM t", "SELECT * FROM t LIMIT 3", "SELECT read_csv('x') FROM t", "SELECT * FROM t; SELECT 1",
     "SELECT * FROM t WHERE 1 = CONTAINS(POINT('GALACTIC', a, b), CIRCLE('ICRS', c, d, 1))",
     "SELECT * FROM t WHERE 1 = CONTAINS(POINT('ICRS', a, b), BOX('ICRS', c, d, 1, 1))", "SELECT TOP x FROM t"],
)  # fmt: skip
def test_the_service_for_tests_refuses_what_it_does_not_understand(adql: str) -> None:
    with pytest.raises(AdqlError):
        to_sql(adql)
