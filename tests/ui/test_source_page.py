"""Figures and drawings of the Source page, without a page."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from urllib.parse import unquote

import numpy as np
import pytest

from alignlab.services.distributions import VariableDistributions
from alignlab.services.neighbours import Neighbour, NeighbourColumn, NeighbourColumns
from alignlab.services.rankings import Ranking
from alignlab.services.readings import SourceSpectrum
from alignlab.services.workspace import Workspace
from alignlab.spectra.binned_counts import bin_counts
from alignlab.spectra.grid import energy_grid
from alignlab.spectra.light_curve import light_curve
from alignlab.ui.sky import sky_map
from alignlab.ui.source_page.leafing import place_words
from alignlab.ui.source_page.light_curve import light_curve_figure, light_curve_words
from alignlab.ui.source_page.neighbours import agreement_words
from alignlab.ui.source_page.spectrum_plot import LaidOver, SpectrumOptions, large_spectrum, residual_sigma
from alignlab.ui.source_page.svg import mini_spectrum, strip_svg
from alignlab.ui.source_page.text import plain
from alignlab.ui.source_page.variables import pull_words

GRID = energy_grid("log")
COUNTS = np.random.default_rng(2).poisson(5, 400).astype(np.float32)


def spectrum(model: np.ndarray) -> SourceSpectrum:
    return SourceSpectrum(
        grid=GRID,
        counts=COUNTS,
        background=np.full(400, 0.1, np.float32),
        reconstruction=model.astype(np.float32),
        exposure_s=1e4,
    )


def drawing(image: str) -> ElementTree.Element:
    return ElementTree.fromstring(unquote(image.split("data:image/svg+xml,")[1].split('">')[0]))


def test_residuals_are_zero_for_the_counts_themselves_and_count_errors_for_others():
    binned = bin_counts(GRID.edges_kev, COUNTS)
    np.testing.assert_allclose(residual_sigma(binned, COUNTS), 0, atol=1e-6)
    below = residual_sigma(binned, np.zeros(400))
    np.testing.assert_allclose(below, binned.counts / np.maximum(binned.below, 1))
    above = residual_sigma(binned, 2 * COUNTS)
    np.testing.assert_allclose(above, -binned.counts / binned.above)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("by_bin", [True, False])
@pytest.mark.parametrize("logarithmic", [True, False])
def test_every_figure_names_what_it_draws(scaled, by_bin, logarithmic):
    options = SpectrumOptions(scaled=scaled, by_bin=by_bin, logarithmic=logarithmic)
    other = LaidOver(name="SIM J1", counts=3 * COUNTS, scaled=COUNTS / COUNTS.max())
    figure = large_spectrum(spectrum(COUNTS), COUNTS / COUNTS.max(), COUNTS / COUNTS.max(), options, laid_over=(other,))
    names = [trace.name for trace in figure.data]
    assert {"reconstruction", "SIM J1", "residual"} <= set(names)
    assert ("background" in names) is not scaled
    assert figure.layout.xaxis.title.text == ("bin of the survey's energy grid" if by_bin else "energy (keV)")
    assert figure.layout.yaxis.type == ("log" if logarithmic else "linear")


def test_a_spectrum_laid_over_has_the_same_total():
    options = SpectrumOptions(logarithmic=False)
    other = LaidOver(name="other", counts=7 * COUNTS, scaled=COUNTS)
    figure = large_spectrum(spectrum(COUNTS), COUNTS, COUNTS, options, laid_over=(other,))
    drawn = {
        trace.name: np.nansum(np.asarray(trace.y) * GRID.widths_kev) for trace in figure.data if trace.name == "other"
    }
    assert drawn["other"] == pytest.approx(COUNTS.sum(), rel=0.02)


def test_a_light_curve_shows_each_block_between_its_edges():
    times = np.concatenate([np.linspace(1, 4999, 40), np.linspace(5001, 9999, 400)])
    curve = light_curve(times, span_s=10_000)
    figure = light_curve_figure(curve)
    blocks = next(trace for trace in figure.data if trace.name == "Bayesian blocks")
    np.testing.assert_allclose(blocks.x, [0, curve.blocks.stop_s[0] / 1000, curve.blocks.start_s[1] / 1000, 10])
    assert "440 photons" in light_curve_words(curve)
    assert "1 change of rate" in light_curve_words(curve)
    assert "no arrival times" in light_curve_words(None)


def test_drawings_are_well_formed_whatever_the_name(workspace: Workspace):
    spread = VariableDistributions(workspace.survey)
    nan = float("nan")
    for value in ((0.3, 0.1, 0.5), (nan, nan, nan), (0.0, nan, nan), (1e9, 1.0, 2e9)):
        image = strip_svg(
            spread.strip(0, "AGN"), value=value, estimate=value, colour="#0c7beb", label='<"&>', shade="dark"
        )
        assert len(drawing(image)) >= 3
        assert "&lt;&quot;&amp;&gt;" in image
    assert len(drawing(mini_spectrum(COUNTS, shade="light"))) == 2
    assert len(drawing(mini_spectrum(np.zeros(400), shade="light"))) == 2
    density = np.zeros((8, 16))
    density[4, 8] = 1
    html = sky_map(density, 187.278, 2.052, name="3C 273 <b>", shade="light")
    assert "3C 273 &lt;b&gt; at galactic longitude 289.95°, latitude +64.36°" in html
    assert "l 289.951°, b +64.360°" in html


def test_words_say_place_pull_and_agreement():
    order = Ranking(key="value.powlaw_gamma", label="photon index", rows=np.array([5, 2, 9]))
    assert place_words(order, 2) == "2 of 3 by photon index"
    assert place_words(order, 4) == "not among the 3 with a place by photon index"
    assert [pull_words(v) for v in (1.26, -0.94, 0.01, -0.01, float("nan"))] == ["+1.3σ", "−0.9σ", "0.0σ", "0.0σ", "–"]
    assert plain("[x](http://y) *z*") == r"\[x\]\(http\://y\) \*z\*"


def columns(spectrum: list[int], text: list[int], *, by_spectrum: bool = False) -> NeighbourColumns:
    def column(key: str, rows: list[int]) -> NeighbourColumn:
        found = tuple(Neighbour(index=i, name=str(i), source_class="", similarity=0.5) for i in rows)
        return NeighbourColumn(key=key, representation=key, by_spectrum=by_spectrum, neighbours=found)

    return NeighbourColumns(columns=(column("spectrum", spectrum), column("text", text), column("both", spectrum)))


def test_agreement_is_a_sentence():
    assert agreement_words(columns([1, 2, 3], [3, 2, 7])) == "2 of 3 shared by spectrum and text."
    assert agreement_words(columns([1, 2], [3, 4])).startswith("None of 2 shared")
    assert "its spectrum is compared" in agreement_words(columns([1, 2], [2, 4], by_spectrum=True))
    assert agreement_words(columns([1, 2], [])) == "It has no text to compare before alignment."
