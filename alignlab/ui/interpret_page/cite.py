"""Ids of evidence on the page: small, leading to the item, with its statement under the pointer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from alignlab.services.interpret.contract import Interpretation
from alignlab.services.interpret_report.words import CITATION


class Citations:
    """Makes ids into links.

    Parameters
    ----------
    interpretation : Interpretation
        Whose evidence is cited.
    """

    def __init__(self, interpretation: Interpretation) -> None:
        self._statements = {item.id: item.statement for item in interpretation.evidence}

    def linked(self, text: str) -> str:
        """A sentence as HTML whose ids in brackets lead to their items."""
        return CITATION.sub(lambda found: self._links(re.findall(r"E\d+", found[1])), escape(text))

    def because(self, ids: Sequence[str]) -> str:
        """Links to several items."""
        return self._links(ids) if ids else ""

    def _links(self, ids: Sequence[str]) -> str:
        return f'<span class="al-cites">{"".join(map(self._link, ids))}</span>'

    def _link(self, evidence_id: str) -> str:
        statement = escape(self._statements.get(evidence_id, ""), quote=True)
        return f'<a class="al-cite" href="#{anchor(evidence_id)}" title="{statement}">{evidence_id}</a>'


def anchor(evidence_id: str) -> str:
    """Id of an item's element on the page."""
    return f"evidence-{evidence_id}"


def mark(evidence_id: str) -> str:
    """The id of an item, written beside it."""
    return f'<i class="al-evidence">{escape(evidence_id)}</i>' if evidence_id else ""
