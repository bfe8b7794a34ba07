"""Level-2 event files as ACIS writes them, small and made to measure."""

from __future__ import annotations

import numpy as np
from astropy.io import fits

#: Where the frame of the files is anchored, and its pixel in degrees.
RA, DEC, STEP = 203.7, 41.0, 0.492 / 3600


def events_hdu(x, y, *, time=None, energy_ev=None, chip=7, grade=0, status=None, **header):
    """A table EVENTS with photons at these sky pixels; one number stands for all of them."""
    n = len(x)
    full = [np.full(n, value) if np.ndim(value) == 0 else np.asarray(value) for value in (chip, grade)]
    columns = [
        fits.Column("time", "D", unit="s", array=np.linspace(1, 999, n) if time is None else time),
        fits.Column("ccd_id", "I", array=full[0]),
        fits.Column("x", "E", unit="pixel", array=x),
        fits.Column("y", "E", unit="pixel", array=y),
        fits.Column("energy", "E", unit="eV", array=np.full(n, 1500.0) if energy_ev is None else energy_ev),
        fits.Column("grade", "I", array=full[1]),
    ]
    if status is not None:
        columns.append(fits.Column("status", "32X", array=status))
    hdu = fits.BinTableHDU.from_columns(columns, name="EVENTS")
    frame = {"TCTYP3": "RA---TAN", "TCTYP4": "DEC--TAN", "TCRVL3": RA, "TCRVL4": DEC, "TCRPX3": 4096.5,
             "TCRPX4": 4096.5, "TCDLT3": -STEP, "TCDLT4": STEP}  # fmt: skip
    told = {"TELESCOP": "CHANDRA", "INSTRUME": "ACIS", "OBS_ID": "77", "DETNAM": "ACIS-7", "DATE-OBS": "2010-07-02",
            "RA_PNT": RA, "DEC_PNT": DEC, "DTCOR": 0.9, "TSTART": 0.0, "TSTOP": 1000.0}  # fmt: skip
    hdu.header.update({**frame, **told, **header})
    return hdu


def gti_hdu(*intervals, chip=None):
    """Good time intervals, of one chip or of all."""
    start, stop = np.array(intervals, float).T
    columns = [fits.Column("START", "D", array=start), fits.Column("STOP", "D", array=stop)]
    hdu = fits.BinTableHDU.from_columns(columns, name="GTI")
    if chip is not None:
        hdu.header["CCD_ID"] = chip
    return hdu


def uniform(n, *, rng, low=3000.0, high=5200.0):
    """Sky pixels spread evenly over a square."""
    return rng.uniform(low, high, (2, n)).astype(np.float32)
