"""One polite way to talk to an archive over HTTP: bounded pace, retries, whole answers, and errors in words.

`ArchiveSession` is a `requests.Session`, so that pyvo can be given it. An answer is read whole, within a time and a
size, before it is handed on: a cut or stalled one is asked for again and never seen by a parser.
"""

from __future__ import annotations

import contextlib
import io
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase

import alignlab
from alignlab.errors import AlignlabError
from alignlab.ingest.archive_answer import keep_body, page_title, plain, retry_after_s
from alignlab.progress import StoppedError

#: Asked again: too many requests, and what a server says when it is not itself.
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_BLOCK_BYTES = 1 << 16
#: Of a refusal or a page, for its words.
_REFUSAL_BYTES = 4096
_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


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


class TransientError(Exception):
    """Another attempt may help; never leaves the session."""

    def __init__(self, problem: ArchiveError, *, retry_after_s: float | None = None) -> None:
        super().__init__(str(problem))
        self.problem, self.retry_after_s = problem, retry_after_s


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How an archive is asked.

    Attributes
    ----------
    retries : int
        How often a request that failed for a moment is sent again.
    backoff_s, longest_wait_s : float
        First wait before another attempt, doubled each time and varied at random by half; a ``Retry-After`` of the
        server takes its place, for all threads. Neither may be longer than `longest_wait_s`: a server that asks for
        more is an error.
    connect_s, silence_s, answer_s : float
        Most seconds to connect, without a byte, and for a whole answer.
    slowest_bytes_s : float
        A file may take longer than `answer_s` as long as it comes at this pace.
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
    slowest_bytes_s: float = 10_000.0
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
        Sent as a bearer token to `token_host` alone, and never in the clear over a network; never shown, logged or
        kept.
    token_host : str
        Host (and port) that may see the token.
    """

    def __init__(self, service: str, *, manners: Manners | None = None, token: str = "", token_host: str = "") -> None:
        super().__init__()
        self.service, self.manners = service, manners or Manners()
        self.headers["User-Agent"] = f"alignlab/{alignlab.__version__}"
        self._token, self._token_host = token, token_host.lower()
        self._turns = threading.BoundedSemaphore(self.manners.concurrency)
        self._is_stopped, self._not_before = threading.Event(), 0.0

    def request(  # type: ignore[override]
        self, method: str, url: str, *args: Any, expects: str = "", **options: Any
    ) -> requests.Response:
        """Send a request, again where that may help, and read the whole answer.

        Parameters
        ----------
        expects : str
            What must be in the type of the answer, such as "json" or "json|xml"; "" for anything but a web page.

        Raises
        ------
        ArchiveError
            If there is no good answer: after the last attempt, at once where another would be refused too.
        StoppedError
            If another thread has called `stop`.
        """
        # An attempt reads them to their end.
        if files := options.get("files"):
            options["files"] = {name: file.read() if hasattr(file, "read") else file for name, file in files.items()}
        return self.until_answered(lambda: self._whole(method, url, args, options, expects))

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
            If it cannot be had, or cannot be written; what has come so far is kept.
        StoppedError
            If another thread has called `stop`.
        """
        # Imported here: that module needs this one.
        from alignlab.ingest.archive_download import Download

        return Download(self, url, path, params, sha256, max_bytes, on_bytes).fetch()

    def stop(self) -> None:
        """Let every request of this session, running or to come, end with a StoppedError as soon as it may."""
        self._is_stopped.set()

    def pause(self, seconds: float) -> None:
        """Wait, unless the session is stopped.

        Raises
        ------
        StoppedError
        """
        self._is_stopped.wait(max(seconds, 0.0))
        self._check_not_stopped()

    def until_answered(self, attempt: Callable[[], requests.Response]) -> requests.Response:
        """Try, and try again as the manners say, as long as a `TransientError` comes."""
        wait = self.manners.backoff_s
        for number in range(self.manners.retries + 1):
            try:
                with self._turns:
                    self.pause(self._not_before - time.monotonic())
                    return attempt()
            except TransientError as error:
                delay = error.retry_after_s
                if delay is None:
                    delay, wait = min(wait * random.uniform(0.5, 1.5), self.manners.longest_wait_s), 2 * wait
                elif delay > self.manners.longest_wait_s:
                    asked = f"{error.problem.problem}; it asks to wait {delay:.0f} s"
                    raise ArchiveError(
                        self.service, asked, remedy="Go on later.", status=error.problem.status
                    ) from error
                else:
                    self._not_before = max(self._not_before, time.monotonic() + delay)
                if number == self.manners.retries:
                    raise error.problem from error
                self.pause(delay)
        raise AssertionError("the loop returns or raises")

    def send_once(self, method: str, url: str, *args: Any, **options: Any) -> requests.Response:
        """One request, its body not yet read; what is not a good answer raises."""
        limits = {"stream": True, "timeout": (self.manners.connect_s, self.manners.silence_s)}
        if self._may_see_token(url):
            limits["auth"] = _Bearer(self._token)
        try:
            response = super().request(method, url, *args, **{**options, **limits})
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise TransientError(self._unreachable(url, error)) from error
        except requests.RequestException as error:
            raise ArchiveError(self.service, f"{self.safe(url)} cannot be asked ({type(error).__name__})") from error
        if response.status_code >= 400:
            self._refuse(response, url)
        return response

    def blocks(self, response: requests.Response, url: str, *, as_sent: bool = False) -> Iterator[bytes]:
        """The body as it comes, within the limits of time; `as_sent` without undoing a compression."""
        began, come = time.monotonic(), 0
        try:
            while block := response.raw.read1(_BLOCK_BYTES, decode_content=not as_sent):
                self._check_not_stopped()
                come += len(block)
                yield block
                allowed = self.manners.answer_s + (come / self.manners.slowest_bytes_s if as_sent else 0.0)
                if time.monotonic() - began > allowed:
                    slow = f"{self.safe(url)} took longer than {allowed:.3g} s"
                    raise TransientError(ArchiveError(self.service, slow))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            what = "stalled" if isinstance(error, urllib3.exceptions.ReadTimeoutError) else "was cut off"
            raise TransientError(ArchiveError(self.service, f"the answer of {self.safe(url)} {what}")) from error
        finally:
            response.close()

    def check_kind(self, response: requests.Response, url: str, begin: bytes, *, expects: str = "") -> None:
        """Refuse a web page where data were asked for, and a type that is not among the expected."""
        told = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if title := page_title(begin[:_REFUSAL_BYTES]):
            raise ArchiveError(
                self.service,
                f"{self.safe(url)} answered with a web page ({self.redacted(title)!r}), not with data",
                remedy="Look at it in a browser: it may ask for a login, or tell of maintenance.",
                status=response.status_code,
            )
        if expects and not any(word in told for word in expects.split("|")):
            raise ArchiveError(
                self.service,
                f"{self.safe(url)} answered with {told or 'an unknown type'}, not with {expects.replace('|', ' or ')}",
                remedy="Check the address of the service.",
                status=response.status_code,
            )

    def safe(self, url: str) -> str:
        """The address without what may be private in it."""
        parts = urlsplit(url)
        return self.redacted(
            f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
        )

    def redacted(self, text: str) -> str:
        """The text without the token."""
        return text.replace(self._token, "…") if self._token else text

    def _may_see_token(self, url: str) -> bool:
        parts = urlsplit(url)
        is_private = parts.scheme == "https" or parts.hostname in _LOCAL_HOSTS
        return bool(self._token) and parts.netloc.lower() == self._token_host and is_private

    def _check_not_stopped(self) -> None:
        if self._is_stopped.is_set():
            raise StoppedError(f"{self.service}: stopped on request")

    def _whole(self, method: str, url: str, args: Any, options: dict[str, Any], expects: str) -> requests.Response:
        response = self.send_once(method, url, *args, **options)
        body = io.BytesIO()
        for block in self.blocks(response, url):
            body.write(block)
            if body.tell() > self.manners.max_bytes:
                raise ArchiveError(self.service, f"{self.safe(url)} sends more than {self.manners.max_bytes} bytes")
        keep_body(response, body.getvalue())
        self.check_kind(response, url, response.content, expects=expects)
        return response

    def _refuse(self, response: requests.Response, url: str) -> None:
        status, begin = response.status_code, b""
        # The status is what counts: a refusal may break off as it likes.
        with contextlib.suppress(TransientError):
            for block in self.blocks(response, url):
                begin += block
                if len(begin) > _REFUSAL_BYTES:
                    break
        said = plain(begin[:_REFUSAL_BYTES].decode("utf-8", "replace"))[:200]
        told = f"{self.safe(url)} answered {status} {response.reason or ''}".rstrip() + (f": {said}" if said else "")
        remedy = ""
        if status in (401, 403):
            remedy = "Check that the token is set and has not expired." if self._token else "It may need a login."
        problem = ArchiveError(self.service, self.redacted(told), remedy=remedy, status=status)
        # A VOTable that tells an error is the answer to the question, whatever the status.
        if status in _TRANSIENT and b"QUERY_STATUS" not in begin:
            raise TransientError(problem, retry_after_s=retry_after_s(response.headers.get("Retry-After")))
        raise problem

    def _unreachable(self, url: str, error: Exception) -> ArchiveError:
        what = "did not answer in time" if isinstance(error, requests.Timeout) else "cannot be reached"
        return ArchiveError(
            self.service, f"{self.safe(url)} {what}", remedy="Check the network and the address, and try again."
        )


class _Bearer(AuthBase):
    """Puts the token into a request; requests itself takes it out again when it follows a link to another host."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
