"""What is found in a run later (scores of outliers, clusters, networks): one file each in the run's folder.

``findings/<name>.safetensors`` holds arrays and, in its header, what they are; published atomically, never changed,
replaced as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from alignlab.errors import DamagedArtefactError
from alignlab.store.artefact import check_name, write_file_atomically

_FOLDER = "findings"


@dataclass(frozen=True, eq=False, kw_only=True)
class Finding:
    """Arrays that were found in a run, with what is known of them.

    Attributes
    ----------
    arrays : mapping of str to ndarray
    told : dict
        JSON: parameters, provenance, figures.
    """

    arrays: Mapping[str, NDArray]
    told: dict[str, Any]


def write_finding(run: Path, name: str, version: int, finding: Finding) -> None:
    """Publish a finding beside the run in folder `run`; one of that name is replaced.

    Raises
    ------
    ValueError
        If a figure in `told` is not finite.
    """
    header = {"version": str(version), "told": json.dumps(finding.told, allow_nan=False)}
    arrays = {key: np.ascontiguousarray(array) for key, array in finding.arrays.items()}
    write_file_atomically(_path(run, name), lambda path: save_file(arrays, path, metadata=header))


def read_finding(run: Path, name: str, version: int) -> Finding | None:
    """The finding of that name; None where there is none, or one of an older version of what found it.

    Raises
    ------
    DamagedArtefactError
        If the file cannot be read.
    """
    path = _path(run, name)
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            if header.get("version") != str(version):
                return None
            names = file.keys()
            return Finding(arrays={name: file.get_tensor(name) for name in names}, told=json.loads(header["told"]))
    except FileNotFoundError:
        return None
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise DamagedArtefactError(
            f"{path} cannot be read: {error}", remedy="Delete this file; what it holds is computed again."
        ) from error


def finding_names(run: Path, prefix: str = "") -> list[str]:
    """Names of the findings beside a run that begin with `prefix`, in alphabetical order."""
    return sorted(path.stem for path in (run / _FOLDER).glob("[!.]*.safetensors") if path.stem.startswith(prefix))


def delete_finding(run: Path, name: str) -> None:
    """Delete a finding, if it is there."""
    _path(run, name).unlink(missing_ok=True)


def finding_stamp(run: Path, name: str) -> int:
    """When a finding was written, in nanoseconds, for caches; 0 where there is none."""
    try:
        return _path(run, name).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _path(run: Path, name: str) -> Path:
    return run / _FOLDER / f"{check_name(name)}.safetensors"
