"""The nearest rows of every row of a large matrix, exactly, without comparing all pairs.

Rows are grouped into cells around centres. A row is compared with the cells around its own; whatever any other cell can
hold is bounded by its radius and by the plane half-way to its centre, and only cells that might hold something nearer
than what has been found are looked into (the exact variant of an inverted file: Jégou et al. 2011, IEEE TPAMI 33, 117).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from alignlab.analysis.similarity import Neighbours, top_k
from alignlab.progress import OnStep, report

#: Fewer rows are compared pair by pair.
FEWEST_ROWS = 30_000
#: Cells around each row that are looked into at first.
_FIRST_CELLS = 8
_ROUNDS, _SAMPLE_PER_CELL = 6, 40
#: Bounds are wider by so much than they are, so that rounding of float32 hides no neighbour.
_SLACK = 1e-4
#: Similarities that are held at once: 64 MB.
_BLOCK = 16_000_000


def all_neighbours(
    unit: NDArray[np.float32],
    k: int,
    *,
    seed: int = 0,
    n_cells: int | None = None,
    on_step: OnStep | None = None,
) -> Neighbours:
    """The `k` rows most similar (cosine) to each row, itself left out; what `top_k` gives, sooner for many rows.

    Parameters
    ----------
    unit : ndarray of float32, shape (n, d)
        Rows of length 1, as `normalise_rows` leaves them.
    k : int
        1 to n - 1.
    seed : int
        Decides the cells; the answer does not depend on it, but for which of several equals fill the last place.
    n_cells : int, optional
        About the square root of n by default; below `FEWEST_ROWS` all pairs are compared unless this is given.
    on_step : callable, optional
        Told the share of the work that is done.

    Returns
    -------
    Neighbours
        Equal similarities are ordered by row.

    Raises
    ------
    ValueError
        If `k` is out of range.
    """
    n = len(unit)
    if (n < FEWEST_ROWS and n_cells is None) or not 1 <= k < n:
        return top_k(unit, unit, k, exclude_self=True, normalised=True)
    cells = _Cells(torch.from_numpy(unit), n_cells or 2 ** round(math.log2(math.sqrt(n))), seed)
    report(on_step, 10, 100, "nearest sources: near cells")
    value, index, seen = _in_near_cells(cells, k)
    needed = _cells_needed(cells, value[:, -1], seen)
    for cell in range(cells.number):
        report(on_step, 30 + 70 * cell // cells.number, 100, "nearest sources: other cells")
        _look_into(cells, cell, needed[cell].nonzero()[:, 0], value, index)
    similarity = torch.empty_like(value)
    original = torch.empty_like(index)
    similarity[cells.order], original[cells.order] = value, cells.order[index]
    place = np.lexsort((original.numpy(), -similarity.numpy()), axis=1)
    return Neighbours(
        np.take_along_axis(original.numpy(), place, axis=1),
        np.clip(np.take_along_axis(similarity.numpy(), place, axis=1), -1, 1),
    )


class _Cells:
    """Rows in the order of their cells; indices below are places in this order until the end."""

    def __init__(self, matrix: torch.Tensor, number: int, seed: int) -> None:
        self.number = number
        self.centres = _centres(matrix, number, np.random.default_rng(seed))
        self.own = torch.cat([(rows @ self.centres.T).argmax(1) for rows in matrix.split(8192)])
        self.order = self.own.argsort(stable=True)
        self.rows, self.own = matrix[self.order], self.own[self.order]
        self.bounds = [0, *torch.bincount(self.own, minlength=number).cumsum(0).tolist()]

    def of(self, cell: int) -> slice:
        return slice(self.bounds[cell], self.bounds[cell + 1])

    def size(self, cell: int) -> int:
        return self.bounds[cell + 1] - self.bounds[cell]


def _centres(matrix: torch.Tensor, number: int, rng: np.random.Generator) -> torch.Tensor:
    """Centres of length 1 by a few rounds of k-means on a sample."""
    sample = matrix[torch.from_numpy(rng.choice(len(matrix), min(len(matrix), _SAMPLE_PER_CELL * number), False))]
    centres = sample[:number].clone()
    for _ in range(_ROUNDS):
        own = torch.cat([(rows @ centres.T).argmax(1) for rows in sample.split(8192)])
        total = torch.zeros_like(centres).index_add_(0, own, sample)
        length = total.norm(dim=1, keepdim=True)
        # A centre without rows stays where it is.
        centres = torch.where(length > 0, total / length.clamp(min=1e-12), centres)
    return centres


def _in_near_cells(cells: _Cells, k: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The best `k` of each row within the cells around its own, and which cells these were."""
    n = len(cells.rows)
    value, index = torch.empty(n, k), torch.empty(n, k, dtype=torch.int64)
    seen = torch.zeros(cells.number, cells.number, dtype=torch.bool)
    nearness = cells.centres @ cells.centres.T
    # Its own cell first, even where another has the same centre.
    nearness.fill_diagonal_(2)
    by_nearness = nearness.argsort(dim=1, descending=True, stable=True).tolist()
    for cell in range(cells.number):
        if not cells.size(cell):
            continue
        near: list[int] = []
        n_candidates = 0
        for other in by_nearness[cell]:
            if len(near) >= _FIRST_CELLS and n_candidates > k:
                break
            near.append(other)
            n_candidates += cells.size(other)
        seen[cell, near] = True
        place = torch.cat([torch.arange(cells.bounds[o], cells.bounds[o + 1]) for o in near])
        candidates = cells.rows[place].T
        some = max(1, _BLOCK // n_candidates)
        for start in range(0, cells.size(cell), some):
            rows = torch.arange(
                cells.bounds[cell] + start, min(cells.bounds[cell] + start + some, cells.bounds[cell + 1])
            )
            product = cells.rows[rows] @ candidates
            # Its own cell comes first: a row's own place in it is its place among the candidates.
            product[torch.arange(len(rows)), rows - cells.bounds[cell]] = -torch.inf
            best = product.topk(k, dim=1)
            value[rows], index[rows] = best.values, place[best.indices]
    return value, index, seen


def _cells_needed(cells: _Cells, worst: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Which cells might hold something nearer to a row than its worst neighbour so far, shape (cells, n)."""
    needed = torch.zeros(cells.number, len(cells.rows), dtype=torch.bool)
    cosine_radius = torch.ones(cells.number)
    for cell in range(cells.number):
        if cells.size(cell):
            cosine_radius[cell] = (cells.rows[cells.of(cell)] @ cells.centres[cell]).min()
    sine_radius = (1 - cosine_radius.square()).clamp(min=0).sqrt()
    between = torch.cdist(cells.centres, cells.centres)
    for cell in range(cells.number):
        rows = cells.of(cell)
        to_centre = (cells.rows[rows] @ cells.centres.T).clamp(-1, 1)
        # Nothing within the radius is nearer than this: the cosine of the angle to the centre less the radius.
        nearest = to_centre * cosine_radius + (1 - to_centre.square()).sqrt() * sine_radius
        nearest[to_centre >= cosine_radius] = 1
        # Nor nearer than the plane between both centres, beyond which the other cell lies.
        to_plane = (to_centre[:, cell, None] - to_centre) / between[cell].clamp(min=1e-6)
        reach = (2 - 2 * worst[rows]).clamp(min=0).sqrt()[:, None]
        within = (nearest >= worst[rows][:, None] - _SLACK) & (to_plane <= reach + _SLACK)
        needed[:, rows] = (within & ~seen[cell]).T
    return needed


def _look_into(cells: _Cells, cell: int, rows: torch.Tensor, value: torch.Tensor, index: torch.Tensor) -> None:
    """Compare some rows with the rows of a cell, and keep what is better than what they have."""
    if not cells.size(cell):
        return
    k = value.shape[1]
    candidates = cells.rows[cells.of(cell)].T
    for some in rows.split(max(1, _BLOCK // cells.size(cell))):
        product = cells.rows[some] @ candidates
        better = product.amax(1) > value[some, -1]
        some, product = some[better], product[better]
        both = torch.cat([value[some], product], dim=1).topk(k, dim=1)
        places = torch.arange(cells.bounds[cell], cells.bounds[cell + 1]).expand(len(some), -1)
        value[some], index[some] = both.values, torch.cat([index[some], places], dim=1).gather(1, both.indices)
