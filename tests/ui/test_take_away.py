"""The row of actions without a browser: what is offered, what is in it, and who does what with highlighted rows."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io.votable import parse
from streamlit.testing.v1 import AppTest

from alignlab.services.workspace import Workspace
from alignlab.ui import samp, take_away
from alignlab.ui.state import AtlasState

PAGE = Path(__file__).parents[1] / "browser" / "take_away_page.py"


@pytest.fixture
def app(small_demo: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(small_demo))
    monkeypatch.setattr(samp, "read_bundle", lambda name: "export default () => {}")
    app = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not app.exception
    return app


def test_five_formats_are_offered_under_their_names(app: AppTest):
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels == ["VOTable · .vot", "FITS · .fits", "ECSV · .ecsv", "CSV · .csv", "Parquet · .parquet"]


def test_a_script_is_written_only_while_it_is_shown(app: AppTest):
    assert not app.get("code")


@pytest.mark.parametrize("n", [1, 5, samp.TEXT_UP_TO + 1])
def test_a_short_table_is_sent_as_text_a_long_one_packed(monkeypatch, workspace: Workspace, n: int):
    from alignlab.services.export import Described, described_table

    put: list[tuple[bytes, str]] = []
    monkeypatch.setattr(samp, "serve_file", lambda *args: put.append(args) or "/media/x")
    monkeypatch.setattr(samp.st, "session_state", {})
    columns = {"x": Described(values=np.arange(n), ucd="meta.record", description="Row.")}
    offer = samp.Offer(
        what="rows", rows=np.arange(n), overlay=None, position=None,
        make=lambda url: described_table(workspace, columns, name="t", url=url),
    )  # fmt: skip
    table_id, path = samp._serve(offer, "rows of this test", url="http://localhost/")
    assert path == "/media/x"
    ((contents, kind),) = put
    assert kind == "application/x-votable+xml"
    assert (b"<TABLEDATA>" in contents) == (n <= samp.TEXT_UP_TO)
    read = parse(io.BytesIO(contents), verify="exception").get_first_table().to_table()
    assert read["x"].tolist() == list(range(n))
    assert samp._sent()[table_id].rows.tolist() == list(range(n))


def test_only_the_last_tables_are_remembered(monkeypatch, workspace: Workspace):
    from alignlab.services.export import Described, described_table

    monkeypatch.setattr(samp, "serve_file", lambda *_: "/media/x")
    monkeypatch.setattr(samp.st, "session_state", {})
    ids = []
    for number in range(samp.REMEMBERED + 3):
        columns = {"x": Described(values=np.array([number]), ucd="meta.record", description="Row.")}
        offer = samp.Offer(
            what="1 row", rows=np.array([number]), overlay=None, position=None,
            make=lambda url, c=columns: described_table(workspace, c, name="t", url=url),
        )  # fmt: skip
        ids.append(samp._serve(offer, "d", url="")[0])
    assert list(samp._sent()) == ids[3:]


def test_rows_of_a_sent_table_become_pick_and_selection():
    state = AtlasState(selected=np.zeros(50, bool))
    sent = samp._Sent(rows=np.array([7, 3, 40]), overlay=None, dataset="d")
    samp._obey(state, sent, [1], kind="row", n=50)
    assert (state.index, state.overlay) == (3, None)
    samp._obey(state, sent, [99], kind="row", n=50)
    assert state.index == 3
    samp._obey(state, sent, [0, 2, -1, 3], kind="list", n=50)
    assert state.selected_rows().tolist() == [7, 40]
    assert "SAMP" in state.how
    assert samp._shown(state, sent) == {"row": 1, "rows": [0, 2]}


def test_rows_of_an_observed_survey_are_picked_but_never_select_others():
    state = AtlasState(selected=np.zeros(50, bool))
    sent = samp._Sent(rows=np.array([2, 0]), overlay="real", dataset="d")
    samp._obey(state, sent, [0], kind="row", n=50)
    assert (state.index, state.overlay) == (2, "real")
    samp._obey(state, sent, [0, 1], kind="list", n=50)
    assert state.selected_rows().size == 0
    assert samp._shown(state, sent) == {"row": 0, "rows": []}
    assert samp._shown(state, samp._Sent(rows=np.array([2]), overlay=None, dataset="d"))["row"] is None


def test_a_source_without_a_position_offers_none():
    assert samp.position_of("x", float("nan"), 3.0) is None
    assert samp.position_of("x", 1.0, 3.0) == {"name": "x", "ra": 1.0, "dec": 3.0}


def test_outside_a_browser_there_is_no_address(monkeypatch):
    assert take_away.page_address() == ""
