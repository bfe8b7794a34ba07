"""The Latents page without a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.evaluate import EvaluationContext, formulas, latents, neighbours
from alignlab.services.evaluate.kept import evaluate_part
from alignlab.services.workspace import Catalogue
from tests.conftest import PROJECT
from tests.pages.test_atlas import html


@pytest.fixture(scope="module")
def evaluated(finished_demo: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A demo with the page's own three parts, computed with few resamples."""
    config = Config(data_dir=Path(shutil.copytree(finished_demo.data_dir, tmp_path_factory.mktemp("latents") / "data")))
    workspace = Catalogue(config).open_workspace()
    context = EvaluationContext(config=config, survey=workspace.survey, run=workspace.run, seed=3)
    with pytest.MonkeyPatch.context() as patch:
        for module in (latents, formulas, neighbours):
            patch.setattr(module, "N_BOOTSTRAP", 40)
        patch.setattr(formulas, "N_LATENTS", 2)
        for part in ("latents", "formulas", "neighbours"):
            evaluate_part(context, part)
    return config


def open_latents(config: Config, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(config.data_dir))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
    app.run()
    app.switch_page("pages/latents.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_every_section_begins_with_what_was_found(evaluated, monkeypatch):
    app = open_latents(evaluated, monkeypatch)
    text = html(app)
    for part in ("What single latents follow", "Latents as formulas", "How alike neighbours are"):
        assert part in text
    assert "the paper found 0.55" in text
    assert "aligned neighbours exhibit smaller variability" in text
    assert text.count("test split of demo (simulated), seed 3, run ") >= 6
    assert app.get("progress")[0].proto.text.startswith("Compression: being computed")


def test_a_formula_is_chosen_by_latent_and_length(evaluated, monkeypatch):
    app = open_latents(evaluated, monkeypatch)
    first = app.latex[0].value
    assert r"z \approx" in first
    slider = app.select_slider[0]
    shortest = min(slider.options, key=int)
    slider.set_value(int(shortest)).run()
    assert not app.exception
    assert len(app.latex[0].value) <= len(first)
    other = app.selectbox("formula_of").options[1]
    app.selectbox("formula_of").select_index(1).run()
    assert not app.exception
    assert other.startswith(app.query_params["formula_of"])


def test_a_link_opens_what_it_says(evaluated, monkeypatch):
    app = open_latents(evaluated, monkeypatch, latents_of="spectrum", latents_coefficient="pearson", spread_among="30")
    text = html(app)
    assert "Pearson&#x27;s r of each latent of spectrum, before alignment" in text
    assert "among 30 neighbours" in text
