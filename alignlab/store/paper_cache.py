"""What ADS has told about papers and objects, kept for all collections: nothing is asked for twice while fresh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from alignlab.config import Config
from alignlab.store.rows import RowStore

_PAPERS, _OBJECTS = "ads", "ads objects"
#: What ADS lacked may have been added since.
_ABSENT_DAYS = 30
_BLOCK = 200
_SECONDS_PER_DAY = 86_400.0


class PaperCache:
    """Open, or make, the cache of an installation; several processes may use it.

    Parameters
    ----------
    config : Config
    max_age_days : int
        What is older is not there; 0 for any age. That ADS lacks a paper is believed for a month at most.
    """

    def __init__(self, config: Config, *, max_age_days: int = 0) -> None:
        self._rows, self._max_age_days = RowStore(config.papers_path), max_age_days

    def papers(
        self, bibcodes: Iterable[str], *, with_full_text: bool = False
    ) -> Iterator[tuple[str, dict[str, Any] | None]]:
        """Bibcode as asked for and what ADS told, None where ADS lacks it; those that were never asked are absent.

        With full text, those that were not asked for theirs are absent, too.
        """
        wanted = list(dict.fromkeys(bibcodes))
        for start in range(0, len(wanted), _BLOCK):
            for bibcode, row in self._rows.get(_PAPERS, wanted[start : start + _BLOCK]).items():
                if self._is_fresh(row) and (row["with_full_text"] or not with_full_text):
                    yield bibcode, row["told"]

    def keep_papers(self, papers: Mapping[str, Mapping[str, Any] | None], *, with_full_text: bool = False) -> None:
        """Keep an answer, by the bibcodes that were asked for; None for those that ADS lacks."""
        about_all = {"asked_utc": _now(), "with_full_text": with_full_text}
        self._rows.put(_PAPERS, {bibcode: {"told": paper, **about_all} for bibcode, paper in papers.items()})

    def about(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Bibcodes of papers about objects, by name; those that were never asked are absent."""
        found = self._rows.get(_OBJECTS, names)
        return {name: row["told"] for name, row in found.items() if self._is_fresh(row)}

    def keep_about(self, name: str, bibcodes: list[str]) -> None:
        """Keep which papers are about an object."""
        self._rows.put(_OBJECTS, {name: {"told": bibcodes, "asked_utc": _now()}})

    def _is_fresh(self, row: Mapping[str, Any]) -> bool:
        age = datetime.now(UTC) - datetime.fromisoformat(row["asked_utc"])
        limits = [days for days in (self._max_age_days, 0 if row["told"] else _ABSENT_DAYS) if days]
        return all(age.total_seconds() <= days * _SECONDS_PER_DAY for days in limits)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
