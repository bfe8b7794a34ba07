"""The `openai` client, made polite: what fails for now is told from what fails for good, and keys are never shown.

The client's own retries are off: ours honour ``Retry-After`` for all threads together, end at once when the work is
stopped, and count what an answer that got lost may have cost.
"""

from __future__ import annotations

import email.utils
import os
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from alignlab.errors import AlignlabError

if TYPE_CHECKING:
    import openai

#: Where the key stands; it is read at the moment of use and kept nowhere.
KEY_VARIABLE = "OPENAI_API_KEY"
_ADDRESS_VARIABLE = "OPENAI_BASE_URL"
_OPENAI = "https://api.openai.com/v1"
#: Asked again: too many requests, and what a server says when it is not itself.
_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_MAX_ANSWER_BYTES = 256 * 1024**2
_KEY_LIKE = re.compile(r"\bsk-[\w*.\-]+")
T = TypeVar("T")


class LanguageModelError(AlignlabError):
    """The service does not answer, or not as it should.

    Parameters
    ----------
    message : str
    may_pass : bool
        Whether the next question may fare better; a key that is refused or a model that is not there stays so.
    """

    def __init__(self, message: str, *, remedy: str = "", may_pass: bool = False) -> None:
        super().__init__(message, remedy=remedy)
        self.may_pass = may_pass


class QuestionError(AlignlabError):
    """The service answers, but not this question; others may go on.

    Parameters
    ----------
    message : str
    is_too_long : bool
        Whether a shorter question may be answered.
    """

    def __init__(self, message: str, *, remedy: str = "", is_too_long: bool = False) -> None:
        super().__init__(message, remedy=remedy)
        self.is_too_long = is_too_long


class FailureForNow(Exception):  # noqa: N818 - not an error yet
    """Another attempt may help.

    Parameters
    ----------
    problem : LanguageModelError
        What is told if none does.
    retry_after_s : float, optional
        What the server asks to wait.
    may_have_cost : bool
        Whether the service may have answered.
    """

    def __init__(
        self, problem: LanguageModelError, *, retry_after_s: float | None = None, may_have_cost: bool = False
    ) -> None:
        super().__init__(str(problem))
        self.problem, self.retry_after_s, self.may_have_cost = problem, retry_after_s, may_have_cost


def address_of(base_url: str = "") -> str:
    """Where a service is asked: at the address given, else at ``OPENAI_BASE_URL``, else at OpenAI's own."""
    return (base_url or os.environ.get(_ADDRESS_VARIABLE) or _OPENAI).rstrip("/")


def has_key(base_url: str = "") -> bool:
    """Whether a service can be asked: one with a key, or one at an address of one's own."""
    return bool(os.environ.get(KEY_VARIABLE)) or address_of(base_url) != _OPENAI


def make_client(address: str, *, timeout_s: float) -> openai.OpenAI:
    """A client that does not retry by itself and gives up an answer after `timeout_s`, however slowly it drips.

    Raises
    ------
    LanguageModelError
        If OpenAI itself is asked and there is no key.
    """
    key = os.environ.get(KEY_VARIABLE, "")
    if not key and address == _OPENAI:
        raise LanguageModelError(
            f"{KEY_VARIABLE} is not set, so OpenAI cannot be asked.",
            remedy="Set it where this process is started, give the address of a model of your own, or use 'extractive' "
            "summaries and the 'lsa' embedder, which need neither.",
        )
    import httpx2
    import openai

    from alignlab.literature.bounded_stream import bound_answers

    timeout = httpx2.Timeout(timeout_s, connect=min(10.0, timeout_s))
    bounded = bound_answers(whole_s=timeout_s, max_bytes=_MAX_ANSWER_BYTES)
    http_client = openai.DefaultHttpxClient(timeout=timeout, event_hooks={"response": [bounded]})
    # A server of one's own needs no key, but the client wants one.
    return openai.OpenAI(
        api_key=key or "none", base_url=address, max_retries=0, timeout=timeout, http_client=http_client
    )


def call(request: Callable[[], T]) -> T:
    """Do what asks the service, and tell its failures apart.

    Parameters
    ----------
    request : callable
        Of no argument.

    Raises
    ------
    FailureForNow, QuestionError, LanguageModelError
    """
    import openai

    try:
        return request()
    except openai.APIStatusError as error:
        raise _refused(error) from None
    except openai.APIConnectionError as error:
        slow = isinstance(error, openai.APITimeoutError)
        problem = LanguageModelError(
            f"{_host(error)} {'did not answer in time' if slow else 'cannot be reached, or broke off its answer'}.",
            remedy="Check the network and the address, and try again; nothing that was answered is lost.",
            may_pass=True,
        )
        raise FailureForNow(problem, may_have_cost=True) from None
    except (openai.OpenAIError, ValueError, AttributeError, TypeError) as error:
        # The client hands on a page of HTML as text, which then lacks whatever is looked for in it.
        problem = LanguageModelError(
            f"The model's service gave no readable answer ({type(error).__name__}).",
            remedy="Check that the address is that of an OpenAI-compatible service.",
            may_pass=True,
        )
        raise FailureForNow(problem, may_have_cost=True) from None


def patiently(
    request: Callable[[], T], *, retries: int, longest_wait_s: float, pause: Callable[[float], None] = time.sleep
) -> T:
    """Do what asks the service, again where that may help.

    Parameters
    ----------
    request : callable
    retries : int
    longest_wait_s : float
        A service that wants a longer wait than this is an error.
    pause : callable
        Waits so many seconds; may raise to stop.

    Raises
    ------
    QuestionError, LanguageModelError
    """
    for number in range(retries + 1):
        try:
            return call(request)
        except FailureForNow as failure:
            wait = min(0.5 * 2**number, 30.0) if failure.retry_after_s is None else failure.retry_after_s
            if number == retries or wait > longest_wait_s:
                raise failure.problem from None
        pause(wait)
    raise ValueError(f"retries must not be negative, as {retries} is")


def without_keys(text: str) -> str:
    """A message of a service in one line of at most 300 letters, without the key or whatever looks like one."""
    key = os.environ.get(KEY_VARIABLE, "")
    cleaned = _KEY_LIKE.sub("…", text.replace(key, "…") if key else text)
    return " ".join("".join(c for c in cleaned if c.isprintable() or c.isspace()).split())[:300]


def _refused(error: openai.APIStatusError) -> Exception:
    status, code = error.status_code, error.code or ""
    said = without_keys(str(error.message))
    told = f"{_host(error)} answered {status}: {said}"
    if status in (401, 403):
        return LanguageModelError(told, remedy=f"Check {KEY_VARIABLE}: is it valid, and may it use this model?")
    if code == "insufficient_quota":
        return LanguageModelError(told, remedy="The account has no credit left: top it up and go on.")
    if status == 404:
        return LanguageModelError(told, remedy="Check the model's name and the service's address.")
    if status in _TRANSIENT:
        return FailureForNow(
            LanguageModelError(told, remedy="Try again later; what was answered is kept.", may_pass=True),
            retry_after_s=_retry_after(error.response.headers),
        )
    if code == "context_length_exceeded" or status == 413 or "maximum context length" in said:
        return QuestionError(f"The question is too long for the model ({said}).", is_too_long=True)
    if "content_filter" in code or "content_policy" in code:
        return QuestionError("The service's content filter refused the question.")
    if status == 400 and error.param in (None, "messages"):
        return QuestionError(told)
    return LanguageModelError(told, remedy="The service does not take such questions: choose another model.")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait, whether it gives milliseconds, a number or a date."""
    if re.fullmatch(r"\d+(\.\d+)?", exact := headers.get("retry-after-ms", "").strip()):
        return float(exact) / 1000
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    try:
        return max(email.utils.parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError):
        return None


def _host(error: openai.APIError) -> str:
    url = error.request.url
    return f"{url.scheme}://{url.netloc.decode()}{url.path}"
