"""What a newcomer sees first: the demo survey being built by a process of its own, with a progress bar."""

from __future__ import annotations

import time
from base64 import b64encode
from datetime import timedelta

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services import demo
from alignlab.ui import theme
from alignlab.ui.words import duration

_STARTED = "alignlab.first_use_started"
_TITLE = """
<div class="al-first"><img src="data:image/svg+xml;base64,{icon}" alt=""><div><b>alignlab</b>
<div class="al-dim">X-ray sources, seen through their spectra and through the papers about them.</div></div></div>
"""
_WHAT = "Building the demo: 11,447 **simulated** sources, once, on this computer. You may close this tab."


def show() -> None:
    """Start the demo if nobody has, and follow it until the Atlas can open."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle, st.container(key="first_use"):
        st.html(_TITLE.format(icon=b64encode(theme.ICON.read_bytes()).decode()))
        st.markdown(_WHAT)
        _follow()


@st.fragment(run_every=timedelta(seconds=0.5))
def _follow() -> None:
    try:
        progress = demo.ensure_demo_started()
    except AlignlabError as error:
        st.error(str(error))
        return
    if progress.error:
        st.error(f"The demo could not be built. {progress.error}")
        st.caption("What was finished is kept. Try again here, or run 'alignlab demo' in a terminal to see more.")
        if st.button("Try again", type="primary"):
            demo.retry_demo()
        return
    if progress.done:
        st.rerun(scope="app")
    st.progress(min(max(progress.fraction, 0.0), 1.0), text=f"{progress.message} · {progress.fraction:.0%}")
    st.caption(_remaining(progress.fraction))


def _remaining(fraction: float) -> str:
    """Time left, from the pace since this page first saw the work move."""
    first_fraction, first_time = st.session_state.setdefault(_STARTED, (fraction, time.monotonic()))
    moved, elapsed = fraction - first_fraction, time.monotonic() - first_time
    if moved < 0.02 or elapsed < 3:
        return "about two minutes on two cores"
    return f"about {duration(elapsed * (1 - fraction) / moved)} left"
