"""Questions in bulk through the Batch API: half the price, answers within a day, nothing asked twice.

What a batch holds is written down before its file is uploaded, the file's id before the batch is created, and the
batch's id at once. A process that was killed in between looks among the service's batches for the one with its file,
so that there is never a second.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from alignlab.literature.ledger import Rows
from alignlab.literature.llm import Conversation, Question
from alignlab.literature.llm_client import patiently, without_keys

#: A batch is smaller than the service allows (50,000 questions, 200 MB), so that its answers fit into memory.
MOST_QUESTIONS, MOST_BYTES = 20_000, 90_000_000
_BATCHES = "batches"
_ENDPOINT: Final = "/v1/chat/completions"
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
#: How many of the service's latest batches are looked through for one of ours.
_MOST_LISTED = 1_000
_TICK_S = 0.5
T = TypeVar("T")

#: Is told how many questions of how many are answered, and in words what is waited for; may raise to stop.
OnWait = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class BatchOutcome:
    """What became of questions.

    Attributes
    ----------
    refused : dict of str to str
        Questions that the service did not answer, by key, and why.
    n_left : int
        Questions that the budget left no room for.
    """

    refused: dict[str, str]
    n_left: int


class Batches:
    """Batches of one purpose. Only one process may work on them at a time.

    Parameters
    ----------
    conversation : Conversation
        Its ledger takes the answers.
    rows : Rows
        Where the ids are kept.
    poll_s : float
        How often the service is asked how far it is.
    """

    def __init__(self, conversation: Conversation, rows: Rows, *, poll_s: float = 30.0) -> None:
        self._conversation, self._client = conversation, conversation.client
        self._ledger, self._rows, self._poll_s = conversation.ledger, rows, poll_s

    def answer(self, questions: Sequence[Question], *, on_wait: OnWait) -> BatchOutcome:
        """See that all questions are answered, as far as the budget goes: those under way first, then new batches.

        Raises
        ------
        LanguageModelError, QuestionError
            If the service cannot be asked; what was sent is taken up by the next call.
        """
        by_key = {question.key: question for question in questions}
        batches = self._under_way()
        under_way = {key for batch in batches.values() for key in batch["keys"]}
        self._ledger.adopt(under_way)
        answered = self._ledger.find_all([key for key in by_key if key not in under_way])
        new = [question for key, question in by_key.items() if key not in under_way and key not in answered]
        affordable = self._affordable(new)
        for chunk in _chunks(affordable):
            batches.update(self._planned(chunk))
        for label in list(batches):
            self._sent(label, batches[label], by_key, on_wait)
        refused: dict[str, str] = {}
        n_all = sum(len(batch["keys"]) for batch in batches.values())
        while waiting := {label: batch for label, batch in batches.items() if batch["state"] == "sent"}:
            for label, batch in waiting.items():
                refused.update(self._looked_after(label, batch, on_wait))
            n_open = sum(len(batch["keys"]) for batch in batches.values() if batch["state"] == "sent")
            if n_open:
                self._pause(self._poll_s, n_all - n_open, n_all, on_wait)
        return BatchOutcome(refused=refused, n_left=len(new) - len(affordable))

    def _under_way(self) -> dict[str, dict[str, Any]]:
        purpose, address = self._ledger.purpose, self._conversation.model.address
        return {
            label: batch
            for label, batch in self._rows.rows(_BATCHES)
            if batch["purpose"] == purpose and batch["address"] == address and batch["state"] != "collected"
        }

    def _affordable(self, questions: Sequence[Question]) -> list[Question]:
        left, chosen = self._ledger.left_usd, []
        for question in questions:
            left -= question.most_usd
            if left < 0:
                break
            chosen.append(question)
        return chosen

    def _planned(self, chunk: Sequence[Question]) -> dict[str, dict[str, Any]]:
        keys = [question.key for question in chunk]
        # The time is part of it: what failed as a whole may be asked for again.
        label = hashlib.sha256(f"{time.time()}{keys}".encode()).hexdigest()[:16]
        batch = {
            "purpose": self._ledger.purpose, "address": self._conversation.model.address, "keys": keys,
            "state": "planned", "file_id": "", "batch_id": "",
        }  # fmt: skip
        self._keep(label, batch)
        return {label: batch}

    def _keep(self, label: str, batch: Mapping[str, Any]) -> None:
        self._rows.put(_BATCHES, {label: batch})

    def _sent(self, label: str, batch: dict[str, Any], questions: Mapping[str, Question], on_wait: OnWait) -> None:
        """Bring a batch as far as that it is under way, from wherever an earlier process left it."""
        if batch["state"] == "sent":
            return
        if not batch["file_id"]:
            if missing := [key for key in batch["keys"] if key not in questions]:
                # Nothing was sent yet, and what was to be asked is no longer wanted.
                self._ledger.release(missing)
                batch["keys"] = [key for key in batch["keys"] if key in questions]
            if not batch["keys"]:
                batch["state"] = "collected"
                self._keep(label, batch)
                return
            unpromised = [key for key in batch["keys"] if not self._ledger.promised(key)]
            self._ledger.reserve({key: questions[key].most_usd for key in unpromised})
            lines = b"".join(_line(questions[key]) for key in batch["keys"])
            file = (f"alignlab-{label}.jsonl", lines, "application/jsonl")
            uploaded = self._patiently(lambda: self._client.files.create(file=file, purpose="batch"), on_wait)
            batch["file_id"] = uploaded.id
            self._keep(label, batch)
        batch["batch_id"] = self._patiently(lambda: self._created(batch["file_id"], label), on_wait)
        batch["state"] = "sent"
        self._keep(label, batch)

    def _created(self, file_id: str, label: str) -> str:
        """Id of the batch with this file: the one that is there, else a new one."""
        for number, there in enumerate(self._client.batches.list(limit=100)):
            if there.input_file_id == file_id:
                return there.id
            if number == _MOST_LISTED:
                break
        made = self._client.batches.create(
            input_file_id=file_id, endpoint=_ENDPOINT, completion_window="24h", metadata={"alignlab": label}
        )
        return made.id

    def _looked_after(self, label: str, batch: dict[str, Any], on_wait: OnWait) -> dict[str, str]:
        """Take the answers of a batch if it has ended, and tell what was refused."""
        now = self._patiently(lambda: self._client.batches.retrieve(batch["batch_id"]), on_wait)
        if now.status not in _ENDED:
            return {}
        known = set(batch["keys"])
        open_keys = known - set(self._ledger.find_all(known))
        reason = "; ".join(without_keys(error.message or "") for error in (now.errors and now.errors.data) or [])
        refused = dict.fromkeys(open_keys, f"the batch {now.status}{f': {reason}' if reason else ''}")
        found = {}
        for file_id in filter(None, (now.output_file_id, now.error_file_id)):
            for key, result in _results(self._file(file_id, on_wait)):
                if key not in open_keys:
                    continue
                try:
                    body = _answered(result)
                    # What one question can cost at most counts where the service does not tell.
                    found[key] = self._conversation.model.read(body, most_usd=self._ledger.promised(key), is_batch=True)
                except ValueError as error:
                    refused[key] = without_keys(str(error))
        self._ledger.settle(found)
        refused = {key: why for key, why in refused.items() if key not in found}
        self._ledger.release(refused)
        batch["state"] = "collected"
        self._keep(label, batch)
        return refused

    def _file(self, file_id: str, on_wait: OnWait) -> bytes:
        return self._patiently(lambda: self._client.files.content(file_id).content, on_wait)

    def _patiently(self, request: Callable[[], T], on_wait: OnWait) -> T:
        """Ask, again where that may help."""
        model = self._conversation.model
        return patiently(
            request,
            retries=model.retries,
            longest_wait_s=model.longest_wait_s,
            pause=lambda seconds: self._pause(seconds, 0, 0, on_wait),
        )

    def _pause(self, seconds: float, done: int, total: int, on_wait: OnWait) -> None:
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            on_wait(done, total, "waiting for the batch")
            time.sleep(min(left, _TICK_S))


def _line(question: Question) -> bytes:
    line = {"custom_id": question.key, "method": "POST", "url": _ENDPOINT, "body": question.body}
    return json.dumps(line).encode() + b"\n"


def _chunks(questions: Sequence[Question]) -> Iterator[list[Question]]:
    chunk: list[Question] = []
    n_bytes = 0
    for question in questions:
        size = len(_line(question))
        if chunk and (len(chunk) == MOST_QUESTIONS or n_bytes + size > MOST_BYTES):
            yield chunk
            chunk, n_bytes = [], 0
        chunk.append(question)
        n_bytes += size
    if chunk:
        yield chunk


def _results(content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """The lines of a file of answers that can be read, by the key of their question."""
    for line in content.splitlines():
        try:
            result = json.loads(line)
        except ValueError:
            continue
        if isinstance(result, dict) and isinstance(result.get("custom_id"), str):
            yield result["custom_id"], result


def _answered(result: Mapping[str, Any]) -> Any:
    """The completion in a line.

    Raises
    ------
    ValueError
        If there is none, with what the service says.
    """
    response = result.get("response") or {}
    body = response.get("body") if isinstance(response, dict) else None
    if isinstance(body, dict) and response.get("status_code") == 200:
        return body
    error = result.get("error") or (body.get("error") if isinstance(body, dict) else None) or {}
    said = error.get("message") if isinstance(error, dict) else ""
    raise ValueError(str(said or "the service gave no answer"))
