from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.services.neighbours import neighbour_columns, representation_latents
from alignlab.services.subject import find_subject, subject_of


def by_hand(workspace, representation: str, row: int, k: int) -> list[int]:
    latents = np.array(representation_latents(workspace.survey, workspace.run, representation), dtype=float)
    latents /= np.maximum(np.linalg.norm(latents, axis=1, keepdims=True), 1e-12)
    similarity = latents @ latents[row]
    similarity[row] = -2
    return np.argsort(-similarity, kind="stable")[:k].tolist()


def with_text_row(workspace) -> int:
    return int(np.flatnonzero(workspace.survey.text_mask.any(axis=1))[3])


@pytest.mark.parametrize("aligned", [True, False])
def test_columns_hold_the_nearest_in_each_space(workspace, aligned):
    row = with_text_row(workspace)
    columns = neighbour_columns(subject_of(workspace, row), aligned=aligned, k=6)
    names = ("spectrum_aligned", "text_aligned") if aligned else ("spectrum", "text")
    for column, name in zip(columns.columns, (*names, "both"), strict=True):
        assert column.representation == name
        assert not column.by_spectrum
        assert row not in [n.index for n in column.neighbours]
        assert len(column.neighbours) == 6
    assert [n.index for n in columns.columns[0].neighbours] == by_hand(workspace, names[0], row, 6)


def test_agreement_counts_sources_in_both_columns(workspace):
    columns = neighbour_columns(subject_of(workspace, with_text_row(workspace)), k=40)
    spectrum, text, _ = ([n.index for n in c.neighbours] for c in columns.columns)
    assert columns.n_shared == len([i for i in spectrum if i in text])
    assert max(columns.times_found().values()) <= 3
    assert sum(columns.times_found().values()) == 120


def test_a_source_without_text_is_compared_by_its_spectrum(workspace, monkeypatch):
    row = with_text_row(workspace)
    mask = np.array(workspace.survey.text_mask)
    silent = int(np.flatnonzero(mask.any(axis=1))[9])
    mask[[row, silent]] = False
    monkeypatch.setattr(workspace.survey, "text_mask", mask)
    columns = neighbour_columns(subject_of(workspace, row), k=8)
    query = workspace.run.latents("spectrum_aligned")[row]
    similarity = workspace.run.latents("text_aligned") @ query
    similarity[~mask.any(axis=1)] = -2
    text = columns.columns[1]
    assert text.by_spectrum
    assert [n.index for n in text.neighbours] == np.argsort(-similarity, kind="stable")[:8].tolist()
    assert silent not in [n.index for n in text.neighbours]
    before = neighbour_columns(subject_of(workspace, row), aligned=False, k=8)
    assert before.columns[1].neighbours == ()
    assert len(before.columns[2].neighbours) == 8


def test_subjects_are_found_by_name_and_checked(workspace):
    name = workspace.survey.sources["name"][7]
    found = find_subject(workspace, name)
    assert (found.index, found.overlay, found.name) == (7, None, name)
    with pytest.raises(AlignlabError, match="0 to 399"):
        subject_of(workspace, 400)
    with pytest.raises(MissingArtefactError, match="alignlab apply"):
        subject_of(workspace, 0, "elsewhere")
    with pytest.raises(AlignlabError, match="No source"):
        find_subject(workspace, "Cygnus X-1")
    assert replace(found, index=8).key != found.key
