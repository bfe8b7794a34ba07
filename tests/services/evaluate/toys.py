"""Parts of an evaluation that cost nothing and count how often they were computed."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from alignlab.progress import report
from alignlab.services import evaluate
from alignlab.services.evaluate import EvaluationContext, Part
from alignlab.services.evaluate.table import Cell, Column, Table


class ToyPart:
    """Module and part in one; `times` counts what was computed, and `killed` lets the next computation fail."""

    def __init__(self, name: str, *, is_quick: bool = True) -> None:
        self.times = 0
        self.killed = False
        self.PART = Part(
            name=name, label=f"Toy {name}", version=1, compute=self._compute, tables=self._tables,
            estimate_s=lambda n: n / 1000, is_quick=is_quick,
        )  # fmt: skip

    def _compute(self, context: EvaluationContext, *, on_step: Any) -> dict[str, Any]:
        report(on_step, 1, 2, "half of it")
        if self.killed:
            raise KeyboardInterrupt
        self.times += 1
        return {"share": 0.25, "low": 0.2, "high": 0.3, "seed": context.seed}

    def _tables(self, figures: Any) -> list[Table]:
        name = self.PART.name
        cells = [Cell(name), Cell(figures["share"], figures["low"], figures["high"], is_best=True)]
        columns = [Column("what", "what"), Column("share", "share", ".1f", as_percent=True)]
        return [Table(name=name, title=f"Toy {name}", caption="n = 1.", columns=columns, rows=[cells])]


def put_toys(monkeypatch: pytest.MonkeyPatch, *, slow: str = "ablations") -> dict[str, ToyPart]:
    """Put a toy in the place of every part, until the test ends; `slow` is not computed without being asked for."""
    toys = {name: ToyPart(name, is_quick=name != slow) for name in evaluate.PARTS}
    for name, toy in toys.items():
        monkeypatch.setitem(evaluate.PARTS, name, f"toy_{name}")  # type: ignore[arg-type]
        monkeypatch.setitem(sys.modules, f"toy_{name}", toy)
    return toys
