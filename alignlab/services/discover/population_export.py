"""The sources of one or two populations as a table to take away."""

from __future__ import annotations

import astropy.units as u
import numpy as np
from astropy.table import Table

from alignlab.services.discover.populations import Population
from alignlab.services.export import Described, described_table
from alignlab.services.workspace import Workspace
from alignlab.variables import BY_NAME, VARIABLE_NAMES

_COLUMNS = ("hard_hs", "hard_ms", "hard_hm", "var_prob_b", "var_index_b", "flux_significance_b")
#: erg/cm^2/s and erg/s under names that the VO's standard of units allows.
_FLUX, _LUMINOSITY = u.mW / u.m**2, u.Unit("1e-7 W")


def population_table(workspace: Workspace, first: Population, second: Population | None, *, url: str = "") -> Table:
    """One row per source of either population, with fluxes, limits and, where it has a distance, luminosities.

    A source in both stands under ``both``; its luminosity is that of the first. Without `second` the first alone.
    """
    survey, flux = workspace.survey, first.fluxes.flux
    in_second = np.zeros(survey.n_sources, dtype=np.bool_) if second is None else second.group.mask
    rows = np.flatnonzero(first.group.mask | in_second)
    ours, theirs = first.group.mask[rows], in_second[rows]
    sources = survey.sources.iloc[rows]
    member = np.where(ours & theirs, "both", np.where(ours, "first", "second"))
    columns = {
        "name": Described(values=sources["name"].to_numpy(), ucd="meta.id;meta.main", description="Name."),
        "population": Described(values=member, ucd="meta.code.member", description="first, second or both."),
        "ra": Described(values=sources["ra"].to_numpy(), ucd="pos.eq.ra;meta.main", unit=u.deg, description="ICRS."),
        "dec": Described(values=sources["dec"].to_numpy(), ucd="pos.eq.dec;meta.main", unit=u.deg, description="ICRS."),
        "source_class": Described(
            values=sources["source_class"].to_numpy(), ucd="src.class", description="Class; missing where unknown."
        ),
        "net_counts": Described(
            values=sources["net_counts"].to_numpy(), ucd="phot.count;em.X-ray", unit=u.ct,
            description="Counts from 0.5 to 8 keV, background removed.",
        ),
    }  # fmt: skip
    for name in _COLUMNS:
        variable = BY_NAME[name]
        values = survey.variables[rows, VARIABLE_NAMES.index(name)]
        columns[name] = Described(values=values, ucd=variable.ucd, description=variable.description)
    seen = flux.is_detected[rows]
    told = {
        "flux": (
            flux.value,
            "phot.flux;em.X-ray",
            "Observed flux, 0.5-7 keV, in erg/cm^2/s; missing where only a limit is known.",
        ),
        "flux_low": (flux.low, "stat.error;phot.flux;stat.min", "Lower 68% limit."),
        "flux_high": (flux.high, "stat.error;phot.flux;stat.max", "Upper 68% limit."),
    }
    for name, (values, ucd, description) in told.items():
        columns[name] = Described(
            values=np.where(seen, values[rows], np.nan), ucd=ucd, unit=_FLUX, description=description
        )
    columns["flux_upper"] = Described(
        values=np.where(seen, np.nan, flux.upper[rows]), ucd="phot.flux;stat.max", unit=_FLUX,
        description="Upper limit of 95% where the source has no flux above 0.",
    )  # fmt: skip
    factor = np.where(ours, _factor(first), _factor(second))
    if np.isfinite(factor).any():
        columns["luminosity"] = Described(
            values=np.where(seen, flux.value[rows] * factor, np.nan), ucd="phys.luminosity;em.X-ray",
            unit=_LUMINOSITY, description="4 pi d^2 times the flux, at the distance given, in erg/s.",
        )  # fmt: skip
    groups = [population.group.request for population in (first, second) if population is not None]
    return described_table(workspace, columns, name="populations", url=url, selection=" against ".join(groups))


def _factor(population: Population | None) -> float:
    return population.to_brightness if population is not None and population.has_distance else float("nan")
