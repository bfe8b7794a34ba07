"""What was found in a run reaches its maps: the newest clusters, at most as many as there are hues."""

from __future__ import annotations

import numpy as np
import pytest

from alignlab.services.discover import map_findings as findings
from alignlab.services.discover.clusters import ClusterRecipe, clustering, delete_clustering, keep_clusters
from alignlab.services.discover.outliers import VERSION as OUTLIERS_VERSION
from alignlab.services.discover.outliers import OutlierScores, finding_name
from alignlab.services.workspace import Catalogue, Workspace
from alignlab.store.findings import Finding, write_finding


@pytest.fixture
def workspace(demo_copy) -> Workspace:
    return Catalogue(demo_copy).open_workspace()


def test_a_run_in_which_nothing_was_found_has_no_colours(workspace):
    found = findings.map_findings(workspace.run)
    assert (found.clusterings, found.outliers, findings.findings_stamp(workspace.run)) == ((), None, ())


def test_the_newest_clusters_are_offered_with_their_names(workspace):
    run = workspace.run
    recipes = [ClusterRecipe(k=k, representation="spectrum_aligned") for k in (2, 3, 4, 5, 14)]
    stamps = set()
    for recipe in recipes:
        keep_clusters(workspace, recipe)
        stamps.add(findings.findings_stamp(run))
    assert len(stamps) == len(recipes)
    offered = findings.map_findings(run).clusterings
    assert [one.name for one in offered] == [findings.field_of(recipe.key) for recipe in reversed(recipes[1:])]
    many, few = offered[0], offered[1]
    kept = clustering(run, recipes[3].key)
    numbered = tuple(f"{place} {name}" for place, name in enumerate(kept.names, start=1))
    assert (few.values, few.label) == (numbered, "k-means 5 · spectrum, aligned")
    assert np.array_equal(few.codes, kept.labels)
    assert len(many.values) == findings.MOST_COLOURS
    assert many.values[-1] == findings.OTHER_CLUSTERS
    sizes = np.bincount(many.codes)
    assert sizes[-1] == clustering(run, recipes[4].key).sizes[11:].sum()
    delete_clustering(run, recipes[4].key)
    assert findings.map_findings(run).clusterings[0].name == few.name


def test_sources_in_no_cluster_have_no_colour(workspace):
    recipe = ClusterRecipe(k=2, among="accretors")
    found = keep_clusters(workspace, recipe)
    (offered,) = findings.map_findings(workspace.run).clusterings
    assert np.array_equal(offered.codes == findings.NONE, found.labels < 0)
    assert offered.label.endswith("AGN against stellar-mass accretors")


def test_combined_scores_of_all_sources_are_offered(workspace):
    n = workspace.survey.n_sources
    combined = np.random.default_rng(0).random(n).astype(np.float32)
    arrays = {"knn": combined, "combined": combined}
    write_finding(workspace.run.folder, finding_name("both", "all"), OUTLIERS_VERSION, Finding(arrays=arrays, told={}))
    offered = findings.map_findings(workspace.run).outliers
    scores = OutlierScores(representation="both", scope="all", scores={"knn": combined}, combined=combined, told={})
    assert offered is not None
    assert np.array_equal(offered.percentile, scores.percentile("combined"))
    assert "all sources" in offered.description


def test_what_cannot_be_read_is_no_colour(workspace, caplog):
    run = workspace.run
    recipe = ClusterRecipe(k=2)
    keep_clusters(workspace, recipe)
    (run.folder / "findings" / "clusters-broken.safetensors").write_bytes(b"not a finding")
    (run.folder / "findings" / "outliers-both-all.safetensors").write_bytes(b"not a finding")
    found = findings.map_findings(run)
    assert [one.name for one in found.clusterings] == [findings.field_of(recipe.key)]
    assert found.outliers is None
    assert caplog.text.count("cannot be read") == 2
