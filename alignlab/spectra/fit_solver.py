"""Maximum-likelihood fits of one model to a batch of spectra: Fisher scoring with Levenberg-Marquardt damping.

The statistic is C = 2 sum(m - d + d ln(d/m)) with m = model + expected background (Cash 1979, ApJ 228, 939; Kaastra
2017, A&A 605, A51). All sources take their steps together, with one small matrix each, and leave the batch as they
converge. The parameters x (n, p) are a model's internal shape parameters and, last, the logarithm of the source counts
in the fit range, which depends little on a spectrum's shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from alignlab.spectra.fit_models import Derivatives, SpectralModel, absorption_per_column

_MAX_ITERATIONS = 60
#: A fit has converged when its next step would lower C by less than this (0.03 sigma).
_TOLERANCE = 1e-3
_LARGEST_DAMPING = 1e5
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
) -> tuple[torch.Tensor, Derivatives, torch.Tensor]:
    """Photons detected per energy bin over their own largest flux; log derivatives of the flux; log of that flux."""
    shape = x.float()
    log_flux, derivatives = model.log_flux(shape[:, : model.n_shape - 1])
    tau = absorption_per_column(model.energy_step)
    log_flux = torch.addcmul(log_flux, shape[:, model.n_shape - 1 : model.n_shape], tau, value=-1)
    largest = log_flux.masked_fill(weighted_area <= 0, -torch.inf).amax(dim=1, keepdim=True)
    photons = (log_flux - largest).clamp(max=0).exp() * weighted_area
    return photons, lambda: [*derivatives(), -tau.expand_as(photons)], largest[:, 0].double()


def evaluate(model: SpectralModel, x: torch.Tensor, batch: Batch) -> State:
    """Expected counts, Cash statistic, half its gradient and the Fisher information at the parameters x (n, p)."""
    photons, derivatives, largest = detected_photons(model, x, batch.area)
    matrix = batch.redistribution
    folded = torch.stack([photons @ matrix, *((photons * d) @ matrix for d in derivatives())], dim=1).double()
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


def minimise(
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
