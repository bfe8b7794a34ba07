"""Tables of detections as the Chandra Source Catalog has them, small and dirty."""

from __future__ import annotations

import numpy as np
import pandas as pd

_MEASURED = (
    "hard_hs", "hard_ms", "hard_hm", "var_prob_b", "var_index_b", "bb_kt", "bb_nh", "brems_kt", "brems_nh",
    "flux_significance_b",
)  # fmt: skip


def detection(number: int = 0, **changes) -> dict[str, object]:
    """One usable row; `number` makes it a source of its own."""
    row = {
        "name": f"2CXO J{number:06d}", "ra": 10.0 + number / 100, "dec": -20.0, "obsid": 1000 + number,
        "detector": "ACIS-7", "theta": 1.5, "livetime": 20_000.0, "gti_mjd_obs": 53_371.0, "cnts_aper_b": 800.0,
        "cnts_aperbkg_b": 100.0, "flux_aper_b": 1e-13, "pileup_flag": "False", "hard_hs": -0.2, "hard_ms": -0.3,
        "hard_hm": 0.1, "var_prob_b": 0.2, "var_index_b": 0.0, "powlaw_gamma": 1.8, "powlaw_nh": 20.0,
        "powlaw_stat": 1.0, "bb_kt": 0.7, "bb_nh": 1e-6, "bb_stat": 2.5, "brems_kt": 5.0, "brems_nh": 12.0,
        "brems_stat": 1.0, "flux_significance_b": 14.0, "powlaw_gamma_lolim": 1.7, "powlaw_gamma_hilim": 1.95,
    }  # fmt: skip
    return {**row, **changes}


def detections(n: int, *, seed: int = 0, per_source: int = 1) -> pd.DataFrame:
    """`n` usable rows with fits that differ, `per_source` of them of each source."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        source = i // per_source
        rows.append(
            detection(
                source,
                obsid=1000 + i,
                powlaw_gamma=float(rng.uniform(1, 3)),
                powlaw_nh=float(10 ** rng.uniform(0.5, 2.5)),
                cnts_aper_b=float(rng.integers(160, 3000)),
                detector=("ACIS-7", "ACIS-3")[i % 2],
                **{
                    name: float(value)
                    for name, value in zip(_MEASURED, rng.uniform(0.1, 0.9, len(_MEASURED)), strict=True)
                },
            )
        )
    return pd.DataFrame(rows)
