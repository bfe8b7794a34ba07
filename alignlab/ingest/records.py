"""What readers of real files hand on: sources with everything measured, and what could not be used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: Columns of `IngestedSources.sources`.
SOURCE_COLUMNS = (
    "name", "ra", "dec", "source_class", "obsid", "detector", "year", "theta_arcmin", "exposure_s", "counts",
    "background_counts", "net_counts", "source_file", "notes",
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Something that could not be used, in one message.

    Attributes
    ----------
    where : str
        File, or line of a file.
    message : str
        What is wrong with it.
    """

    where: str
    message: str

    def __str__(self) -> str:
        """Both in one line."""
        return f"{self.where}: {self.message}"


@dataclass(frozen=True, eq=False, kw_only=True)
class IngestedSources:
    """Sources from files; row *i* of every table and array is source *i*.

    Attributes
    ----------
    sources : DataFrame
        `SOURCE_COLUMNS`: position in degrees, `obsid` 0 where unknown, `exposure_s`, counts in the aperture from 0.5
        to 8 keV and the background expected among them (NaN where unknown; `net_counts` then are all counts), the
        file, and notes on what was missing.
    variables : DataFrame of float32, (n, 20)
        The variables as measured here, NaN where they cannot be.
    limits : DataFrame of float32
        ``<name>_lolim`` and ``<name>_hilim`` of the measured ones that have limits.
    catalogued : DataFrame of float32, (n, 20), or None
        The variables as the file's own catalogue gives them.
    counts, background : ndarray of float32, (n, 400)
        Counts in the aperture and expected background on the grid, the latter NaN where unknown.
    response_ratio : ndarray of float32, (n, 400)
        Factor on the counts for the encoder alone, where the source's response is unlike any that it knows
        (`alignlab.ingest.encoder_response`); 1 elsewhere.
    time_s, energy_kev : ndarray of float32, (n_events,)
        Photons from 0.5 to 8 keV, source after source, in seconds since the start of their observation.
    offsets : ndarray of int64, (n + 1,)
        Photons of source *i* are ``offsets[i]:offsets[i + 1]``.
    problems : tuple of Problem
        One per file or line that was left out.
    """

    sources: pd.DataFrame
    variables: pd.DataFrame
    limits: pd.DataFrame
    catalogued: pd.DataFrame | None
    counts: NDArray[np.float32]
    background: NDArray[np.float32]
    response_ratio: NDArray[np.float32]
    time_s: NDArray[np.float32]
    energy_kev: NDArray[np.float32]
    offsets: NDArray[np.int64]
    problems: tuple[Problem, ...]
