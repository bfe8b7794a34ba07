from __future__ import annotations

import numpy as np
import pytest

from alignlab.errors import AlignlabError
from alignlab.services.discover.triage import Triage, agreement, people
from alignlab.store.lab import Lab


def test_changes_are_undone_one_by_one_also_after_a_restart_and_only_ones_own(tmp_path):
    path = tmp_path / "lab.sqlite"
    ada, bob = (Triage(Lab(path), "demo", who) for who in ("ada", "bob"))
    ada.give("A", "3")
    ada.give("B", "unsure")
    bob.give("A", "0")
    ada.give("A", "5")
    ada.clear("B")
    assert ada.labels() == {"A": "5"}

    ada = Triage(Lab(path), "demo", "ada")
    undone = [ada.undo() for _ in range(4)]
    assert [(change.source_name, change.before, change.after) for change in undone] == [
        ("B", "unsure", None), ("A", "3", "5"), ("B", None, "unsure"), ("A", None, "3"),
    ]  # fmt: skip
    assert ada.undo() is None
    assert ada.labels() == {}
    assert bob.labels() == {"A": "0"}


def test_undo_restores_what_was_there_before_any_sequence_of_changes(tmp_path):
    triage, rng = Triage(Lab(tmp_path / "lab.sqlite"), "demo", "ada"), np.random.default_rng(0)
    states = [triage.labels()]
    for _ in range(30):
        name = rng.choice(["A", "B", "C"])
        if rng.uniform() < 0.2:
            triage.clear(name)
        else:
            triage.give(name, str(rng.integers(0, 6)))
        if triage.labels() != states[-1]:
            states.append(triage.labels())
    assert len(triage.changes()) == len(states) - 1
    for before in states[-2::-1]:
        triage.undo()
        assert triage.labels() == before


def test_labels_and_names_that_there_are_not_are_refused(tmp_path):
    lab = Lab(tmp_path / "lab.sqlite")
    with pytest.raises(AlignlabError, match=r"no label '6'.*0, 1, 2, 3, 4, 5, unsure"):
        Triage(lab, "demo", "ada").give("A", "6")
    for name in ("", "  ", "a:b", "x" * 41, "two\nlines"):
        with pytest.raises(AlignlabError, match="person's name"):
            Triage(lab, "demo", name)


def test_notes_are_ones_own_and_blank_ones_are_none(tmp_path):
    lab = Lab(tmp_path / "lab.sqlite")
    Triage(lab, "demo", "ada").note("A", " lensed? ")
    Triage(lab, "demo", "bob").note("A", "no")
    Triage(lab, "demo", "ada").note("A", "   ")
    assert [note.text for note in Triage(lab, "demo", "ada").notes("A")] == ["lensed?"]


def test_two_people_are_compared_on_what_both_have_labelled(tmp_path):
    lab = Lab(tmp_path / "lab.sqlite")
    said = {"A": ("5", "5"), "B": ("0", "4"), "C": ("1", "unsure"), "D": ("2", "1"), "E": ("3", "3"), "F": ("0", "0")}
    for name, (first, second) in said.items():
        Triage(lab, "demo", "ada").give(name, first)
        Triage(lab, "demo", "bob").give(name, second)
    Triage(lab, "demo", "ada").give("G", "5")
    found = agreement(lab, "demo", "ada", "bob")
    assert (found.n_both, found.kappa.n, found.table.sum()) == (6, 5, 6)
    assert [differing.source_name for differing in found.disagreements] == ["B", "D", "C"]
    assert "6 sources, 3 of them alike; weighted kappa 0." in found.sentence
    assert people(lab, "demo") == ["ada", "bob"]
    assert "no source in common" in agreement(lab, "demo", "ada", "eve").sentence
