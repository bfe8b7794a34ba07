"""A TAP service of ours over tables in memory: sync, async with UWS phases, uploads, overflow, errors as VOTables."""

from __future__ import annotations

import email
import email.policy
import io
import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape, quoteattr

import duckdb
import pandas as pd
from astropy.io.votable import parse_single_table

from tests.archives.adql import DISTANCE_MACRO, AdqlError, to_sql
from tests.archives.serving import ArchiveServer, Reply, Request

VOTABLE = "application/x-votable+xml"
_UWS = 'xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
_VOTABLE_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
    '<RESOURCE type="results">'
)
_TYPES = {"BOOLEAN": "boolean", "DOUBLE": "double", "FLOAT": "float", "BIGINT": "long", "INTEGER": "int"}


@dataclass
class Job:
    """A question that is answered later."""

    parameters: dict[str, str]
    files: dict[str, bytes]
    phase: str = "PENDING"
    started: float = 0.0
    reply: Reply = field(default_factory=Reply)


class TapServer(ArchiveServer):
    """Serves tables by their names, such as ``csc21.master_source``.

    Parameters
    ----------
    tables : dict of DataFrame
    units : dict, optional
        Column → unit, for all tables.
    max_rows : int
        Most rows of an answer; more are cut off with the status OVERFLOW.
    has_geometry : bool
        Whether CONTAINS and DISTANCE are known: the service of CSC does not know them.

    Attributes
    ----------
    sync_s, job_s : float
        How long an answer, and a job, take.
    tells_overflow : bool
        Whether an answer that is cut off says so.
    questions : list
        Query and digest of uploads of everything that was answered.
    jobs, deleted, aborted : dict, list, list
        Jobs by name; those that the client has deleted or aborted.
    """

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        *,
        units: Mapping[str, str] | None = None,
        max_rows: int = 100_000,
        has_geometry: bool = True,
    ) -> None:
        super().__init__()
        self._names, self._units = list(tables), dict(units or {})
        self._max_rows, self._has_geometry = max_rows, has_geometry
        self._connection, self._lock = duckdb.connect(), threading.Lock()
        self._connection.execute(DISTANCE_MACRO)
        for name, table in tables.items():
            schema, _, _ = name.partition(".")
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            self._connection.register("given", table)
            self._connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
        self._connection.execute("CREATE SCHEMA tap_upload")
        # A question that reaches for the disk of this machine must fail.
        self._connection.execute("SET enable_external_access = false")
        self.sync_s = self.job_s = 0.0
        self.tells_overflow = True
        self.questions: list[tuple[str, str]] = []
        self.jobs: dict[str, Job] = {}
        self.deleted: list[str] = []
        self.aborted: list[str] = []
        self._counter = itertools.count(1)

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        with self._lock:
            self._connection.close()

    @property
    def n_asked_again(self) -> int:
        """How many questions came again although they had been answered."""
        return len(self.questions) - len(set(self.questions))

    def answer(self, request: Request) -> Reply:
        match request.path.strip("/").split("/"):
            case ["sync"]:
                time.sleep(self.sync_s)
                return self._result(*_form(request))
            case ["async", *rest]:
                return self._asynchronous(request, rest)
            case ["availability"]:
                body = '<vosi:availability xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0">'
                return _xml(f"{body}<vosi:available>true</vosi:available></vosi:availability>")
            case ["capabilities"]:
                return _xml(
                    '<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0">'
                    f'<capability standardID="ivo://ivoa.net/std/TAP"><interface><accessURL use="base">{self.url}'
                    "</accessURL></interface></capability></vosi:capabilities>"
                )
            case ["tables"]:
                return self._tables()
        return Reply(status=404, body=b"no such resource")

    def _tables(self) -> Reply:
        out = '<vosi:tableset xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0"><schema><name>all</name>'
        for name in self._names:
            columns = self._connection.cursor().execute(f"SELECT * FROM {name} LIMIT 0").description or []
            rows = "".join(f"<column><name>{column[0]}</name></column>" for column in columns)
            out += f"<table><name>{name}</name>{rows}</table>"
        return _xml(f"{out}</schema></vosi:tableset>")

    def _asynchronous(self, request: Request, rest: list[str]) -> Reply:
        if not rest:
            parameters, files = _form(request)
            job_id = f"job{next(self._counter)}"
            self.jobs[job_id] = Job(parameters, files)
            if parameters.get("PHASE") == "RUN":
                self._start(self.jobs[job_id])
            return self._to(job_id)
        job_id, *rest = rest
        if job_id not in self.jobs:
            return Reply(status=404, body=b"no such job")
        job = self.jobs[job_id]
        if request.method == "DELETE" or _form(request)[0].get("ACTION") == "DELETE":
            del self.jobs[job_id]
            self.deleted.append(job_id)
            return Reply(status=303, headers={"Location": f"{self.url}/async"})
        if rest == ["phase"] and request.method == "POST":
            if _form(request)[0].get("PHASE") == "RUN":
                if job.phase != "PENDING":
                    return Reply(status=403, body=b"the job has begun already")
                self._start(job)
            else:
                job.phase = "ABORTED"
                self.aborted.append(job_id)
            return self._to(job_id)
        if rest == ["results", "result"]:
            return job.reply if self._phase(job) == "COMPLETED" else Reply(status=404, body=b"no result yet")
        if rest == ["phase"]:
            return Reply(body=self._phase(job).encode())
        return self._job(job_id, job) if not rest else Reply(status=404)

    def _to(self, job_id: str) -> Reply:
        return Reply(status=303, headers={"Location": f"{self.url}/async/{job_id}"})

    def _start(self, job: Job) -> None:
        job.phase, job.started = "EXECUTING", time.monotonic()
        job.reply = self._result(job.parameters, job.files)

    def _phase(self, job: Job) -> str:
        if job.phase == "EXECUTING" and time.monotonic() - job.started >= self.job_s:
            job.phase = "ERROR" if b'value="ERROR"' in job.reply.body else "COMPLETED"
        return job.phase

    def _job(self, job_id: str, job: Job) -> Reply:
        phase, more = self._phase(job), ""
        if phase == "COMPLETED":
            link = f"{self.url}/async/{job_id}/results/result"
            more = f'<uws:results><uws:result id="result" xlink:href="{link}"/></uws:results>'
        if phase == "ERROR":
            said = job.reply.body.decode().split('value="ERROR">')[1].split("</INFO>")[0]
            more = f'<uws:errorSummary type="fatal"><uws:message>{said}</uws:message></uws:errorSummary>'
        query = f'<uws:parameter id="query">{escape(job.parameters.get("QUERY", ""))}</uws:parameter>'
        return _xml(
            f'<uws:job {_UWS} version="1.1"><uws:jobId>{job_id}</uws:jobId><uws:phase>{phase}</uws:phase>'
            f"<uws:parameters>{query}</uws:parameters>{more}</uws:job>"
        )

    def _result(self, parameters: dict[str, str], files: dict[str, bytes]) -> Reply:
        adql = parameters.get("QUERY", "")
        if parameters.get("REQUEST", "doQuery") != "doQuery" or parameters.get("LANG", "").upper() != "ADQL":
            return _error("REQUEST must be doQuery, and LANG ADQL")
        limit = min(int(parameters.get("MAXREC", self._max_rows)), self._max_rows)
        try:
            with self._lock:
                sql = self._with_uploads(to_sql(adql, has_geometry=self._has_geometry), parameters, files)
                asked = self._connection.execute(sql)
                # All of them: an answer that is not read to its end blocks the next question.
                rows, columns = asked.fetchall(), asked.description or []
        except (AdqlError, duckdb.Error) as error:
            return _error(f"Error executing query: {error}")
        self.questions.append((adql, sha256(b"".join(files.values())).hexdigest()))
        return Reply(
            body=_votable(rows[:limit], columns, self._units, overflows=self.tells_overflow and len(rows) > limit),
            content_type=VOTABLE,
        )

    def _with_uploads(self, sql: str, parameters: dict[str, str], files: dict[str, bytes]) -> str:
        for upload in filter(None, parameters.get("UPLOAD", "").split(";")):
            name, _, where = upload.partition(",")
            if not where.startswith("param:") or where[6:] not in files:
                raise AdqlError(f"the upload {name} is not in the request")
            table = parse_single_table(io.BytesIO(files[where[6:]])).to_table().to_pandas()
            self._connection.register("given", table)
            self._connection.execute(f"CREATE OR REPLACE TABLE tap_upload.{name} AS SELECT * FROM given")
        return sql


def _form(request: Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """Parameters, with upper-case names, and files."""
    kind = request.headers.get("content-type", "")
    fields, files = dict(request.query), dict[str, bytes]()
    if kind.startswith("multipart/form-data"):
        message = email.message_from_bytes(
            b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.body, policy=email.policy.HTTP
        )
        for part in message.iter_parts():
            name, content = str(part.get_param("name", header="content-disposition")), part.get_payload(decode=True)
            if part.get_filename() is None:
                fields[name] = content.decode()
            else:
                files[name] = content
    elif request.method == "POST":
        fields |= dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    return {name.upper(): value for name, value in fields.items()}, files


def _xml(body: str) -> Reply:
    return Reply(body=f'<?xml version="1.0" encoding="UTF-8"?>{body}'.encode(), content_type="text/xml")


def _error(message: str) -> Reply:
    body = f'{_VOTABLE_HEAD}<INFO name="QUERY_STATUS" value="ERROR">{escape(message)}</INFO></RESOURCE></VOTABLE>'
    return Reply(body=body.encode(), status=400, content_type=VOTABLE)


def _votable(rows: list[Any], columns: list[Any], units: dict[str, str], *, overflows: bool) -> bytes:
    fields = ""
    for name, kind, *_ in columns:
        datatype = _TYPES.get(str(kind), "unicodeChar")
        size = ' arraysize="*"' if datatype == "unicodeChar" else ""
        unit = f" unit={quoteattr(units[name])}" if name in units else ""
        fields += f'<FIELD name={quoteattr(name)} datatype="{datatype}"{size}{unit}/>'
    body = "".join(f"<TR>{''.join(f'<TD>{_cell(value)}</TD>' for value in row)}</TR>\n" for row in rows)
    last = '<INFO name="QUERY_STATUS" value="OVERFLOW"/>' if overflows else ""
    return (
        f'{_VOTABLE_HEAD}<INFO name="QUERY_STATUS" value="OK"/><TABLE>{fields}<DATA><TABLEDATA>{body}'
        f"</TABLEDATA></DATA></TABLE>{last}</RESOURCE></VOTABLE>"
    ).encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "NaN" if value != value else repr(value)
    return escape(str(value))
