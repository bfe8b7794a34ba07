"""Choices in the address: obeyed when somebody changed them, never when they are an echo of our own."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

SCRIPT = """
import streamlit as st
from alignlab.ui import address
st.session_state.setdefault("followed", [])
address.follow("source", st.session_state["followed"].append)
chosen = address.choice("view", ["one", "two"], "one")
st.segmented_control("View", ["one", "two"], key="view", required=True)
st.write(chosen)
if st.button("write"):
    address.tell("source", st.session_state["next"])
"""


def start(**query: str) -> AppTest:
    app = AppTest.from_string(SCRIPT)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def told(app: AppTest, name: str) -> str:
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def test_the_address_is_obeyed_once_and_a_default_is_not_written():
    app = start(source="A", view="two")
    assert app.session_state["followed"] == ["A"]
    assert app.segmented_control[0].value == "two"
    app.run()
    assert app.session_state["followed"] == ["A"]
    app.query_params["source"] = "B"
    app.query_params["view"] = "one"
    app.run()
    assert app.session_state["followed"] == ["A", "B"]
    app.segmented_control[0].set_value("two").run()
    assert told(app, "view") == "two"
    app.segmented_control[0].set_value("one").run()
    assert "view" not in app.query_params


def test_a_value_that_is_not_offered_is_ignored():
    app = start(view="three")
    assert app.segmented_control[0].value == "one"


def test_an_address_from_before_our_own_change_is_no_wish(monkeypatch):
    clock = {"now": 100.0}
    monkeypatch.setattr("alignlab.ui.address.time.monotonic", lambda: clock["now"])
    app = start(source="A")
    app.session_state["next"] = "B"
    app.button[0].click().run()
    assert told(app, "source") == "B"
    app.query_params["source"] = "A"
    clock["now"] += 10
    app.run()
    assert app.session_state["followed"] == ["A"]
    assert told(app, "source") == "B"
    clock["now"] += 30
    app.query_params["source"] = "A"
    app.run()
    assert app.session_state["followed"] == ["A", "A"]
