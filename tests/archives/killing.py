"""A stage of gathering in a process of its own, which is killed again and again and taken up where it was."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import random
import signal
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path

from alignlab.config import Config
from alignlab.store.collection import Collection
from tests.archives.serving import ArchiveServer

#: All are loaded by the process that is copied, which lives as long as the tests: the next file's stage too.
_STAGES = ("csc", "simbad", "ads", "products", "summaries", "assemble", "real")
#: All stages one after the other are killed like one.
_ELSEWHERE = {"real": "tests.archives.real_way"}


def gather_with_kills(
    data: Path,
    stage: str,
    recipe: str,
    *,
    moments: Sequence[Callable[[], bool]],
    environment: Mapping[str, str] | None = None,
) -> int:
    """Kill a stage when each moment comes, in their order, then let it end; the number of kills that struck it.

    Parameters
    ----------
    data : Path
        Data folder; the collection is ``sky`` there.
    stage : str
        Such as ``csc``: ``gather_csc`` and ``CscSettings`` of ``alignlab.services.gather.csc``; ``real`` for all.
    recipe : str
        Its settings as JSON.
    environment : dict, optional
        Variables that it needs, such as a token.
    """
    processes = _processes()
    n_kills = 0
    for come in [*moments, lambda: False]:
        process = processes.Process(target=_gather, args=(data, stage, recipe, dict(environment or {})), daemon=True)
        process.start()
        while process.is_alive() and not come():
            time.sleep(0.002)
        if process.is_alive():
            process.kill()
        process.join()
        n_kills += process.exitcode == -signal.SIGKILL
        if process.exitcode not in (0, -signal.SIGKILL):
            raise AssertionError((data / "wrong").read_text())
    return n_kills


def soon_after(server: ArchiveServer, n_asked: int, dice: random.Random, *, within_s: float) -> Callable[[], bool]:
    """The moment up to so many seconds after a server was asked for the n-th time."""
    pause = dice.uniform(0, within_s)

    def has_come() -> bool:
        if len(server.asked) < n_asked:
            return False
        time.sleep(pause)
        return True

    return has_come


@cache
def _processes() -> ForkServerContext:
    """Processes that are copies of one that has imported what the stages need, and has no thread."""
    # One that the app's own code has started meanwhile has not: each copy would import for seconds before it begins.
    forkserver._forkserver._stop()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.archives.killing", *map(_module, _STAGES)])
    return context


def _module(stage: str) -> str:
    return _ELSEWHERE.get(stage, f"alignlab.services.gather.{stage}")


def _gather(data: Path, stage: str, recipe: str, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    try:
        module = importlib.import_module(_module(stage))
        config = Config(data_dir=data)
        collection = Collection(config.collections_dir / "sky")
        settings = getattr(module, f"{stage.capitalize()}Settings").from_json(recipe)
        getattr(module, f"gather_{stage}")(collection, settings, config=config)
    except BaseException:
        (data / "wrong").write_text(traceback.format_exc())
        raise
