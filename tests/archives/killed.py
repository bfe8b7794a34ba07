"""A gathering in a process of its own that is killed, and killed again, and then let finish."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from alignlab.config import Config
from alignlab.store.collection import Collection
from alignlab.training.recipe_base import Recipe
from tests.archives.serving import ArchiveServer

PROJECT = Path(__file__).resolve().parents[2]
#: It says when it begins, so that imports are not what is killed.
_PROGRAM = """
import importlib, sys
from pathlib import Path
from alignlab.config import Config
from alignlab.store.collection import open_collection
module, settings_type, gather, settings, data, name = sys.argv[1:]
module = importlib.import_module(module)
config = Config(data_dir=Path(data))
gather = getattr(module, gather)
collection = open_collection(config, name)
print("ready", flush=True)
gather(collection, getattr(module, settings_type).from_json(settings), config=config)
print("done", flush=True)
"""


def kill_and_resume(
    module: str,
    gather: str,
    settings: Recipe,
    collection: Collection,
    config: Config,
    *,
    seeds: tuple[int, ...],
    server: ArchiveServer,
) -> int:
    """Begin the stage, kill it (SIGKILL) after a random number of further requests, once per seed, then let it finish.

    Returns
    -------
    int
        How many times it was killed in its work.
    """
    arguments = [module, type(settings).__name__, gather, settings.to_json(), str(config.data_dir), collection.name]
    n_kills = 0
    for seed in seeds:
        dice = random.Random(seed)
        process = _started(arguments)
        try:
            until, ends = server.n_asked() + dice.randint(1, 4), time.monotonic() + 20
            while server.n_asked() < until and process.poll() is None and time.monotonic() < ends:
                time.sleep(0.001)
            time.sleep(dice.uniform(0.0, 0.02))
            n_kills += process.poll() is None
            process.kill()
        finally:
            process.communicate()
    process = _started(arguments)
    told, problems = process.communicate(timeout=60)
    assert process.returncode == 0 and "done" in told, problems
    return n_kills


def _started(arguments: list[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT, env=dict(os.environ),
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n", process.communicate()
    return process
