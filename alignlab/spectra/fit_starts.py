"""Where fits start, and how those of a plasma get past the local minima that its lines make.

Lines at a wrong redshift can coincide with other lines: the likelihood has a minimum at each such place.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from alignlab.spectra.fit_models import SpectralModel
from alignlab.spectra.fit_solver import Batch, State, cash_statistic, detected_photons, expected_counts, minimise

#: Iterations of a short fit from one candidate, and how many candidates are tried at a time.
_SHORT, _CANDIDATES = 10, 2
#: Distance on a scan between candidates.
_APART = 3
#: A fit is poor when C exceeds its expectation by this many standard deviations.
_POOR = 5.0


def best_fit(model: SpectralModel, batch: Batch) -> tuple[torch.Tensor, State, torch.Tensor]:
    """Best-fit parameters (n, p), the state there, and whether the fit converged."""
    x = starting_points(model, batch)[:, 0]
    if model.rescan is not None:
        x = _past_local_minima(model, model.rescan, x, batch)
    return minimise(model, x, batch)


def starting_points(model: SpectralModel, batch: Batch, *, more: bool = False) -> torch.Tensor:
    """Best points of the model's start grid per source, (n, n_candidates, p), judged in coarser bins.

    The best one; with `more`, the best of each of the most promising values of the parameter that has more starts.
    """
    points = model.start_grid(more=more)
    area = _merged(batch.area).sum(dim=2)
    folding = _merged(_merged(batch.redistribution).sum(dim=2).T).mean(dim=2).T
    n, (n_energies, n_channels) = len(batch.counts), folding.shape
    flux = _merged(detected_photons(model, points, torch.ones(len(points), batch.area.shape[1]))[0]).mean(dim=2)
    response = (area.T[:, :, None] * folding[:, None, :]).reshape(n_energies, n * n_channels)
    folded = (flux @ response).view(len(points), n, n_channels)
    profile = folded / folded.sum(dim=2, keepdim=True).clamp_min(1e-30)
    counts, background = (_merged(part).sum(dim=2).float() for part in (batch.counts, batch.background))
    net = (counts.sum(dim=1) - background.sum(dim=1)).clamp_min(1)
    expected = (net[:, None] * profile + background).clamp_min(1e-6)
    misfit = (expected - counts * expected.log()).sum(dim=2)
    best = _leaders(model, points, misfit) if more else misfit.argmin(dim=0, keepdim=True)
    amplitude = net.double().log()[:, None, None].expand(-1, len(best), 1)
    return torch.cat([points[best.T], amplitude], dim=2)


def _merged(values: torch.Tensor, together: int = 3) -> torch.Tensor:
    """Neighbouring columns side by side, (n, n_columns) to (n, n_columns / together, together), padded with zeros."""
    missing = -values.shape[1] % together
    return torch.nn.functional.pad(values, (0, missing)).view(len(values), -1, together)


def _leaders(model: SpectralModel, points: torch.Tensor, misfit: torch.Tensor) -> torch.Tensor:
    """Best point (n_candidates, n) for each of the best values of the parameter with more starts."""
    column = next(i for i, p in enumerate(model.parameters) if p.more_starts)
    members = [torch.nonzero(points[:, column] == value)[:, 0] for value in points[:, column].unique()]
    best = [misfit[rows].min(dim=0) for rows in members]
    order = torch.stack([b.values for b in best]).argsort(dim=0)[:_CANDIDATES]
    return torch.stack([rows[b.indices] for rows, b in zip(members, best, strict=True)]).gather(0, order)


def _past_local_minima(
    model: SpectralModel, rescan: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, batch: Batch
) -> torch.Tensor:
    """Better starting points (n, p), from short fits: first from here, then from the best points of a scan.

    Sources that still fit badly are started afresh on a denser grid, and scanned again.
    """
    x, state, _ = minimise(model, x, batch, max_iterations=_SHORT)
    x, cash = _improved(model, x, state.cash, batch, _scan(model, rescan, x, batch))
    n_channels = batch.counts.shape[1]
    for afresh in (True, False):
        poor = torch.nonzero(cash > n_channels + _POOR * math.sqrt(2 * n_channels))[:, 0]
        if len(poor):
            some = batch.rows(poor)
            starts = starting_points(model, some, more=True) if afresh else _scan(model, rescan, x[poor], some)
            x[poor], cash[poor] = _improved(model, x[poor], cash[poor], some, starts)
    return x


def _improved(
    model: SpectralModel, x: torch.Tensor, cash: torch.Tensor, batch: Batch, starts: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Parameters and C after short fits from `starts` (n, n_candidates, p), or as given where none is better."""
    for start in starts.unbind(dim=1):
        other, state, _ = minimise(model, start, batch, max_iterations=_SHORT)
        x = torch.where((state.cash < cash)[:, None], other, x)
        cash = torch.minimum(cash, state.cash)
    return x, cash


def _scan(
    model: SpectralModel, rescan: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, batch: Batch
) -> torch.Tensor:
    """The best of the model's alternatives to x, some way apart from each other, (n, n_candidates, p)."""
    shapes = rescan(x[:, :-1])
    n, k = shapes.shape[:2]
    points = torch.cat([shapes, x[:, None, -1:].expand(-1, k, 1)], dim=2)
    expected = (expected_counts(model, points[:, i], batch) for i in range(k))
    scan = torch.stack([cash_statistic(batch.counts, e) for e in expected], dim=1)
    chosen = []
    for _ in range(_CANDIDATES):
        best = scan.argmin(dim=1)
        chosen.append(points[torch.arange(n), best])
        scan = scan.masked_fill((torch.arange(k) - best[:, None]).abs() <= _APART, torch.inf)
    return torch.stack(chosen, dim=1)
