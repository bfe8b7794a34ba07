"""A download that goes on where it was cut off, by this process or by one that was killed."""

from __future__ import annotations

import base64
import errno
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from alignlab.ingest.archive import ArchiveError, ArchiveSession, TransientError
from alignlab.store.artefact import sha256_of


@dataclass(frozen=True)
class Download:
    """One file to fetch; see `ArchiveSession.download`.

    Beside the file lie, until it is whole, ``<name>.part`` with what has come and ``<name>.tag`` with the version
    that the server gave it, and its checksum where it tells one: only what is known to be of the same version is gone
    on with.
    """

    session: ArchiveSession
    url: str
    path: Path
    params: Mapping[str, Any] | None
    sha256: str
    max_bytes: int
    on_bytes: Callable[[int], None] | None

    @property
    def part(self) -> Path:
        """What has come so far."""
        return self.path.with_name(f"{self.path.name}.part")

    @property
    def tag(self) -> Path:
        """The server's name of the version that it is of."""
        return self.path.with_name(f"{self.path.name}.tag")

    def fetch(self) -> str:
        """Fetch it and return its sha256."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.session.until_answered(self._further)
            found = sha256_of(self.part)
            if any(told and found != told for told in (self.sha256.lower(), self._told())):
                self._forget()
                raise ArchiveError(
                    self.session.service,
                    f"{self.session.safe(self.url)} came with another checksum than the archive tells",
                    remedy="Try again.",
                )
            self.part.replace(self.path)
            self.tag.unlink(missing_ok=True)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            raise ArchiveError(
                self.session.service,
                f"{self.path} cannot be written ({error.strerror or error})",
                remedy=f"{'Make room' if full else 'Check the folder'}, and go on: what has come so far is kept.",
            ) from error
        return found

    def _further(self) -> requests.Response:
        """Ask for what is missing and add it."""
        there, version = self._there()
        headers = {"Accept-Encoding": "identity"}
        if there:
            headers |= {"Range": f"bytes={there}-", **({"If-Range": version} if version else {})}
        try:
            response = self.session.send_once("GET", self.url, params=self.params, headers=headers)
        except ArchiveError as error:
            if error.status != 416:
                raise
            # What lies there is no beginning of this file.
            self._forget()
            raise TransientError(error) from error
        goes_on = response.status_code == 206
        if goes_on and _starts_at(response) != there:
            response.close()
            self._forget()
            raise TransientError(ArchiveError(self.session.service, f"{self.session.safe(self.url)} sent another part"))
        if not goes_on:
            self.part.unlink(missing_ok=True)
            self.tag.write_text(f"{_version(response)}\n{_digest(response)}")
        self._add(response, goes_on=goes_on)
        return response

    def _there(self) -> tuple[int, str]:
        """Bytes that can be gone on with, and the version that they are of."""
        there = self.part.stat().st_size if self.part.exists() else 0
        version = self._tagged(0)
        # Without a version only a checksum would tell that the file has changed in between.
        return (there, version) if version or self.sha256 or self._told() else (0, "")

    def _told(self) -> str:
        """The sha256 that the server told of the whole file, if it did."""
        return self._tagged(1)

    def _tagged(self, line: int) -> str:
        lines = self.tag.read_text().split("\n") if self.tag.exists() else []
        return lines[line] if line < len(lines) else ""

    def _add(self, response: requests.Response, *, goes_on: bool) -> None:
        # Without a buffer of ours: what has come is on the disk when the process is killed.
        with self.part.open("ab", buffering=0) as file:
            come = file.seek(0, 2)
            for block in self.session.blocks(response, self.url, as_sent=True):
                if come == 0 and not goes_on:
                    self.session.check_kind(response, self.url, block)
                if come + len(block) > self.max_bytes:
                    self._forget()
                    raise ArchiveError(
                        self.session.service, f"{self.session.safe(self.url)} is larger than {self.max_bytes} bytes"
                    )
                come += len(block)
                while block:
                    block = block[file.write(block) :]
                if self.on_bytes is not None:
                    self.on_bytes(come)

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)


def _version(response: requests.Response) -> str:
    """What If-Range may be given: a strong ETag, or the date of the last change."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def _digest(response: requests.Response) -> str:
    """The sha256 of the file, in hexadecimal, where the server tells it (RFC 9530, and RFC 3230 before)."""
    for header in ("Repr-Digest", "Digest"):
        told = re.search(r"sha-256=:?([A-Za-z0-9+/]{43}=)", response.headers.get(header, ""), re.IGNORECASE)
        if told:
            return base64.b64decode(told[1]).hex()
    return ""


def _starts_at(response: requests.Response) -> int:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1
