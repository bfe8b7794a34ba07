"""The Astrophysics Data System (ADS): records of papers by bibcode, and which papers are about an object.

ADS lets a token ask so many times a day (5,000 searches and 100 lists of bibcodes, at the time of writing) and tells in
each answer how often it may still be asked and when that begins anew.
"""

from __future__ import annotations

import html
import os
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from alignlab.errors import AlignlabError
from alignlab.ingest.archive import ArchiveError, ArchiveSession, Manners

ADDRESS = "https://api.adsabs.harvard.edu/v1"
TOKEN_VARIABLE = "ALIGNLAB_ADS_TOKEN"
#: Bibcodes that one request may name, and rows of an answer.
MOST_PER_REQUEST = 2000
#: What papers of collaborations name beyond this many authors is not kept.
MOST_AUTHORS = 50
#: ADS begins a day anew at midnight UTC; a wait that is shorter than this is waited.
_LONGEST_WAIT_S = 90.0
_BIBCODE = re.compile(r"[0-9]{4}[!#-.0-\[\]-~]{15}")
_FIELDS = "bibcode,alternate_bibcode,identifier,title,abstract,year,doi,author,citation_count"
_MARKUP = re.compile(
    r"</?(?:sub|sup|i|b|u|em|strong|p|br|a|img|span|div|ital|inline-formula|tex-math|math|mml:\w+"
    r"|m(?:i|n|o|row|sub|sup|subsup|frac|text|over|under|sqrt|space|style))(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


class AdsLimitError(ArchiveError):
    """ADS answers no more until another day."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What ADS knows of a paper.

    Attributes
    ----------
    bibcode : str
        ADS's own; `other_bibcodes` lead to the same paper, such as that of its preprint.
    title, abstract, doi : str
        Empty where ADS has none; without mark-up.
    year : int
    authors : tuple of str
        The first `MOST_AUTHORS`.
    n_citations : int
    full_text : str
        Empty unless it was asked for and the token may read it.
    """

    bibcode: str
    other_bibcodes: tuple[str, ...]
    title: str
    abstract: str
    year: int
    doi: str
    authors: tuple[str, ...]
    n_citations: int
    full_text: str


def is_bibcode(text: str) -> bool:
    """Whether this can be a bibcode: 19 ASCII characters, a year first, no quote and no separator of paths."""
    return _BIBCODE.fullmatch(text) is not None


def token_of_environment() -> str:
    """The person's token.

    Raises
    ------
    AlignlabError
        If it is not set.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise AlignlabError(
            f"ADS is only answered to with a token, and {TOKEN_VARIABLE} is not set.",
            remedy=f"Make one at https://ui.adsabs.harvard.edu/user/settings/token and set {TOKEN_VARIABLE} to it.",
        )
    return token


class AdsClient:
    """Ask ADS; not to be shared between threads.

    Parameters
    ----------
    token : str
        Sent to the host of `address` alone, and never shown.
    address : str
    manners : Manners, optional
    """

    def __init__(self, token: str, *, address: str = ADDRESS, manners: Manners | None = None) -> None:
        self._address = address.rstrip("/")
        manners = manners or Manners(concurrency=1, longest_wait_s=_LONGEST_WAIT_S)
        self._longest_wait_s = manners.longest_wait_s
        host = urlsplit(self._address).netloc
        self._session = ArchiveSession("ADS", manners=manners, token=token, token_host=host)
        self._session.hooks["response"].append(self._note_limit)
        self._limits: dict[str, _Limit] = {}

    def papers(self, bibcodes: Iterable[str], *, with_full_text: bool = False) -> list[Paper]:
        """The records with these bibcodes, their own or others of theirs, in no order; what ADS lacks is absent.

        Raises
        ------
        ArchiveError
            If ADS does not answer, or as ADS does not.
        AdsLimitError
            If it does not until another day.
        ValueError
            If too many are named, or one is no bibcode.
        """
        named = list(dict.fromkeys(bibcodes))
        if len(named) > MOST_PER_REQUEST or not all(is_bibcode(bibcode) for bibcode in named):
            raise ValueError(f"at most {MOST_PER_REQUEST} bibcodes, not {named[:3]} and more, {len(named)} in all")
        question = {"q": "*:*", "fq": "{!bitset}", "fl": _FIELDS + (",body" if with_full_text else "")}
        body = "\n".join(["bibcode", *named]).encode()
        found = (_paper(doc) for doc in self._all("search/bigquery", question, rows=MOST_PER_REQUEST, body=body))
        return [paper for paper in found if is_bibcode(paper.bibcode)]

    def about(self, name: str, *, most: int = MOST_PER_REQUEST) -> list[str]:
        """Bibcodes of papers about an object, the newest first, as ADS finds them through SIMBAD and NED.

        Raises
        ------
        ArchiveError, AdsLimitError
            As of `papers`; ADS refuses names that it cannot read.
        """
        quoted = re.sub(r'(["\\])', r"\\\1", " ".join(name.split()))
        question = {"q": f'object:"{quoted}"', "fl": "bibcode", "sort": "date desc"}
        docs = self._all("search/query", question, rows=min(most, MOST_PER_REQUEST), most=most)
        return [bibcode for doc in docs if is_bibcode(bibcode := _text(doc.get("bibcode")))]

    def stop(self) -> None:
        """Let what another thread is asking end as soon as it may."""
        self._session.stop()

    def _all(
        self, path: str, question: dict[str, str], *, rows: int, body: bytes = b"", most: int | None = None
    ) -> list[dict[str, Any]]:
        """All documents of an answer; ADS may send fewer at a time than it was asked for."""
        docs: list[dict[str, Any]] = []
        while True:
            found, page = self._page(path, {**question, "rows": str(rows), "start": str(len(docs))}, body)
            docs += page
            if not page or len(docs) >= min(found, most or found):
                return docs[:most]

    def _page(self, path: str, question: dict[str, str], body: bytes) -> tuple[int, list[dict[str, Any]]]:
        self._wait_for_limit(path)
        url = f"{self._address}/{path}"
        try:
            if body:
                headers = {"Content-Type": "big-query/csv"}
                answer = self._session.request("POST", url, params=question, data=body, headers=headers, expects="json")
            else:
                answer = self._session.request("GET", url, params=question, expects="json")
        except ArchiveError as error:
            if error.status == 429:
                raise self._limit_error(path, error) from error
            raise
        try:
            records = answer.json()["response"]
            return int(records["numFound"]), [dict(doc) for doc in records["docs"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ArchiveError(
                "ADS",
                f"{url} answered with something else than records",
                remedy="Check the address of the service.",
            ) from error

    def _note_limit(self, response: requests.Response, **_: object) -> requests.Response:
        """Keep what the answer tells of the limit; a refusal then says itself how long to wait."""
        told = {name: response.headers.get(f"X-RateLimit-{name}", "") for name in ("Limit", "Remaining", "Reset")}
        if all(re.fullmatch(r"\d+(\.\d+)?", value) for value in told.values()):
            limit = _Limit(int(float(told["Limit"])), int(float(told["Remaining"])), float(told["Reset"]))
            self._limits[_path_of(response.url)] = limit
            if response.status_code == 429:
                response.headers.setdefault("Retry-After", f"{limit.wait_s:.0f}")
        return response

    def _wait_for_limit(self, path: str) -> None:
        limit = self._limits.get(path)
        if limit is None or limit.remaining > 0 or limit.wait_s == 0:
            return
        if limit.wait_s > self._longest_wait_s:
            raise self._limit_error(path)
        time.sleep(limit.wait_s)

    def _limit_error(self, path: str, error: ArchiveError | None = None) -> ArchiveError:
        limit = self._limits.get(path)
        if limit is None:
            told = f"has answered too many requests to {path}"
            remedy = "Run it again later, or tomorrow (UTC): what has come is kept."
        else:
            when = datetime.fromtimestamp(limit.resets, UTC)
            told = f"its limit of {limit.limit:,} requests a day to {path} is used up until {when:%Y-%m-%d %H:%M} UTC"
            remedy = "Run it again then: what has come is kept."
        return AdsLimitError("ADS", told, remedy=remedy, status=error.status if error else 429)


@dataclass(frozen=True)
class _Limit:
    limit: int
    remaining: int
    resets: float

    @property
    def wait_s(self) -> float:
        return max(self.resets - time.time(), 0.0)


def _path_of(url: str) -> str:
    """The last two steps of an address's path, such as search/query."""
    return "/".join(urlsplit(url).path.split("/")[-2:])


def _paper(doc: dict[str, Any]) -> Paper:
    bibcode, year = _text(doc.get("bibcode")), _text(doc.get("year")) or _text(doc.get("bibcode"))[:4]
    others = {_text(name) for field in ("alternate_bibcode", "identifier") for name in _listed(doc.get(field))}
    return Paper(
        bibcode=bibcode,
        other_bibcodes=tuple(sorted(name for name in others - {bibcode} if is_bibcode(name))),
        title=_plain(" ".join(_text(part) for part in _listed(doc.get("title")))),
        abstract=_plain(_text(doc.get("abstract"))),
        year=int(year) if re.fullmatch(r"[0-9]{4}", year) else 0,
        doi=next((_text(doi) for doi in _listed(doc.get("doi"))), ""),
        authors=tuple(_plain(_text(author)) for author in _listed(doc.get("author"))[:MOST_AUTHORS]),
        n_citations=max(count, 0) if isinstance(count := doc.get("citation_count"), int) else 0,
        full_text=_text(doc.get("body")),
    )


def _text(value: Any) -> str:
    """A field that is a text or a number, as text; anything else is none."""
    return str(value) if isinstance(value, str | int) else ""


def _listed(value: Any) -> Sequence[Any]:
    """A field that holds several values, or one, or none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _plain(text: str) -> str:
    """Text without mark-up and in one line."""
    return " ".join(html.unescape(_MARKUP.sub("", text)).split())
