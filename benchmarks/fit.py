"""Seconds that spectral fits and the variability test take for a survey of the demo's size."""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from alignlab.spectra import emission
from alignlab.spectra.absorption import sigma_wabs, transmission
from alignlab.spectra.fit import fit_spectra
from alignlab.spectra.fit_models import MODEL_NAMES
from alignlab.spectra.response import MODEL_EDGES_KEV, effective_area_cm2, fold, redistribution
from alignlab.spectra.variability import gregory_loredo


def mixed_spectra(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Half power laws, a third plasmas, the rest blackbodies; 150 to 100,000 counts, mostly few."""
    energy = torch.as_tensor(0.5 * (MODEL_EDGES_KEV[1:] + MODEL_EDGES_KEV[:-1]))
    area = effective_area_cm2(np.full(n, "ACIS-S"), rng.uniform(2000, 2018, n), rng.uniform(0, 8, n))
    matrix = redistribution("ACIS-S")

    def column(low: float, high: float) -> torch.Tensor:
        return torch.as_tensor(np.exp(rng.uniform(np.log(low), np.log(high), n)))[:, None]

    flux = emission.powerlaw(energy, column(1, 3))
    plasma = emission.plasma(torch.as_tensor(MODEL_EDGES_KEV), column(0.3, 10), column(0.1, 1), column(0.01, 0.6))
    blackbody = emission.blackbody(energy, column(0.1, 1))
    kind = torch.as_tensor(rng.random(n))[:, None]
    flux = torch.where(kind < 0.5, flux, torch.where(kind < 0.85, plasma, blackbody))
    flux = flux * transmission(column(5, 2000), torch.as_tensor(sigma_wabs(energy.numpy())))
    rate = fold(flux, torch.as_tensor(area).double(), torch.as_tensor(matrix).double()).numpy()
    wanted = 150 * (1 - rng.random(n)) ** (-1 / 0.9)
    source = rate / rate.sum(axis=1, keepdims=True) * np.minimum(wanted, 1e5)[:, None]
    background = np.full_like(source, 0.05) * source.mean(axis=1, keepdims=True)
    return {
        "channel_counts": rng.poisson(source + background).astype(np.float32),
        "background": background,
        "exposure_s": np.full(n, 3e4),
        "area": area,
        "redistribution": matrix,
    }


def arrival_times(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Constant sources: times, offsets, exposures."""
    events = np.minimum(5 * (1 - rng.random(n)) ** (-1 / 0.6), 2e5).astype(int)
    exposure = np.exp(rng.normal(np.log(1.5e4), 1, n))
    return (rng.random(events.sum()) * np.repeat(exposure, events)), np.r_[0, np.cumsum(events)], exposure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=5_000, help="sources with spectral fits")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rng = np.random.default_rng(7)
    spectra = mixed_spectra(arguments.sources, rng)
    counts = spectra.pop("channel_counts")
    for name in MODEL_NAMES:
        begin, cpu = time.perf_counter(), time.process_time()
        fits = fit_spectra(counts, models=(name,), **spectra)
        seconds, busy = time.perf_counter() - begin, time.process_time() - cpu
        good, statistic = fits.converged[name].mean(), np.nanmedian(fits.values[f"{name}_stat"])
        print(f"{name:7} {seconds:6.1f} s (CPU {busy:5.1f} s), {good:.2%} converged, median statistic {statistic:.2f}")
    times, offsets, exposure = arrival_times(11_447, rng)
    begin, cpu = time.perf_counter(), time.process_time()
    probability, _ = gregory_loredo(times, offsets, stop_s=exposure)
    seconds, busy = time.perf_counter() - begin, time.process_time() - cpu
    median = np.nanmedian(probability)
    print(f"gregory_loredo {seconds:.1f} s (CPU {busy:.1f} s), {len(times):,} events, median probability {median:.2f}")


if __name__ == "__main__":
    main()
