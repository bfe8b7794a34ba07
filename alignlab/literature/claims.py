"""What a source's literature holds to be true, and which of it is told: physics, misread and misremembered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.literature import phrases_spectrum as spectrum
from alignlab.literature.noise import TextNoise
from alignlab.literature.phrases_variability import AMPLITUDE_EDGES

#: Spectral facts and how often each is told relative to the continuum.
SPECTRAL_FACTS: dict[str, float] = {
    "continuum": 1.0,
    "absorption": 1.0,
    "counts": 0.9,
    "second": 0.8,
    "lines": 0.85,
    "hardness": 0.95,
    "flux": 0.4,
    "variability": 0.8,
}
#: Facts whose coarse words are shared out by `vagueness`.
VAGUE, WORDS, NUMBERS = 0, 1, 2
#: How sure the literature is about the class.
UNKNOWN, FAMILY, PROBABLE, STATED = 0, 1, 2, 3

#: What each class is mistaken for.
CONFUSED_WITH: dict[str, tuple[str, ...]] = {
    "AGN": ("QSO", "LMXB", "star", "obscured AGN"),
    "obscured AGN": ("AGN", "HMXB", "galaxy cluster", "CV"),
    "QSO": ("AGN", "star", "CV", "pulsar"),
    "star": ("AGN", "YSO", "CV", "LMXB"),
    "YSO": ("star", "AGN", "obscured AGN", "CV"),
    "HMXB": ("LMXB", "obscured AGN", "ULX", "pulsar"),
    "LMXB": ("HMXB", "AGN", "CV", "pulsar"),
    "CV": ("star", "LMXB", "AGN", "HMXB"),
    "ULX": ("QSO", "LMXB", "SNR", "HMXB"),
    "pulsar": ("QSO", "LMXB", "star", "SNR"),
    "SNR": ("ULX", "galaxy cluster", "star", "HMXB"),
    "galaxy cluster": ("AGN", "SNR", "obscured AGN", "star"),
}

#: Hardness, and column in 1e20 cm^-2, between the coarse words.
VAGUE_HARDNESS_EDGES = (-0.5, 0.05)
VAGUE_COLUMN_EDGES = (12.0, 120.0)
#: Error of a quoted hardness at a scatter of 1.
HARDNESS_ERROR = 0.06


@dataclass(frozen=True, eq=False, kw_only=True)
class Claims:
    """One row per source; lists, because texts are written one by one.

    Attributes
    ----------
    believed_class : list of str
        The class that the literature holds for true.
    old_class : list of str
        Another class mentioned beside it; "" where there is none.
    certainty : list of int
        `UNKNOWN`, `FAMILY`, `PROBABLE` or `STATED`.
    told : dict of str to list of bool
        For each of `SPECTRAL_FACTS`, and "environment", "evidence", "other mission" and "rarity".
    manner : dict of str to list of int
        For "continuum", "absorption", "counts" and "variability": `VAGUE`, `WORDS` or `NUMBERS`.
    level : dict of str to list of int
        Grade of each fact along the tuples in `phrases_spectrum`; "colour" and "obscuration" are the coarse ones.
    continuum : list of str
        "power law", "plasma" or "blackbody": the component with most photons.
    second : list of str
        "soft excess", "hot gas", "two temperatures" or "".
    light_curve : list of str
        Kind of variability that is reported.
    values : dict of str to ndarray of float64
        Believed values: gamma, gamma_error, kt, kt_error, kt2, column (1e20 cm^-2), fe_ew (eV), abundance, counts, flux
        (erg/cm^2/s), hardness, other (of another mission), flare_factor, pulsed (per cent), period (s), redshift.
    """

    believed_class: list[str]
    old_class: list[str]
    certainty: list[int]
    told: dict[str, list[bool]]
    manner: dict[str, list[int]]
    level: dict[str, list[int]]
    continuum: list[str]
    second: list[str]
    light_curve: list[str]
    values: dict[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.believed_class)


def draw_claims(
    truth: pd.DataFrame, variables: pd.DataFrame, *, settings: TextNoise, rng: np.random.Generator
) -> Claims:
    """Draw what the literature of each source says.

    The same numbers are drawn whatever the settings, so that turning one dial changes nothing but what it governs.

    Parameters
    ----------
    truth, variables : DataFrame
        As in `alignlab.spectra.simulate.SimulatedSurvey`; columns of `variables` may be absent.
    settings : TextNoise
        The dials.
    rng : numpy.random.Generator
        Source of randomness.
    """
    n = len(truth)
    chance = rng.random((n, 32))
    noise = rng.standard_normal((n, 12)) * settings.scatter
    counts = known_counts(truth)
    values = believed_values(truth, variables, counts, noise)
    strength = settings.strength

    true_class = truth["source_class"].to_numpy(dtype=str)
    wrong = _confused(true_class, chance[:, 0])
    mistaken = chance[:, 1] < settings.class_error
    believed = np.where(mistaken, wrong, true_class)
    other = _confused(believed, chance[:, 2])
    certainty = np.select(
        [chance[:, 4] < settings.vagueness * 0.6, chance[:, 5] < 0.3], [FAMILY, PROBABLE], default=STATED
    )
    certainty = np.where(chance[:, 3] < strength * settings.class_told, certainty, UNKNOWN)
    old = np.where((chance[:, 6] < settings.outdated) & (certainty >= PROBABLE), other, "")

    told = {
        fact: chance[:, 7 + i] < probability
        for i, (fact, probability) in enumerate(telling_probability(counts, settings).items())
    }
    told["hardness"] &= np.isfinite(values["hardness"])
    told["flux"] &= np.isfinite(values["flux"])
    told["environment"] = (chance[:, 15] < settings.environment_fact) & (certainty >= FAMILY)
    told["evidence"] = (chance[:, 16] < settings.environment_fact) & (certainty >= PROBABLE)
    told["other mission"] = chance[:, 17] < strength * settings.other_mission
    told["rarity"] = (chance[:, 18] < strength * settings.rarity_told) & truth["rarity"].ne("").to_numpy()
    manner = {
        fact: np.where(
            chance[:, 19 + 2 * i] < settings.vagueness,
            VAGUE,
            np.where(chance[:, 20 + 2 * i] < settings.number_quoting, NUMBERS, WORDS),
        ).tolist()
        for i, fact in enumerate(("continuum", "absorption", "counts", "variability"))
    }
    continuum, second = _components(truth)
    return Claims(
        believed_class=believed.tolist(),
        old_class=old.tolist(),
        certainty=certainty.tolist(),
        told={fact: rows.tolist() for fact, rows in told.items()},
        manner=manner,
        level={name: level.tolist() for name, level in _levels(values, continuum, second, truth).items()},
        continuum=continuum.tolist(),
        second=second.tolist(),
        light_curve=_reported_light_curve(truth, variables, chance[:, 28]).tolist(),
        values=values,
    )


def known_counts(truth: pd.DataFrame) -> NDArray[np.float64]:
    """Net counts that the literature's errors go with, shape (n,)."""
    return _column(truth, "expected_counts", 200.0).clip(5.0)


def telling_probability(counts: NDArray[np.float64], settings: TextNoise) -> dict[str, NDArray[np.float64]]:
    """Probability, or more than 1 for certainty, that each of `SPECTRAL_FACTS` is told; each of shape (n,)."""
    # Bright sources are studied in more detail.
    studied = np.clip(0.75 + 0.25 * np.log10(counts / 200.0), 0.6, 1.2)
    return {
        fact: settings.strength * settings.spectral_fact * weight * studied for fact, weight in SPECTRAL_FACTS.items()
    }


def _confused(source_class: NDArray[np.str_], chance: NDArray[np.float64]) -> NDArray[np.str_]:
    """For each source one of the classes that its own is mistaken for."""
    options = [CONFUSED_WITH[name] for name in source_class]
    return np.array([names[int(u * len(names))] for names, u in zip(options, chance, strict=True)])


def _column(table: pd.DataFrame, name: str, default: float = np.nan) -> NDArray[np.float64]:
    """Return a column as float64; `default` where it is missing."""
    if name not in table:
        return np.full(len(table), default)
    values = table[name].to_numpy(dtype=float)
    return np.where(np.isfinite(values), values, default)


def believed_values(
    truth: pd.DataFrame, variables: pd.DataFrame, counts: NDArray[np.float64], noise: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """What is believed of each quantity (see `Claims.values`), each of shape (n,).

    Parameters
    ----------
    truth, variables : DataFrame
    counts : ndarray, shape (n,)
        As from `known_counts`.
    noise : ndarray, shape (n, 12)
        Errors in units of each quantity's own; zeros give the truth.
    """
    poisson = np.sqrt(150.0 / counts)
    gamma_error = np.hypot(0.05, 0.22 * poisson)
    kt_error = np.hypot(0.03, 0.12 * poisson)  # relative
    n = len(truth)
    gamma = _column(truth, "photon_index", 1.8)
    kt = _column(truth, "kt_kev", 1.0)
    column = _column(truth, "n_h_galactic", 5.0) + _column(truth, "n_h_intrinsic", 0.0)
    hardness = _column(variables, "hard_hs") if len(variables) == n else np.full(n, np.nan)
    amplitude = _column(truth, "variability_amplitude", 0.0)
    return {
        "gamma": gamma + gamma_error * noise[:, 0],
        "gamma_error": gamma_error,
        "kt": kt * np.exp(kt_error * noise[:, 1]),
        "kt_error": kt * kt_error,
        "kt2": np.where(
            np.isfinite(_column(truth, "kt2_kev")), _column(truth, "kt2_kev", 1.0), kt
        ) * np.exp(1.5 * kt_error * noise[:, 2]),
        "column": np.maximum(column, 0.5) * 10 ** (np.hypot(0.08, 0.15 * poisson) * noise[:, 3]),
        "fe_ew": _column(truth, "fe_k_ew_ev", 0.0) * np.exp(0.35 * noise[:, 4]),
        "abundance": _column(truth, "abundance", 0.5) * np.exp(0.25 * noise[:, 5]),
        "counts": counts * 10 ** (0.08 * noise[:, 6]),
        "flux": _column(truth, "flux_cgs") * 10 ** (0.12 * noise[:, 7]),
        "hardness": np.clip(hardness + HARDNESS_ERROR * noise[:, 8], -1.0, 1.0),
        "other": 1.8 * noise[:, 9],
        "amplitude": amplitude * np.exp(0.25 * noise[:, 10]),
        "period": _column(truth, "period_s"),
        "redshift": _column(truth, "redshift"),
    }  # fmt: skip


def _components(truth: pd.DataFrame) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Name the leading component and the second one."""
    model = truth["spectral_model"].to_numpy(dtype=str)
    source_class = truth["source_class"].to_numpy(dtype=str)
    has = {name: np.char.find(model, name) >= 0 for name in ("powerlaw", "blackbody", "plasma")}
    thermal_leads = ~has["powerlaw"] | (_column(truth, "thermal_fraction", 0.0) > 0.6)
    continuum = np.where(
        thermal_leads & has["blackbody"], "blackbody", np.where(thermal_leads & has["plasma"], "plasma", "power law")
    )
    second = np.select(
        [
            np.char.count(model, "plasma") == 2,
            has["powerlaw"] & has["plasma"] & (source_class == "obscured AGN"),
            has["powerlaw"] & (has["blackbody"] | has["plasma"]),
        ],
        ["two temperatures", "hot gas", "soft excess"],
        default="",
    )
    return continuum, second


def _levels(
    values: dict[str, NDArray[np.float64]],
    continuum: NDArray[np.str_],
    second: NDArray[np.str_],
    truth: pd.DataFrame,
) -> dict[str, NDArray[np.int64]]:
    grade = np.digitize
    share = _column(truth, "thermal_fraction", 0.5)
    kind = truth["light_curve"].to_numpy(dtype=str)
    edges = np.array([AMPLITUDE_EDGES.get(k, (np.inf, np.inf)) for k in kind])
    log_column = np.log10(values["column"])
    # Where no hardness was measured, its expectation from slope, temperature and column.
    slope = np.select(
        [continuum == "power law", continuum == "plasma"],
        [1.75 - values["gamma"], 0.8 * np.log10(values["kt"] / 3.0)],
        default=1.2 * np.log10(values["kt"]),
    )
    expected = np.tanh(0.45 * slope - 0.25 + 0.6 * np.maximum(log_column - 1.2, 0.0))
    colour = np.where(np.isfinite(values["hardness"]), values["hardness"], expected)
    return {
        "continuum": np.select(
            [continuum == "power law", continuum == "plasma"],
            [grade(values["gamma"], spectrum.PHOTON_INDEX_EDGES), grade(values["kt"], spectrum.PLASMA_EDGES)],
            default=grade(values["kt"], spectrum.BLACKBODY_EDGES),
        ),
        "colour": grade(colour, VAGUE_HARDNESS_EDGES),
        "absorption": grade(values["column"], spectrum.COLUMN_EDGES),
        "obscuration": grade(values["column"], VAGUE_COLUMN_EDGES),
        "counts": grade(values["counts"], spectrum.COUNT_EDGES),
        "lines": grade(values["fe_ew"], spectrum.IRON_EDGES),
        "abundance": grade(values["abundance"], spectrum.ABUNDANCE_EDGES),
        "second": grade(share, spectrum.SHARE_EDGES),
        "hardness": grade(np.nan_to_num(values["hardness"]), spectrum.HARDNESS_EDGES),
        "amplitude": (values["amplitude"][:, None] > edges).sum(axis=1),
    }


def missed_probability(truth: pd.DataFrame, variables: pd.DataFrame) -> NDArray[np.float64]:
    """Probability that a variable source is reported as constant: the test on its photons may not have found it."""
    kind = truth["light_curve"].to_numpy(dtype=str)
    found = _column(variables, "var_prob_b", 1.0) if len(variables) == len(truth) else np.ones(len(truth))
    return np.where((found < 0.5) & (kind != "pulsation"), 0.6, 0.0)


def _reported_light_curve(
    truth: pd.DataFrame, variables: pd.DataFrame, chance: NDArray[np.float64]
) -> NDArray[np.str_]:
    kind = truth["light_curve"].to_numpy(dtype=str)
    return np.where(chance < missed_probability(truth, variables), "constant", kind)
