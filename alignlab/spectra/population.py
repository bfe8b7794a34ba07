"""Who is in the demo survey: classes, their shares, and the true parameters of each source."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.spectra.lightcurves import draw_amplitudes, draw_kinds
from alignlab.spectra.mixtures import TWO_ABSORBERS
from alignlab.spectra.priors import draw, draw_parameter, priors
from alignlab.spectra.sky import place

#: Shares of the classes. Active galaxies prevail, as among all CSC sources that can be classified (Yang et al. 2022,
#: MUWCLASS; Perez-Diaz et al. 2024); classes of the Galaxy and of nearby galaxies have more than their share of the
#: sky, because the sample holds sources about which papers were written.
CLASS_FRACTIONS: dict[str, float] = {
    "AGN": 0.30,
    "obscured AGN": 0.10,
    "QSO": 0.17,
    "star": 0.09,
    "YSO": 0.12,
    "HMXB": 0.03,
    "LMXB": 0.05,
    "CV": 0.03,
    "ULX": 0.03,
    "pulsar": 0.03,
    "SNR": 0.02,
    "galaxy cluster": 0.03,
}
CLASSES: tuple[str, ...] = tuple(CLASS_FRACTIONS)

#: Index above which a measured power law says that the source is thermal and soft.
_SOFT_INDEX = 2.9

#: Share of young stars with the two-absorber spectrum of a jet (Guedel et al. 2007, A&A 468, 515) among those behind
#: less than `_JET_VISIBLE_1E20`; a deeper column hides the jet's soft plasma. The share is a choice: they are few.
_JET_SHARE, _JET_VISIBLE_1E20 = 0.10, 100.0

#: Columns of the truth table that the catalogue of a real survey could not give.
TRUTH_COLUMNS: tuple[str, ...] = (
    "source_class", "rarity", "spectral_model", "n_h_galactic", "n_h_intrinsic", "photon_index", "kt_kev", "kt2_kev",
    "thermal_fraction", "abundance", "redshift", "fe_k_ew_ev", "light_curve", "variability_amplitude", "period_s",
    "expected_counts", "flux_cgs", "scattered_fraction", "host",
)  # fmt: skip

Parameters = dict[str, NDArray[np.float64]]


def draw_population(n_sources: int, *, rng: np.random.Generator) -> pd.DataFrame:
    """Draw `n_sources` sources with their positions, observations and true physical parameters.

    Parameters
    ----------
    n_sources : int
        How many; the classes get their exact shares (largest remainders).
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    DataFrame
        The columns of `TRUTH_COLUMNS` but ``flux_cgs``, with ``ra``, ``dec``, ``detector``, ``year``, ``theta_arcmin``,
        ``exposure_s`` and ``background_rate`` (counts/s in the aperture, 0.5-7 keV). Column densities are in
        1e20 cm^-2; ``expected_counts`` is the source's alone, in the aperture, 0.5-7 keV.
    """
    if n_sources < 1:
        raise ValueError(f"n_sources must be positive, not {n_sources}")
    parts = [_draw_class(name, n, rng) for name, n in class_counts(n_sources).items() if n]
    population = pd.concat(parts, ignore_index=True).iloc[rng.permutation(n_sources)].reset_index(drop=True)
    return pd.concat([population, _draw_observations(n_sources, rng)], axis=1)


def class_counts(n_sources: int) -> dict[str, int]:
    """Number of sources of each class among `n_sources`, by largest remainders of `CLASS_FRACTIONS`."""
    ideal = np.array([CLASS_FRACTIONS[name] * n_sources for name in CLASSES])
    counts = np.floor(ideal).astype(int)
    for index in np.argsort(counts - ideal, kind="stable")[: n_sources - counts.sum()]:
        counts[index] += 1
    return dict(zip(CLASSES, counts.tolist(), strict=True))


def _draw_observations(n: int, rng: np.random.Generator) -> pd.DataFrame:
    table = priors()
    on_s = rng.random(n) < table["detectors"]["ACIS-S"]["share"]
    theta = np.where(
        on_s, *(draw(table["detectors"][array]["theta_arcmin"], n, rng=rng) for array in ("ACIS-S", "ACIS-I"))
    )
    background = table["aperture_background"]
    log_rate = np.interp(theta, background["theta_arcmin"], np.log10(background["counts_per_s"]))
    scatter = np.interp(theta, background["theta_arcmin"], background["scatter_dex"])
    return pd.DataFrame(
        {
            "detector": np.where(on_s, "ACIS-S", "ACIS-I"),
            "year": draw(table["all"]["year"], n, rng=rng),
            "theta_arcmin": theta,
            "exposure_s": 10 ** draw(table["all"]["log10_exposure_s"], n, rng=rng),
            "background_rate": 10 ** (log_rate + scatter * rng.standard_normal(n)),
        }
    )


def _draw_class(source_class: str, n: int, rng: np.random.Generator) -> pd.DataFrame:
    sky = place(source_class, n, rng=rng)
    table = priors()["classes"][source_class]
    counts = 10 ** draw(table.get("log10_net_counts", priors()["all"]["log10_net_counts"]), n, rng=rng)
    frame = pd.DataFrame(
        {
            "source_class": source_class,
            "rarity": "",
            "spectral_model": "",
            "n_h_galactic": sky.n_h_1e20,
            "n_h_intrinsic": 0.0,
            **{name: np.full(n, np.nan) for name in TRUTH_COLUMNS[5:12]},
            "light_curve": draw_kinds(source_class, n, rng=rng),
            "variability_amplitude": 0.0,
            "period_s": np.nan,
            "expected_counts": counts * priors()["aperture_fraction"],
            "scattered_fraction": np.nan,
            "host": sky.host,
            "ra": sky.ra_deg,
            "dec": sky.dec_deg,
        }
    )
    model, parameters = _RECIPES[source_class](source_class, n, rng)
    frame["spectral_model"] = model
    total = parameters.pop("n_h_total", None)
    if total is not None:
        in_plane = sky.host == ""
        frame["n_h_galactic"] = np.where(in_plane, np.minimum(sky.n_h_1e20, total), sky.n_h_1e20)
        frame["n_h_intrinsic"] = np.maximum(total - frame["n_h_galactic"], 0.0)
    for name, values in parameters.items():
        frame[name] = values
    if source_class == "YSO":
        # A stream of its own: the other sources are the same with and without jets.
        frame = _with_jets(frame, rng.spawn(1)[0])
    frame["variability_amplitude"] = draw_amplitudes(frame["light_curve"].to_numpy(), rng=rng)
    frame["period_s"] = _draw_periods(source_class, frame["light_curve"].to_numpy(), rng)
    return frame


def _draw_periods(source_class: str, kind: NDArray[np.object_], rng: np.random.Generator) -> NDArray[np.float64]:
    n = len(kind)
    has_spin = "log10_period_s" in priors()["classes"][source_class]
    spin = draw_parameter(source_class, "log10_period_s", n, rng=rng) if has_spin else 10 ** rng.uniform(0, 3, n)
    orbit = 10 ** rng.uniform(3.6, 4.6, n)
    return np.where(kind == "pulsation", spin, np.where(kind == "dip", orbit, np.nan))


def _active_nucleus(source_class: str, n: int, rng: np.random.Generator) -> tuple[NDArray[np.str_], Parameters]:
    """Power law with narrow Fe K alpha; a soft excess (AGN) or scattered light and hot gas (obscured AGN)."""
    parameters = {
        "photon_index": draw_parameter(source_class, "photon_index", n, rng=rng),
        "n_h_intrinsic": draw_parameter(source_class, "log10_n_h_1e20", n, rng=rng),
        "fe_k_ew_ev": draw_parameter(source_class, "log10_fe_k_ew_ev", n, rng=rng),
        "redshift": draw_parameter(source_class, "log10_redshift", n, rng=rng),
    }
    second = np.full(n, "")
    if source_class == "AGN":
        share = draw_parameter("AGN", "soft_excess_fraction", n, rng=rng)
        second = np.where(share > 0.05, "+blackbody", "")
        parameters["kt_kev"] = draw_parameter("AGN", "log10_bb_kt_kev", n, rng=rng)
        parameters["thermal_fraction"] = share
    elif source_class == "obscured AGN":
        parameters["scattered_fraction"] = draw_parameter(source_class, "scattered_fraction", n, rng=rng)
        second = np.where(rng.random(n) < 0.2, "+plasma", "")
        parameters["kt_kev"] = 10 ** rng.normal(-0.25, 0.12, n)
        parameters["thermal_fraction"] = 10 ** rng.uniform(-2.3, -1.3, n)
        parameters["abundance"] = rng.uniform(0.3, 1.0, n)
    for name in ("kt_kev", "thermal_fraction", "abundance"):
        if name in parameters:
            parameters[name] = np.where(second == "", np.nan, parameters[name])
    return np.char.add("powerlaw", second), parameters


def _thermal(source_class: str, n: int, rng: np.random.Generator) -> tuple[NDArray[np.str_], Parameters]:
    """Optically thin plasma of one or two temperatures: coronae, remnants, intracluster gas, accretion shocks."""
    available = priors()["classes"][source_class]
    kt = (
        draw_parameter(source_class, "csc_log10_brems_kt_kev", n, rng=rng).clip(0.5, 40)
        if source_class == "CV"
        else draw_parameter(source_class, "log10_kt_kev", n, rng=rng)
    )
    parameters = {"kt_kev": kt, "abundance": draw_parameter(source_class, "abundance", n, rng=rng).clip(0.02)}
    two = np.zeros(n, dtype=bool)
    if "log10_kt2_kev" in available:
        two = rng.random(n) < {"star": 0.7, "YSO": 0.8, "SNR": 0.5, "CV": 0.5}[source_class]
        parameters["kt2_kev"] = np.where(two, draw_parameter(source_class, "log10_kt2_kev", n, rng=rng), np.nan)
        share = draw_parameter(source_class, "thermal_fraction", n, rng=rng).clip(0.05, 0.98)
        parameters["thermal_fraction"] = np.where(two, share, np.nan)
    if source_class in ("star", "YSO"):  # one component alone is that of an active corona, the hot one
        parameters["kt_kev"] = np.where(two, kt, draw_parameter(source_class, "log10_kt2_kev", n, rng=rng))
    if "log10_redshift" in available:
        parameters["redshift"] = draw_parameter(source_class, "log10_redshift", n, rng=rng)
    if "log10_fe_k_ew_ev" in available:
        parameters["fe_k_ew_ev"] = draw_parameter(source_class, "log10_fe_k_ew_ev", n, rng=rng)
    if source_class == "CV":
        parameters["n_h_total"] = draw_parameter("CV", "csc_log10_n_h_1e20", n, rng=rng)
    elif source_class == "YSO":
        parameters["n_h_total"] = draw_parameter("YSO", "log10_n_h_1e20", n, rng=rng)
    elif "log10_n_h_1e20" in available:
        parameters["n_h_intrinsic"] = draw_parameter(source_class, "log10_n_h_1e20", n, rng=rng)
    return np.where(two, "plasma+plasma", "plasma"), parameters


def _with_jets(stars: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Give some young stars a jet: soft plasma in front of the gas that absorbs the hot corona."""
    n = len(stars)
    jet = (rng.random(n) < _JET_SHARE) & (stars["n_h_galactic"] < _JET_VISIBLE_1E20)
    drawn = {
        "kt_kev": draw_parameter("YSO", "jet_log10_kt_kev", n, rng=rng),
        "kt2_kev": draw_parameter("YSO", "jet_log10_kt2_kev", n, rng=rng),
        "thermal_fraction": draw_parameter("YSO", "jet_thermal_fraction", n, rng=rng),
        "n_h_intrinsic": draw_parameter("YSO", "jet_log10_n_h_1e20", n, rng=rng),
        "spectral_model": TWO_ABSORBERS,
    }
    return stars.assign(**{name: stars[name].mask(jet, values) for name, values in drawn.items()})


def _compact_object(source_class: str, n: int, rng: np.random.Generator) -> tuple[NDArray[np.str_], Parameters]:
    """Accreting or rotation-powered compact object: power law, blackbody (disc or surface), or both."""
    available = priors()["classes"][source_class]
    measured = source_class != "ULX"
    index = draw_parameter(source_class, "csc_photon_index" if measured else "photon_index", n, rng=rng)
    soft = (index > _SOFT_INDEX) & (source_class in ("LMXB", "pulsar"))
    index = index.clip(-0.5 if source_class == "HMXB" else 0.5, _SOFT_INDEX)
    composite = {"HMXB": 0.15, "LMXB": 0.5, "ULX": 0.5, "pulsar": 0.15}[source_class]
    both = ~soft & (rng.random(n) < composite)
    model = np.where(soft, "blackbody", np.where(both, "blackbody+powerlaw", "powerlaw"))
    warm = (
        draw_parameter(source_class, "log10_bb_kt_kev", n, rng=rng)
        if "log10_bb_kt_kev" in available
        else 10 ** rng.normal(-0.85, 0.1, n)
    )
    surface = 10 ** rng.normal(-0.75, 0.12, n)
    share = (
        draw_parameter(source_class, "thermal_fraction", n, rng=rng)
        if "thermal_fraction" in available
        else rng.uniform(0.1, 0.6, n)
    )
    parameters = {
        "photon_index": np.where(soft, np.nan, index),
        "kt_kev": np.where(soft, surface, np.where(both, warm, np.nan)),
        "thermal_fraction": np.where(soft, 1.0, np.where(both, share.clip(0.02, 0.98), np.nan)),
    }
    if measured:
        # A power law fitted to a (partly) thermal spectrum needs more absorption than the source has.
        excess = np.where(soft, 0.3, 0.7)
        parameters["n_h_total"] = excess * draw_parameter(source_class, "csc_log10_n_h_1e20", n, rng=rng)
    else:
        parameters["n_h_intrinsic"] = draw_parameter(source_class, "log10_n_h_1e20", n, rng=rng)
    if "log10_fe_k_ew_ev" in available:
        parameters["fe_k_ew_ev"] = draw_parameter(source_class, "log10_fe_k_ew_ev", n, rng=rng)
    return model, parameters


_Recipe = Callable[[str, int, np.random.Generator], tuple[NDArray[np.str_], Parameters]]
_RECIPES: dict[str, _Recipe] = {
    "AGN": _active_nucleus,
    "obscured AGN": _active_nucleus,
    "QSO": _active_nucleus,
    "star": _thermal,
    "YSO": _thermal,
    "CV": _thermal,
    "SNR": _thermal,
    "galaxy cluster": _thermal,
    "HMXB": _compact_object,
    "LMXB": _compact_object,
    "ULX": _compact_object,
    "pulsar": _compact_object,
}
