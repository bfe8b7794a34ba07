"""Why a source is strange: what is planted in a spectrum, a variable or a latent vector is what is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alignlab.analysis.outliers.forests import forest_scores
from alignlab.analysis.outliers.ranks import percentile_ranks
from alignlab.errors import AlignlabError
from alignlab.services.discover.outliers import OutlierScores
from alignlab.services.discover.reason_ground import reason_ground
from alignlab.services.discover.reason_references import N_REFERENCES, references
from alignlab.services.discover.reason_words import kinds_words, normal_words
from alignlab.services.discover.reasons import KindShare, OutlierReasons, outlier_reasons
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.spectra.grid import energy_grid
from alignlab.store.survey import write_survey
from alignlab.variables import VARIABLE_NAMES


@pytest.fixture(scope="module")
def workspace(small_demo) -> Workspace:
    return Catalogue(small_demo).open_workspace()


@pytest.fixture(scope="module")
def bright(workspace) -> int:
    """An ordinary source with many counts."""
    percentile = percentile_ranks(forest_scores(workspace.run.latents("spectrum_aligned"), seed=0))
    counts = workspace.survey.sources["net_counts"].to_numpy().copy()
    counts[percentile > 70] = 0
    return int(counts.argmax())


def _scores(
    workspace: Workspace, representation: str = "spectrum_aligned", strange: int | None = None
) -> OutlierScores:
    """Scores of a forest, with one source made the strangest."""
    found = forest_scores(workspace.run.latents(representation), seed=0)
    if strange is not None:
        found[strange] = 1.0
    return OutlierScores(representation=representation, scope="all", scores={"forest": found}, combined=found, told={})


def _with(workspace: Workspace, folder, **tables) -> Workspace:
    """The workspace with other counts or variables."""
    contents = replace(workspace.survey.contents(), **tables)
    changed = write_survey(contents, replace(workspace.survey.meta, name="changed"), folder)
    return replace(workspace, survey=changed)


def test_a_planted_line_is_told_with_its_counts(workspace, bright, tmp_path):
    contents = workspace.survey.contents()
    centres = energy_grid().centres_kev
    line = (centres > 3.0) & (centres < 3.3)
    counts = np.array(contents.arrays["counts"])
    counts[bright, line] += 0.15 * counts[bright].sum() / line.sum()
    changed = _with(workspace, tmp_path, arrays={**contents.arrays, "counts": counts})
    found = outlier_reasons(changed, bright, _scores(workspace, strange=bright), method="forest")
    assert found.rank == 1 and found.sentence.startswith("Strange, rank 1 of 400, for its ")
    band = found.bands[0]
    assert band.sigma > 5 and 2.6 < band.start_kev < 3.1 and 3.2 < band.stop_kev < 3.8
    assert band.counts > 3 * band.expected
    assert "lined" in found.sentence and "σ" in found.sentence
    unplanted = outlier_reasons(workspace, bright, _scores(workspace, strange=bright), method="forest")
    assert not any(b.sigma > 5 and b.start_kev < 3.1 < b.stop_kev for b in unplanted.bands)


def test_the_prediction_is_the_mean_shape_of_normal_sources(workspace, bright):
    found = outlier_reasons(workspace, bright, _scores(workspace), method="forest")
    survey, ground = workspace.survey, reason_ground(workspace, "spectrum_aligned")
    rows = references(survey, ground, bright, _scores(workspace).percentile("forest")).rows
    net = np.asarray(survey.counts, float) - np.asarray(survey.background, float)
    rows = rows[net[rows].sum(axis=1) >= 20]
    shapes = net[rows] / net[rows].sum(axis=1, keepdims=True)
    expected = np.maximum(shapes.mean(axis=0) * net[bright].sum(), 0) + survey.background[bright]
    assert found.spectrum.n_normal == len(rows)
    assert found.spectrum.expected.sum() == pytest.approx(expected.sum(), rel=1e-4)
    assert found.spectrum.counts.sum() == pytest.approx(survey.counts[bright].sum(), rel=1e-4)
    grid = energy_grid().edges_kev
    first = np.searchsorted(grid, found.spectrum.edges_kev[:-1] - 1e-9)
    np.testing.assert_allclose(found.spectrum.expected, np.add.reduceat(expected, first), rtol=1e-4)


def test_a_planted_variable_comes_first_with_its_place_in_the_class(workspace, bright, tmp_path):
    contents = workspace.survey.contents()
    variables, limits = contents.variables.copy(), contents.limits.copy()
    variables.loc[bright, "powlaw_gamma"] = 9.5
    limits.loc[bright, ["powlaw_gamma_lolim", "powlaw_gamma_hilim"]] = 9.4, 9.6
    changed = _with(workspace, tmp_path, variables=variables, limits=limits)
    found = outlier_reasons(changed, bright, _scores(workspace, strange=bright), method="forest")
    reason = found.variables[0]
    assert reason.name == "powlaw_gamma" and reason.value == pytest.approx(9.5)
    assert reason.sigma > 5 and reason.normal_low <= reason.normal <= reason.normal_high < 5
    assert "photon index Γ 9.50 (9.40–9.60)" in found.sentence
    peers = changed.survey.sources["source_class"].to_numpy(str) == found.source_class
    peers[bright] = False
    others = changed.survey.variables[peers, VARIABLE_NAMES.index("powlaw_gamma")]
    others = others[np.isfinite(others)]
    assert reason.n_class == len(others)
    if len(others) >= 20:
        assert reason.class_percentile == pytest.approx(100 * (others < 9.5).mean(), abs=1)


def test_its_own_error_makes_a_difference_smaller(workspace, bright, tmp_path):
    contents = workspace.survey.contents()
    variables, limits = contents.variables.copy(), contents.limits.copy()
    variables.loc[bright, "hard_hm"] = 0.9
    limits.loc[bright, ["hard_hm_lolim", "hard_hm_hilim"]] = 0.89, 0.91
    sure = _with(workspace, tmp_path / "a", variables=variables, limits=limits)
    limits.loc[bright, ["hard_hm_lolim", "hard_hm_hilim"]] = 0.1, 1.0
    unsure = _with(workspace, tmp_path / "b", variables=variables, limits=limits)
    scores = _scores(workspace, strange=bright)
    sigma = [
        next(v.sigma for v in outlier_reasons(w, bright, scores, method="forest").variables if v.name == "hard_hm")
        for w in (sure, unsure)
    ]
    assert sigma[0] > 2 * sigma[1] > 0


def test_normal_sources_are_normal_alike_and_nearest(workspace):
    survey, ground = workspace.survey, reason_ground(workspace, "spectrum_aligned")
    percentile = _scores(workspace).percentile("forest")
    strangest = int(np.argmax(percentile))
    found = references(survey, ground, strangest, percentile)
    assert strangest not in found.rows and len(found.rows) == N_REFERENCES
    assert (percentile[found.rows] <= 90).all()
    assert (np.diff(found.similarity) <= 1e-6).all()
    latents = ground.latents
    cosine = latents[found.rows] @ latents[strangest] / np.linalg.norm(latents[found.rows], axis=1)
    np.testing.assert_allclose(found.similarity, cosine / np.linalg.norm(latents[strangest]), atol=1e-5)


def test_the_way_to_normal_ends_where_the_forest_says_so(workspace):
    scores = _scores(workspace)
    for index in scores.ranking("forest")[:5]:
        found = outlier_reasons(workspace, int(index), scores, method="forest")
        assert 0 < found.step <= 1
        assert found.nearest_normal.percentile <= 90
        assert found.nearest_normal.name in normal_words(found)
        assert all(abs(change.sigma) >= 0.25 for change in found.changes)
    ordinary = outlier_reasons(workspace, int(scores.ranking("forest")[-1]), scores, method="forest")
    assert ordinary.step == 0 and not ordinary.changes
    assert ordinary.sentence.startswith("Not very strange, rank 400 of 400")


def test_latents_that_isolate_are_told_and_halves_are_weighed(workspace):
    scores = _scores(workspace, "both")
    strangest = int(scores.ranking("forest")[0])
    found = outlier_reasons(workspace, strangest, scores, method="forest")
    contributions = [latent.contribution for latent in found.latents]
    assert contributions == sorted(contributions, reverse=True) and contributions[0] > 0
    assert {latent.name.split()[0] for latent in found.latents} <= {"spectrum", "text"}
    assert 0 <= found.spectrum_share <= 1
    alone = outlier_reasons(workspace, strangest, _scores(workspace), method="forest")
    assert np.isnan(alone.spectrum_share)


def test_kinds_are_the_classes_of_the_nearest(workspace):
    index = int(np.flatnonzero(workspace.survey.text_mask.any(axis=1))[0])
    found = outlier_reasons(workspace, index, _scores(workspace), method="forest")
    latents = workspace.run.latents("spectrum_aligned")
    nearest = np.argsort(-(latents @ latents[index]))
    nearest = nearest[nearest != index][:50]
    classes = workspace.survey.sources["source_class"].iloc[nearest]
    expected = classes[classes != ""].value_counts(normalize=True)
    by_spectrum = [kind for kind in found.kinds if kind.by == "spectrum"]
    assert by_spectrum[0].share == pytest.approx(expected.iloc[0])
    assert {kind.by for kind in found.kinds} == {"spectrum", "text"}


def test_kinds_that_disagree_are_put_against_each_other():
    stars = KindShare(by="spectrum", source_class="star", share=0.6, n=50)
    ulx = KindShare(by="text", source_class="ULX", share=0.82, n=50)
    assert kinds_words((stars, ulx), "ULX") == (
        "its spectrum is most like those of star (60%), while its papers are like those of ULX (82%)"
    )
    both = kinds_words((stars, replace(stars, by="text")), "ULX")
    assert both.endswith("are like those of star, though it is classed as ULX")


def test_a_shape_without_counts_has_no_bands(workspace, bright, tmp_path):
    contents = workspace.survey.contents()
    sources = contents.sources.astype({"counts": float})
    sources.loc[bright, "counts"] = np.nan
    changed = _with(workspace, tmp_path, sources=sources)
    found = outlier_reasons(changed, bright, _scores(workspace, strange=bright), method="forest")
    assert found.spectrum is None and found.bands == ()
    assert found.variables


def test_a_source_without_a_score_says_so(workspace, bright):
    scores = _scores(workspace)
    scores.combined[bright] = np.nan
    found: OutlierReasons = outlier_reasons(workspace, bright, scores, method="combined")
    assert found.rank == 0 and found.sentence.startswith("Without a score")


def test_an_unknown_source_is_refused(workspace):
    with pytest.raises(AlignlabError, match="no source 400"):
        outlier_reasons(workspace, 400, _scores(workspace), method="forest")
