"""Forces that draw a graph: all nodes repel each other, joined ones pull each other together.

Two nodes at distance r repel each other with 1/r; an edge is a spring of strength ``1 / sqrt(degree degree)``. A group
whose edges all stay inside then becomes a disc with one node per area of pi, whatever its number of edges, and two
groups move apart the farther, the fewer edges join them. A weak spring to the middle keeps everything together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, sparse
from scipy.spatial import cKDTree

#: Share of the last step that a node keeps.
_MOMENTUM = 0.7
_STEP = 0.4
#: Strength of a spring from every node to the middle: long thin bridges do not blow the drawing up.
GRAVITY = np.float32(0.1)
#: Nodes nearer than this are pushed apart in the end.
NEAREST = 0.9


def settle(springs: sparse.csr_array, start: NDArray[np.float32], *, rounds: int) -> NDArray[np.float32]:
    """Let one large component come to rest; repulsion is computed on a grid, by Fourier transforms.

    Parameters
    ----------
    springs : csr_array, shape (n, n)
        Strength of each edge, as `springs_of` gives them.
    start : ndarray of float32, shape (n, 2)
        Where the nodes are at first, in any units.
    rounds : int

    Returns
    -------
    ndarray of float32, shape (n, 2)
    """
    n = len(start)
    position = _as_disc(start)
    pull = np.asarray(springs.sum(axis=1), np.float32)[:, None] + GRAVITY
    grid = Grid(n)
    velocity = np.zeros_like(position)
    for done in range(rounds):
        force = grid.repulsion(position) + springs @ position - pull * position
        velocity = _slowed(_MOMENTUM * velocity + _STEP * force, 0.15 * np.sqrt(n) * (1 - done / rounds))
        position += velocity
    return position - position.mean(axis=0)


def settle_small(
    joined: NDArray[np.bool_], present: NDArray[np.bool_], start: NDArray[np.float32], *, rounds: int
) -> NDArray[np.float32]:
    """Let many small components come to rest, each on its own, all at once.

    Parameters
    ----------
    joined : ndarray of bool, shape (b, s, s)
        Which nodes of each component are joined; symmetric.
    present : ndarray of bool, shape (b, s)
        Which places of a component hold a node: components of a batch may be smaller than s.
    start : ndarray of float32, shape (b, s, 2)
    rounds : int

    Returns
    -------
    ndarray of float32, shape (b, s, 2)
        Around the origin; zero where there is no node.
    """
    there = present.astype(np.float32)[..., None]
    position = start.astype(np.float32) * there
    edge = joined.astype(np.float32)
    root = np.sqrt(np.maximum(edge.sum(axis=2), 1))
    spring = edge / (root[:, :, None] * root[:, None, :])
    pull = spring.sum(axis=2)[..., None] + GRAVITY
    velocity = np.zeros_like(position)
    for done in range(rounds):
        length = np.einsum("bsc,bsc->bs", position, position)
        square = length[:, :, None] + length[:, None, :] - 2 * position @ position.transpose(0, 2, 1)
        inverse = there.transpose(0, 2, 1) / np.maximum(square, 1e-2)
        pull_now = inverse.sum(axis=2)[..., None] - pull
        force = pull_now * position + (spring - inverse) @ position
        velocity = _slowed(_MOMENTUM * velocity + _STEP * force, 0.15 * present.shape[1] ** 0.5 * (1 - done / rounds))
        position = (position + velocity) * there
    centre = position.sum(axis=1, keepdims=True) / there.sum(axis=1, keepdims=True)
    return (position - centre) * there


def springs_of(adjacency: sparse.csr_array) -> sparse.csr_array:
    """Strength of each edge, ``1 / sqrt(degree degree)``: at a node of many edges each pulls less."""
    degree = np.maximum(np.diff(adjacency.indptr), 1)
    inverse = sparse.diags_array((1 / np.sqrt(degree)).astype(np.float32))
    return sparse.csr_array(inverse @ adjacency @ inverse).astype(np.float32)


def part(position: NDArray[np.float32], *, rounds: int = 25) -> NDArray[np.float32]:
    """Push nodes that are nearer than `NEAREST` apart, each pair by half of what is missing."""
    position = position.copy()
    for _ in range(rounds):
        pair = cKDTree(position).query_pairs(NEAREST, output_type="ndarray")
        if not len(pair):
            break
        apart = position[pair[:, 0]] - position[pair[:, 1]]
        length = np.linalg.norm(apart, axis=1, keepdims=True)
        # Two nodes in one place part to the right and to the left.
        apart = np.where(length > 1e-6, apart / np.maximum(length, 1e-6), np.array([1, 0], np.float32))
        push = 0.5 * (NEAREST - length) * apart
        for axis in (0, 1):
            position[:, axis] += np.bincount(pair[:, 0], push[:, axis], len(position))
            position[:, axis] -= np.bincount(pair[:, 1], push[:, axis], len(position))
    return position


class Grid:
    """Repulsion of all nodes on a grid, in time ``n + cells log cells`` instead of ``n * n``.

    Each node is shared among the four corners of its cell, and feels the mean of what is felt there, in the same
    shares: it does not repel itself.
    """

    def __init__(self, n: int) -> None:
        self.cells = int(np.clip(2 ** np.ceil(np.log2(2.2 * np.sqrt(n))), 32, 512))
        offset = np.fft.fftfreq(2 * self.cells, 1 / (2 * self.cells)).astype(np.float32)
        x, y = np.meshgrid(offset, offset, indexing="ij")
        square = x * x + y * y
        square[0, 0] = 1
        self._kernel = fft.rfft2(np.stack([x / square, y / square]))

    def repulsion(self, position: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sum over all other nodes of ``r / r**2``, shape (n, 2)."""
        cells = self.cells
        low = position.min(axis=0)
        width = max(float((position.max(axis=0) - low).max()) / (cells - 2), 1e-6)
        place = (position - low) / width
        corner = place.astype(np.int64)
        right = place - corner
        shares = [
            (
                (corner[:, 0] + dx) * cells + corner[:, 1] + dy,
                np.abs(1 - dx - right[:, 0]) * np.abs(1 - dy - right[:, 1]),
            )
            for dx in (0, 1)
            for dy in (0, 1)
        ]
        mass = sum(np.bincount(cell, share, cells * cells) for cell, share in shares)
        spectrum = fft.rfft2(np.asarray(mass, np.float32).reshape(cells, cells), s=(2 * cells, 2 * cells))
        field = fft.irfft2(self._kernel * spectrum)[:, :cells, :cells].reshape(2, -1)
        felt = sum(field[:, cell] * share for cell, share in shares)
        return np.ascontiguousarray(felt.T / width, np.float32)


def _slowed(velocity: NDArray[np.float32], farthest: float) -> NDArray[np.float32]:
    """No step longer than this, which becomes shorter round by round."""
    length = np.linalg.norm(velocity, axis=-1, keepdims=True)
    return velocity * np.minimum(1, np.float32(farthest + 0.05) / np.maximum(length, 1e-9))


def _as_disc(start: NDArray[np.float32]) -> NDArray[np.float32]:
    """The start around the origin, about as large as the drawing will be."""
    centred = start - start.mean(axis=0)
    spread = max(float(np.sqrt(np.mean(np.sum(centred * centred, axis=1)))), 1e-9)
    return (centred * (np.sqrt(len(start) / 2) / spread)).astype(np.float32)
