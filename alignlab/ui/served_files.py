"""Files that other programs fetch from the running app by their address: tables sent by SAMP.

Streamlit serves what its media file manager holds, and forgets a session's files whenever its page runs again. A file
that TOPCAT may fetch after the person has gone on is therefore owned by no session but by this shelf, which has few
places: the next file takes the place of the oldest.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import streamlit as st
from streamlit import runtime
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.scriptrunner import add_script_run_ctx

from alignlab.errors import AlignlabError

#: So many files, and so many bytes of them, are kept for all sessions together; the newest always is.
PLACES = 8
MOST_BYTES = 256_000_000
_OWNER = "alignlab.served_files"


class Shelf:
    """A few files that the app serves; safe to share between threads.

    Parameters
    ----------
    manager : MediaFileManager
        The running app's.
    places, most_bytes : int
        Limits; the oldest files make room.
    """

    def __init__(self, manager: MediaFileManager, *, places: int = PLACES, most_bytes: int = MOST_BYTES) -> None:
        self._manager = manager
        self._places = places
        self._most_bytes = most_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict((f"{_OWNER}.{place}", 0) for place in range(places))
        self._lock = threading.Lock()

    def put(self, contents: bytes, mimetype: str) -> str:
        """Serve `contents` and return their path on this server, such as ``/media/3f2a…``."""
        with self._lock:
            place = next(iter(self._sizes))
            self._sizes[place] = len(contents)
            self._sizes.move_to_end(place)
            path = self._add(contents, mimetype, place)
            for older in list(self._sizes)[:-1]:
                if sum(self._sizes.values()) <= self._most_bytes:
                    break
                self._sizes[older] = 0
                self._add(b"", mimetype, older)
        self._manager.remove_orphaned_files()
        return path

    def _add(self, contents: bytes, mimetype: str, place: str) -> str:
        """Hand a file to the manager in the name of nobody's session; what was in that place loses its owner."""
        paths: list[str] = []
        thread = threading.Thread(target=lambda: paths.append(self._manager.add(contents, mimetype, place)))
        # The manager asks the thread whose session it works for.
        add_script_run_ctx(thread, cast(Any, SimpleNamespace(session_id=_OWNER)))
        thread.start()
        thread.join()
        if not paths:
            raise AlignlabError("The file could not be handed to the server.", remedy="The server's log says why.")
        return paths[0]


def serve_file(contents: bytes, mimetype: str) -> str:
    """Serve a file from the running app; returns its path on the server, the app's base path included."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return (f"/{base}" if base else "") + _shelf(runtime.get_instance().media_file_mgr).put(contents, mimetype)


@cache
def _shelf(manager: MediaFileManager) -> Shelf:
    return Shelf(manager)
