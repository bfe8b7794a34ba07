"""Files out of packages: the right ones, whole and proved, and nothing anywhere else."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from alignlab.errors import InputFileError
from alignlab.ingest.csc_products import Product, check_fits, package_parameters, unpack
from alignlab.ingest.csc_selection import DetectionId
from tests.archives.product_server import file_name, small_fits, tar_of

KEY = "00100_000_0007"
WANTED = {KEY: ("pha", "arf", "rmf")}
PHA = small_fits(100, 0, 7, "pha3")
PHA_NAME = file_name(100, 0, 7, "pha3")


def unpacked(tmp_path: Path, package: bytes, *, max_bytes: int = 10**7) -> tuple[list[Product], dict]:
    (tmp_path / "package").write_bytes(package)
    try:
        return unpack(tmp_path / "package", tmp_path / "products", WANTED, max_bytes=max_bytes)
    finally:
        (tmp_path / "package").unlink()


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_files_are_kept_as_they_come_with_their_checksums(tmp_path: Path) -> None:
    arf = gzip.decompress(small_fits(100, 0, 7, "arf3"))
    arf_name = file_name(100, 0, 7, "arf3").removesuffix(".gz")
    products, damaged = unpacked(tmp_path, tar_of({f"any/where/{PHA_NAME}": PHA, arf_name: arf}))
    assert damaged == {}
    assert {product.kind: product.path for product in products} == {
        "pha": f"{KEY}/{PHA_NAME}", "arf": f"{KEY}/{arf_name}"
    }  # fmt: skip
    for product, content in zip(products, (PHA, arf), strict=True):
        assert (tmp_path / "products" / product.path).read_bytes() == content
        assert (product.bytes, product.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert product.detection_key == KEY


def test_a_package_is_asked_for_as_the_service_names_things() -> None:
    wanted = {DetectionId(100, 0, 7): ("pha", "evt"), DetectionId(20, 1, 3): ("rmf",)}
    assert package_parameters(wanted, "rel2.1") == {
        "version": "rel2.1", "packageset": "100.0.7/spectrum/b,100.0.7/regevt3/b,20.1.3/rmf/b"
    }  # fmt: skip


def test_files_that_nobody_asked_for_are_left_out(tmp_path: Path) -> None:
    other = {file_name(100, 0, 8, "pha3"): PHA, file_name(100, 0, 7, "regevt3"): PHA, "README": b"hello"}
    assert unpacked(tmp_path, tar_of(other)) == ([], {})
    assert files_below(tmp_path) == []


def test_of_several_versions_the_newest_is_named(tmp_path: Path) -> None:
    names = [file_name(100, 0, 7, "pha3", version=version) for version in (2, 10, 3)]
    products, _ = unpacked(tmp_path, tar_of(dict.fromkeys(names, PHA)))
    assert [product.path for product in products] == [f"{KEY}/{names[1]}"]


@pytest.mark.parametrize(
    "name",
    [f"/tmp/{PHA_NAME}", f"../../{PHA_NAME}", f"..\\..\\{PHA_NAME}", f"{PHA_NAME}\x00/../x", f"{PHA_NAME}\n",
     f" {PHA_NAME}", f"{PHA_NAME}/..", "..", "/", "a" * 99,
     PHA_NAME.replace("0", "٠"), f"~/{PHA_NAME}", f"C:{PHA_NAME}"],
    ids=repr,
)  # fmt: skip
def test_hostile_names_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    outside = Path("/tmp") / PHA_NAME
    assert not outside.exists()
    products, _ = unpacked(tmp_path, tar_of({name: PHA}))
    # Whatever the path before it says, only the catalogue's own names are used, in the place that is ours.
    assert {product.path for product in products} <= {f"{KEY}/{PHA_NAME}"}
    assert files_below(tmp_path) in ([], [f"products/{KEY}/{PHA_NAME}"])
    assert not outside.exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_or_device_with_the_right_name_is_never_made(tmp_path: Path, kind: bytes) -> None:
    package = io.BytesIO()
    with tarfile.open(fileobj=package, mode="w") as tar:
        link = tarfile.TarInfo(PHA_NAME)
        link.type, link.linkname = kind, str(tmp_path / "stolen")
        tar.addfile(link)
        file = tarfile.TarInfo(PHA_NAME)
        file.size = len(PHA)
        tar.addfile(file, io.BytesIO(PHA))
    products, _ = unpacked(tmp_path, package.getvalue())
    assert [product.kind for product in products] == ["pha"]
    assert files_below(tmp_path) == [f"products/{KEY}/{PHA_NAME}"]
    assert not (tmp_path / "products" / KEY / PHA_NAME).is_symlink()


def test_a_bomb_never_fills_the_disk(tmp_path: Path) -> None:
    package = gzip.compress(tar_of({PHA_NAME: bytes(30_000_000)}))
    assert len(package) < 100_000
    with pytest.raises(InputFileError, match="unpacks to more than"):
        unpacked(tmp_path, package, max_bytes=1_000_000)
    assert files_below(tmp_path) == []


def test_a_file_that_is_a_bomb_itself_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alignlab.ingest.csc_products._MAX_FILE_BYTES", 1_000_000)
    products, damaged = unpacked(tmp_path, tar_of({PHA_NAME: gzip.compress(bytes(30_000_000))}))
    assert products == []
    assert "unpacks to more than 1,000,000 bytes" in damaged[KEY, "pha"]
    assert files_below(tmp_path) == []


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (PHA[:-20], "cut off"),
        (flipped(PHA, len(PHA) - 6), "damaged"),
        (gzip.compress(gzip.decompress(PHA)[:-100]), "no whole FITS blocks"),
        (gzip.compress(flipped(gzip.decompress(PHA), 2880 * 2 + 5)), "another checksum"),
        (gzip.compress(bytes(2880)), "no readable FITS"),
        (b"<html>log in</html>", "no whole FITS blocks"),
        (b"", "no readable FITS"),
    ],
    ids=["cut gzip", "gzip checksum", "cut FITS", "FITS checksum", "zeros", "page", "empty"],
)
def test_a_damaged_file_is_told_and_not_kept(tmp_path: Path, content: bytes, problem: str) -> None:
    arf_name = file_name(100, 0, 7, "arf3")
    products, damaged = unpacked(tmp_path, tar_of({PHA_NAME: content, arf_name: small_fits(100, 0, 7, "arf3")}))
    assert problem in damaged[KEY, "pha"] and PHA_NAME in damaged[KEY, "pha"]
    # The others are good.
    assert [product.kind for product in products] == ["arf"]
    assert files_below(tmp_path / "products") == [f"{KEY}/{arf_name}"]


def test_an_older_file_stays_until_its_successor_is_proved(tmp_path: Path) -> None:
    unpacked(tmp_path, tar_of({PHA_NAME: PHA}))
    unpacked(tmp_path, tar_of({PHA_NAME: PHA[:-20]}))
    assert (tmp_path / "products" / KEY / PHA_NAME).read_bytes() == PHA


@pytest.mark.real_data
def test_the_catalogues_own_files_pass(real_data: Path, tmp_path: Path) -> None:
    own = sorted((real_data / "spectra").glob("acisf*3.fits.gz"))
    assert len(own) == 6
    for path in own:
        check_fits(path)
    wanted = {"01575_001_0085": ("pha", "arf", "rmf"), "04487_001_0009": ("pha", "arf", "rmf")}
    (tmp_path / "p").write_bytes(tar_of({path.name: path.read_bytes() for path in own}))
    products, damaged = unpack(tmp_path / "p", tmp_path / "products", wanted, max_bytes=10**8)
    assert (len(products), damaged) == (6, {})
    for product in products:
        came, own_file = tmp_path / "products" / product.path, real_data / "spectra" / Path(product.path).name
        assert came.read_bytes() == own_file.read_bytes()
