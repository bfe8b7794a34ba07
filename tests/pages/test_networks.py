"""The Networks page without a browser."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.discover import networks
from alignlab.services.discover.follow_up import follow_up_list
from alignlab.services.discover.networks import NetworkRecipe, network
from alignlab.services.workspace import Catalogue
from tests.conftest import PROJECT
from tests.pages.test_atlas import html

RECIPE = NetworkRecipe(subset="all", threshold=0.7)


@pytest.fixture(scope="module")
def config(finished_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A demo in which networks may be kept."""
    return Config(data_dir=Path(shutil.copytree(finished_demo.data_dir, tmp_path_factory.mktemp("networks") / "data")))


def open_networks(config: Config, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
    app.run()
    app.switch_page("pages/networks.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key).click().run()
    assert not app.exception
    return app


def test_the_page_says_what_the_network_is(config, monkeypatch):
    app = open_networks(config, monkeypatch, network_of="all", at_least="0.70")
    workspace = Catalogue(config).open_workspace()
    found = network(workspace, RECIPE)
    text = html(app)
    assert f"{found.graph.n_nodes:,} sources and {found.graph.n_edges:,} edges" in text
    assert f"The core has {found.core.sum():,} of {found.graph.n_nodes:,} sources" in text
    assert "Network: all sources · both · similarity ≥ 0.70" in text
    assert "survey demo (simulated)" in text
    classes = Counter(workspace.survey.sources["source_class"].astype(str).iloc[found.graph.rows])
    assert all(f"<td>{name}</td><td>{n}</td>" in text for name, n in classes.items())
    candidates = app.dataframe[0].value
    assert len(candidates) == (~found.core).sum()
    assert candidates["edges"].is_monotonic_increasing  # nothing has been scored: those with the fewest edges first


def test_marks_of_the_slider_and_links_choose_the_threshold(config, monkeypatch):
    app = open_networks(config, monkeypatch, network_of="all")
    assert app.select_slider("at_least").value == "0.70"
    press(app, "networks_mark_0.90")
    assert "0.90" in app.query_params["at_least"]
    assert "similarity ≥ 0.90" in html(app)
    linked = open_networks(config, monkeypatch, network_of="all", joined="mutual", nearest="5")
    assert "all sources · both · 5 nearest of each other" in html(linked)
    assert not [s for s in linked.select_slider if s.key == "at_least"]


def test_the_forest_is_asked_when_somebody_wants_so(config, monkeypatch):
    app = open_networks(config, monkeypatch, network_of="all", at_least="0.70")
    assert "nothing has been scored yet" in html(app)
    press(app, "networks_score")
    text = html(app)
    assert "has fewer edges than another source with probability" in text
    assert "Does the forest agree?" in text
    candidates = app.dataframe[0].value
    assert candidates["outlier"].is_monotonic_decreasing


def test_the_periphery_is_sent_to_the_follow_up_list_and_shown_on_the_atlas(config, monkeypatch):
    app = open_networks(config, monkeypatch, network_of="all", at_least="0.70")
    names = app.dataframe[0].value["name"].head(20).tolist()
    press(app, "networks_select_first")
    assert "20 selected" in html(app)
    assert "20 of them in the periphery" in html(app)
    app.text_input("alignlab.person_field.networks_person").set_value("Ada").run()
    press(app, "networks_send")
    catalogue = Catalogue(config)
    listed = follow_up_list(catalogue.lab, catalogue.survey("demo"))
    assert sorted(entry.name for entry in listed) == sorted(names)
    assert {entry.person for entry in listed} == {"Ada"}
    assert {entry.reason for entry in listed} == {"periphery of the network all sources · both · similarity ≥ 0.70"}
    link = app.query_params["network_selection"]
    press(app, "networks_to_atlas")
    assert "20 selected" in html(app)
    app.switch_page("pages/networks.py")
    app.run()
    assert "selected on the Atlas" in app.selectbox("network_of").options
    again = open_networks(config, monkeypatch, network_of=f"selection:{link}", at_least="0.50", network_selection=link)
    assert "20 selected" in html(again)
    assert "Network: selection " in html(again)
    assert "20 sources and " in html(again)


def test_a_pressed_candidate_is_shown_with_its_place_in_the_network(config, monkeypatch):
    app = open_networks(config, monkeypatch, network_of="all", at_least="0.70")
    name = app.dataframe[0].value["name"].iloc[3]
    sources = Catalogue(config).open_workspace().survey.sources
    app.query_params["source"] = name
    app.run()
    assert not app.exception
    found = network(Catalogue(config).open_workspace(), RECIPE)
    index = int(np.flatnonzero(sources["name"].astype(str) == name)[0])
    degree = int(found.degree[found.graph.rows == index][0])
    place = "Joined with nobody" if degree == 0 else f"joined with {degree:,}"
    assert place in html(app)
    assert f"<b>{name}</b>" in html(app)


def test_too_many_edges_leave_the_degrees(config, monkeypatch):
    monkeypatch.setattr(networks, "MOST_EDGES", 50)
    app = open_networks(config, monkeypatch, network_of="all", at_least="0.31")
    assert app.warning[0].value
    assert "of all pairs" in html(app)
    assert "Core and periphery" not in html(app)


def test_what_has_no_network_says_what_to_do(config, monkeypatch):
    app = open_networks(config, monkeypatch, network_of="class:no such class")
    assert app.selectbox("network_of").value == "variable"
    catalogue = Catalogue(config)
    mask = np.zeros(catalogue.survey("demo").n_sources, dtype=bool)
    mask[3] = True
    catalogue.lab.save_selection("demo", "alone", mask)
    app = open_networks(config, monkeypatch, network_of="selection:alone")
    assert "needs two sources" in app.error[0].value
