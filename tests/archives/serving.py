"""An HTTP server on 127.0.0.1 that answers, misbehaves as it is told to, and remembers every request."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.archives.faults import LOGIN_PAGE, Fault, Faults


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked: header names in lower case, parameters of address and form together, the last value of each."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return {**self.query, **dict(parse_qsl(self.body.decode(), keep_blank_values=True))}
        return self.query


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is answered."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Asked:
    """A request with what became of it: the status sent (0 if none), and whether the whole answer was sent."""

    request: Request
    status: int = 0
    fault: Fault | None = None
    is_answered: bool = False


class ArchiveServer:
    """Subclass it and say in `answer` what is answered; used as a context, served while it is open.

    Attributes
    ----------
    url : str
        Address without a slash at its end.
    faults : Faults
    asked : list of Asked
        All requests in the order in which they came.
    """

    def __init__(self) -> None:
        self.faults, self.asked = Faults(), list[Asked]()
        owner = self

        class Handler(_Handler):
            server_of_ours = owner

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: Request) -> Reply:
        """What is answered to a request; called by several threads."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def n_asked(self, path: str = "") -> int:
        """Number of requests whose path holds this."""
        return sum(path in asked.request.path for asked in self.asked)

    def n_repeated(self, path: str = "") -> int:
        """How many requests (method, path, parameters, body) came again although they had been answered in full."""
        seen = Counter(
            (a.request.method, a.request.path, tuple(sorted(a.request.query.items())), a.request.body)
            for a in self.asked
            if a.is_answered and path in a.request.path
        )
        return sum(n - 1 for n in seen.values())


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server_of_ours: ArchiveServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        fault = self.server_of_ours.faults.take(parts.path)
        asked = Asked(request=request, fault=fault)
        self.server_of_ours.asked.append(asked)
        if fault is not None and fault.kind in ("refuse", "disguise"):
            reply = Reply(body=fault.body, status=fault.status, headers=fault.headers)
            if fault.kind == "disguise":
                reply = Reply(body=LOGIN_PAGE, content_type="text/html; charset=utf-8")
            fault = None
        else:
            reply = self.server_of_ours.answer(request)
        # Noted first: once the client has the answer, a test may ask.
        asked.status, asked.is_answered = reply.status, fault is None or fault.kind == "drip"
        try:
            self._send(reply, fault)
        except OSError:
            asked.is_answered = False
            raise

    do_GET = do_POST = do_DELETE = do_HEAD = do_PUT = _serve  # noqa: N815 - names that http.server calls

    def _send(self, reply: Reply, fault: Fault | None) -> None:
        if fault is not None and fault.kind in ("cut", "reset", "stall") and fault.share == 0:
            return self._break_off(fault)
        chunked = fault is not None and fault.chunked
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command == "HEAD":
            return None
        if fault is None:
            self.wfile.write(reply.body)
        elif fault.kind == "drip":
            step = max(len(reply.body) // 50, 1)
            for start in range(0, len(reply.body), step):
                self.wfile.write(reply.body[start : start + step])
                time.sleep(fault.seconds)
        else:
            part = reply.body[: int(len(reply.body) * fault.share)]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked and part else part)
            self._break_off(fault)
        return None

    def _break_off(self, fault: Fault) -> None:
        self.wfile.flush()
        if fault.kind == "stall":
            time.sleep(fault.seconds)
        self.close_connection = True
        with contextlib.suppress(OSError):
            if fault.kind == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            else:
                self.connection.shutdown(socket.SHUT_RDWR)
