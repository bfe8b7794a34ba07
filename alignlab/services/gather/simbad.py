"""What SIMBAD says the sources are: cross-match by position and identifiers, classes, aliases and references."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from alignlab.config import Config
from alignlab.errors import AlignlabError, RecipeError, first_few
from alignlab.ingest.simbad import ADDRESS, MOST_PER_REQUEST, Simbad
from alignlab.ingest.simbad_classes import SimbadClasses
from alignlab.ingest.simbad_match import NEGLIGIBLE_SHARE, Match, MatchRule, match_source
from alignlab.progress import OnStep, report
from alignlab.services.gather.stage import StageOutcome, StagePlan
from alignlab.services.gather.waiting import answered
from alignlab.store.collection import Collection
from alignlab.training.recipe_base import Range, Recipe

#: Answers of a chunk that is not finished: a kill repeats one request, not those before it.
_ANSWERS = "simbad answers"
_CLASSES = "simbad classes"
_MOST_CANDIDATES = 20
_BYTES_PER_SOURCE = 4_000
_OF_CANDIDATES = ("main_id", "otype", "separation_arcsec", "radius_arcsec", "share", "is_named", "n_references")


@dataclass(frozen=True, kw_only=True)
class SimbadSettings(Recipe):
    """How sources are matched, and what an object type means.

    Attributes
    ----------
    address : str
        Of SIMBAD's TAP service.
    by : {"both", "position", "identifiers"}
    floor_arcsec, cap_arcsec, source_error_arcsec, object_error_arcsec, xray_weight, least_share
        As in `alignlab.ingest.simbad_match.MatchRule`.
    with_candidates : bool
        Whether a candidate of a class (such as an AGN candidate) has that class.
    classes_file : str
        CSV with the columns otype and class, which overrides the table of classes.
    sources_per_request : int
    """

    name: str = "simbad"
    address: str = ADDRESS
    by: str = "both"
    floor_arcsec: float = MatchRule.floor_arcsec
    cap_arcsec: float = MatchRule.cap_arcsec
    source_error_arcsec: float = MatchRule.source_error_arcsec
    object_error_arcsec: float = MatchRule.object_error_arcsec
    xray_weight: float = MatchRule.xray_weight
    least_share: float = MatchRule.least_share
    with_candidates: bool = False
    classes_file: str = ""
    sources_per_request: int = 500

    RANGES: ClassVar[dict[str, Range]] = {
        "floor_arcsec": (0.01, 60.0),
        "cap_arcsec": (0.01, 300.0),
        "source_error_arcsec": (0.01, 60.0),
        "object_error_arcsec": (0.0, 60.0),
        "xray_weight": (1.0, 1e6),
        "least_share": (0.5, 1.0),
        "sources_per_request": (1, MOST_PER_REQUEST),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"by": ("both", "position", "identifiers")}
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for these settings; the matches do not depend on it.",
        "address": "Address of SIMBAD's TAP service.",
        "by": "Match by position, by identifiers, or by both; an identifier decides where it agrees with the position.",
        "floor_arcsec": "Smallest radius of a match, whatever the errors of the positions.",
        "cap_arcsec": "Largest radius of a match, whatever the errors of the positions.",
        "source_error_arcsec": "Radius of the 95% error circle of sources that come without one.",
        "object_error_arcsec": "Error (one sigma) of objects that SIMBAD tells none of.",
        "xray_weight": "How many times an object counts that is known in X-rays.",
        "least_share": "The match is ambiguous unless its object has this share of all candidates' weight.",
        "with_candidates": "Give a candidate of a class, such as an AGN candidate, that class.",
        "classes_file": "CSV with the columns otype and class, which overrides the table of classes.",
        "sources_per_request": "Sources that one request names.",
    }

    def _check_together(self) -> None:
        if self.floor_arcsec > self.cap_arcsec:
            raise RecipeError(f"floor_arcsec ({self.floor_arcsec:g}) must not be larger than cap_arcsec")

    @property
    def rule(self) -> MatchRule:
        """The part that says which object a source is."""
        return MatchRule(**{name: getattr(self, name) for name in asdict(MatchRule())})

    @property
    def stage(self) -> str:
        """What the collection remembers as done: matches by another rule are asked for anew."""
        said = json.dumps({"by": self.by, **asdict(self.rule)}, sort_keys=True)
        return f"simbad {hashlib.sha256(said.encode()).hexdigest()[:12]}"

    def classes(self) -> SimbadClasses:
        """What object types mean.

        Raises
        ------
        InputFileError
            If the file of classes is no such table.
        """
        override = Path(self.classes_file).expanduser() if self.classes_file else None
        return SimbadClasses(override=override, with_candidates=self.with_candidates)


def plan_simbad(collection: Collection, settings: SimbadSettings, *, config: Config) -> StagePlan:
    """Count what `gather_simbad` would ask for; nothing is asked."""
    settings.classes()
    names = [name for name, row in collection.rows("sources") if _is_placed(row)]
    n_to_do = len(collection.pending(settings.stage, names))
    n_steps = {"both": 3, "position": 2, "identifiers": 2}[settings.by]
    rule = settings.rule
    return StagePlan(
        what="sources",
        n_wanted=len(names),
        n_there=len(names) - n_to_do,
        n_requests=n_steps * math.ceil(n_to_do / settings.sources_per_request),
        n_bytes=n_to_do * _BYTES_PER_SOURCE,
        notes=(
            f"An object is a candidate within the 95% radius of both positions' errors, of {rule.floor_arcsec:g} to "
            f"{rule.cap_arcsec:g} arcsec; the match is ambiguous unless one has {rule.least_share:.0%} of the weight.",
        ),
    )


def gather_simbad(
    collection: Collection, settings: SimbadSettings, *, config: Config, on_step: OnStep | None = None
) -> StageOutcome:
    """Fill the place ``matches``, one chunk of sources at a time, with what SIMBAD has and with what it has not.

    Another table of classes is applied to matches that are there without asking again.

    Raises
    ------
    ArchiveError
        If SIMBAD does not answer; what has come is kept.
    InputFileError
        If the file of classes is no such table.
    AlignlabError
        If there are no sources.
    StoppedError
    """
    classes = settings.classes()
    sources = dict(collection.rows("sources"))
    if not sources:
        raise AlignlabError(
            f"Collection {collection.name!r} has no sources.", remedy="Select them first: 'alignlab ingest csc'."
        )
    placed = {name: row for name, row in sources.items() if _is_placed(row)}
    matching = _Matching(collection, settings, classes, on_step)
    n_new = matching.match(placed)
    if collection.fact(_CLASSES) != classes.digest():
        _classify_again(collection, classes)
    return _outcome(collection, settings, sources, placed, n_new)


class _Matching:
    def __init__(
        self, collection: Collection, settings: SimbadSettings, classes: SimbadClasses, on_step: OnStep | None
    ) -> None:
        self._collection, self._settings, self._classes, self._on_step = collection, settings, classes, on_step
        self._simbad = Simbad(address=settings.address)
        self._done = self._total = 0

    def match(self, sources: dict[str, dict[str, Any]]) -> int:
        """Match those that are not matched yet; returns their number."""
        pending = self._collection.pending(self._settings.stage, list(sources))
        self._total, size = len(pending), self._settings.sources_per_request
        for self._done in range(0, len(pending), size):
            names = pending[self._done : self._done + size]
            self._match_chunk({name: sources[name] for name in names})
        report(self._on_step, self._total, self._total, "sources matched")
        return len(pending)

    def _match_chunk(self, sources: dict[str, dict[str, Any]]) -> None:
        settings, simbad = self._settings, self._simbad
        positions = [(name, row["ra"], row["dec"]) for name, row in sources.items()]
        chunk = hashlib.sha256(json.dumps([settings.stage, positions]).encode()).hexdigest()
        near: list[dict[str, Any]] = []
        named: list[dict[str, Any]] = []
        if settings.by != "identifiers":
            radius = settings.cap_arcsec
            near = self._answer(f"near {chunk}", lambda: simbad.near(positions, radius_arcsec=radius), "positions")
        if settings.by != "position":
            wanted = [(name, identifier) for name in sources for identifier in _identifiers(name)]
            named = self._answer(f"named {chunk}", lambda: simbad.named(wanted), "identifiers")
        near_of, named_of = _grouped(near, "name"), _grouped(named, "name")
        matches = {
            name: match_source(
                row["ra"], row["dec"], row.get("error_arcsec"), near_of[name], named_of[name], rule=settings.rule
            )
            for name, row in sources.items()
        }
        best = {match.candidates[0]["oid"] for match in matches.values() if match.candidates}
        papers = self._answer(f"papers {chunk}", lambda: simbad.references(best), "references") if best else []
        papers_of = _grouped(papers, "oid")
        rows = {name: _match_row(match, papers_of, self._classes) for name, match in matches.items()}
        self._collection.put("matches", rows, stage=settings.stage, done=rows)
        self._collection.forget(place=_ANSWERS)

    def _answer(self, key: str, ask: Callable[[], list[dict[str, Any]]], what: str) -> list[dict[str, Any]]:
        """An answer of SIMBAD, kept until its chunk is finished."""
        kept = self._collection.get(_ANSWERS, [key])
        if key in kept:
            return list(kept[key]["rows"])
        info = f"asking SIMBAD by {what}" if what != "references" else "asking SIMBAD for references"
        rows = answered(ask, lambda: report(self._on_step, self._done, self._total, info), stop=self._simbad.stop)
        self._collection.put(_ANSWERS, {key: {"rows": rows}})
        return rows


def _is_placed(row: dict[str, Any]) -> bool:
    ra, dec = row.get("ra"), row.get("dec")
    return isinstance(ra, int | float) and isinstance(dec, int | float) and 0 <= ra <= 360 and -90 <= dec <= 90


def _identifiers(name: str) -> Iterator[str]:
    """A source's name as SIMBAD may have it: names of the Chandra Source Catalog came in three forms."""
    if name.isprintable():
        yield " ".join(name.split())
    if found := re.fullmatch(r"\s*2CXO\s*(J\S+)\s*", name):
        yield f"CXO {found[1]}"
        yield f"CXOU {found[1]}"


def _grouped(rows: Sequence[dict[str, Any]], column: str) -> defaultdict[Any, list[dict[str, Any]]]:
    groups: defaultdict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups


def _match_row(match: Match, papers: Mapping[int, list[dict[str, Any]]], classes: SimbadClasses) -> dict[str, Any]:
    """What the collection keeps of a match."""
    candidates = [{name: row[name] for name in _OF_CANDIDATES} for row in match.candidates[:_MOST_CANDIDATES]]
    if not candidates:
        return {"main_id": None, "is_ambiguous": False, "candidates": [], "bibcodes": [], "objects_in_papers": []}
    best = match.candidates[0]
    # A bibcode begins with its year.
    about = sorted(papers[best["oid"]], key=lambda row: row["bibcode"], reverse=True)
    return {
        "main_id": best["main_id"],
        "otype": best["otype"],
        "source_class": _class_of(candidates, match.is_ambiguous, classes),
        "separation_arcsec": best["separation_arcsec"],
        "is_ambiguous": match.is_ambiguous,
        "candidates": candidates,
        "aliases": best["aliases"],
        "n_references": best["n_references"],
        "redshift": best["redshift"],
        "bibcodes": [row["bibcode"] for row in about],
        "objects_in_papers": [row["n_objects"] for row in about],
    }


def _class_of(candidates: Sequence[dict[str, Any]], is_ambiguous: bool, classes: SimbadClasses) -> str:
    """Class of the match; of an ambiguous one that of all candidates that say what they are, if they agree."""
    if not is_ambiguous:
        return classes.class_of(candidates[0]["otype"])
    rivals = [row["otype"] for i, row in enumerate(candidates) if i == 0 or row["share"] >= NEGLIGIBLE_SHARE]
    told = {classes.class_of(otype) for otype in rivals if classes.tells_nature(otype)}
    return told.pop() if len(told) == 1 else ""


def _classify_again(collection: Collection, classes: SimbadClasses) -> None:
    changed = {}
    for name, row in collection.rows("matches"):
        if row["candidates"]:
            source_class = _class_of(row["candidates"], row["is_ambiguous"], classes)
            if source_class != row["source_class"]:
                changed[name] = row | {"source_class": source_class}
    collection.put("matches", changed)
    collection.set_fact(_CLASSES, classes.digest())


def _outcome(
    collection: Collection,
    settings: SimbadSettings,
    sources: dict[str, dict[str, Any]],
    placed: dict[str, dict[str, Any]],
    n_new: int,
) -> StageOutcome:
    rows = [row for name, row in collection.rows("matches") if name in placed]
    matched = [row for row in rows if row["main_id"] is not None]
    problems = []
    if lost := [name for name in sources if name not in placed]:
        problems.append(f"Sources without a position cannot be matched: {first_few(lost)}.")
    return StageOutcome(
        what="sources",
        n_there=len(placed) - len(collection.pending(settings.stage, list(placed))),
        n_new=n_new,
        problems=tuple(problems),
        facts={
            "matched": len(matched),
            "ambiguous": sum(row["is_ambiguous"] for row in matched),
            "by identifier": sum(row["candidates"][0]["is_named"] for row in matched),
            "not in SIMBAD": len(rows) - len(matched),
            "with a class": sum(bool(row["source_class"]) for row in matched),
            "papers": len({bibcode for row in matched for bibcode in row["bibcodes"]}),
        },
    )
