"""Concerns about the sources of a survey, their sentences, and rankings that heed them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alignlab.analysis.outliers.ranks import percentile_ranks
from alignlab.errors import AlignlabError
from alignlab.ingest.csc_table import FLAGS
from alignlab.services.discover.artefact_concerns import judge
from alignlab.services.discover.artefacts import CONCERNS, ArtefactScores, artefact_scores, believable
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.survey import Survey, write_survey


@pytest.fixture
def workspace(demo_copy) -> Workspace:
    return Catalogue(demo_copy).open_workspace()


@pytest.fixture
def judged(workspace: Workspace) -> ArtefactScores:
    return artefact_scores(workspace.survey, workspace.run)


def _changed(survey: Survey, folder, sources=None, recipe=None, **variables) -> Survey:
    """The survey with other columns of its sources, and other variables or limits by name."""
    contents = survey.contents()
    if sources is not None:
        contents = replace(contents, sources=contents.sources.assign(**sources))
    for name, values in variables.items():
        table = "limits" if name.endswith("lim") else "variables"
        contents = replace(contents, **{table: getattr(contents, table).assign(**{name: values})})
    meta = replace(survey.meta, name="changed", recipe={**survey.meta.recipe, **(recipe or {})})
    return write_survey(contents, meta, folder)


def test_concerns_are_those_that_are_stated(judged, workspace):
    assert set(judged.concerns) == set(CONCERNS)
    sources = workspace.survey.sources
    for name, values in judged.concerns.items():
        known = values[np.isfinite(values)]
        assert values.shape == (len(sources),)
        assert ((known >= 0) & (known <= 1)).all(), name
    net, theta = sources["net_counts"].to_numpy(), sources["theta_arcmin"].to_numpy()
    few = judged.concerns["few_counts"]
    assert (few[net >= 150] == 0).all() and (few[net < 149] > 0).all()
    np.testing.assert_allclose(judged.concerns["off_axis"], np.clip((theta - 10) / 10, 0, 1), atol=1e-6)
    share = sources["background_counts"] / sources["counts"]
    np.testing.assert_allclose(judged.concerns["background"], np.clip((share - 0.25) / 0.5, 0, 1), atol=1e-6)


def test_what_the_survey_cannot_tell_is_said_and_does_not_count(judged):
    assert set(judged.unknown()) == {"saturated", "streak", "chip_edge", "extended", "disagreeing"}
    assert "sat_src_flag" in judged.unknown()["saturated"]
    assert np.isfinite(judged.score).all()


def test_the_planted_pile_up_is_demoted_with_its_numbers(judged, workspace):
    (piled,) = np.flatnonzero(workspace.survey.truth["rarity"] == "pile-up artefact")
    assert judged.score[piled] > 0.3
    (reason,) = [words for words in judged.reasons(piled) if words.startswith("Pile-up")]
    assert "events per frame of 3.2 s" in reason and "with than without fused photons" in reason
    believed = believable(np.arange(judged.score.size)[::-1] + 0.0, judged)
    assert believed[piled] < percentile_ranks(np.arange(judged.score.size)[::-1])[piled]


def test_every_reason_has_its_share_and_the_gravest_is_first(judged):
    for index in range(judged.score.size):
        shares = judged.shares(index)
        assert len(judged.reasons(index)) == len(shares)
        assert sum(shares.values()) == pytest.approx(judged.score[index], abs=1e-5)


def test_a_second_look_reads_what_was_kept(judged, workspace, monkeypatch):
    monkeypatch.setattr("alignlab.services.discover.artefacts.judge", None)  # would not be callable
    again = artefact_scores(workspace.survey, workspace.run, weights={"off_axis": 0.0})
    for name, values in judged.concerns.items():
        np.testing.assert_array_equal(again.concerns[name], values)
    assert again.weights["off_axis"] == 0.0


def test_weights_and_strength_decide_how_much_a_concern_takes(judged):
    scores = np.random.default_rng(2).normal(size=judged.score.size)
    none = judged.with_weights(dict.fromkeys(CONCERNS, 0.0))
    assert (none.score == 0).all() and not none.reasons(0)
    np.testing.assert_allclose(believable(scores, none), percentile_ranks(scores), rtol=1e-5)
    np.testing.assert_allclose(believable(scores, judged, 0.0), percentile_ranks(scores), rtol=1e-5)
    above = 1 - percentile_ranks(scores).astype(float) / 100
    surprise = -np.log1p(-believable(scores, judged, 0.5).astype(float) / 100)
    np.testing.assert_allclose(surprise, -np.log(above) * (1 - 0.5 * judged.score), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("weights", [{"moonlight": 0.5}, {"off_axis": 1.5}])
def test_a_weight_that_makes_no_sense_is_refused(judged, weights):
    with pytest.raises(AlignlabError, match="cannot be used"):
        judged.with_weights(weights)


def test_a_strength_or_a_length_that_makes_no_sense_is_refused(judged):
    with pytest.raises(AlignlabError, match="between 0 and 1"):
        believable(judged.score, judged, 2.0)
    with pytest.raises(AlignlabError, match="scores for"):
        believable(judged.score[:5], judged)


def test_flags_of_a_catalogue_are_read_in_any_form(workspace, tmp_path):
    survey = workspace.survey
    n = survey.n_sources
    texts, codes, notes = np.full(n, "False", object), np.zeros(n, int), np.full(n, "", object)
    texts[3], codes[4], notes[5] = "TRUE", 2, f"drawn; {FLAGS['streak_src_flag']}"
    flagged = _changed(
        survey, tmp_path, {"sat_src_flag": texts, "edge_code": codes, "notes": notes}, {"reader": "csc-table"}
    )
    found = judge(flagged).concerns
    assert np.flatnonzero(found["saturated"]).tolist() == [3]
    assert np.flatnonzero(found["chip_edge"]).tolist() == [4]
    assert np.flatnonzero(found["streak"]).tolist() == [5]
    assert np.isnan(found["extended"]).all()


def test_a_flag_of_pile_up_needs_no_count_rate(workspace, tmp_path):
    flags = np.zeros(workspace.survey.n_sources, bool)
    flags[9] = True
    survey = _changed(workspace.survey, tmp_path, {"pileup_flag": flags, "exposure_s": np.nan})
    found = judge(survey).concerns["pile_up"]
    assert found[9] == 1 and np.isnan(np.delete(found, 9)).all()


def test_observations_of_one_source_that_disagree(workspace, tmp_path):
    names = workspace.survey.sources["name"].to_numpy(object).copy()
    names[:3] = "2CXO J1"
    names[10:12] = "2CXO J2"
    hardness = np.full(len(names), 0.1)
    hardness[2] = 0.6
    error = {f"{name}_{side}": np.full(len(names), sign) for name in ("hard_ms", "hard_hm") for side, sign in
             (("lolim", -0.1), ("hilim", 0.1))}  # fmt: skip
    same = {"hard_ms": np.zeros(len(names)), "hard_hm": np.zeros(len(names))}
    survey = _changed(
        workspace.survey, tmp_path, {"name": names.astype(str)}, hard_hs=hardness, hard_hs_lolim=hardness - 0.05,
        hard_hs_hilim=hardness + 0.05, **same, **error,
    )  # fmt: skip
    found = judge(survey)
    concern, figures = found.concerns["disagreeing"], found.figures
    # 0.5 apart, the error of one being 0.05, that of the mean of two 0.05 / sqrt(2).
    assert figures["disagreement_sigma"][2] == pytest.approx(0.5 / (0.05 * np.sqrt(1.5)), rel=1e-3)
    assert concern[2] == 1 and figures["disagreement_n_others"][2] == 2
    assert concern[10] == concern[11] == 0
    assert np.isnan(concern[20:]).all()
    scores = ArtefactScores(
        concerns=found.concerns, figures=figures, weights={name: c.weight for name, c in CONCERNS.items()}
    )
    (words,) = [reason for reason in scores.reasons(2) if reason.startswith("Its observations")]
    assert "0.60 here and 0.10 in 2 other observations" in words
