"""A gathering in a process of its own that is killed, and killed again, and then let finish."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from alignlab.config import Config
from alignlab.store.collection import Collection
from alignlab.training.recipe_base import Recipe
from tests.archives.serving import ArchiveServer

PROJECT = Path(__file__).resolve().parents[2]
#: Imports once, then does the work in a child for each line that it is sent, and tells its process and how it ended.
_PROGRAM = """
import importlib, os, sys, traceback
from pathlib import Path
from alignlab.config import Config
from alignlab.store.collection import open_collection
module, settings_type, gather, settings, data, name = sys.argv[1:]
module = importlib.import_module(module)
config = Config(data_dir=Path(data))
settings = getattr(module, settings_type).from_json(settings)
print("ready", flush=True)
for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            getattr(module, gather)(open_collection(config, name), settings, config=config)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
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
    # Its threads would be lost in the children.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT, env=environment,
    )  # fmt: skip
    try:
        assert _line(process) == "ready"
        endings = [_killed(process, server, random.Random(seed)) for seed in seeds]
        _begin(process)
        assert _line(process) == "0", "the last attempt, which nobody killed, has failed"
    finally:
        process.kill()
        process.communicate()
    assert set(endings) <= {0, -signal.SIGKILL}, "an attempt has failed by itself"
    return endings.count(-signal.SIGKILL)


def _killed(process: subprocess.Popen[str], server: ArchiveServer, dice: random.Random) -> int:
    """Begin, kill at some moment, and return how it ended."""
    until, ends = server.n_asked() + dice.randint(1, 4), time.monotonic() + 20
    child = _begin(process)
    while server.n_asked() < until and time.monotonic() < ends and _is_at_work(child):
        time.sleep(0.001)
    time.sleep(dice.uniform(0.0, 0.02))
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return int(_line(process))


def _is_at_work(child: int) -> bool:
    return Path(f"/proc/{child}").exists()


def _begin(process: subprocess.Popen[str]) -> int:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    return int(_line(process))


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
