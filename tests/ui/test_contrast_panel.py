from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from alignlab.literature.distinguishing import DistinguishingTerm, DistinguishingTerms
from alignlab.services.contrast import VariableContrast, WordContrast, variable_contrast
from alignlab.services.workspace import Workspace
from alignlab.ui.contrast_panel import contrast_html, median_words, p_words
from alignlab.variables import BY_NAME, VARIABLES


@pytest.fixture(scope="module")
def compared(workspace: Workspace) -> VariableContrast:
    return variable_contrast(workspace, (workspace.survey.sources["source_class"] == "AGN").to_numpy())


def rows_of(html: str) -> list[str]:
    return re.findall(r"<tr.*?</tr>", html.split("<tbody>")[1], flags=re.DOTALL)


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (1.0, "1"), (0.99999, "1"), (0.0499, "0.050"), (0.001, "0.001"), (0.00042, "4 × 10⁻⁴"), (3e-8, "3 × 10⁻⁸"),
        (9e-9, "< 10⁻⁸"), (np.finfo(float).tiny, "< 10⁻⁸"), (np.nan, "–"),
    ],
)  # fmt: skip
def test_a_p_value_is_never_shown_as_zero(p, text):
    assert p_words(p) == text


@pytest.mark.parametrize(
    ("name", "selected", "rest", "texts"),
    [
        ("bb_kt", 2.77, 0.631, ("2.77", "0.63", "+2.14")),
        ("hard_hs", -0.00917, -0.0989, ("−0.009", "−0.099", "+0.090")),
        ("powlaw_nh", 555.0, 12.4, ("555", "12", "+543")),
        ("powlaw_nh", 0.0, 0.0, ("0", "0", "0")),
        ("var_prob_b", 0.55, 0.35, ("55%", "35%", "+20.0 points")),
        ("bb_kt", np.nan, 0.6, ("–", "0.600", "–")),
        ("powlaw_stat", 2e5, 1e5, ("2 × 10⁵", "10⁵", "+10⁵")),
    ],
)
def test_medians_and_their_difference_agree_in_their_digits(name, selected, rest, texts):
    assert median_words(BY_NAME[name], selected, rest) == texts


def test_every_variable_has_a_row_and_the_largest_effect_is_first(compared):
    html = contrast_html(compared, None, shade="light")
    rows = rows_of(html)
    assert len(rows) == 20
    assert BY_NAME["hard_hs"].label in rows[0]  # the classes of the small demo differ in it
    assert "&lt; 10⁻⁸" in rows[0]
    assert "100 <span class=al-dim>/ 200</span>" in rows[0]
    for variable in VARIABLES:
        assert any(variable.label in row for row in rows)
    assert "<b>100 selected</b> against 200 others" in html
    assert "Cliff's δ" in html
    assert "Mann–Whitney" in html
    assert "Holm-corrected for 20 tests" in html
    assert "discovers nothing" in html
    assert "nan" not in html.lower()


def test_every_drawing_has_a_name_and_two_shapes(compared):
    (row, *_) = rows_of(contrast_html(compared, None, shade="dark"))
    effect, histogram = re.findall(r'<img alt="(.*?)".*?src="data:image/svg\+xml,(.*?)"', row)
    assert re.fullmatch(r"δ \+[\d.]+, 95% interval \+[\d.]+ to \+[\d.]+", effect[0])
    assert histogram[0].startswith("hardness (hard − soft) from −")
    drawn = unquote(histogram[1])
    assert drawn.count("<path") == 4
    assert "#ff7aac" in drawn


def test_only_clear_differences_stand_out(compared):
    rows = rows_of(contrast_html(compared, None, shade="light"))
    unclear = sum("al-contrast-unclear" in row for row in rows)
    assert unclear == (compared.contrast.p_corrected >= 0.05).sum()
    assert 0 < unclear < 20


def test_a_variable_that_nobody_has_is_missing(compared):
    def gone(values: np.ndarray) -> np.ndarray:
        return np.where(np.arange(20) == 5, np.nan, values)

    names = ("median_selected", "median_rest", "delta", "delta_low", "delta_high", "p_value", "p_corrected")
    found = dataclasses.replace(compared.contrast, **{n: gone(getattr(compared.contrast, n)) for n in names})
    blank = dataclasses.replace(compared.histograms[5], low=np.nan, high=np.nan)
    histograms = (*compared.histograms[:5], blank, *compared.histograms[6:])
    html = contrast_html(dataclasses.replace(compared, contrast=found, histograms=histograms), None, shade="light")
    last = rows_of(html)[-1]
    assert VARIABLES[5].label in last
    assert last.count("<td>–</td>") == 6
    assert "Holm-corrected for 19 tests" in html


def words_of(**sides: tuple[DistinguishingTerm, ...]) -> WordContrast:
    return WordContrast(kind="papers", terms=DistinguishingTerms(n_first=40, n_second=9800, **sides))


def test_words_come_with_their_papers(compared):
    term = DistinguishingTerm(term="<jets>", z=5.2, log_odds=2.0, n_first=12, n_second=31)
    html = contrast_html(compared, words_of(more=(term,), less=()), shade="light")
    assert "&lt;jets&gt;" in html
    assert "12 of 40 against 31 of 9,800, z +5.20" in html
    assert "40 papers on the selection, 9,800 papers on others" in html
    assert "Said less often" not in html


def test_silence_is_said(compared):
    assert "Counting the words" in contrast_html(compared, None, shade="light")
    assert "No word distinguishes" in contrast_html(compared, words_of(more=(), less=()), shade="light")
    nothing = WordContrast(kind="summaries", terms=DistinguishingTerms(n_first=0, n_second=3, more=(), less=()))
    assert "Nothing is written about the selection" in contrast_html(compared, nothing, shade="light")


def panel(chosen: str) -> None:
    import numpy as np

    from alignlab.services.workspace import open_workspace
    from alignlab.ui.contrast_panel import show_contrast

    workspace = open_workspace()
    rows = np.arange(workspace.survey.n_sources)
    show_contrast(workspace, {"few": rows < 4, "all": rows >= 0, "some": rows % 3 == 0}[chosen])


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ("few", "Select at least 5"),
        ("all", "No source is left to compare with"),
        ("some", "<b>100 selected</b> against 200 others"),
    ],
)
def test_the_panel_says_what_it_can(small_demo: Path, monkeypatch, chosen, text):
    monkeypatch.setenv("ALIGNLAB_DATA", str(small_demo))
    app = AppTest.from_function(panel, args=(chosen,), default_timeout=60)
    app.run()
    assert not app.exception
    (shown,) = app.get("html")
    assert text in shown.proto.body
    assert ("Nothing is written" in shown.proto.body or "Words" in shown.proto.body) == (chosen == "some")
