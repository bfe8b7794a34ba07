"""SIMBAD by TAP: what lies near positions, what has an identifier, and which papers are about an object.

Tables and columns are those of https://simbad.cds.unistra.fr/simbad/tap/tapsearch.html: ``basic`` (coordinates in deg
at epoch 2000, their error in mas, main type), ``ident`` and ``ids`` (identifiers), ``has_ref`` and ``ref`` (papers).
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar
from xml.parsers.expat import ExpatError

import numpy as np
from astropy.io.votable import parse
from astropy.io.votable.exceptions import VOTableSpecError
from astropy.table import Table
from pyvo.dal.exceptions import DALAccessError
from pyvo.dal.tap import TAPQuery, TAPResults

from alignlab.ingest.archive import ArchiveError, ArchiveSession, Manners

ADDRESS = "https://simbad.cds.unistra.fr/simbad/sim-tap"
#: SIMBAD takes 200,000 rows.
MOST_PER_REQUEST = 20_000
_MOST_ROWS = 1_000_000
_OBJECT = (
    "basic.oid, basic.main_id, basic.ra, basic.dec, basic.coo_err_maj, basic.pmra, basic.pmdec, basic.otype, "
    "basic.nbref, basic.rvz_redshift, ids.ids"
)
_NEAR = (
    f"SELECT mine.n, {_OBJECT} FROM TAP_UPLOAD.mine AS mine "
    "JOIN basic ON 1 = CONTAINS(POINT('ICRS', basic.ra, basic.dec), CIRCLE('ICRS', mine.ra, mine.dec, {degrees})) "
    "JOIN ids ON ids.oidref = basic.oid"
)
_NAMED = (
    f"SELECT mine.n, {_OBJECT} FROM TAP_UPLOAD.mine AS mine JOIN ident ON ident.id = mine.id "
    "JOIN basic ON basic.oid = ident.oidref JOIN ids ON ids.oidref = basic.oid"
)
_PAPERS = (
    "SELECT has_ref.oidref AS oid, ref.bibcode, ref.nbobject FROM TAP_UPLOAD.mine AS mine "
    "JOIN has_ref ON has_ref.oidref = mine.oid JOIN ref ON ref.oidbib = has_ref.oidbibref"
)
_T = TypeVar("_T")
Row = dict[str, Any]


class Simbad:
    """Ask SIMBAD.

    An answer that SIMBAD cuts off at its limit is never used: half of what was asked is asked again.

    Parameters
    ----------
    address : str
        Of the TAP service, without ``/sync``.
    manners : Manners, optional
    """

    def __init__(self, *, address: str = ADDRESS, manners: Manners | None = None) -> None:
        self._address = address.rstrip("/")
        # Faster askers are locked out for an hour.
        self._session = ArchiveSession("SIMBAD", manners=manners or Manners(concurrency=1))

    def near(self, positions: Sequence[tuple[str, float, float]], *, radius_arcsec: float) -> list[Row]:
        """All objects within a radius of positions (name, RA and Dec in deg).

        Returns
        -------
        list of dict
            ``name`` of the position and the object: oid, main_id, ra, dec (deg), error_arcsec (one sigma along the
            longer axis, None where SIMBAD tells none), motion_arcsec_yr, otype, n_references, redshift, aliases.

        Raises
        ------
        ArchiveError
            If SIMBAD does not answer, refuses, or answers what cannot be read.
        """
        degrees = f"{radius_arcsec / 3600:.9f}"

        def ask(part: Sequence[tuple[str, float, float]]) -> Table:
            _, ra, dec = zip(*part, strict=True)
            return Table({"n": np.arange(len(part)), "ra": np.array(ra, float), "dec": np.array(dec, float)})

        return self._objects(_NEAR.format(degrees=degrees), positions, ask)

    def named(self, names: Sequence[tuple[str, str]]) -> list[Row]:
        """The objects that have an identifier (name, identifier as SIMBAD writes it), as those of `near`."""

        def ask(part: Sequence[tuple[str, str]]) -> Table:
            return Table({"n": np.arange(len(part)), "id": np.array([identifier for _, identifier in part])})

        return self._objects(_NAMED, names, ask)

    def references(self, oids: Iterable[int]) -> list[Row]:
        """Papers about objects: oid, bibcode, n_objects (that the paper is about, None where that is not told)."""
        rows = self._whole(
            _PAPERS, sorted(set(oids)), lambda part: Table({"oid": np.array(part, np.int64)}), _reference
        )
        return sorted(rows, key=lambda row: (row["oid"], row["bibcode"]))

    def stop(self) -> None:
        """Let what another thread is asking end as soon as it may."""
        self._session.stop()

    def _objects(self, adql: str, wanted: Sequence[_T], upload: Callable[[Sequence[_T]], Table]) -> list[Row]:
        def read(row: Row, part: Sequence[Any]) -> Row:
            return {"name": str(part[int(row["n"])][0]), **_object(row)}

        return sorted(self._whole(adql, wanted, upload, read), key=lambda row: (row["name"], row["oid"]))

    def _whole(
        self,
        adql: str,
        wanted: Sequence[_T],
        upload: Callable[[Sequence[_T]], Table],
        read: Callable[[Row, Sequence[_T]], Row],
    ) -> Iterator[Row]:
        """Rows of an answer that is whole, each read with the part of what is wanted that was asked for."""
        if not wanted:
            return
        rows, is_whole = self._ask(adql, upload(wanted))
        if is_whole:
            try:
                yield from [read(row, wanted) for row in rows]
            except (LookupError, ValueError, TypeError) as error:
                raise self._useless(f"a table of other columns: {error}") from error
        elif len(wanted) == 1:
            raise ArchiveError("SIMBAD", f"cuts off its answer about {wanted[0]}", remedy="Choose a smaller radius.")
        else:
            middle = len(wanted) // 2
            yield from self._whole(adql, wanted[:middle], upload, read)
            yield from self._whole(adql, wanted[middle:], upload, read)

    def _ask(self, adql: str, mine: Table) -> tuple[list[Row], bool]:
        query = TAPQuery(self._address, adql, maxrec=_MOST_ROWS, uploads={"mine": mine}, session=self._session)
        # Its `execute` would hide our error in one of its own.
        response = query.submit()
        try:
            answer = TAPResults(parse(io.BytesIO(response.content), verify="ignore"), url=query.queryurl)
            table = answer.to_table()
        except (DALAccessError, VOTableSpecError, ExpatError, ValueError, OSError, LookupError, TypeError) as error:
            raise self._useless(str(error)) from error
        names = [name.lower() for name in table.colnames]
        return [dict(zip(names, row, strict=True)) for row in table.iterrows()], answer.query_status != "OVERFLOW"

    def _useless(self, said: str) -> ArchiveError:
        told = f"{self._address} answered with something that cannot be used ({' '.join(said.split())[:200]})"
        return ArchiveError("SIMBAD", told, remedy="Check the address of the service.")


def _reference(row: Row, _: Sequence[int]) -> Row:
    number = _number(row["nbobject"])
    return {
        "oid": int(row["oid"]),
        "bibcode": _text(row["bibcode"]),
        "n_objects": None if number is None else int(number),
    }


def _object(row: Row) -> Row:
    error_mas, ra_motion, dec_motion = (_number(row[name]) for name in ("coo_err_maj", "pmra", "pmdec"))
    return {
        "oid": int(row["oid"]),
        "main_id": " ".join(_text(row["main_id"]).split()),
        "ra": _number(row["ra"]),
        "dec": _number(row["dec"]),
        "error_arcsec": None if error_mas is None else error_mas / 1000,
        "motion_arcsec_yr": math.hypot(ra_motion or 0.0, dec_motion or 0.0) / 1000,
        "otype": _text(row["otype"]),
        "n_references": int(_number(row["nbref"]) or 0),
        "redshift": _number(row["rvz_redshift"]),
        "aliases": [" ".join(name.split()) for name in _text(row["ids"]).split("|") if name.strip()],
    }


def _number(value: Any) -> float | None:
    """A finite number, None where it is masked or none."""
    if value is None or np.ma.is_masked(value):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _text(value: Any) -> str:
    return "" if value is None or np.ma.is_masked(value) else str(value).strip()
