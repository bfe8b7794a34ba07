from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.services.apply import apply_run
from alignlab.services.runs import train_run
from alignlab.services.sources import applied_source_card, overlay_representation, source_card
from alignlab.services.workspace import Catalogue
from alignlab.training.recipe import AlignmentRecipe
from alignlab.variables import VARIABLE_NAMES
from tests.services.observed import cut_out

ROWS = np.array([3, 50, 120, 399])


@pytest.fixture
def catalogue(demo_copy) -> Catalogue:
    return Catalogue(demo_copy)


def test_the_same_spectra_get_the_same_latents(catalogue):
    workspace = catalogue.open_workspace()
    run, survey = workspace.run, workspace.survey
    mine = cut_out(survey, ROWS, config=catalogue.config)
    steps = []
    overlay = apply_run(run, survey, mine, on_step=lambda done, total, info: not steps.append((done, total)))
    assert steps[-1] == (3, 3)
    for name in ("spectrum", "spectrum_aligned"):
        np.testing.assert_allclose(overlay.latents(name), run.latents(name)[ROWS], atol=2e-5)
    np.testing.assert_allclose(overlay.reconstruction, run.reconstruction[ROWS], atol=2e-5)
    assert overlay.meta.inputs_sha256 == {"survey": mine.digest, "run": run.digest}
    assert not overlay.meta.simulated
    assert overlay_representation(overlay, "both") == "spectrum_aligned"
    assert overlay_representation(overlay, "spectrum") == "spectrum"
    with pytest.raises(MissingArtefactError, match="no papers"):
        overlay.latents("text_aligned")

    again = catalogue.open_workspace()
    assert [applied.survey.name for applied in again.overlays] == ["mine"]
    card = applied_source_card(again, "mine", 1, representation="spectrum")
    assert card.neighbours[0].index == 50
    assert card.neighbours[0].similarity == pytest.approx(1, abs=1e-4)
    assert len(card.neighbours) == 5
    assert not card.simulated
    assert 0 <= card.novelty_percent <= 100
    assert card.papers.empty
    assert card.summaries == {}
    own = source_card(workspace, 50)
    np.testing.assert_array_equal(card.spectrum.counts, own.spectrum.counts)


def test_estimates_are_means_of_the_nearest_training_sources(catalogue):
    workspace = catalogue.open_workspace()
    run, survey = workspace.run, workspace.survey
    overlay = apply_run(run, survey, cut_out(survey, ROWS, config=catalogue.config))
    column = VARIABLE_NAMES.index("hard_ms")
    usable = np.flatnonzero((survey.split == "train") & np.isfinite(survey.variables[:, column]))
    latents = run.latents("spectrum_aligned")
    for place, row in enumerate(ROWS):
        nearest = usable[np.argsort(-(latents[usable] @ latents[row]))[:3]]
        expected = survey.variables[nearest, column].mean()
        assert overlay.estimates["hard_ms"][place] == pytest.approx(expected, abs=1e-4)


def test_spectra_unlike_any_other_are_more_novel(catalogue):
    workspace = catalogue.open_workspace()
    survey, rows = workspace.survey, np.flatnonzero(workspace.survey.split == "test")
    # A comb of bins lit at high energy: what no source and no detector does.
    comb = np.zeros((len(rows), 400), np.float32)
    comb[:, 300::7] = 1
    plain = apply_run(workspace.run, survey, cut_out(survey, rows, config=catalogue.config))
    odd = apply_run(workspace.run, survey, cut_out(survey, rows, config=catalogue.config, name="odd", spectra=comb))
    for overlay in (plain, odd):
        assert ((overlay.novelty_percent >= 0) & (overlay.novelty_percent <= 100)).all()
    assert 20 < np.median(plain.novelty_percent) < 80
    assert odd.novelty_percent.min() > 95


def test_applying_again_replaces_the_result(catalogue):
    workspace = catalogue.open_workspace()
    mine = cut_out(workspace.survey, ROWS, config=catalogue.config)
    for _ in range(2):
        apply_run(workspace.run, workspace.survey, mine)
    assert workspace.run.overlays() == ["mine"]


def test_the_runs_own_survey_is_refused(catalogue):
    workspace = catalogue.open_workspace()
    with pytest.raises(AlignlabError, match="nothing to apply"):
        apply_run(workspace.run, workspace.survey, catalogue.survey("demo"))


def test_another_energy_grid_is_refused_with_the_remedy(catalogue):
    workspace = catalogue.open_workspace()
    mine = cut_out(workspace.survey, ROWS, config=catalogue.config, grid="linear")
    with pytest.raises(AlignlabError, match=r"linear one.*--grid log"):
        apply_run(workspace.run, workspace.survey, mine)
    assert workspace.run.overlays() == []


def test_a_survey_that_was_not_applied_has_no_card(catalogue):
    workspace = catalogue.open_workspace()
    with pytest.raises(MissingArtefactError, match="alignlab apply --run"):
        applied_source_card(workspace, "mine", 0)


def test_a_run_that_reads_counts_places_spectra_by_them_and_refuses_those_without(catalogue):
    survey = catalogue.survey("demo")
    recipe = AlignmentRecipe(name="bright", temperature=0.1, max_epochs=1, spectrum_input="counts")
    run = train_run(survey, recipe, config=catalogue.config, seed=1)
    mine = cut_out(survey, ROWS, config=catalogue.config)
    overlay = apply_run(run, survey, mine)
    np.testing.assert_allclose(overlay.latents("spectrum_aligned"), run.latents("spectrum_aligned")[ROWS], atol=2e-5)
    mine.sources.loc[mine.sources.index[1], "counts"] = np.nan
    with pytest.raises(AlignlabError, match=r"of 1 spectra of 'mine' only the shape is known"):
        apply_run(run, survey, mine)
