from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.progress import StoppedError
from alignlab.services.apply import apply_run
from alignlab.services.maps import (
    FIRST_MAPS,
    JUDGED_BY,
    available_maps,
    compute_map,
    compute_maps,
    judging_task,
    map_table,
    maps_task,
    start_missing_maps,
    unjudged_maps,
)
from alignlab.services.workspace import Catalogue
from alignlab.store.run import METHODS, REPRESENTATIONS
from tests.services.observed import cut_out

ROWS = np.array([3, 50, 120, 399])


def test_a_run_is_born_with_its_linear_maps(workspace):
    assert available_maps(workspace.run) == {representation: ["pca"] for representation in REPRESENTATIONS}
    table = map_table(workspace)
    n = workspace.survey.n_sources
    assert (table.representation, table.method) == ("both", "pca")
    assert table.x.shape == table.y.shape == (n,)
    assert table.variables.shape == (n, 20)
    assert len(table.sources) == n
    assert table.overlays == ()
    assert table.parameters["n"] == n


def test_the_linear_map_is_the_principal_components(workspace):
    latents = workspace.run.latents("both").astype(float)
    centred = latents - latents.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :2] * singular[:2]
    table = map_table(workspace)
    for got, wanted in zip((table.x, table.y), expected.T, strict=True):
        np.testing.assert_allclose(got * np.sign(got @ wanted), wanted, atol=2e-3)
    ratio = singular[:2] ** 2 / (singular**2).sum()
    np.testing.assert_allclose(table.parameters["explained_variance_ratio"], ratio, atol=1e-3)


def test_a_linear_map_is_computed_on_the_spot_and_another_is_not(demo_copy):
    workspace = Catalogue(demo_copy).open_workspace()
    for path in (workspace.run.folder / "projections").iterdir():
        path.unlink()
    assert workspace.run.projections() == []
    assert len(map_table(workspace, "text").x) == workspace.survey.n_sources
    assert workspace.run.has_projection("text", "pca")
    with pytest.raises(MissingArtefactError, match="alignlab project"):
        map_table(workspace, "both", "umap")


def test_maps_that_are_absent_are_published_one_after_the_other(demo_copy):
    workspace = Catalogue(demo_copy).open_workspace()
    folder = workspace.run.folder / "projections"
    for representation in ("text", "both"):
        (folder / f"{representation}.pca.safetensors").unlink()
    kept = (folder / "spectrum.pca.safetensors").stat().st_mtime_ns
    told: list[tuple[float, str]] = []

    def on_step(done: int, total: int, info: str) -> bool:
        if "trust" in info:
            assert workspace.run.has_projection("both", "pca")
            return True
        told.append((done / total, info))
        assert workspace.run.has_projection("text", "pca") == (info == "PCA of both")
        return True

    wanted = (("spectrum", "pca"), ("text", "pca"), ("both", "pca"))
    compute_maps(workspace.survey, workspace.run, wanted, on_step=on_step)
    assert told == [(0.0, "PCA of text"), (0.5, "PCA of both")]
    assert workspace.run.has_projection("both", "pca")
    assert (folder / "spectrum.pca.safetensors").stat().st_mtime_ns == kept


def test_a_map_that_is_stopped_is_not_published(demo_copy):
    workspace = Catalogue(demo_copy).open_workspace()
    with pytest.raises(StoppedError):
        compute_maps(workspace.survey, workspace.run, FIRST_MAPS, on_step=lambda *_: False)
    assert not workspace.run.has_projection(*FIRST_MAPS[0])


def test_an_unknown_method_lists_the_known_ones(workspace):
    with pytest.raises(AlignlabError, match=", ".join(METHODS)):
        compute_map(workspace.survey, workspace.run, "both", "isomap")


def test_maps_are_judged_after_all_of_them_are_there(demo_copy):
    workspace = Catalogue(demo_copy).open_workspace()
    survey, run = workspace.survey, workspace.run
    assert len(unjudged_maps(survey, run)) == len(REPRESENTATIONS)
    assert map_table(workspace).quality is None
    told: list[tuple[int, int, str]] = []
    compute_maps(survey, run, (("both", "pca"),), on_step=lambda *step: told.append(step) or True)
    assert unjudged_maps(survey, run) == []
    assert told[0] == (0, len(REPRESENTATIONS), "trust in PCA of both")
    assert {info for _, _, info in told} == {f"trust in PCA of {name}" for name in REPRESENTATIONS}
    shares = [done / total for done, total, _ in told]
    assert shares == sorted(shares)
    quality = map_table(workspace).quality
    assert quality is not None
    assert (quality.k, quality.n, quality.n_reference) == (JUDGED_BY, survey.n_sources, survey.n_sources)
    expected = trustworthiness(
        run.latents("both"), run.projection("both", "pca").coordinates, n_neighbors=JUDGED_BY, metric="cosine"
    )
    assert quality.global_trustworthiness == pytest.approx(expected, abs=1e-4)


def test_what_is_missing_is_computed_in_the_background_and_a_map_never_waits_for_its_judgement(demo_copy):
    workspace = Catalogue(demo_copy).open_workspace()
    run = workspace.run
    for pair in FIRST_MAPS:
        run.add_projection(dataclasses.replace(run.projection("both", "pca"), method=pair[1]))
    assert start_missing_maps(workspace, FIRST_MAPS) is None
    assert not judging_task(workspace).is_running()
    progress = start_missing_maps(workspace)
    assert progress is not None
    assert progress.error == ""
    assert start_missing_maps(workspace, FIRST_MAPS) is None
    end = time.monotonic() + 120
    while start_missing_maps(workspace) is not None:
        assert time.monotonic() < end, judging_task(workspace).progress()
        time.sleep(0.2)
    assert unjudged_maps(workspace.survey, run) == []


def test_nothing_is_started_when_all_maps_are_there(workspace):
    assert start_missing_maps(workspace, (("both", "pca"),)) is None


def test_applied_sources_stand_exactly_on_a_linear_map_and_near_their_neighbours_on_another(demo_copy):
    catalogue = Catalogue(demo_copy)
    workspace = catalogue.open_workspace()
    mine = cut_out(workspace.survey, ROWS, config=demo_copy)
    apply_run(workspace.run, workspace.survey, mine)
    workspace = catalogue.open_workspace()

    linear = map_table(workspace, "spectrum_aligned", "pca")
    (placed,) = linear.overlays
    np.testing.assert_allclose(placed.x, linear.x[ROWS], atol=1e-4)
    np.testing.assert_allclose(placed.y, linear.y[ROWS], atol=1e-4)
    assert placed.survey_name == "mine"
    assert not placed.simulated
    np.testing.assert_array_equal(placed.variables, workspace.survey.variables[ROWS])
    assert placed.novelty_percent.shape == (len(ROWS),)

    # On a map of a representation that needs papers they are placed among the nearest in the spectrum's share of it.
    both = map_table(workspace, "both", "pca")
    (placed,) = both.overlays
    latents = workspace.run.latents("spectrum_aligned")
    for place, row in enumerate(ROWS):
        near = np.argsort(-(latents @ latents[row]))[:30]
        assert both.x[near].min() - 1e-4 <= placed.x[place] <= both.x[near].max() + 1e-4
        assert both.y[near].min() - 1e-4 <= placed.y[place] <= both.y[near].max() + 1e-4


def test_a_failed_map_is_told_until_somebody_asks_again(demo_copy):
    workspace = Catalogue(demo_copy).open_workspace()
    wanted = (("text_aligned", "umap"),)
    task = maps_task(workspace)

    def fail(step):
        raise AlignlabError("The disk is full.", remedy="Make room.")

    with pytest.raises(AlignlabError, match="disk is full"):
        task.run(fail)
    told = start_missing_maps(workspace, wanted)
    assert told is not None
    assert told.error == "The disk is full. Make room."
    assert not task.is_running()
    again = start_missing_maps(workspace, wanted, retry=True)
    assert again is not None
    assert again.error == ""
    end = time.monotonic() + 120
    while start_missing_maps(workspace, wanted) is not None:
        assert time.monotonic() < end, task.progress()
        time.sleep(0.2)
    assert workspace.run.has_projection("text_aligned", "umap")
