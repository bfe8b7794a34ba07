"""The veil that says what may be dropped while files are held over the page, and their way to the server."""

from __future__ import annotations

from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from alignlab.services.drop import ACCEPTED, MAX_FILES

#: Files go into the page's own uploader, and so by HTTP, not over the page's socket.
_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return;
  const veil = document.createElement("div");
  veil.className = "al-veil";
  veil.setAttribute("role", "status");
  veil.hidden = true;
  veil.innerHTML = "<div><b></b><span></span></div>";
  veil.querySelector("b").textContent = data.title;
  veil.querySelector("span").textContent = data.accepted;
  document.body.append(veil);

  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  // The theme's colours are known inside the component alone.
  const dress = () => {
    const style = getComputedStyle(parentElement);
    for (const name of ["--st-primary-color", "--st-background-color", "--st-text-color"]) {
      veil.style.setProperty(name, style.getPropertyValue(name));
    }
  };
  const hide = () => { veil.hidden = true; };
  const onOver = (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = "copy";
    dress();
    veil.hidden = false;
  };
  const onLeave = (event) => { if (event.relatedTarget === null) hide(); };
  const onKey = (event) => { if (event.key === "Escape") hide(); };

  function filesOf(transfer) {
    const folders = [...transfer.items]
      .map((item, place) => (item.webkitGetAsEntry?.()?.isDirectory ? place : -1)).filter((place) => place >= 0);
    return { files: [...transfer.files].filter((_, place) => !folders.includes(place)), folders: folders.length };
  }

  function refusal({ files, folders }) {
    if (!files.length) return folders ? "A folder cannot be dropped. Drop the files in it." : "";
    if (files.length > data.most) return `${files.length} files are more than ${data.most}. Drop fewer.`;
    const large = files.find((file) => file.size > data.megabytes * 1e6);
    if (!large) return "";
    return `${large.name} has ${Math.round(large.size / 1e6)} MB; at most ${data.megabytes} are taken. ` +
      "Cut out one source first, with 'alignlab ingest events' for an event list.";
  }

  const onDrop = (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    hide();
    const dropped = filesOf(event.dataTransfer);
    const field = document.querySelector(`.st-key-${data.zone} input[type="file"]`);
    const problem = field ? refusal(dropped) : "The page is still loading. Drop the files again.";
    if (problem) { setTriggerValue("refused", problem); return; }
    if (!dropped.files.length) return;
    const transfer = new DataTransfer();
    dropped.files.forEach((file) => transfer.items.add(file));
    field.files = transfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const listeners = [
    ["dragenter", onOver], ["dragover", onOver], ["dragleave", onLeave], ["drop", onDrop], ["keydown", onKey],
  ];
  for (const [name, listener] of listeners) window.addEventListener(name, listener, { capture: true });
  return () => {
    for (const [name, listener] of listeners) window.removeEventListener(name, listener, { capture: true });
    veil.remove();
  };
}
"""


def drop_veil(zone: str, *, megabytes: int) -> str:
    """Listen for files that are dropped anywhere on the page, and hand them to the uploader within the element `zone`.

    Parameters
    ----------
    zone : str
        Key of the container that holds the page's uploader.
    megabytes : int
        Largest file.

    Returns
    -------
    str
        Why the last drop was refused before anything was sent, once; else empty.
    """
    data = {"zone": zone, "title": "Drop a spectrum", "accepted": ACCEPTED, "most": MAX_FILES, "megabytes": megabytes}
    result = _component()(key="drop_veil", data=data, on_refused_change=_nothing_more, height=1)
    return str(result.get("refused") or "") if result else ""


def _nothing_more() -> None:
    """A trigger only comes with the next run where somebody listens."""


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("alignlab_drop_veil", js=_JS, isolate_styles=False)
