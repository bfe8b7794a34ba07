"""Maps beside a run, and how far each can be trusted: files of their own that join the run after it was published.

``projections/<representation>.<method>.safetensors`` holds a map, and the same name with ``.quality`` before the ending
how far it can be trusted. A run that an earlier version wrote merely lacks the second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from alignlab.analysis.map_quality import MapQuality
from alignlab.errors import AlignlabError, DamagedArtefactError, MissingArtefactError
from alignlab.store.artefact import SCHEMA_VERSION, write_file_atomically

#: Representations of a source, in the order in which a page offers them.
REPRESENTATIONS = ("both", "spectrum_aligned", "text_aligned", "spectrum", "text")
METHODS = ("pca", "umap", "tsne")
_LOCAL = ("trustworthiness", "continuity", "knn_recall")


@dataclass(frozen=True, eq=False, kw_only=True)
class Projection:
    """A map: two coordinates for each source.

    Attributes
    ----------
    representation, method : str
        Of what, and by which method.
    coordinates : ndarray of float32, shape (n, 2)
        Without unit.
    arrays : mapping of str to ndarray
        What the method needs to place new sources exactly (PCA: mean and components).
    parameters : dict
        How it was made, and its figures (variance explained and the like).
    """

    representation: str
    method: str
    coordinates: NDArray[np.float32]
    arrays: Mapping[str, NDArray] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)


class ProjectionFolder:
    """The maps of a run: what `Run` knows of the files in its folder ``projections``."""

    folder: Path

    def _projection_path(self, representation: str, method: str) -> Path:
        if representation not in REPRESENTATIONS or method not in METHODS:
            raise AlignlabError(
                f"no map of {representation!r} by {method!r}.",
                remedy=f"Choose from {', '.join(REPRESENTATIONS)} and {', '.join(METHODS)}.",
            )
        return self.folder / "projections" / f"{representation}.{method}.safetensors"

    def _quality_path(self, representation: str, method: str) -> Path:
        return self._projection_path(representation, method).with_suffix(".quality.safetensors")

    def has_projection(self, representation: str, method: str) -> bool:
        """Whether this map has been computed."""
        return self._projection_path(representation, method).is_file()

    def projections(self) -> list[tuple[str, str]]:
        """The maps that have been computed, as (representation, method)."""
        return [(r, m) for r in REPRESENTATIONS for m in METHODS if self.has_projection(r, m)]

    def add_projection(self, projection: Projection) -> None:
        """Publish a map beside the run, atomically. What was known about an earlier one in its place is dropped."""
        path = self._projection_path(projection.representation, projection.method)
        tensors = {"coordinates": np.ascontiguousarray(projection.coordinates, dtype=np.float32)}
        tensors |= {name: np.ascontiguousarray(array) for name, array in projection.arrays.items()}
        metadata = {"schema_version": str(SCHEMA_VERSION), "parameters": json.dumps(projection.parameters)}
        self._quality_path(projection.representation, projection.method).unlink(missing_ok=True)
        write_file_atomically(path, lambda partial: save_file(tensors, partial, metadata=metadata))

    def projection(self, representation: str, method: str) -> Projection:
        """Read a map.

        Raises
        ------
        MissingArtefactError
            If it has not been computed.
        DamagedArtefactError
            If its file cannot be read.
        """
        path = self._projection_path(representation, method)
        with _present(path, f"Run {self.folder.name!r} has no {method} map of {representation!r} yet."):
            arrays, metadata = _read(path)
            coordinates = arrays.pop("coordinates")
            parameters = json.loads(metadata.get("parameters", "{}"))
        return Projection(
            representation=representation, method=method, coordinates=coordinates, arrays=arrays, parameters=parameters
        )

    def has_map_quality(self, representation: str, method: str) -> bool:
        """Whether it is known how far this map can be trusted."""
        return self._quality_path(representation, method).is_file()

    def add_map_quality(self, representation: str, method: str, quality: MapQuality) -> None:
        """Publish how far a map can be trusted, atomically."""
        tensors = {name: np.ascontiguousarray(getattr(quality, name), dtype=np.float32) for name in _LOCAL}
        figures = {"k": quality.k, "n": quality.n, "n_reference": quality.n_reference}
        metadata = {"schema_version": str(SCHEMA_VERSION), "figures": json.dumps(figures)}
        path = self._quality_path(representation, method)
        write_file_atomically(path, lambda partial: save_file(tensors, partial, metadata=metadata))

    def map_quality(self, representation: str, method: str) -> MapQuality:
        """Read how far a map can be trusted.

        Raises
        ------
        MissingArtefactError
            If it has not been computed.
        DamagedArtefactError
            If its file cannot be read.
        """
        path = self._quality_path(representation, method)
        with _present(path, f"How far the {method} map of {representation!r} can be trusted is not known yet."):
            arrays, metadata = _read(path)
            figures = json.loads(metadata["figures"])
            return MapQuality(
                k=figures["k"],
                n=figures["n"],
                n_reference=figures["n_reference"],
                trustworthiness=arrays["trustworthiness"],
                continuity=arrays["continuity"],
                knn_recall=arrays["knn_recall"],
            )


def _read(path: Path) -> tuple[dict[str, NDArray], dict[str, str]]:
    with safe_open(path, framework="numpy") as file:
        metadata = dict(file.metadata() or {})
    return load_file(path), metadata


@contextmanager
def _present(path: Path, absent: str) -> Iterator[None]:
    """Read a file within: that it is absent, in the given words, or damaged are errors with a remedy."""
    if not path.is_file():
        raise MissingArtefactError(absent, remedy="Compute it with 'alignlab project'.")
    try:
        yield
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DamagedArtefactError(
            f"{path} cannot be read ({error}).", remedy="Delete it and run 'alignlab project'."
        ) from error
