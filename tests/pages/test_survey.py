"""The Survey page of a run that has been evaluated."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from alignlab.config import Config
from alignlab.services.workspace import Catalogue
from tests.conftest import PROJECT


def test_figures_stand_with_their_intervals_and_lead_to_the_pages_about_them(
    finished_demo: Config, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ALIGNLAB_DATA", str(finished_demo.data_dir))
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120).run()
    app.switch_page("pages/survey.py").run()
    assert not app.exception
    run = Catalogue(finished_demo).open_workspace().run
    figures = app.dataframe[0].value.set_index("figure")
    low, high = run.metrics["retrieval"]["recall_at_5_percent_interval"]
    ours = f"{run.metrics['retrieval']['recall_at_5_percent']:.1%} ({100 * low:.1f}–{100 * high:.1f})"
    assert list(figures.loc["recall@5%, spectrum → text"]) == [ours, "50%"]
    assert figures.loc["median rank", "this run"].endswith(")")
    (caption,) = [each.value for each in app.caption if "Test split" in each.value]
    assert f"n = {run.metrics['n']} simulated sources, seed {run.meta.seed}; in brackets 95% bootstrap" in caption
    links = [link.proto.page for link in app.get("page_link")]
    assert [page for page in ("retrieval", "parameters", "latents") if page in links] == [
        "retrieval", "parameters", "latents",
    ]  # fmt: skip
