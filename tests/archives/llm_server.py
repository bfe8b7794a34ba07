"""A language model on this machine that speaks OpenAI's protocol: honest, or as gullible as a test wants it."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tests.archives.serving import ArchiveServer, Reply, Request

KEY = "sk-a-key-that-nobody-may-see"
_FILE_FIELD = re.compile(rb'name="file"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)\r\n--', re.DOTALL)


def told(nature: str = "", spectrum: str = "", environment: str = "") -> str:
    """An answer of the schema: what is empty is not discussed."""
    said = {"nature": nature, "spectrum": spectrum, "environment": environment}
    return json.dumps({name: {"discussed": bool(text), "summary": text} for name, text in said.items()})


def honest(body: Mapping[str, Any]) -> str:
    """What a model says that does as it is asked."""
    papers = body["messages"][-1]["content"]
    mark = hashlib.sha256(papers.encode()).hexdigest()[:8]
    return told(
        nature=f"It is an accreting object of kind {mark}.", spectrum="A power law of photon index 1.8 fits it."
    )


class LlmServer(ArchiveServer):
    """Chat completions, embeddings, files and batches.

    Attributes
    ----------
    say : callable
        Gives the text of an answer to a request's body, or a whole choice (finish_reason, message).
    keys : set of str
        Those that are let in.
    batch_looks : int
        How often a batch is looked at before it has ended.
    context_characters : int
        A longer question is refused as too long.
    embedding_seed : int
        Another seed is another model under the same name.
    """

    def __init__(self, say: Callable[[Mapping[str, Any]], str | dict[str, Any]] = honest) -> None:
        super().__init__()
        self.say, self.keys = say, {KEY}
        self.batch_looks, self.context_characters, self.embedding_seed = 1, 10**9, 0
        #: Of each custom_id in a batch: what to answer in place of a completion.
        self.batch_errors: dict[str, Any] = {}
        self.batch_status = "completed"
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """What takes the place of OpenAI's own address."""
        return f"{self.url}/v1"

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.keys:
            return _refusal(401, f"Incorrect API key provided: {request.headers.get('authorization', '')[7:]}")
        path = request.path.removeprefix("/v1")
        if path == "/chat/completions":
            return _reply(*self._completion(json.loads(request.body)))
        if path == "/embeddings":
            return self._embeddings(json.loads(request.body))
        with self._lock:
            if path == "/files":
                return self._uploaded(request.body)
            if path.startswith("/files/"):
                return Reply(body=self.files[path.split("/")[2]], content_type="application/octet-stream")
            if path == "/batches":
                return self._listed() if request.method == "GET" else self._created(json.loads(request.body))
            return self._looked_at(path.split("/")[2])

    def _completion(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        asked = "".join(message["content"] for message in body["messages"])
        if len(asked) > self.context_characters:
            error = {"message": "This model's maximum context length is exceeded", "code": "context_length_exceeded"}
            return {"error": error}, 400
        said = self.say(body)
        choice = said if isinstance(said, dict) else {"finish_reason": "stop", "message": {"content": said}}
        written = choice["message"].get("content") or ""
        usage = {"prompt_tokens": len(asked) // 4, "completion_tokens": len(written) // 4}
        return {"object": "chat.completion", "model": body["model"], "choices": [choice], "usage": usage}, 200

    def _embeddings(self, body: Mapping[str, Any]) -> Reply:
        texts: Sequence[str] = body["input"]
        if len(texts) > 2048:
            return _refusal(400, "too many inputs")
        dim = body.get("dimensions") or {"text-embedding-3-large": 3072}.get(body["model"], 1536)
        data = [
            {"object": "embedding", "index": i, "embedding": 3 * self.vector_of(text, dim)}
            for i, text in enumerate(texts)
        ]
        for row in data:
            row["embedding"] = [round(float(x), 6) for x in row["embedding"]]
        n_tokens = sum(len(text) // 4 for text in texts)
        # The order of the list is not promised; the index is.
        return _reply(
            {"object": "list", "model": body["model"], "data": data[::-1], "usage": {"prompt_tokens": n_tokens}}
        )

    def vector_of(self, text: str, dim: int) -> np.ndarray:
        """The vector of a text, of unit length; the server sends it three times as long."""
        seed = int(hashlib.sha256(f"{self.embedding_seed}{text}".encode()).hexdigest()[:12], 16)
        vector = np.random.default_rng(seed).normal(size=dim)
        return vector / np.linalg.norm(vector)

    def _uploaded(self, body: bytes) -> Reply:
        found = _FILE_FIELD.search(body)
        assert found is not None
        name = f"file-{len(self.files)}"
        self.files[name] = found[1]
        return _reply({"id": name, "object": "file", "bytes": len(found[1]), "purpose": "batch", "filename": name})

    def _created(self, body: Mapping[str, Any]) -> Reply:
        name = f"batch-{len(self.batches)}"
        self.batches[name] = {
            "id": name, "object": "batch", "status": "validating", "looks": 0, "created_at": 1, **body,
        }  # fmt: skip
        return _reply(self.batches[name])

    def _listed(self) -> Reply:
        return _reply({"object": "list", "data": list(self.batches.values())[::-1], "has_more": False})

    def _looked_at(self, name: str) -> Reply:
        batch = self.batches[name]
        batch["looks"] += 1
        if batch["looks"] > self.batch_looks and batch["status"] != self.batch_status:
            self._end(batch)
        return _reply(batch)

    def _end(self, batch: dict[str, Any]) -> None:
        good, bad = [], []
        for line in self.files[batch["input_file_id"]].splitlines():
            item = json.loads(line)
            key = item["custom_id"]
            if key in self.batch_errors:
                bad.append({"custom_id": key, **self.batch_errors[key]})
                continue
            body, status = self._completion(item["body"])
            good.append({"custom_id": key, "response": {"status_code": status, "body": body}, "error": None})
        for field, lines in (("output_file_id", good), ("error_file_id", bad)):
            if lines:
                batch[field] = f"file-{len(self.files)}"
                self.files[batch[field]] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        batch["status"] = self.batch_status


def _reply(body: Mapping[str, Any], status: int = 200) -> Reply:
    return Reply(body=json.dumps(body).encode(), status=status, content_type="application/json")


def _refusal(status: int, message: str) -> Reply:
    return _reply({"error": {"message": message, "code": None, "type": "invalid_request_error"}}, status)
