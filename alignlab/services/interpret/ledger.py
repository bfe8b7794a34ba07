"""Numbers the evidence as it is found."""

from __future__ import annotations

from alignlab.services.interpret.contract import Evidence, Stage


class Ledger:
    """What may be cited, in the order in which it was found."""

    def __init__(self) -> None:
        self._found: list[Evidence] = []

    def add(self, stage: Stage, statement: str) -> str:
        """Write a statement down; its id."""
        self._found.append(Evidence(id=f"E{len(self._found) + 1}", stage=stage, statement=statement))
        return self._found[-1].id

    @property
    def found(self) -> tuple[Evidence, ...]:
        """All so far."""
        return tuple(self._found)
