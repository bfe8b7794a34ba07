"""The demo survey's priors: tables of quantiles derived from real detections (scripts/derive_priors.py)."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray


@cache
def priors() -> dict[str, Any]:
    """Return the content of ``priors.json``: levels, tables per class, and where each of them comes from."""
    return json.loads((files("alignlab.spectra") / "priors.json").read_text(encoding="utf-8"))


def draw(table: dict[str, Any], n: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw `n` values from a table of quantiles by linear interpolation between them.

    Parameters
    ----------
    table : dict
        With ``quantiles``, one for each of the file's ``levels``.
    n : int
        How many.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    return np.interp(rng.random(n), priors()["levels"], table["quantiles"])


def draw_parameter(source_class: str, parameter: str, n: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw `n` values of a class's parameter; one whose name begins with ``log10_`` comes back as the value itself."""
    values = draw(priors()["classes"][source_class][parameter], n, rng=rng)
    return 10.0**values if "log10_" in parameter else values
