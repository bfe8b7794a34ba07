"""Small OGIP files with known content, for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

N_CHANNELS = 600
N_ENERGIES = 80
ENERGY_EDGES = np.linspace(0.3, 8.3, N_ENERGIES + 1)
CHANNEL_KEV = 0.0146


def spectrum_hdu(counts, *, name="SPECTRUM", columns=(), drop=(), column="COUNTS", first=1, **header):
    counts = np.asarray(counts)
    n = len(counts)
    table = [
        fits.Column("CHANNEL", "J", array=np.arange(first, first + n)),
        fits.Column(column, "D" if counts.dtype.kind == "f" else "J", array=counts),
    ]
    table = [c for c in table if c.name not in drop]
    hdu = fits.BinTableHDU.from_columns([*table, *columns], name=name)
    facts = {
        "HDUCLASS": "OGIP", "HDUCLAS1": "SPECTRUM", "HDUCLAS2": "TOTAL", "TELESCOP": "CHANDRA", "INSTRUME": "ACIS",
        "CHANTYPE": "PI", "DETCHANS": n, "EXPOSURE": 1000.0, "BACKSCAL": 1e-6, "AREASCAL": 1.0, "OBJECT": "Test A",
        "OBS_ID": "123", "DETNAM": "ACIS-7", "DATE-OBS": "2010-07-02T00:00:00", "RA_TARG": 10.5, "DEC_TARG": -20.25,
        "BACKFILE": "none", "ANCRFILE": "none", "RESPFILE": "none",
    }  # fmt: skip
    for keyword, value in {
        **facts,
        **{k.replace("_", "-") if k == "DATE_OBS" else k: v for k, v in header.items()},
    }.items():
        if value is not None:
            hdu.header[keyword] = value
    return hdu


def default_counts(seed=0):
    return np.random.default_rng(seed).poisson(3.0, N_CHANNELS)


def write(path: Path, *hdus) -> Path:
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path, overwrite=True)
    return path


def write_spectrum(path: Path, counts=None, *more, **options) -> Path:
    return write(path, spectrum_hdu(default_counts() if counts is None else counts, **options), *more)


def write_arf(path: Path, *, area=None, edges=ENERGY_EDGES) -> Path:
    area = np.linspace(100, 500, len(edges) - 1) if area is None else area
    columns = [
        fits.Column("ENERG_LO", "E", unit="keV", array=edges[:-1]),
        fits.Column("ENERG_HI", "E", unit="keV", array=edges[1:]),
        fits.Column("SPECRESP", "E", unit="cm**2", array=area),
    ]
    return write(path, fits.BinTableHDU.from_columns(columns, name="SPECRESP"))


def write_rmf(path: Path, *, first=1, n_channels=N_CHANNELS, seed=0, groups=None, name="MATRIX", tlmin=True) -> Path:
    """An RMF of one to three groups per energy, random unless `groups` gives them: [(start, values), ...]."""
    rng = np.random.default_rng(seed)
    if groups is None:
        groups = []
        for _ in range(N_ENERGIES):
            starts = np.sort(rng.choice(n_channels // 20, rng.integers(1, 4), replace=False)) * 20
            groups.append([(first + int(s), rng.uniform(0, 0.1, rng.integers(1, 20))) for s in starts])
    f_chan, n_chan, matrix = (np.empty(len(groups), dtype=object) for _ in range(3))
    for i, row in enumerate(groups):
        f_chan[i] = np.array([start for start, _ in row], dtype=np.int16)
        n_chan[i] = np.array([len(values) for _, values in row], dtype=np.int16)
        matrix[i] = np.concatenate([np.zeros(0), *(values for _, values in row)]).astype(np.float32)
    edges = ENERGY_EDGES[: len(groups) + 1]
    response = fits.BinTableHDU.from_columns(
        [
            fits.Column("ENERG_LO", "E", unit="keV", array=edges[:-1]),
            fits.Column("ENERG_HI", "E", unit="keV", array=edges[1:]),
            fits.Column("N_GRP", "I", array=[len(row) for row in groups]),
            fits.Column("F_CHAN", "PI()", array=f_chan),
            fits.Column("N_CHAN", "PI()", array=n_chan),
            fits.Column("MATRIX", "PE()", array=matrix),
        ],
        name=name,
    )
    if tlmin:
        response.header["TLMIN4"] = first
    bounds = fits.BinTableHDU.from_columns(
        [
            fits.Column("CHANNEL", "J", array=np.arange(first, first + n_channels)),
            fits.Column("E_MIN", "E", unit="keV", array=CHANNEL_KEV * np.arange(n_channels)),
            fits.Column("E_MAX", "E", unit="keV", array=CHANNEL_KEV * np.arange(1, n_channels + 1)),
        ],
        name="EBOUNDS",
    )
    return write(path, response, bounds)
