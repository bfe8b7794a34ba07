"""Presentation mode: furniture hidden, large type, and scenes that the arrow keys step through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from alignlab.errors import AlignlabError
from alignlab.services import scenes
from alignlab.services.retrain import latest_retraining, retrain_heads, runs_of, show_run
from alignlab.services.scenes import Scene
from alignlab.services.selections import kept_selection
from alignlab.services.workspace import Workspace
from alignlab.store.lab import Lab, SavedScene
from alignlab.ui import address
from alignlab.ui.latent_map import pack_selection
from alignlab.ui.state import BROWSER_SETTINGS, AtlasState

_PRESENT, _SCENE, _SHOW = "present", "scene", "show"
#: Parts of the address that the page keeps.
_PAGE_SETTINGS = ("view", "representation", "projection", "representation2", "projection2")
_HIDDEN = """<style>
section[data-testid="stSidebar"], .stAppHeader, .st-key-header, .al-foot, .st-key-atlas_controls,
.st-key-atlas_controls_second, .al-trust { display: none !important; }
:root { font-size: 20px !important; }
.stMainBlockContainer { padding-top: 0.6rem !important; }
</style>"""
#: Arrow keys step through the scenes wherever the focus is, F fills the screen, Escape ends; not while typing.
_KEYS_JS = """
export default function ({ setTriggerValue }) {
  const onKey = (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowRight" || event.key === "PageDown") setTriggerValue("go", 1);
    else if (event.key === "ArrowLeft" || event.key === "PageUp") setTriggerValue("go", -1);
    else if (event.key === "f" || event.key === "F") {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen();
    } else if (event.key === "q") setTriggerValue("go", 0);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener("keydown", onKey, { capture: true });
  return () => window.removeEventListener("keydown", onKey, { capture: true });
}
"""

_CAPTURE_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  let button = parentElement.querySelector("button");
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    button.className = "al-plain-button";
    parentElement.append(button);
  }
  button.textContent = data.label;
  button.disabled = data.disabled;
  button.onclick = () => setTriggerValue("search", window.location.search);
}
"""


def show_scene(workspace: Workspace, lab: Lab, state: AtlasState) -> bool:
    """Draw the scene's title, note and keys where an audience is looking; says whether one is."""
    presenting = address.choice(_PRESENT, ["0", "1"], "0") == "1"
    if not presenting:
        return False
    address.choice(_SHOW, ["tour", "mine"], "tour")
    playlist = _playlist(workspace, lab)
    address.follow(_SCENE, lambda number: _go_to(int(number) if number.isdigit() else 1, workspace, lab, state))
    number = _number(playlist)
    st.html(_HIDDEN)
    _keys()(
        key="presentation_keys",
        on_go_change=lambda: _step(st.session_state["presentation_keys"].get("go"), workspace, lab, state),
        height=1,
    )
    with st.container(key="scene", horizontal=True, vertical_alignment="center"):
        if not playlist:
            st.markdown("No scene has been saved for this survey. End the presentation, set up a view, and save it.")
        else:
            scene = playlist[number - 1]
            st.html(
                f'<div class="al-scene"><b>{escape(scene.title)}</b><span>{escape(scene.note)}</span></div>',
                width="stretch",
            )
            _act(scene, workspace)
        _steps(number, len(playlist), workspace, lab, state)
    return True


def scenes_menu(workspace: Workspace, lab: Lab, *, on_atlas: bool) -> None:
    """In the header: start the tour or one's own scenes; on the Atlas, save its view and order the saved ones."""
    with st.popover("Present", icon=":material/slideshow:", key="scenes_menu"):
        mine = scenes.saved_scenes(workspace, lab)
        if workspace.survey.truth is not None and st.button("Tour of the demo, six scenes", key="start_tour"):
            _start("tour")
        if mine and st.button(f"My scenes ({len(mine)})", key="start_mine"):
            _start("mine")
        st.caption("→ and ← step, 1–9 and 0 change the colour, F fills the screen, Q ends.")
        if on_atlas:
            _save_form(workspace, lab)
        for place, scene in enumerate(mine):
            _saved_row(workspace, lab, mine, place, scene)


def _save_form(workspace: Workspace, lab: Lab) -> None:
    """Title and note for the view on screen; its address is read in the browser, which keeps a part of it."""
    title = st.text_input("Title of a new scene", key="scene_title")
    note = st.text_area("What to say about it", key="scene_note", height=68)

    def save() -> None:
        search = st.session_state["capture_view"].get("search")
        if search is not None and title.strip():
            scene = SavedScene(title=title.strip(), note=note.strip(), address=_view(search))
            lab.save_scene(scene, workspace.survey.name)

    _capture()(
        key="capture_view",
        data={"label": "Save this view as a scene", "disabled": not title.strip()},
        on_search_change=save,
        height="content",
    )


def _view(search: str) -> str:
    """What of an address belongs to a scene: not whether it is being presented."""
    kept = {k: v for k, v in parse_qs(search.lstrip("?")).items() if k not in (_PRESENT, _SCENE, _SHOW)}
    return urlencode(kept, doseq=True)


def _saved_row(workspace: Workspace, lab: Lab, mine: list[Scene], place: int, scene: Scene) -> None:
    identifiers = [other.id for other in mine if other.id is not None]
    earlier = [*identifiers[: place - 1], identifiers[place], identifiers[place - 1], *identifiers[place + 1 :]]
    survey = workspace.survey.name
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{place + 1}. {scene.title}", width="stretch")
        st.button(
            f"Move {scene.title} up",
            icon=":material/arrow_upward:",
            type="tertiary",
            key=f"scene_up_{scene.id}",
            disabled=place == 0,
            on_click=lab.order_scenes,
            args=(survey, earlier),
        )
        st.button(
            f"Delete {scene.title}",
            icon=":material/delete:",
            type="tertiary",
            key=f"scene_delete_{scene.id}",
            on_click=lab.delete_scene,
            args=(survey, scene.id),
        )


def _start(show: str) -> None:
    address.choose(_PRESENT, "1")
    address.choose(_SHOW, show)
    st.switch_page("pages/atlas.py", query_params={_PRESENT: "1", _SHOW: show, _SCENE: "1"})


def _playlist(workspace: Workspace, lab: Lab) -> list[Scene]:
    if address.choice(_SHOW, ["tour", "mine"], "tour") == "mine":
        return scenes.saved_scenes(workspace, lab)
    return _tour(workspace, workspace.survey.digest, workspace.run.digest, len(workspace.overlays))


@st.cache_resource(max_entries=4, show_spinner=False)
def _tour(_workspace: Workspace, survey: str, run: str, n_overlays: int) -> list[Scene]:
    del survey, run, n_overlays  # only there to be part of the key
    from alignlab.ui.opened import current_lab

    return scenes.tour(_workspace, current_lab())


def _number(playlist: list[Scene]) -> int:
    asked = st.query_params.get(_SCENE, "1")
    return min(max(int(asked) if asked.isdigit() else 1, 1), max(len(playlist), 1))


def _step(by: int | None, workspace: Workspace, lab: Lab, state: AtlasState) -> None:
    if by is None:
        return
    if by == 0:
        _end()
        return
    playlist = _playlist(workspace, lab)
    if playlist:
        _go_to((_number(playlist) - 1 + by) % len(playlist) + 1, workspace, lab, state)


def _end() -> None:
    address.choose(_PRESENT, "0")
    address.forget(_SCENE)
    address.write(_PRESENT, "")


def _go_to(number: int, workspace: Workspace, lab: Lab, state: AtlasState) -> None:
    """Bring the page and, by one command, the browser into the state that the scene's address describes."""
    playlist = _playlist(workspace, lab)
    if not 1 <= number <= len(playlist):
        return
    address.tell(_SCENE, str(number))
    view = {name: values[0] for name, values in parse_qs(playlist[number - 1].address).items()}
    for name in _PAGE_SETTINGS:
        if name in view:
            address.choose(name, view[name])
        else:
            address.forget(name)
    survey = workspace.survey
    state.index, state.overlay, state.fly = None, None, False
    address.forget("source")
    if "source" in view:
        state.pick_by_name(workspace, view["source"])
    if "selection" in view:
        mask = kept_selection(lab, survey.name, view["selection"], survey.n_sources)
        state.select(mask, saved_as=view["selection"])
    else:
        state.clear_selection()
    state.order(selection=pack_selection(state.selected), **{name: view.get(name) for name in BROWSER_SETTINGS})


def _act(scene: Scene, workspace: Workspace) -> None:
    if scene.action == scenes.RETRAIN:
        _retrain(workspace)


def _retrain(workspace: Workspace) -> None:
    """Start a training, follow it, and show the run that came out, without leaving the stage."""
    job = latest_retraining(workspace)
    busy = job is not None and not job.has_ended

    @st.fragment(run_every=timedelta(seconds=1) if busy else None, key="scene_retraining")
    def follow() -> None:
        now = latest_retraining(workspace)
        if now is not None and not now.has_ended:
            fraction = min(max(now.progress.fraction, 0.0), 1.0)
            st.progress(fraction, text=f"{now.progress.message or 'starting'} · {fraction:.0%}")
            return
        if busy:
            st.rerun(scope="app")
        made = str(now.result.get("run", "")) if now is not None else ""
        if now is not None and now.error:
            st.warning(now.error)
        if made and made != workspace.run.run_id and made in runs_of(workspace):
            st.button(f"Show run {made}", type="primary", on_click=show_run, args=(workspace, made))
        if st.button("Train the heads again"):
            try:
                retrain_heads(workspace)
            except AlignlabError as error:
                st.error(str(error))
            else:
                st.rerun(scope="app")

    with st.container(width=320):
        follow()


def _steps(number: int, n: int, workspace: Workspace, lab: Lab, state: AtlasState) -> None:
    arguments = (workspace, lab, state)
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
        _icon_button("Previous scene", "chevron_left", _step, -1, *arguments)
        st.caption(f"{number} / {n}" if n else "0", width="content")
        _icon_button("Next scene", "chevron_right", _step, 1, *arguments)
        _icon_button("End presentation", "close", _end)


def _icon_button(name: str, icon: str, on_click: Callable[..., None], *arguments: Any) -> None:
    key = name.lower().replace(" ", "_")
    st.button(name, icon=f":material/{icon}:", key=key, type="tertiary", on_click=on_click, args=arguments)


@cache
def _capture() -> ComponentRenderer:
    return st.components.v2.component("alignlab_capture_view", js=_CAPTURE_JS, isolate_styles=False)


@cache
def _keys() -> ComponentRenderer:
    return st.components.v2.component("alignlab_presentation_keys", js=_KEYS_JS, isolate_styles=False)
