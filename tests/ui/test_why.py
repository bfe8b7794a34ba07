"""Why a source is strange, drawn: what is marked, what is filled, what is said of artefacts."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from alignlab.services.discover.artefacts import CONCERNS, ArtefactScores
from alignlab.services.discover.reason_parts import BandReason, SpectrumComparison, VariableReason
from alignlab.services.discover.reasons import OutlierReasons
from alignlab.ui.outliers_page.why import concerns_html
from alignlab.ui.outliers_page.why_figures import MORE, spectrum_against_normal, variables_in_sigma
from alignlab.ui.spectrum_figure import FAINT, LINE

_NAN = float("nan")


def _variable(name: str, sigma: float) -> VariableReason:
    return VariableReason(
        name=name, value=1.0, low=_NAN, high=_NAN, normal=0.5, normal_low=0.4, normal_high=0.6, sigma=sigma,
        n_normal=40, class_percentile=99.0, n_class=300,
    )  # fmt: skip


def _reasons(*variables: VariableReason) -> OutlierReasons:
    return OutlierReasons(
        index=0, name="SIM J1", source_class="AGN", method="forest", percentile=99.0, rank=1, n_scored=100,
        percentiles={}, sentence="Strange.", latents=(), spectrum_share=_NAN, variables=variables, bands=(),
        spectrum=None, nearest_normal=None, step=_NAN, changes=(), kinds=(),
    )  # fmt: skip


_SPECTRUM = SpectrumComparison(
    edges_kev=np.array([0.5, 1.0, 2.0, 4.0, 8.0]), counts=np.array([10.0, 0.0, 60.0, 5.0]),
    expected=np.array([12.0, 9.0, 20.0, 6.0]), spread=np.array([1.0, 2.0, 3.0, 9.0]), n_normal=40,
)  # fmt: skip


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_bands_that_differ_are_marked_where_they_lie(shade):
    bands = (
        BandReason(start_kev=2.0, stop_kev=4.0, counts=60, expected=20, sigma=6.7),
        BandReason(start_kev=1.0, stop_kev=2.0, counts=0, expected=9, sigma=-4.2),
    )
    figure = spectrum_against_normal(_SPECTRUM, bands, shade=shade)
    marked = [(shape.x0, shape.x1, shape.fillcolor) for shape in figure.layout.shapes]
    assert marked == [(2.0, 4.0, MORE[shade]), (1.0, 2.0, LINE[shade])]
    assert [note.text for note in figure.layout.annotations] == ["−4.2σ", "+6.7σ"]
    points = figure.data[-1]
    np.testing.assert_allclose(points.y, [20, 30, 1.25])  # counts per keV; a bin without counts has no logarithm
    assert points.customdata[1] == "2.00–4.00 keV<br>60 counts, 20.0 predicted"
    low = min(np.min(trace.y) for trace in figure.data)
    assert low > 0


def test_variables_are_filled_from_where_they_count_and_held_at_the_edge():
    figure = variables_in_sigma(
        _reasons(_variable("var_index_b", 30.0), _variable("hard_hs", -3.0), _variable("powlaw_gamma", 1.0))
    )
    dots = figure.data[-1]
    assert list(dots.y) == ["photon index Γ", "hardness (hard − soft)", "variability index"]
    assert list(dots.x) == [1.0, -3.0, 8.0]
    assert list(dots.marker.symbol) == ["circle-open", "circle", "triangle-right"]
    assert list(dots.marker.color) == [FAINT["light"], LINE["light"], MORE["light"]]
    assert "percentile 99.0 of AGN (n = 300)" in dots.customdata[0]


def test_of_several_models_the_most_different_is_drawn():
    figure = variables_in_sigma(_reasons(_variable("bb_nh", 4.0), _variable("powlaw_nh", 3.0)))
    assert list(figure.data[-1].y) == ["N_H (blackbody)"]


def _artefacts(**concerns: float) -> ArtefactScores:
    return ArtefactScores(
        concerns={name: np.array([concerns.get(name, 0.0)], np.float32) for name in CONCERNS},
        weights={name: concern.weight for name, concern in CONCERNS.items()},
        figures={"theta": np.array([12.0]), "net": np.array([40.0])},
    )


def test_concerns_are_lines_with_their_share_of_the_demotion():
    html = concerns_html(_artefacts(off_axis=0.5, few_counts=1.0), 0)
    assert "lowered by up to 70%" in html  # 1 - (1 - 0.5 * 0.5) (1 - 0.6)
    assert html.index("Few counts: 40 net") < html.index("Far off axis: 12.0 arcmin")


def test_where_nothing_is_wrong_that_is_said():
    assert "Nothing speaks for an artefact" in concerns_html(_artefacts(), 0)


def _page() -> None:
    """A page with nothing but the reasons."""
    import numpy as np

    from alignlab.services.discover.outliers import OutlierScores
    from alignlab.ui.opened import current_workspace
    from alignlab.ui.outliers_page.why import show_why

    workspace = current_workspace()
    score = np.linspace(0, 1, workspace.survey.n_sources, dtype=np.float32)
    scores = OutlierScores(representation="both", scope="all", scores={"forest": score}, combined=score, told={})
    show_why(workspace, workspace.survey.n_sources - 1, scores, method="forest")


def test_the_page_shows_sentence_figures_and_concerns(small_demo, tmp_path, monkeypatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(shutil.copytree(small_demo, tmp_path / "data")))
    app = AppTest.from_function(_page, default_timeout=60).run()
    assert not app.exception
    shown = " ".join(element.proto.body for element in app.get("html"))
    assert "Strange, rank 1 of 300, for its" in shown
    assert "Nearest normal source: SIM J" in shown
    assert "simulated survey" in shown
    assert len(app.get("plotly_chart")) == 2
