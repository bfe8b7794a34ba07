"""The Axia corpus at its full size: ``python -m benchmarks.axia_stream [--records 51450] [--events 500]``.

Makes a file in the format of the corpus, of as many records as the public one has, and measures the whole of
``alignlab ingest axia`` on it: unpacking, parsing, spectra, hardness, variability, and the survey on disk. The memory
is that of all its processes together, each page counted once (PSS), read five times a second; so it needs Linux.
The bar is 1,500 records a second on two cores in at most 500 MB.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from alignlab.variables import VARIABLE_NAMES

BAR_PER_S, BAR_MB = 1500.0, 500.0
_TEMPLATES = 200
_INGEST = """
import sys
from pathlib import Path
from alignlab.config import Config
from alignlab.services.ingest import ingest_axia_file
outcome = ingest_axia_file(Path(sys.argv[1]), name="bench", config=Config(data_dir=Path(sys.argv[2])))
print(outcome.survey.n_sources, len(outcome.problems))
"""


def record(rng: np.random.Generator, n_events: int) -> str:
    """A line as the corpus has them, both lists of events included; its name and position are added later."""
    start = rng.uniform(1e8, 6e8)
    time_s = np.sort(rng.uniform(0, 28_800, n_events))
    energy = np.float32(rng.lognormal(7.4, 0.6, n_events)).clip(510, 6990).astype(float)
    values = {
        "obsid": int(rng.integers(1, 30_000)), "source_type": "QSO", "theta": float(rng.uniform(0, 10)),
        "gti_mjd_obs": float(rng.uniform(51_500, 59_000)), "pca_64d": rng.normal(size=64).tolist(),
        **{name: float(rng.normal()) for name in VARIABLE_NAMES},
        "event_list": list(zip(time_s.tolist(), energy.tolist(), strict=True)),
        "original_event_list": list(zip((start + time_s).tolist(), energy.tolist(), strict=True)),
    }  # fmt: skip
    return json.dumps(values)[1:]


def write_corpus(path: Path, *, records: int, events: int, seed: int) -> None:
    """A gzipped file of records; every hundred-thousandth byte or so of it is worth nothing, as in real life."""
    rng = np.random.default_rng(seed)
    templates = [record(rng, events) for _ in range(_TEMPLATES)]
    with gzip.open(path, "wt", compresslevel=1) as file:
        for number in range(records):
            ra, dec = rng.uniform(0, 360), rng.uniform(-80, 80)
            head = f'{{"source_name": "2CXO J{number:06d}", "ra": {ra:.6f}, "dec": {dec:.6f}, '
            line = head + templates[number % _TEMPLATES]
            file.write((line if number % 10_000 != 5_000 else line[:1000]) + "\n")


def memory_mb(leader: int) -> float:
    """Memory of a process and its children."""
    total, waiting = 0, [leader]
    while waiting:
        process = Path(f"/proc/{waiting.pop()}")
        try:
            total += next(
                int(line.split()[1])
                for line in (process / "smaps_rollup").read_text().splitlines()
                if line.startswith("Pss:")
            )
            for task in (process / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError, StopIteration, PermissionError):
            continue  # it has just ended
    return total / 1024


def main() -> None:
    """Make the file, ingest it, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=51_450)
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="use this file, and make it if it is not there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        corpus = arguments.corpus or Path(scratch) / "corpus.jsonl.gz"
        if not corpus.exists():
            write_corpus(corpus, records=arguments.records, events=arguments.events, seed=arguments.seed)
        print(f"{corpus.stat().st_size / 1e6:,.0f} MB, {os.cpu_count()} cores", flush=True)
        begin, before = time.monotonic(), os.times()
        process = subprocess.Popen(
            [sys.executable, "-c", _INGEST, str(corpus), scratch], stdout=subprocess.PIPE, text=True
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, memory_mb(process.pid))
            time.sleep(0.2)
        seconds = time.monotonic() - begin
        processor = sum(os.times()[2:4]) - sum(before[2:4])
        assert process.stdout is not None
        told = process.stdout.read().split()
        if process.returncode or len(told) != 2:
            sys.exit(f"the ingest failed (exit code {process.returncode}, it told {told})")
        rate = (int(told[0]) + int(told[1])) / seconds
        print(f"{told[0]} sources, {told[1]} broken lines, {seconds:.1f} s ({processor:.1f} s of the processor)")
        print(f"{rate:,.0f} records/s ({'reaches' if rate >= BAR_PER_S else 'BELOW'} {BAR_PER_S:,.0f})")
        print(f"{peak:,.0f} MB at most ({'within' if peak <= BAR_MB else 'ABOVE'} {BAR_MB:,.0f})")


if __name__ == "__main__":
    main()
