"""A SAMP hub with the Web Profile, and a second program registered with it: what TOPCAT is to a person."""

from __future__ import annotations

import fcntl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyvo.samp
from pyvo.samp import SAMPHubServer, SAMPIntegratedClient, SAMPProxyError, WebProfileDialog

WEB_PROFILE_PORT = 21012


@contextmanager
def web_profile_port() -> Iterator[None]:
    """Hold the port that every browser looks for a hub at: test runs that meet take turns."""
    with (Path(tempfile.gettempdir()) / f"alignlab-samp-{WEB_PROFILE_PORT}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _Person(WebProfileDialog):
    """Answers the hub's question whether a web page may register."""

    def __init__(self) -> None:
        self.answer = True
        self.asked: list[tuple[str, str]] = []
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._gone.wait(0.05):
            self.handle_queue()

    def show_dialog(self, samp_name: str, details: dict, client: object, origin: str) -> None:
        self.asked.append((samp_name, origin))
        (self.consent if self.answer else self.reject)()

    def leave(self) -> None:
        self._gone.set()
        self._thread.join()


class SecondProgram:
    """A desktop program: keeps what it was told, tells others what it highlights."""

    def __init__(self, hub: SAMPHubServer, name: str = "Second") -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.client = SAMPIntegratedClient(name=name, description="", addr="127.0.0.1")
        self.client.connect(hub=hub)
        for mtype in ("table.load.votable", "table.highlight.row", "table.select.rowList", "coord.pointAt.sky"):
            self.client.bind_receive_notification(mtype, self._hear)

    def _hear(self, _key: str, _sender: str, mtype: str, params: dict, _extra: dict) -> None:
        self.heard.append((mtype, params))

    def all(self, mtype: str) -> list[dict[str, Any]]:
        return [params for kind, params in self.heard if kind == mtype]

    def tell(self, mtype: str, **params: object) -> None:
        renamed = {name.replace("_", "-"): value for name, value in params.items()}
        self.client.notify_all({"samp.mtype": mtype, "samp.params": renamed})

    def pages(self) -> int:
        """Number of our pages that are registered."""
        return [self._name(client) for client in self.client.get_registered_clients()].count("alignlab")

    def _name(self, client: str) -> str:
        try:
            return self.client.get_metadata(client).get("samp.name", "")
        except SAMPProxyError:  # it left since the list was made
            return ""


class Hub:
    """A running hub, the person in front of it, and a second program."""

    def __init__(self, folder: Path) -> None:
        pyvo.samp.conf.use_internet = False
        self.person = _Person()
        self.server = self._start(folder)
        self.second = SecondProgram(self.server)

    def _start(self, folder: Path) -> SAMPHubServer:
        """Somebody else's hub, or a port that is still closing, is waited for."""
        end = time.monotonic() + 90
        while True:
            server = SAMPHubServer(addr="127.0.0.1", lockfile=str(folder / "samp.lock"), web_profile_dialog=self.person)
            server.start()
            if server._web_profile:
                return server
            server.stop()
            assert time.monotonic() < end, f"port {WEB_PROFILE_PORT} is taken by another program"
            time.sleep(1)

    def stop(self) -> None:
        self.second.client.disconnect()
        self.server.stop()
        self.person.leave()


def eventually(check: Callable[[], Any], *, what: str, seconds: float = 15) -> Any:
    """Wait until `check` gives something true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds:g} s")
