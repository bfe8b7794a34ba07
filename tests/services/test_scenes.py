"""The tour's sentences hold figures of the survey at hand, and its addresses lead to what they say."""

from __future__ import annotations

from urllib.parse import parse_qs

import numpy as np
import pytest

from alignlab.errors import AlignlabError
from alignlab.services import scenes
from alignlab.services.selections import keep_for_link, kept_selection, named_selections
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.lab import Lab


@pytest.fixture(scope="module")
def workspace(small_demo) -> Workspace:
    return Catalogue(small_demo).open_workspace()


@pytest.fixture
def lab(tmp_path) -> Lab:
    return Lab(tmp_path / "lab.sqlite")


def address(scene: scenes.Scene) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(scene.address).items()}


def test_six_scenes(workspace, lab):
    tour = scenes.tour(workspace, lab)
    assert len(tour) == 6
    assert all(scene.title and scene.note for scene in tour)
    assert [scene.action for scene in tour[-2:]] == [scenes.DROP, scenes.RETRAIN]


def test_the_rarities_are_the_planted_ones(workspace, lab):
    survey = workspace.survey
    scene = scenes.tour(workspace, lab)[2]
    mask = kept_selection(lab, survey.name, address(scene)["selection"], survey.n_sources)
    planted = survey.truth["rarity"].astype(str).to_numpy() != ""
    assert np.array_equal(mask, planted)
    assert f"hid {planted.sum()} among {survey.n_sources}" in scene.note


def test_text_against_spectrum_by_brute_force(workspace, lab):
    scene = scenes.tour(workspace, lab)[3]
    survey = workspace.survey
    classes = survey.sources["source_class"].to_numpy()
    shares = {}
    for representation in ("spectrum_aligned", "text_aligned"):
        latents = workspace.run.latents(representation).astype(float)
        similarity = latents @ latents.T
        np.fill_diagonal(similarity, -2)
        nearest = np.argsort(-similarity, axis=1)[:, : scenes.N_NEIGHBOURS]
        same = (classes[nearest] == classes[:, None]).mean(axis=1)
        shares[representation] = {name: same[classes == name].mean() for name in set(classes)}
    gains = {name: shares["text_aligned"][name] - shares["spectrum_aligned"][name] for name in set(classes)}
    best = max(gains, key=gains.__getitem__)
    assert scene.note.startswith(f"{best} (n {np.sum(classes == best)})")
    assert f"{shares['spectrum_aligned'][best]:.0%} share" in scene.note
    mask = kept_selection(lab, survey.name, address(scene)["selection"], survey.n_sources)
    assert np.array_equal(mask, classes == best)


def test_without_an_observed_source_the_quasar_scene_asks_for_one(workspace, lab):
    scene = scenes.tour(workspace, lab)[4]
    assert "Drop an observed spectrum" in scene.note
    assert scene.address == ""


def test_links_keep_selections_once(lab):
    mask = np.arange(10) % 3 == 0
    name = keep_for_link(lab, "demo", mask)
    assert keep_for_link(lab, "demo", mask) == name
    assert keep_for_link(lab, "demo", ~mask) != name
    assert np.array_equal(kept_selection(lab, "demo", name, 10), mask)
    lab.save_selection("demo", "odd ones", mask)
    assert named_selections(lab, "demo") == ["odd ones"]
    with pytest.raises(AlignlabError, match="not kept in this Lab"):
        kept_selection(lab, "demo", "link-0", 10)
    with pytest.raises(AlignlabError, match=r"of 10 sources; survey 'demo' now has 12"):
        kept_selection(lab, "demo", name, 12)
