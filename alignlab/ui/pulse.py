"""The pulse of every page: jobs at work in its header, and another run shown as soon as anybody has chosen it.

A page that has nothing to follow sends nothing. One thread of the server looks at a few files, and tells a page that is
out of date to ask; while jobs are at work the page asks by itself.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState, get_script_run_ctx

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.services.pulse import Pulse, take_pulse
from alignlab.services.workspace import Workspace
from alignlab.ui import words

_EVERY = timedelta(seconds=2)
_LOOK_S, _NUDGE_S = 0.5, 0.2
_FRESH = "alignlab.pulse_fresh"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Page:
    """What an open page shows, and the fragment that it asks with."""

    config: Config
    survey: str
    shown: Pulse
    fragment: str

    def is_out_of_date(self) -> bool:
        return _differs(take_pulse(self.config, self.survey), self.shown)


def show(workspace: Workspace) -> None:
    """Draw it in the header; the page is drawn again when it is out of date."""
    now = take_pulse(workspace.config, workspace.survey.name)
    st.session_state[_FRESH] = True
    st.fragment(run_every=_EVERY if now.is_busy else None, key="pulse")(_beat)(workspace, now)


def _beat(workspace: Workspace, drawn: Pulse) -> None:
    is_asking = not st.session_state.pop(_FRESH, False)
    now = take_pulse(workspace.config, workspace.survey.name) if is_asking else drawn
    if _differs(now, drawn):
        st.rerun(scope="app")
    if is_asking and not drawn.is_busy:
        # It was told to ask, has been drawn again since, and would go on asking.
        _stop_asking()
    _watch(_Page(config=workspace.config, survey=workspace.survey.name, shown=drawn, fragment=_own_fragment()))
    if now.is_busy:
        text = f"{words.plural(now.n_jobs, 'job')} · {now.fraction:.0%}"
        st.page_link("pages/train.py", label=text, icon=":material/model_training:")


def _differs(now: Pulse, shown: Pulse) -> bool:
    return any(
        getattr(now, what) != getattr(shown, what) for what in ("run_id", "laid_over", "evaluated_ns", "is_busy")
    )


def _own_fragment() -> str:
    return ThreadState.get().fragment_id or ""


class _Watcher:
    """Looks for all pages of this server whether what they show is still so."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}
        self._nudged: dict[str, _Page] = {}
        threading.Thread(target=self._look, name="pulse", daemon=True).start()

    def follow(self, session: str, page: _Page) -> None:
        """Watch a page from now on."""
        self._pages[session] = page

    def _look(self) -> None:
        while Runtime.exists():
            for session, page in list(self._pages.items()):
                if not Runtime.instance().is_active_session(session):
                    self._pages.pop(session, None)
                    self._nudged.pop(session, None)
                elif self._nudged.get(session) is not page:
                    self._look_at(session, page)
            time.sleep(_LOOK_S)

    def _look_at(self, session: str, page: _Page) -> None:
        try:
            is_out_of_date = page.is_out_of_date()
        except (AlignlabError, OSError) as error:
            # The page itself says what is wrong when it is next drawn; the other pages are still to be looked after.
            _logger.warning("A page could not be looked after: %s", error)
            return
        if is_out_of_date:
            self._nudged[session] = page
            _nudge(session, page.fragment)


def _nudge(session: str, fragment: str) -> None:
    """Have the browser ask, with the address that it shows: the server does not know the browser's own part of it."""
    app, client = Runtime.instance().get_app_session(session), Runtime.instance().get_client(session)
    if app is None or client is None:
        return
    message = ForwardMsg()
    message.auto_rerun.interval = _NUDGE_S
    message.auto_rerun.fragment_id = fragment
    # A client may be written to from the server's own loop only.
    app._call_soon_on_event_loop(lambda: client.write_forward_msg(message))


def _stop_asking() -> None:
    context = get_script_run_ctx()
    if context is not None:
        message = ForwardMsg()
        message.stop_auto_rerun.fragment_ids.append(_own_fragment())
        context.enqueue(message)


def _watch(page: _Page) -> None:
    context = get_script_run_ctx()
    if Runtime.exists() and context is not None:
        _watcher().follow(context.session_id, page)


@st.cache_resource(show_spinner=False)
def _watcher() -> _Watcher:
    return _Watcher()
