"""The Chandra Source Catalog over TAP: its detections page by page, in an order that another process can go on with.

The tables and columns are those of the catalogue's own documentation (cxc.cfa.harvard.edu/csc); a page is a query of
its own, so that what has come is never asked for again. Large selections are jobs of the service, which are deleted
when their rows have come, or when somebody stops.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from astropy.io.votable import parse as parse_votable
from pyvo.dal import AsyncTAPJob, DALQueryError, DALServiceError, TAPQuery, TAPResults
from requests import Response

from alignlab.ingest.archive import ArchiveError, ArchiveSession, Manners
from alignlab.ingest.csc_selection import NEEDED_COLUMNS, DetectionId, Selection
from alignlab.ingest.csc_table import FLAGS, flag, number, years
from alignlab.spectra.observation import acis_array
from alignlab.store.collection import detection_key
from alignlab.variables import LIMIT_NAMES, VARIABLE_NAMES

SERVICE = "Chandra Source Catalog"
#: Of a job's phase is asked first after this time, then ever more rarely.
_FIRST_LOOK_S, _LAST_LOOK_S = 0.1, 10.0
_LONGEST_JOB_S = 6 * 3600.0
#: No service limits its answers to fewer rows.
_SURELY_WHOLE = 1000


@dataclass(frozen=True, kw_only=True)
class Release:
    """Where a release of the catalogue is: its TAP service, its tables there, its name for the data packages."""

    tap: str
    schema: str
    package_version: str


RELEASES: dict[str, Release] = {
    "2.0": Release(tap="https://cda.cfa.harvard.edu/csc2tap", schema="csc2", package_version="rel2.0"),
    "2.1": Release(tap="https://cda.cfa.harvard.edu/csc21tap", schema="csc21", package_version="rel2.1"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Page:
    """Some detections, in the order of their ids.

    Attributes
    ----------
    table : DataFrame
        The catalogue's columns, as they came.
    last : DetectionId or None
        Of the last row, to go on after; None of an empty page.
    is_end : bool
        Nothing comes after it.
    """

    table: pd.DataFrame
    last: DetectionId | None
    is_end: bool


class CscTap:
    """The catalogue's TAP service; may be used by one thread at a time.

    Parameters
    ----------
    release : {"2.0", "2.1"}
    address : str, optional
        Another service that has the same tables.
    session : ArchiveSession, optional
    job_left : str
        Address of a job that a process which was killed may have left: it is gone on with, or deleted.
    on_job : callable, optional
        Is given the address of each job, and "" when it has been deleted.
    """

    def __init__(
        self,
        release: str = "2.1",
        *,
        address: str = "",
        session: ArchiveSession | None = None,
        job_left: str = "",
        on_job: Callable[[str], None] = lambda url: None,
    ) -> None:
        self.release = RELEASES[release]
        self.address = (address or self.release.tap).rstrip("/")
        self._session = session or ArchiveSession(SERVICE)
        self._job: AsyncTAPJob | None = None
        self._job_left, self._on_job = job_left, on_job

    def columns(self) -> frozenset[str]:
        """Columns that detections have in this release.

        Raises
        ------
        ArchiveError
            If the service does not answer, or has not even those that everything needs.
        """
        found = self._ask(f"SELECT TOP 1 * FROM {self.release.schema}.observation_source", asynchronous=False)
        known = frozenset(name.lower() for name in found.fieldnames)
        if absent := [name for name in NEEDED_COLUMNS if name not in known]:
            raise ArchiveError(
                SERVICE,
                f"detections of {self.release.schema} at {self.address} have no column {', '.join(absent)}",
                remedy="Check the release and the address.",
            )
        return known

    def count(self, selection: Selection, known: frozenset[str]) -> int:
        """Number of detections; of a circle, those in the corners of the box around it are counted too."""
        found = self._ask(selection.count(self.release.schema, known), asynchronous=False)
        return int(found.getvalue(found.fieldnames[0], 0))

    def page(
        self,
        selection: Selection,
        known: frozenset[str],
        *,
        after: DetectionId | None,
        n_rows: int,
        asynchronous: bool = False,
    ) -> Page:
        """The next detections after one of them.

        Parameters
        ----------
        known : frozenset of str
            Columns of this release.
        after : DetectionId or None
            None for the first page.
        n_rows : int
            Most rows; the service may send fewer.
        asynchronous : bool
            As a job of the service.
        """
        question = selection.question(self.release.schema, known, after=after, n_rows=n_rows)
        found = self._ask(question, asynchronous=asynchronous, max_rows=n_rows)
        table = found.to_table().to_pandas()
        table.columns = table.columns.str.lower()
        # A service may send fewer rows than asked for, and not even say so: only few or none are surely the last.
        is_cut = (found.query_status or "").upper() == "OVERFLOW" or len(table) >= min(n_rows, _SURELY_WHOLE)
        return Page(table=selection.cut(table), last=_last(table), is_end=table.empty or not is_cut)

    def cancel(self) -> None:
        """Stop what is under way, from another thread: the service is told to forget its job."""
        self._session.stop()
        if self._job is not None:
            _forget_job(self._job.url)

    def _ask(self, adql: str, *, asynchronous: bool, max_rows: int | None = None) -> TAPResults:
        try:
            if asynchronous:
                return self._as_job(adql, max_rows)
            query = TAPQuery(self.address, adql, maxrec=max_rows, session=self._session)
            return self._results(query.submit())
        except DALQueryError as error:
            said = " ".join(str(error.reason).split())[:300]
            raise ArchiveError(SERVICE, f"{self.address} refuses the query: {said}") from error
        except DALServiceError as error:
            said = self._session.redacted(str(error.reason)[:300])
            raise ArchiveError(SERVICE, f"{self.address} does not answer as a TAP service ({said})") from error

    def _as_job(self, adql: str, max_rows: int | None) -> TAPResults:
        self._job = self._left_job(adql)
        if self._job is None:
            self._job = AsyncTAPJob.create(self.address, adql, maxrec=max_rows, session=self._session)
            self._on_job(self._job.url)
        try:
            self._begin(self._job)
            self._wait_for(self._job)
            self._job.raise_if_error()
            if not self._job.result_uri:
                raise ArchiveError(SERVICE, f"a job of {self.address} ended without a result")
            return self._results(self._session.get(self._job.result_uri))
        finally:
            _forget_job(self._job.url)
            self._job = None
            self._on_job("")

    def _left_job(self, adql: str) -> AsyncTAPJob | None:
        """The job that another process has left, if it asks the same; any other is deleted."""
        url, self._job_left = self._job_left, ""
        # Its address is the service's own: a collection from elsewhere makes nobody ask another host.
        if not url.startswith(f"{self.address}/async/"):
            return None
        with contextlib.suppress(ArchiveError):
            job = AsyncTAPJob(url, session=self._session)
            if job.query == adql and job.phase in ("PENDING", "QUEUED", "EXECUTING", "COMPLETED"):
                return job
        _forget_job(url)
        return None

    def _begin(self, job: AsyncTAPJob) -> None:
        if job.phase != "PENDING":
            return
        try:
            job.run()
        except ArchiveError:
            # Asked twice because the first answer was lost: a service may refuse to begin what has begun.
            if job.phase == "PENDING":
                raise

    def _wait_for(self, job: AsyncTAPJob) -> None:
        ends, look = time.monotonic() + _LONGEST_JOB_S, _FIRST_LOOK_S
        while (phase := job.phase) not in ("COMPLETED", "ERROR", "ABORTED"):
            if time.monotonic() > ends:
                raise ArchiveError(SERVICE, f"a job of {self.address} has been {phase} for too long")
            self._session.pause(look)
            look = min(1.3 * look, _LAST_LOOK_S)

    def _results(self, response: Response) -> TAPResults:
        try:
            votable = parse_votable(io.BytesIO(response.content))
        except Exception as error:
            raise ArchiveError(
                SERVICE,
                f"{self.address} answered with something that is no VOTable ({type(error).__name__})",
                remedy="Check the address of the service.",
            ) from error
        return TAPResults(votable, url=self.address, session=self._session)


def source_rows(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Rows for the place ``sources``, by name."""
    rows: dict[str, dict[str, Any]] = {}
    numbers = {name: number(table, name) for name in ("ra", "dec", "err_ellipse_r0")}
    for i, name in _named(table):
        rows[name] = {
            "ra": float(numbers["ra"][i]),
            "dec": float(numbers["dec"][i]),
            "error_arcsec": _known(numbers["err_ellipse_r0"][i]),
        }
    return rows


def detection_rows(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Rows for the place ``detections``, by detection; what a number cannot be is missing, in the catalogue's units."""
    plain = {"ra": "ra", "dec": "dec", "theta_arcmin": "theta", "exposure_s": "livetime"}
    numbers = {name: number(table, column) for name, column in plain.items()}
    numbers |= {name: number(table, name) for name in (*VARIABLE_NAMES, *LIMIT_NAMES)}
    numbers["year"] = years(table)
    flags = {name: flag(table, name) for name in FLAGS}
    ids, rows = detection_ids(table), dict[str, dict[str, Any]]()
    for i, name in _named(table):
        of, chips = ids[i], str(table["detector"].iloc[i])
        # A detection has one name; one that has several is ambiguous, and the first in their order is kept.
        rows.setdefault(
            detection_key(of.obsid, of.obi, of.region_id),
            {
                "name": name,
                "obsid": of.obsid,
                "obi": of.obi,
                "region_id": of.region_id,
                "detector": acis_array(chips) or chips.strip(),
                **{column: _known(values[i]) for column, values in numbers.items()},
                **{column: bool(raised[i]) for column, raised in flags.items()},
            },
        )
    return rows


def detection_ids(table: pd.DataFrame) -> list[DetectionId]:
    """Ids of all rows.

    Raises
    ------
    ArchiveError
        If one is missing: no page could be gone on after it.
    """
    columns = [number(table, name) for name in ("obsid", "obi", "region_id")]
    if not all(np.isfinite(values).all() for values in columns):
        raise ArchiveError(SERVICE, "an answer has detections without ObsID, ObI or region")
    return [DetectionId(*(int(value) for value in row)) for row in zip(*columns, strict=True)]


def _last(table: pd.DataFrame) -> DetectionId | None:
    return detection_ids(table.tail(1))[0] if len(table) else None


def _named(table: pd.DataFrame) -> list[tuple[int, str]]:
    """Rows that have a name and a place, and their names."""
    is_placed = np.isfinite(number(table, "ra") + number(table, "dec"))
    names = table["name"].fillna("").astype("str").str.strip()
    return [(i, name) for i, name in enumerate(names) if name and is_placed[i]]


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _forget_job(url: str | None) -> None:
    """Tell a service that nobody waits for a job any more; it forgets it by itself, too, if it cannot be told."""
    if url:
        brief = Manners(retries=0, connect_s=3.0, silence_s=3.0, answer_s=3.0)
        with contextlib.suppress(ArchiveError), ArchiveSession(SERVICE, manners=brief) as session:
            session.delete(url, allow_redirects=False)
