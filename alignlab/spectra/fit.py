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

from alignlab.progress import OnStep
from alignlab.spectra.fit_data import FIT_RANGE_KEV, FitData, reduced_chi_square
from alignlab.spectra.fit_models import MODEL_NAMES, SpectralModel, spectral_model
from alignlab.spectra.fit_solver import limits_68
from alignlab.spectra.fit_starts import best_fit

#: Counts (source and background) that a group of PI channels needs for the reduced statistic.
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

    The reduced statistic ``<model>_stat`` is a chi-square with the variance of the data, over consecutive groups of PI
    channels with at least `MIN_COUNTS_PER_GROUP` counts, divided by groups minus free parameters: near 1 for a good
    fit. With this definition simulated power laws of 150 to 300 counts scatter as the CSC's ``powlaw_stat`` does. It is
    NaN where there are no degrees of freedom.

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
    data = FitData(
        channel_counts, background, exposure_s, area, redistribution, energy_edges_kev, channel_edges_kev, fit_range_kev
    )
    chosen = [spectral_model(name) for name in models]
    todo = data.fittable(fit_mask)
    n = len(data)
    values = {f"{m.name}_{p}": _blank(n) for m in chosen for p in (*(q.name for q in m.parameters), "stat")}
    limits = {f"{v}_{side}": _blank(n) for v in values if not v.endswith("_stat") for side in ("lolim", "hilim")}
    amplitudes, cash = {m.name: _blank(n) for m in chosen}, {m.name: _blank(n) for m in chosen}
    converged = {m.name: np.zeros(n, dtype=bool) for m in chosen}
    expected = {m.name: np.full(data.counts.shape, np.nan, np.float32) for m in chosen} if keep_expected else None

    portions = [(m, todo[first : first + _CHUNK]) for m in chosen for first in range(0, len(todo), _CHUNK)]
    total, done = len(chosen) * len(todo), 0
    for model, rows, fit in _in_parallel(partial(_fit_portion, data, keep_expected), portions):
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
    statistic: NDArray[np.float64]
    converged: torch.Tensor
    expected: NDArray[np.float32] | None


def _fit_portion(data: FitData, keep_expected: bool, model: SpectralModel, rows: NDArray[np.int64]) -> _PortionFit:
    x, state, converged = best_fit(model, data.batch(model, rows))
    lower, upper = limits_68(model, x, state)
    log_amplitude = x[:, -1] - state.log_rate - torch.as_tensor(data.exposure_s[rows]).log()
    expected = data.expected_channels(model, x, rows).numpy()
    statistic = reduced_chi_square(
        data.counts[rows][:, data.in_range],
        expected[:, data.in_range],
        n_free=model.n_shape + 1,
        min_counts=MIN_COUNTS_PER_GROUP,
    )
    return _PortionFit(
        best=model.natural(x).float(),
        lower=model.natural(lower).float(),
        upper=model.natural(upper).float(),
        amplitude=log_amplitude.exp().float(),
        cash=state.cash.float(),
        statistic=statistic,
        converged=converged,
        expected=expected if keep_expected else None,
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
