"""Fields: sources near to each other that share a paper, in which all of them are described by the same words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.spectra.sky import GLOBULAR_CLUSTERS, MAGELLANIC_CLOUDS, NEARBY_GALAXIES, STAR_FORMING_REGIONS

SMALLEST_FIELD, LARGEST_FIELD = 5, 60

_HOST_KINDS: dict[str, str] = {
    host.name: kind
    for kind, hosts in (
        ("spiral galaxy", NEARBY_GALAXIES),
        ("satellite galaxy", MAGELLANIC_CLOUDS),
        ("globular cluster", GLOBULAR_CLUSTERS),
        ("star-forming region", STAR_FORMING_REGIONS),
    )
    for host in hosts
}
#: Galactic column in 1e20 cm^-2 above which a direction counts as the Galactic plane.
PLANE_COLUMN = 15.0


@dataclass(frozen=True, eq=False)
class Fields:
    """Fields and their members.

    Attributes
    ----------
    kind : list of str, length n_sources
        Kind of surroundings that the literature gives each source (keys of `phrases_environment.FIELDS`).
    field_of : list of int, length n_sources
        Field of each source; -1 for none.
    field_kind : list of str, length n_fields
    """

    kind: list[str]
    field_of: list[int]
    field_kind: list[str]


def assign_fields(truth: pd.DataFrame, *, probability: float, strength: float, rng: np.random.Generator) -> Fields:
    """Gather sources of one host, or of like surroundings and neighbouring index, into fields of 5 to 60.

    Parameters
    ----------
    truth : DataFrame
        ``source_class``, ``n_h_galactic`` and, if there is one, ``host``.
    probability : float
        Share of sources in fields (those left over from a group of fewer than five stay out).
    strength : float
        Probability that the surroundings are the source's own and not another source's.
    rng : numpy.random.Generator
        Source of randomness.
    """
    n = len(truth)
    own, member, size, shuffled = rng.random(n), rng.random(n), rng.random(n), rng.permutation(n)
    host = truth["host"].to_numpy(dtype=str) if "host" in truth else np.full(n, "")
    kind = _kinds(truth, host, rng.random(n))
    of_others = own >= strength
    kind = np.where(of_others, kind[shuffled], kind)
    host = np.where(of_others, host[shuffled], host)
    field_of = np.full(n, -1)
    field_kind: list[str] = []
    rows = np.flatnonzero(member < probability)
    group = np.char.add(np.char.add(kind[rows], "/"), host[rows])
    for label in np.unique(group):
        for members in _portions(rows[group == label], size):
            field_of[members] = len(field_kind)
            field_kind.append(str(label).split("/")[0])
    return Fields(kind.tolist(), field_of.tolist(), field_kind)


def _kinds(truth: pd.DataFrame, host: NDArray[np.str_], chance: NDArray[np.float64]) -> NDArray[np.str_]:
    in_plane = truth["n_h_galactic"].to_numpy(dtype=float) > PLANE_COLUMN
    high = np.where(chance < 0.25, "cluster field", "deep field")
    nowhere = np.where(in_plane, "Galactic plane", high)
    return np.array([_HOST_KINDS.get(h, k) for h, k in zip(host.tolist(), nowhere.tolist(), strict=True)])


def _portions(rows: NDArray[np.int64], size: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Cut a run of sources into fields; sizes are uniform in their logarithm."""
    portions, start = [], 0
    while len(rows) - start >= SMALLEST_FIELD:
        ratio = LARGEST_FIELD / SMALLEST_FIELD
        length = int(SMALLEST_FIELD * ratio ** size[rows[start]])
        portions.append(rows[start : start + length])
        start += length
        if len(portions[-1]) < SMALLEST_FIELD:
            portions.pop()
    return portions
