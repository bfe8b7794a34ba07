"""The spectrum figure keeps every count and its error bars follow Poisson statistics."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alignlab.services.sources import source_card
from alignlab.services.workspace import Workspace
from alignlab.spectra.binned_counts import MAX_BINS, bin_counts
from alignlab.spectra.grid import energy_grid
from alignlab.ui.spectrum_figure import spectrum_figure

EDGES = energy_grid("log").edges_kev


@pytest.mark.parametrize("mean", [0.0, 0.005, 0.05, 1.0, 200.0])
def test_binning_keeps_all_counts_and_covers_the_band(mean):
    counts = np.random.default_rng(3).poisson(mean, 400)
    binned = bin_counts(EDGES, counts)
    assert binned.counts.sum() == counts.sum()
    assert binned.low_kev[0] == EDGES[0]
    assert binned.high_kev[-1] == EDGES[-1]
    assert np.array_equal(binned.low_kev[1:], binned.high_kev[:-1])
    assert len(binned.counts) <= 2 * MAX_BINS
    if mean >= 0.05:
        assert len(binned.counts) >= 2


@pytest.mark.parametrize("n", [1, 5, 9, 30, 400])
def test_error_bars_are_the_poisson_limits(n):
    one_sigma = 0.8413
    binned = bin_counts(np.array([0.5, 8.0]), np.array([n]))
    upper = stats.chi2.ppf(one_sigma, 2 * n + 2) / 2
    lower = stats.chi2.ppf(1 - one_sigma, 2 * n) / 2
    assert n + binned.above[0] == pytest.approx(upper, rel=0.02)
    assert n - binned.below[0] == pytest.approx(lower, rel=0.03)


def test_no_count_is_no_error(workspace: Workspace):
    binned = bin_counts(EDGES, np.zeros(400))
    assert binned.counts.tolist() == [0]
    assert binned.below.tolist() == [0]


def test_the_figure_names_axes_with_units(workspace: Workspace):
    figure = spectrum_figure(source_card(workspace, 0).spectrum)
    assert figure.layout.xaxis.title.text == "energy (keV)"
    assert figure.layout.yaxis.title.text == "counts per keV"
    assert {trace.name for trace in figure.data} == {"counts", "reconstruction", "background"}
    counts = next(trace for trace in figure.data if trace.name == "counts")
    assert sum(row[2] for row in counts.customdata) == workspace.survey.counts[0].sum()


def test_an_empty_spectrum_can_be_drawn(workspace: Workspace):
    spectrum = source_card(workspace, 0).spectrum
    empty = type(spectrum)(
        grid=spectrum.grid,
        counts=np.zeros(400, np.float32),
        background=np.zeros(400, np.float32),
        reconstruction=np.zeros(400, np.float32),
        exposure_s=float("nan"),
    )
    spectrum_figure(empty)
