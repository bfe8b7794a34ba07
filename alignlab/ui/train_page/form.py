"""The form: a kind, a preset, every parameter with its meaning, the time that it will take, one button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from alignlab.errors import AlignlabError
from alignlab.services.job_kinds import KINDS, JobKind, job_kind
from alignlab.services.retrain import existing_result, needs_run, next_seed, show_run, train
from alignlab.services.workspace import Workspace
from alignlab.training.recipe_base import Recipe
from alignlab.ui import address, words
from alignlab.ui.train_page import tell
from alignlab.ui.train_page.chosen import choose_job
from alignlab.ui.train_page.fields import Filled, FormField, fill, form_fields, read, simple_fields, written

_KIND = "kind"
_MAX_SEED = 2**31 - 1
_KEPT: Literal["session"] = "session"


@dataclass(frozen=True)
class _Cell:
    """One field on screen: what is above and below its widget is drawn when all widgets have been read."""

    field: FormField
    default: Any
    head: DeltaGenerator
    foot: DeltaGenerator


@st.fragment(key="train_form")
def show_form(workspace: Workspace) -> None:
    """Draw the form; a new job, or one that is there already, becomes the chosen one."""
    kinds = {name: kind for name in KINDS if not (kind := job_kind(name)).makes_a_survey}
    name = address.choice(_KIND, list(kinds), next(iter(kinds)))
    st.selectbox("What to train", list(kinds), key=_KIND, format_func=lambda name: kinds[name].label)
    kind = kinds[name]
    st.html(f'<p class="al-dim al-kind">{escape(kind.summary)}{_on_run(kind, workspace)}</p>')
    presets = list(kind.presets)
    preset = presets[0]
    if len(presets) > 1:
        preset = st.segmented_control(
            "Preset", presets, default=preset, required=True, key=f"train_preset_{name}", persist_state=_KEPT,
            label_visibility="collapsed",
        )  # fmt: skip
    start = kind.presets[preset]
    filled = _fields(start, prefix=f"train_{name}_{presets.index(preset)}")
    seed = _seed(workspace)
    if filled.recipe is None or seed is None:
        st.button("Train", type="primary", disabled=True, key="train_submit")
        st.html('<p class="al-wrong">Nothing is submitted while a value is refused.</p>')
    else:
        _submit(workspace, kind, filled.recipe, seed)


def _on_run(kind: JobKind, workspace: Workspace) -> str:
    return f" Works on run <b>{escape(workspace.run.run_id)}</b>." if needs_run(kind.name) else ""


def _fields(preset: Recipe, *, prefix: str) -> Filled:
    """All fields of a recipe: those that are changed most first, the rest and recipes within it folded away."""
    fields = {field.name: field for field in form_fields(type(preset))}
    simple = simple_fields(type(preset))
    values: dict[str, Any] = {}
    cells = _grid([fields[name] for name in simple], preset, values, prefix)
    rest = [field for name, field in fields.items() if name not in simple and field.kind != "recipe"]
    cells += _folded(f"All parameters ({len(rest)} more)", rest, preset, values, prefix)
    for field in fields.values():
        if field.kind == "recipe":
            values[field.name] = _inner(field, getattr(preset, field.name), prefix)
    return _annotated(preset, values, cells)


def _inner(field: FormField, preset: Recipe, prefix: str) -> Recipe:
    """A recipe within a recipe; while something is wrong with it, the preset's own."""
    values: dict[str, Any] = {}
    label = f"{field.label} ({field.meaning.rstrip('.')})" if field.meaning else field.label
    cells = _folded(label, form_fields(type(preset)), preset, values, f"{prefix}_{field.name}")
    return _annotated(preset, values, cells).recipe or preset


def _folded(
    label: str, fields: Sequence[FormField], preset: Recipe, values: dict[str, Any], prefix: str
) -> list[_Cell]:
    """Fields that are drawn only when they are unfolded; what was written into them counts all the same."""
    if not fields:
        return []
    folded = st.expander(label, key=f"{prefix}_more", on_change="rerun")
    with folded:
        if folded.open:
            return _grid(fields, preset, values, prefix)
    values |= {field.name: _kept(field, preset, prefix) for field in fields}
    return []


def _annotated(preset: Recipe, values: dict[str, Any], cells: Sequence[_Cell]) -> Filled:
    """The recipe from the values; each cell says what it means, or what is wrong with it."""
    filled = fill(preset, values)
    for cell in cells:
        _annotate(cell, filled)
    for name in sorted(set(filled.problems) - {cell.field.name for cell in cells}):
        st.html(f'<p class="al-wrong" role="alert">{escape(_readable(filled.problems[name]))}</p>')
    return filled


def _grid(fields: Sequence[FormField], preset: Recipe, values: dict[str, Any], prefix: str) -> list[_Cell]:
    """Draw widgets side by side; what they say is put into `values`."""
    cells = []
    with st.container(key=f"{prefix}_grid_{fields[0].name}"):
        for field in fields:
            with st.container(gap=None):
                head = st.empty()
                values[field.name] = read(field, _widget(field, getattr(preset, field.name), f"{prefix}_{field.name}"))
                cells.append(_Cell(field, getattr(preset, field.name), head, st.empty()))
    return cells


def _kept(field: FormField, preset: Recipe, prefix: str) -> Any:
    """What was last written into a field that is not on screen."""
    value = getattr(preset, field.name)
    key = f"{prefix}_{field.name}"
    return read(field, st.session_state[key]) if key in st.session_state else value


def _widget(field: FormField, default: Any, key: str) -> Any:
    """The widget of a field, and what it holds."""
    shown = written(field, default)
    label: dict[str, Any] = {"label": field.label, "label_visibility": "collapsed", "key": key, "persist_state": _KEPT}
    if field.kind == "switch":
        return st.toggle(value=shown, **label)
    if field.kind == "words":
        return st.multiselect(options=field.words, default=shown, **label)
    if field.words:
        options = list(dict.fromkeys([*field.words, str(shown)]))
        return st.selectbox(
            options=options, index=options.index(str(shown)), accept_new_options=field.kind == "number", **label
        )
    if field.kind == "json":
        return st.text_area(value=shown, height=120, **label)
    return st.text_input(value=shown, **label)


def _annotate(cell: _Cell, filled: Filled) -> None:
    """Above the widget its name and default, below what it means or what is wrong with it."""
    field = cell.field
    default = written(field, cell.default)
    shown = ", ".join(default) if isinstance(default, list) else {True: "on", False: "off"}.get(default, str(default))
    mark = "<em>changed</em> · " if field.name in filled.changed else ""
    shown = "" if field.kind == "json" else f"default {escape(shown)}"
    cell.head.html(f'<div class="al-field"><b>{escape(field.label)}</b><span>{mark}{shown}</span></div>')
    problem = filled.problems.get(field.name)
    if problem:
        cell.foot.html(f'<p class="al-wrong" role="alert">{escape(_readable(problem))}</p>')
    else:
        limits = f"({field.limits})" if field.limits else ""
        cell.foot.html(f'<p class="al-meaning">{escape(field.meaning)} {escape(limits)}</p>')


def _readable(problem: str) -> str:
    """A recipe's message with the field named as the form names it."""
    first, _, rest = problem.partition(" ")
    return f"{first.replace('_', ' ')} {rest}".strip()


def _seed(workspace: Workspace) -> int | None:
    """The seed to train with; None while it is none."""
    if "train_seed" not in st.session_state:
        st.session_state["train_seed"] = str(next_seed(workspace))
    with st.container(gap=None, width=220):
        st.html('<div class="al-field"><b>seed</b><span>same seed, same weights</span></div>')
        text = st.text_input("seed", key="train_seed", label_visibility="collapsed", persist_state=_KEPT).strip()
        if text.isdecimal() and int(text) <= _MAX_SEED:
            return int(text)
        st.html(f'<p class="al-wrong" role="alert">seed must be a whole number from 0 to {_MAX_SEED:,}.</p>')
    return None


def _show_existing(workspace: Workspace, there: dict[str, Any]) -> None:
    """What an identical training has made, and the way to it."""
    what = tell.made(there)
    st.html(f'<p class="al-said"><b>This {escape(what.kind)} exists: {escape(what.name)}</b></p>', width="content")
    if what.kind == "run" and what.name != workspace.run.run_id:
        if st.button("Show this run", type="primary", key="train_show_existing"):
            show_run(workspace, what.name)
            st.rerun(scope="app")
    elif what.kind == "run":
        st.html('<p class="al-dim">It is the one that is shown.</p>', width="content")


def _submit(workspace: Workspace, kind: JobKind, recipe: Recipe, seed: int) -> None:
    try:
        there = existing_result(workspace, kind.name, recipe, seed=seed)
    except AlignlabError as error:
        st.html(f'<p class="al-wrong" role="alert">{escape(str(error))}</p>')
        return
    seconds = kind.estimate_s(recipe, workspace.survey.n_sources)
    with st.container(horizontal=True, vertical_alignment="center"):
        if there:
            _show_existing(workspace, there)
            return
        pressed = st.button("Train", type="primary", key="train_submit")
        st.html(
            f'<p class="al-dim">about {words.duration(seconds)} on two cores · '
            f"n {workspace.survey.n_sources:,}</p>",
            width="content",
        )  # fmt: skip
    if pressed:
        try:
            submitted = train(workspace, kind.name, recipe, seed=seed)
        except AlignlabError as error:
            st.error(str(error))
            return
        if submitted.job:
            choose_job(submitted.job)
        st.session_state.pop("train_seed", None)
        st.rerun(scope="app")
