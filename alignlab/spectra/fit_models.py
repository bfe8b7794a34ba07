"""The four models that the fitter knows, tabulated on logarithmic energy grids.

A fit evaluates a model some twenty times for thousands of sources at once. Reading the logarithm of a model's flux from
a table, linearly between close nodes, costs the same for every model and yields its derivatives along the way. On a
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

#: Logarithmic steps of the energy grid, for continua and for a plasma, whose lines would be smeared by a wider one: the
#: resolution of ACIS (sigma) at 6.7 keV is 1% of the energy.
CONTINUUM_STEP, LINE_STEP = 0.015, 0.0075
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
    energy_step : float
        Logarithmic step of its energy grid.
    log_flux : callable
        See `LogFlux`; the flux is in photons/cm^2/s/keV of unit normalisation.
    rescan : callable, optional
        For a model with local minima: alternative points (n, k, n_shape) to a preliminary fit (n, n_shape).
    """

    name: str
    parameters: tuple[Parameter, ...]
    energy_step: float
    log_flux: LogFlux
    rescan: Callable[[torch.Tensor], torch.Tensor] | None = None

    @property
    def n_shape(self) -> int:
        """Number of shape parameters; the amplitude is one more."""
        return len(self.parameters)

    def start_grid(self) -> torch.Tensor:
        """Candidate starting points in internal parameters, float64 (n_points, n_shape)."""
        axes = [torch.tensor([p.internal(v) for v in p.starts], dtype=torch.float64) for p in self.parameters]
        return torch.stack([axis.flatten() for axis in torch.meshgrid(*axes, indexing="ij")], dim=1)


def energy_edges(step: float) -> np.ndarray:
    """Edges in keV of the logarithmic grid with that step, 0.3 to 10 keV."""
    return 0.3 * np.exp(step * np.arange(math.ceil(math.log(10 / 0.3) / step) + 1))


@cache
def absorption_per_column(step: float) -> torch.Tensor:
    """Optical depth per 1e20 cm^-2 on the energy grid with that step, float32 (n_energies,)."""
    sigma = sigma_wabs(_subdivided(energy_edges(step))).reshape(-1, _SUBDIVISIONS).mean(axis=1)
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
        return SpectralModel(
            name=name, parameters=(gamma, _N_H), energy_step=CONTINUUM_STEP, log_flux=_Curve(powerlaw, gamma, 57)
        )
    if name == "bb":
        kt = _temperature(0.05, 50.0, (0.08, 0.13, 0.2, 0.3, 0.45, 0.65, 0.95, 1.5, 3, 10))
        return SpectralModel(
            name=name, parameters=(kt, _N_H), energy_step=CONTINUUM_STEP, log_flux=_Curve(blackbody, kt, 500)
        )
    if name == "brems":
        kt = _temperature(0.05, 100.0, (0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30, 80))
        return SpectralModel(
            name=name, parameters=(kt, _N_H), energy_step=CONTINUUM_STEP, log_flux=_Curve(bremsstrahlung, kt, 500)
        )
    if name == "apec":
        kt = _temperature(0.08, 64.0, (0.12, 0.25, 0.45, 0.7, 1.1, 2, 4.5, 12, 40))
        abundance = Parameter(name="abund", lower=0.0, upper=5.0, starts=(0.4,))
        redshift = Parameter(name="z", lower=0.0, upper=MAX_REDSHIFT, starts=(0.02, 0.3, 0.8))
        n_h = Parameter(name="nh", lower=0.0, upper=1e5, starts=(1, 30, 200, 1000, 6000))
        return SpectralModel(
            name=name,
            parameters=(kt, abundance, redshift, n_h),
            energy_step=LINE_STEP,
            log_flux=_PlasmaTable(kt, 480),
            rescan=_other_redshifts,
        )
    raise ValueError(f"unknown spectral model {name!r}; choose from {', '.join(MODEL_NAMES)}")


MODEL_NAMES = ("powlaw", "bb", "brems", "apec")

_N_H = Parameter(name="nh", lower=0.0, upper=1e5, starts=(1, 20, 60, 150, 400, 1000, 3000, 12000))


def _temperature(lower: float, upper: float, starts: tuple[float, ...]) -> Parameter:
    return Parameter(name="kt", lower=lower, upper=upper, starts=starts, logarithmic=True)


def _other_redshifts(shape: torch.Tensor) -> torch.Tensor:
    """The same observed continuum, kT / (1 + z), at other redshifts, with clear lines."""
    stretch = torch.exp(torch.linspace(0, math.log(1 + MAX_REDSHIFT), 41, dtype=torch.float64))
    log_kt = shape[:, :1] + (stretch / (1 + shape[:, 2:3])).log()
    log_kt = log_kt.clamp(math.log(0.08), math.log(64))
    n, k = log_kt.shape
    redshift, n_h = (stretch - 1).expand(n, k), shape[:, 3:4].expand(n, k)
    return torch.stack([log_kt, torch.full((n, k), 0.5), redshift, n_h], dim=2)


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
        flux = emission(torch.as_tensor(_subdivided(energy_edges(CONTINUUM_STEP))), values)
        # The floor acts in double precision: the table keeps log fluxes far below what single precision can hold.
        log_flux = flux.reshape(n_nodes, -1, _SUBDIVISIONS).mean(dim=2).clamp_min(1e-300).log()
        self._table = log_flux[:-1].to(torch.float32)
        self._rise = (log_flux[1:] - log_flux[:-1]).to(torch.float32)

    def __call__(self, shape: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        node, share = _locate(shape[:, 0], self._first, self._step, len(self._table) + 1)
        rise = self._rise[node]
        return torch.addcmul(self._table[node], share, rise), [rise / self._step]


class _PlasmaTable:
    """An optically thin plasma: continuum + abundance x metals, in the rest frame, shifted by the redshift.

    The shift reads the table through a quadratic B-spline, so that the likelihood is smooth in the redshift; it widens
    lines by half a step, whatever the redshift.
    """

    def __init__(self, temperature: Parameter, n_nodes: int) -> None:
        values, self._first, self._step = _nodes(temperature, n_nodes)
        n_energies = len(energy_edges(LINE_STEP)) - 1
        self._n_rest = n_energies + math.ceil(math.log(1 + MAX_REDSHIFT) / LINE_STEP) + 3
        edges = torch.as_tensor(0.3 * np.exp(LINE_STEP * np.arange(-1, self._n_rest)))
        none, one = torch.zeros_like(values), torch.ones_like(values)
        continuum = plasma(edges, values, none, none)
        metals = plasma(edges, values, one, none) - continuum
        self._table = torch.stack([continuum, metals]).clamp_min(_FLOOR).log().to(torch.float32)
        self._n_nodes = n_nodes
        self._columns = torch.arange(n_energies + 2)

    def __call__(self, shape: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        node, share = _locate(shape[:, 0], self._first, self._step, self._n_nodes)
        abundance, stretch = shape[:, 1:2], 1 + shape[:, 2:3]
        position = stretch.log() / LINE_STEP + 0.5
        offset = position.floor()
        t = position - offset
        index = (node[:, None] * self._n_rest + offset.to(torch.int64)) + self._columns
        continuum, continuum_rise = self._read(0, index, share)
        metals, metals_rise = self._read(1, index, share)
        flux = torch.addcmul(continuum, abundance, metals)
        rise = torch.addcmul(continuum * continuum_rise, abundance, metals * metals_rise)
        spline = 0.5 * (1 - t) ** 2, 0.5 + t - t**2, 0.5 * t**2
        slope = t - 1, 1 - 2 * t, t
        here = _three_taps(flux, spline).clamp_min(_FLOOR)
        return here.log(), [
            _three_taps(rise, spline) / (here * self._step),
            _three_taps(metals, spline) / here,
            _three_taps(flux, slope) / (here * (LINE_STEP * stretch)),
        ]

    def _read(self, component: int, index: torch.Tensor, share: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Flux at the temperatures and the rise of its logarithm over one node, both (n, n_energies + 2)."""
        table = self._table[component].view(-1)
        low = table[index]
        rise = table[index + self._n_rest] - low
        return torch.addcmul(low, share, rise).exp(), rise


def _three_taps(flux: torch.Tensor, weights: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
    low, middle, high = weights
    return torch.addcmul(torch.addcmul(low * flux[:, :-2], middle, flux[:, 1:-1]), high, flux[:, 2:])
