"""An interpretation that is being found while a person presses on: no stage is found twice, none is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, cast

from alignlab.errors import AlignlabError
from alignlab.ui.interpret_page.unfolding import Unfolding


def unfolding_of(stages: Iterator[Any]) -> Unfolding:
    return Unfolding(cast(Any, stages))


def test_stages_come_one_by_one_until_there_are_no_more():
    unfolding = unfolding_of(iter(["place", "classes"]))
    assert (unfolding.interpretation, unfolding.n_come) == (None, 0)
    seen = []
    while not unfolding.is_finished:
        unfolding.wait_beyond(unfolding.n_come)
        seen.append(unfolding.interpretation)
    assert seen == ["place", "classes", "classes"]
    assert unfolding.problem == ""


def test_a_stage_that_was_not_seen_yet_is_not_waited_for():
    found = []
    unfolding = unfolding_of(found.append(name) or name for name in ("place", "classes"))
    unfolding.wait_beyond(0)
    unfolding.wait_beyond(0)
    assert found == ["place"]


def test_two_runs_of_the_page_find_each_stage_once():
    begun, go_on, found = threading.Event(), threading.Event(), []

    def stages() -> Iterator[str]:
        for name in ("place", "classes", "papers"):
            begun.set()
            go_on.wait(10)
            found.append(name)
            yield name

    unfolding = unfolding_of(stages())

    def page() -> None:
        while not unfolding.is_finished:
            unfolding.wait_beyond(unfolding.n_come)

    pages = [threading.Thread(target=page) for _ in range(2)]
    pages[0].start()
    assert begun.wait(10)
    pages[1].start()
    go_on.set()
    for thread in pages:
        thread.join(10)
    assert found == ["place", "classes", "papers"]
    assert unfolding.interpretation == "papers"


def test_what_cannot_be_found_is_told_and_what_was_found_is_kept():
    def stages() -> Iterator[str]:
        yield "place"
        raise AlignlabError("The survey has no texts.", remedy="Read some papers.")

    unfolding = unfolding_of(stages())
    unfolding.wait_beyond(0)
    unfolding.wait_beyond(1)
    assert unfolding.is_finished
    assert unfolding.problem == "The survey has no texts. Read some papers."
    assert unfolding.interpretation == "place"
