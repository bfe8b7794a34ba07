"""ADS on this machine: search/query and search/bigquery with a token, limits per day, and headers that tell them."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.archives.serving import ArchiveServer, Reply, Request

TOKEN = "a-token-that-nobody-may-see"
#: Most rows that one answer holds, whatever is asked for.
MOST_ROWS = 2000
_ORDERS = {"date": "year", "citation_count": "citation_count"}
_QUERY, _BIGQUERY = "/v1/search/query", "/v1/search/bigquery"


def ads_paper(bibcode: str, **fields: Any) -> dict[str, Any]:
    """A record as ADS keeps it; what is not given is made from the bibcode."""
    return {
        "bibcode": bibcode,
        "title": [f"On what {bibcode} is about"],
        "abstract": f"We observed it with Chandra and describe its spectrum ({bibcode}).",
        "year": bibcode[:4],
        "doi": [f"10.1000/{bibcode.lower()}"],
        "author": ["Leavitt, H. S.", "Cannon, A. J."],
        "citation_count": 3,
        **fields,
    }


class AdsServer(ArchiveServer):
    """Serves `papers` (by bibcode, as `ads_paper` makes them).

    Attributes
    ----------
    tokens : set of str
        Those that are let in; `may_read_all` are also given the field ``body``.
    objects : dict
        Name of an object → bibcodes of the papers about it.
    limits : dict
        Path → requests that are answered until `resets_in_s` seconds from the start.
    most_rows : int
        Of one answer.
    """

    def __init__(self, papers: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__()
        self.papers = {bibcode: dict(paper) for bibcode, paper in papers.items()}
        self.tokens, self.may_read_all = {TOKEN}, set[str]()
        self.objects: dict[str, list[str]] = {}
        self.limits: dict[str, int] = {_QUERY: 5000, _BIGQUERY: 100}
        self.resets_in_s, self.most_rows = 3600.0, MOST_ROWS
        self._used: Counter[str] = Counter()
        self._since, self._lock = time.time(), threading.Lock()

    @property
    def address(self) -> str:
        """What takes the place of ADS's own address."""
        return f"{self.url}/v1"

    def answer(self, request: Request) -> Reply:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return _reply({"error": "Unauthorized"}, status=401)
        if request.path not in self.limits:
            return _reply({"error": "Not Found"}, status=404)
        limits, is_allowed = self._counted(request.path)
        if not is_allowed:
            return _reply({"error": "Too many requests, rate limit exceeded"}, status=429, headers=limits)
        try:
            found = self._named(request) if request.path == _BIGQUERY else self._found(request.query.get("q", ""))
        except ValueError as problem:
            return _reply({"error": {"msg": str(problem), "code": 400}}, status=400, headers=limits)
        return _reply(self._page(request.query, found, token in self.may_read_all), headers=limits)

    def _counted(self, path: str) -> tuple[dict[str, str], bool]:
        with self._lock:
            if time.time() > self._since + self.resets_in_s:
                self._used.clear()
                self._since = time.time()
            self._used[path] += 1
            left, resets = self.limits[path] - self._used[path], self._since + self.resets_in_s
        told = {"Limit": self.limits[path], "Remaining": max(left, 0), "Reset": int(resets) + 1}
        return {f"X-RateLimit-{name}": str(value) for name, value in told.items()}, left >= 0

    def _named(self, request: Request) -> list[str]:
        """Bibcodes of those records that a list names, by their own or another bibcode."""
        first, *named = request.body.decode().splitlines()
        if request.method != "POST" or first != "bibcode" or request.query.get("q") != "*:*":
            raise ValueError("bigquery wants q=*:* and a list that begins with bibcode")
        wanted = set(named)
        return [
            bibcode for bibcode, paper in self.papers.items() if wanted & {bibcode, *paper.get("alternate_bibcode", [])}
        ]

    def _found(self, question: str) -> list[str]:
        named = re.fullmatch(r'object:"((?:[^"\\]|\\.)*)"', question)
        if named is None:
            raise ValueError(f"org.apache.solr.search.SyntaxError: INVALID_SYNTAX: {question}")
        return self.objects.get(re.sub(r"\\(.)", r"\1", named[1]), [])

    def _page(self, query: Mapping[str, str], found: list[str], reads_all: bool) -> dict[str, Any]:
        field, _, direction = query.get("sort", "date desc").partition(" ")
        ordered = sorted(found, key=lambda b: (self.papers[b][_ORDERS[field]], b), reverse=direction == "desc")
        start, rows = int(query.get("start", 0)), min(int(query.get("rows", 10)), self.most_rows)
        wanted = [name for name in query.get("fl", "id").split(",") if reads_all or name != "body"]
        docs = [
            {name: self.papers[bibcode][name] for name in wanted if name in self.papers[bibcode]}
            for bibcode in ordered[start : start + rows]
        ]
        return {
            "responseHeader": {"status": 0, "QTime": 1, "params": dict(query)},
            "response": {"numFound": len(found), "start": start, "docs": docs},
        }


def _reply(content: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    body = json.dumps(content).encode()
    return Reply(body=body, status=status, content_type="application/json", headers=headers or {})
