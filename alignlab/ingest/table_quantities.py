"""What a column of a table of sources may hold: its unit, its range, and the names under which it is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignlab.variables import BY_NAME, LIMIT_NAMES, VARIABLE_NAMES


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """Something that a column may hold.

    Attributes
    ----------
    unit : str
        Ours, in astropy's syntax; "" for a pure number, text or truth.
    names : tuple of str
        Plain names under which it is known; a column of such a name without a unit has ours.
    ucd : str
        Beginning of its UCD, "" if it has none of its own.
    lowest, highest : float
        What it can be; a value beyond is missing.
    is_text, is_array : bool
    """

    unit: str = ""
    names: tuple[str, ...] = ()
    ucd: str = ""
    lowest: float = -np.inf
    highest: float = np.inf
    is_text: bool = False
    is_array: bool = False


#: Variables whose UCD says more than "some temperature" or "some redshift".
_TELLING_UCDS = ("powlaw_gamma", "var_prob_b", "var_index_b", "flux_significance_b")


def _quantities() -> dict[str, Quantity]:
    told = {
        "name": Quantity(
            is_text=True, ucd="meta.id;meta.main",
            names=("name", "source", "source_name", "main_id", "object", "iauname", "designation", "src_name",
                   "target"),
        ),
        "ra": Quantity(
            unit="deg", lowest=0, highest=360, ucd="pos.eq.ra",
            names=("ra", "raj2000", "_raj2000", "ra_j2000", "ra_icrs", "ra_deg", "radeg", "right_ascension"),
        ),
        "dec": Quantity(
            unit="deg", lowest=-90, highest=90, ucd="pos.eq.dec",
            names=("dec", "dej2000", "_dej2000", "decj2000", "dec_j2000", "dec_icrs", "de_icrs", "dec_deg", "dedeg",
                   "declination", "decl"),
        ),
        "source_class": Quantity(
            is_text=True, ucd="src.class",
            names=("source_class", "class", "type", "otype", "main_type", "object_type", "src_class",
                   "muw_class", "cat_class", "simbad_type"),
        ),
        "obsid": Quantity(names=("obsid", "obs_id"), ucd="meta.id;obs", lowest=0, highest=999_999_999),
        "detector": Quantity(is_text=True, names=("detector", "detnam"), ucd="instr.det"),
        "year": Quantity(unit="yr", names=("year",), lowest=1990, highest=2100),
        "theta_arcmin": Quantity(
            unit="arcmin", names=("theta_arcmin", "theta", "off_axis", "offaxis"), lowest=0, highest=60
        ),
        "exposure_s": Quantity(
            unit="s", names=("exposure_s", "exposure", "livetime", "exptime", "exposure_time"), lowest=0, highest=1e10,
            ucd="time.duration;obs.exposure",
        ),
        "spectrum": Quantity(is_array=True, names=("spectrum", "spectra", "counts", "spec", "rate")),
        "background": Quantity(is_array=True, names=("background", "bkg", "background_counts")),
        "energy_edges": Quantity(unit="keV", is_array=True, names=("energy_edges", "edges", "edges_kev", "e_edges")),
        "energy_low": Quantity(unit="keV", is_array=True, names=("energy_low", "energ_lo", "e_min", "energy_lo")),
        "energy_high": Quantity(unit="keV", is_array=True, names=("energy_high", "energ_hi", "e_max", "energy_hi")),
    }  # fmt: skip
    for name in VARIABLE_NAMES:
        known = BY_NAME[name]
        low, high = known.valid_range
        ucd = known.ucd if name in _TELLING_UCDS else ""
        told[name] = Quantity(unit=known.unit, names=(name,), ucd=ucd, lowest=low, highest=high)
        for limit in (f"{name}_lolim", f"{name}_hilim"):
            if limit in LIMIT_NAMES:
                told[limit] = Quantity(unit=known.unit, names=(limit,))
    return told


QUANTITIES: dict[str, Quantity] = _quantities()
