from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from alignlab.errors import AlignlabError, DamagedArtefactError
from alignlab.store.lab import Lab, SavedScene
from alignlab.store.lab_file import MIGRATIONS


def test_choices_labels_notes_and_selections_survive_a_restart(tmp_path):
    lab = Lab(tmp_path / "lab.sqlite")
    assert lab.active_run("demo") is None
    lab.set_active_run("demo", "paper-1")
    lab.set_active_run("demo", "paper-2")
    lab.label("demo", "SIM A", person="ada", value="4")
    lab.label("demo", "SIM A", person="ada", value="5")
    lab.label("demo", "SIM A", person="bob", value="unsure")
    lab.add_note("demo", "SIM A", person="ada", text="looks lensed; 'quoted'")
    mask = np.random.default_rng(0).uniform(size=1001) < 0.3
    lab.save_selection("demo", "odd ones", mask)

    lab = Lab(tmp_path / "lab.sqlite")
    assert lab.active_run("demo") == "paper-2"
    assert lab.labels("demo") == {"SIM A": {"ada": "5", "bob": "unsure"}}
    lab.unlabel("demo", "SIM A", person="bob")
    assert lab.labels("demo") == {"SIM A": {"ada": "5"}}
    assert [n.text for n in lab.notes("demo", "SIM A")] == ["looks lensed; 'quoted'"]
    np.testing.assert_array_equal(lab.selection("demo", "odd ones"), mask)
    lab.check_integrity()


def test_many_writers_at_once_lose_nothing(tmp_path):
    def write(i):
        Lab(tmp_path / "lab.sqlite").label("demo", f"SIM {i}", person="ada", value="1")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(64)))
    assert len(Lab(tmp_path / "lab.sqlite").labels("demo")) == 64


def test_files_that_are_no_lab_are_refused(tmp_path):
    path = tmp_path / "lab.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be read as a header" * 20)
    with pytest.raises(DamagedArtefactError, match="Lab"):
        Lab(path)
    newer = tmp_path / "newer.sqlite"
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DamagedArtefactError, match="newer alignlab"):
        Lab(newer)


def test_a_selection_needs_a_name(tmp_path):
    with pytest.raises(AlignlabError, match="needs a name"):
        Lab(tmp_path / "lab.sqlite").save_selection("demo", "  ", np.ones(3, bool))


def test_selections_can_be_listed_and_forgotten(tmp_path):
    lab = Lab(tmp_path / "lab.sqlite")
    for name in ("b", "a"):
        lab.save_selection("demo", name, np.ones(3, bool))
    assert lab.selection_names("demo") == ["a", "b"]
    lab.delete_selection("demo", "a")
    assert lab.selection_names("demo") == ["b"]
    assert lab.selection("demo", "a") is None
    assert lab.selection_names("other") == []


def test_scenes_keep_their_order_and_can_be_changed(tmp_path):
    lab = Lab(tmp_path / "lab.sqlite")
    first, second, third = (
        lab.save_scene(SavedScene(title=title, note="n", address=f"colour={title}"), "demo") for title in "abc"
    )
    lab.order_scenes("demo", [third, first, second])
    lab.save_scene(SavedScene(title="B", note="changed", address="", id=second), "demo")
    lab.save_scene(SavedScene(title="elsewhere", note="", address=""), "other")
    lab.delete_scene("demo", first)
    assert [(s.title, s.note, s.id) for s in lab.scenes("demo")] == [("c", "n", third), ("B", "changed", second)]
    assert lab.scenes("demo")[0].address == "colour=c"


def test_a_lab_of_the_first_version_is_brought_up_to_date_with_everything_in_it(tmp_path):
    path = tmp_path / "lab.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1;")
    connection.execute("INSERT INTO label VALUES ('demo', 'SIM A', 'ada', '4', '2026-01-01')")
    connection.commit()
    connection.close()
    lab = Lab(path)
    assert lab.labels("demo") == {"SIM A": {"ada": "4"}}
    assert lab.scenes("demo") == []
