"""Files of the collection's detections, package by package, from the Chandra Data Archive."""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar

from alignlab.config import Config
from alignlab.errors import AlignlabError, InputFileError
from alignlab.ingest.archive import ArchiveError, ArchiveSession, Manners
from alignlab.ingest.csc_products import ADDRESS, KINDS, SERVICE, Product, package_parameters, unpack
from alignlab.ingest.csc_selection import DetectionId
from alignlab.ingest.csc_tap import RELEASES
from alignlab.progress import OnStep, report
from alignlab.services.gather.stage import StageOutcome, StagePlan
from alignlab.services.gather.waiting import begun
from alignlab.store.collection import Collection, detection_key
from alignlab.training.recipe_base import Range, Recipe

_TELL_EVERY_S, _LAST_WAIT_S = 0.4, 0.5
#: So many packages in a row that cannot be had are a service that is down.
_MOST_FAILURES = 3
_MOST_TOLD = 20
#: Statuses of a service that is well and cannot answer this question.
_ABOUT_THE_QUESTION = frozenset({400, 404, 413, 414, 500})
#: Packages that are on their way or being unpacked.
_PACKAGES = ".packages"
_Wanted = dict[DetectionId, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class ProductsSettings(Recipe):
    """Which files are gathered.

    Attributes
    ----------
    address : str
        Of the data-package service.
    release : {"of the collection", "2.0", "2.1"}
    kinds : tuple of str
        Spectrum (pha), effective area (arf), energy response (rmf), events of the source region (evt).
    limit : int
        Most detections; 0 for all.
    per_package : int
        Detections per request.
    concurrency : int
        Packages at the same time.
    max_package_mb : int
        Largest package, unpacked, in MB.
    again : bool
        Ask again for files that the archive did not have.
    """

    name: str = "products"
    address: str = ADDRESS
    release: str = "of the collection"
    kinds: tuple[str, ...] = tuple(KINDS)
    limit: int = 0
    per_package: int = 10
    concurrency: int = 3
    max_package_mb: int = 1000
    again: bool = False

    RANGES: ClassVar[dict[str, Range]] = {
        "limit": (0, 10_000_000),
        "per_package": (1, 100),
        "concurrency": (1, 8),
        "max_package_mb": (1, 10_000),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "release": ("of the collection", *RELEASES),
        "kinds": tuple(KINDS),
    }
    MEANINGS: ClassVar[dict[str, str]] = {
        "name": "A word for these settings; what is gathered does not depend on it.",
        "address": "Address of the data-package service.",
        "release": "Release of the catalogue whose files are asked for.",
        "kinds": "Kinds of files: spectrum (pha), area (arf), response (rmf), events (evt).",
        "limit": "Most detections; 0 for all.",
        "per_package": "Detections per request.",
        "concurrency": "Packages at the same time.",
        "max_package_mb": "Largest package, unpacked, in MB.",
        "again": "Ask again for files that the archive did not have.",
    }


def plan_products(collection: Collection, settings: ProductsSettings, *, config: Config) -> StagePlan:
    """Count what `gather_products` would ask for; nothing is asked."""
    wanted = _wanted(collection, settings)
    n_all = len(_detections(collection, settings)) * len(settings.kinds)
    n_to_do = sum(len(kinds) for kinds in wanted.values())
    return StagePlan(
        what="files",
        n_wanted=n_all,
        n_there=n_all - n_to_do,
        n_requests=math.ceil(len(wanted) / settings.per_package),
        n_bytes=sum(KINDS[kind][2] for kinds in wanted.values() for kind in kinds),
        notes=("Sizes are those of usual files; a response takes about 1 MB, everything else 0.1 MB.",),
    )


def gather_products(
    collection: Collection, settings: ProductsSettings, *, config: Config, on_step: OnStep | None = None
) -> StageOutcome:
    """Fill the place ``products``, and the folder of files.

    Each package is unpacked and kept as soon as it has come whole.

    Raises
    ------
    AlignlabError
        If there are no detections, or the disk is full.
    ArchiveError
        If the service does not answer.
    StoppedError
    """
    if not collection.count("detections"):
        raise AlignlabError(
            f"Collection {collection.name!r} has no detections.", remedy="Gather them with 'alignlab ingest csc'."
        )
    fetching = _Fetching(collection, settings)
    wanted = _wanted(collection, settings)
    try:
        fetching.all_packages(wanted, on_step)
    except OSError as error:
        raise AlignlabError(
            f"Files of collection {collection.name!r} cannot be written ({error.strerror or error}).",
            remedy="Make room, and gather them again: what has come is kept.",
        ) from error
    # What an earlier, killed process has left of packages that were cut otherwise.
    shutil.rmtree(collection.products_folder / _PACKAGES, ignore_errors=True)
    return StageOutcome(
        what="files",
        n_there=collection.count("products"),
        n_new=fetching.n_new,
        problems=tuple(fetching.problems[:_MOST_TOLD]),
        facts={"bytes": fetching.n_bytes, "absent": fetching.n_absent, "packages": fetching.n_packages},
    )


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What became of a package, or of a part of one that was asked for in parts."""

    wanted: _Wanted
    products: list[Product] = field(default_factory=list)
    damaged: dict[tuple[str, str], str] = field(default_factory=dict)
    problem: ArchiveError | InputFileError | None = None
    package: Path | None = None


class _Fetching:
    """Fetch packages in some threads; rows are written by the one that watches."""

    def __init__(self, collection: Collection, settings: ProductsSettings) -> None:
        self.collection, self.settings = collection, settings
        self.version = _version(collection, settings)
        self.session = ArchiveSession(SERVICE, manners=Manners(concurrency=settings.concurrency))
        self.problems: list[str] = []
        self.n_new = self.n_bytes = self.n_absent = self.n_packages = self._n_failed = 0
        self._failure: ArchiveError | InputFileError | None = None

    def all_packages(self, wanted: _Wanted, on_step: OnStep | None) -> None:
        """Fetch everything, so many packages at a time."""
        n_files, n_done = sum(len(kinds) for kinds in wanted.values()), 0
        waiting, running = _packages(wanted, self.settings.per_package), dict[Future[list[_Part]], _Wanted]()
        try:
            while True:
                while len(running) < self.settings.concurrency and (package := next(waiting, None)):
                    running[begun(partial(self._package, package))] = package
                report(on_step, n_done, n_files, f"files of detections, {self.n_bytes / 1e6:,.0f} MB")
                if not running:
                    # One failure of many is a problem of some files; nothing but failures, of the service.
                    return None if self.n_packages else self._raise_failure()
                for future in wait(running, timeout=_TELL_EVERY_S, return_when=FIRST_COMPLETED).done:
                    n_done += sum(len(kinds) for kinds in running.pop(future).values())
                    self._keep(future.result())
        finally:
            # Whatever ended it: what is still under way ends with the next bytes that come, and the files with it.
            self.session.stop()
            wait(running, timeout=_LAST_WAIT_S)

    def _package(self, wanted: _Wanted) -> list[_Part]:
        """Fetch and unpack one package; one that is refused is asked for in halves, down to single detections."""
        parameters = package_parameters(wanted, self.version)
        name = hashlib.sha256("&".join(parameters.values()).encode()).hexdigest()[:24]
        path = self.collection.products_folder / _PACKAGES / f"{name}.tar"
        max_bytes = self.settings.max_package_mb * 1024**2
        try:
            # One that is there came whole, to a process that was killed before it was unpacked.
            if not path.exists():
                url = f"{self.settings.address.rstrip('/')}/retrieve"
                self.session.download(url, path, params=parameters, max_bytes=max_bytes)
            kinds = {_key(of): kinds for of, kinds in wanted.items()}
            products, damaged = unpack(path, self.collection.products_folder, kinds, max_bytes=max_bytes)
        except (ArchiveError, InputFileError) as problem:
            path.unlink(missing_ok=True)
            is_about_these = isinstance(problem, InputFileError) or problem.status in _ABOUT_THE_QUESTION
            if len(wanted) == 1 or not is_about_these:
                return [_Part(wanted=wanted, problem=problem)]
            items, half = list(wanted.items()), len(wanted) // 2
            return [*self._package(dict(items[:half])), *self._package(dict(items[half:]))]
        return [_Part(wanted=wanted, products=products, damaged=damaged, package=path)]

    def _keep(self, parts: list[_Part]) -> None:
        for part in parts:
            if part.problem is None:
                self._keep_part(part)
            else:
                self.problems.append(f"{len(part.wanted)} detections from {_key(next(iter(part.wanted)))} on: "
                                     f"{part.problem}")  # fmt: skip
        if any(part.problem is None for part in parts):
            self._n_failed = 0
            return
        self._n_failed, self._failure = self._n_failed + 1, parts[-1].problem
        if self._n_failed >= _MOST_FAILURES:
            self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _keep_part(self, part: _Part) -> None:
        # What is damaged is asked for again another time.
        asked = {(_key(of), kind) for of, kinds in part.wanted.items() for kind in kinds} - part.damaged.keys()
        absent = sorted(asked - {(product.detection_key, product.kind) for product in part.products})
        self.collection.put(
            "products",
            {product.path: {k: v for k, v in asdict(product).items() if k != "path"} for product in part.products},
            stage=_stage(self.version),
            done=[f"{key}/{kind}" for key, kind in asked],
        )
        # Only now: a process that is killed before finds it, and need not ask again.
        if part.package is not None:
            part.package.unlink(missing_ok=True)
        self.n_new += len(part.products)
        self.n_bytes += sum(product.bytes for product in part.products)
        self.n_absent += len(absent)
        self.n_packages += 1
        self.problems += part.damaged.values()
        self.problems += [f"{key}: the archive has no {kind}" for key, kind in absent]


def _detections(collection: Collection, settings: ProductsSettings) -> list[DetectionId]:
    ids = [DetectionId(row["obsid"], row["obi"], row["region_id"]) for _, row in collection.rows("detections")]
    return ids[: settings.limit] if settings.limit else ids


def _wanted(collection: Collection, settings: ProductsSettings) -> _Wanted:
    """Detection → kinds of files that have not been asked for."""
    stage = _stage(_version(collection, settings))
    there = {(row["detection_key"], row["kind"]) for _, row in collection.rows("products")}
    ids = _detections(collection, settings)
    items = [f"{_key(of)}/{kind}" for of in ids for kind in settings.kinds]
    pending = set(items if settings.again else collection.pending(stage, items))
    wanted = {
        of: tuple(kind for kind in settings.kinds if f"{_key(of)}/{kind}" in pending and (_key(of), kind) not in there)
        for of in ids
    }
    return {of: kinds for of, kinds in wanted.items() if kinds}


def _packages(wanted: _Wanted, size: int) -> Iterator[_Wanted]:
    items = list(wanted.items())
    for start in range(0, len(items), size):
        yield dict(items[start : start + size])


def _version(collection: Collection, settings: ProductsSettings) -> str:
    """The archive's name of the release that the files are of."""
    release = settings.release
    if release not in RELEASES:
        release = str((collection.fact("csc") or {}).get("release", "2.1"))
    return RELEASES[release].package_version


def _stage(version: str) -> str:
    return f"products/{version}"


def _key(of: DetectionId) -> str:
    return detection_key(of.obsid, of.obi, of.region_id)
