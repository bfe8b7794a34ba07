"""What may go wrong between us and an archive, to be ordered one by one or at random."""

from __future__ import annotations

import random
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["refuse", "cut", "reset", "stall", "drip", "disguise"]
LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Please log in</title></head><body><p>Sign in</p></body></html>"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong with one answer.

    Attributes
    ----------
    kind : str
        ``refuse`` (another status, the request is not served), ``cut`` (part of the body, then the connection is
        closed), ``reset`` (the same with a TCP reset), ``stall`` (part of the body, then silence), ``drip`` (the body
        in small pieces), ``disguise`` (a login page with status 200, the request is not served).
    status, headers, body
        Of a refusal.
    share : float
        Of the body that is sent before a cut, a reset or a stall; 0 sends nothing at all, not even a status.
    chunked : bool
        The length is not told beforehand.
    seconds : float
        Of silence in a stall, between pieces in a drip.
    """

    kind: Kind
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    share: float = 0.5
    chunked: bool = False
    seconds: float = 0.0


def refuse(status: int, *, retry_after: str | None = None, body: bytes = b"") -> Fault:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Fault(kind="refuse", status=status, headers=headers, body=body)


def expired_token() -> Fault:
    return Fault(kind="refuse", status=401, body=b'{"error": "Unauthorized: token expired"}')


def cut(share: float = 0.5, *, chunked: bool = False) -> Fault:
    return Fault(kind="cut", share=share, chunked=chunked)


def reset(share: float = 0.0) -> Fault:
    return Fault(kind="reset", share=share)


def stall(seconds: float, share: float = 0.5) -> Fault:
    return Fault(kind="stall", seconds=seconds, share=share)


def drip(seconds: float) -> Fault:
    return Fault(kind="drip", seconds=seconds)


def disguise() -> Fault:
    return Fault(kind="disguise")


#: Those after which another attempt gets a good answer at once.
PASSING = (refuse(500), refuse(503, retry_after="0"), refuse(429), cut(), cut(chunked=True), reset(), reset(0.5))


class Faults:
    """What a server consults before each answer: first what was ordered, in its order, then what chance brings."""

    def __init__(self) -> None:
        self._ordered: deque[tuple[Fault, str]] = deque()
        self._chance: tuple[random.Random, float, tuple[Fault, ...]] | None = None
        self._lock = threading.Lock()
        #: Faults that were handed out.
        self.n_happened = 0

    def order(self, *faults: Fault, path: str = "") -> None:
        """Let these happen to the next answers, one each; with a path, to requests whose path holds it."""
        with self._lock:
            self._ordered.extend((fault, path) for fault in faults)

    def at_random(self, share: float, *, seed: int = 0, kinds: tuple[Fault, ...] = PASSING) -> None:
        """Let one of these happen to this share of the answers."""
        with self._lock:
            self._chance = (random.Random(seed), share, kinds)

    def take(self, path: str) -> Fault | None:
        """The fault that happens to the answer to this request, if one does."""
        with self._lock:
            for i, (fault, where) in enumerate(self._ordered):
                if where in path:
                    del self._ordered[i]
                    self.n_happened += 1
                    return fault
            if self._chance is not None:
                dice, share, kinds = self._chance
                if dice.random() < share:
                    self.n_happened += 1
                    return dice.choice(kinds)
            return None
