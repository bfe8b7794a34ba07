"""Choices that live in the page's address, so that a link carries them, and outlast a change of page."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_KNOWN, _REPLACED = "alignlab.address", "alignlab.address_replaced"
_SERIAL = "alignlab.address_serial"
#: A browser that has not heard of our last changes yet sends the address from before them. It says when it has heard
#: (`listen`), and what it sent before that may still be on its way for a moment; one that never says so is taken at its
#: word after a longer while.
_HEARD_S, _UNHEARD_S = 1.5, 30.0
#: Waits until the browser's address is the one that we wrote, then lets the server hear the browser's own.
_LISTEN_JS = """
export default function ({ data, setTriggerValue }) {
  let timer = 0;
  const look = (tries) => {
    const asked = new URLSearchParams(window.location.search);
    const heard = Object.entries(data.wanted).every(([name, value]) => (asked.get(name) ?? "") === value);
    if (heard) setTriggerValue("heard", data.serial);
    else if (tries > 0) timer = setTimeout(look, 100, tries - 1);
  };
  if (data && Object.keys(data.wanted).length) timer = setTimeout(look, 0, 100);
  return () => clearTimeout(timer);
}
"""


def choice(name: str, allowed: Sequence[str], default: str) -> str:
    """What a widget with key `name` is to show: call before it is made.

    The address is obeyed when somebody has changed it (a link, the back button), then the widget, then what was chosen
    before the page was left.

    Parameters
    ----------
    name : str
        Key of the widget in the session, and name in the address.
    allowed : sequence of str
        Anything else is ignored.
    default : str
        Not written into the address.
    """
    known = _known()
    asked = st.query_params.get(name)
    if asked is not None and asked != known.get(name) and asked in allowed and not _is_echo(name, asked):
        st.session_state[name] = asked
    elif st.session_state.get(name) not in allowed:
        st.session_state[name] = known[name] if known.get(name) in allowed else default
    chosen = str(st.session_state[name])
    written = "" if chosen == default else chosen
    _note(name, chosen, written=written)
    write(name, written)
    return chosen


def choose(name: str, value: str) -> None:
    """Choose for the person, before the widget is made: in a callback."""
    st.session_state[name] = value
    _note(name, value, written=value)
    write(name, value)


def forget(name: str) -> None:
    """Go back to the default of `name`, before its widget is made."""
    st.session_state.pop(name, None)
    _note(name, "", written="")
    write(name, "")


def follow(name: str, on_change: Callable[[str], None]) -> None:
    """Call `on_change` with what the address says under `name` when that is not what we last read or wrote.

    An earlier value that the browser sends before it has heard of ours is replaced by ours again.
    """
    asked = st.query_params.get(name, "")
    if not asked or asked == _known().get(name):
        return
    if _is_echo(name, asked):
        write(name, _known()[name])
    else:
        _known()[name] = asked
        on_change(asked)


def tell(name: str, value: str) -> None:
    """Write a value into the address; an empty one is taken out."""
    _note(name, value, written=value)
    write(name, value)


def write(name: str, value: str) -> None:
    """Change the address only where it differs: each change is a message to the browser."""
    if value and st.query_params.get(name) != value:
        st.query_params[name] = value
    elif not value and name in st.query_params:
        del st.query_params[name]


@st.fragment
def listen() -> None:
    """Call last on every page: learn when the browser has heard of our changes, at the price of a fragment's rerun.

    From then on, an earlier value in the address is somebody's wish (the back button), no longer an echo.
    """
    unheard = {name: told for name, told in _replaced().items() if not told.heard}
    wanted = {name: told.written for name, told in unheard.items()}
    data = {"wanted": wanted, "serial": max((told.serial for told in unheard.values()), default=0)}
    _listener()(key="address_heard", data=data, on_heard_change=_heard, height=1)


def _heard() -> None:
    """Note what the browser has heard of; not a change since, perhaps by a callback of this very run."""
    serial, now = st.session_state["address_heard"].get("heard") or 0, time.monotonic()
    for name, told in _replaced().items():
        if told.serial <= serial:
            _replaced()[name] = replace(told, echo_until=min(told.echo_until, now + _HEARD_S), heard=True)


@dataclass(frozen=True)
class _Told:
    """A value that was written into the address and that the browser may not have heard of."""

    written: str
    earlier: set[str]
    serial: int
    echo_until: float
    heard: bool = False


def _note(name: str, value: str, *, written: str) -> None:
    """Remember a value as ours, and those before it until the browser has heard of it."""
    before = _known().get(name)
    if before is not None and before != value:
        told = _replaced().get(name)
        coming = told.earlier if told is not None and time.monotonic() < told.echo_until else ()
        earlier = {before, *coming} - {value}
        serial = st.session_state.get(_SERIAL, 0) + 1
        st.session_state[_SERIAL] = serial
        _replaced()[name] = _Told(written, earlier, serial, time.monotonic() + _UNHEARD_S)
    _known()[name] = value


def _is_echo(name: str, asked: str) -> bool:
    told = _replaced().get(name)
    return told is not None and asked in told.earlier and time.monotonic() < told.echo_until


def _replaced() -> dict[str, _Told]:
    return st.session_state.setdefault(_REPLACED, {})


def _known() -> dict[str, str]:
    return st.session_state.setdefault(_KNOWN, {})


@cache
def _listener() -> ComponentRenderer:
    return st.components.v2.component("alignlab_address", js=_LISTEN_JS, isolate_styles=False)
