"""Ends an answer that drips for too long or does not end: the `openai` client knows neither limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import cast

import httpx2


def bound_answers(*, whole_s: float, max_bytes: int) -> Callable[[httpx2.Response], None]:
    """A hook for an HTTP client that bounds the time and the size of every answer's body."""

    def bound(response: httpx2.Response) -> None:
        body = cast(httpx2.SyncByteStream, response.stream)
        response.stream = _BoundedStream(body, ends=time.monotonic() + whole_s, max_bytes=max_bytes)

    return bound


class _BoundedStream(httpx2.SyncByteStream):
    def __init__(self, body: httpx2.SyncByteStream, *, ends: float, max_bytes: int) -> None:
        self._body, self._ends, self._max_bytes = body, ends, max_bytes

    def __iter__(self) -> Iterator[bytes]:
        n_bytes = 0
        for block in self._body:
            n_bytes += len(block)
            if time.monotonic() > self._ends:
                raise httpx2.ReadTimeout("the whole answer took too long")
            if n_bytes > self._max_bytes:
                raise httpx2.ReadError("the answer is too large")
            yield block

    def close(self) -> None:
        self._body.close()
