"""What distinguishes a source from its neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from alignlab.services.interpret.bands import BAND_EDGES_KEV, band_ratios, poisson_interval
from alignlab.services.interpret.differences import find_differences
from alignlab.services.interpret.ground import ground_of
from alignlab.services.interpret.ledger import Ledger
from alignlab.services.neighbours import nearest
from alignlab.services.subject import Subject, subject_of
from alignlab.spectra.grid import energy_grid
from alignlab.variables import VARIABLE_NAMES

MIDDLE = energy_grid("log").edges_kev
MIDDLE = (MIDDLE[:-1] + MIDDLE[1:]) / 2


def near(subject: Subject, k: int = 30) -> np.ndarray:
    workspace = subject.workspace
    base = workspace.run.latents("spectrum_aligned")
    found = nearest(workspace.survey, subject.latents("spectrum_aligned"), base, k=k)
    return np.array([n.index for n in found])


@pytest.mark.parametrize("counts", [0, 1, 7, 250])
def test_poisson_intervals_are_those_that_leave_2_5_percent_on_either_side(counts):
    low, high = poisson_interval(counts)
    assert poisson.cdf(counts, high) == pytest.approx(0.025)
    assert low == 0 if counts == 0 else poisson.sf(counts - 1, low) == pytest.approx(0.025)


def test_the_mean_of_its_neighbours_differs_in_no_band_and_one_with_a_line_in_its_own(laid_over, workspace):
    index = int(np.argmax(np.where(workspace.survey.split == "test", workspace.survey.counts.sum(axis=1), 0)))
    rows = near(subject_of(workspace, index))
    net = np.asarray(workspace.survey.counts[rows], float) - np.asarray(workspace.survey.background[rows])
    bright = net.sum(axis=1) > 30
    shares = net[bright] / net[bright].sum(axis=1, keepdims=True)
    plain = np.round(5_000 * np.maximum(shares.mean(axis=0), 0))
    line = plain + np.where((MIDDLE > 5.5) & (MIDDLE < 6.9), 60, 0)
    usual, odd = laid_over([plain, line], name="lines", background=np.zeros((2, 400), np.float32))
    assert band_ratios(usual, rows, fewest=5) == []
    worst = band_ratios(odd, rows, fewest=5)[0]
    assert worst.name == "5-7 keV"
    assert worst.low < worst.ratio < worst.high
    member = (MIDDLE >= 5) & (MIDDLE < 7)
    expected = np.mean(shares[:, member].sum(axis=1)) * line.sum()
    assert worst.ratio == pytest.approx(line[member].sum() / expected, rel=0.02)


def test_a_source_of_unknown_counts_has_no_band_ratios(laid_over, workspace):
    (subject,) = laid_over([np.full(400, 5)], name="shape")
    subject.survey.sources.loc[0, "counts"] = np.nan
    assert band_ratios(subject, near(subject), fewest=5) == []


def test_an_unusual_variable_is_told_in_units_of_the_spread(laid_over, workspace):
    row = int(np.flatnonzero(workspace.survey.split == "test")[0])
    own = workspace.survey.variables[row]
    column = VARIABLE_NAMES.index("hard_hs")
    rows = [i for i in near(subject_of(workspace, row), 31) if i != row][:30]
    values = np.asarray(workspace.survey.variables[rows, column], float)
    low, median, high = np.nanpercentile(values, [16, 50, 84])
    spread = (high - low) / 2
    handed = {name: [float(v), float(v)] for name, v in zip(VARIABLE_NAMES, own, strict=True)}
    handed["hard_hs"] = [median, median + 6 * spread]
    counts = np.repeat(workspace.survey.counts[[row]], 2, axis=0)
    usual, odd = laid_over(counts, name="odd", variables=handed)
    scales = ground_of(workspace).estimator.scales
    ledger = Ledger()
    told = {d.name: d for d in find_differences(odd, scales, ledger) if d.kind == "variable"}
    # The survey's own row is one of the 30 here, hence only nearly.
    assert told["hard_hs"].effect == pytest.approx(6, rel=0.3)
    assert "above their median" in told["hard_hs"].statement
    assert ledger.found[0].statement == next(iter(told.values())).statement
    assert "hard_hs" not in {d.name for d in find_differences(usual, scales, Ledger())}


def test_bands_cover_what_the_catalogue_calls_broad():
    assert (BAND_EDGES_KEV[0], BAND_EDGES_KEV[-1]) == (0.5, 7.0)
