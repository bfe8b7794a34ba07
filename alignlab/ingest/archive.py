"""One polite way to talk to an archive over HTTP: bounded pace, retries, whole answers, and errors in words.

`ArchiveSession` is a `requests.Session`, so that pyvo can be given it. An answer is read whole, within a time and a
size, before it is handed on: a cut or stalled one is asked for again and never seen by a parser.
"""

from __future__ import annotations

import contextlib
import email.utils
import io
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

import alignlab
from alignlab.errors import AlignlabError
from alignlab.store.artefact import sha256_of

#: Asked again: too many requests, and what a server says when it is not itself.
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_BLOCK_BYTES = 1 << 16


class ArchiveError(AlignlabError):
    """An archive does not answer, or not as it should.

    Parameters
    ----------
    service : str
        Name of the archive, for a person.
    problem : str
    remedy : str, optional
    status : int
        Of the HTTP answer; 0 where there was none.
    """

    def __init__(self, service: str, problem: str, *, remedy: str = "", status: int = 0) -> None:
        super().__init__(f"{service}: {problem}", remedy=remedy)
        self.service, self.problem, self.status = service, problem, status


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How an archive is asked.

    Attributes
    ----------
    retries : int
        How often a request that failed for a moment is sent again.
    backoff_s, longest_wait_s : float
        First wait before another attempt, doubled each time and varied at random by half; a ``Retry-After`` of the
        server takes its place. Neither may be longer than `longest_wait_s`: a server that asks for more is an error.
    connect_s, silence_s, answer_s : float
        Most seconds to connect, without a byte, and for a whole answer.
    max_bytes : int
        Largest answer that is read into memory.
    concurrency : int
        Requests at the same time.
    """

    retries: int = 5
    backoff_s: float = 0.5
    longest_wait_s: float = 120.0
    connect_s: float = 10.0
    silence_s: float = 60.0
    answer_s: float = 600.0
    max_bytes: int = 512 * 1024**2
    concurrency: int = 4


class ArchiveSession(requests.Session):
    """A session with an archive; may be shared between threads.

    Parameters
    ----------
    service : str
        Name of the archive, for messages.
    manners : Manners
    token : str
        Sent as a bearer token to `token_host` alone; never shown, logged or kept.
    token_host : str
        Host (and port) that may see the token.
    """

    def __init__(self, service: str, *, manners: Manners | None = None, token: str = "", token_host: str = "") -> None:
        super().__init__()
        self.service, self.manners = service, manners or Manners()
        self.headers["User-Agent"] = f"alignlab/{alignlab.__version__}"
        self._token, self._token_host = token, token_host
        self._turns = threading.BoundedSemaphore(self.manners.concurrency)

    def request(self, method: str, url: str, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send a request, again where that may help, and read the whole answer.

        Raises
        ------
        ArchiveError
            If there is no good answer: after the last attempt, at once where another would be refused too.
        """
        return self._until_answered(lambda: self._whole(method, url, args, options))

    def download(
        self,
        url: str,
        path: Path,
        *,
        params: Mapping[str, Any] | None = None,
        sha256: str = "",
        max_bytes: int = 4 * 1024**3,
        on_bytes: Callable[[int], None] | None = None,
    ) -> str:
        """Fetch a file, going on where an earlier attempt or process was cut off, and put it in place when it is whole.

        Parameters
        ----------
        url : str
        path : Path
            Where it goes; ``<name>.part`` beside it holds what has come so far.
        sha256 : str
            What it must have; a file that differs is thrown away and told.
        on_bytes : callable, optional
            Is given the number of bytes so far.

        Returns
        -------
        str
            Its sha256.

        Raises
        ------
        ArchiveError
        """
        part = path.with_name(f"{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._until_answered(lambda: self._further(url, part, params, max_bytes, on_bytes))
        found = sha256_of(part)
        if sha256 and found != sha256.lower():
            part.unlink()
            raise ArchiveError(
                self.service,
                f"{self._safe(url)} came with another checksum than the archive tells",
                remedy="Try again.",
            )
        part.replace(path)
        return found

    def _until_answered(self, attempt: Callable[[], requests.Response]) -> requests.Response:
        wait, problem = self.manners.backoff_s, ArchiveError(self.service, "was not asked")
        for number in range(self.manners.retries + 1):
            try:
                with self._turns:
                    return attempt()
            except _TransientError as error:
                problem = error.problem
                delay = error.retry_after_s
                if delay is None:
                    delay, wait = min(wait * random.uniform(0.5, 1.5), self.manners.longest_wait_s), 2 * wait
                if number == self.manners.retries or delay > self.manners.longest_wait_s:
                    break
                time.sleep(delay)
        raise problem

    def _send(self, method: str, url: str, args: Any, options: dict[str, Any]) -> requests.Response:
        """One request, its body not yet read; what is not a good answer raises."""
        headers = dict(options.get("headers") or {})
        if self._token and urlsplit(url).netloc == self._token_host:
            headers["Authorization"] = f"Bearer {self._token}"
        limits = {"stream": True, "timeout": (self.manners.connect_s, self.manners.silence_s)}
        try:
            response = super().request(method, url, *args, **{**options, **limits, "headers": headers})
        except (requests.ConnectionError, requests.Timeout) as error:
            raise _TransientError(self._unreachable(url, error)) from error
        except requests.RequestException as error:
            raise ArchiveError(self.service, f"{self._safe(url)} cannot be asked ({type(error).__name__})") from error
        if response.status_code >= 400:
            with contextlib.suppress(requests.RequestException):
                self._read(response, url)
            self._refuse(response, url)
        return response

    def _whole(self, method: str, url: str, args: Any, options: dict[str, Any]) -> requests.Response:
        response = self._send(method, url, args, options)
        self._read(response, url)
        return response

    def _read(self, response: requests.Response, url: str) -> None:
        """Read the body into the response, within the limits."""
        body = io.BytesIO()
        for block in self._blocks(response, url):
            body.write(block)
            if body.tell() > self.manners.max_bytes:
                raise ArchiveError(self.service, f"{self._safe(url)} sends more than {self.manners.max_bytes} bytes")
        response._content, response._content_consumed = body.getvalue(), True
        response.raw = io.BytesIO(body.getvalue())

    def _blocks(self, response: requests.Response, url: str) -> Any:
        ends = time.monotonic() + self.manners.answer_s
        try:
            for block in response.iter_content(_BLOCK_BYTES):
                yield block
                if time.monotonic() > ends:
                    raise _TransientError(
                        ArchiveError(self.service, f"{self._safe(url)} took longer than {self.manners.answer_s:.0f} s")
                    )
        except requests.RequestException as error:
            raise _TransientError(
                ArchiveError(self.service, f"the answer of {self._safe(url)} was cut off ({type(error).__name__})")
            ) from error
        finally:
            response.close()

    def _further(
        self,
        url: str,
        part: Path,
        params: Mapping[str, Any] | None,
        max_bytes: int,
        on_bytes: Callable[[int], None] | None,
    ) -> requests.Response:
        there = part.stat().st_size if part.exists() else 0
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={there}-"} if there else {})}
        try:
            response = self._send("GET", url, (), {"params": params, "headers": headers})
        except ArchiveError as error:
            if error.status == 416:
                # What lies there is no beginning of this file.
                part.unlink()
                raise _TransientError(error) from error
            raise
        goes_on = response.status_code == 206
        with part.open("ab" if goes_on else "wb") as file:
            for block in self._blocks(response, url):
                if file.tell() + len(block) > max_bytes:
                    raise ArchiveError(self.service, f"{self._safe(url)} is larger than {max_bytes} bytes")
                file.write(block)
                if on_bytes is not None:
                    on_bytes(file.tell())
        return response

    def _refuse(self, response: requests.Response, url: str) -> None:
        status, said = response.status_code, _words(response)
        told = f"{self._safe(url)} answered {status} {response.reason or ''}".rstrip() + (f": {said}" if said else "")
        remedy = ""
        if status in (401, 403):
            remedy = "Check that the token is set and has not expired."
        problem = ArchiveError(self.service, self._redacted(told), remedy=remedy, status=status)
        if status in _TRANSIENT:
            raise _TransientError(problem, retry_after_s=_retry_after(response.headers.get("Retry-After")))
        raise problem

    def _unreachable(self, url: str, error: Exception) -> ArchiveError:
        what = "did not answer in time" if isinstance(error, requests.Timeout) else "cannot be reached"
        return ArchiveError(
            self.service, f"{self._safe(url)} {what}", remedy="Check the network and the address, and try again."
        )

    def _safe(self, url: str) -> str:
        """The address without what may be private in it."""
        parts = urlsplit(url)
        return self._redacted(
            f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
        )

    def _redacted(self, text: str) -> str:
        return text.replace(self._token, "…") if self._token else text


class _TransientError(Exception):
    """Another attempt may help."""

    def __init__(self, problem: ArchiveError, *, retry_after_s: float | None = None) -> None:
        super().__init__(str(problem))
        self.problem, self.retry_after_s = problem, retry_after_s


def _retry_after(value: str | None) -> float | None:
    """Seconds that a server asks to wait, whether it gives a number or a date."""
    if value is None:
        return None
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
        return float(value)
    try:
        return max(email.utils.parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError):
        return None


def _words(response: requests.Response) -> str:
    """What a refusal says, without mark-up, in at most two lines."""
    text = re.sub(r"<[^>]*>", " ", response.text[:2000]) if response._content else ""
    return " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())[:200]
