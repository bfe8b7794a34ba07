"""Reports of an interpretation: what stands in the Markdown, and what another reader finds in the PDF."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alignlab.errors import AlignlabError, MissingArtefactError
from alignlab.services.interpret.contract import Interpretation
from alignlab.services.interpret_report import to_markdown, to_pdf, typeface, write_report
from alignlab.services.interpret_report.plot import Axis
from alignlab.services.interpret_report.words import variable_words
from alignlab.services.map_place import map_place
from alignlab.services.subject import Subject, subject_of
from alignlab.services.workspace import Workspace
from alignlab.ui import frontend_build
from tests.services.interpretations import AWKWARD, example_interpretation
from tests.services.pdf_text import pdf_text

_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The typeface lies beside the browser's bundles."""
    if not frontend_build.is_current():
        frontend_build.build()


@pytest.fixture(scope="module")
def subject(workspace: Workspace) -> Subject:
    return subject_of(workspace, int(workspace.survey.sources["counts"].idxmax()))


@pytest.fixture(scope="module")
def interpretation(subject: Subject) -> Interpretation:
    return example_interpretation(subject)


def bare(interpretation: Interpretation) -> Interpretation:
    """As it is before its first stage has come."""
    return replace(
        interpretation, stages=(), verdict="", place=None, neighbours=(), classes=None, papers=(), estimates=(),
        differences=(), suggestions=(), digest=(), evidence=(), limits=(), notes=(),
    )  # fmt: skip


def rows_of(markdown: str, heading: str) -> list[list[str]]:
    """Cells of the table below a heading."""
    table = markdown.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def numbers_in(text: str) -> list[float]:
    """The numbers of a cell as another program would read them."""
    plain = text.replace(" × 10", "e").translate(_SUPERSCRIPTS).replace(",", "").replace("%", "")
    return [float(n) for n in re.findall(r"(?<![\d.])-?\d+(?:\.\d+)?(?:e-?\d+)?", plain.replace("–", " "))]


def test_every_variable_can_be_read_back_from_the_markdown(interpretation):
    rows = rows_of(to_markdown(interpretation), "Variables, measured and estimated")
    assert len(rows) == 20
    for row, found in zip(rows, interpretation.estimates, strict=True):
        scale = 100 if found.name == "var_prob_b" else 1
        for cell, value in ((row[2], found.measured), (row[3], found.estimated), (row[4], found.low95)):
            if math.isfinite(value):
                size = abs(scale * value)
                assert numbers_in(cell)[0] == pytest.approx(scale * value, rel=0.06, abs=max(0.006 * size, 5e-4)), row
            else:
                assert cell == "–"


def test_classes_and_neighbours_stand_in_tables(interpretation):
    markdown = to_markdown(interpretation)
    classes = rows_of(markdown, "What class it may be")
    assert [row[0] for row in classes] == ["obscured AGN", "QSO", "HMXB"]
    assert numbers_in(classes[0][1]) == [62, 55, 70]
    nearest = rows_of(markdown, "Where it lies")
    assert [float(row[3]) for row in nearest] == [round(n.similarity, 3) for n in interpretation.neighbours]


def test_each_cited_id_is_among_the_evidence(interpretation):
    markdown = to_markdown(interpretation)
    body, _, evidence = markdown.partition("## Evidence")
    cited = {found for group in re.findall(r"\[(E[^\]]+)\]", body) for found in re.findall(r"E\d+", group)}
    assert cited == set(re.findall(r"\*\*(E\d+)\*\*", evidence))


def test_what_stands_in_a_file_never_becomes_markup(interpretation):
    markdown = to_markdown(interpretation)
    assert "<b>" not in markdown.replace("\\<", "")
    unescaped = re.sub(r"\\(.)", r"\1", markdown)
    assert f"# What is {AWKWARD}?" in unescaped
    assert "A hard source & its N_H < 10²² cm⁻²" in unescaped


def test_simulated_things_carry_the_word_and_observed_ones_do_not(interpretation):
    assert "simulated" in to_markdown(interpretation).split("## Where")[0]
    provenance = replace(interpretation.provenance, is_simulated=False, survey_origin="observed")
    papers = tuple(replace(paper, is_simulated=False) for paper in interpretation.papers)
    observed = replace(interpretation, is_simulated=False, provenance=provenance, papers=papers, limits=())
    assert "simulated" not in to_markdown(observed)


def test_the_pdf_says_what_the_interpretation_says(interpretation, subject):
    pages = pdf_text(to_pdf(interpretation, subject))
    text = " ".join(pages)
    assert 1 <= len(pages) <= 3
    assert AWKWARD in text
    assert "well inside what the run has seen [E1, E8]" in text
    assert "obscured AGN 62% (55–70)" in text
    assert "“The spectrum is hard, with Γ = 1.4 ± 0.1.”" in text
    assert "N_H < 10²² cm⁻²" in text
    for found in map(variable_words, interpretation.estimates):
        assert f"{found.measured} {found.estimated} {found.wide} {found.agreement}" in text
    for page in pages:
        assert f"run {interpretation.provenance.run_id}" in page
        assert "survey demo, simulated" in page


def test_the_same_interpretation_gives_the_same_bytes(interpretation, subject):
    assert to_pdf(interpretation, subject) == to_pdf(interpretation, subject)


@pytest.mark.parametrize("name", ["dust\x00 and \x07 bells", "中文 ☉", "", "<para>", "&amp; <a href='x'>"])
def test_any_name_can_be_written(interpretation, subject, name):
    pages = pdf_text(to_pdf(replace(bare(interpretation), source_name=name), subject))
    assert "counts per keV" in pages[0]


def test_an_interpretation_that_has_only_begun_has_only_what_has_come(interpretation, subject):
    begun = bare(interpretation)
    markdown = to_markdown(begun)
    assert "## " not in markdown
    assert "52.3 ks" in markdown
    assert "Where it lies" not in " ".join(pdf_text(to_pdf(begun, subject)))


def test_a_report_is_written_as_its_name_says(interpretation, subject, tmp_path):
    write_report(interpretation, subject, tmp_path / "report.MD")
    write_report(interpretation, subject, tmp_path / "report.pdf")
    assert (tmp_path / "report.MD").read_text(encoding="utf-8") == to_markdown(interpretation)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    with pytest.raises(AlignlabError, match=r"not written as '\.docx'.*\.md or \.pdf"):
        write_report(interpretation, subject, tmp_path / "report.docx")
    with pytest.raises(AlignlabError, match="cannot be written"):
        write_report(interpretation, subject, tmp_path / "nowhere" / "report.md")


def test_without_the_typeface_the_error_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(typeface, "_FOLDER", Path(tmp_path))
    typeface.register_typeface.cache_clear()
    with pytest.raises(MissingArtefactError, match="frontend_build"):
        typeface.register_typeface()


def test_a_source_of_the_survey_is_placed_as_a_new_one_would_be(workspace, subject):
    place = map_place(subject)
    base = workspace.run.latents("spectrum_aligned")
    similarity = base @ base[subject.index]
    similarity[subject.index] = -1
    near = np.argsort(-similarity)[:10]
    weight = 1 / np.maximum(1 - similarity[near], 1e-6)
    expected = (np.stack([place.x, place.y], axis=1)[near] * weight[:, None]).sum(axis=0) / weight.sum()
    np.testing.assert_allclose(place.at, expected, rtol=1e-3, atol=1e-3)
    assert len(place.thinned(50)) <= 50


def test_an_axis_places_its_ends_and_holds_what_lies_beyond():
    axis = Axis(low=1, high=100, start=10, stop=30, logarithmic=True)
    np.testing.assert_allclose(axis.place([1, 10, 100, 1000, 0]), [10, 20, 30, 30, np.nan])
