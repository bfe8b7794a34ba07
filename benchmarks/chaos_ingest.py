"""The way from the archives to a survey under SIGKILL: ``python -m benchmarks.chaos_ingest [--kills 20] [--seed 0]``.

Servers on this machine speak the archives' protocols and fail now and then. ``alignlab ingest real`` is killed at
random moments of its work and typed again. In the end the collection and the survey must be those of an undisturbed
one, and no more may have been asked twice than one question per kill and thread.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from alignlab.config import Config
from alignlab.store.collection import Collection, open_collection
from tests.archives.real_way import THREADS, all_asked, all_repeated, gather_real, rows_of, small_steps, survey_of
from tests.archives.whole_sky import Archives, archives

_PROGRAM = """
import sys
from alignlab.config import load_config
from alignlab.store.collection import Collection
from tests.archives.real_way import RealSettings, gather_real
config = load_config()
print("begun", flush=True)
gather_real(Collection(config.collections_dir / "sky"), RealSettings.from_json(sys.argv[1]), config=config)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--detections", type=int, default=60)
    parser.add_argument("--faults", type=float, default=0.05, help="Share of answers that fail.")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with archives(chosen.detections) as sky, tempfile.TemporaryDirectory() as folder:
        os.environ.update(sky.environment)
        calm, killed = (Config(data_dir=Path(folder) / name) for name in ("calm", "killed"))
        started = time.monotonic()
        gather_real(Collection(calm.collections_dir / "sky"), small_steps(sky), config=calm)
        whole_s, n_needed = time.monotonic() - started, all_asked(sky)
        print(f"undisturbed: {whole_s:.1f} s, {n_needed} requests", flush=True)
        for server in sky.servers.values():
            server.asked.clear()
        for number, server in enumerate(sky.servers.values()):
            server.faults.at_random(chosen.faults, seed=chosen.seed + number)
        n_kills = kill_again_and_again(sky, killed, random.Random(chosen.seed), chosen.kills, whole_s)
        return verdict(sky, calm, killed, n_kills)


def kill_again_and_again(sky: Archives, config: Config, dice: random.Random, wanted: int, whole_s: float) -> int:
    """Kill it so many times, then let it end; a process that ends before its moment is started on a new collection."""
    n_kills = 0
    while n_kills < wanted:
        process = begun(sky, config)
        try:
            process.wait(timeout=dice.uniform(0.0, 2.0 * whole_s / wanted))
            raise SystemExit(f"it ended by itself after {n_kills} kills: give more --detections")
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        n_kills += 1
        print(f"kill {n_kills}: {all_asked(sky)} requests so far", flush=True)
    process = begun(sky, config)
    if process.wait() != 0:
        raise SystemExit("the last attempt, which nobody killed, has failed")
    return n_kills


def begun(sky: Archives, config: Config) -> subprocess.Popen[str]:
    """A process that has imported everything and begins."""
    environment = {**os.environ, "ALIGNLAB_DATA": str(config.data_dir)}
    command = [sys.executable, "-c", _PROGRAM, small_steps(sky).to_json()]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def verdict(sky: Archives, calm: Config, killed: Config, n_kills: int) -> int:
    """Print what was lost, doubled or asked again; 0 if all is well."""
    one, other = (open_collection(config, "sky") for config in (calm, killed))
    same_rows = rows_of(one) == rows_of(other)
    surveys = [survey_of(config) for config in (calm, killed)]
    same_survey = surveys[0].sources.equals(surveys[1].sources) and all(
        np.array_equal(surveys[0].array(name), surveys[1].array(name), equal_nan=True)
        for name in ("counts", "spectra", "text", "text_mask")
    )
    repeated, most = all_repeated(sky), n_kills * THREADS
    n_faults = sum(server.faults.n_happened for server in sky.servers.values())
    print(f"{n_kills} kills, {n_faults} faults, {all_asked(sky)} requests")
    print(f"rows the same: {same_rows}; survey the same: {same_survey}")
    print(f"asked again: {sum(repeated.values())} of at most {most}: {repeated}")
    return 0 if same_rows and same_survey and sum(repeated.values()) <= most else 1


if __name__ == "__main__":
    sys.exit(main())
