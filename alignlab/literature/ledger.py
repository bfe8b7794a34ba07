"""Answers that were paid for, and what they cost: nothing is asked twice, and no budget is passed.

Before a question is sent, what it may cost at most is written down; with the answer, what it did cost. A process that
is killed in between leaves the first note, which counts as spent: the answer may have been paid and lost.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from alignlab.errors import AlignlabError

_ANSWERS = "answers"
#: Dollars are sums of many small ones.
_ROUNDING_USD = 1e-9


class Rows(Protocol):
    """Where answers are kept: `alignlab.store.rows.RowStore`."""

    def put(
        self, place: str, rows: Mapping[str, Mapping[str, Any]], *, stage: str = "", done: Iterable[str] = ()
    ) -> None:
        """Write rows at once."""
        ...

    def get(self, place: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The rows with these keys."""
        ...

    def rows(self, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """All rows of a place."""
        ...


class BudgetError(AlignlabError):
    """One more question could cost more than is left."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a language model said.

    Attributes
    ----------
    text : str
    finish_reason : str
        ``stop`` where it came to its end, ``length`` or ``content_filter`` where it was cut.
    refusal : str
        Why the model would not answer; empty where it did.
    model : str
        As the service names it.
    input_tokens, output_tokens : int
    usd : float or None
        None where the price is not known.
    """

    text: str
    finish_reason: str
    refusal: str
    model: str
    input_tokens: int
    output_tokens: int
    usd: float | None


class Ledger:
    """The answers in a store, and what one purpose has spent and may still spend. Safe to share between threads.

    Parameters
    ----------
    rows : Rows
        Only one process at a time may spend for a purpose; any number may read.
    purpose : str
        What the money is spent on, such as a collection's summaries: the budget is for all that it ever costs.
    max_usd : float
        The budget; 0 for none.
    """

    def __init__(self, rows: Rows, *, purpose: str, max_usd: float = 0.0) -> None:
        self._rows, self.purpose, self.max_usd = rows, purpose, max_usd
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._unwritten: dict[str, Mapping[str, Any]] = {}
        self._reserved: dict[str, float] = {}
        # What questions without an answer have cost, those included that an earlier process was asking when it ended.
        self._in_vain: dict[str, float] = {}
        self._left_by_others: dict[str, float] = {}
        self.spent_usd = 0.0
        for key, row in rows.rows(_ANSWERS):
            cost = row["usd"] + row["reserved_usd"]
            if row["answer"] is None:
                self._in_vain[key] = cost
                self._left_by_others[key] = row["reserved_usd"]
            if row["purpose"] == purpose:
                self.spent_usd += cost

    @property
    def left_usd(self) -> float:
        """What may still be promised; infinite without a budget."""
        with self._lock:
            held = self.spent_usd + sum(self._reserved.values())
        return max(self.max_usd - held, 0.0) if self.max_usd else math.inf

    def find(self, key: str) -> Answer | None:
        """The answer to a question that was asked before, by anybody."""
        return self.find_all([key]).get(key)

    def find_all(self, keys: Iterable[str]) -> dict[str, Answer]:
        """Those of the questions that are answered."""
        found = self._rows.get(_ANSWERS, keys)
        return {key: Answer(**row["answer"]) for key, row in found.items() if row["answer"] is not None}

    def reserve(self, most_usd: Mapping[str, float]) -> None:
        """Note what questions, by their keys, may cost at most, before they are sent.

        Raises
        ------
        BudgetError
            If that could pass the budget; nothing is noted then.
        """
        total = sum(most_usd.values())
        with self._lock:
            held = self.spent_usd + sum(self._reserved.values())
            if self.max_usd and held + total > self.max_usd + _ROUNDING_USD:
                raise BudgetError(
                    f"The budget of ${self.max_usd:g} does not suffice: ${held:.4f} are spent or promised, and what "
                    f"comes next may cost ${total:.4f}.",
                    remedy="Raise --max-usd to go on; what has been paid is kept.",
                )
            self._reserved.update(most_usd)
        self._note(most_usd)

    def promised(self, key: str) -> float:
        """What a question under way may cost at most."""
        with self._lock:
            return self._reserved.get(key, 0.0)

    def adopt(self, keys: Iterable[str]) -> None:
        """What an earlier process asked is still under way, as in a batch: its promise holds and nothing is lost."""
        with self._lock:
            for key in keys:
                usd = self._left_by_others.pop(key, 0.0)
                self._in_vain[key] = self._in_vain.get(key, 0.0) - usd
                self.spent_usd -= usd
                self._reserved[key] = usd

    def release(self, keys: Iterable[str]) -> None:
        """These questions were refused before they cost anything."""
        keys = list(keys)
        with self._lock:
            for key in keys:
                self._reserved.pop(key, None)
        self._note(dict.fromkeys(keys, 0.0))

    def lose(self, key: str) -> None:
        """The answer did not arrive, but may have been paid: what was reserved counts as spent."""
        with self._lock:
            usd = self._reserved.pop(key, 0.0)
            self.spent_usd += usd
            self._in_vain[key] = self._in_vain.get(key, 0.0) + usd
        self._note({key: 0.0})

    def settle(self, answers: Mapping[str, Answer]) -> None:
        """Keep answers, all at once, with what they cost."""
        with self._lock:
            costs = {key: answer.usd or 0.0 for key, answer in answers.items()}
            for key, usd in costs.items():
                self._reserved.pop(key, None)
                self.spent_usd += usd
        self._write(
            {key: self._row(self._in_vain.pop(key, 0.0) + costs[key], 0.0, answer) for key, answer in answers.items()}
        )

    def _note(self, reserved: Mapping[str, float]) -> None:
        self._write({key: self._row(self._in_vain.get(key, 0.0), usd, None) for key, usd in reserved.items()})

    def _write(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Write rows for good; what several threads have to write at the same time is one transaction."""
        with self._lock:
            self._unwritten.update(rows)
        with self._writing:
            with self._lock:
                batch, self._unwritten = self._unwritten, {}
            # Nothing is left to the thread whose rows another has taken along.
            if batch:
                try:
                    self._rows.put(_ANSWERS, batch)
                except BaseException:
                    with self._lock:
                        self._unwritten = {**batch, **self._unwritten}
                    raise

    def _row(self, usd: float, reserved_usd: float, answer: Answer | None) -> dict[str, Any]:
        return {
            "purpose": self.purpose,
            "usd": usd,
            "reserved_usd": reserved_usd,
            "answer": None if answer is None else asdict(answer),
        }
