"""A long event file: ``python -m benchmarks.event_file [--events 100000000] [--sources 100]``.

Writes a level-2 event file of random photons (64 bytes each, as ACIS has them) and measures how long the sources in it
take, and the memory of it all, which must not grow with the file.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits

from alignlab.ingest.event_sources import event_sources
from alignlab.ingest.positions import Positions
from alignlab.spectra.event_file import open_event_file
from alignlab.spectra.grid import energy_grid

_STEP = 500_000
_ROW = np.dtype([("time", ">f8"), ("x", ">f4"), ("y", ">f4"), ("energy", ">f4"), ("ccd_id", ">i2"), ("grade", ">i2"),
                 ("status", ">i4"), ("rest", "u1", 36)])  # fmt: skip
_FRAME = {"TCTYP2": "RA---TAN", "TCTYP3": "DEC--TAN", "TCRVL2": 203.7, "TCRVL3": 41.0, "TCRPX2": 4096.5,
          "TCRPX3": 4096.5, "TCDLT2": -0.492 / 3600, "TCDLT3": 0.492 / 3600}  # fmt: skip
_FACTS = {"TELESCOP": "CHANDRA", "INSTRUME": "ACIS", "OBS_ID": "1", "DETNAM": "ACIS-7", "DATE-OBS": "2010-07-02",
          "RA_PNT": 203.7, "DEC_PNT": 41.0, "DTCOR": 0.98, "TSTART": 0.0, "TSTOP": 1e5}  # fmt: skip


def write_events(path: Path, n: int, *, rng: np.random.Generator) -> None:
    """A file of `n` events over 18 arcmin, a block at a time."""
    empty = fits.BinTableHDU(np.zeros(0, _ROW), name="EVENTS")
    header = fits.Header(empty.header, copy=True)
    header["NAXIS2"] = n
    header["TUNIT4"] = "eV"
    header.update({**_FRAME, **_FACTS})
    with path.open("wb") as file:
        file.write(fits.PrimaryHDU().header.tostring().encode() + header.tostring().encode())
        for start in range(0, n, _STEP):
            rows = np.zeros(min(_STEP, n - start), _ROW)
            rows["time"], rows["energy"] = rng.uniform(0, 1e5, len(rows)), rng.uniform(300, 9000, len(rows))
            rows["x"], rows["y"] = rng.uniform(3000, 5200, (2, len(rows)))
            rows["ccd_id"] = 7
            file.write(rows.tobytes())
        file.write(b"\0" * (-file.tell() % 2880))


def measure(path: Path, n_sources: int) -> None:
    """Print wall and processor time, and the largest memory before and after."""
    rng = np.random.default_rng(1)
    frame = open_event_file(path).frame
    ra, dec = frame.to_sky(*rng.uniform(3050, 5150, (2, n_sources)))
    names = tuple(f"S{k}" for k in range(n_sources))
    places = Positions(names=names, source_classes=("",) * n_sources, ra=ra, dec=dec, notes=(), problems=())
    before, begin, busy = _memory_mb(), time.perf_counter(), time.process_time()
    found = event_sources(path, places, grid=energy_grid("log"))
    wall, processor = time.perf_counter() - begin, time.process_time() - busy
    read = f"{len(found.pieces)} sources, {found.facts['events']:,} events: {wall:.0f} s, {processor:.0f} s of one core"
    print(f"{read}, {before:.0f} MB before, {_memory_mb():.0f} MB at most")


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Write the file, and measure in a process that has not written it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000_000)
    parser.add_argument("--sources", type=int, default=100)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure is not None:
        measure(given.measure, given.sources)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evt2.fits"
        write_events(path, given.events, rng=np.random.default_rng(0))
        print(f"{path.stat().st_size / 1e9:.1f} GB", flush=True)
        again = [sys.executable, "-m", "benchmarks.event_file", "--measure", str(path), "--sources", str(given.sources)]
        subprocess.run(again, check=True)


if __name__ == "__main__":
    main()
