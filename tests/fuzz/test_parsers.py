"""Every parser of files that strangers hand in, against small valid files that were damaged in many ways.

Only errors for a person come out, in bounded memory, and nothing is written but what was asked for.
"""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from alignlab.errors import AlignlabError
from alignlab.ingest.axia import read_axia, record_piece
from alignlab.ingest.kept import kept_table
from alignlab.ingest.ogip import spectrum_piece
from alignlab.ingest.positions import read_positions
from alignlab.ingest.source_table import read_source_table
from alignlab.ingest.tables import table_pieces
from alignlab.services import drop
from alignlab.services.drop import DroppedFile
from alignlab.services.drop_reading import read_dropped
from alignlab.spectra.events import read_events
from alignlab.spectra.fits_rows import long_tables
from alignlab.spectra.grid import energy_grid
from alignlab.spectra.ogip import read_arf, read_rmf, read_spectra
from tests.ingest.test_axia import record
from tests.spectra.ogip_files import write_arf, write_rmf, write_spectrum
from tests.spectra.test_events import events_hdu, gti_hdu

GRID = energy_grid()
MOST_BYTES = 64 * 1024**2
CSV = b"name,ra,dec,energy (keV),counts\n" + b"".join(b"s%d,10.%d,-5.5,%g,%d\n" % (k, k, 0.5 + k, k) for k in range(9))
VOTABLE = (
    b'<?xml version="1.0"?><VOTABLE version="1.3"><RESOURCE><TABLE><FIELD name="ra" datatype="double" unit="deg"/>'
    b'<FIELD name="dec" datatype="double" unit="deg"/><DATA><TABLEDATA><TR><TD>10.5</TD><TD>-5</TD></TR></TABLEDATA>'
    b"</DATA></TABLE></RESOURCE></VOTABLE>"
)
ECSV = b"# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, unit: deg, datatype: float64}\n# - {name: dec, unit: deg, "
ECSV += b"datatype: float64}\nra dec\n10.5 -5.0\n"


def seed(make: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make(tmp_path_factory.mktemp("seed") / "seed").read_bytes()


def events(path: Path) -> Path:
    times = np.linspace(1.0, 99.0, 20)
    fits.HDUList([fits.PrimaryHDU(), events_hdu(times), gti_hdu((0, 100))]).writeto(path)
    return path


@pytest.fixture(scope="module")
def seeds(tmp_path_factory) -> dict[str, bytes]:
    return {
        "pha": seed(write_spectrum, tmp_path_factory), "arf": seed(write_arf, tmp_path_factory),
        "rmf": seed(write_rmf, tmp_path_factory), "events": seed(events, tmp_path_factory),
        "jsonl": "".join(json.dumps(record(k, n=4)) + "\n" for k in range(3)).encode(),
        "csv": CSV, "votable": VOTABLE, "ecsv": ECSV,
    }  # fmt: skip


def corpus(path: Path) -> None:
    for one in read_axia(path):
        record_piece(one, path.name, GRID)


def rows(path: Path) -> None:
    for table in long_tables(path):
        for block in table.blocks(table.head.column_names):
            assert block.columns is not None


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "spectra": ("pha", lambda path: [spectrum_piece(one, GRID) for one in read_spectra(path)]),
    "effective areas": ("arf", read_arf),
    "redistributions": ("rmf", read_rmf),
    "events": ("events", read_events),
    "rows of long tables": ("events", rows),
    "corpora": ("jsonl", corpus),
    "spectra in text": ("csv", lambda path: table_pieces(path, GRID)),
    "positions": ("csv", read_positions),
    "positions in VOTables": ("votable", read_positions),
    "tables of sources": ("csv", read_source_table),
    "tables of sources in VOTables": ("votable", read_source_table),
    "tables of sources in ECSV": ("ecsv", read_source_table),
    "tables of sources in FITS": ("events", read_source_table),
}
CHANGE = some.tuples(
    some.sampled_from(["set", "insert", "cut", "twice", "words"]), some.floats(0, 0.9999), some.binary(max_size=9)
)
WORDS = [b"-", b"1e999", b"nan", b"9" * 30, b"[" * 50, b"NAXIS2  =      1000000000000000", b"TFORM1  = '9999999999D'",
         b"\xff\xfe", b"\0" * 4, b"<!ENTITY a 'b'>", b"'" * 3]  # fmt: skip


def damaged(content: bytes, changes: list[tuple[str, float, bytes]], as_gzip: bool) -> bytes:
    for way, place, new in changes:
        at = int(place * len(content))
        if way == "set":
            content = content[:at] + new + content[at + len(new) :]
        elif way == "insert":
            content = content[:at] + new + content[at:]
        elif way == "cut":
            content = content[:at] + content[at + 1 + 97 * len(new) :]
        elif way == "twice":
            content = content[:at] + content[at : at + 400] * 3 + content[at:]
        else:
            word = WORDS[len(new)]
            content = content[:at] + word + content[at + len(word) :]
    return gzip.compress(content) if as_gzip else content


@pytest.mark.parametrize("name", READERS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(changes=some.lists(CHANGE, min_size=1, max_size=4), as_gzip=some.booleans())
def test_whatever_is_in_a_file_it_is_read_or_refused_in_words(seeds, tmp_path, name, changes, as_gzip):
    kind, read = READERS[name]
    path = tmp_path / "file.dat"
    path.write_bytes(damaged(seeds[kind], changes, as_gzip))
    tracemalloc.start()
    try:
        read(path)
    except AlignlabError as error:
        assert str(error)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MOST_BYTES
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.dat"]


NAMES = some.one_of(
    some.text(max_size=40),
    some.lists(some.sampled_from(["..", ".", "", "/", "\\", "~", "CON", "nul", "C:", "dev", "a" * 300, "é", "\0"])).map(
        "/".join
    ),
    some.sampled_from(["/dev/zero", "../../../etc/passwd", "..\\..\\x", "file:///etc/passwd", "|sh", "-rf", "x\n.pi"]),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=some.lists(NAMES, min_size=1, max_size=4))
def test_names_of_dropped_files_stay_in_their_folder(tmp_path, names):
    folder = tmp_path / "inside" / "files"
    folder.mkdir(parents=True, exist_ok=True)
    paths = drop._saved([DroppedFile(name, b"x") for name in names], folder)
    assert len(set(paths)) == len(names)
    assert all(path.is_file() and path.parent == folder and path.resolve().parent == folder.resolve() for path in paths)
    assert [entry.name for entry in tmp_path.iterdir()] == ["inside"]
    assert [entry.name for entry in folder.parent.iterdir()] == ["files"]
    for path in paths:
        path.unlink()


@pytest.mark.parametrize(
    "named", ["../secret.arf", "/etc/passwd", "~/x", "|cat", "a" * 5000, "x[1][col y=1]", "\0", "ü"]
)
def test_what_a_header_names_as_companion_is_read_and_never_written(tmp_path, named):
    inside = tmp_path / "inside"
    inside.mkdir()
    write_arf(tmp_path / "secret.arf")
    before = (tmp_path / "secret.arf").read_bytes()
    path = write_spectrum(inside / "a.pi")
    content = path.read_bytes().replace(b"ANCRFILE= 'none    '", f"ANCRFILE= '{named[:60]}'".encode("latin-1")[:72])
    path.write_bytes(content)
    try:
        read_spectra(path)
    except AlignlabError as error:
        assert "a.pi" in str(error)
    assert (tmp_path / "secret.arf").read_bytes() == before
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["a.pi", "inside", "secret.arf"]


def test_a_dropped_spectrum_leads_to_no_file_outside_its_folder(tmp_path):
    """Somebody else's files must not be readable through a header."""
    inside = tmp_path / "inside"
    inside.mkdir()
    write_arf(tmp_path / "secret.arf")
    write_spectrum(inside / "a.pi", ANCRFILE="../secret.arf")
    read_dropped([str(inside / "a.pi")], grid_kind="log", into=str(tmp_path / "kept"))
    (notes,) = kept_table(tmp_path / "kept", "sources")["notes"]
    assert "ARF ../secret.arf (named in the header) is missing" in notes
    assert len(read_spectra(inside / "a.pi")[0].arf.area_cm2)  # as whoever owns both files wants it
