"""Each concern about each source of a survey, with the figures that it rests on; formulas in ``docs/artefacts.md``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.analysis.artefacts import deviation_from_others, ramp
from alignlab.ingest.csc_table import FLAGS, flag, number
from alignlab.spectra.grid import energy_grid
from alignlab.spectra.hardness import HARDNESS_BANDS
from alignlab.store.survey import Survey
from alignlab.variables import MIN_NET_COUNTS_FOR_FITS, VARIABLE_NAMES

#: Where each concern begins and where it is full.
NET_COUNTS = (float(MIN_NET_COUNTS_FOR_FITS), 15.0)
BACKGROUND_SHARE = (0.25, 0.75)
THETA_ARCMIN = (10.0, 20.0)
#: Share of fused events where the spectrum tells, and where it does not: then from what is usually tolerated on.
PILED_SHARE, PILED_SHARE_UNTOLD = (0.02, 0.10), (0.10, 0.30)
#: Probability of pile-up, where the spectrum tells.
PILE_UP_PROBABILITY = (0.5, 0.9)
DISAGREEMENT_SIGMA = (3.0, 6.0)
#: A spectrum tells where the likelihood ratio is larger than this, or smaller than its inverse.
TELLING_RATIO = 3.0
#: Logarithm of the likelihood ratio that a free share of fused pairs gains by chance (Akaike 1974).
_FREE_SHARE = 1.0
#: Least error of a hardness ratio: how well observations of different years agree at best.
_LEAST_ERROR = 0.02
#: Concern → columns of the CSC that raise it, for surveys that carry them: flags, and codes that are 0 without concern.
FLAG_COLUMNS: dict[str, tuple[str, ...]] = {
    "saturated": ("sat_src_flag",),
    "streak": ("streak_src_flag",),
    "chip_edge": ("edge_code", "multi_chip_code", "dither_warning_flag"),
    "extended": ("extent_flag", "extent_code"),
}
PILE_UP_FLAG = "pileup_flag"
#: Readers whose notes tell what the catalogue has flagged.
_FLAGGING_READERS = ("csc-table", "collection")


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """Concerns and the figures that they rest on, each of shape (n,), NaN where unknown."""

    concerns: dict[str, NDArray[np.float32]]
    figures: dict[str, NDArray[np.float32]]


def judge(survey: Survey) -> Judged:
    """Judge every source of a survey."""
    sources = survey.sources
    counts, background, theta, exposure = (
        number(sources, name) for name in ("counts", "background_counts", "theta_arcmin", "exposure_s")
    )
    net = counts - np.nan_to_num(background)
    under = np.divide(background, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    pile_up = _pile_up(survey, net, exposure, theta)
    disagreeing, told = _disagreement(survey)
    concerns: dict[str, NDArray[np.floating]] = {
        "few_counts": ramp(net, *NET_COUNTS, logarithmic=True),
        "background": ramp(under, *BACKGROUND_SHARE),
        "off_axis": ramp(theta, *THETA_ARCMIN),
        "pile_up": np.where(
            pile_up["tells"] == 1,
            ramp(pile_up["piled"], *PILED_SHARE) * ramp(pile_up["probability"], *PILE_UP_PROBABILITY),
            ramp(pile_up["piled"], *PILED_SHARE_UNTOLD),
        ),
        **{name: _flagged(survey, columns) for name, columns in FLAG_COLUMNS.items()},
        "disagreeing": disagreeing,
    }
    flagged = _flagged(survey, (PILE_UP_FLAG,)) == 1
    concerns["pile_up"] = np.where(flagged, np.float32(1), concerns["pile_up"])
    figures = {
        "counts": counts, "net": net, "background": background, "theta": theta, **pile_up,
        "pile_up_flag": flagged, **told,
    }  # fmt: skip
    return Judged(
        concerns={name: np.asarray(values, np.float32) for name, values in concerns.items()},
        figures={name: np.asarray(values, np.float32) for name, values in figures.items()},
    )


def _pile_up(
    survey: Survey, net: NDArray[np.float64], exposure: NDArray[np.float64], theta: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """What the count rate expects, and the probability of it once the spectrum is asked, prior odds being even."""
    # Imported here: the likelihoods of spectra need torch.
    from alignlab.spectra.pile_up import events_per_frame, pile_up_evidence, piled_share

    observed = np.where(exposure > 0, exposure, np.nan)
    events = events_per_frame(np.maximum(net, 0), observed, theta)
    piled = piled_share(events)
    log_ratio, share, described = (np.full(len(net), np.nan) for _ in range(3))
    rows = np.flatnonzero((piled > PILED_SHARE[0]) & _can_be_asked(survey))
    if len(rows):
        under = np.nan_to_num(np.asarray(survey.background[rows], np.float64))
        grid = energy_grid(survey.meta.recipe.get("grid_kind", "log"))
        detector, year = (
            survey.sources["detector"].astype("str").to_numpy(str)[rows],
            number(survey.sources, "year")[rows],
        )
        found = pile_up_evidence(
            np.maximum(survey.counts[rows] - under, 0), grid.edges_kev, detector, year, piled[rows]
        )
        log_ratio[rows] = found.log_ratio
        share[rows] = found.share
        described[rows] = found.described
    # A spectrum that no continuum describes can speak against pile-up, and not for it.
    tells = (np.abs(log_ratio) > np.log(TELLING_RATIO)) & ((described == 1) | (log_ratio < 0))
    probability = 1 / (1 + np.exp(-np.clip(log_ratio - _FREE_SHARE, -50, 50)))
    return {
        "events": events, "piled": piled, "log_ratio": log_ratio, "share": share, "described": described,
        "tells": tells.astype(float), "probability": probability,
    }  # fmt: skip


def _can_be_asked(survey: Survey) -> NDArray[np.bool_]:
    """Sources on known chips whose counts are those of ACIS without a grating: else no shape is to be expected."""
    if "detector" not in survey.sources:
        return np.zeros(survey.n_sources, bool)
    if not survey.has_array("response_ratio"):
        return np.ones(survey.n_sources, bool)
    ratio = survey.array("response_ratio")
    return np.all(np.abs(np.asarray(ratio) - 1) < 0.05, axis=1)


def _flagged(survey: Survey, columns: tuple[str, ...]) -> NDArray[np.float32]:
    """1 where any of these columns raises a flag; NaN for a survey that tells of none of them."""
    sources = survey.sources
    raised, is_told = np.zeros(len(sources), bool), False
    for column in columns:
        if column in sources:
            is_told = True
            codes = pd.to_numeric(sources[column], errors="coerce").to_numpy(np.float64, na_value=0.0)
            raised |= flag(sources, column) | (np.nan_to_num(codes) != 0)
        elif column in FLAGS and survey.meta.recipe.get("reader") in _FLAGGING_READERS and "notes" in sources:
            is_told = True
            raised |= sources["notes"].astype("str").str.contains(FLAGS[column], regex=False).to_numpy(bool)
    return raised.astype(np.float32) if is_told else np.full(len(sources), np.nan, np.float32)


def _disagreement(survey: Survey) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float64]]]:
    """How far the hardness of an observation lies from that of the same source's other observations."""
    objects, _ = pd.factorize(survey.sources["name"].astype("str"))
    largest = {name: np.full(len(objects), np.nan) for name in ("sigma", "here", "others", "ratio", "n_others")}
    for place, name in enumerate(HARDNESS_BANDS):
        here = survey.variables[:, VARIABLE_NAMES.index(name)].astype(np.float64)
        ends = [number(survey.limits, f"{name}_{side}") for side in ("lolim", "hilim")]
        error = np.maximum((ends[1] - ends[0]) / 2, _LEAST_ERROR)
        sigma, mean, n_others = deviation_from_others(here, error, objects)
        further = np.abs(sigma) > np.nan_to_num(np.abs(largest["sigma"]), nan=-1.0)
        found = {
            "sigma": sigma,
            "here": here,
            "others": mean,
            "ratio": np.full(len(here), place),
            "n_others": n_others,
        }
        for key, values in found.items():
            largest[key] = np.where(further, values, largest[key])
    told = {f"disagreement_{key}": values for key, values in largest.items()}
    return ramp(np.abs(largest["sigma"]), *DISAGREEMENT_SIGMA), told
