"""Spectral fits of many sources at once, by forward folding and Poisson likelihood.

The counts of PI channels are gathered into some eighty channels that follow the resolution of a CCD, and each model is
folded through every source's own effective area and the shared redistribution (`fit_models` tabulates the models,
`fit_starts` and `fit_solver` find the best parameters).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray

from alignlab.spectra.fit_models import MODEL_NAMES, SpectralModel, energy_edges, spectral_model
from alignlab.spectra.fit_solver import Batch, detected_photons, limits_68
from alignlab.spectra.fit_starts import best_fit
from alignlab.spectra.grid import overlap_matrix
from alignlab.spectra.response import CHANNEL_EDGES_KEV, MODEL_EDGES_KEV

OnStep = Callable[[int, int, str], bool]

#: Energies that a fit uses: the CSC's broad band.
FIT_RANGE_KEV = (0.5, 7.0)
#: Counts (source and background) that a group of channels needs for the reduced statistic.
MIN_COUNTS_PER_GROUP = 15

_CHUNK = 256


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
        By model, in the unit of the emission function (photons/cm^2/s/keV at 1 keV for the power law); infinite where
        it is beyond single precision, behind a column that lets nothing through.
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
    x, state, converged = best_fit(model, batch)
    lower, upper = limits_68(model, x, state)
    log_amplitude = x[:, -1] - state.log_rate - torch.as_tensor(problem.exposure_s[rows]).log()
    return _PortionFit(
        best=model.natural(x).float(),
        lower=model.natural(lower).float(),
        upper=model.natural(upper).float(),
        amplitude=log_amplitude.exp().float(),
        cash=state.cash.float(),
        statistic=_reduced_statistic(batch.counts, state.expected, model.n_shape + 1).float(),
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

    def batch(self, model: SpectralModel, rows: NDArray[np.int64]) -> Batch:
        """The sources `rows` on the energy grid of a model."""
        grid = self._grid(model.energy_step)
        return Batch(
            counts=torch.as_tensor(self.counts[rows] @ self._gather).double(),
            background=torch.as_tensor(self.background[rows] @ self._gather).double(),
            area=torch.as_tensor(self.area[rows]) @ grid.area,
            redistribution=grid.folding,
        )

    def expected_channels(self, model: SpectralModel, x: torch.Tensor, rows: NDArray[np.int64]) -> torch.Tensor:
        """Expected counts (model + background) per PI channel."""
        grid = self._grid(model.energy_step)
        photons, _, _ = detected_photons(model, x, torch.as_tensor(self.area[rows]) @ grid.area)
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
