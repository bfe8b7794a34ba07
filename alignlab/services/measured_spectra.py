"""The spectra of a collection, read and measured one by one and kept: a kill loses the one that was being read."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.ingest.ogip import spectra_to_contents
from alignlab.progress import OnStep, report
from alignlab.spectra.grid import GridKind, energy_grid
from alignlab.store.collection import Collection

#: Raise it when the same files would be measured otherwise: what an older version kept is then measured again.
_VERSION = 1
#: Below so many spectra the processes would take longer to start than they save.
_WORTH_PROCESSES = 40
#: Files without which a detection has no usable spectrum.
NEEDED = ("pha", "arf", "rmf")
_ARRAYS = ("counts", "background", "response_ratio")
#: What the file tells of a source, as far as a catalogue does not.
_TOLD = ("detector", "year", "exposure_s", "obsid", "ra", "dec", "notes")
_LONGEST_SILENCE_S = 0.5
_ROWS_AT_ONCE = 500

Files = Mapping[str, str]
_Read = Callable[[Files], dict[str, Any]]


def product_files(collection: Collection) -> dict[str, dict[str, str]]:
    """The files of each detection, by kind, as paths below the collection's ``products/``."""
    files: dict[str, dict[str, str]] = {}
    for path, row in collection.rows("products"):
        files.setdefault(row["detection_key"], {})[row["kind"]] = path
    return files


def measure_spectra(
    collection: Collection,
    files: Mapping[str, Files],
    *,
    grid_kind: GridKind,
    n_processes: int = 0,
    on_step: OnStep | None = None,
) -> None:
    """Read and measure the spectra of detections, unless that has been done with the very same files.

    Parameters
    ----------
    collection : Collection
        Gets a row per detection in the place of its spectra (`measured`): also of those that cannot be used.
    files : mapping
        Detection key → kind of file → path, with all of `NEEDED`.
    grid_kind : {"log", "linear"}
    n_processes : int
        That read at the same time; 0 for one per core but one.
    on_step : callable, optional

    Raises
    ------
    StoppedError
        If `on_step` returned False; what has been measured stays.
    """
    place = _place(grid_kind)
    digests = _digests(collection, files)
    missing = [key for key, row in _rows_of(collection, place, files) if row is None or row["of"] != digests[key]]
    read = partial(_measured, collection.products_folder, grid_kind)
    done = len(files) - len(missing)
    report(on_step, done, len(files), "reading spectra")
    for rows in _read_all(read, {key: dict(files[key]) for key in missing}, n_processes):
        collection.put(place, {key: {**row, "of": digests[key]} for key, row in rows.items()})
        done += len(rows)
        report(on_step, done, len(files), f"measured {done} of {len(files)} spectra")


def measured(collection: Collection, keys: Iterable[str], *, grid_kind: GridKind) -> dict[str, dict[str, Any]]:
    """What `measure_spectra` found: ``problem``, or ``file``, ``told``, ``variables``, ``limits`` and the arrays."""
    found = collection.get(_place(grid_kind), keys)
    return {key: row if row.get("problem") else _unpacked(row) for key, row in found.items()}


def spectrum_problems(collection: Collection, keys: Iterable[str], *, grid_kind: GridKind) -> Iterator[tuple[str, str]]:
    """Each detection that was measured with why its spectrum cannot be used; empty where it can."""
    for key, row in _rows_of(collection, _place(grid_kind), keys):
        if row is not None:
            yield key, str(row.get("problem") or "")


def _place(grid_kind: GridKind) -> str:
    return f"measured:{grid_kind}:{_VERSION}"


def _rows_of(collection: Collection, place: str, keys: Iterable[str]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Rows in the order of the keys, one block in memory at a time; None for those that are not there."""
    wanted = list(keys)
    for start in range(0, len(wanted), _ROWS_AT_ONCE):
        block = wanted[start : start + _ROWS_AT_ONCE]
        found = collection.get(place, block)
        yield from ((key, found.get(key)) for key in block)


def _digests(collection: Collection, files: Mapping[str, Files]) -> dict[str, str]:
    """Per detection, what tells its files from others."""
    sums = {path: row.get("sha256") or row.get("bytes") for path, row in collection.rows("products")}
    return {
        key: hashlib.sha256(json.dumps([[kind, sums.get(own[kind])] for kind in NEEDED]).encode()).hexdigest()[:16]
        for key, own in files.items()
    }


def _measured(folder: Path, grid_kind: GridKind, own: Files) -> dict[str, Any]:
    """The row of one detection: everything is measured from its own three files."""
    paths = {kind: folder / own[kind] for kind in NEEDED}
    if absent := [path.name for path in paths.values() if not path.is_file()]:
        return {"problem": f"{', '.join(absent)} is not in {folder} any more; gather the products again"}
    pha = paths["pha"]
    companions = {pha: {kind: paths[kind] for kind in ("arf", "rmf")}}
    found = spectra_to_contents([pha], grid=energy_grid(grid_kind), companions=companions)
    if found.problems:
        return {"problem": "; ".join(map(str, found.problems))}
    if len(found.sources) != 1:
        return {"problem": f"{pha.name}: holds {len(found.sources)} spectra; expected one"}
    arrays = {name: _packed(getattr(found, name)[0]) for name in _ARRAYS}
    told = json.loads(found.sources.iloc[[0]][list(_TOLD)].to_json(orient="records", double_precision=15))[0]
    variables, limits = (_finite(table.iloc[0]) for table in (found.variables, found.limits))
    return {"file": own["pha"], "told": told, "variables": variables, "limits": limits, **arrays}


def _finite(row: Any) -> dict[str, float]:
    return {str(name): float(value) for name, value in row.items() if np.isfinite(value)}


def _packed(values: NDArray[np.float32]) -> str:
    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()


def _unpacked(row: Mapping[str, Any]) -> dict[str, Any]:
    arrays = {name: np.frombuffer(base64.b64decode(row[name]), "<f4") for name in _ARRAYS}
    return {**row, **arrays}


def _read_all(read: _Read, files: Mapping[str, Files], n_processes: int) -> Iterator[dict[str, dict[str, Any]]]:
    """The rows of the detections as they come, from this process or from several; none where a while has passed."""
    n = n_processes or max((os.cpu_count() or 1) - 1, 1)
    if n == 1 or len(files) < _WORTH_PROCESSES:
        yield from ({key: read(own)} for key, own in files.items())
        return
    waiting: list[str] = list(files)[::-1]
    running: dict[Future[dict[str, Any]], str] = {}
    # A server imports the readers once, for all processes.
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(n, mp_context=context, initializer=_end_with_the_parent) as pool:
        try:
            while waiting or running:
                # Few are handed out ahead: what is stopped or killed has not much on its way.
                while waiting and len(running) < 2 * n:
                    key = waiting.pop()
                    running[pool.submit(read, files[key])] = key
                ended, _ = wait(running, timeout=_LONGEST_SILENCE_S, return_when=FIRST_COMPLETED)
                yield {running.pop(future): future.result() for future in ended}
        except BrokenProcessPool as problem:
            raise AlignlabError(
                f"A process that read spectra has died ({problem}).", remedy="Run it again, with fewer processes."
            ) from problem
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _end_with_the_parent() -> None:
    parent = parent_process()
    assert parent is not None  # started by a pool

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
