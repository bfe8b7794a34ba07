"""Detections of the Chandra Source Catalog, page by page: those of named sources, of a circle, or of the whole sky."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar

from alignlab.config import Config
from alignlab.errors import RecipeError, first_few
from alignlab.ingest.archive import ArchiveSession
from alignlab.ingest.csc_selection import Cone, DetectionId, Selection, read_cone
from alignlab.ingest.csc_tap import RELEASES, SERVICE, CscTap, Page, detection_rows, source_rows
from alignlab.progress import OnStep, report
from alignlab.services.gather.stage import StageOutcome, StagePlan
from alignlab.services.gather.waiting import answered
from alignlab.store.collection import Collection
from alignlab.training.recipe_base import Range, Recipe

_NAMES_PER_REQUEST = 200
#: Requests that a dry run may take to count.
_MOST_COUNTS = 20
#: A row of an answer, roughly.
_BYTES_PER_ROW = 2_500
_STAGE = "csc"
#: Address of the service's job that is under way.
_JOB_FACT = "csc/job"
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class CscSettings(Recipe):
    """Which detections are gathered; the limits are those of the literature.

    Attributes
    ----------
    release : {"2.0", "2.1"}
    address : str
        Of another TAP service with the same tables; empty for the release's own.
    cone : str
        "ra dec radius_arcmin", in degrees or as 05:35:17.3 -05:23:28; empty for the whole sky.
    names : tuple of str
        Sources by their names in the catalogue, such as "2CXO J162623.5-242439".
    min_significance : float
        Smallest ``flux_significance_b``.
    max_theta_arcmin : float
        Largest angle off the axis.
    without_gratings : bool
    limit : int
        Most detections; 0 for no limit.
    page_rows : int
        Detections per request.
    async_above : int
        Selections larger than this are asked for as jobs of the service.
    """

    name: str = "csc"
    release: str = "2.1"
    address: str = ""
    cone: str = ""
    names: tuple[str, ...] = ()
    min_significance: float = 5.0
    max_theta_arcmin: float = 5.0
    without_gratings: bool = True
    limit: int = 0
    page_rows: int = 5000
    async_above: int = 10_000

    RANGES: ClassVar[dict[str, Range]] = {
        "min_significance": (0.0, 1e6),
        "max_theta_arcmin": (0.0, 30.0),
        "limit": (0, 10_000_000),
        "page_rows": (1, 50_000),
        "async_above": (0, 10_000_000),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"release": tuple(RELEASES)}
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for these settings; what is gathered does not depend on it.",
        "release": "Release of the Chandra Source Catalog.",
        "address": "Another TAP service with the same tables; empty for the release's own.",
        "cone": 'Circle on the sky, "ra dec radius_arcmin"; empty for everywhere.',
        "names": "Names of sources in the catalogue; empty for all.",
        "min_significance": "Smallest significance of the flux in the broad band (flux_significance_b).",
        "max_theta_arcmin": "Largest angle off the axis, in arcmin.",
        "without_gratings": "Leave out observations through a grating.",
        "limit": "Most detections; 0 for no limit.",
        "page_rows": "Detections per request.",
        "async_above": "Larger selections are asked for as jobs of the service.",
    }

    def _check_together(self) -> None:
        if self.names and self.cone.strip():
            raise RecipeError("either names or a cone, not both")
        if not isinstance(self.names, tuple) or not all(isinstance(n, str) and n.strip() for n in self.names):
            raise RecipeError(f"names must be names of sources, not {self.names!r}")
        read_cone(self.cone)

    def selection(self, names: tuple[str, ...] = ()) -> Selection:
        """What is asked for, of some of the names."""
        return Selection(
            names=names,
            cone=read_cone(self.cone),
            min_significance=float(self.min_significance),
            max_theta_arcmin=float(self.max_theta_arcmin),
            without_gratings=self.without_gratings,
        )

    def question_digest(self) -> str:
        """Short name of what is asked, whatever the names and the limit are: pages of one may be gone on with."""
        asked = {**asdict(self), "name": "", "names": (), "limit": 0, "page_rows": 0, "async_above": 0}
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]


def plan_csc(collection: Collection, settings: CscSettings, *, config: Config) -> StagePlan:
    """Count what `gather_csc` would ask for; the service counts, and sends no rows."""
    asking = _Asking(collection, settings, None)
    names, notes = asking.pending_names(), []
    blocks = _blocks(names) if settings.names else [()]
    if len(blocks) <= _MOST_COUNTS:
        n_wanted = sum(asking.count(settings.selection(block)) for block in blocks)
    else:
        n_wanted = len(names)
        notes.append("So many names are not counted; one detection is assumed for each.")
    n_there = asking.state.get("n_rows", 0)
    if settings.names:
        n_wanted, n_there = n_wanted + collection.count("detections"), collection.count("detections")
    if isinstance(settings.selection().cone, Cone):
        notes.append("The service counts a box around the circle: somewhat fewer detections will be kept.")
    if settings.limit:
        n_wanted = min(n_wanted, settings.limit)
    to_do = max(n_wanted - n_there, 0)
    pages = len(blocks) if settings.names else math.ceil(to_do / settings.page_rows)
    if n_wanted > settings.async_above:
        notes.append("Each page is a job of the service, which may have to queue.")
    return StagePlan(
        what="detections",
        n_wanted=n_wanted,
        n_there=min(n_there, n_wanted),
        n_requests=pages if to_do else 0,
        n_bytes=to_do * _BYTES_PER_ROW,
        notes=tuple(notes),
    )


def gather_csc(
    collection: Collection, settings: CscSettings, *, config: Config, on_step: OnStep | None = None
) -> StageOutcome:
    """Fill the places ``sources`` and ``detections``.

    Each page is kept as soon as it comes, with the place in the catalogue that it ends at.

    Raises
    ------
    ArchiveError
        If the service does not answer, or not with a catalogue.
    StoppedError
    """
    asking = _Asking(collection, settings, on_step)
    collection.set_fact(
        "csc", {"release": settings.release, "address": asking.tap.address, "settings": json.loads(settings.to_json())}
    )
    problems = asking.named_sources() if settings.names else asking.pages()
    return StageOutcome(
        what="detections",
        n_there=collection.count("detections"),
        n_new=asking.n_new,
        problems=tuple(problems),
        facts={"sources": collection.count("sources"), "release": settings.release, "requests": asking.n_requests},
    )


class _Asking:
    """Ask the catalogue for what has not come yet, and keep each answer at once."""

    def __init__(self, collection: Collection, settings: CscSettings, on_step: OnStep | None) -> None:
        self.collection, self.settings, self.on_step = collection, settings, on_step
        self.tap = CscTap(
            settings.release,
            address=settings.address,
            session=ArchiveSession(SERVICE),
            job_left=collection.fact(_JOB_FACT) or "",
            on_job=partial(collection.set_fact, _JOB_FACT),
        )
        self.n_new = self.n_requests = 0
        self.stage = f"{_STAGE}/{settings.question_digest()}"
        #: known (columns of the release), n_wanted, after (where the last page ended), n_rows, is_end.
        self.state: dict[str, Any] = collection.fact(self.stage) or {}

    def pending_names(self) -> list[str]:
        """Names that have not been asked for."""
        return self.collection.pending(self.stage, [name.strip() for name in self.settings.names])

    def count(self, selection: Selection) -> int:
        """Number of detections of a selection."""
        known = self._known()
        return self._answered(lambda: self.tap.count(selection, known), 0, 0, "counting detections")

    def pages(self) -> list[str]:
        """Everything that is selected, from where the last page ended."""
        if "n_wanted" not in self.state and not self.state.get("is_end"):
            self._remember(n_wanted=self.count(self.settings.selection()))
        while not self.state.get("is_end") and (n_rows := self._page_rows(self.state.get("n_rows", 0))):
            after = self.state.get("after")
            page = self._page(
                self.settings.selection(),
                DetectionId(*after) if after else None,
                n_rows,
                self.state.get("n_rows", 0),
                self.state["n_wanted"],
            )
            self._keep(page)
            last = asdict(page.last) if page.last else None
            self._remember(
                n_rows=self.state.get("n_rows", 0) + len(page.table),
                after=list(last.values()) if last else after,
                is_end=page.is_end,
            )
        return []

    def named_sources(self) -> list[str]:
        """All detections of the named sources, some names at a time."""
        names = self.pending_names()
        n_all = len(self.settings.names)
        for block in _blocks(names):
            after, is_end = None, False
            while not is_end and (n_rows := self._page_rows(self.collection.count("detections"))):
                n_done = n_all - len(names)
                page = self._page(self.settings.selection(block), after, n_rows, n_done, n_all)
                self._keep(page, done=block if page.is_end else ())
                after, is_end = page.last, page.is_end
            names = names[len(block) :]
        asked = [name.strip() for name in self.settings.names]
        found = self.collection.get("sources", asked)
        if missing := [name for name in asked if name not in found and name not in names]:
            release, named = self.settings.release, first_few(missing)
            return [f"{len(missing):,} names have no detection within the limits in CSC {release}: {named}"]
        return []

    def _page_rows(self, n_kept: int) -> int:
        """How many rows to ask for next; 0 when there are enough."""
        rows, limit = self.settings.page_rows, self.settings.limit
        return max(min(rows, limit - n_kept), 0) if limit else rows

    def _page(self, selection: Selection, after: DetectionId | None, n_rows: int, done: int, total: int) -> Page:
        known, is_large = self._known(), total > self.settings.async_above

        def ask() -> Page:
            return self.tap.page(selection, known, after=after, n_rows=n_rows, asynchronous=is_large)

        return self._answered(ask, done, max(total, done), "detections of the Chandra Source Catalog")

    def _keep(self, page: Page, *, done: tuple[str, ...] = ()) -> None:
        rows = detection_rows(page.table)
        self.n_new += len(rows) - len(self.collection.get("detections", rows))
        self.collection.put("sources", source_rows(page.table))
        self.collection.put("detections", rows, stage=self.stage, done=done)

    def _known(self) -> frozenset[str]:
        """Columns of the release, asked for once."""
        if "known" not in self.state:
            self._remember(known=sorted(self._answered(self.tap.columns, 0, 0, "columns of the catalogue")))
        return frozenset(self.state["known"])

    def _remember(self, **facts: Any) -> None:
        self.state |= facts
        self.collection.set_fact(self.stage, self.state)

    def _answered(self, ask: Callable[[], _T], done: int, total: int, info: str) -> _T:
        answer = answered(ask, lambda: report(self.on_step, done, total, info), stop=self.tap.cancel)
        self.n_requests += 1
        return answer


def _blocks(names: list[str]) -> list[tuple[str, ...]]:
    return [tuple(names[i : i + _NAMES_PER_REQUEST]) for i in range(0, len(names), _NAMES_PER_REQUEST)]
