"""Asking a language model through the `openai` client: any service that speaks its protocol, within a budget.

Each question is asked once, whoever asks it again: answers are kept in a `Ledger`.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alignlab.errors import AlignlabError
from alignlab.literature.ledger import Answer, Ledger
from alignlab.literature.llm_client import FailureForNow, LanguageModelError, address_of, call, make_client
from alignlab.literature.prices import Price, estimated_tokens, most_tokens
from alignlab.progress import StoppedError


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked, and by what it is known again.

    Attributes
    ----------
    key : str
        sha256 of model, address, version of the prompt, messages and parameters.
    body : dict
        The request, as the chat completions endpoint takes it.
    most_usd : float
        What it can cost at most; 0 where no price is known.
    estimated_input_tokens : int
    """

    key: str
    body: dict[str, Any]
    most_usd: float
    estimated_input_tokens: int


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """A model at an address, and how it is asked.

    Attributes
    ----------
    model : str
    base_url : str
        Empty for ``OPENAI_BASE_URL``, or OpenAI's own where that is not set.
    temperature : float
        1 is the models' own default and is not sent, since reasoning models refuse any other.
    max_output_tokens : int
        Of an answer, the thoughts of a reasoning model included.
    price : Price or None
        None where nobody knows.
    timeout_s : float
        For a whole answer, however slowly it drips.
    retries : int
        How often a question is sent again after a failure that may pass.
    longest_wait_s : float
        A service that wants a longer wait than this is an error.
    """

    model: str
    base_url: str = ""
    temperature: float = 0.0
    max_output_tokens: int = 800
    price: Price | None = None
    timeout_s: float = 120.0
    retries: int = 6
    longest_wait_s: float = 120.0

    @property
    def address(self) -> str:
        """Where the model is asked, without a slash at its end."""
        return address_of(self.base_url)

    def question(
        self, messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any], prompt_version: str, is_batch: bool
    ) -> Question:
        """Make a question whose answer is JSON of a schema.

        Parameters
        ----------
        messages : sequence of mapping
            role and content.
        schema : mapping
            JSON schema, with a ``title``.
        prompt_version : str
            Changes whenever the same answer would be read otherwise.
        is_batch : bool
            Whether the Batch API's price holds.
        """
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [dict(message) for message in messages],
            "max_completion_tokens": self.max_output_tokens,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": schema["title"], "strict": True, "schema": dict(schema)},
            },
        }
        if self.temperature != 1:
            body["temperature"] = self.temperature
        written = json.dumps(body, sort_keys=True)
        key = hashlib.sha256(f"{self.address}\n{prompt_version}\n{written}".encode()).hexdigest()
        most = 0.0
        if self.price is not None:
            read = most_tokens(json.dumps(body, ensure_ascii=False))
            most = self.price.usd(read, self.max_output_tokens, is_batch=is_batch)
        said = sum(estimated_tokens(message["content"]) for message in messages) + estimated_tokens(json.dumps(schema))
        return Question(key=key, body=body, most_usd=most, estimated_input_tokens=said)

    def read(self, completion: Any, *, most_usd: float, is_batch: bool) -> Answer:
        """An answer of the chat completions endpoint.

        Raises
        ------
        ValueError
            If it is none.
        """
        try:
            choice = completion["choices"][0]
            message, usage = choice["message"], completion.get("usage") or {}
            text, refusal = str(message.get("content") or ""), str(message.get("refusal") or "")
            spent = (int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0)))
            finish, model = str(choice.get("finish_reason") or ""), str(completion.get("model") or self.model)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise ValueError(f"no chat completion ({type(error).__name__} {error})") from error
        usd = None
        if self.price is not None:
            # A service that does not tell what was used may have used all of it.
            usd = self.price.usd(*spent, is_batch=is_batch) if usage else most_usd
        return Answer(
            text=text, finish_reason=finish, refusal=refusal, model=model,
            input_tokens=spent[0], output_tokens=spent[1], usd=usd,
        )  # fmt: skip


class Conversation:
    """Questions to one model; may be shared between threads. Used as a context.

    Parameters
    ----------
    model : LanguageModel
    ledger : Ledger

    Raises
    ------
    LanguageModelError
        If OpenAI itself is asked and there is no key.
    """

    def __init__(self, model: LanguageModel, ledger: Ledger) -> None:
        self.model, self.ledger = model, ledger
        self.client = make_client(model.address, timeout_s=model.timeout_s)
        self._stop = threading.Event()
        self._not_before = 0.0

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.client.close()

    def stop(self) -> None:
        """Send nothing more, and end every wait."""
        self._stop.set()

    def ask(self, question: Question) -> Answer:
        """The answer to a question: kept from before, or asked for now and kept.

        Raises
        ------
        QuestionError
            If this question cannot be answered.
        LanguageModelError
            If the service is not reached, refuses the key, or still fails after all attempts.
        BudgetError
            If it could cost more than is left.
        StoppedError
            If `stop` was called.
        """
        kept = self.ledger.find(question.key)
        if kept is not None:
            return kept
        problem = LanguageModelError(f"{self.model.model} was not asked.")
        for number in range(self.model.retries + 1):
            self._wait()
            self.ledger.reserve({question.key: question.most_usd})
            try:
                answer = self._send(question)
            except FailureForNow as failure:
                (self.ledger.lose if failure.may_have_cost else self._release)(question.key)
                problem = failure.problem
                if not self._may_go_on(failure, number):
                    break
            except AlignlabError:
                self._release(question.key)
                raise
            else:
                self.ledger.settle({question.key: answer})
                return answer
        raise problem

    def _release(self, key: str) -> None:
        self.ledger.release([key])

    def _send(self, question: Question) -> Answer:
        completion = call(lambda: self.client.post("/chat/completions", body=question.body, cast_to=object))
        try:
            return self.model.read(completion, most_usd=question.most_usd, is_batch=False)
        except ValueError as error:
            problem = LanguageModelError(
                f"{self.model.address} gave {error}.", remedy="Check the address of the model."
            )
            raise FailureForNow(problem, may_have_cost=True) from error

    def _may_go_on(self, failure: FailureForNow, number: int) -> bool:
        wait = failure.retry_after_s
        if wait is None:
            wait = min(0.5 * 2**number * random.uniform(0.5, 1.5), self.model.longest_wait_s)
        elif wait <= self.model.longest_wait_s:
            # What one thread was told holds for all.
            self._not_before = max(self._not_before, time.monotonic() + wait)
        if number == self.model.retries or wait > self.model.longest_wait_s:
            return False
        self._stop.wait(wait)
        return True

    def _wait(self) -> None:
        while not self._stop.is_set() and (left := self._not_before - time.monotonic()) > 0:
            self._stop.wait(left)
        if self._stop.is_set():
            raise StoppedError("stopped on request before a question was sent")
