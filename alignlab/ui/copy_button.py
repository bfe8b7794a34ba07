"""A small button that copies a text: coordinates, a name, a line of code."""

from __future__ import annotations

from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_JS = """
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Browsers offer the clipboard only on https and on the machine itself; elsewhere a selected text can be copied.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not allowed");
}

export default function ({ data, parentElement }) {
  if (!data) return;
  let button = parentElement.querySelector("button.al-copy");
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    button.className = "al-copy";
    button.setAttribute("aria-live", "polite");
    parentElement.append(button);
  }
  const rest = () => { button.textContent = data.label; delete button.dataset.state; };
  const say = (words, state) => {
    button.textContent = words;
    button.dataset.state = state;
    clearTimeout(button.timer);
    button.timer = setTimeout(rest, 1600);
  };
  clearTimeout(button.timer);
  rest();
  button.title = `Copy ${data.text}`;
  button.setAttribute("aria-label", `Copy ${data.text}`);
  button.onclick = () => copy(data.text).then(() => say("copied", "done"), () => say("could not copy", "failed"));
  return () => clearTimeout(button.timer);
}
"""
_CSS = """
.al-copy {
  font: inherit; font-size: 0.867rem; line-height: 1.2rem; color: inherit; background: transparent; cursor: pointer;
  border: 1px solid color-mix(in srgb, currentColor 24%, transparent); border-radius: 4px; padding: 0 0.45rem;
  white-space: nowrap;
}
.al-copy:hover { background: color-mix(in srgb, currentColor 8%, transparent); }
.al-copy:focus-visible { outline: 2px solid currentColor; outline-offset: 1px; }
.al-copy[data-state="failed"] { border-style: dashed; }
"""


def copy_button(text: str, *, label: str, key: str) -> None:
    """Draw a button that copies `text` to the clipboard and says so, or says that the browser does not allow it.

    Parameters
    ----------
    text : str
        What is copied.
    label : str
        What stands on the button; short.
    key : str
        Of the element, unique on the page.
    """
    _component()(key=key, data={"text": text, "label": label}, width="content", height="content")


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component("alignlab_copy_button", js=_JS, css=_CSS, isolate_styles=False)
