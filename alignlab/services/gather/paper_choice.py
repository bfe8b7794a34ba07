"""Which papers are gathered for which source: what a person asks for, and the choice that follows from it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from alignlab.config import Config
from alignlab.errors import AlignlabError
from alignlab.ingest.ads import ADDRESS, MOST_PER_REQUEST, is_bibcode
from alignlab.store.collection import Collection
from alignlab.store.paper_cache import PaperCache
from alignlab.training.recipe_base import Range, Recipe

_LONGEST_FULL_TEXT = 2_000_000


@dataclass(frozen=True, kw_only=True)
class AdsSettings(Recipe):
    """Which papers are gathered.

    Attributes
    ----------
    address : str
        Of the service; the token goes there alone.
    find : {"simbad", "ads", "both"}
        Who says which papers are about a source: SIMBAD's references, or ADS, asked once for each object.
    order : {"newest", "most cited"}
        Which of a source's papers are taken. Of one year those about fewer objects come first.
    max_papers : int
        Most papers per source; those without an abstract or full text do not count.
    max_objects : int
        A paper about more objects than this is a catalogue, which says little about each; 0 for no limit.
    catalogue_papers : {"left out", "marked"}
    include_ambiguous : bool
        Take the papers about the likeliest object where the match is ambiguous.
    full_text_folder : str
        Folder with full texts that the person has, named ``<bibcode>.txt``.
    ask_full_text : bool
        Ask ADS for full texts; few tokens are given any.
    max_age_days : int
        What is kept longer is asked for again; 0 for never.
    papers_per_request : int
    """

    name: str = "ads"
    address: str = ADDRESS
    find: str = "simbad"
    order: str = "newest"
    max_papers: int = 10
    max_objects: int = 500
    catalogue_papers: str = "left out"
    include_ambiguous: bool = False
    full_text_folder: str = ""
    ask_full_text: bool = False
    max_age_days: int = 0
    papers_per_request: int = 1000

    RANGES: ClassVar[dict[str, Range]] = {
        "max_papers": (1, 500),
        "max_objects": (0, 10_000_000),
        "max_age_days": (0, 36_500),
        "papers_per_request": (1, MOST_PER_REQUEST),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "find": ("simbad", "ads", "both"),
        "order": ("newest", "most cited"),
        "catalogue_papers": ("left out", "marked"),
    }
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for these settings; what is gathered does not depend on it.",
        "address": "Address of ADS; the token goes there alone.",
        "find": "Who says which papers are about a source: SIMBAD's references, ADS (one request per object), or both.",
        "order": "Which of a source's papers are taken; to know the most cited, all of them are asked for.",
        "max_papers": "Most papers per source; those without an abstract or full text do not count.",
        "max_objects": "A paper about more objects than this is a catalogue; 0 for no limit.",
        "catalogue_papers": "Whether catalogues are left out or taken and marked.",
        "include_ambiguous": "Take the papers about the likeliest object where the match is ambiguous.",
        "full_text_folder": "Folder with full texts that you have, named <bibcode>.txt.",
        "ask_full_text": "Ask ADS for full texts; few tokens are given any.",
        "max_age_days": "Ask again for what was asked longer ago; 0 for never.",
        "papers_per_request": "Papers that one request names.",
    }


@dataclass
class FullTexts:
    """Full texts in a person's folder."""

    folder: str
    _names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.folder:
            path = Path(self.folder).expanduser()
            if not path.is_dir():
                raise AlignlabError(
                    f"There is no folder {self.folder!r} with full texts.",
                    remedy="Check the setting full_text_folder, or leave it empty.",
                )
            self._names = {entry.name for entry in path.iterdir() if entry.is_file()}

    def path(self, asked: str, told: dict[str, Any]) -> Path | None:
        """The file with the text of a paper, by any of its bibcodes."""
        names = (f"{bibcode}.txt" for bibcode in (told["bibcode"], asked, *told["other_bibcodes"]))
        return next((Path(self.folder).expanduser() / name for name in names if name in self._names), None)

    def read(self, asked: str, told: dict[str, Any]) -> str:
        """That text, or what ADS gave; empty where there is none."""
        path = self.path(asked, told)
        if path is None:
            return str(told["full_text"])
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST_FULL_TEXT)


@dataclass(frozen=True)
class KnownPaper:
    """What the choice of papers needs to know of one that ADS has told about."""

    bibcode: str
    is_useful: bool
    n_citations: int


@dataclass
class ChosenSource:
    """A source with a match, and all papers that are said to be about it."""

    main_id: str
    bibcodes: list[str]


class PaperChoice:
    """Which papers are wanted for which source, and what is known of them."""

    def __init__(self, collection: Collection, settings: AdsSettings, config: Config) -> None:
        self.settings = settings
        self.cache = PaperCache(config, max_age_days=settings.max_age_days)
        self.texts = FullTexts(settings.full_text_folder)
        self.sources: dict[str, ChosenSource] = {}
        self.known: dict[str, KnownPaper | None] = {}
        self.n_objects: dict[str, int] = {}
        self.n_ambiguous = 0
        for name, match in collection.rows("matches"):
            self._take(name, match)
        self.told_by_ads()
        self._recall(self.first_wanted())

    def _take(self, name: str, match: dict[str, Any]) -> None:
        if not match.get("main_id"):
            return
        if match.get("is_ambiguous") and not self.settings.include_ambiguous:
            self.n_ambiguous += 1
            return
        bibcodes, numbers = match.get("bibcodes") or [], match.get("objects_in_papers") or []
        self.n_objects.update({b: n for b, n in zip(bibcodes, numbers, strict=False) if n is not None})
        taken = [] if self.settings.find == "ads" else [b for b in bibcodes if is_bibcode(b)]
        self.sources[name] = ChosenSource(match["main_id"], taken)

    def told_by_ads(self) -> None:
        """Add the papers that ADS has named, and see which of all are catalogues."""
        if self.settings.find != "simbad":
            told = self.cache.about({source.main_id for source in self.sources.values()})
            for source in self.sources.values():
                source.bibcodes = list(dict.fromkeys([*source.bibcodes, *told.get(source.main_id, [])]))
        self._find_catalogues()

    def _find_catalogues(self) -> None:
        limit = self.settings.max_objects or math.inf
        here = Counter(b for source in self.sources.values() for b in set(source.bibcodes))
        for bibcode, n in here.items():
            self.n_objects[bibcode] = max(n, self.n_objects.get(bibcode, 0))
        self.catalogues = {b for b in here if self.n_objects[b] > limit}

    def objects_to_ask(self) -> list[str]:
        """Names of objects whose papers ADS is still to be asked for."""
        if self.settings.find == "simbad":
            return []
        names = dict.fromkeys(source.main_id for source in self.sources.values())
        told = self.cache.about(names)
        return [name for name in names if name not in told]

    def candidates(self, source: ChosenSource) -> list[str]:
        """Papers about a source in the order in which they are taken."""
        bibcodes = source.bibcodes
        if self.settings.catalogue_papers == "left out":
            bibcodes = [b for b in bibcodes if b not in self.catalogues]
        newest = sorted(sorted(bibcodes), key=lambda b: (-int(b[:4]), self.n_objects.get(b, 0)))
        if self.settings.order == "newest":
            return newest
        return sorted(newest, key=lambda b: -known.n_citations if (known := self.known.get(b)) else 0)

    def chosen(self, source: ChosenSource) -> list[str]:
        """Papers that are taken, as asked for; one that is not known yet is taken to be useful."""
        if self.settings.order == "most cited" and (unknown := self.unknown(self.candidates(source))):
            return unknown
        taken: dict[str, str] = {}
        for bibcode in self.candidates(source):
            if len(taken) == self.settings.max_papers:
                break
            known = self.known.get(bibcode)
            if bibcode not in self.known:
                taken.setdefault(bibcode, bibcode)
            elif known is not None and known.is_useful:
                taken.setdefault(known.bibcode, bibcode)
        return list(taken.values())

    def first_wanted(self) -> list[str]:
        """All papers that are taken, or would be, were all of them useful; each once."""
        return list(dict.fromkeys(b for source in self.sources.values() for b in self.chosen(source)))

    def unknown(self, bibcodes: list[str]) -> list[str]:
        """Those about which nothing is known."""
        return [b for b in bibcodes if b not in self.known]

    def recall(self) -> list[str]:
        """Papers that are to be asked for now, after what is in the cache has been looked up."""
        while wanted := self.unknown(self.first_wanted()):
            if not self._recall(wanted):
                return wanted
        return []

    def _recall(self, bibcodes: list[str]) -> int:
        n_before = len(self.known)
        for bibcode, told in self.cache.papers(bibcodes, with_full_text=self.settings.ask_full_text):
            self.learn(bibcode, told)
        return len(self.known) - n_before

    def learn(self, bibcode: str, told: dict[str, Any] | None) -> None:
        """Remember what ADS tells of a paper; None if it lacks it."""
        self.known[bibcode] = None
        if told is not None:
            is_useful = bool(told["abstract"] or told["full_text"] or self.texts.path(bibcode, told))
            self.known[bibcode] = KnownPaper(told["bibcode"], is_useful, told["n_citations"])

    def left_out(self) -> Iterator[str]:
        """Sentences about what is not gathered, and why."""
        if self.n_ambiguous:
            yield f"{self.n_ambiguous:,} sources whose match is ambiguous are left out."
        if self.catalogues:
            marked = self.settings.catalogue_papers
            yield f"{len(self.catalogues):,} papers about more than {self.settings.max_objects:,} objects are {marked}."
