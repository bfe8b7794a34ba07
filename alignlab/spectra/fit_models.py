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
    more_starts: tuple[float, ...] = ()
    logarithmic: bool = False

    def internal(self, value: float) -> float:
        """The value as the fitter sees it."""
        return math.log(value) if self.logarithmic else value


Taps = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
#: Computes the derivatives of a log flux by each internal emission parameter, (n, n_energies) each.
Derivatives = Callable[[], list[torch.Tensor]]
#: Log flux (n, n_energies) and its derivatives, from internal emission parameters (n, p).
LogFlux = Callable[[torch.Tensor], tuple[torch.Tensor, Derivatives]]


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

    def natural(self, x: torch.Tensor) -> torch.Tensor:
        """Natural shape parameters (n, n_shape) from internal ones (n, at least n_shape)."""
        columns = [x[:, i].exp() if p.logarithmic else x[:, i] for i, p in enumerate(self.parameters)]
        return torch.stack(columns, dim=1)

    def start_grid(self, *, more: bool = False) -> torch.Tensor:
        """Candidate starting points in internal parameters, float64 (n_points, n_shape); with `more`, denser."""
        values = [p.more_starts if more and p.more_starts else p.starts for p in self.parameters]
        axes = [
            torch.tensor([p.internal(v) for v in starts], dtype=torch.float64)
            for p, starts in zip(self.parameters, values, strict=True)
        ]
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
        redshift = Parameter(
            name="z",
            lower=0.0,
            upper=MAX_REDSHIFT,
            starts=(0.02, 0.3, 0.8),
            more_starts=(0, 0.05, 0.1, 0.16, 0.24, 0.33, 0.42, 0.52, 0.64, 0.8, 1.0, 1.4, 2.0, 2.7),
        )
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


@dataclass(frozen=True)
class _Nodes:
    """Equally spaced values of an internal parameter, read through a quadratic B-spline over three neighbours.

    The spline makes the likelihood smooth; between straight lines a fit would be caught in the kinks.
    """

    low: float
    step: float
    number: int

    @classmethod
    def over(cls, parameter: Parameter, intervals: int) -> _Nodes:
        """Cover the parameter's range, with half a step to spare at either end."""
        low, high = parameter.internal(parameter.lower), parameter.internal(parameter.upper)
        step = (high - low) / intervals
        return cls(low - step, step, intervals + 3)

    def values(self, parameter: Parameter) -> torch.Tensor:
        """Natural values, (number, 1)."""
        at = self.low + self.step * torch.arange(self.number, dtype=torch.float64)[:, None]
        return at.exp() if parameter.logarithmic else at

    def locate(self, x: torch.Tensor) -> tuple[torch.Tensor, Taps, Taps]:
        """First of the three nodes around each x (n,), their weights (n, 1) and the weights' derivatives by x."""
        position = (x - self.low) / self.step - 0.5
        node = position.floor().clamp(0, self.number - 3)
        weights, slopes = _spline((position - node)[:, None])
        return node.to(torch.int64), weights, (slopes[0] / self.step, slopes[1] / self.step, slopes[2] / self.step)


def _spline(t: torch.Tensor) -> tuple[Taps, Taps]:
    """Weights of a quadratic B-spline at t steps (0 to 1) past the middle of the first two nodes, and their slopes."""
    return (0.5 * (1 - t) ** 2, 0.5 + t - t**2, 0.5 * t**2), (t - 1, 1 - 2 * t, t)


def _weighted(weights: Taps, parts: Taps) -> torch.Tensor:
    return torch.addcmul(torch.addcmul(weights[0] * parts[0], weights[1], parts[1]), weights[2], parts[2])


def _neighbours(columns: torch.Tensor) -> Taps:
    return columns[:, :-2], columns[:, 1:-1], columns[:, 2:]


class _Curve:
    """A model of one emission parameter."""

    def __init__(
        self, emission: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], parameter: Parameter, intervals: int
    ) -> None:
        self._nodes = _Nodes.over(parameter, intervals)
        flux = emission(torch.as_tensor(_subdivided(energy_edges(CONTINUUM_STEP))), self._nodes.values(parameter))
        # The floor acts in double precision: the table keeps log fluxes far below what single precision can hold.
        flux = flux.reshape(len(flux), -1, _SUBDIVISIONS).mean(dim=2).clamp_min(1e-300)
        self._table = flux.log().to(torch.float32)

    def __call__(self, shape: torch.Tensor) -> tuple[torch.Tensor, Derivatives]:
        node, weights, slopes = self._nodes.locate(shape[:, 0])
        parts = self._table[node], self._table[node + 1], self._table[node + 2]
        return _weighted(weights, parts), lambda: [_weighted(slopes, parts)]


class _PlasmaTable:
    """An optically thin plasma: continuum + abundance x metals, in the rest frame, shifted by the redshift.

    The shift reads the table through the same spline, which widens lines by half a step, whatever the redshift.
    """

    def __init__(self, temperature: Parameter, intervals: int) -> None:
        self._nodes = _Nodes.over(temperature, intervals)
        values = self._nodes.values(temperature)
        n_energies = len(energy_edges(LINE_STEP)) - 1
        self._n_rest = n_energies + math.ceil(math.log(1 + MAX_REDSHIFT) / LINE_STEP) + 3
        edges = torch.as_tensor(0.3 * np.exp(LINE_STEP * np.arange(-1, self._n_rest)))
        none, one = torch.zeros_like(values), torch.ones_like(values)
        continuum = plasma(edges, values, none, none)
        metals = plasma(edges, values, one, none) - continuum
        self._table = torch.stack([continuum, metals]).clamp_min(_FLOOR).log().to(torch.float32)
        self._columns = torch.arange(n_energies + 2)

    def __call__(self, shape: torch.Tensor) -> tuple[torch.Tensor, Derivatives]:
        node, by_kt, kt_slopes = self._nodes.locate(shape[:, 0])
        abundance, stretch = shape[:, 1:2], 1 + shape[:, 2:3]
        position = stretch.log() / LINE_STEP + 0.5
        offset = position.floor()
        by_z, z_slopes = _spline(position - offset)
        index = (node[:, None] * self._n_rest + offset.to(torch.int64)) + self._columns
        continuum_parts, metals_parts = self._read(0, index), self._read(1, index)
        continuum, metals = _weighted(by_kt, continuum_parts).exp(), _weighted(by_kt, metals_parts).exp()
        flux = torch.addcmul(continuum, abundance, metals)
        here = _weighted(by_z, _neighbours(flux)).clamp_min(_FLOOR)

        def derivatives() -> list[torch.Tensor]:
            continuum_slope, metals_slope = _weighted(kt_slopes, continuum_parts), _weighted(kt_slopes, metals_parts)
            slope = torch.addcmul(continuum * continuum_slope, abundance, metals * metals_slope)
            return [
                _weighted(by_z, _neighbours(slope)) / here,
                _weighted(by_z, _neighbours(metals)) / here,
                _weighted(z_slopes, _neighbours(flux)) / (here * (LINE_STEP * stretch)),
            ]

        return here.log(), derivatives

    def _read(self, component: int, index: torch.Tensor) -> Taps:
        """Log flux at the three temperatures around each, (n, n_energies + 2) each."""
        table = self._table[component].view(-1)
        return table[index], table[index + self._n_rest], table[index + 2 * self._n_rest]
