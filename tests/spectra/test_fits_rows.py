from __future__ import annotations

import gzip

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignlab.errors import InputFileError
from alignlab.spectra.fits_rows import long_tables
from alignlab.spectra.fits_tables import read_tables
from tests.spectra.event_files import events_hdu, gti_hdu, uniform
from tests.spectra.ogip_files import write

COLUMNS = ("TIME", "X", "STATUS", "GRADE")


@pytest.fixture(scope="module")
def event_file(tmp_path_factory):
    rng = np.random.default_rng(0)
    hdu = events_hdu(*uniform(257, rng=rng), status=rng.random((257, 32)) < 0.1)
    return write(tmp_path_factory.mktemp("rows") / "evt2.fits", hdu, gti_hdu((0, 10), (20, 30)))


@pytest.mark.parametrize("block_bytes", [200, 700, 10**6])
@pytest.mark.parametrize("packed", [False, True])
def test_blocks_of_any_size_are_the_whole_table(event_file, tmp_path, block_bytes, packed):
    path = event_file
    if packed:
        path = tmp_path / "evt2.fits.gz"
        path.write_bytes(gzip.compress(event_file.read_bytes()))
    whole = read_tables(event_file, columns=COLUMNS).tables[0]
    table = long_tables(path)[0]
    blocks = list(table.blocks(COLUMNS, block_bytes=block_bytes))
    assert table.head.column_names == whole.column_names
    assert table.head.units == {}
    for name, values in whole.columns.items():
        assert np.array_equal(np.concatenate([block.columns[name] for block in blocks]), values)
    assert blocks[0].units["X"] == "pixel"


def test_a_long_table_is_read_from_disk_not_kept(tmp_path):
    rng = np.random.default_rng(1)
    path = write(tmp_path / "long.fits", events_hdu(*uniform(60_000, rng=rng)), gti_hdu((0, 10)))
    events, good = long_tables(path)
    assert (events.n_rows, good.n_rows) == (60_000, 1)
    read = np.concatenate([block.columns["X"] for block in events.blocks(("X",), block_bytes=100_000)])
    assert np.array_equal(read, read_tables(path, columns=("X",)).tables[0].columns["X"])


def with_card(content: bytes, keyword: str, text: str) -> bytes:
    place = content.index(f"{keyword:<8}=".encode(), 2880)
    return content[:place] + f"{keyword:<8}= {text:>20}".ljust(80).encode() + content[place + 80 :]


@pytest.mark.parametrize(
    ("keyword", "text", "words"),
    [
        ("NAXIS2", "1000000000", "shorter than its headers say"),
        ("NAXIS2", "99999999999999999", "so much is not read"),
        ("NAXIS2", "-5", "NAXIS2 is -5"),
        ("NAXIS1", "-64", "NAXIS1 is -64"),
        ("NAXIS1", "0", "rows of no bytes"),
        ("NAXIS", "1000000", "NAXIS is 1000000"),
        ("NAXIS2", "many", "NAXIS2 is many"),
        ("PCOUNT", "-1", "PCOUNT is -1"),
    ],
)
def test_headers_that_promise_nonsense_are_one_clear_error(event_file, tmp_path, keyword, text, words):
    path = tmp_path / "evt2.fits"
    path.write_bytes(with_card(event_file.read_bytes(), keyword, text))
    with pytest.raises(InputFileError, match=words):
        long_tables(path)


def test_truncated_files_are_said_to_be(event_file, tmp_path):
    content = event_file.read_bytes()
    for name, damaged in (("a.fits", content[:9000]), ("b.fits.gz", gzip.compress(content)[:-900])):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(InputFileError, match=r"truncated|ends early|damaged"):
            long_tables(tmp_path / name)
    with pytest.raises(InputFileError, match="no such file"):
        long_tables(tmp_path / "absent.fits")
    (tmp_path / "text.fits").write_text("time x y\n")
    with pytest.raises(InputFileError, match="not a FITS file"):
        long_tables(tmp_path / "text.fits")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 30_000), st.binary(min_size=1, max_size=24), st.booleans())
def test_whatever_the_damage_only_our_errors_come_out(event_file, tmp_path, at, bytes_, packed):
    content = bytearray(event_file.read_bytes())
    at %= len(content)
    content[at : at + len(bytes_)] = bytes_
    path = tmp_path / "evt2.fits"
    path.write_bytes(gzip.compress(bytes(content), 1) if packed else bytes(content))
    try:
        for table in long_tables(path):
            for _ in table.blocks(COLUMNS, block_bytes=2000):
                pass
    except InputFileError as problem:
        assert str(path) in str(problem)


def test_an_image_before_the_table_is_passed_by(tmp_path):
    image = fits.ImageHDU(np.zeros((30, 40), np.float32))
    path = write(tmp_path / "e.fits", image, events_hdu(np.ones(3), np.ones(3)))
    (table,) = long_tables(path)
    assert (table.head.index, table.n_rows) == (2, 3)
