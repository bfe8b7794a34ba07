"""Sections on compression, ablations and fusion: what they say follows from the figures, in either shade."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.evaluate import part
from alignlab.services.evaluate.ablations import shuffled_verdict
from alignlab.services.workspace import Catalogue
from alignlab.store.evaluation import write_figures
from alignlab.ui.latents_page import compression as compression_section
from alignlab.ui.latents_page.compression_figure import compression_figure
from alignlab.ui.parameters_page import fusion as fusion_section
from alignlab.ui.parameters_page.fusion_figure import fusion_figure
from alignlab.ui.retrieval_page import ablations as ablations_section
from alignlab.ui.retrieval_page.ablation_figures import changes_figure, learning_figure
from tests.ui import experiment_figures as given

SECTIONS = {
    "compression": ("latents_page.compression", given.compression()),
    "ablations": ("retrieval_page.ablations", given.ablations()),
    "fusion": ("parameters_page.fusion", given.fusion()),
}
SCRIPT = """
from pathlib import Path
from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from alignlab.ui.{module} import show_{name}
show_{name}(Catalogue(Config(data_dir=Path({folder!r}))).open_workspace())
"""


@pytest.fixture
def folder(small_demo: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_demo, tmp_path / "data"))


def show(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("ALIGNLAB_DATA", str(folder))
    app = AppTest.from_string(
        SCRIPT.format(module=SECTIONS[name][0], name=name, folder=str(folder)), default_timeout=60
    )
    app.run()
    assert not app.exception
    return app


def text_of(app: AppTest) -> str:
    return " ".join(str(element.proto.body) for element in app.get("html"))


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_shows_its_finding_its_figures_and_every_table(name, folder, monkeypatch):
    figures = SECTIONS[name][1]
    run = Catalogue(Config(data_dir=folder)).open_workspace().run
    write_figures(run.folder, name, "test", part(name).version, figures)
    app = show(name, folder, monkeypatch)
    text = text_of(app)
    for table in part(name).tables(figures):
        assert table.title in text
    assert "al-evaluate-lead" in text
    for traced in ("n = 45", "est split", "seed 7", "95%", "Survey demo (simulated)", "paper-7f3a"):
        assert traced in text
    assert len(app.get("plotly_chart")) == (2 if name == "ablations" else 1)


def test_what_is_not_computed_is_offered(folder, monkeypatch):
    app = show("fusion", folder, monkeypatch)
    assert app.button("compute_fusion").label.startswith("Compute · about ")
    assert not app.get("plotly_chart")


def test_compression_names_the_fewest_bytes_that_lose_nothing():
    told = compression_section.finding(given.compression())
    assert "128 numbers stand for 1,168 raw ones (89% of the bytes saved)" in told
    assert "better by 25%" in told
    assert "128 bytes a source (128 8-bit numbers) do as well as 512" in told


def test_shuffled_pairs_are_told_first_and_a_leak_is_an_alarm():
    at_chance = ablations_section.shuffled_finding(shuffled_verdict(given.ablations()))
    assert at_chance.startswith("Trained on shuffled pairs, retrieval falls to chance, as it must: recall@1% 2.0%")
    leaking = ablations_section.shuffled_finding(shuffled_verdict(given.ablations(shuffled=0.1)))
    assert "NOT at chance" in leaking
    assert "do not trust" in leaking


def test_the_largest_changes_and_the_slope_are_told():
    told = ablations_section.changes_finding(given.ablations())
    assert "'without what the source is' costs most, −10.0 (−11.0 to −9.0)" in told
    assert "'both directions' gains most, +5.0" in told
    assert "Another random start alone makes +0.0 (−1.0 to +1.0) percentage points" in told
    slope = ablations_section.learning_finding(given.ablations())
    assert "From 100 to 200 pairs recall@1% goes from 15.0% to 20.0%" in slope
    assert "still rises" in slope


def test_fusion_is_measured_against_the_better_half():
    told = fusion_section.finding(given.fusion())
    assert "For the variables 'network, mixture of experts' is best, error / mean's 0.45 (0.44–0.46)" in told
    assert "better than 'network, spectrum alone' (0.50)" in told
    assert "no better than 'network, texts alone' (0.90)" in told


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_every_figure_of_the_tables_is_drawn(shade: Any):
    drawn = compression_figure(given.compression(), shade=shade)
    assert sum(len(trace.x) for trace in drawn.data if trace.yaxis == "y") == 3
    assert sum(len(trace.x) for trace in drawn.data if trace.yaxis == "y2") == 4
    changes = changes_figure(given.ablations(), shade=shade)
    assert sum(len(trace.x) for trace in changes.data if trace.xaxis == "x") == 5
    learned = learning_figure(given.ablations(), shade=shade)
    assert sorted(learned.data[1].x) == [100, 200, 200]
    fused = fusion_figure(given.fusion(), shade=shade)
    assert sum(len(trace.x) for trace in fused.data if trace.xaxis == "x") == 5
