"""The 20 variables of the Chandra Source Catalog (CSC) that a run estimates, in the order of the paper's Table 1.

This is the only place that knows a variable's unit, label or scale: figures, tables, exports and tests read it.
Source: Pinciroli Vago et al. 2026 (arXiv:2603.04516), Table 1; column meanings after the CSC 2 documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scale = Literal["linear", "log", "asinh"]

#: CSC science energy bands used here, in keV (low, high).
BANDS: dict[str, tuple[float, float]] = {
    "soft": (0.5, 1.2),
    "medium": (1.2, 2.0),
    "hard": (2.0, 7.0),
    "broad": (0.5, 7.0),
}
#: Net counts in the broad band above which the CSC fits spectral models to a source.
MIN_NET_COUNTS_FOR_FITS = 150

NH_UNIT = "1e20 cm**-2"


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One catalogue variable.

    Attributes
    ----------
    name : str
        CSC column name.
    label : str
        Short label with symbols, for axes and legends.
    unit : str
        Unit in astropy's syntax; empty when dimensionless.
    ucd : str
        IVOA UCD1+ (Unified Content Descriptor).
    scale : {"linear", "log", "asinh"}
        Scale on which it is best shown.
    valid_range : tuple of float
        Smallest and largest value that the CSC can hold.
    description : str
        What it is, in one sentence.
    diverging : bool
        True where zero is a meaningful centre (hardness ratios).
    from_fit : bool
        True where it comes from a spectral fit, so that it is missing below 150 net counts.
    """

    name: str
    label: str
    unit: str = ""
    ucd: str
    scale: Scale = "linear"
    valid_range: tuple[float, float]
    description: str
    diverging: bool = False
    from_fit: bool = False

    @property
    def label_with_unit(self) -> str:
        """Label followed by its unit in brackets, as an axis title wants it."""
        return f"{self.label} ({self.display_unit})" if self.unit else self.label

    @property
    def display_unit(self) -> str:
        """Unit as a person writes it."""
        return {"": "", NH_UNIT: "×1e20 cm⁻²"}.get(self.unit, self.unit)


def _hardness(name: str, first: str, second: str) -> Variable:
    (low_x, high_x), (low_y, high_y) = BANDS[first], BANDS[second]
    return Variable(
        name=name,
        label=f"hardness ({first} − {second})",
        ucd="phot.color;em.X-ray",
        valid_range=(-1.0, 1.0),
        diverging=True,
        description=(
            f"Hardness ratio (x − y) / (x + y) of the photon fluxes in the {first} ({low_x}–{high_x} keV) "
            f"and {second} ({low_y}–{high_y} keV) bands, background removed."
        ),
    )


def _n_h(name: str, model: str) -> Variable:
    return Variable(
        name=name,
        label=f"N_H ({model})",
        unit=NH_UNIT,
        ucd="phys.columnDensity",
        scale="log",
        valid_range=(0.0, 1e5),
        from_fit=True,
        description=f"Hydrogen column density of the absorber in the best absorbed {model} fit.",
    )


def _statistic(name: str, model: str) -> Variable:
    return Variable(
        name=name,
        label=f"fit statistic ({model})",
        ucd="stat.fit.goodness",
        scale="log",
        valid_range=(0.0, 1e4),
        from_fit=True,
        description=f"Fit statistic per degree of freedom of the best absorbed {model} fit: near 1 for a good one.",
    )


def _temperature(name: str, model: str, largest: float) -> Variable:
    return Variable(
        name=name,
        label=f"kT ({model})",
        unit="keV",
        ucd="phys.temperature",
        scale="log",
        valid_range=(0.0, largest),
        from_fit=True,
        description=f"Temperature, as energy, of the best absorbed {model} fit.",
    )


VARIABLES: tuple[Variable, ...] = (
    _hardness("hard_hs", "hard", "soft"),
    _hardness("hard_ms", "medium", "soft"),
    _hardness("hard_hm", "hard", "medium"),
    Variable(
        name="var_prob_b",
        label="variability probability",
        ucd="stat.probability;src.var",
        valid_range=(0.0, 1.0),
        description="Probability that the broad-band flux changed during the observation (Gregory–Loredo test).",
    ),
    Variable(
        name="var_index_b",
        label="variability index",
        ucd="src.var.index",
        valid_range=(0.0, 10.0),
        description="Variability within the observation in eleven steps, from 0 (constant) to 10 (certainly variable).",
    ),
    Variable(
        name="powlaw_gamma",
        label="photon index Γ",
        ucd="spect.index;em.X-ray",
        valid_range=(-5.0, 10.0),
        from_fit=True,
        description="Photon index of the best absorbed power-law fit: the number of photons falls as E to the −Γ.",
    ),
    _n_h("powlaw_nh", "power law"),
    _statistic("powlaw_stat", "power law"),
    _temperature("bb_kt", "blackbody", 1000.0),
    _n_h("bb_nh", "blackbody"),
    _statistic("bb_stat", "blackbody"),
    _temperature("brems_kt", "bremsstrahlung", 100.0),
    _n_h("brems_nh", "bremsstrahlung"),
    _statistic("brems_stat", "bremsstrahlung"),
    _temperature("apec_kt", "plasma", 64.0),
    Variable(
        name="apec_abund",
        label="abundance (plasma)",
        ucd="phys.abund.Z",
        scale="asinh",
        valid_range=(0.0, 5.0),
        from_fit=True,
        description="Metal abundance relative to the Sun of the best absorbed fit of an optically thin plasma.",
    ),
    Variable(
        name="apec_z",
        label="redshift (plasma)",
        ucd="src.redshift",
        scale="asinh",
        valid_range=(0.0, 10.0),
        from_fit=True,
        description="Redshift of the best absorbed fit of an optically thin plasma, from its lines.",
    ),
    _n_h("apec_nh", "plasma"),
    _statistic("apec_stat", "plasma"),
    Variable(
        name="flux_significance_b",
        label="flux significance",
        ucd="stat.snr;phot.flux;em.X-ray",
        scale="log",
        valid_range=(0.0, 1e4),
        description="Broad-band flux divided by its own uncertainty.",
    ),
)

VARIABLE_NAMES: tuple[str, ...] = tuple(v.name for v in VARIABLES)
#: Variables that come with limits: all but the fit statistics, the variability and the significance.
LIMITED: tuple[str, ...] = tuple(
    v.name for v in VARIABLES if v.diverging or (v.from_fit and not v.name.endswith("_stat"))
)
LIMIT_NAMES: tuple[str, ...] = tuple(f"{name}_{side}" for name in LIMITED for side in ("lolim", "hilim"))
BY_NAME: dict[str, Variable] = {v.name: v for v in VARIABLES}


def variable(name: str) -> Variable:
    """Return the variable called `name`.

    Raises
    ------
    KeyError
        If there is none; the message lists the names.
    """
    if name not in BY_NAME:
        raise KeyError(f"no variable {name!r}; choose one of {', '.join(VARIABLE_NAMES)}")
    return BY_NAME[name]
