"""Maximum-likelihood fits of one model to a batch of spectra: Fisher scoring with Levenberg-Marquardt damping.

The statistic is C = 2 sum(m - d + d ln(d/m)) with m = model + expected background (Cash 1979, ApJ 228, 939; Kaastra
2017, A&A 605, A51). All sources take their steps together, with one small matrix each, and leave the batch as they
converge. The parameters x (n, p) are a model's internal shape parameters and, last, the logarithm of the source counts
in the fit range, which depends little on a spectrum's shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from alignlab.spectra.fit_models import SpectralModel, absorption_per_column

_MAX_ITERATIONS = 60
#: A fit has converged when its next step would lower C by less than this (0.03 sigma).
_TOLERANCE = 1e-3
_LARGEST_DAMPING = 1e5
#: Short fits that look for a better starting point, their iterations, how far apart on the scan they begin, and how
#: often a source that fits badly is scanned.
_RESTARTS, _SHORT, _APART, _ROUNDS = 2, 10, 3, 3
_SMALLEST_EXPECTATION = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """What n sources bring to a fit.

    Attributes
    ----------
    counts, background : Tensor of float64, (n, n_channels)
        Counts and expected background counts per fit channel.
    area : Tensor of float32, (n, n_energies)
        Effective area times bin width in cm^2 keV.
    redistribution : Tensor of float32, (n_energies, n_channels)
        Probability that a photon of an energy bin falls into each channel.
    """

    counts: torch.Tensor
    background: torch.Tensor
    area: torch.Tensor
    redistribution: torch.Tensor

    def rows(self, index: torch.Tensor) -> Batch:
        """Some of the sources."""
        return Batch(
            counts=self.counts[index],
            background=self.background[index],
            area=self.area[index],
            redistribution=self.redistribution,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """Expectation at some parameters, and what a step needs to know.

    Attributes
    ----------
    expected : Tensor of float64, (n, n_channels)
        Model + background.
    cash : Tensor of float64, (n,)
        The statistic C.
    gradient : Tensor of float64, (n, p)
        Half the gradient of C.
    fisher : Tensor of float64, (n, p, p)
        Fisher information.
    log_rate : Tensor of float64, (n,)
        Logarithm of the count rate in the fit range of the model with unit amplitude.
    """

    expected: torch.Tensor
    cash: torch.Tensor
    gradient: torch.Tensor
    fisher: torch.Tensor
    log_rate: torch.Tensor

    def replace_rows(self, better: torch.Tensor, other: State) -> State:
        """The other state where `better` (n,), else this one."""

        def choose(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return torch.where(better.view(-1, *[1] * (a.ndim - 1)), b, a)

        return State(**{k: choose(v, vars(other)[k]) for k, v in vars(self).items()})

    def rows(self, index: torch.Tensor) -> State:
        """Some of the sources."""
        return State(**{k: v[index] for k, v in vars(self).items()})


def detected_photons(
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


def evaluate(model: SpectralModel, x: torch.Tensor, batch: Batch) -> State:
    """Expected counts, Cash statistic, half its gradient and the Fisher information at the parameters x (n, p)."""
    photons, derivatives, largest = detected_photons(model, x, batch.area)
    matrix = batch.redistribution
    folded = torch.stack([photons @ matrix, *((photons * d) @ matrix for d in derivatives)], dim=1).double()
    total = folded[:, :1].sum(dim=2, keepdim=True).clamp_min(1e-300)
    profile = folded[:, :1] / total
    slopes = (folded[:, 1:] - profile * folded[:, 1:].sum(dim=2, keepdim=True)) / total
    counts = x[:, -1].exp()[:, None, None]
    jacobian = counts * torch.cat([slopes, profile], dim=1)
    expected = (counts * profile)[:, 0] + batch.background
    expected = expected.clamp_min(_SMALLEST_EXPECTATION)
    return State(
        expected=expected,
        cash=cash_statistic(batch.counts, expected),
        gradient=(jacobian @ (1 - batch.counts / expected)[:, :, None])[:, :, 0],
        fisher=(jacobian / expected[:, None]) @ jacobian.mT,
        log_rate=largest + total[:, 0, 0].log(),
    )


def expected_counts(model: SpectralModel, x: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Expected counts per fit channel."""
    folded = (detected_photons(model, x, batch.area)[0] @ batch.redistribution).double()
    return (x[:, -1:].exp() * folded / folded.sum(dim=1, keepdim=True).clamp_min(1e-300) + batch.background).clamp_min(
        _SMALLEST_EXPECTATION
    )


def cash_statistic(counts: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    """C of each source, (n,)."""
    return 2 * (expected - counts + torch.xlogy(counts, counts / expected)).sum(dim=-1)


def _starting_points(model: SpectralModel, batch: Batch) -> torch.Tensor:
    """Best point of the model's start grid per source, (n, p), judged in coarser bins."""
    points = model.start_grid()
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
    best = (expected - counts * expected.log()).sum(dim=2).argmin(dim=0)
    return torch.cat([points[best], net.double().log()[:, None]], dim=1)


def _merged(values: torch.Tensor, together: int = 3) -> torch.Tensor:
    """Neighbouring columns side by side, (n, n_columns) to (n, n_columns / together, together), padded with zeros."""
    missing = -values.shape[1] % together
    return torch.nn.functional.pad(values, (0, missing)).view(len(values), -1, together)


def best_fit(model: SpectralModel, batch: Batch) -> tuple[torch.Tensor, State, torch.Tensor]:
    """Best-fit parameters (n, p), the state there, and whether the fit converged."""
    x = _starting_points(model, batch)
    if model.rescan is not None:
        x = _past_local_minima(model, model.rescan, x, batch)
    return _minimise(model, x, batch)


def _past_local_minima(
    model: SpectralModel, rescan: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, batch: Batch
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
    batch: Batch,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Parameters and C (both as given where nothing better is found) after short fits from the best alternatives."""
    alternatives = rescan(x[:, :-1])
    n, k = alternatives.shape[:2]
    counts = x[:, -1:]
    scan = torch.empty((n, k), dtype=torch.float64)
    for i in range(k):
        scan[:, i] = cash_statistic(
            batch.counts, expected_counts(model, torch.cat([alternatives[:, i], counts], dim=1), batch)
        )
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
    model: SpectralModel, x: torch.Tensor, batch: Batch, *, max_iterations: int = _MAX_ITERATIONS
) -> tuple[torch.Tensor, State, torch.Tensor]:
    """Best-fit parameters, the state there and whether each fit converged; batch and x have the same rows."""
    low, high = _bounds(model)
    state = evaluate(model, x, batch)
    best_x, best_state, converged = x.clone(), {k: v.clone() for k, v in vars(state).items()}, torch.zeros(len(x)) > 0
    where = torch.arange(len(x))
    damping = torch.full((len(x),), 1e-2, dtype=torch.float64)

    def keep_results(rows: torch.Tensor) -> None:
        best_x[where[rows]] = x[rows]
        for key, value in vars(state).items():
            best_state[key][where[rows]] = value[rows]

    for _ in range(max_iterations):
        blocked = _blocked(x, state.gradient, low, high)
        gradient = state.gradient.masked_fill(blocked, 0)
        fisher = _without(state.fisher, blocked)
        diagonal = torch.diagonal(fisher, dim1=1, dim2=2)
        ridge = damping[:, None] * diagonal + 1e-12 * diagonal.amax(1, keepdim=True)
        step = -torch.linalg.solve(fisher + torch.diag_embed(ridge), gradient)
        gain = -(gradient * step).sum(dim=1)
        # At the largest damping no step that is worth its length lowers C any more.
        finished = ((gain < _TOLERANCE) & (damping < 0.1)) | (damping > _LARGEST_DAMPING)
        if finished.any():
            keep_results(finished)
            converged[where[finished]] = True
            left = torch.nonzero(~finished)[:, 0]
            if not len(left):
                break
            x, step, damping, where = x[left], step[left], damping[left], where[left]
            state, batch = state.rows(left), batch.rows(left)
        shrink = (_largest_steps(model, x) / step.abs().clamp_min(1e-30)).amin(dim=1, keepdim=True).clamp(max=1)
        trial_x = torch.minimum(torch.maximum(x + shrink * step, low), high)
        trial = evaluate(model, trial_x, batch)
        better = trial.cash < state.cash
        x, state = torch.where(better[:, None], trial_x, x), state.replace_rows(better, trial)
        damping = torch.where(better, (damping * 0.2).clamp_min(1e-7), damping * 8)
    else:
        keep_results(torch.ones(len(x), dtype=torch.bool))
    return best_x, State(**best_state), converged


def limits_68(model: SpectralModel, x: torch.Tensor, state: State) -> tuple[torch.Tensor, torch.Tensor]:
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
