"""A table of an evaluation on a page, and its files."""

from __future__ import annotations

from html import escape

import streamlit as st

from alignlab.services.evaluate.table import Cell, Column, Format, Table

_FILES: tuple[tuple[Format, str, str], ...] = (
    ("csv", "csv", "text/csv"),
    ("latex", "tex", "text/x-tex"),
    ("markdown", "md", "text/markdown"),
)


def show_table(table: Table, *, key: str) -> None:
    """Draw the table with its caption and a menu that saves it as CSV, LaTeX or Markdown.

    Parameters
    ----------
    table : Table
    key : str
        Unique on the page.
    """
    with st.container(key=f"table_{key}", gap=None):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f'<h3 class="al-table-title">{escape(table.title)}</h3>', width="stretch")
            with st.popover("Save", icon=":material/download:", type="tertiary"):
                for form, ending, mime in _FILES:
                    st.download_button(
                        ending.upper(), table.to(form), f"{table.name}.{ending}", mime, key=f"save_{key}_{ending}",
                        on_click="ignore",
                    )  # fmt: skip
        st.html(table_html(table))


def table_html(table: Table) -> str:
    """The table as HTML; the best are underlined, those within its interval bold."""
    heads = "".join(f"<th>{escape(column.label)}</th>" for column in table.columns)
    rows = "".join(
        f"<tr>{''.join(_cell(column, cell) for column, cell in zip(table.columns, row, strict=True))}</tr>"
        for row in table.rows
    )
    return (
        f'<div class="al-table-wrap"><table class="al-table"><thead><tr>{heads}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><p class="al-table-caption">{escape(table.caption)}</p>'
    )


def _cell(column: Column, cell: Cell) -> str:
    marks = " ".join(name for name, on in (("al-best", cell.is_best), ("al-near", cell.is_near_best)) if on)
    text = escape(column.text(cell))
    value, bracket, interval = text.partition(" (")
    if bracket and cell.low is not None:
        text = f"{value} <small>({interval}</small>"
    return f'<td class="{marks}">{text}</td>' if marks else f"<td>{text}</td>"
