"""What is read from the bytes of a FITS file itself, against astropy, which reads the rest."""

from __future__ import annotations

import gzip
import warnings

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as some

from alignlab.errors import InputFileError
from alignlab.spectra import fits_tables
from alignlab.spectra.file_bytes import read_whole
from alignlab.spectra.fits_header import plain_header
from alignlab.spectra.fits_plain import plain_tables
from alignlab.spectra.fits_tables import read_tables
from alignlab.spectra.grid import overlap_matrix, share_out

TEXT = some.text(some.characters(min_codepoint=32, max_codepoint=126), max_size=90)
VALUES = some.one_of(
    TEXT,
    some.booleans(),
    some.integers(-(10**15), 10**15),
    some.floats(allow_nan=False, allow_infinity=False, width=32),
)


def by_astropy(header: fits.Header) -> dict[str, object]:
    values: dict[str, object] = {}
    for card in header.cards:
        values.setdefault(card.keyword.upper(), card.value)
    return values


@settings(max_examples=60, deadline=None)
@given(cards=some.lists(some.tuples(VALUES, TEXT), max_size=12), notes=some.lists(TEXT, max_size=3))
def test_keywords_are_those_of_astropy(cards, notes):
    header = fits.Header()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # long comments are cut
        for number, (value, comment) in enumerate(cards):
            header[f"KEY{number}"] = (value, comment)
        for note in notes:
            header["HISTORY"] = note
        content = b"x" * 160 + header.tostring().encode()
        opened = fits.Header.fromstring(content[160:])
        found = plain_header(content, 160)
    if found is not None:
        assert found[0] == by_astropy(opened)
        assert content[found[1] - 80 : found[1]].rstrip() == b"END"


def test_usual_keywords_are_read_without_astropy():
    header = fits.Header(
        [("N", 5), ("A", "it's"), ("B", True), ("C", -2.5e10), ("D", "a & b"), ("LONG", "word & more " * 20, "note")]
    )
    header["HISTORY"] = "made by hand"
    assert plain_header(header.tostring().encode(), 0)[0] == by_astropy(header)


@pytest.mark.real_data
def test_every_real_file_is_read_as_astropy_reads_it(real_data, monkeypatch):
    paths = [*sorted((real_data / "spectra").iterdir()), *sorted((real_data / "events").iterdir())]
    n_plain = 0
    for path in paths:
        names = {name for table in read_tables(path, columns=()).tables for name in table.column_names} - {"PHAS"}
        tables = read_tables(path, columns=names)
        n_plain += plain_tables(read_whole(path, most_bytes=2**31, expected="FITS"), names, most_hdus=99) is not None
        with monkeypatch.context() as patch:
            patch.setattr(fits_tables, "plain_tables", lambda *_, **__: None)
            slow = read_tables(path, columns=names)
        assert (tables.n_hdus, tables.notes) == (slow.n_hdus, slow.notes)
        for found, expected in zip(tables.tables, slow.tables, strict=True):
            for attribute in ("index", "name", "header", "first_channel", "units", "column_names"):
                assert getattr(found, attribute) == getattr(expected, attribute)
            assert found.columns.keys() == expected.columns.keys()
            for name, column in expected.columns.items():
                if isinstance(column, list):
                    assert all(map(np.array_equal, found.columns[name], column))
                else:
                    np.testing.assert_array_equal(found.columns[name], column)
    assert n_plain >= 15


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("descriptor", "PQ")
def test_vectors_of_any_length_are_those_that_were_written(tmp_path, dtype, descriptor):
    code = {"uint8": "B", "int16": "I", "int32": "J", "int64": "K", "float32": "E", "float64": "D"}[dtype]
    rng = np.random.default_rng(3)
    rows = [rng.uniform(0, 200, n).astype(dtype) for n in (3, 0, 17, 1)]
    cells = np.empty(4, dtype=object)
    cells[:] = rows
    columns = [fits.Column("N", "J", array=np.arange(4)), fits.Column("MATRIX", f"{descriptor}{code}()", array=cells)]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "a.fits")
    (table,) = read_tables(tmp_path / "a.fits", columns=("MATRIX", "N")).tables
    assert len(table.columns["MATRIX"]) == 4
    for found, expected in zip(table.columns["MATRIX"], rows, strict=True):
        np.testing.assert_array_equal(found, expected)


@settings(max_examples=60, deadline=None)
@given(
    old=some.lists(some.floats(0, 9), min_size=2, max_size=30, unique=True),
    new=some.lists(some.floats(0, 9), min_size=2, max_size=30, unique=True),
)
def test_the_overlap_of_bins_is_that_of_all_pairs(old, new):
    a, b = np.sort(old), np.sort(new)
    if (np.diff(a) < 1e-6).any() or (np.diff(b) < 1e-6).any():
        return
    expected = [
        [max(min(a[i + 1], b[j + 1]) - max(a[i], b[j]), 0) / (a[i + 1] - a[i]) for j in range(len(b) - 1)]
        for i in range(len(a) - 1)
    ]
    np.testing.assert_array_equal(overlap_matrix(a, b), expected)
    counts = np.random.default_rng(0).poisson(5, len(a) - 1)
    np.testing.assert_allclose(share_out(counts, a, b), counts @ np.array(expected), rtol=1e-12, atol=1e-12)


def test_members_of_gzip_one_after_the_other_and_zeros_behind_them(tmp_path):
    path = tmp_path / "a.gz"
    parts = [b"SIMPLE and ", b"", np.random.default_rng(0).bytes(3_000_000), b"the end"]
    path.write_bytes(b"".join(gzip.compress(part) for part in parts) + bytes(512))
    assert read_whole(path, most_bytes=10**7, begins=b"SIMPLE", expected="a FITS file") == b"".join(parts)
    with pytest.raises(InputFileError, match=r"larger than 1.9\d+ MB"):
        read_whole(path, most_bytes=2 * 10**6, expected="anything")
    with pytest.raises(InputFileError, match="not a spectrum: it starts with b'SIMPLE a'"):
        read_whole(path, most_bytes=10**7, begins=b"spectrum", expected="a spectrum")
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(InputFileError, match="something else follows"):
        read_whole(path, most_bytes=10**7, expected="anything")
