from __future__ import annotations

import pytest

from alignlab.errors import AlignlabError, InputFileError, first_few


@pytest.mark.parametrize(
    ("message", "remedy", "told"),
    [
        ("The disk is full.", "Make room.", "The disk is full. Make room."),
        ("The disk is full", "Make room.", "The disk is full. Make room."),
        ("2 sources match: A, B…", "Give more.", "2 sources match: A, B… Give more."),
        ("no such run", "", "no such run"),
    ],
)
def test_message_and_remedy_are_sentences(message, remedy, told):
    assert str(AlignlabError(message, remedy=remedy)) == told


def test_a_file_error_names_its_file():
    assert str(InputFileError("a.pi", "truncated", remedy="Fetch it again.")) == "a.pi: truncated. Fetch it again."


def test_long_lists_of_names_are_told_in_part():
    assert first_few(["a", "b"]) == "a, b" and first_few([]) == ""
    assert first_few([f"n{i}" for i in range(1205)], 2) == "n0, n1 and 1,203 more"
