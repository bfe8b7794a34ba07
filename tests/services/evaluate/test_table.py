"""Tables in their forms, read back where a library can."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from alignlab.services.evaluate.table import Cell, Column, Table

TABLE = Table(
    name="recall",
    title="Recall, spectrum → text",
    caption="n 1,719, test split, seed 8; 95% intervals.",
    columns=[Column("what", "figure"), Column("ours", "ours", ".1f", as_percent=True), Column("paper", "paper | Γ_1")],
    rows=[
        [Cell("recall@1%"), Cell(0.191, 0.173, 0.209, is_best=True), Cell(0.2)],
        [Cell("a_b & c"), Cell(0.184, is_near_best=True), Cell(None)],
    ],
)


def test_markdown_marks_the_best_and_says_what_it_shows():
    lines = TABLE.to("markdown").splitlines()
    assert lines[0] == "### Recall, spectrum → text"
    assert lines[2] == r"| figure | ours | paper \| Γ_1 |"
    assert lines[4] == "| recall@1% | <u>19.1% (17.3–20.9)</u> | 0.2 |"
    assert lines[5] == "| a_b & c | **18.4%** | – |"
    assert lines[-1] == TABLE.caption


def test_a_change_that_rounds_to_nothing_has_no_sign():
    change = Column("change", "change", "+.1f", as_percent=True)
    assert change.text(Cell(-0.0001, -0.012, 0.0)) == "0.0% (−1.2 to 0.0)"


def test_csv_holds_bare_numbers_with_limits_in_columns_of_their_own():
    frame = pd.read_csv(io.StringIO(TABLE.to("csv")), comment="#")
    assert list(frame.columns) == ["what", "ours", "ours_low", "ours_high", "paper"]
    assert frame["ours"].tolist() == [0.191, 0.184]
    assert frame["ours_low"][0] == 0.173
    assert frame["paper"].isna().tolist() == [False, True]


def test_latex_escapes_what_it_would_misread():
    text = TABLE.to("latex")
    assert r"a\_b \& c & \textbf{18.4\%} & --" in text
    assert r"\underline{19.1\% (17.3--20.9)}" in text
    assert r"\caption{Recall, spectrum $\rightarrow$ text. n 1,719, test split, seed 8; 95\% intervals.}" in text
    assert text.count(r"\\") == 3


def test_latex_has_the_letters_of_our_units_and_figures():
    columns = [Column("n_h", "N_H (×10²⁰ cm⁻²)"), Column("rho", "mean of best |ρ|, χ²")]
    text = Table(name="x", title="Γ − 1 ≈ α…", caption="", columns=columns, rows=[]).to("latex")
    assert r"N\_H ($\times$10$^{20}$ cm$^{-2}$) & mean of best |$\rho$|, $\chi$$^{2}$ \\" in text
    assert r"$\Gamma$ $-$ 1 $\approx$ $\alpha$\ldots{}" in text


def test_below_zero_an_interval_is_told_in_words():
    column = Column("rho", "ρ", ".2f")
    assert column.text(Cell(-0.69, -0.72, -0.67)) == "−0.69 (−0.72 to −0.67)"
    table = Table(name="x", title="", caption="", columns=[column], rows=[[Cell(-0.69, -0.72, -0.67)]])
    assert "$-$0.69 ($-$0.72 to $-$0.67)" in table.to("latex")
    assert "-0.69,-0.72,-0.67" in table.to("csv")


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="row 0 of table 'x' has 1 cells, not 2"):
        Table(name="x", title="", caption="", columns=TABLE.columns[:2], rows=[[Cell(1)]])
