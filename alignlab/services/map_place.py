"""Where one source lies on a run's map, among all sources of the run's survey."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.services.maps import INSTANT_METHOD, METHOD_LABELS, map_table
from alignlab.services.subject import Subject
from alignlab.services.workspace import Workspace
from alignlab.store.run import Overlay

#: The map that is shown: the first of these that has been computed, else the one that costs nothing.
_PREFERRED = (("both", "umap"), ("both", "tsne"))
_FALLBACK = ("spectrum_aligned", INSTANT_METHOD)
_MOST_DRAWN = 3000


@dataclass(frozen=True, eq=False, kw_only=True)
class MapPlace:
    """A source on a map.

    Attributes
    ----------
    representation, method : str
        Of the map.
    x, y : ndarray of float32, shape (n,)
        The run's survey on it.
    at : (float, float)
        The source, placed by its spectrum alone.
    """

    representation: str
    method: str
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    at: tuple[float, float]

    @property
    def label(self) -> str:
        """Name of the map's method."""
        return METHOD_LABELS[self.method]

    def thinned(self, most: int = _MOST_DRAWN) -> NDArray[np.float32]:
        """Places of every so-manieth source, shape (at most `most`, 2), for drawings that need not show all."""
        step = max(1, -(-len(self.x) // most))
        return np.stack([self.x[::step], self.y[::step]], axis=1)


def map_place(subject: Subject) -> MapPlace:
    """Place a source on the run's map by its spectrum: the mean of its neighbours' places, the nearer the heavier.

    A source of the run's own survey is placed as a new one would be: its own row and its papers are left out.
    """
    # Imported here: torch takes seconds, which importing this module need not wait for.
    from alignlab.analysis.projections import place_new

    workspace = subject.workspace
    representation, method = next((pair for pair in _PREFERRED if workspace.run.has_projection(*pair)), _FALLBACK)
    table = map_table(Workspace(workspace.config, workspace.survey, workspace.run), representation, method)
    base = workspace.run.latents("spectrum_aligned")
    coordinates = np.stack([table.x, table.y], axis=1)
    if not isinstance(subject.encoded, Overlay):
        kept = np.arange(len(base)) != subject.index
        base, coordinates = base[kept], coordinates[kept]
    at = place_new(subject.latents("spectrum_aligned")[None], base, coordinates)[0]
    return MapPlace(representation=representation, method=method, x=table.x, y=table.y, at=(float(at[0]), float(at[1])))
