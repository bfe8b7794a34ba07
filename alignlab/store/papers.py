"""All papers of a survey at once, and which source each of them is about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alignlab.store.survey import Survey
from alignlab.store.tables import ReadOnlyTables


@dataclass(frozen=True, eq=False, kw_only=True)
class Papers:
    """The papers of a survey.

    Attributes
    ----------
    table : DataFrame
        paper_id, title, year, identifier, abstract; one row per paper.
    source_index, row : ndarray of int64, shape (n_pairs,)
        Paper ``row[k]`` of the table is about source ``source_index[k]``.
    """

    table: pd.DataFrame
    source_index: NDArray[np.int64]
    row: NDArray[np.int64]

    def about(self, row: int) -> NDArray[np.int64]:
        """The sources that a paper is about."""
        return self.source_index[self.row == row]

    def of(self, source_index: int) -> NDArray[np.int64]:
        """The rows of the papers about a source."""
        return self.row[self.source_index == source_index]


def read_papers(survey: Survey) -> Papers:
    """Read all papers of a survey and the pairs of source and paper; both empty where it has none."""
    tables = ReadOnlyTables(survey.folder / "survey.duckdb")
    try:
        papers = tables.frame("SELECT paper_id, title, year, identifier, abstract FROM papers")
        pairs = tables.frame("SELECT source_index, paper_id FROM source_papers")
    finally:
        tables.close()
    row_of = pd.Series(np.arange(len(papers), dtype=np.int64), index=papers["paper_id"])
    rows = row_of.reindex(pairs["paper_id"])
    known = rows.notna().to_numpy()
    return Papers(
        table=papers,
        source_index=pairs["source_index"].to_numpy(np.int64)[known],
        row=rows.to_numpy()[known].astype(np.int64),
    )
