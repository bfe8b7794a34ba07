"""Immutable folders: written under a temporary name, published by one atomic rename, checked when opened.

DuckDB lets one process write a file or many read it, never both. So nothing is ever changed in place: a survey or a
run is complete in a ``.partial`` folder before anybody can see it, and a crash leaves only that folder, which the
next start sweeps away.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import alignlab
from alignlab.errors import AlignlabError, DamagedArtefactError, MissingArtefactError

#: Raise it when a reader of the old layout would misread the new one.
SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
#: Several hosts may write into one data folder.
_HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
_OWNER = re.compile(r"\.(?:(?P<host>[0-9a-f]{8})-)?(?P<process>\d+)(?:-\d+)?(?:\.old)?\.partial$")
_ABANDONED_S = 86_400
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

Kind = Literal["survey", "run", "overlay", "heads"]


class AlreadyPublishedError(AlignlabError):
    """An artefact of that name is there, and nobody asked to replace it."""


@dataclass(frozen=True, kw_only=True)
class Meta:
    """Where an artefact comes from.

    Attributes
    ----------
    kind : {"survey", "run", "overlay", "heads"}
        What the folder holds.
    name : str
        Name of the survey, or id of the run.
    simulated : bool
        True when the photons are simulated; every page and export says so.
    seed : int or None
        Seed of the random numbers that went in.
    recipe : dict
        How it was made, as JSON.
    inputs_sha256 : dict
        Digest of the manifest of each artefact (or of each file) that it was made from.
    schema_version, alignlab_version, created_utc
        Filled in when it is written.
    """

    kind: Kind
    name: str
    simulated: bool
    seed: int | None = None
    recipe: dict[str, Any] = field(default_factory=dict)
    inputs_sha256: dict[str, str] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION
    alignlab_version: str = alignlab.__version__
    created_utc: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def check_name(name: str) -> str:
    """Return `name` if it can be a folder's name, so that no artefact is ever written outside its place."""
    if not NAME_PATTERN.fullmatch(name) or name.endswith(".partial"):
        raise AlignlabError(
            f"{name!r} cannot name a survey or run.", remedy="Use letters, digits, '.', '_' and '-', at most 64."
        )
    return name


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_digest(folder: Path) -> str:
    """Digest that identifies a published artefact: the sha256 of its manifest, which holds those of its files."""
    return sha256_of(folder / MANIFEST)


def publish(folder: Path, meta: Meta, write: Callable[[Path], None], *, replace: bool = False) -> None:
    """Write an artefact with `write` into a temporary folder, seal it with a manifest and rename it into place.

    Parameters
    ----------
    folder : Path
        Final place.
    meta : Meta
        Provenance, stored in the manifest.
    write : callable
        Receives the temporary folder and fills it. If it raises, nothing is published and nothing is left behind.
    replace : bool
        Put it in the place of an existing artefact; open readers keep the old files.

    Raises
    ------
    AlreadyPublishedError
        If `folder` exists and `replace` is false.
    """
    check_name(folder.name)
    if folder.exists() and not replace:
        raise _already_there(folder, meta)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = _beside(folder)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        write(partial)
        files = {
            str(path.relative_to(partial)): {"sha256": sha256_of(path), "bytes": path.stat().st_size}
            for path in sorted(partial.rglob("*"))
            if path.is_file()
        }
        (partial / MANIFEST).write_text(json.dumps({"meta": asdict(meta), "files": files}, indent=1, sort_keys=True))
        if replace and folder.exists():
            retired = _beside(folder, ".old")
            shutil.rmtree(retired, ignore_errors=True)
            folder.rename(retired)
            partial.rename(folder)
            shutil.rmtree(retired)
        else:
            _rename_into_place(partial, folder, meta)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _rename_into_place(partial: Path, folder: Path, meta: Meta) -> None:
    try:
        partial.rename(folder)
    except OSError:
        if folder.exists():  # another process was faster
            raise _already_there(folder, meta) from None
        raise


def _already_there(folder: Path, meta: Meta) -> AlreadyPublishedError:
    return AlreadyPublishedError(
        f"{meta.kind} {folder.name!r} exists already in {folder.parent}.", remedy="Choose another name."
    )


def read_manifest(folder: Path, kind: Kind) -> Meta:
    """Check that `folder` holds a complete artefact of this `kind` that this version can read.

    Every file must be there with its recorded size; `verify_checksums` compares contents as well.

    Raises
    ------
    MissingArtefactError
        If there is no such folder.
    DamagedArtefactError
        If it is incomplete, altered, of another kind or written by a newer version; the message names the file.
    """
    rebuild = f"Remove {folder} and build it again; everything in it can be rebuilt."
    if not folder.is_dir():
        raise MissingArtefactError(
            f"There is no {kind} in {folder}.", remedy="List what there is with 'alignlab surveys' or 'alignlab runs'."
        )
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text())
        meta = Meta(**manifest["meta"])
        files: Mapping[str, Mapping[str, Any]] = manifest["files"]
    except FileNotFoundError:
        raise DamagedArtefactError(f"{path} is missing.", remedy=rebuild) from None
    except (ValueError, KeyError, TypeError) as error:
        newer = _schema_version_of(path)
        if newer is not None and newer > SCHEMA_VERSION:
            raise _too_new(path, newer) from None
        raise DamagedArtefactError(f"{path} cannot be read ({error}).", remedy=rebuild) from error
    if meta.schema_version > SCHEMA_VERSION:
        raise _too_new(path, meta.schema_version)
    if meta.kind != kind:
        raise DamagedArtefactError(f"{folder} holds a {meta.kind}, not a {kind}.", remedy="Name another folder.")
    for name, facts in files.items():
        file = folder / name
        if not file.is_file():
            raise DamagedArtefactError(f"{file} is missing.", remedy=rebuild)
        if file.stat().st_size != facts["bytes"]:
            raise DamagedArtefactError(
                f"{file} has {file.stat().st_size} bytes where {facts['bytes']} were written.", remedy=rebuild
            )
    return meta


def verify_checksums(folder: Path) -> None:
    """Compare the sha256 of every file with the manifest.

    Raises
    ------
    DamagedArtefactError
        Naming the first file that differs.
    """
    files = json.loads((folder / MANIFEST).read_text())["files"]
    for name, facts in files.items():
        if sha256_of(folder / name) != facts["sha256"]:
            raise DamagedArtefactError(
                f"{folder / name} was altered after it was written.",
                remedy=f"Remove {folder} and build it again; everything in it can be rebuilt.",
            )


def sweep_partials(root: Path, *, writers: Container[int] | None = None) -> list[Path]:
    """Delete what crashed writers left under `root`, and return the paths.

    That is, ``.partial`` entries whose process is gone. Whether one of another host is, cannot be known from here: what
    it left is deleted once nothing has been written to it for a day.

    With `writers`, only what the processes of these ids left.
    """
    swept = []
    for path in sorted(root.rglob(".*.partial")) if root.is_dir() else []:
        owner = _OWNER.search(path.name)
        host, process = (owner["host"] or _HOST, int(owner["process"])) if owner else (_HOST, None)
        is_at_work = _is_fresh(path) if host != _HOST else process is not None and _is_running(process)
        if is_at_work or (writers is not None and (host != _HOST or process not in writers)):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        swept.append(path)
    return swept


def withdraw(folder: Path) -> None:
    """Delete a published folder: gone for everybody by one rename, then removed; a crash leaves a ``.partial``."""
    retired = _beside(folder, ".old")
    shutil.rmtree(retired, ignore_errors=True)
    folder.rename(retired)
    shutil.rmtree(retired)


def write_file_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Write one file through a ``.partial`` neighbour and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _beside(path)
    try:
        write(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _beside(path: Path, mark: str = "") -> Path:
    """A name beside `path` that says whose it is: of this host, process and thread."""
    return path.parent / f".{path.name}.{_HOST}-{os.getpid()}-{threading.get_ident()}{mark}.partial"


def _is_fresh(path: Path) -> bool:
    newest = 0.0
    for entry in (path, *path.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # gone meanwhile: its host is at work on it
            newest = max(newest, entry.stat().st_mtime)
    return time.time() - newest < _ABANDONED_S


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _schema_version_of(path: Path) -> int | None:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return int(json.loads(path.read_text())["meta"]["schema_version"])
    return None


def _too_new(path: Path, version: int) -> DamagedArtefactError:
    return DamagedArtefactError(
        f"{path} was written by a newer alignlab (schema {version}; this one reads up to {SCHEMA_VERSION}).",
        remedy="Update alignlab to open it.",
    )
