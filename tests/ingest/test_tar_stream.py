"""Packages of strangers, read within limits; Python's own reader is the oracle for honest ones."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.errors import InputFileError
from alignlab.ingest.tar_stream import tar_members
from tests.archives.product_server import tar_of

FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


def content(path: Path, *, max_bytes: int = 10**8) -> dict[str, bytes]:
    return {member.name: b"".join(member.pieces()) for member in tar_members(path, max_bytes=max_bytes)}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", FORMATS)
def test_an_honest_package_is_read_as_python_reads_it(tmp_path: Path, kind: int, packed: bool) -> None:
    path = tmp_path / "package"
    with tarfile.open(path, "w:gz" if packed else "w", format=kind) as tar:
        for name, size in {"a/b.fits": 0, "c.fits": 511, "d.fits": 512, "é/e.fits": 200_000}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = size, 1.5e9 + 0.25
            tar.addfile(member, io.BytesIO(b"x" * size))
    with tarfile.open(path) as tar:
        expected = {m.name.rpartition("/")[2]: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]
    assert content(path) == expected


def test_members_may_be_left_unread(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(tar_of({f"{i}.fits": bytes(1000 * i) for i in range(5)}))
    assert [member.name for member in tar_members(tmp_path / "p", max_bytes=10**6)] == [f"{i}.fits" for i in range(5)]


def test_an_empty_package_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(tar_of({}))
    assert content(tmp_path / "p") == {}


def test_links_devices_and_folders_are_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "p", "w") as tar:
        for name, kind in {"l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE, "d": tarfile.CHRTYPE, "f": tarfile.FIFOTYPE,
                           "dir": tarfile.DIRTYPE}.items():  # fmt: skip
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
        tar.addfile(tarfile.TarInfo("file"))
    assert list(content(tmp_path / "p")) == ["file"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_package_that_is_cut_off_is_told(tmp_path: Path, share: float, packed: bool) -> None:
    whole = tar_of({"a.fits": b"a" * 5000, "b.fits": bytes(range(256)) * 20})
    whole = gzip.compress(whole) if packed else whole[:-9000]
    (tmp_path / "p").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputFileError, match=r"cut off|ends in the middle|no tar package"):
        content(tmp_path / "p")


def test_a_bomb_goes_off_in_little_memory(tmp_path: Path) -> None:
    header = tarfile.TarInfo("bomb.fits")
    header.size = 2**40
    with gzip.open(tmp_path / "p", "wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(30):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    with pytest.raises(InputFileError, match="unpacks to more than 20,000,000 bytes"):
        for member in tar_members(tmp_path / "p", max_bytes=20_000_000):
            for _ in member.pieces():
                pass
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_header_that_claims_to_be_long_is_not_read_into_memory(tmp_path: Path) -> None:
    extended = tarfile.TarInfo("x")
    extended.type, extended.size = tarfile.XHDTYPE, 20_000_000
    with gzip.open(tmp_path / "p", "wb") as file:
        file.write(extended.tobuf())
        for _ in range(20):
            file.write(b"1" * (1 << 20))
    tracemalloc.start()
    with pytest.raises(InputFileError):
        content(tmp_path / "p")
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_too_many_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(tar_of({str(i): b"" for i in range(20)}))
    with pytest.raises(InputFileError, match="more than 10 files"):
        list(tar_members(tmp_path / "p", max_bytes=10**6, max_members=10))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, 4000),
    instead=st.binary(min_size=1, max_size=30),
    noise=st.one_of(st.none(), st.binary(max_size=1500)),
)
def test_whatever_bytes_come_only_our_error_comes_out(
    tmp_path: Path, at: int, instead: bytes, noise: bytes | None
) -> None:
    whole = bytearray(tar_of({"a.fits": b"a" * 700, "b.fits": b"b" * 1300})[:5000])
    whole[at : at + len(instead)] = instead
    (tmp_path / "p").write_bytes(bytes(whole) if noise is None else noise)
    try:
        found = content(tmp_path / "p", max_bytes=100_000)
    except InputFileError:
        return
    assert sum(map(len, found.values())) <= 100_000
