from __future__ import annotations

import io
import re

import astropy.units as u
import pytest
from astropy.io.votable import parse_single_table
from click.testing import CliRunner

from alignlab.cli import main
from alignlab.errors import AlignlabError, InputFileError
from alignlab.services.discover import follow_up_files
from alignlab.services.discover.follow_up import (
    add_to_follow_up,
    follow_up_code,
    follow_up_list,
    open_follow_up_code,
    remove_from_follow_up,
)
from alignlab.services.discover.follow_up_files import follow_up_bytes, import_follow_up, write_follow_up
from alignlab.services.discover.triage import Triage
from alignlab.services.workspace import Catalogue
from alignlab.store.lab import Lab


@pytest.fixture
def listed(small_demo, tmp_path):
    """A workspace, and a Lab with three sources on the list, labels and notes by two people."""
    workspace, lab = Catalogue(small_demo).open_workspace("demo"), Lab(tmp_path / "lab.sqlite")
    names = [str(name) for name in workspace.survey.sources["name"].iloc[:4]]
    add_to_follow_up(lab, "demo", names[:2], person="ada", reason='hard, "pulsed" | 2 keV')
    add_to_follow_up(lab, "demo", names[1:3], person="bob", reason="lensed?")
    Triage(lab, "demo", "ada").give(names[0], "5")
    Triage(lab, "demo", "bob").give(names[0], "unsure")
    Triage(lab, "demo", "bob").note(names[0], "two images;\n2 arcsec | maybe")
    Triage(lab, "demo", "ada").note(names[0], "ask for HST")
    return workspace, lab, names


def test_the_list_is_everybodys_and_who_came_first_stays(listed):
    workspace, lab, names = listed
    entries = follow_up_list(lab, workspace.survey)
    assert [(e.name, e.index, e.person) for e in entries] == [
        (names[0], 0, "ada"), (names[1], 1, "ada"), (names[2], 2, "bob"),
    ]  # fmt: skip
    assert entries[0].labels == {"ada": "5", "bob": "unsure"}
    assert [note.text for note in entries[0].notes] == ["two images;\n2 arcsec | maybe", "ask for HST"]
    assert remove_from_follow_up(lab, "demo", [names[1], names[3]]) == 1
    assert len(follow_up_list(lab, workspace.survey)) == 2


@pytest.mark.parametrize("suffix", [".vot", ".csv"])
def test_what_is_exported_comes_back_in_another_lab_and_nothing_of_its_own_is_lost(listed, tmp_path, suffix):
    workspace, lab, names = listed
    path = tmp_path / f"list{suffix}"
    write_follow_up(workspace, follow_up_list(lab, workspace.survey), path)
    other = Lab(tmp_path / "other.sqlite")
    Triage(other, "demo", "ada").give(names[0], "1")
    add_to_follow_up(other, "demo", [names[2]], person="cy", reason="mine")

    found = import_follow_up(other, workspace.survey, path, person="cy")
    assert (found.n_added, found.n_known, found.n_labels, found.n_notes, found.unknown) == (2, 1, 1, 2, ())
    entries = {entry.name: entry for entry in follow_up_list(other, workspace.survey)}
    before = {entry.name: entry for entry in follow_up_list(lab, workspace.survey)}
    assert entries[names[2]].reason == "mine"
    assert (entries[names[0]].person, entries[names[0]].reason) == ("ada", 'hard, "pulsed" | 2 keV')
    assert entries[names[0]].added_utc == before[names[0]].added_utc
    assert entries[names[0]].labels == {"ada": "1", "bob": "unsure"}
    assert [(n.person, n.text) for n in entries[names[0]].notes] == [
        ("bob", "two images; 2 arcsec ¦ maybe"), ("ada", "ask for HST"),
    ]  # fmt: skip
    again = import_follow_up(other, workspace.survey, path, person="cy")
    assert (again.n_added, again.n_labels, again.n_notes) == (0, 0, 0)


def test_the_votable_has_units_ucds_and_says_what_is_simulated(listed):
    workspace, lab, names = listed
    table = parse_single_table(io.BytesIO(follow_up_bytes(workspace, follow_up_list(lab, workspace.survey), "votable")))
    fields = {field.name: field for field in table.fields}
    assert (str(fields["ra"].unit), fields["ra"].ucd) == ("deg", "pos.eq.ra;meta.main")
    assert fields["flux"].unit == u.Unit("erg s-1 cm-2")
    assert list(table.array["name"]) == names[:3]
    assert not any(name.startswith("link_") for name in fields)


def test_markdown_is_one_table_and_what_is_said_of_each(listed):
    workspace, lab, _ = listed
    text = follow_up_bytes(workspace, follow_up_list(lab, workspace.survey), "markdown").decode()
    rows = [line for line in text.splitlines() if line.startswith("| SIM")]
    assert len(rows) == 3
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 10 for row in rows)
    assert 'hard, "pulsed" \\| 2 keV' in text
    assert "simulated" in text and "erg s⁻¹ cm⁻²" in text and "46.4°" in text
    assert "Labels: ada 5, bob unsure" in text


def test_a_shared_list_opens_as_it_was(listed):
    workspace, lab, names = listed
    code = follow_up_code(lab, workspace.survey)
    assert follow_up_code(lab, workspace.survey) == code
    as_it_was = follow_up_list(lab, workspace.survey)
    remove_from_follow_up(lab, "demo", names)
    Triage(lab, "demo", "ada").give(names[0], "0")
    assert open_follow_up_code(Lab(lab.path), workspace.survey, code) == as_it_was
    with pytest.raises(AlignlabError, match=r"no follow-up list 'nonsense'.*import"):
        open_follow_up_code(lab, workspace.survey, "nonsense")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", b"ra,dec\n1,2\n", "no column 'name'"),
        ("a.csv", b"name,reason\nM 31,odd\n", "none of its 1 names"),
        ("a.csv", b"", "empty"),
        ("a.vot", b"<VOTABLE><RESOURCE>", "a.vot"),
        ("a.vot", b"\x89PNG\r\n\x1a\n\0\0", "a.vot"),
        ("a.md", b"# list", "Markdown"),
        ("missing.csv", None, "missing.csv"),
    ],
)
def test_a_file_that_is_no_list_is_refused_by_name(listed, tmp_path, name, content, problem):
    workspace, lab, _ = listed
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputFileError, match=problem) as caught:
        import_follow_up(lab, workspace.survey, path, person="cy")
    assert name in str(caught.value)
    assert len(follow_up_list(lab, workspace.survey)) == 3


def test_a_file_that_is_too_large_is_not_read(listed, tmp_path, monkeypatch):
    workspace, lab, names = listed
    path = tmp_path / "large.csv"
    path.write_text(f"name\n{names[3]}\n" * 10)
    monkeypatch.setattr(follow_up_files, "MAX_BYTES", 100)
    with pytest.raises(InputFileError, match="larger than"):
        import_follow_up(lab, workspace.survey, path)


def test_a_hostile_table_brings_only_names_labels_and_notes_that_can_be(listed, tmp_path):
    workspace, lab, names = listed
    path = tmp_path / "odd.csv"
    path.write_text(
        f'name,added_by,labels,notes\n{names[3]},"a:b;c","eve: 9; : 5; eve: 4; |: 3","nobody said | this"\nM 31,x,,\n'
    )
    found = import_follow_up(lab, workspace.survey, path, person="cy")
    assert (found.n_added, found.n_labels, found.n_notes, found.unknown) == (1, 1, 0, ("M 31",))
    last = follow_up_list(lab, workspace.survey)[-1]
    assert (last.person, last.labels) == ("cy", {"eve": "4"})
    assert "M 31" in found.sentence


def test_files_are_not_overwritten_and_formats_are_known(listed, tmp_path):
    workspace, lab, _ = listed
    entries = follow_up_list(lab, workspace.survey)
    (tmp_path / "there.md").touch()
    with pytest.raises(AlignlabError, match="exists already"):
        write_follow_up(workspace, entries, tmp_path / "there.md")
    with pytest.raises(AlignlabError, match=r"\.vot, \.xml, \.csv, \.md"):
        write_follow_up(workspace, entries, tmp_path / "list.txt")
    with pytest.raises(AlignlabError, match="is empty"):
        follow_up_bytes(workspace, [], "csv")


def test_the_terminal_keeps_a_list_and_labels(demo_copy, tmp_path, monkeypatch):
    monkeypatch.setenv("ALIGNLAB_DATA", str(demo_copy.data_dir))

    def told(*arguments):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return result.output

    assert told("follow-up", "add", "0", "2", "--person", "ada", "--reason", "odd") == "2 added, 0 were on the list.\n"
    told("triage", "label", "0", "4", "--person", "ada")
    told("triage", "label", "0", "5", "--person", "ada")
    assert told("triage", "undo", "--person", "ada").endswith(": 4 again\n")
    assert told("triage", "labels").endswith("\tada\t4\n")
    code = told("follow-up", "share").strip()
    assert told("follow-up", "export", tmp_path / "list.vot").startswith("2 sources in")
    assert told("follow-up", "remove", "0") == "1 removed.\n"
    assert len(told("follow-up", "list").splitlines()) == 1
    assert len(told("follow-up", "list", "--code", code).splitlines()) == 2
    assert told("follow-up", "import", tmp_path / "list.vot", "--person", "bob").startswith("1 added")
    assert "no source in common" in told("triage", "agreement", "ada", "bob")
    refused = CliRunner().invoke(main, ["triage", "label", "0", "6", "--person", "ada"])
    assert refused.exit_code == 2 and "There is no label '6'" in refused.output
