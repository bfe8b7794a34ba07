"""A position that a person gives for a source: what its file does not say, or says wrongly."""

from __future__ import annotations

import streamlit as st

from alignlab.errors import AlignlabError
from alignlab.services.position_search import read_position

_EXAMPLE = "06 30 00.5 −12 12 00, or 97.50 −12.20"


def ask_position(key: str, *, label: str, known: tuple[float, float] | None) -> tuple[float, float] | None:
    """Draw a field for a position in any way in which astronomers write one; what cannot be read is said below it.

    Parameters
    ----------
    key : str
        Unique on the page.
    label : str
    known : (float, float) or None
        Given before.

    Returns
    -------
    (float, float) or None
        ICRS in degrees; None while nothing usable is given.
    """
    text = st.text_input(
        label, value="" if known is None else f"{known[0]:.5f} {known[1]:+.5f}", key=key, placeholder=_EXAMPLE
    )
    if not text.strip():
        return None
    try:
        position = read_position(text)
    except AlignlabError as error:
        st.error(str(error))
        return None
    if position is None:
        st.error(f"“{text}” is no position. Write right ascension and declination, such as {_EXAMPLE}.")
        return None
    st.caption(f"{position.ra:.5f}° {position.dec:+.5f}° ({position.read_as})".replace("-", "−"))
    return position.ra, position.dec
