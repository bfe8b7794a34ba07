from __future__ import annotations

import numpy as np
import pytest

from alignlab.analysis.map_quality import MapQuality
from alignlab.errors import AlignlabError, DamagedArtefactError, MissingArtefactError
from alignlab.store.projections import Projection
from alignlab.store.run import Run, write_run
from tests.store.builders import run_contents, run_meta


@pytest.fixture
def run(tmp_path) -> Run:
    return write_run(run_contents(), run_meta(), tmp_path)


def a_map(method: str = "umap") -> Projection:
    return Projection(representation="both", method=method, coordinates=np.zeros((20, 2), np.float32))


def a_quality() -> MapQuality:
    rng = np.random.default_rng(0)
    local = rng.uniform(size=(3, 20)).astype(np.float32)
    return MapQuality(k=7, n=20, n_reference=18, trustworthiness=local[0], continuity=local[1], knn_recall=local[2])


def test_maps_join_a_published_run(run):
    assert run.projections() == []
    with pytest.raises(MissingArtefactError, match="no umap map"):
        run.projection("both", "umap")
    coordinates = np.arange(40, dtype=np.float32).reshape(20, 2)
    run.add_projection(
        Projection(
            representation="both", method="pca", coordinates=coordinates,
            arrays={"mean": np.ones(128, np.float32)}, parameters={"seed": 7},
        )
    )  # fmt: skip
    again = Run.open(run.folder).projection("both", "pca")
    np.testing.assert_array_equal(again.coordinates, coordinates)
    np.testing.assert_array_equal(again.arrays["mean"], np.ones(128))
    assert again.parameters == {"seed": 7}
    assert run.projections() == [("both", "pca")]
    (run.folder / "projections/both.pca.safetensors").write_bytes(b"torn")
    with pytest.raises(DamagedArtefactError, match=r"both\.pca"):
        run.projection("both", "pca")
    with pytest.raises(AlignlabError, match="no map of"):
        run.projection("both", "../../etc")


def test_what_is_known_of_a_map_joins_it_later(run):
    run.add_projection(a_map())
    assert not run.has_map_quality("both", "umap")  # as in a run that an earlier version wrote
    with pytest.raises(MissingArtefactError, match="not known yet"):
        run.map_quality("both", "umap")
    quality = a_quality()
    run.add_map_quality("both", "umap", quality)
    assert run.has_map_quality("both", "umap")
    again = Run.open(run.folder).map_quality("both", "umap")
    assert (again.k, again.n, again.n_reference) == (7, 20, 18)
    for name in ("trustworthiness", "continuity", "knn_recall"):
        np.testing.assert_array_equal(getattr(again, name), getattr(quality, name))
    assert again.global_recall == pytest.approx(quality.knn_recall.mean())
    assert run.projections() == [("both", "umap")]


def test_another_map_in_its_place_is_not_known(run):
    run.add_projection(a_map())
    run.add_map_quality("both", "umap", a_quality())
    run.add_projection(a_map("tsne"))
    assert run.has_map_quality("both", "umap")
    run.add_projection(a_map())
    assert not run.has_map_quality("both", "umap")


def test_damage_is_named(run):
    run.add_projection(a_map())
    run.add_map_quality("both", "umap", a_quality())
    path = run.folder / "projections/both.umap.quality.safetensors"
    path.write_bytes((run.folder / "projections/both.umap.safetensors").read_bytes())
    with pytest.raises(DamagedArtefactError, match=r"both\.umap\.quality"):
        run.map_quality("both", "umap")
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DamagedArtefactError, match="alignlab project"):
        run.map_quality("both", "umap")
    with pytest.raises(AlignlabError, match="no map of"):
        run.has_map_quality("../both", "umap")
