"""The state of a training on disk, so that a killed one goes on where it was, to the same weights.

One safetensors file: weights, the optimiser's moments, the state of the random numbers and the best weights so far as
tensors; the plain numbers, and what the state belongs to, as JSON in the header. It is written under another name
and renamed, so it is never half there.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

#: Least seconds from one writing to the next.
EVERY_S = 1.0
#: Raise it when an older state would lead to other weights.
_FORMAT = 1


@dataclass(frozen=True, eq=False, kw_only=True)
class State:
    """Where a training stands.

    Attributes
    ----------
    tensors : dict of str to Tensor
    numbers : dict
        Whatever else, as JSON.
    """

    tensors: dict[str, Tensor] = field(repr=False)
    numbers: dict[str, Any]


class Checkpoint:
    """The file that holds a training's state.

    Parameters
    ----------
    path : Path or None
        None: nothing is kept.
    facts : mapping of str to str
        What the state belongs to, such as the recipe, the seed and the digest of the inputs.

    Attributes
    ----------
    ignored : str
        After `load`: why a file that is there was not used; empty if it was, or if there is none.
    """

    def __init__(self, path: Path | None, facts: Mapping[str, str]) -> None:
        self.path, self.facts = path, {"format": str(_FORMAT), **facts}
        self.ignored = ""
        self._written = time.monotonic()

    def load(self) -> State | None:
        """The state in the file, or None: there is none, it is damaged, or it belongs to another training."""
        if self.path is None or not self.path.is_file():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                header = file.metadata() or {}
                facts, numbers = json.loads(header["facts"]), json.loads(header["numbers"])
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except (SafetensorError, KeyError, ValueError, OSError) as error:
            self.ignored = f"the checkpoint is damaged ({error})"
            return None
        if other := sorted(name for name in self.facts | facts if facts.get(name) != self.facts.get(name)):
            self.ignored = f"the checkpoint has another {' and another '.join(other)}"
            return None
        return State(tensors=tensors, numbers=numbers)

    def save(self, state: Callable[[], State], *, at_once: bool = False) -> None:
        """Write the state if the last writing was `EVERY_S` ago, or in any case."""
        if self.path is None or (not at_once and time.monotonic() - self._written < EVERY_S):
            return
        now = state()
        header = {"facts": json.dumps(self.facts), "numbers": json.dumps(now.numbers)}
        partial = self.path.with_name(self.path.name + ".partial")
        save_file({key: value.contiguous() for key, value in now.tensors.items()}, partial, metadata=header)
        partial.replace(self.path)
        self._written = time.monotonic()


def inputs_digest(*arrays: NDArray[Any] | None) -> str:
    """The sha256 of arrays' shapes, types and contents; None is one without contents."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none;")
            continue
        digest.update(f"{array.shape}{array.dtype};".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data if array.dtype.kind != "U" else array.tobytes())
    return digest.hexdigest()


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, each name after ``<prefix>.``."""
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def part_of_state(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What `prefixed` put under `prefix`."""
    return {name.removeprefix(f"{prefix}."): value for name, value in tensors.items() if name.startswith(f"{prefix}.")}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's moments and step counts, named ``<number of the parameter>.<what>``."""
    moments = optimiser.state_dict()["state"]
    return {f"{number}.{what}": value for number, values in moments.items() for what, value in values.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser of the same parameters the moments that `optimiser_tensors` took."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, what = name.split(".", 1)
        state.setdefault(int(number), {})[what] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
