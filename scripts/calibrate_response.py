"""Compare the analytic ACIS response with real ones: folded counts per band, for a set of models.

Run ``python scripts/calibrate_response.py [FOLDER]`` with a folder that holds ``spectra/*.arf.gz`` and so on (public
Chandra products; default ``../shared/data``). The constants of ``alignlab/spectra/response.py`` were set so that the
ratios printed here lie near one; nothing is written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time
from numpy.typing import NDArray

from alignlab.spectra.absorption import sigma_wabs, transmission
from alignlab.spectra.emission import blackbody, bremsstrahlung, plasma, powerlaw
from alignlab.spectra.response import (
    CHANNEL_EDGES_KEV,
    MODEL_EDGES_KEV,
    effective_area_cm2,
    fold,
    redistribution,
)

#: Bands in keV whose folded counts are compared; the last one is the whole.
BANDS_KEV = {"soft": (0.5, 1.2), "medium": (1.2, 2.0), "hard": (2.0, 7.0), "all": (0.5, 8.0)}


@dataclass(frozen=True)
class RealResponse:
    """One real ARF and RMF, with the spectrum in whose headers date, detector and positions stand.

    Where a header does not have them, `year` and `theta_arcmin` say it.
    """

    name: str
    spectrum: str
    arf: str
    rmf: str
    detector: str = "ACIS-S"
    year: float | None = None
    theta_arcmin: float | None = None


#: 3C 273 (obsid 459) is missing on purpose: its ARF is that of the zeroth order behind the HETG, which takes up to 95%
#: of the photons below 1 keV; the catalogue's imaging spectra have no grating in the beam. CDFS 179 is a mean over 52
#: pointings of 1999 to 2010, its headers hold no date (the mean weighted by exposure is given here) with apertures
#: and gaps between chips in its area; theta is from the position in Buchner et al. (2014) to the common aim point.
REAL_RESPONSES = (
    RealResponse(
        "M31, obsid 1575",
        "acisf01575_001N001_r0085_pha3.fits.gz",
        "acisf01575_001N001_r0085_arf3.fits.gz",
        "acisf01575_001N001_r0085_rmf3.fits.gz",
    ),
    RealResponse(
        "DG Tau, obsid 4487",
        "acisf04487_001N023_r0009_pha3.fits.gz",
        "acisf04487_001N022_r0009_arf3.fits.gz",
        "acisf04487_001N022_r0009_rmf3.fits.gz",
    ),
    RealResponse("3C 186, obsid 9774", "9774.pi.gz", "9774.arf.gz", "9774.rmf.gz"),
    RealResponse("B3 0710+439, obsid 12845", "12845.pi.gz", "12845.warf.gz", "12845.wrmf.gz"),
    RealResponse("CDFS 179", "179.pi.gz", "cdfs4Ms_179.arf.gz", "cdfs4Ms_179.rmf.gz", "ACIS-I", 2007.3, 6.6),
)

Model = Callable[[torch.Tensor], torch.Tensor]
"""From bin edges in keV to photons/cm^2/s/keV."""


def models() -> dict[str, Model]:
    """Photon models with which the responses are compared."""

    def absorbed(n_h_1e20: float, density: Callable[[torch.Tensor], torch.Tensor]) -> Model:
        def model(edges: torch.Tensor) -> torch.Tensor:
            centres = 0.5 * (edges[1:] + edges[:-1])
            return density(centres) * transmission(n_h_1e20, torch.from_numpy(sigma_wabs(centres.numpy())))

        return model

    out: dict[str, Model] = {}
    for index in (1.0, 1.7, 2.5):
        for n_h in (1.0, 10.0, 100.0):
            out[f"power law {index}, N_H {n_h:g}"] = absorbed(n_h, lambda e, g=index: powerlaw(e, g))
    out["blackbody 0.5 keV"] = absorbed(10.0, lambda e: blackbody(e, 0.5))
    out["bremsstrahlung 5 keV"] = absorbed(10.0, lambda e: bremsstrahlung(e, 5.0))
    one = torch.ones((1, 1), dtype=torch.float64)
    out["plasma 1 keV"] = lambda edges: plasma(edges, one, 0.5 * one, 0 * one)[0]
    return out


def read_area(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Energy edges (keV) and area (cm^2) of an ARF."""
    with fits.open(path) as hdus:
        table = hdus["SPECRESP"].data
        return np.append(table["ENERG_LO"], table["ENERG_HI"][-1]).astype(float), table["SPECRESP"].astype(float)


def read_matrix(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Redistribution (n_e, n_channels) and channel edges (keV) of an RMF."""
    with fits.open(path) as hdus:
        name = next(h.name for h in hdus if h.name in ("MATRIX", "RSP_MATRIX", "SPECRESP MATRIX"))
        table, bounds = hdus[name].data, hdus["EBOUNDS"].data
        first = hdus[name].header["TLMIN4"]
        matrix = np.zeros((len(table), len(bounds)))
        for row, groups, starts, lengths, values in zip(
            matrix, table["N_GRP"], table["F_CHAN"], table["N_CHAN"], table["MATRIX"], strict=True
        ):
            used = 0
            for start, length in zip(np.atleast_1d(starts)[:groups], np.atleast_1d(lengths)[:groups], strict=True):
                row[start - first : start - first + length] = values[used : used + length]
                used += length
        return matrix, np.append(bounds["E_MIN"], bounds["E_MAX"][-1]).astype(float)


def setting(folder: Path, real: RealResponse) -> tuple[float, float]:
    """Year and angle off axis (arcmin) of an observation, from the header of its spectrum."""
    if real.year is not None and real.theta_arcmin is not None:
        return real.year, real.theta_arcmin
    with fits.open(folder / real.spectrum) as hdus:
        header = hdus["SPECTRUM"].header
        source = SkyCoord(
            header.get("RA", header.get("RA_TARG")), header.get("DEC", header.get("DEC_TARG")), unit="deg"
        )
        aim = SkyCoord(header["RA_PNT"], header["DEC_PNT"], unit="deg")
        return float(Time(header["DATE-OBS"]).decimalyear), float(source.separation(aim).arcmin)


def band_counts(counts: NDArray[np.float64], edges_kev: NDArray[np.float64]) -> dict[str, float]:
    """Counts between the limits of each of `BANDS_KEV`, splitting channels."""
    cumulative = np.concatenate([[0.0], np.cumsum(counts)])
    return {name: float(np.diff(np.interp(limits, edges_kev, cumulative))[0]) for name, limits in BANDS_KEV.items()}


def compare(folder: Path, real: RealResponse) -> dict[str, dict[str, float]]:
    """Ratio analytic over real of the folded counts, per model and band."""
    edges, area = read_area(folder / real.arf)
    matrix, channels = read_matrix(folder / real.rmf)
    own_edges = torch.from_numpy(MODEL_EDGES_KEV)
    own_area = torch.from_numpy(effective_area_cm2(real.detector, *setting(folder, real))).double()
    own_matrix = torch.from_numpy(redistribution(real.detector)).double()
    ratios = {}
    for name, model in models().items():
        photons = model(torch.from_numpy(edges)).numpy() * np.diff(edges)
        truth = band_counts((photons * area) @ matrix, channels)
        own = band_counts(fold(model(own_edges)[None], own_area, own_matrix)[0].numpy(), CHANNEL_EDGES_KEV)
        ratios[name] = {band: own[band] / truth[band] for band in BANDS_KEV}
    return ratios


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data") / "spectra"
    for real in REAL_RESPONSES:
        year, theta = setting(folder, real)
        print(f"\n{real.name} ({real.detector}, {year:.2f}, {theta:.1f} arcmin off axis): analytic / real counts")
        for name, ratio in compare(folder, real).items():
            print(f"  {name:26s}" + "".join(f" {band} {value:5.3f}" for band, value in ratio.items()))


if __name__ == "__main__":
    main()
