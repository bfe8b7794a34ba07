from __future__ import annotations

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from alignlab.ui.served_files import Shelf

KIND = "application/x-votable+xml"


@pytest.fixture
def storage() -> MemoryMediaFileStorage:
    return MemoryMediaFileStorage("/media")


@pytest.fixture
def manager(storage: MemoryMediaFileStorage) -> MediaFileManager:
    return MediaFileManager(storage)


def served(storage: MemoryMediaFileStorage, path: str) -> bytes | None:
    try:
        return storage.get_file(path.removeprefix("/media/")).content
    except MediaFileStorageError:
        return None


def test_a_file_outlives_every_session(manager, storage):
    path = Shelf(manager).put(b"table", KIND)
    for session in ("first", "second"):
        manager.clear_session_refs(session)
        manager.remove_orphaned_files()
    assert served(storage, path) == b"table"
    assert storage.get_file(path.removeprefix("/media/")).mimetype == KIND


def test_the_oldest_makes_room(manager, storage):
    shelf = Shelf(manager, places=3)
    paths = [shelf.put(f"table {number}".encode(), KIND) for number in range(7)]
    kept = [served(storage, path) for path in paths]
    assert kept == [None] * 4 + [b"table 4", b"table 5", b"table 6"]


def test_many_bytes_make_room_too_but_the_newest_stays(manager, storage):
    shelf = Shelf(manager, places=4, most_bytes=100)
    small = shelf.put(b"a" * 60, KIND)
    other = shelf.put(b"b" * 30, KIND)
    assert (served(storage, small), served(storage, other)) == (b"a" * 60, b"b" * 30)
    third = shelf.put(b"c" * 40, KIND)
    assert served(storage, small) is None
    assert served(storage, other) == b"b" * 30
    huge = shelf.put(b"d" * 500, KIND)
    assert served(storage, huge) == b"d" * 500
    assert served(storage, third) is None
    held = sum(file.content_size for file in storage._files_by_id.values())
    assert held == 500


def test_the_same_table_twice_is_kept_while_either_place_is(manager, storage):
    shelf = Shelf(manager, places=2)
    first = shelf.put(b"same", KIND)
    assert shelf.put(b"same", KIND) == first
    shelf.put(b"new", KIND)
    assert served(storage, first) == b"same"
    shelf.put(b"newer", KIND)
    assert served(storage, first) is None
