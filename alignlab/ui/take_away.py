"""What can be taken from a page: the table in five formats, a script, a table for other programs, a link."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from alignlab.services.workspace import Workspace
from alignlab.store.survey import Survey
from alignlab.ui.opened import dataset_id
from alignlab.ui.samp import VOTABLE, Offer, position_of, samp_control
from alignlab.ui.state import AtlasState

if TYPE_CHECKING:
    from astropy.table import Table

    from alignlab.services.table_files import Format

#: Format, suffix, media type, and what a person calls it.
_FILES: tuple[tuple[Format, str, str, str], ...] = (
    ("votable", ".vot", VOTABLE, "VOTable"),
    ("fits", ".fits", "application/fits", "FITS"),
    ("ecsv", ".ecsv", "text/plain", "ECSV"),
    ("csv", ".csv", "text/csv", "CSV"),
    ("parquet", ".parquet", "application/vnd.apache.parquet", "Parquet"),
)
#: The address is read when the button is pressed: colour, camera and lasso are known to the browser alone.
_LINK_JS = """
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not allowed");
}

export default function ({ parentElement }) {
  let button = parentElement.querySelector("button");
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    button.className = "al-action";
    button.textContent = "Copy link";
    button.title = "Copy the address of this page with everything that is chosen on it";
    button.setAttribute("aria-live", "polite");
    parentElement.append(button);
  }
  const say = (words) => {
    button.textContent = words;
    clearTimeout(button.timer);
    button.timer = setTimeout(() => (button.textContent = "Copy link"), 1600);
  };
  button.onclick = () => copy(window.location.href).then(() => say("Copied"), () => say("Not allowed"));
  return () => clearTimeout(button.timer);
}
"""


def take_away(workspace: Workspace, rows: NDArray[np.integer], *, how: str, key: str = "take_away") -> None:
    """Draw one row of actions for some sources of the run's survey: table, Python, SAMP, link.

    Parameters
    ----------
    workspace : Workspace
    rows : ndarray of int
        The sources.
    how : str
        How they were chosen, in words; goes into every file.
    key : str
        Unique on the page.
    """
    from_page = page_address()

    def make(url: str) -> Table:
        from alignlab.services.export import export_table

        return export_table(workspace, rows, url=url, selection=how)

    state = AtlasState.of(dataset_id(workspace))
    position = None
    if state.index is not None:
        survey = _survey(workspace, state.overlay)
        position = _position(survey, state.index)
    what = "1 source" if len(rows) == 1 else f"{len(rows):,} sources"
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small", key=key):
        _downloads(
            partial(make, from_page), name=f"alignlab-{workspace.survey.name}-{len(rows)}-sources", what=what, key=key
        )
        _script(workspace, rows, url=from_page, key=key)
        offer = Offer(what=what, rows=rows, overlay=None, make=make, position=position)
        samp_control(workspace, offer, key=f"{key}_samp")
        copy_link(key=f"{key}_link")


def take_table(make: Callable[[str], Table], *, name: str, what: str, key: str, label: str = "Download") -> None:
    """Draw the button that offers any table of a page in five formats.

    Parameters
    ----------
    make : callable
        Makes the table for a page's address; called when somebody downloads.
    name : str
        Name of the files, without suffix.
    what : str
        What it holds, short: ``5 neighbours``.
    key : str
        Unique on the page.
    label : str
        On the button.
    """
    _downloads(partial(make, page_address()), name=name, what=what, key=key, label=label)


def send_source(workspace: Workspace, index: int, overlay: str | None = None, *, key: str = "send_source") -> None:
    """Draw the SAMP button for one source: its position, or its row as a table."""
    survey = _survey(workspace, overlay)

    def make(url: str) -> Table:
        from alignlab.services.export import export_overlay_table, export_table

        rows = np.array([index])
        if overlay is None:
            return export_table(workspace, rows, url=url, selection="this source")
        return export_overlay_table(workspace, overlay, rows, url=url, selection="this source")

    offer = Offer(
        what="1 source", rows=np.array([index]), overlay=overlay, make=make, position=_position(survey, index)
    )
    samp_control(workspace, offer, key=key)


def copy_link(*, key: str) -> None:
    """Draw the button that copies the page's whole address, as the browser shows it."""
    _link()(key=key, width="content", height="content")


def page_address() -> str:
    """The page's address as the server knows it: path and query as of the last message from the browser."""
    query = [(name, value) for name in st.query_params for value in st.query_params.get_all(name)]
    path = urlsplit(st.context.url or "")
    return path._replace(path=path.path or "/", query=urlencode(query)).geturl() if path.scheme else ""


def _downloads(make: Callable[[], Table], *, name: str, what: str, key: str, label: str = "Download") -> None:
    def contents(file_format: Format) -> bytes:
        # Imported only when somebody downloads: astropy's tables take half a second.
        from alignlab.services.table_files import table_bytes

        return table_bytes(make(), file_format)

    with st.popover(label, icon=":material/download:", help=f"Download {what}"), st.container(gap="xxsmall"):
        for file_format, suffix, mime, format_label in _FILES:
            st.download_button(
                f"{format_label} · {suffix}",
                data=partial(contents, file_format),
                file_name=name + suffix,
                mime=mime,
                key=f"{key}_{file_format}",
                help=f"{what} as {format_label} ({suffix})",
                type="tertiary",
                on_click="ignore",
            )


def _script(workspace: Workspace, rows: NDArray[np.integer], *, url: str, key: str) -> None:
    # Written only while it is shown: for a long selection that is not free.
    popover = st.popover("Python", icon=":material/code:", on_change="rerun", key=f"{key}_python")
    if popover.open:
        from alignlab.services.snippet import selection_snippet

        popover.caption("Run it where the data folder is: the same sources from the same run.")
        popover.code(selection_snippet(workspace, rows, url=url), language="python")


def _survey(workspace: Workspace, overlay: str | None) -> Survey:
    if overlay is None:
        return workspace.survey
    return next(applied.survey for applied in workspace.overlays if applied.survey.name == overlay)


def _position(survey: Survey, index: int) -> dict | None:
    source = survey.sources.iloc[index]
    return position_of(str(source["name"]), float(source["ra"]), float(source["dec"]))


@cache
def _link() -> ComponentRenderer:
    return st.components.v2.component("alignlab_copy_link", js=_LINK_JS, isolate_styles=False)
