"""Clusters of a small demo: found, kept, judged by the right sources, described by what is in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, balanced_accuracy_score

from alignlab.errors import AlignlabError, MissingArtefactError, RecipeError
from alignlab.services.discover import clusters as services
from alignlab.services.discover.cluster_classes import LABELLINGS
from alignlab.services.discover.cluster_names import suggest_name, told_apart
from alignlab.services.discover.cluster_profiles import VariableProfile
from alignlab.services.discover.cluster_tables import clusters_table, contingency_table, finding_words, recipe_words
from alignlab.services.discover.clusters import Clustering, ClusterRecipe
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.variables import VARIABLES


@pytest.fixture
def workspace(demo_copy) -> Workspace:
    return Catalogue(demo_copy).open_workspace()


def classes_as_clusters(workspace: Workspace, labelling: str = "classes") -> Clustering:
    """The known classes taken for clusters."""
    groups, names = LABELLINGS[labelling].of(workspace.survey), LABELLINGS[labelling].names(workspace.survey)
    labels = np.array([names.index(group) if group in names else -2 for group in groups], np.int32)
    told = {"n_clusters": len(names), "n_noise": 0, "n_left_out": int((labels == -2).sum())}
    return Clustering(recipe=ClusterRecipe(k=len(names)), labels=labels, told=told)


def test_what_is_kept_is_what_was_found(workspace):
    recipe = ClusterRecipe(k=5, seed=3, representation="spectrum_aligned")
    found = services.keep_clusters(workspace, recipe)
    assert services.kept_clusterings(workspace.run) == [recipe.key]
    read = services.clustering(workspace.run, recipe.key)
    assert (read.recipe, read.told) == (recipe, found.told)
    assert np.array_equal(read.labels, found.labels)
    assert len(set(read.names)) == read.n_clusters == 5
    assert list(read.sizes) == sorted(read.sizes, reverse=True)
    assert read.sizes.sum() == workspace.survey.n_sources
    again = services.find_clusters(workspace.survey, workspace.run, recipe)
    assert np.array_equal(again.labels, found.labels)
    services.delete_clustering(workspace.run, recipe.key)
    assert services.kept_clusterings(workspace.run) == []
    with pytest.raises(MissingArtefactError, match="keeps no clusters"):
        services.clustering(workspace.run, recipe.key)


def test_a_key_tells_recipes_apart_but_not_names():
    recipe = ClusterRecipe(k=8)
    keys = {replace(recipe, **change).key for change in ({}, {"seed": 1}, {"scaling": "unit"}, {"k": 9})}
    assert len(keys) == 4
    assert replace(recipe, name="mine").key == recipe.key
    assert recipe.key.startswith("kmeans-8-both-")
    with pytest.raises(RecipeError, match="method must be one of"):
        ClusterRecipe(method="magic")


def test_other_latents_of_the_same_sources_can_be_clustered(workspace):
    survey, run = workspace.survey, workspace.run
    split = (survey.split == "test").astype(np.float32)
    found = services.find_clusters(survey, run, ClusterRecipe(k=2), latents=np.stack([split, split], axis=1))
    assert np.array_equal(found.labels == 1, survey.split == "test")
    with pytest.raises(AlignlabError, match="3 latents are not those"):
        services.find_clusters(survey, run, ClusterRecipe(k=2), latents=np.zeros((3, 2)))


def test_only_the_classes_that_are_asked_for_are_clustered(workspace):
    recipe = ClusterRecipe(k=2, among="accretors", representation="spectrum")
    found = services.find_clusters(workspace.survey, workspace.run, recipe)
    is_accretor = workspace.survey.sources["source_class"].isin(
        ["AGN", "obscured AGN", "QSO", "HMXB", "LMXB", "CV", "ULX"]
    )
    assert np.array_equal(found.labels >= 0, is_accretor)
    assert found.told["n_left_out"] == (~is_accretor).sum()


def test_perfect_clusters_are_perfect(workspace):
    for scope in services.SCOPES:
        quality = services.cluster_quality(
            workspace.survey, workspace.run, classes_as_clusters(workspace, "accretors"), labelling="accretors",
            scope=scope, silhouette=False,
        )  # fmt: skip
        assert quality.one_to_one.balanced_accuracy == quality.many_to_one.balanced_accuracy == 1
        assert quality.ari == pytest.approx(1)
        assert quality.figures()["silhouette"] is None


def test_figures_are_those_of_scikit_learn_on_the_judged_sources(workspace):
    survey, run = workspace.survey, workspace.run
    found = services.find_clusters(survey, run, ClusterRecipe(k=4))
    quality = services.cluster_quality(survey, run, found, labelling="accretors", scope="all")
    groups = LABELLINGS["accretors"].of(survey)
    known = groups != ""
    names = np.array(quality.table.classes)
    of_cluster = names[quality.many_to_one.class_of]
    expected = balanced_accuracy_score(groups[known], of_cluster[found.labels[known]])
    assert quality.many_to_one.balanced_accuracy == pytest.approx(expected)
    assert quality.ari == pytest.approx(adjusted_rand_score(groups[known], found.labels[known]))
    assert quality.n == known.sum()
    assert quality.n_silhouette == survey.n_sources


def test_the_test_split_does_not_choose_the_classes_of_clusters(workspace):
    """Every test source its own way: clusters keep the classes that the others gave them."""
    survey = workspace.survey
    found = classes_as_clusters(workspace, "accretors")
    of_test = survey.split == "test"
    swapped = np.where(of_test & (found.labels >= 0), 1 - found.labels, found.labels)
    quality = services.cluster_quality(
        survey, workspace.run, replace(found, labels=swapped), labelling="accretors", scope="test", silhouette=False
    )
    assert quality.one_to_one.balanced_accuracy == 0
    assert quality.n == (of_test & (found.labels >= 0)).sum()


def test_a_profile_says_what_is_in_a_cluster(workspace):
    survey = workspace.survey
    hard = survey.variables[:, 0]
    labels = np.where(hard > np.nanmedian(hard), 0, 1).astype(np.int32)
    found = Clustering(recipe=ClusterRecipe(k=2), labels=labels, told={"n_clusters": 2})
    first, second = services.cluster_profiles(workspace, found)
    inside = pd.Series(hard[labels == 0])
    profile = first.variables[0]
    assert profile.name == VARIABLES[0].name
    assert profile.n == inside.notna().sum()
    assert profile.median == pytest.approx(inside.median(), rel=1e-5)
    assert [profile.low, profile.high] == pytest.approx(inside.quantile([0.16, 0.84]), rel=1e-4)
    assert first.by_effect()[0].delta == pytest.approx(1)
    assert first.name.startswith("hard")
    assert second.name.startswith("soft")
    assert "median hardness (hard − soft)" in first.evidence[0]
    assert sum(n for _, n in first.classes) == first.n == (labels == 0).sum()
    widths = np.diff(np.geomspace(0.5, 8, 101))
    spectra = run_shapes(workspace, labels == 0)
    assert first.spectrum.median * widths == pytest.approx(np.median(spectra, axis=0), abs=1e-6)
    hard_share, soft_share = (
        (p.spectrum.observed * np.diff(np.geomspace(0.5, 8, 21)))[p.spectrum.observed_kev > 2].sum()
        for p in (first, second)
    )
    assert hard_share > soft_share


def run_shapes(workspace: Workspace, mask) -> np.ndarray:
    """Reconstructions in 100 bins, each summing to 1."""
    merged = np.maximum(workspace.run.reconstruction[mask], 0).astype(float).reshape(mask.sum(), 100, 4).sum(axis=2)
    return merged / merged.sum(axis=1, keepdims=True)


def variable(name: str, delta: float) -> VariableProfile:
    return VariableProfile(name=name, median=0.8, low=0.6, high=0.9, n=40, median_rest=0.1, delta=delta)


@pytest.mark.parametrize(
    ("classes", "deltas", "name"),
    [
        ([("AGN", 30), ("QSO", 10)], {"hard_hs": 0.7, "powlaw_nh": 0.6}, "hard, absorbed: AGN"),
        ([("AGN", 20), ("QSO", 15), ("CV", 9)], {"hard_hs": 0.1}, "AGN and QSO"),
        ([("AGN", 20), ("QSO", 10), ("CV", 10), ("star", 11)], {"hard_hs": -0.9}, "soft: mixed, mostly AGN"),
        ([("YSO", 9)], {"var_prob_b": 0.5, "hard_hs": float("nan")}, "variable: YSO"),
        ([], {}, "unclassified"),
    ],
)
def test_names_follow_the_rules(classes, deltas, name):
    found, evidence = suggest_name(60, classes, [variable(key, delta) for key, delta in deltas.items()], None)
    assert found == name
    assert len(evidence) == len([delta for delta in deltas.values() if abs(delta) >= 0.474]) + 1


def test_names_that_clusters_share_are_told_apart():
    names = ["AGN", "star", "AGN", "AGN", "AGN"]
    told = told_apart(names, [0.6, 0.9, -0.5, 0.1, 0.0], [None] * 5)
    assert told == ["AGN (bright)", "star", "AGN (faint)", "AGN 1", "AGN 2"]


def test_tables_say_of_whom_and_how(workspace):
    survey, run = workspace.survey, workspace.run
    recipe = ClusterRecipe(method="mixture", k=3, among="accretors")
    found = services.find_clusters(survey, run, recipe)
    quality = services.cluster_quality(survey, run, found, labelling="accretors", scope="all", silhouette=False)
    told = recipe_words(found)
    assert "Gaussian mixture, 3 clusters in both; projected onto 16 principal components; seed 0" in told
    assert f"{found.told['n_left_out']} left out" in told
    table = contingency_table(quality, found.names, caption="Survey demo (simulated).")
    shares = np.array([[cell.value for cell in row[2:5]] for row in table.rows])
    assert np.allclose(shares, quality.table.shares)
    assert "by the very sources that are judged" in table.caption
    assert "guessing finds 50%" in finding_words(quality)
    profiles = services.cluster_profiles(workspace, found)
    assert [row[2].value for row in clusters_table(found, profiles, caption="").rows] == [p.n for p in profiles]
