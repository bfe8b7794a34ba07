"""Files that are made to hurt: the app goes on, says which it was, and uses the others."""

from __future__ import annotations

import gzip
import io
import resource
from functools import cache, partial

import numpy as np
import pytest
from astropy.io import fits

from alignlab.errors import AlignlabError
from alignlab.services import drop
from alignlab.services.drop import DroppedFile, interpret, remove_dropped
from alignlab.services.limited import Limits

GOOD = DroppedFile(
    "good.csv",
    ("energy (keV),counts\n" + "".join(f"{0.4 + 0.027 * k:.4f},{k % 9}\n" for k in range(300))).encode(),
)


@pytest.fixture(autouse=True)
def less_memory(monkeypatch):
    """A bomb that fills less is as good."""
    monkeypatch.setattr(drop, "Limits", partial(Limits, memory_mb=256))


@cache
def zeros_gzipped(n_gb: int) -> bytes:
    """So many GB of zeros as members of gzip, one after the other, as the format allows."""
    return gzip.compress(bytes(64 * 1024**2), 1) * (16 * n_gb)


def spectrum_header(rows: int) -> bytes:
    """A FITS file whose header promises `rows` channels, and one record of data."""
    table = fits.BinTableHDU.from_columns(
        [fits.Column("CHANNEL", "J", array=np.arange(1, 9)), fits.Column("COUNTS", "J", array=np.arange(8))],
        name="SPECTRUM",
    )
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(buffer)
    return buffer.getvalue().replace(b"NAXIS2  =                    8", b"NAXIS2  = %20d" % rows)


def laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{k + 1} "{f"&l{k};" * 10}">' for k in range(12))
    return (
        f'<?xml version="1.0"?><!DOCTYPE VOTABLE [<!ENTITY l0 "{"ha" * 50}">{entities}]>'
        '<VOTABLE version="1.3"><RESOURCE><TABLE><FIELD name="energy" datatype="double"/><DATA><TABLEDATA>'
        "<TR><TD>&l12;</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    ).encode()


def variable_heap() -> bytes:
    """A column of vectors of any length, whose descriptors promise 2^30 values a row."""
    column = fits.Column("COUNTS", "PJ()", array=np.array([np.arange(5), np.arange(3)], dtype=object))
    table = fits.BinTableHDU.from_columns([column], name="SPECTRUM")
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(buffer)
    content = bytearray(buffer.getvalue())
    start = content.index(b"END" + b" " * 77, 2880) // 2880 * 2880 + 2880
    content[start : start + 4] = (2**30).to_bytes(4, "big")
    return bytes(content)


HOSTILE = {
    "zeros.pi.gz": (lambda: zeros_gzipped(4), "zeros.pi.gz"),
    "bomb.fits.gz": (
        lambda: gzip.compress(spectrum_header(8)) + zeros_gzipped(4),
        "more than 0.25 GB of memory, while",
    ),
    "table.csv.gz": (lambda: gzip.compress(b"energy,counts\n1,2\n") + zeros_gzipped(4), "larger than 64 MB"),
    "promise.fits": (lambda: spectrum_header(10**12), "truncated|memory"),
    "promise.pi.gz": (lambda: gzip.compress(spectrum_header(10**12)), "truncated|memory"),
    "heap.pi": (variable_heap, "type II file|memory|truncated|damaged"),
    "laughs.vot": (laughs, "laughs.vot"),
    "line.csv": (lambda: b"energy,counts\n" + b"1," * 75_000_000, "larger than 64 MB"),
    "cells.csv": (lambda: b"energy,counts\n" + b"1," * 30_000_000, "cells where 2 were expected|memory|took more"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_by_name_and_this_process_hardly_notices(workspace, tmp_path, name):
    make, expected = HOSTILE[name]
    file = DroppedFile(name, make())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(AlignlabError, match=expected) as raised:
        interpret(workspace, [file], tmp_path)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert name in str(raised.value)
    assert raised.value.remedy
    assert grown_mb < 100
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_others_are_used(workspace, tmp_path):
    bomb = DroppedFile("bomb.fits.gz", HOSTILE["bomb.fits.gz"][0]())
    outcome = interpret(workspace, [bomb, GOOD], tmp_path)
    assert outcome.applied.survey.sources["name"].tolist() == ["good"]
    assert ["bomb.fits.gz" in problem for problem in outcome.problems] == [True]
    outcome.applied.survey.close()
    remove_dropped(outcome.applied)
