"""Spectral fits of many sources at once, by forward folding and Poisson likelihood.

The counts of PI channels are gathered into some eighty channels that follow the resolution of a CCD, a model is folded
through each source's own effective area and the shared redistribution, and the Cash statistic
C = 2 sum(m - d + d ln(d/m)) with m = model + expected background (Cash 1979, ApJ 228, 939; Kaastra 2017, A&A 605, A51)
is minimised by Fisher scoring with Levenberg-Marquardt damping: one small matrix per source, all sources in step, those
that have converged leaving the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray

from alignlab.spectra.fit_models import (
    MODEL_NAMES,
    SpectralModel,
    absorption_per_column,
    energy_edges,
    spectral_model,
)
from alignlab.spectra.grid import overlap_matrix
from alignlab.spectra.response import CHANNEL_EDGES_KEV, MODEL_EDGES_KEV

OnStep = Callable[[int, int, str], bool]

#: Energies that a fit uses: the CSC's broad band.
FIT_RANGE_KEV = (0.5, 7.0)
#: Counts (source and background) that a group of channels needs for the reduced statistic.
MIN_COUNTS_PER_GROUP = 15

_CHUNK = 256
_MAX_ITERATIONS = 60
#: A fit has converged when its next step would lower C by less than this (0.03 sigma).
_TOLERANCE = 1e-3
_LARGEST_DAMPING = 1e5
#: Short fits that look for a better starting point, their iterations, how far apart on the scan they begin, and how
#: often a source that fits badly is scanned.
_RESTARTS, _SHORT, _APART, _ROUNDS = 2, 10, 3, 3
_SMALLEST_EXPECTATION = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class SpectralFits:
    """Best-fit parameters of a batch of sources.

    Attributes
    ----------
    values : dict of str to ndarray of float32, (n,)
        By variable name: ``powlaw_gamma``, ``powlaw_nh``, ``powlaw_stat``, ``bb_kt`` and so on. NaN where not fitted.
    limits : dict of str to ndarray of float32, (n,)
        68% limits: each name but the statistics with ``_lolim`` and ``_hilim``. NaN on a side where the interval is
        open, that is where it reaches the end of the allowed range.
    amplitudes : dict of str to ndarray of float32, (n,)
        By model, in the unit of the emission function (photons/cm^2/s/keV at 1 keV for the power law).
    cash : dict of str to ndarray of float32, (n,)
        By model, the Cash statistic C at the best fit.
    converged : dict of str to ndarray of bool, (n,)
        By model; False also where not fitted.
    expected : dict of str to ndarray of float32, (n, n_ch), or None
        By model, the expected counts per PI channel (model + background) of the best fit, when asked for.
    """

    values: dict[str, NDArray[np.float32]]
    limits: dict[str, NDArray[np.float32]]
    amplitudes: dict[str, NDArray[np.float32]]
    cash: dict[str, NDArray[np.float32]]
    converged: dict[str, NDArray[np.bool_]]
    expected: dict[str, NDArray[np.float32]] | None

    def to_frame(self) -> pd.DataFrame:
        """Values and limits as one table, a row per source."""
        return pd.DataFrame({**self.values, **self.limits})


@dataclass(frozen=True, kw_only=True, eq=False)
class _Batch:
    """What some sources (n rows) bring to a fit."""

    counts: torch.Tensor
    background: torch.Tensor
    area: torch.Tensor
    redistribution: torch.Tensor

    def rows(self, index: torch.Tensor) -> _Batch:
        return _Batch(
            counts=self.counts[index],
            background=self.background[index],
            area=self.area[index],
            redistribution=self.redistribution,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _State:
    """Expectation at some parameters, and what a step needs to know."""

    expected: torch.Tensor
    cash: torch.Tensor
    gradient: torch.Tensor
    fisher: torch.Tensor
    log_rate: torch.Tensor

    def replace_rows(self, better: torch.Tensor, other: _State) -> _State:
        def choose(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return torch.where(better.view(-1, *[1] * (a.ndim - 1)), b, a)

        return _State(**{k: choose(v, vars(other)[k]) for k, v in vars(self).items()})

    def rows(self, index: torch.Tensor) -> _State:
        return _State(**{k: v[index] for k, v in vars(self).items()})


def fit_spectra(
    channel_counts: ArrayLike,
    *,
    background: ArrayLike,
    exposure_s: ArrayLike,
    area: ArrayLike,
    redistribution: ArrayLike,
    models: Sequence[str] = MODEL_NAMES,
    energy_edges_kev: ArrayLike | None = None,
    channel_edges_kev: ArrayLike | None = None,
    fit_mask: ArrayLike | None = None,
    fit_range_kev: tuple[float, float] = FIT_RANGE_KEV,
    keep_expected: bool = False,
    on_step: OnStep | None = None,
) -> SpectralFits:
    """Fit absorbed models to the spectra of a batch of sources that share one redistribution.

    The reduced statistic ``<model>_stat`` is Pearson's chi-square with the model's variance, over consecutive groups of
    at least `MIN_COUNTS_PER_GROUP` counts, divided by groups minus free parameters: near 1 for a good fit whatever the
    counts, as the catalogue's. It is NaN where there are no degrees of freedom.

    Limits come from the curvature of the likelihood at the best fit (Fisher information): symmetric in the parameter,
    and in its logarithm for a temperature. For a parameter at an end of its range they are where C has risen by 1.

    Parameters
    ----------
    channel_counts : array_like, (n, n_ch)
        Counts per PI channel in the source aperture.
    background : array_like, (n, n_ch)
        Background counts expected in the aperture.
    exposure_s : array_like, (n,)
        Exposure in seconds.
    area : array_like, (n, n_e)
        Effective area in cm^2.
    redistribution : array_like, (n_e, n_ch)
        Probability that a photon of an energy bin falls into each channel.
    models : sequence of str
        Of "powlaw", "bb", "brems", "apec".
    energy_edges_kev, channel_edges_kev : array_like, (n_e + 1,) and (n_ch + 1,), optional
        Increasing edges in keV; those of `alignlab.spectra.response` by default.
    fit_mask : array_like of bool, (n,), optional
        Sources to fit, such as those above `MIN_NET_COUNTS_FOR_FITS`. Sources without a positive net count are never
        fitted.
    fit_range_kev : tuple of float
        Channels used.
    keep_expected : bool
        Also return the expected counts per channel.
    on_step : callable, optional
        ``on_step(done, total, info) -> bool``; False stops, what is not fitted by then staying NaN.

    Raises
    ------
    ValueError
        If shapes disagree, a value is not finite or counts are negative, or a model is unknown.
    """
    problem = _Problem(
        channel_counts, background, exposure_s, area, redistribution, energy_edges_kev, channel_edges_kev, fit_range_kev
    )
    chosen = [spectral_model(name) for name in models]
    todo = problem.fittable(fit_mask)
    n = problem.n_sources
    values = {f"{m.name}_{p}": _blank(n) for m in chosen for p in (*(q.name for q in m.parameters), "stat")}
    limits = {f"{v}_{side}": _blank(n) for v in values if not v.endswith("_stat") for side in ("lolim", "hilim")}
    amplitudes, cash = {m.name: _blank(n) for m in chosen}, {m.name: _blank(n) for m in chosen}
    converged = {m.name: np.zeros(n, dtype=bool) for m in chosen}
    expected = {m.name: np.full(problem.counts.shape, np.nan, np.float32) for m in chosen} if keep_expected else None

    portions = [(m, todo[first : first + _CHUNK]) for m in chosen for first in range(0, len(todo), _CHUNK)]
    total, done = len(chosen) * len(todo), 0
    for model, rows, fit in _in_parallel(partial(_fit_portion, problem, keep_expected), portions):
        amplitudes[model.name][rows], cash[model.name][rows] = fit.amplitude, fit.cash
        converged[model.name][rows] = fit.converged
        values[f"{model.name}_stat"][rows] = fit.statistic
        for i, parameter in enumerate(model.parameters):
            name = f"{model.name}_{parameter.name}"
            values[name][rows] = fit.best[:, i]
            limits[f"{name}_lolim"][rows], limits[f"{name}_hilim"][rows] = fit.lower[:, i], fit.upper[:, i]
        if expected is not None:
            expected[model.name][rows] = fit.expected
        done += len(rows)
        if on_step is not None and not on_step(done, total, f"fitting {model.name}"):
            break
    return SpectralFits(
        values=values, limits=limits, amplitudes=amplitudes, cash=cash, converged=converged, expected=expected
    )


def _blank(n: int) -> NDArray[np.float32]:
    return np.full(n, np.nan, dtype=np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class _PortionFit:
    """Fits of one model to some sources, in natural parameters."""

    best: torch.Tensor
    lower: torch.Tensor
    upper: torch.Tensor
    amplitude: torch.Tensor
    cash: torch.Tensor
    statistic: torch.Tensor
    converged: torch.Tensor
    expected: torch.Tensor | None


def _fit_portion(problem: _Problem, keep_expected: bool, model: SpectralModel, rows: NDArray[np.int64]) -> _PortionFit:
    batch = problem.batch(model, rows)
    x, state, converged = _best_fit(model, batch)
    lower, upper = _limits(model, x, state)
    log_amplitude = x[:, -1] - state.log_rate - torch.as_tensor(problem.exposure_s[rows]).log()
    return _PortionFit(
        best=model.natural(x),
        lower=model.natural(lower),
        upper=model.natural(upper),
        amplitude=log_amplitude.exp(),
        cash=state.cash,
        statistic=_reduced_statistic(batch.counts, state.expected, model.n_shape + 1),
        converged=converged,
        expected=problem.expected_channels(model, x, rows) if keep_expected else None,
    )


def _in_parallel(
    fit: Callable[[SpectralModel, NDArray[np.int64]], _PortionFit],
    portions: Sequence[tuple[SpectralModel, NDArray[np.int64]]],
) -> Iterator[tuple[SpectralModel, NDArray[np.int64], _PortionFit]]:
    """Fit portions side by side, each on one thread: the tensors are too small for torch to share one among threads."""
    n_threads = torch.get_num_threads()
    with ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            futures = [pool.submit(fit, model, rows) for model, rows in portions]
            for (model, rows), future in zip(portions, futures, strict=True):
                yield model, rows, future.result()
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(n_threads)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Grid:
    """From the caller's energies to those of a model: area (n_e, n_grid) times bin width, redistribution per row."""

    area: torch.Tensor
    channels: torch.Tensor
    folding: torch.Tensor


class _Problem:
    """The input, checked, and its translation to the fitter's channels and energies."""

    def __init__(
        self,
        channel_counts: ArrayLike,
        background: ArrayLike,
        exposure_s: ArrayLike,
        area: ArrayLike,
        redistribution: ArrayLike,
        energy_edges_kev: ArrayLike | None,
        channel_edges_kev: ArrayLike | None,
        fit_range_kev: tuple[float, float],
    ) -> None:
        edges_in = np.asarray(MODEL_EDGES_KEV if energy_edges_kev is None else energy_edges_kev, dtype=float)
        channel_edges = np.asarray(CHANNEL_EDGES_KEV if channel_edges_kev is None else channel_edges_kev, dtype=float)
        self.counts = np.asarray(channel_counts, dtype=np.float32)
        if self.counts.ndim != 2:
            raise ValueError(f"channel_counts must be (n, n_ch), not {self.counts.shape}")
        self.n_sources, n_channels = self.counts.shape
        n_energies = len(edges_in) - 1
        self.background = _checked("background", background, (self.n_sources, n_channels))
        self.exposure_s = _checked("exposure_s", exposure_s, (self.n_sources,)).astype(float)
        self.area = _checked("area", area, (self.n_sources, n_energies))
        matrix = _checked("redistribution", redistribution, (n_energies, n_channels)).astype(float)
        if len(channel_edges) != n_channels + 1:
            raise ValueError(f"channel_edges_kev must have {n_channels + 1} values, not {len(channel_edges)}")
        _checked("channel_counts", self.counts, (self.n_sources, n_channels))

        member = channel_groups(channel_edges, fit_range_kev)
        self._used = member >= 0
        self._gather = np.zeros((n_channels, member.max() + 1), dtype=np.float32)
        self._gather[self._used, member[self._used]] = 1
        self._energy_edges, self._matrix = edges_in, matrix
        self._grids: dict[float, _Grid] = {}

    def fittable(self, fit_mask: ArrayLike | None) -> NDArray[np.int64]:
        net = (self.counts - self.background)[:, self._used].sum(axis=1)
        wanted = (net > 0) & (self.exposure_s > 0) & (self.area.max(axis=1, initial=0) > 0)
        if fit_mask is not None:
            mask = np.asarray(fit_mask, dtype=bool)
            if mask.shape != (self.n_sources,):
                raise ValueError(f"fit_mask must be ({self.n_sources},), not {mask.shape}")
            wanted &= mask
        return np.flatnonzero(wanted)

    def _grid(self, step: float) -> _Grid:
        if step not in self._grids:
            # Both the area and the redistribution of a bin of the model's energy grid are means over it.
            edges = energy_edges(step)
            to_grid = overlap_matrix(edges, self._energy_edges)
            channels = to_grid @ self._matrix / np.clip(to_grid.sum(axis=1, keepdims=True), 1e-12, None)
            self._grids[step] = _Grid(
                area=torch.as_tensor(to_grid.T * np.diff(edges), dtype=torch.float32),
                channels=torch.as_tensor(channels, dtype=torch.float32),
                folding=torch.as_tensor(channels @ self._gather, dtype=torch.float32),
            )
        return self._grids[step]

    def batch(self, model: SpectralModel, rows: NDArray[np.int64]) -> _Batch:
        """The sources `rows` on the energy grid of a model."""
        grid = self._grid(model.energy_step)
        return _Batch(
            counts=torch.as_tensor(self.counts[rows] @ self._gather).double(),
            background=torch.as_tensor(self.background[rows] @ self._gather).double(),
            area=torch.as_tensor(self.area[rows]) @ grid.area,
            redistribution=grid.folding,
        )

    def expected_channels(self, model: SpectralModel, x: torch.Tensor, rows: NDArray[np.int64]) -> torch.Tensor:
        """Expected counts (model + background) per PI channel."""
        grid = self._grid(model.energy_step)
        photons, _, _ = _photons(model, x, torch.as_tensor(self.area[rows]) @ grid.area)
        scale = x[:, -1:].exp() / (photons @ grid.folding).sum(dim=1, keepdim=True).double().clamp_min(1e-300)
        return (scale * (photons @ grid.channels) + torch.as_tensor(self.background[rows])).float()


def _checked(name: str, value: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float32]:
    array = np.asarray(value, dtype=np.float32)
    if array.shape != shape:
        raise ValueError(f"{name} must be {shape}, not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite")
    if array.size and array.min() < 0:
        raise ValueError(f"{name} holds negative values, such as {array.min()}")
    return array


def channel_groups(
    channel_edges_kev: ArrayLike, fit_range_kev: tuple[float, float] = FIT_RANGE_KEV
) -> NDArray[np.int64]:
    """Number of the fit channel that each PI channel belongs to, -1 outside the fit range.

    A fit channel is as wide as 0.045 keV + 1.25% of its energy, about half of what ACIS resolves (full width at half
    maximum), or one PI channel where those are wider.

    Raises
    ------
    ValueError
        If no channel lies in the range.
    """
    edges = np.asarray(channel_edges_kev, dtype=float)
    inside = (edges[:-1] >= fit_range_kev[0] - 1e-6) & (edges[1:] <= fit_range_kev[1] + 1e-6)
    if not inside.any():
        raise ValueError(f"no channel lies between {fit_range_kev[0]} and {fit_range_kev[1]} keV")
    place = np.log((0.045 + 0.0125 * edges[:-1]).clip(1e-3)) / 0.0125
    member = np.full(len(inside), -1)
    member[inside] = np.unique(np.floor(place[inside] - place[inside][0] + 1e-6), return_inverse=True)[1]
    return member


def _photons(
    model: SpectralModel, x: torch.Tensor, weighted_area: torch.Tensor
) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]:
    """Photons detected per energy bin over their own largest flux; log derivatives of the flux; log of that flux."""
    shape = x.float()
    log_flux, derivatives = model.log_flux(shape[:, : model.n_shape - 1])
    tau = absorption_per_column(model.energy_step)
    log_flux = torch.addcmul(log_flux, shape[:, model.n_shape - 1 : model.n_shape], tau, value=-1)
    largest = log_flux.masked_fill(weighted_area <= 0, -torch.inf).amax(dim=1, keepdim=True)
    photons = (log_flux - largest).clamp(max=0).exp() * weighted_area
    return photons, [*derivatives, -tau.expand_as(photons)], largest[:, 0].double()


def _evaluate(model: SpectralModel, x: torch.Tensor, batch: _Batch) -> _State:
    """Expected counts, Cash statistic, half its gradient and the Fisher information at the parameters x (n, p)."""
    photons, derivatives, largest = _photons(model, x, batch.area)
    matrix = batch.redistribution
    folded = torch.stack([photons @ matrix, *((photons * d) @ matrix for d in derivatives)], dim=1).double()
    total = folded[:, :1].sum(dim=2, keepdim=True).clamp_min(1e-300)
    profile = folded[:, :1] / total
    slopes = (folded[:, 1:] - profile * folded[:, 1:].sum(dim=2, keepdim=True)) / total
    counts = x[:, -1].exp()[:, None, None]
    jacobian = counts * torch.cat([slopes, profile], dim=1)
    expected = (counts * profile)[:, 0] + batch.background
    expected = expected.clamp_min(_SMALLEST_EXPECTATION)
    return _State(
        expected=expected,
        cash=_cash(batch.counts, expected),
        gradient=(jacobian @ (1 - batch.counts / expected)[:, :, None])[:, :, 0],
        fisher=(jacobian / expected[:, None]) @ jacobian.mT,
        log_rate=largest + total[:, 0, 0].log(),
    )


def _expected(model: SpectralModel, x: torch.Tensor, batch: _Batch) -> torch.Tensor:
    """Expected counts per fit channel."""
    folded = (_photons(model, x, batch.area)[0] @ batch.redistribution).double()
    return (x[:, -1:].exp() * folded / folded.sum(dim=1, keepdim=True).clamp_min(1e-300) + batch.background).clamp_min(
        _SMALLEST_EXPECTATION
    )


def _cash(counts: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    return 2 * (expected - counts + torch.xlogy(counts, counts / expected)).sum(dim=-1)


def _starting_points(model: SpectralModel, batch: _Batch) -> torch.Tensor:
    """Best point of the model's start grid per source, (n, p), judged in coarser bins."""
    points = model.start_grid()
    area = _merged(batch.area).sum(dim=2)
    folding = _merged(_merged(batch.redistribution).sum(dim=2).T).mean(dim=2).T
    n, (n_energies, n_channels) = len(batch.counts), folding.shape
    flux = _merged(_photons(model, points, torch.ones(len(points), batch.area.shape[1]))[0]).mean(dim=2)
    response = (area.T[:, :, None] * folding[:, None, :]).reshape(n_energies, n * n_channels)
    folded = (flux @ response).view(len(points), n, n_channels)
    profile = folded / folded.sum(dim=2, keepdim=True).clamp_min(1e-30)
    counts, background = (_merged(part).sum(dim=2).float() for part in (batch.counts, batch.background))
    net = (counts.sum(dim=1) - background.sum(dim=1)).clamp_min(1)
    expected = (net[:, None] * profile + background).clamp_min(1e-6)
    best = (expected - counts * expected.log()).sum(dim=2).argmin(dim=0)
    return torch.cat([points[best], net.double().log()[:, None]], dim=1)


def _merged(values: torch.Tensor, together: int = 3) -> torch.Tensor:
    """Neighbouring columns side by side, (n, n_columns) to (n, n_columns / together, together), padded with zeros."""
    missing = -values.shape[1] % together
    return torch.nn.functional.pad(values, (0, missing)).view(len(values), -1, together)


def _best_fit(model: SpectralModel, batch: _Batch) -> tuple[torch.Tensor, _State, torch.Tensor]:
    """Best-fit parameters (n, p), the state there, and whether the fit converged."""
    x = _starting_points(model, batch)
    if model.rescan is not None:
        x = _past_local_minima(model, model.rescan, x, batch)
    return _minimise(model, x, batch)


def _past_local_minima(
    model: SpectralModel, rescan: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, batch: _Batch
) -> torch.Tensor:
    """Better starting points (n, p): the best of short fits from here and from the most promising alternatives.

    Sources that still fit badly are scanned again, from where they are by then.
    """
    x, state, _ = _minimise(model, x, batch, max_iterations=_SHORT)
    cash = state.cash
    poor = torch.arange(len(x))
    for _ in range(_ROUNDS):
        x[poor], cash[poor] = _scan(model, rescan, x[poor], cash[poor], batch.rows(poor))
        n_channels = batch.counts.shape[1]
        poor = torch.nonzero(cash > n_channels + 5 * math.sqrt(2 * n_channels))[:, 0]
        if not len(poor):
            break
    return x


def _scan(
    model: SpectralModel,
    rescan: Callable[[torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    cash: torch.Tensor,
    batch: _Batch,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Parameters and C (both as given where nothing better is found) after short fits from the best alternatives."""
    alternatives = rescan(x[:, :-1])
    n, k = alternatives.shape[:2]
    counts = x[:, -1:]
    scan = torch.empty((n, k), dtype=torch.float64)
    for i in range(k):
        scan[:, i] = _cash(batch.counts, _expected(model, torch.cat([alternatives[:, i], counts], dim=1), batch))
    for _ in range(_RESTARTS):
        best = scan.argmin(dim=1)
        start = torch.cat([alternatives[torch.arange(n), best], counts], dim=1)
        other, state, _ = _minimise(model, start, batch, max_iterations=_SHORT)
        x = torch.where((state.cash < cash)[:, None], other, x)
        cash = torch.minimum(cash, state.cash)
        scan = scan.masked_fill((torch.arange(k) - best[:, None]).abs() <= _APART, torch.inf)
    return x, cash


def _bounds(model: SpectralModel) -> tuple[torch.Tensor, torch.Tensor]:
    low = [*(p.internal(p.lower) for p in model.parameters), -5.0]
    high = [*(p.internal(p.upper) for p in model.parameters), 25.0]
    return torch.tensor(low, dtype=torch.float64), torch.tensor(high, dtype=torch.float64)


def _largest_steps(model: SpectralModel, x: torch.Tensor) -> torch.Tensor:
    steps = torch.ones_like(x)
    for i, parameter in enumerate(model.parameters):
        if parameter.name == "nh":
            steps[:, i] = x[:, i].clamp_min(50)
        elif parameter.name == "z":
            steps[:, i] = 0.1
    return steps


def _blocked(x: torch.Tensor, gradient: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """Parameters that sit at an end of their range and would leave it."""
    return ((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0))


def _without(fisher: torch.Tensor, blocked: torch.Tensor) -> torch.Tensor:
    """Fisher information with the blocked parameters cut out (their rows are those of the unit matrix)."""
    free = (~blocked).double()
    return fisher * free[:, :, None] * free[:, None, :] + torch.diag_embed(blocked.double())


def _minimise(
    model: SpectralModel, x: torch.Tensor, batch: _Batch, *, max_iterations: int = _MAX_ITERATIONS
) -> tuple[torch.Tensor, _State, torch.Tensor]:
    """Best-fit parameters, the state there and whether each fit converged; batch and x have the same rows."""
    low, high = _bounds(model)
    state = _evaluate(model, x, batch)
    final_x, final_state, converged = x.clone(), state, torch.zeros(len(x), dtype=torch.bool)
    finals = {k: v.clone() for k, v in vars(state).items()}
    where = torch.arange(len(x))
    damping = torch.full((len(x),), 1e-2, dtype=torch.float64)
    for _ in range(max_iterations):
        blocked = _blocked(x, state.gradient, low, high)
        fisher = _without(state.fisher, blocked)
        gradient = state.gradient.masked_fill(blocked, 0)
        diagonal = torch.diagonal(fisher, dim1=1, dim2=2)
        damped = fisher + torch.diag_embed(damping[:, None] * diagonal + 1e-12 * diagonal.amax(1, keepdim=True))
        step = -torch.linalg.solve(damped, gradient)
        gain = -(gradient * step).sum(dim=1)
        settled = (gain < _TOLERANCE) & (damping < 0.1)
        finished = settled | (damping > _LARGEST_DAMPING)  # no step that is worth its length lowers C any more
        if finished.any():
            rows = where[finished]
            final_x[rows], converged[rows] = x[finished], True
            for key, value in vars(state).items():
                finals[key][rows] = value[finished]
            keep = torch.nonzero(~finished)[:, 0]
            if not len(keep):
                break
            x, step, damping, where = x[keep], step[keep], damping[keep], where[keep]
            state, batch = state.rows(keep), batch.rows(keep)
        shrink = (_largest_steps(model, x) / step.abs().clamp_min(1e-30)).amin(dim=1, keepdim=True).clamp(max=1)
        trial_x = torch.minimum(torch.maximum(x + shrink * step, low), high)
        trial = _evaluate(model, trial_x, batch)
        better = trial.cash < state.cash
        x = torch.where(better[:, None], trial_x, x)
        state = state.replace_rows(better, trial)
        damping = torch.where(better, (damping * 0.2).clamp_min(1e-7), damping * 8)
    else:
        final_x[where] = x
        for key, value in vars(state).items():
            finals[key][where] = value
    final_state = _State(**finals)
    return final_x, final_state, converged


def _limits(model: SpectralModel, x: torch.Tensor, state: _State) -> tuple[torch.Tensor, torch.Tensor]:
    """68% limits in internal parameters; NaN where the interval reaches the end of the allowed range."""
    low, high = _bounds(model)
    blocked = _blocked(x, state.gradient, low, high)
    sigma = _sigma(_without(state.fisher, blocked))
    # A blocked parameter: the parabola of C has its minimum outside; the limit is where C is 1 above its value here.
    ridge = state.fisher + torch.diag_embed(1e-10 * torch.diagonal(state.fisher, dim1=1, dim2=2) + 1e-12)
    beyond = torch.linalg.solve(ridge, -state.gradient)
    reach = beyond.abs()
    one_sided = torch.sqrt(_sigma(state.fisher) ** 2 + reach**2) - reach
    width = torch.where(blocked, one_sided, sigma)
    lower, upper = x - width, x + width
    return lower.masked_fill(lower <= low, torch.nan), upper.masked_fill(upper >= high, torch.nan)


def _sigma(fisher: torch.Tensor) -> torch.Tensor:
    diagonal = torch.diagonal(fisher, dim1=1, dim2=2)
    ridge = fisher + torch.diag_embed(1e-10 * diagonal + 1e-12)
    return torch.diagonal(torch.linalg.inv(ridge), dim1=1, dim2=2).clamp_min(0).sqrt()


def _reduced_statistic(counts: torch.Tensor, expected: torch.Tensor, n_free: int) -> torch.Tensor:
    """Pearson's chi-square over groups of enough counts, divided by its degrees of freedom, (n,)."""
    n, n_channels = counts.shape
    group = torch.zeros((n, n_channels), dtype=torch.int64)
    current, gathered = torch.zeros(n, dtype=torch.int64), torch.zeros(n, dtype=torch.float64)
    for k in range(n_channels):
        gathered = gathered + counts[:, k]
        group[:, k] = current
        full = gathered >= MIN_COUNTS_PER_GROUP
        current, gathered = current + full, gathered.masked_fill(full, 0)
    # What is left at the high-energy end joins the last full group.
    group = torch.minimum(group, (current - 1).clamp_min(0)[:, None])
    seen = torch.zeros_like(counts).scatter_add(1, group, counts)
    model = torch.zeros_like(counts).scatter_add(1, group, expected)
    chi_square = torch.where(model > 0, (seen - model) ** 2 / model.clamp_min(1e-30), 0).sum(dim=1)
    freedom = (current.clamp_min(1) - n_free).double()
    return torch.where(freedom > 0, chi_square / freedom, torch.nan)
