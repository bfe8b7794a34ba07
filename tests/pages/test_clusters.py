"""The Clusters page without a browser: offered, found, held against classes, sent to the Atlas."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services import jobs
from alignlab.services.discover import cluster_sweep as sweeps
from alignlab.services.discover.clusters import ClusterRecipe, clustering, keep_clusters
from alignlab.services.discover.map_findings import field_of
from alignlab.services.job_kinds.clusters import ClusterJobRecipe
from alignlab.services.workspace import Catalogue
from tests.conftest import PROJECT
from tests.pages.test_atlas import html

TWELVE, THREE = ClusterRecipe(), ClusterRecipe(k=3, representation="spectrum")


@pytest.fixture(scope="module")
def clustered(finished_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A demo with two clusterings, a short sweep of the first, and a part of the comparison."""
    folder = tmp_path_factory.mktemp("clusters") / "data"
    config = Config(data_dir=Path(shutil.copytree(finished_demo.data_dir, folder)))
    workspace = Catalogue(config).open_workspace()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeps, "SIZES", (2, 4))
        patch.setattr(sweeps, "COMPARED_REPRESENTATIONS", ("spectrum",))
        for recipe in (THREE, TWELVE):
            keep_clusters(workspace, recipe)
        sweeps.sweep_clusters(workspace, TWELVE)
        sweeps.compare_with_earlier(workspace)
    return config


def open_clusters(config: Config, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
    app.run()
    app.switch_page("pages/clusters.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> None:
    next(button for button in app.button if button.key == key).click().run()
    assert not app.exception


def test_a_page_says_how_clusters_agree_and_what_each_is(clustered, monkeypatch):
    app = open_clusters(clustered, monkeypatch)
    text = html(app)
    assert "One cluster per class finds" in text
    assert "Survey demo (simulated), run " in text
    found = clustering(Catalogue(clustered).open_workspace().run, TWELVE.key)
    for cluster, size in enumerate(found.sizes):
        assert f'aria-label="Cluster {cluster + 1}"' in text
        assert any(button.label.startswith(f"Select {size:,} source") for button in app.button)
    assert "One cluster per class agrees best with" in text
    assert "against about 40%" in text


def test_a_link_opens_what_it_says(clustered, monkeypatch):
    link = {"clusters_of": "spectrum", "clusters_k": "3", "clusters_against": "accretors", "clusters_judged": "all"}
    text = html(open_clusters(clustered, monkeypatch, **link))
    assert "guessing finds 50%" in text
    assert "k-means, 3 clusters in spectrum; seed 0; 400 sources" in text
    assert "by the very sources that are judged" in text


def test_what_is_not_kept_is_offered_and_submitted_once(clustered, monkeypatch):
    app = open_clusters(clustered, monkeypatch, clusters_by="agglomerative", clusters_k="4")
    assert re.search(r"agglomerative \(Ward\), 4 clusters in both of run \S+: not found yet", html(app))
    press(app, "find_clusters_one")
    submitted = [job for job in jobs.jobs(clustered) if job.spec.kind == "clusters"]
    assert len(submitted) == 1
    recipe = ClusterJobRecipe.from_json(submitted[0].spec.recipe)
    assert recipe.clusters == ClusterRecipe(method="agglomerative", k=4)
    assert any("being found" in bar.proto.text for bar in app.get("progress"))


def test_the_usual_clusters_are_found_without_being_asked_for(demo_copy, monkeypatch):
    app = open_clusters(demo_copy, monkeypatch)
    (job,) = jobs.jobs(demo_copy)
    assert ClusterJobRecipe.from_json(job.spec.recipe).clusters == TWELVE
    assert "not found yet" in html(app)  # the sweep, which is only offered


def test_clusters_open_and_are_selected_on_the_atlas(clustered, monkeypatch):
    app = open_clusters(clustered, monkeypatch, clusters_of="spectrum", clusters_k="3")
    press(app, "clusters_open")
    state = app.session_state["alignlab.atlas"]
    assert state.command["colour"] == field_of(THREE.key)
    assert app.session_state["representation"] == "spectrum"
    app.switch_page("pages/clusters.py").run()
    press(app, "cluster_select_1")
    state = app.session_state["alignlab.atlas"]
    found = clustering(Catalogue(clustered).open_workspace().run, THREE.key)
    assert np.array_equal(state.selected, found.labels == 1)
    assert state.command["colour"] == field_of(THREE.key)
    assert state.command["selection"]
    assert "cluster 2" in state.how or state.saved_as
