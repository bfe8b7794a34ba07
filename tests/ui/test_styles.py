"""All style sheets are on every page: a class has its look from one of them."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from tests.conftest import PROJECT

SHEETS = [*(PROJECT / "alignlab/ui/styles").glob("*.css"), PROJECT / "alignlab/ui/frontend/src/style.css"]


def test_no_class_is_styled_by_itself_in_two_sheets():
    sheets: dict[str, set[str]] = defaultdict(set)
    for path in SHEETS:
        for alone in re.findall(r"^(\.al-[a-z-]+) \{", Path(path).read_text(encoding="utf-8"), flags=re.MULTILINE):
            sheets[alone].add(path.name)
    assert {name: found for name, found in sheets.items() if len(found) > 1} == {}
    assert len(sheets) > 50
