"""The four models that the fitter knows, tabulated on one logarithmic energy grid.

A fit evaluates a model some twenty times for thousands of sources at once. Reading the logarithm of a model's flux from a
table, linearly between close nodes, costs the same for every model and yields its derivatives along the way. On a
logarithmic grid a redshift is a shift by ln(1+z) divided by the step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from alignlab.spectra.absorption import sigma_wabs
from alignlab.spectra.emission import blackbody, bremsstrahlung, plasma, powerlaw

#: Logarithmic step of the energy grid; narrower than ACIS resolves (its sigma at 6.7 keV is 1% of the energy).
STEP = 0.015
#: Edges of the energy grid in keV.
ENERGY_EDGES_KEV = 0.3 * np.exp(STEP * np.arange(math.ceil(math.log(10 / 0.3) / STEP) + 1))
N_ENERGIES = len(ENERGY_EDGES_KEV) - 1
#: Largest redshift that a plasma fit may reach.
MAX_REDSHIFT = 3.0

_FLOOR = 1e-36
_SUBDIVISIONS = 4


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One shape parameter of a model.

    Attributes
    ----------
    name : str
        Suffix of the variable: "gamma", "kt", "abund", "z" or "nh".
    lower, upper : float
        Allowed range.
    logarithmic : bool
        Fitted as its logarithm.
    starts : tuple of float
        Values of the grid on which a fit looks for its starting point.
    """

    name: str
    lower: float
    upper: float
    starts: tuple[float, ...]
    logarithmic: bool = False

    def internal(self, value: float) -> float:
        """The value as the fitter sees it."""
        return math.log(value) if self.logarithmic else value


#: Log flux (n, n_energies) and its derivatives by each internal emission parameter, from these parameters (n, p).
LogFlux = Callable[[torch.Tensor], tuple[torch.Tensor, list[torch.Tensor]]]


@dataclass(frozen=True, kw_only=True, eq=False)
class SpectralModel:
    """An emission model behind a column of cold gas.

    Attributes
    ----------
    name : str
        Prefix of its variables.
    parameters : tuple of Parameter
        Those of the emission, then N_H in 1e20 cm^-2.
    log_flux : callable
        See `LogFlux`; the flux is in photons/cm^2/s/keV of unit normalisation.
    family : str
        Name of the parameter that may trap a fit in a local minimum: one start is taken per value on its grid.
        Empty when the best point of the whole grid will do.
    """

    name: str
    parameters: tuple[Parameter, ...]
    log_flux: LogFlux
    family: str = ""

    @property
    def n_shape(self) -> int:
        """Number of shape parameters; the amplitude is one more."""
        return len(self.parameters)

    def start_grid(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Candidate starting points.

        Returns
        -------
        points : Tensor of float64, (n_points, n_shape)
            In internal parameters.
        family : Tensor of int64, (n_points,)
            Number of the family of each.
        """
        axes = [torch.tensor([p.internal(v) for v in p.starts], dtype=torch.float64) for p in self.parameters]
        points = torch.stack([axis.flatten() for axis in torch.meshgrid(*axes, indexing="ij")], dim=1)
        names = [p.name for p in self.parameters]
        if not self.family:
            return points, torch.zeros(len(points), dtype=torch.int64)
        return points, torch.unique(points[:, names.index(self.family)], return_inverse=True)[1]


@cache
def absorption_per_column() -> torch.Tensor:
    """Optical depth per 1e20 cm^-2 on the energy grid, float32 (n_energies,)."""
    sigma = sigma_wabs(_subdivided(ENERGY_EDGES_KEV)).reshape(-1, _SUBDIVISIONS).mean(axis=1)
    return torch.as_tensor(0.01 * sigma, dtype=torch.float32)


@cache
def spectral_model(name: str) -> SpectralModel:
    """Build a model and its tables, once per process.

    Raises
    ------
    ValueError
        If there is no such model.
    """
    if name == "powlaw":
        gamma = Parameter(name="gamma", lower=-4.0, upper=10.0, starts=(-2, -0.7, 0.3, 1, 1.5, 2, 2.6, 3.5, 5, 7.5))
        return SpectralModel(name=name, parameters=(gamma, _N_H), log_flux=_Curve(powerlaw, gamma, 57))
    if name == "bb":
        kt = _temperature(0.05, 50.0, (0.08, 0.13, 0.2, 0.3, 0.45, 0.65, 0.95, 1.5, 3, 10))
        return SpectralModel(name=name, parameters=(kt, _N_H), log_flux=_Curve(blackbody, kt, 500))
    if name == "brems":
        kt = _temperature(0.05, 100.0, (0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30, 80))
        return SpectralModel(name=name, parameters=(kt, _N_H), log_flux=_Curve(bremsstrahlung, kt, 500))
    if name == "apec":
        kt = _temperature(0.08, 64.0, (0.12, 0.25, 0.45, 0.7, 1.1, 2, 4.5, 12, 40))
        abundance = Parameter(name="abund", lower=0.0, upper=5.0, starts=(0.4,))
        redshift = Parameter(name="z", lower=0.0, upper=MAX_REDSHIFT, starts=(0.02, 0.3, 0.8))
        n_h = Parameter(name="nh", lower=0.0, upper=1e5, starts=(1, 30, 200, 1000, 6000))
        return SpectralModel(
            name=name, parameters=(kt, abundance, redshift, n_h), log_flux=_PlasmaTable(kt, 240), family="z"
        )
    raise ValueError(f"unknown spectral model {name!r}; choose from {', '.join(MODEL_NAMES)}")


MODEL_NAMES = ("powlaw", "bb", "brems", "apec")

_N_H = Parameter(name="nh", lower=0.0, upper=1e5, starts=(1, 20, 60, 150, 400, 1000, 3000, 12000))


def _temperature(lower: float, upper: float, starts: tuple[float, ...]) -> Parameter:
    return Parameter(name="kt", lower=lower, upper=upper, starts=starts, logarithmic=True)


def _subdivided(edges_kev: np.ndarray) -> np.ndarray:
    """Centres of equal parts of each bin."""
    share = (np.arange(_SUBDIVISIONS) + 0.5) / _SUBDIVISIONS
    return (edges_kev[:-1, None] + np.diff(edges_kev)[:, None] * share).ravel()


def _nodes(parameter: Parameter, n_nodes: int) -> tuple[torch.Tensor, float, float]:
    """Values at the nodes (n_nodes, 1), first node and step, the last two in the internal parameter."""
    low, high = parameter.internal(parameter.lower), parameter.internal(parameter.upper)
    at = torch.linspace(low, high, n_nodes, dtype=torch.float64)[:, None]
    return at.exp() if parameter.logarithmic else at, low, (high - low) / (n_nodes - 1)


def _locate(x: torch.Tensor, first: float, step: float, n_nodes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Node below each x (n,) and the distance from it as a fraction of the step, (n, 1)."""
    position = (x - first) / step
    node = position.floor().clamp(0, n_nodes - 2)
    return node.to(torch.int64), (position - node).clamp(0, 1)[:, None]


class _Curve:
    """A model of one emission parameter."""

    def __init__(
        self, emission: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], parameter: Parameter, n_nodes: int
    ) -> None:
        values, self._first, self._step = _nodes(parameter, n_nodes)
        flux = emission(torch.as_tensor(_subdivided(ENERGY_EDGES_KEV)), values)
        # The floor acts in double precision: the table keeps log fluxes far below what single precision can hold.
        log_flux = flux.reshape(n_nodes, N_ENERGIES, _SUBDIVISIONS).mean(dim=2).clamp_min(1e-300).log()
        self._table = log_flux[:-1].to(torch.float32)
        self._rise = (log_flux[1:] - log_flux[:-1]).to(torch.float32)

    def __call__(self, shape: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        node, share = _locate(shape[:, 0], self._first, self._step, len(self._table) + 1)
        rise = self._rise[node]
        return torch.addcmul(self._table[node], share, rise), [rise / self._step]


class _PlasmaTable:
    """An optically thin plasma: continuum + abundance x metals, in the rest frame, shifted by the redshift."""

    def __init__(self, temperature: Parameter, n_nodes: int) -> None:
        values, self._first, self._step = _nodes(temperature, n_nodes)
        n_rest = N_ENERGIES + math.ceil(math.log(1 + MAX_REDSHIFT) / STEP) + 2
        edges = torch.as_tensor(0.3 * np.exp(STEP * np.arange(n_rest + 1)))
        none, one = torch.zeros_like(values), torch.ones_like(values)
        continuum = plasma(edges, values, none, none)
        metals = plasma(edges, values, one, none) - continuum
        self._table = torch.stack([continuum, metals]).clamp_min(_FLOOR).log().to(torch.float32)
        self._n_rest, self._n_nodes = n_rest, n_nodes
        self._columns = torch.arange(N_ENERGIES + 1)

    def __call__(self, shape: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        node, share = _locate(shape[:, 0], self._first, self._step, self._n_nodes)
        abundance, stretch = shape[:, 1:2], 1 + shape[:, 2:3]
        shift = stretch.log() / STEP
        offset = shift.floor()
        part = shift - offset
        index = (node[:, None] * self._n_rest + offset.to(torch.int64)) + self._columns
        continuum, continuum_rise = self._read(0, index, share)
        metals, metals_rise = self._read(1, index, share)
        flux = torch.addcmul(continuum, abundance, metals)
        rise = torch.addcmul(continuum * continuum_rise, abundance, metals * metals_rise)
        between = _shifted(flux, part).clamp_min(_FLOOR)
        by_redshift = (flux[:, 1:] - flux[:, :-1]) / (STEP * stretch)
        return between.log(), [
            _shifted(rise, part) / (between * self._step),
            _shifted(metals, part) / between,
            by_redshift / between,
        ]

    def _read(self, component: int, index: torch.Tensor, share: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Flux at the temperatures and the rise of its logarithm over one node, both (n, n_energies + 1)."""
        table = self._table[component].view(-1)
        low = table[index]
        rise = table[index + self._n_rest] - low
        return torch.addcmul(low, share, rise).exp(), rise


def _shifted(flux: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    return torch.lerp(flux[:, :-1], flux[:, 1:], part)
