from __future__ import annotations

import pytest

from alignlab.errors import AlignlabError, InputFileError


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
