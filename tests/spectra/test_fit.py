from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from alignlab.spectra import emission
from alignlab.spectra.absorption import sigma_wabs, transmission
from alignlab.spectra.fit import fit_spectra
from alignlab.spectra.fit_data import FIT_RANGE_KEV, channel_groups
from alignlab.spectra.fit_models import MODEL_NAMES, spectral_model
from alignlab.spectra.response import (
    CHANNEL_EDGES_KEV,
    MODEL_EDGES_KEV,
    effective_area_cm2,
    fold,
    redistribution,
)

MATRIX = redistribution("ACIS-S")
EXPOSURE_S = 3e4
IN_RANGE = (CHANNEL_EDGES_KEV[:-1] >= FIT_RANGE_KEV[0]) & (CHANNEL_EDGES_KEV[1:] <= FIT_RANGE_KEV[1])
PARAMETERS = {name: [p.name for p in spectral_model(name).parameters] for name in MODEL_NAMES}


def flux_density(model: str, truth: dict[str, np.ndarray], edges_kev: np.ndarray) -> torch.Tensor:
    """Photons/cm^2/s/keV of unit amplitude at the centres of the bins, (n, n_e)."""
    value = {name: torch.as_tensor(v, dtype=torch.float64)[:, None] for name, v in truth.items()}
    edges = torch.as_tensor(edges_kev)
    energy = 0.5 * (edges[1:] + edges[:-1])
    flux = {
        "powlaw": lambda: emission.powerlaw(energy, value["gamma"]),
        "bb": lambda: emission.blackbody(energy, value["kt"]),
        "brems": lambda: emission.bremsstrahlung(energy, value["kt"]),
        "apec": lambda: emission.plasma(edges, value["kt"], value["abund"], value["z"]),
    }[model]()
    return flux * transmission(value["nh"], torch.as_tensor(sigma_wabs(energy.numpy())))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The tensors are small: more threads would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@dataclass(frozen=True)
class Sample:
    truth: dict[str, np.ndarray]
    amplitude: np.ndarray
    counts: np.ndarray
    arguments: dict[str, np.ndarray]

    def fit(self, *models: str, rows: slice | np.ndarray = slice(None), **settings):
        arguments = {k: v if k == "redistribution" else v[rows] for k, v in self.arguments.items()}
        return fit_spectra(self.counts[rows], models=models, **arguments, **settings)


def simulate(model: str, n: int, *, seed: int, counts: tuple[float, float] = (3_000, 20_000)) -> Sample:
    rng = np.random.default_rng(seed)

    def between(low: float, high: float) -> np.ndarray:
        return np.exp(rng.uniform(np.log(low), np.log(high), n))

    truth = {
        "powlaw": lambda: {"gamma": rng.uniform(1, 3, n)},
        "bb": lambda: {"kt": between(0.15, 1.5)},
        "brems": lambda: {"kt": between(0.4, 8)},
        "apec": lambda: {"kt": between(0.8, 5), "abund": rng.uniform(0.4, 1.2, n), "z": rng.uniform(0.03, 0.5, n)},
    }[model]()
    truth["nh"] = between(10, 300)
    area = effective_area_cm2(np.full(n, "ACIS-S"), rng.uniform(2000, 2015, n), rng.uniform(0, 6, n))
    flux = flux_density(model, truth, MODEL_EDGES_KEV)
    rate = fold(flux, torch.as_tensor(area).double(), torch.as_tensor(MATRIX).double()).numpy()
    wanted = between(*counts)
    amplitude = wanted / rate[:, IN_RANGE].sum(axis=1) / EXPOSURE_S
    background = np.full(rate.shape, 0.01) + 0.03 * (wanted / rate.shape[1])[:, None]
    observed = rng.poisson(rate * (amplitude * EXPOSURE_S)[:, None] + background)
    return Sample(
        truth,
        amplitude,
        observed.astype(np.float32),
        {
            "background": background,
            "exposure_s": np.full(n, EXPOSURE_S),
            "area": area,
            "redistribution": MATRIX,
        },
    )


def pulls(sample: Sample, fits, model: str, name: str) -> np.ndarray:
    """(fitted - true) / uncertainty, in the logarithm for a temperature."""
    best, truth = fits.values[f"{model}_{name}"], sample.truth[name]
    low, high = fits.limits[f"{model}_{name}_lolim"], fits.limits[f"{model}_{name}_hilim"]
    if name == "kt":
        return np.log(best / truth) / np.fmax(np.log(best / low), np.log(high / best))
    return (best - truth) / np.fmax(best - low, high - best)


@pytest.mark.parametrize("model", MODEL_NAMES)
def test_bright_sources_are_recovered_without_bias_within_their_errors(model: str) -> None:
    sample = simulate(model, 200, seed=11)
    fits = sample.fit(model)
    assert fits.converged[model].mean() > 0.98
    for name in PARAMETERS[model]:
        pull = pulls(sample, fits, model, name)
        assert abs(np.nanmedian(pull)) < 0.25, name
        assert np.diff(np.nanpercentile(pull, [16, 84]))[0] / 2 == pytest.approx(1, abs=0.2), name
        # At most a few sources of a plasma end in another local minimum.
        assert np.nanmean(np.abs(pull) > 5) <= (0.03 if model == "apec" else 0), name
        if model != "apec":
            assert abs(np.nanmean(pull)) < 0.2, name
            assert np.nanstd(pull) == pytest.approx(1, abs=0.15), name
        low, high = fits.limits[f"{model}_{name}_lolim"], fits.limits[f"{model}_{name}_hilim"]
        inside = (np.nan_to_num(low, nan=-np.inf) <= sample.truth[name]) & (
            sample.truth[name] <= np.nan_to_num(high, nan=np.inf)
        )
        assert inside.mean() == pytest.approx(0.68, abs=0.12), name
    assert np.median(fits.amplitudes[model] / sample.amplitude) == pytest.approx(1, abs=0.03)
    assert np.median(fits.values[f"{model}_stat"]) == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize("model", MODEL_NAMES)
def test_a_reference_minimiser_finds_the_same_fit(model: str) -> None:
    """Nelder-Mead on C, with the model folded four times more finely than the instrument's response."""
    sample = simulate(model, 2, seed=12, counts=(1_000, 6_000))
    fits = sample.fit(model)
    names = PARAMETERS[model]
    gather = np.eye(channel_groups(CHANNEL_EDGES_KEV).max() + 1)[channel_groups(CHANNEL_EDGES_KEV)[IN_RANGE]]
    edges = np.linspace(MODEL_EDGES_KEV[0], MODEL_EDGES_KEV[-1], 4 * len(MATRIX) + 1)
    matrix = np.repeat(MATRIX[:, IN_RANGE].astype(float) @ gather, 4, axis=0) * np.diff(edges)[:, None]

    for i in range(2):
        background = sample.arguments["background"][i][IN_RANGE] @ gather
        seen = sample.counts[i][IN_RANGE].astype(float) @ gather
        response = np.repeat(sample.arguments["area"][i].astype(float), 4)[:, None] * matrix * EXPOSURE_S

        def cash(x: np.ndarray, background=background, seen=seen, response=response) -> float:
            if np.any(x[1:] < 0):
                return np.inf
            flux = flux_density(model, {name: x[k + 1 : k + 2] for k, name in enumerate(names)}, edges)[0].numpy()
            expected = np.exp(x[0]) * flux @ response + background
            return float(2 * (expected - seen + seen * np.log(np.where(seen > 0, seen, 1) / expected)).sum())

        best = np.array([float(fits.values[f"{model}_{name}"][i]) for name in names])
        start = np.r_[np.log(fits.amplitudes[model][i]), best]
        found = minimize(cash, start, method="Nelder-Mead", options={"maxiter": 400, "xatol": 1e-3, "fatol": 1e-2})
        # The lines of a plasma are a little smeared by the fitter's grid.
        assert fits.cash[model][i] == pytest.approx(cash(start), abs=2.0 if model == "apec" else 0.5)
        assert cash(start) - found.fun < (0.5 if model == "apec" else 0.2)
        for k, name in enumerate(names):
            low, high = fits.limits[f"{model}_{name}_lolim"][i], fits.limits[f"{model}_{name}_hilim"][i]
            assert abs(found.x[k + 1] - best[k]) < 0.5 * np.fmax(best[k] - low, high - best[k]), name


def test_statistic_tells_right_from_wrong_models() -> None:
    sample = simulate("powlaw", 60, seed=13)
    fits = sample.fit("powlaw", "bb")
    assert np.median(fits.values["powlaw_stat"]) < 1.1
    assert np.median(fits.values["bb_stat"]) > 2


def test_statistic_is_near_one_also_for_faint_sources() -> None:
    sample = simulate("powlaw", 200, seed=14, counts=(150, 300))
    statistic = sample.fit("powlaw").values["powlaw_stat"]
    assert np.median(statistic) == pytest.approx(1, abs=0.15)
    assert np.isfinite(statistic).all()


def test_parameters_stay_in_their_range_whatever_the_counts() -> None:
    rng = np.random.default_rng(15)
    sample = simulate("powlaw", 40, seed=15, counts=(150, 2_000))
    strange = rng.poisson(rng.exponential(1, sample.counts.shape) * rng.uniform(0, 2, (40, 1)))
    strange[:5, 20:] = 0
    strange[5:10, :500] = 0
    strange[10:15] = 0
    strange[10:15, 300] = 200
    fits = fit_spectra(strange, **sample.arguments)
    for model in MODEL_NAMES:
        for parameter in spectral_model(model).parameters:
            name = f"{model}_{parameter.name}"
            values = fits.values[name]
            fitted = np.isfinite(values)
            assert fitted.any()
            tolerance = 1e-5 * parameter.upper
            assert values[fitted].min() >= parameter.lower - tolerance
            assert values[fitted].max() <= parameter.upper + tolerance
            for side, sign in (("lolim", -1), ("hilim", 1)):
                limit = fits.limits[f"{name}_{side}"]
                assert np.all((sign * (limit - values) >= -tolerance)[np.isfinite(limit)])


def test_sources_without_net_counts_or_outside_the_mask_are_missing() -> None:
    sample = simulate("powlaw", 4, seed=16)
    sample.counts[1] = 0
    fits = sample.fit("powlaw", "bb", fit_mask=[True, True, False, True], keep_expected=True)
    for values in (*fits.values.values(), *fits.amplitudes.values(), *fits.cash.values()):
        assert np.isnan(values).tolist() == [False, True, True, False]
    assert fits.converged["powlaw"].tolist() == [True, False, False, True]
    assert np.isnan(fits.expected["bb"]).any(axis=1).tolist() == [False, True, True, False]


@pytest.mark.parametrize("model", MODEL_NAMES)
def test_a_source_is_fitted_alone_as_in_company(model: str) -> None:
    sample = simulate(model, 300, seed=17)
    together = sample.fit(model, rows=slice(None))
    for i in (0, 258, 299):
        alone = sample.fit(model, rows=np.array([i]))
        for name in PARAMETERS[model]:
            low, high = (together.limits[f"{model}_{name}_{side}"][i] for side in ("lolim", "hilim"))
            width = np.nanmax([high - low, 1e-3])
            assert abs(alone.values[f"{model}_{name}"][0] - together.values[f"{model}_{name}"][i]) < 0.1 * width


def test_same_bytes_whatever_the_threads() -> None:
    sample = simulate("brems", 300, seed=18)
    results = []
    for number in (1, 2):
        torch.set_num_threads(number)
        results.append(sample.fit("brems").to_frame())
        assert torch.get_num_threads() == number
    assert results[0].equals(results[1])


def test_another_grid_of_energies_and_channels_gives_the_same_fit() -> None:
    """As a real file would bring: fewer and wider channels, its own energies."""
    sample = simulate("powlaw", 30, seed=19)
    wanted = np.arange(0, len(CHANNEL_EDGES_KEV), 2)
    fine = sample.arguments
    pairs = sample.counts.shape[1] // 2

    def merged(values: np.ndarray) -> np.ndarray:
        return values[:, : 2 * pairs].reshape(len(values), pairs, 2).sum(axis=2)

    energy = np.linspace(0.3, 9.5, 921)
    fits = fit_spectra(
        merged(sample.counts),
        background=merged(fine["background"]),
        exposure_s=fine["exposure_s"],
        area=np.repeat(fine["area"], 2, axis=1),
        redistribution=merged(np.repeat(fine["redistribution"], 2, axis=0)),
        models=("powlaw",),
        energy_edges_kev=energy,
        channel_edges_kev=CHANNEL_EDGES_KEV[wanted],
    )
    reference = sample.fit("powlaw")
    error = reference.limits["powlaw_gamma_hilim"] - reference.values["powlaw_gamma"]
    shift = (fits.values["powlaw_gamma"] - reference.values["powlaw_gamma"]) / error
    assert np.abs(shift).max() < 0.5
    np.testing.assert_allclose(fits.amplitudes["powlaw"], reference.amplitudes["powlaw"], rtol=0.1)


def test_expected_counts_describe_the_data() -> None:
    sample = simulate("powlaw", 20, seed=20)
    fits = sample.fit("powlaw", keep_expected=True)
    expected = fits.expected["powlaw"]
    assert expected.shape == sample.counts.shape
    seen, model = sample.counts[:, IN_RANGE], expected[:, IN_RANGE]
    np.testing.assert_allclose(model.sum(axis=1), seen.sum(axis=1), rtol=0.01)
    assert ((seen - model) ** 2 / model).mean() == pytest.approx(1, abs=0.05)


def test_frame_has_a_row_per_source_and_progress_can_stop() -> None:
    sample = simulate("powlaw", 5, seed=21)
    calls = []

    def stop(done: int, total: int, info: str) -> bool:
        calls.append((done, total, info))
        return False

    fits = sample.fit("powlaw", "bb", on_step=stop)
    frame = fits.to_frame()
    assert len(frame) == 5
    assert {"powlaw_gamma", "powlaw_nh_lolim", "bb_stat", "bb_kt_hilim"} <= set(frame.columns)
    assert calls == [(5, 10, "fitting powlaw")]
    assert frame["powlaw_gamma"].notna().all()
    assert frame["bb_kt"].isna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"background": np.zeros((2, 3))}, "background"),
        ({"exposure_s": np.array([1.0, np.nan])}, "exposure_s"),
        ({"area": np.full((2, 460), -1.0)}, "negative"),
        ({"redistribution": np.zeros((3, 3))}, "redistribution"),
        ({"models": ("mekal",)}, "mekal"),
        ({"fit_mask": [True]}, "fit_mask"),
        ({"fit_range_kev": (20.0, 30.0)}, "no channel"),
        ({"channel_edges_kev": np.linspace(0, 1, 7)}, "channel_edges_kev"),
    ],
)
def test_bad_input_is_refused(change: dict[str, object], message: str) -> None:
    sample = simulate("powlaw", 2, seed=22)
    with pytest.raises(ValueError, match=message):
        fit_spectra(sample.counts, **{**sample.arguments, "models": ("powlaw",), **change})
