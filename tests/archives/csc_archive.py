"""The tables of the Chandra Source Catalog as its TAP service has them, of detections of a test."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.archives.tap_server import TapServer
from tests.ingest.csc_tables import detections

#: As catalogues write them, which is not always as standards do.
_UNITS = {
    "theta": "arcmin",
    "livetime": "sec",
    "powlaw_nh": "N HI atoms 10**20 cm**-2",
    "ra": "degrees",
    "bb_kt": "keV",
}
_OF_SOURCES = ("name", "ra", "dec")


def sky(n: int, *, seed: int = 0, per_source: int = 2) -> pd.DataFrame:
    """`n` detections of sources within half a degree of 83.8 -5.4, some of them below the usual limits."""
    rng = np.random.default_rng(seed)
    table = detections(n, seed=seed, per_source=per_source)
    of = np.arange(n) // per_source
    ra, dec = rng.uniform(83.3, 84.3, of.max() + 1), rng.uniform(-5.9, -4.9, of.max() + 1)
    return table.assign(
        ra=ra[of],
        dec=dec[of],
        obi=0,
        region_id=1 + np.arange(n),
        # Several detections of one observation, and several observations of one source.
        obsid=100 + np.arange(n) % 7 * 1000 + of // 5,
        instrument=np.where(np.arange(n) % 11 == 3, "HRC", "ACIS"),
        grating=np.where(np.arange(n) % 13 == 5, "HETG", "NONE"),
        theta=rng.uniform(0.1, 7.0, n),
        flux_significance_b=rng.uniform(2.0, 30.0, n),
        err_ellipse_r0=0.7,
    )


def csc_tables(table: pd.DataFrame, schema: str = "csc21") -> dict[str, pd.DataFrame]:
    """The five tables that detections are joined from."""
    table = table.reset_index(drop=True)
    of_stack = table[["region_id"]].assign(detect_stack_id=[f"acisfJ{i:05d}_001" for i in range(len(table))])
    sources = table.drop_duplicates("name")
    return {
        f"{schema}.master_source": sources[[*_OF_SOURCES, "err_ellipse_r0"]],
        f"{schema}.master_stack_assoc": of_stack.assign(name=table["name"], match_type="u"),
        f"{schema}.stack_source": of_stack,
        f"{schema}.stack_observation_assoc": of_stack.assign(obsid=table["obsid"], obi=table["obi"]),
        f"{schema}.observation_source": table.drop(columns=[*_OF_SOURCES, "err_ellipse_r0"]),
    }


def csc_server(table: pd.DataFrame, *, schema: str = "csc21", max_rows: int = 100_000) -> TapServer:
    """A service that, like the catalogue's own, knows no geometry of the sky."""
    return TapServer(csc_tables(table, schema), units=_UNITS, max_rows=max_rows, has_geometry=False)
