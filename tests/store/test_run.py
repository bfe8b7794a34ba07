from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from alignlab.errors import AlignlabError, DamagedArtefactError, MissingArtefactError
from alignlab.store.artefact import Meta
from alignlab.store.overlay import write_overlay
from alignlab.store.run import OverlayContents, Run, write_run
from tests.store.builders import run_contents, run_meta


@pytest.fixture
def run(tmp_path) -> Run:
    return write_run(run_contents(), run_meta(), tmp_path)


def test_latents_come_back_as_they_were(run):
    for name, latents in run_contents().latents.items():
        np.testing.assert_array_equal(run.latents(name), latents)
        assert run.latents(name).dtype == np.float32
        assert run.latents(name).flags["C_CONTIGUOUS"]
    both = run.latents("both")
    np.testing.assert_array_equal(both[:, :64], run.latents("spectrum_aligned"))
    np.testing.assert_array_equal(both[:, 64:], run.latents("text_aligned"))
    with pytest.raises(MissingArtefactError, match="no latents 'events'"):
        run.latents("events")


def test_rows_keep_their_order_in_a_large_run(tmp_path):
    n = 50_000
    numbered = np.arange(n, dtype=np.float32)[:, None]
    contents = dataclasses.replace(
        run_contents(2),
        latents=dict.fromkeys(("spectrum", "spectrum_aligned", "text_aligned"), numbered),
        reconstruction=np.zeros((n, 4), np.float32),
    )
    run = write_run(contents, run_meta(), tmp_path)
    np.testing.assert_array_equal(run.latents("spectrum"), numbered)


def test_recipe_metrics_weights_history(run):
    contents = run_contents()
    assert run.survey_name == "tiny"
    assert run.metrics == contents.metrics
    np.testing.assert_array_equal(run.weights()["encoder.weight"], contents.weights["encoder.weight"])
    pd.testing.assert_frame_equal(run.history, contents.history)


def test_altered_weights_are_refused(run):
    path = run.folder / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedArtefactError, match="weights"):
        run.weights()


def test_latents_that_are_not_finite_are_refused(tmp_path):
    contents = run_contents()
    contents.latents["spectrum"][3, 3] = np.nan
    with pytest.raises(AlignlabError, match="finite"):
        write_run(contents, run_meta(), tmp_path)


def test_overlay_of_another_survey(run):
    rng = np.random.default_rng(3)
    contents = OverlayContents(
        latents={"spectrum": rng.normal(size=(3, 64)).astype(np.float32)},
        reconstruction=np.zeros((3, 400), np.float32),
        estimates=pd.DataFrame({"hard_hs": [0.1, 0.2, np.nan]}),
        novelty_percent=np.array([1, 50, 99], np.float32),
    )
    overlay = write_overlay(contents, Meta(kind="overlay", name="real", simulated=False), run.folder / "applied")
    assert run.overlays() == ["real"]
    np.testing.assert_array_equal(overlay.latents("spectrum"), contents.latents["spectrum"])
    np.testing.assert_array_equal(overlay.novelty_percent, contents.novelty_percent)
    with pytest.raises(MissingArtefactError, match="no papers"):
        overlay.latents("both")
