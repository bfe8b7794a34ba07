"""Sweeps and the comparison: every size once, kept at once, gone on with after an interruption."""

from __future__ import annotations

import pytest

from alignlab.jobs.spec import JobSpec
from alignlab.progress import StoppedError
from alignlab.services.discover import cluster_sweep as sweeps
from alignlab.services.discover.cluster_tables import comparison_table, sweep_table
from alignlab.services.discover.clusters import ClusterRecipe, cluster_quality, find_clusters, kept_clusterings
from alignlab.services.job_kinds.clusters import KIND, ClusterJobRecipe
from alignlab.services.workspace import Catalogue, Workspace


@pytest.fixture
def workspace(demo_copy) -> Workspace:
    return Catalogue(demo_copy).open_workspace()


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(sweeps, "SIZES", (2, 4, 500))
    monkeypatch.setattr(sweeps, "COMPARED_REPRESENTATIONS", ("spectrum",))
    monkeypatch.setattr(sweeps, "COMPARED_METHODS", ("kmeans",))


def test_an_interrupted_sweep_goes_on(workspace):
    recipe = ClusterRecipe(representation="spectrum_aligned")

    def stop_after_one(done: int, total: int, info: str) -> bool:
        return done < 1

    with pytest.raises(StoppedError):
        sweeps.sweep_clusters(workspace, recipe, on_step=stop_after_one)
    before = sweeps.kept_sweep(workspace.run, recipe)
    assert [point["size"] for point in before] == [2]
    points = sweeps.sweep_clusters(workspace, recipe)
    assert points[0] == before[0]
    assert [point["size"] for point in points] == [2, 4]  # 500 clusters of 400 sources are not asked for
    assert sweeps.kept_sweep(workspace.run, recipe) == points
    assert sweeps.kept_sweep(workspace.run, ClusterRecipe(representation="spectrum")) == []
    found = find_clusters(workspace.survey, workspace.run, recipe.of_size(4))
    quality = cluster_quality(workspace.survey, workspace.run, found, labelling="accretors", scope="test")
    figures = points[1]["against"]["accretors"]["test"]
    assert figures["balanced_accuracy"] == quality.one_to_one.balanced_accuracy
    assert points[1]["silhouette"] == pytest.approx(quality.silhouette)
    assert set(points[1]["against"]) == {"classes", "eight", "accretors"}
    table = sweep_table(points, "accretors", "test", caption="Survey demo (simulated).")
    assert [row[0].value for row in table.rows] == [2, 4]
    assert "simulated" in table.to("markdown")


def test_the_comparison_stands_beside_the_earlier_study(workspace):
    points = sweeps.compare_with_earlier(workspace)
    assert [(point["among"], point["size"]) for point in points] == [("eight", 8), ("accretors", 2)]
    assert len(points) == sweeps.n_compared(workspace.survey)
    text = comparison_table(points, "all", caption="Survey demo (simulated).").to("markdown")
    assert "| eight classes | 8 latents of the spectrum | arXiv:2510.14102 | – | about 40% |" in text
    assert "| AGN against stellar-mass accretors | spectrum | k-means |" in text


def test_a_job_keeps_what_it_finds_and_is_not_done_twice(workspace, demo_copy):
    recipe = ClusterJobRecipe(k=3)

    class Work:
        spec = JobSpec(
            kind="clusters", survey="demo", survey_digest=workspace.survey.digest,
            recipe=ClusterJobRecipe.from_json(recipe.to_json()).__dict__ | {"kind": "ClusterJobRecipe"},
            seed=0, run=workspace.run.run_id,
        )  # fmt: skip

        def on_step(self):
            return None

    assert KIND.existing(Work.spec, demo_copy) is None
    result = KIND.perform(Work(), demo_copy)
    assert result["clusters"] == recipe.clusters.key
    assert kept_clusterings(workspace.run) == [recipe.clusters.key]
    assert KIND.existing(Work.spec, demo_copy) == result
