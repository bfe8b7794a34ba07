"""What was found in a run as colours of its maps: kept clusters, and how strange each source is."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.store.findings import finding_names, finding_stamp
from alignlab.store.run import Run

#: So many of the newest kept clusterings are offered.
MOST_CLUSTERINGS = 4
#: Clusters that have a colour of their own; of more, the largest but one, and the rest together.
MOST_COLOURS = 12
OTHER_CLUSTERS = "other clusters"
NO_CLUSTER = "in no cluster"
#: Code of a source in no cluster.
NONE = 255
_CLUSTERS, _OUTLIERS = "clusters-", "outliers-"
#: The scores that colour a map, the most general first.
_SCORES = (("both", "all"), ("both", "test"))
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class MapClusters:
    """Kept clusters as a category of a map.

    Attributes
    ----------
    name : str
        Of the category, unique in a map: what links name.
    label : str
        For a person.
    values : tuple of str
        Number and name of each cluster, the largest first; at most `MOST_COLOURS`.
    codes : ndarray of uint8, shape (n,)
        Place in `values` of each source; 255 in no cluster.
    """

    name: str
    label: str
    values: tuple[str, ...]
    codes: NDArray[np.uint8]


@dataclass(frozen=True, eq=False, kw_only=True)
class MapOutliers:
    """How strange sources are as a variable of a map.

    Attributes
    ----------
    percentile : ndarray of float32, shape (n,)
        Combined score: 0 to 100; NaN where there is none.
    description : str
        What was scored.
    """

    percentile: NDArray[np.float32]
    description: str


@dataclass(frozen=True, eq=False, kw_only=True)
class MapFindings:
    """What was found in a run as colours of its maps.

    Attributes
    ----------
    clusterings : tuple of MapClusters
        The newest first.
    outliers : MapOutliers or None
        None until they have been scored.
    """

    clusterings: tuple[MapClusters, ...] = ()
    outliers: MapOutliers | None = None


def field_of(key: str) -> str:
    """Name of a map's category for the clusters kept under `key`."""
    return f"clusters_{key}"


def findings_stamp(run: Run) -> tuple[tuple[str, int], ...]:
    """What colours there are and since when, for caches."""
    names = [*_newest(run), *(f"{_OUTLIERS}{representation}-{scope}" for representation, scope in _SCORES)]
    return tuple((name, stamp) for name in names if (stamp := finding_stamp(run.folder, name)))


def map_findings(run: Run) -> MapFindings:
    """Read what was found in a run; nothing is computed.

    What cannot be read is no colour: the page that it belongs to says what is wrong with it.
    """
    clusterings = [_clusters(run, name.removeprefix(_CLUSTERS)) for name in _newest(run)]
    return MapFindings(clusterings=tuple(filter(None, clusterings)), outliers=_outliers(run))


def _newest(run: Run) -> list[str]:
    names = finding_names(run.folder, _CLUSTERS)
    return sorted(names, key=lambda name: (-finding_stamp(run.folder, name), name))[:MOST_CLUSTERINGS]


def _clusters(run: Run, key: str) -> MapClusters | None:
    # Imported here: a run without findings, as on the first page, need not wait for what describes clusters.
    from alignlab.services.discover.clusters import clustering

    try:
        found = clustering(run, key)
    except AlignlabError as error:
        _logger.warning("clusters %s are no colour of the map: %s", key, error)
        return None
    values = [f"{place} {name}" for place, name in enumerate(found.names, start=1)]
    codes = np.where(found.labels < 0, NONE, np.minimum(found.labels, NONE - 1))
    if len(values) > MOST_COLOURS:
        codes = np.where(found.labels < 0, NONE, np.minimum(found.labels, MOST_COLOURS - 1))
        values = [*values[: MOST_COLOURS - 1], OTHER_CLUSTERS]
    return MapClusters(
        name=field_of(key), label=found.recipe.short_label, values=tuple(values), codes=codes.astype(np.uint8)
    )


def _outliers(run: Run) -> MapOutliers | None:
    for representation, scope in _SCORES:
        if not finding_stamp(run.folder, f"{_OUTLIERS}{representation}-{scope}"):
            continue
        from alignlab.services.discover.outliers import COMBINED, kept_outliers

        try:
            scores = kept_outliers(run, representation, scope)
        except AlignlabError as error:
            _logger.warning("outlier scores are no colour of the map: %s", error)
            scores = None
        if scores is not None:
            whom = "all sources" if scope == "all" else "the test split"
            return MapOutliers(
                percentile=scores.percentile(COMBINED),
                description=f"Rank of the combined outlier score among {whom}, in percent: 100 is the strangest.",
            )
    return None
