from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from alignlab.errors import AlignlabError, DamagedArtefactError, MissingArtefactError
from alignlab.store.artefact import (
    MANIFEST,
    Meta,
    check_name,
    publish,
    read_manifest,
    sweep_partials,
    verify_checksums,
    write_file_atomically,
)

META = Meta(kind="survey", name="one", simulated=True)


def write_hello(folder):
    (folder / "a.txt").write_text("hello")


def test_nothing_is_visible_until_all_is_written(tmp_path):
    def write(folder):
        write_hello(folder)
        assert [p.name for p in tmp_path.glob("[!.]*")] == []

    publish(tmp_path / "one", META, write)
    assert read_manifest(tmp_path / "one", "survey") == META
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


def test_a_failing_writer_leaves_nothing(tmp_path):
    def write(folder):
        write_hello(folder)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        publish(tmp_path / "one", META, write)
    assert list(tmp_path.iterdir()) == []


def test_a_taken_name_is_refused_and_a_replacement_spares_open_readers(tmp_path):
    publish(tmp_path / "one", META, write_hello)
    with pytest.raises(AlignlabError, match="exists already"):
        publish(tmp_path / "one", META, write_hello)
    with (tmp_path / "one/a.txt").open() as reader:
        publish(tmp_path / "one", META, lambda f: (f / "a.txt").write_text("again") and None, replace=True)
        assert reader.read() == "hello"
    assert (tmp_path / "one/a.txt").read_text() == "again"
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".hidden", "x.partial", "n" * 65])
def test_names_that_would_leave_the_folder_are_refused(name):
    with pytest.raises(AlignlabError, match="cannot name"):
        check_name(name)


def damage(folder, how):
    manifest = json.loads((folder / MANIFEST).read_text())
    if how == "missing file":
        (folder / "a.txt").unlink()
    elif how == "truncated file":
        (folder / "a.txt").write_text("hel")
    elif how == "no manifest":
        (folder / MANIFEST).unlink()
    elif how == "torn manifest":
        (folder / MANIFEST).write_text('{"meta": {')
    else:
        manifest["meta"]["schema_version"] = 99
        if how == "newer with a new field":
            manifest["meta"]["colour"] = "green"
        (folder / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ("missing file", "a.txt is missing"),
        ("truncated file", "a.txt has 3 bytes where 5"),
        ("no manifest", "manifest.json is missing"),
        ("torn manifest", "manifest.json cannot be read"),
        ("newer", "newer alignlab"),
        ("newer with a new field", "newer alignlab"),
    ],
)
def test_damage_is_named_with_a_remedy(tmp_path, how, named):
    publish(tmp_path / "one", META, write_hello)
    damage(tmp_path / "one", how)
    with pytest.raises(DamagedArtefactError, match=named) as caught:
        read_manifest(tmp_path / "one", "survey")
    assert caught.value.remedy


def test_an_altered_byte_is_found_by_its_checksum(tmp_path):
    publish(tmp_path / "one", META, write_hello)
    (tmp_path / "one/a.txt").write_text("hallo")
    read_manifest(tmp_path / "one", "survey")
    with pytest.raises(DamagedArtefactError, match=r"a\.txt was altered"):
        verify_checksums(tmp_path / "one")


def test_missing_and_mistaken_folders(tmp_path):
    with pytest.raises(MissingArtefactError, match="no run"):
        read_manifest(tmp_path / "none", "run")
    publish(tmp_path / "one", META, write_hello)
    with pytest.raises(DamagedArtefactError, match="holds a survey, not a run"):
        read_manifest(tmp_path / "one", "run")


def test_a_killed_writer_leaves_a_partial_that_the_sweep_removes(tmp_path):
    script = (
        "import os, pathlib, signal\n"
        "from alignlab.store.artefact import Meta, publish\n"
        "def write(folder):\n"
        "    (folder / 'half').write_text('x')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"publish(pathlib.Path({str(tmp_path)!r}) / 'one', Meta(kind='survey', name='one', simulated=True), write)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    left = [p.name for p in tmp_path.iterdir()]
    assert len(left) == 1
    assert left[0].endswith(".partial")
    mine = tmp_path / f".two.{os.getpid()}.partial"
    mine.mkdir()
    sweep_partials(tmp_path)
    assert list(tmp_path.iterdir()) == [mine]


def test_what_another_host_writes_is_swept_only_once_it_has_been_left_for_a_day(tmp_path):
    at_work, abandoned = tmp_path / ".one.0123abcd-1-7.partial", tmp_path / ".two.0123abcd-1-7.partial"
    for folder in (at_work, abandoned):
        folder.mkdir()
        (folder / "half").write_text("x")
    before_yesterday = time.time() - 2 * 86_400
    for path in (abandoned / "half", abandoned):
        os.utime(path, (before_yesterday, before_yesterday))
    assert sweep_partials(tmp_path, writers={1}) == []
    assert sweep_partials(tmp_path) == [abandoned]
    assert list(tmp_path.iterdir()) == [at_work]


def test_threads_of_a_process_write_the_same_file_each_for_itself(tmp_path):
    both_write = threading.Barrier(2)

    def publish_file(text):
        def write(path):
            path.write_text(text)
            both_write.wait(10)

        write_file_atomically(tmp_path / "map", write)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(publish_file, ["one", "two"]))
    assert (tmp_path / "map").read_text() in ("one", "two")
    assert len(list(tmp_path.iterdir())) == 1


def test_an_atomic_file_is_whole_or_absent(tmp_path):
    def write(path):
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_file_atomically(tmp_path / "map", write)
    assert list(tmp_path.iterdir()) == []
