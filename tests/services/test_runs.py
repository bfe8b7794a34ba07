from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from alignlab.errors import MissingArtefactError, RecipeError
from alignlab.models.autoencoder import SpectrumAutoencoder
from alignlab.models.heads import apply_heads
from alignlab.progress import StoppedError
from alignlab.services.runs import estimate_all, estimates_frame, run_id_of, run_weights, train_run
from alignlab.services.workspace import Catalogue
from alignlab.store.run import REPRESENTATIONS
from alignlab.training.encoder import load_encoder, save_encoder
from alignlab.training.recipe import AlignmentRecipe, EncoderRecipe
from alignlab.variables import VARIABLE_NAMES

SHORT = AlignmentRecipe(name="short", temperature=0.1, max_epochs=2, patience=2)


def test_a_run_holds_what_pages_need(workspace):
    run, survey = workspace.run, workspace.survey
    n = survey.n_sources
    assert run.run_id.startswith("paper-")
    assert run.meta.simulated
    assert run.recipe["survey"] == survey.name
    assert run.recipe["alignment"]["loss"] == "one-way"
    assert run.reconstruction.shape == (n, 400)
    assert run.projections() == [(representation, "pca") for representation in REPRESENTATIONS]
    assert len(run.history) >= 1
    for name in ("spectrum_aligned", "text_aligned"):
        np.testing.assert_allclose(np.linalg.norm(run.latents(name), axis=1), 1, atol=1e-4)


def test_the_frozen_encoder_goes_into_the_run(workspace):
    encoder, heads = run_weights(workspace.run)
    rows = slice(0, 20)
    again = load_encoder().encode_in_batches(workspace.survey.spectra[rows])
    np.testing.assert_allclose(encoder.encode_in_batches(workspace.survey.spectra[rows]), again, atol=1e-5)
    np.testing.assert_allclose(workspace.run.latents("spectrum")[rows], again, atol=1e-4)
    assert heads
    assert not any(name.startswith(("encoder.", "heads.")) for name in heads)


def test_the_same_recipe_is_not_trained_again_and_another_is(demo_copy):
    catalogue = Catalogue(demo_copy)
    survey = catalogue.survey("demo")
    steps: list[str] = []

    def on_step(done: int, total: int, info: str) -> bool:
        steps.append(info)
        return True

    first = train_run(survey, SHORT, config=demo_copy, seed=5, on_step=on_step)
    assert steps[-1] == "ready"
    steps.clear()
    assert train_run(survey, SHORT, config=demo_copy, seed=5, on_step=on_step).run_id == first.run_id
    assert steps == []
    other = train_run(survey, SHORT, config=demo_copy, seed=6)
    assert other.run_id != first.run_id
    assert len(catalogue.run_ids("demo")) == 3
    assert not np.array_equal(other.latents("text_aligned"), first.latents("text_aligned"))


def test_a_run_made_before_its_recipe_had_all_of_todays_fields_is_found(workspace):
    run = workspace.run
    recipe = AlignmentRecipe.from_json(run.recipe["alignment"])
    before = {k: v for k, v in json.loads(recipe.to_json()).items() if k not in AlignmentRecipe.LATER}
    assert run_id_of("paper", json.dumps(before, sort_keys=True), "7", inputs=run.meta.inputs_sha256) == run.run_id


def test_a_killed_training_publishes_nothing_and_the_next_one_once(demo_copy, tmp_path):
    catalogue = Catalogue(demo_copy)
    survey, before = catalogue.survey("demo"), catalogue.run_ids("demo")

    def killed(epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(survey, SHORT, config=demo_copy, seed=5, on_epoch=killed, checkpoint=tmp_path / "state")
    assert catalogue.run_ids("demo") == before
    run = train_run(survey, SHORT, config=demo_copy, seed=5, checkpoint=tmp_path / "state")
    assert catalogue.run_ids("demo") == [*before, run.run_id]
    assert run.history["epoch"].tolist() == [1, 2]
    assert run.history["phase"].unique().tolist() == ["training"]


def test_a_run_killed_before_its_first_maps_gets_them_when_it_is_asked_for_again(demo_copy):
    catalogue = Catalogue(demo_copy)
    survey, run = catalogue.survey("demo"), catalogue.run(catalogue.run_ids("demo")[0], survey_name="demo")
    recipe = AlignmentRecipe.from_json(run.recipe["alignment"])
    shutil.rmtree(run.folder / "projections")
    again = train_run(survey, recipe, config=demo_copy, seed=run.meta.seed)
    assert again.run_id == run.run_id
    assert again.projections() == [(representation, "pca") for representation in REPRESENTATIONS]


def test_heads_that_see_the_spectrum_itself_are_applied_to_it(demo_copy):
    survey = Catalogue(demo_copy).survey("demo")
    run = train_run(survey, replace(SHORT, spectrum_input="both"), config=demo_copy, seed=5)
    _, heads = run_weights(run)
    latents = run.latents("spectrum")
    aligned, _ = apply_heads(heads, spectrum=latents, bins=survey.spectra)
    np.testing.assert_allclose(aligned, run.latents("spectrum_aligned"), atol=1e-4)
    with pytest.raises(ValueError, match="these heads see 'both' as spectrum input: the normalised bins must be given"):
        apply_heads(heads, spectrum=latents)


def test_heads_that_see_the_counts_are_applied_to_them(demo_copy):
    survey = Catalogue(demo_copy).survey("demo")
    run = train_run(survey, replace(SHORT, spectrum_input="counts"), config=demo_copy, seed=5)
    _, heads = run_weights(run)
    aligned, _ = apply_heads(heads, spectrum=run.latents("spectrum"), counts=survey.counts)
    np.testing.assert_allclose(aligned, run.latents("spectrum_aligned"), atol=1e-4)


def test_a_stopped_training_leaves_nothing(demo_copy):
    catalogue = Catalogue(demo_copy)
    before = catalogue.run_ids("demo")
    with pytest.raises(StoppedError):
        train_run(catalogue.survey("demo"), SHORT, config=demo_copy, seed=9, on_step=lambda done, total, _: done < 20)
    assert catalogue.run_ids("demo") == before
    assert not list(demo_copy.data_dir.rglob("*.partial*"))


def test_estimates_leave_the_source_itself_out(workspace):
    survey = workspace.survey
    training = np.flatnonzero(survey.split == "train")
    latents = workspace.run.latents("both")
    column = VARIABLE_NAMES.index("hard_hs")
    values = survey.variables[:, column].astype(float)
    estimates = estimate_all(survey, latents)["hard_hs"].to_numpy()
    for row in (training[0], training[17], np.flatnonzero(survey.split == "test")[0]):
        voters = training[(training != row) & np.isfinite(values[training])]
        similarity = latents[voters] @ latents[row]
        nearest = voters[np.argsort(-similarity)[:3]]
        assert estimates[row] == pytest.approx(values[nearest].mean(), abs=1e-5)
    stored = workspace.run.estimates["hard_hs"].to_numpy()
    np.testing.assert_allclose(stored, estimates, atol=1e-5, equal_nan=True)


def test_estimates_are_a_table_of_sixty_columns():
    value = np.arange(40, dtype=float).reshape(2, 20)
    frame = estimates_frame(value, value - 1, value + 1)
    assert frame.shape == (2, 60)
    assert frame["bb_kt"].tolist() == value[:, VARIABLE_NAMES.index("bb_kt")].tolist()
    assert (frame["bb_kt_low"] < frame["bb_kt"]).all()
    assert (frame["bb_kt"] < frame["bb_kt_high"]).all()
    assert (frame.dtypes == np.float32).all()


def test_heads_can_be_trained_on_the_latents_of_another_encoder(demo_copy):
    survey = Catalogue(demo_copy).survey("demo")
    recipe = EncoderRecipe(name="mine", latent_dim=8, mixing="recurrence")
    torch.manual_seed(3)
    mine = SpectrumAutoencoder(recipe.shape())
    save_encoder(demo_copy.encoders_dir / "mine-1.safetensors", mine, recipe=recipe, facts={})
    wish = replace(SHORT, encoder="mine-1")
    run = train_run(survey, wish, config=demo_copy, seed=5)
    assert run.latents("spectrum").shape == (survey.n_sources, 8)
    mine = load_encoder(demo_copy.encoders_dir / "mine-1.safetensors")
    np.testing.assert_allclose(run.latents("spectrum")[:9], mine.encode_in_batches(survey.spectra[:9]), atol=1e-5)
    assert train_run(survey, wish, config=demo_copy, seed=5).run_id == run.run_id
    assert train_run(survey, SHORT, config=demo_copy, seed=5).run_id != run.run_id
    with pytest.raises(MissingArtefactError, match=r"no encoder 'theirs'.*\n?.*Choose from mine-1"):
        train_run(survey, replace(SHORT, encoder="theirs"), config=demo_copy, seed=5)
    with pytest.raises(RecipeError, match="must be the name of an encoder"):
        replace(SHORT, encoder="../mine-1")
