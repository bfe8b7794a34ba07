"""Dropping a spectrum anywhere on a page: the veil, the way to the server, and what a person is told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from alignlab.errors import AlignlabError
from alignlab.services.apply import apply_run
from alignlab.services.drop import (
    ACCEPTED,
    DropOutcome,
    DroppedFile,
    interpret,
    remove_dropped,
    session_folder,
)
from alignlab.services.limited import warm_up
from alignlab.services.workspace import AppliedSurvey, Workspace
from alignlab.ui import address
from alignlab.ui.drop_veil import drop_veil
from alignlab.ui.state import AtlasState

_KEY = "alignlab.dropped"
_ZONE = "drop_zone"
#: The first page is drawn before the process that reads dropped files gets ready.
_WARM_UP_AFTER_S = 3.0
_ATLAS, _INTERPRET = "pages/atlas.py", "pages/interpret.py"


@dataclass
class Drops:
    """What one session has dropped.

    Attributes
    ----------
    session : str
        Names its folder.
    outcomes : list of DropOutcome
        In their order.
    problems : tuple of str
        What could not be used of the last drop.
    told : bool
        Whether the person has put the last statement away.
    generation : int
        Number of the uploader: a new one after every drop, so that it is empty.
    """

    session: str = field(default_factory=lambda: uuid.uuid4().hex)
    outcomes: list[DropOutcome] = field(default_factory=list)
    problems: tuple[str, ...] = ()
    told: bool = True
    generation: int = 0

    @classmethod
    def of_session(cls) -> Drops:
        """Those of the session that runs."""
        return st.session_state.setdefault(_KEY, cls())


def dropped_surveys(run_digest: str = "") -> tuple[AppliedSurvey, ...]:
    """What the session has dropped, to be laid over the map beside the run's own overlays.

    Parameters
    ----------
    run_digest : str
        Only those that this run has encoded; all where it is empty. `drop_zone` has the others encoded again.
    """
    if _KEY not in st.session_state:
        return ()
    seen = (outcome.applied for outcome in Drops.of_session().outcomes)
    return tuple(applied for applied in seen if not run_digest or _run_of(applied) == run_digest)


def drop_zone(workspace: Workspace, *, then: str = _ATLAS) -> None:
    """Take files that are dropped anywhere on the page, and tell what became of the last ones; on every page.

    Parameters
    ----------
    workspace : Workspace
    then : str
        Page that shows the first source of a drop.
    """
    warm_up(after_s=_WARM_UP_AFTER_S)
    drops = Drops.of_session()
    _follow_run(drops, workspace)
    with st.container(key=_ZONE):
        uploaded = st.file_uploader(
            "Drop a spectrum",
            accept_multiple_files=True, key=f"dropped_files_{drops.generation}", label_visibility="collapsed",
            max_upload_size=workspace.config.max_upload_mb,
        )  # fmt: skip
        refused = drop_veil(_ZONE, megabytes=workspace.config.max_upload_mb)
    if refused:
        drops.problems = (refused,)
    if uploaded:
        _take_in(uploaded, drops, workspace, then)
    _tell(drops, workspace, on_page=then)


def choose_files(workspace: Workspace, *, label: str, then: str = _ATLAS) -> None:
    """The other way to hand in files, with the keyboard too; then the page `then` shows the first source in them."""
    drops = Drops.of_session()
    uploaded = st.file_uploader(
        label, accept_multiple_files=True, key=f"chosen_files_{drops.generation}",
        max_upload_size=workspace.config.max_upload_mb,
    )  # fmt: skip
    if uploaded:
        _take_in(uploaded, drops, workspace, then)


def show_dropped(workspace: Workspace) -> None:
    """The other way to hand in files, with the keyboard too, and the list of what the session has dropped."""
    drops = Drops.of_session()
    st.html('<div class="al-search-kind"><b>Your own spectrum</b></div>')
    choose_files(
        workspace,
        label=f"Choose files, or drop them anywhere on a page: {ACCEPTED}. At most {workspace.config.max_upload_mb} MB "
        "each; only this session sees them.",
    )
    for place, outcome in enumerate(drops.outcomes):
        with st.container(horizontal=True, vertical_alignment="center", key=f"dropped_row_{place}"):
            st.html(_line(outcome))
            _actions(outcome, drops, workspace, where=f"row_{place}")


def _take_in(uploaded: Sequence[UploadedFile], drops: Drops, workspace: Workspace, then: str) -> None:
    """Interpret the files; then the first source is picked and the page `then` shows it, or the page says why not."""
    files = [DroppedFile(file.name, file.getvalue()) for file in uploaded]
    names = files[0].name if len(files) == 1 else f"{len(files)} files"
    drops.generation += 1
    drops.problems = ()
    bar = st.progress(0.0, text=f"Reading {names}…")

    def on_step(done: int, total: int, info: str) -> bool:
        bar.progress(min(done / max(total, 1), 1.0), text=f"{names}: {info}")
        return True

    try:
        outcome = interpret(workspace, files, session_folder(workspace.config, drops.session), on_step=on_step)
    except AlignlabError as error:
        drops.problems, drops.told = (str(error),), True
        st.rerun()
    drops.outcomes.append(outcome)
    drops.problems, drops.told = outcome.problems, False
    _state(workspace).pick(0, overlay=outcome.applied.survey.name)
    st.switch_page(then)


def _follow_run(drops: Drops, workspace: Workspace) -> None:
    """Have what was dropped encoded by the run that is shown, when that has become another one."""
    behind = [k for k, outcome in enumerate(drops.outcomes) if _run_of(outcome.applied) != workspace.run.digest]
    for k in behind:
        survey = drops.outcomes[k].applied.survey
        overlay = apply_run(workspace.run, workspace.survey, survey, into=survey.folder.parents[1] / "applied")
        drops.outcomes[k] = replace(drops.outcomes[k], applied=AppliedSurvey(survey, overlay))
    if behind:
        st.rerun()


def _tell(drops: Drops, workspace: Workspace, *, on_page: str) -> None:
    """What a person should know about the last drop, until they put it away; the Interpret page says it itself."""
    if drops.problems:
        with st.container(horizontal=True, vertical_alignment="center", key="drop_problem"):
            st.error("  \n".join(map(_as_markdown, drops.problems)), icon=":material/error:")
            st.button("Dismiss", key="drop_dismiss", on_click=_forget_problems, args=(drops,), type="tertiary")
    if drops.told or not drops.outcomes or on_page == _INTERPRET:
        return
    outcome = drops.outcomes[-1]
    with st.container(horizontal=True, vertical_alignment="center", key="drop_statement"):
        st.html(_line(outcome))
        _actions(outcome, drops, workspace, where="statement")
        st.button(
            "Hide", key="drop_hide", on_click=_put_away, args=(drops,), type="tertiary", help="It stays on the map."
        )


def _actions(outcome: DropOutcome, drops: Drops, workspace: Workspace, *, where: str) -> None:
    """What can be done with a drop: read its notes, see it, take it away."""
    survey = outcome.applied.survey
    if outcome.notes:
        with st.popover("Notes", type="tertiary"):
            for note in outcome.notes:
                st.html(f"<p>{escape(note)}</p>")
    if st.button("Map", key=f"drop_map_{where}", type="tertiary", help=f"Show {survey.sources['name'].iloc[0]}"):
        _state(workspace).pick(0, overlay=survey.name)
        st.switch_page(_ATLAS)
    if st.button("Interpret", key=f"drop_interpret_{where}", type="tertiary", help="What it is, with the evidence"):
        _state(workspace).pick(0, overlay=survey.name)
        st.switch_page(_INTERPRET)
    if st.button("Source", key=f"drop_source_{where}", type="tertiary", help="Everything about it"):
        _state(workspace).pick(0, overlay=survey.name)
        st.switch_page("pages/source.py")
    st.button(
        "Remove", key=f"drop_remove_{where}", type="tertiary", help="Take it off the map and delete it",
        on_click=_remove, args=(outcome, drops, workspace),
    )  # fmt: skip


def _line(outcome: DropOutcome) -> str:
    """The drop in one line: names, counts, and how far it lies from what the run has seen."""
    sources = outcome.applied.survey.sources
    n = len(sources)
    if n == 1:
        facts = sources.iloc[0]
        counts = "counts unknown" if not facts["counts"] >= 0 else f"{facts['counts']:,.0f} counts"
        text = f"<b>{escape(str(facts['name']))}</b> · {counts}. {escape(outcome.statements[0])}"
    else:
        far = sum("with care" in statement for statement in outcome.statements)
        names = ", ".join(map(str, sources["name"].iloc[:3])) + ("…" if n > 3 else "")
        care = f"{far} of them far outside the training set: read with care"
        rest = care if far else "all within what the run has seen"
        text = f"<b>{n} sources</b> ({escape(names)}): {rest}."
    return f'<div class="al-dropped"><span class="al-word">yours</span> {text}</div>'


def _remove(outcome: DropOutcome, drops: Drops, workspace: Workspace) -> None:
    drops.outcomes.remove(outcome)
    drops.told = True
    state = _state(workspace)
    if state.overlay == outcome.applied.survey.name:
        state.index, state.overlay = None, None
        address.tell("source", "")
    remove_dropped(outcome.applied)


def _put_away(drops: Drops) -> None:
    drops.told = True


def _forget_problems(drops: Drops) -> None:
    drops.problems = ()


def _state(workspace: Workspace) -> AtlasState:
    # Imported here: the module of opened surveys asks this one for what was dropped.
    from alignlab.ui.opened import dataset_id

    return AtlasState.of(dataset_id(workspace))


def _run_of(applied: AppliedSurvey) -> str:
    return applied.overlay.meta.inputs_sha256.get("run", "")


def _as_markdown(text: str) -> str:
    """A message as it is: what stands in a file's name or header must not become markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+-.!|$~:" else c for c in text)
