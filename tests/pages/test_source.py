"""The Source page without a browser: on a demo of 400 sources, and on a small one with observed sources over it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from alignlab.store.lab import Lab
from tests.conftest import PROJECT
from tests.pages.test_atlas import html
from tests.ui.small_demo import build_small_demo


@pytest.fixture(scope="module")
def overlaid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_small_demo(tmp_path_factory.mktemp("data"), n=60)


@pytest.fixture(scope="module")
def sources(finished_demo: Config):
    workspace = Catalogue(finished_demo).open_workspace()
    yield workspace.survey.sources.assign(row=np.arange(workspace.survey.n_sources))
    workspace.survey.close()
    workspace.run.close()


def open_source(data: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(data))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    app.run()
    app.switch_page("pages/source.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def test_without_a_source_it_says_what_to_do_and_offers_the_brightest(finished_demo, sources, monkeypatch):
    app = open_source(finished_demo.data_dir, monkeypatch)
    assert "No source picked" in html(app)
    app.button("source_begin").click().run()
    brightest = sources.sort_values("counts", ascending=False)["name"].iloc[0]
    assert app.query_params["source"] == brightest
    assert f"<h1>{brightest}</h1>" in html(app)
    assert "1 of 400 by counts" in captions(app)


def test_every_part_is_there(finished_demo, sources, monkeypatch):
    brightest = sources.sort_values("counts", ascending=False)["name"].iloc[0]
    text = html(open_source(finished_demo.data_dir, monkeypatch, source=brightest))
    for part in ("Light curve", "Variables", "Papers (simulated)", "About similar things", "Neighbours", "Sky"):
        assert part in text
    assert "photons, 0.5–8 keV" in text
    assert "false-alarm probability 5" in text
    assert "shared by spectrum and text" in text
    assert "This position is simulated." in text
    assert "simbad" not in text
    assert "×1e20 cm⁻²" in text
    assert not re.search(r"\bnan\b", text.lower())


def test_next_and_previous_follow_the_order(finished_demo, sources, monkeypatch):
    by_counts = sources.sort_values("counts", ascending=False, kind="stable")["name"].tolist()
    app = open_source(finished_demo.data_dir, monkeypatch, source=by_counts[1])
    app.button("source_next").click().run()
    assert app.query_params["source"] == by_counts[2]
    app.button("source_previous").click().run()
    app.button("source_previous").click().run()
    assert app.query_params["source"] == by_counts[0]
    assert app.button("source_previous").disabled
    app.selectbox("rank").set_value("class").run()
    assert "of 400 by class and name" in captions(app)
    assert app.query_params["rank"] == "class"


def test_a_remembered_source_orders_the_others(finished_demo, sources, monkeypatch):
    name = sources["name"].iloc[5]
    app = open_source(finished_demo.data_dir, monkeypatch, source=name)
    app.button("source_remember").click().run()
    assert f"1 of 400 by similarity to {name}" in captions(app)
    assert app.query_params["remembered"] == name
    app.button("source_next").click().run()
    assert f"2 of 400 by similarity to {name}" in captions(app)
    app.button("source_previous").click().run()
    app.button("source_remember").click().run()
    assert "by counts" in captions(app)
    assert "remembered" not in app.query_params


def test_a_neighbour_can_be_laid_over_and_gone_to(finished_demo, sources, monkeypatch):
    app = open_source(finished_demo.data_dir, monkeypatch, source=sources["name"].iloc[5])
    box = next(box for box in app.checkbox if box.key and box.key.startswith("lay_spectrum_"))
    index = int(box.key.rsplit("_", 1)[1])
    name = sources["name"].iloc[index]
    box.check().run()
    assert not app.exception
    assert "scaled to the same total" in captions(app)
    app.button("source_lay_nothing").click().run()
    assert "laid over" not in captions(app)
    app.button(f"go_spectrum_{index}").click().run()
    assert app.query_params["source"] == name


def test_every_way_to_draw_the_spectrum_works(finished_demo, sources, monkeypatch):
    app = open_source(
        finished_demo.data_dir,
        monkeypatch,
        source=sources["name"].iloc[5],
        spectrum="minmax",
        axis="bin",
        vertical="linear",
    )
    assert app.query_params["axis"] == "bin"
    app.session_state["spectrum"] = "counts"
    app.run()
    assert not app.exception


def test_an_observed_source_without_papers_and_position(overlaid, monkeypatch):
    text = html(open_source(overlaid, monkeypatch, source="CDFS 179"))
    assert "position unknown" in text
    assert "Its file gives no position." in text
    assert "No paper about it is known" in text
    assert "its spectrum is compared with the others' texts" in text.replace("&#x27;", "'")
    assert "There are no arrival times for it" in text
    assert "farther out than 99% of the training set" in text
    assert "background &lt;unknown&gt;" in text


def test_an_observed_source_has_links_and_offers_images(overlaid, monkeypatch):
    app = open_source(overlaid, monkeypatch, source="DG Tau")
    text = html(app)
    for archive in ("csc21scs", "simbad", "ned.ipac", "adsabs", "sky.esa.int"):
        assert archive in text
    assert app.button("sky_images_button").label == "Show sky images"
    assert "2 of 3 by counts" in captions(app) or "of 3 by counts" in captions(app)
    app.selectbox("rank").set_value("novelty").run()
    assert "2 of 3 by novelty" in captions(app)


def test_labels_and_notes_from_the_lab_are_shown(overlaid, monkeypatch):
    lab = Lab(Config(data_dir=overlaid).lab_path)
    lab.label("demo", "SIM J000004.0+000000", person="ada", value="odd <one>")
    lab.add_note("demo", "SIM J000004.0+000000", person="ada", text="look again")
    text = html(open_source(overlaid, monkeypatch, source="SIM J000004.0+000000"))
    assert "odd &lt;one&gt;" in text
    assert "look again" in text


def test_an_unknown_source_is_a_message_and_a_way_on(overlaid, monkeypatch):
    app = open_source(overlaid, monkeypatch, source="Nobody")
    assert "Nobody" in app.warning[0].value
    assert "No source picked" in html(app)


def test_its_row_neighbours_and_papers_can_be_taken_away(overlaid, monkeypatch):
    app = open_source(overlaid, monkeypatch, source="SIM J000000.0+000000")
    offered = [button.proto.id for button in app.get("download_button")]
    for key in ("take_row_votable", "take_neighbours_csv", "take_papers_ecsv"):
        assert any(key in identifier for identifier in offered), key
