"""One polite way to talk to an archive: over real HTTP, with everything that goes wrong there."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from alignlab.ingest.archive import ArchiveError, ArchiveSession, Manners
from alignlab.ingest.archive_answer import page_title, retry_after_s
from alignlab.progress import StoppedError
from tests.archives.faults import Fault, cut, disguise, drip, expired_token, refuse, reset, stall
from tests.archives.serving import ArchiveServer, Reply, Request

BODY = bytes(range(256)) * 1200
QUICK = Manners(retries=2, backoff_s=0.01, longest_wait_s=2, silence_s=0.3, answer_s=1.0)


class Files(ArchiveServer):
    """Serves one file, or part of it, under a version that tests may change."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.etag, self.knows_ranges, self.link = BODY, '"one"', True, ""
        self.more: dict[str, str] = {}

    def answer(self, request: Request) -> Reply:
        if request.path == "/link":
            return Reply(status=302, headers={"Location": self.link})
        if request.path == "/echo":
            return Reply(body=request.body, content_type="application/json")
        headers = {"ETag": self.etag} if self.etag else {}
        headers |= self.more
        wanted = request.headers.get("range", "")
        version = request.headers.get("if-range", self.etag)
        if not (self.knows_ranges and wanted and version == self.etag):
            return Reply(body=self.body, content_type="application/octet-stream", headers=headers)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(self.body):
            return Reply(status=416, headers={"Content-Range": f"bytes */{len(self.body)}"})
        headers["Content-Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        return Reply(body=self.body[start:], status=206, content_type="application/octet-stream", headers=headers)


@pytest.fixture
def server() -> Iterator[Files]:
    with Files() as files:
        yield files


@pytest.fixture
def session() -> Iterator[ArchiveSession]:
    with ArchiveSession("Archive", manners=QUICK) as session:
        yield session


@pytest.mark.parametrize(
    "fault",
    [refuse(500), refuse(503), refuse(429), refuse(429, retry_after="0"), cut(0), cut(), cut(chunked=True), reset(),
     reset(0.5), stall(1.0)],
    ids=lambda fault: f"{fault.kind}-{fault.status}-{fault.share}-{fault.chunked}",
)  # fmt: skip
def test_what_fails_for_a_moment_is_asked_again_and_arrives_whole(
    server: Files, session: ArchiveSession, fault: Fault
) -> None:
    server.faults.order(fault)
    assert session.get(f"{server.url}/file").content == BODY
    assert server.n_asked() == 2


@pytest.mark.parametrize("fault", [refuse(500), cut(), reset(), stall(0.6)], ids=lambda fault: fault.kind)
def test_what_fails_always_is_an_error_after_the_last_attempt(
    server: Files, session: ArchiveSession, fault: Fault
) -> None:
    server.faults.at_random(1.0, kinds=(fault,))
    with pytest.raises(ArchiveError, match=r"Archive: .*127\.0\.0\.1"):
        session.get(f"{server.url}/file")
    assert server.n_asked() == 1 + QUICK.retries


@pytest.mark.parametrize("status", [400, 401, 403, 404, 501])
def test_a_refusal_is_not_asked_again(server: Files, session: ArchiveSession, status: int) -> None:
    server.faults.order(refuse(status, body=b"<p>No such <b>thing</b></p>"))
    with pytest.raises(ArchiveError, match="No such thing") as caught:
        session.get(f"{server.url}/file")
    assert (caught.value.status, server.n_asked()) == (status, 1)


def test_a_refusal_whose_words_are_cut_off_is_still_that_refusal(server: Files, session: ArchiveSession) -> None:
    server.answer = lambda request: Reply(status=404, body=b"gone " * 10_000)  # type: ignore[method-assign]
    server.faults.order(cut())
    with pytest.raises(ArchiveError, match="answered 404") as caught:
        session.get(f"{server.url}/file")
    assert (caught.value.status, server.n_asked()) == (404, 1)


def test_a_server_error_that_tells_what_is_wrong_with_the_question_is_not_asked_again(
    server: Files, session: ArchiveSession
) -> None:
    server.faults.order(refuse(500, body=b'<INFO name="QUERY_STATUS" value="ERROR">no column flux_z</INFO>'))
    with pytest.raises(ArchiveError, match="no column flux_z"):
        session.get(f"{server.url}/file")
    assert server.n_asked() == 1


def test_retry_after_is_read_as_number_and_as_date() -> None:
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert retry_after_s("7") == 7
    assert retry_after_s(date) == pytest.approx(30, abs=1.5)
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert [retry_after_s(value) for value in (None, "", "soon", "-1")] == [None] * 4


def test_one_thread_that_is_told_to_wait_holds_back_the_others(server: Files, session: ArchiveSession) -> None:
    server.faults.order(refuse(429, retry_after="1"))
    first = threading.Thread(target=session.get, args=(f"{server.url}/file",))
    began = time.monotonic()
    first.start()
    while not server.asked or not server.asked[0].status:
        time.sleep(0.01)
    time.sleep(0.1)
    session.get(f"{server.url}/file")
    assert time.monotonic() - began >= 1.0
    first.join()


def test_a_wait_that_is_too_long_is_told_instead(server: Files, session: ArchiveSession) -> None:
    server.faults.order(refuse(503, retry_after="3600"))
    with pytest.raises(ArchiveError, match="asks to wait 3600 s"):
        session.get(f"{server.url}/file")
    assert server.n_asked() == 1


def test_an_answer_that_comes_too_slowly_is_given_up(server: Files) -> None:
    # Never silent for long, but 50 pieces at 30 ms are beyond the 0.4 s that an answer may take.
    server.faults.order(drip(0.03), drip(0.03))
    session = ArchiveSession("Archive", manners=Manners(retries=1, backoff_s=0.01, silence_s=0.3, answer_s=0.4))
    with pytest.raises(ArchiveError, match=r"took longer than 0\.4 s"):
        session.get(f"{server.url}/file")


def test_an_answer_that_is_too_large_is_refused_before_it_is_read(server: Files) -> None:
    with pytest.raises(ArchiveError, match="sends more than 1000 bytes"):
        ArchiveSession("Archive", manners=Manners(max_bytes=1000)).get(f"{server.url}/file")
    assert server.n_asked() == 1


def test_a_login_page_in_the_place_of_data_is_told_by_its_title(
    server: Files, session: ArchiveSession, tmp_path: Path
) -> None:
    server.faults.order(disguise(), disguise())
    with pytest.raises(ArchiveError, match=r"web page \('Please log in'\)"):
        session.get(f"{server.url}/file")
    with pytest.raises(ArchiveError, match=r"web page \('Please log in'\)"):
        session.download(f"{server.url}/file", tmp_path / "file")
    assert not (tmp_path / "file").exists()
    assert server.n_asked() == 2


@pytest.mark.parametrize(
    ("begin", "title"),
    [
        (b"<!DOCTYPE html><title>Sign &amp; in</title>", "Sign & in"),
        (b'\n<?xml version="1.0"?><!-- a --><!-- b -->\n<HTML lang="en"><TITLE>\n Down </TITLE>', "Down"),
        (b"<html></html>", "untitled"),
        (b'<?xml version="1.0"?><VOTABLE><INFO>html</INFO></VOTABLE>', ""),
        (b"SIMPLE  = T", ""),
        (b"<!---->" * 500, ""),
        (b"<!--" * 900 + b"<html>", ""),
    ],
)
def test_web_pages_are_known_by_how_they_begin(begin: bytes, title: str) -> None:
    assert page_title(begin) == title


def test_an_answer_of_another_type_than_expected_is_refused(server: Files, session: ArchiveSession) -> None:
    assert session.post(f"{server.url}/echo", data=b"{}", expects="json|xml").json() == {}
    with pytest.raises(ArchiveError, match="answered with application/octet-stream, not with json or xml"):
        session.get(f"{server.url}/file", expects="json|xml")


def test_an_upload_is_sent_whole_again(server: Files, session: ArchiveSession, tmp_path: Path) -> None:
    (tmp_path / "table.xml").write_bytes(b"<VOTABLE/>")
    server.faults.order(reset())
    with (tmp_path / "table.xml").open("rb") as file:
        answer = session.post(f"{server.url}/echo", files={"table": file})
    assert b"<VOTABLE/>" in answer.content


def test_a_session_that_is_stopped_ends_its_waiting(server: Files) -> None:
    server.faults.at_random(1.0, kinds=(refuse(503, retry_after="60"),))
    session = ArchiveSession("Archive")
    threading.Timer(0.2, session.stop).start()
    began = time.monotonic()
    with pytest.raises(StoppedError):
        session.get(f"{server.url}/file")
    assert time.monotonic() - began < 10


def test_an_address_where_nobody_listens_is_told(session: ArchiveSession) -> None:
    with Files() as gone:
        address = gone.url
    with pytest.raises(ArchiveError, match="cannot be reached") as caught:
        session.get(f"{address}/file")
    assert "Check the network" in str(caught.value)


SECRET = "s3cr3t-t0ken"


def test_the_token_goes_to_its_host_alone_and_is_shown_nowhere(
    server: Files, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    with Files() as stranger, ArchiveSession("ADS", manners=QUICK, token=SECRET, token_host=server.url[7:]) as session:
        session.get(f"{server.url}/file")
        session.get(f"{stranger.url}/file")
        server.link = f"{stranger.url}/file"
        session.get(f"{server.url}/link")
        session.download(f"{server.url}/link", tmp_path / "file")
        assert {a.request.headers.get("authorization") for a in server.asked} == {f"Bearer {SECRET}"}
        assert {a.request.headers.get("authorization") for a in stranger.asked} == {None}

        server.faults.order(refuse(400, body=SECRET.encode()), expired_token(), cut(0), cut(0), cut(0))
        for _ in range(3):
            with pytest.raises(ArchiveError) as caught:
                session.get(f"{server.url}/file?key={SECRET}")
            assert SECRET not in str(caught.value)
        assert SECRET not in repr(session)
    assert SECRET not in "".join(r.getMessage() for r in caplog.records if r.name.startswith("alignlab"))


def test_a_token_is_not_sent_in_the_clear_over_a_network() -> None:
    session = ArchiveSession("ADS", token=SECRET, token_host="api.example.org")
    assert session._may_see_token("https://api.example.org/v1")
    assert not session._may_see_token("http://api.example.org/v1")
    assert not session._may_see_token("https://api.example.org.evil.example/v1")
    assert not session._may_see_token("https://api.example.org@evil.example/v1")


def test_an_expired_token_is_an_error_at_once(server: Files) -> None:
    server.faults.order(expired_token())
    session = ArchiveSession("ADS", manners=QUICK, token=SECRET, token_host=server.url[7:])
    with pytest.raises(ArchiveError, match="has not expired") as caught:
        session.get(f"{server.url}/file")
    assert (caught.value.status, server.n_asked()) == (401, 1)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def ranges(server: Files) -> list[str]:
    return [asked.request.headers.get("range", "whole") for asked in server.asked]


@pytest.mark.parametrize("fault", [cut(), cut(chunked=True), reset(0.5), stall(1.0)], ids=lambda fault: fault.kind)
def test_a_download_goes_on_where_it_was_cut(
    server: Files, session: ArchiveSession, tmp_path: Path, fault: Fault
) -> None:
    server.faults.order(fault)
    come: list[int] = []
    path = tmp_path / "new" / "file"
    assert session.download(f"{server.url}/file", path, on_bytes=come.append) == digest(BODY)
    assert path.read_bytes() == BODY
    assert sorted(p.name for p in path.parent.iterdir()) == ["file"]
    assert come == sorted(come) and come[-1] == len(BODY)
    assert len(server.asked) == 2
    # A reset may throw away what had not been read.
    assert fault.kind == "reset" or ranges(server)[1] == f"bytes={len(BODY) // 2}-"


def test_a_later_call_goes_on_with_what_an_earlier_one_left(
    server: Files, session: ArchiveSession, tmp_path: Path
) -> None:
    server.faults.order(cut(0.9), refuse(403))
    with pytest.raises(ArchiveError):
        session.download(f"{server.url}/file", tmp_path / "file")
    assert session.download(f"{server.url}/file", tmp_path / "file", sha256=digest(BODY)) == digest(BODY)
    assert ranges(server) == ["whole", *2 * [f"bytes={int(len(BODY) * 0.9)}-"]]


def test_a_server_without_ranges_is_asked_for_the_whole_again(
    server: Files, session: ArchiveSession, tmp_path: Path
) -> None:
    server.knows_ranges = False
    server.faults.order(cut())
    assert session.download(f"{server.url}/file", tmp_path / "file") == digest(BODY)


@pytest.mark.parametrize("etag", ['"two"', ""], ids=["changed", "without a version"])
def test_parts_of_different_files_are_never_joined(
    server: Files, session: ArchiveSession, tmp_path: Path, etag: str
) -> None:
    if not etag:
        server.etag = ""
    server.faults.order(cut(), refuse(403))
    with pytest.raises(ArchiveError):
        session.download(f"{server.url}/file", tmp_path / "file")
    server.body, server.etag = BODY[::-1], etag
    assert session.download(f"{server.url}/file", tmp_path / "file") == digest(BODY[::-1])


def test_what_lies_there_and_is_no_beginning_is_thrown_away(
    server: Files, session: ArchiveSession, tmp_path: Path
) -> None:
    (tmp_path / "file.part").write_bytes(BODY + b"more")
    (tmp_path / "file.tag").write_text(server.etag)
    assert session.download(f"{server.url}/file", tmp_path / "file") == digest(BODY)
    assert server.asked[0].status == 416


def test_a_file_with_another_checksum_is_told_and_not_kept(
    server: Files, session: ArchiveSession, tmp_path: Path
) -> None:
    with pytest.raises(ArchiveError, match="another checksum"):
        session.download(f"{server.url}/file", tmp_path / "file", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_checksum_that_the_server_tells_is_held_against_the_whole_file(
    server: Files, session: ArchiveSession, tmp_path: Path
) -> None:
    told = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    for header, value in {"Repr-Digest": f"sha-256=:{told}:", "Digest": f"SHA-256={told}"}.items():
        server.more, server.etag = {header: value}, ""
        server.faults.order(cut())
        assert session.download(f"{server.url}/file", tmp_path / "file") == digest(BODY)
        # The checksum stands in for a version: what has come is gone on with.
        assert ranges(server)[-1] == f"bytes={len(BODY) // 2}-"
        server.body = BODY[:-1] + b"x"
        with pytest.raises(ArchiveError, match="another checksum"):
            session.download(f"{server.url}/file", tmp_path / "other")
        server.body = BODY


def test_a_file_larger_than_allowed_is_given_up(server: Files, session: ArchiveSession, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="larger than 1000 bytes"):
        session.download(f"{server.url}/file", tmp_path / "file", max_bytes=1000)
    assert list(tmp_path.iterdir()) == []


def test_a_compressed_file_is_kept_as_it_is(server: Files, session: ArchiveSession, tmp_path: Path) -> None:
    packed = b"\x1f\x8b not undone"
    server.answer = lambda request: Reply(body=packed, headers={"Content-Encoding": "gzip"})  # type: ignore[method-assign]
    session.download(f"{server.url}/file", tmp_path / "file.gz")
    assert (tmp_path / "file.gz").read_bytes() == packed


IN_ANOTHER_PROCESS = """
import resource, sys
from pathlib import Path
from alignlab.errors import AlignlabError
from alignlab.ingest.archive import ArchiveSession, Manners
url, path, most = sys.argv[1:]
if int(most):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
try:
    print(ArchiveSession("Archive", manners=Manners(retries=0)).download(url, Path(path)))
except AlignlabError as error:
    print(error)
"""


def downloading(server: Files, path: Path, *, most_bytes: int = 0) -> subprocess.Popen[str]:
    command: list[Any] = [sys.executable, "-c", IN_ANOTHER_PROCESS, f"{server.url}/file", path, str(most_bytes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_killed_download_is_gone_on_with(server: Files, session: ArchiveSession, tmp_path: Path) -> None:
    server.faults.order(stall(60))
    process = downloading(server, tmp_path / "file")
    while not (part := tmp_path / "file.part").exists() or part.stat().st_size < len(BODY) // 2:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert session.download(f"{server.url}/file", tmp_path / "file") == digest(BODY)
    assert ranges(server) == ["whole", f"bytes={len(BODY) // 2}-"]


def test_a_full_disk_is_told_and_what_has_come_is_kept(server: Files, session: ArchiveSession, tmp_path: Path) -> None:
    said, _ = downloading(server, tmp_path / "file", most_bytes=100_000).communicate()
    assert "cannot be written (File too large)" in said and "Make room" in said
    assert (tmp_path / "file.part").stat().st_size == 100_000
    assert session.download(f"{server.url}/file", tmp_path / "file") == digest(BODY)
    assert ranges(server)[-1] == "bytes=100000-"


def test_it_is_a_session_of_requests(session: ArchiveSession, server: Files) -> None:
    answer: requests.Response = session.get(f"{server.url}/file", stream=True)
    assert (answer.raw.read(4, decode_content=True), len(answer.content)) == (BODY[:4], len(BODY))
