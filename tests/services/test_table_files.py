from __future__ import annotations

import io
import string

import astropy.units as u
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse, validate
from astropy.table import MaskedColumn, Table
from hypothesis import given, settings
from hypothesis import strategies as st

from alignlab.errors import AlignlabError
from alignlab.services.table_files import FORMATS, prepared, table_bytes
from alignlab.services.votable import votable_bytes

FORMAT_NAMES = sorted(set(FORMATS.values()))
CELLS = {
    "f4": st.one_of(st.none(), st.floats(width=32)),
    "f8": st.one_of(st.none(), st.floats()),
    "i8": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    "i2": st.one_of(st.none(), st.integers(-(2**15), 2**15 - 1)),
    "bool": st.one_of(st.none(), st.booleans()),
    "U": st.one_of(
        st.none(),
        st.text(max_size=12),
        st.text(string.printable, max_size=12),
        st.sampled_from(
            ["", "  ", "γ Cas", "a,b", 'he said "x"', "two\nlines", "# no comment", "NaN", "𝛼", "\\u03b3", "]]>"]
        ),
    ),
}
NAMES = st.lists(
    st.one_of(
        st.sampled_from(
            ["name", "NGC 4151", "N_H (×1e20 cm⁻²)", 'a"b', "<b>&", "ra", "_", "1", "a b", "a_b", "Γ", "run"]
        ),
        st.text("abcXYZ_019 -.γ\"'<&,#", min_size=1, max_size=10).map(lambda name: " ".join(name.split())).filter(bool),
    ),
    min_size=1,
    max_size=4,
    unique_by=str.casefold,
)


@st.composite
def tables(draw) -> Table:
    n = draw(st.integers(0, 6))
    table = Table(meta={"survey": draw(st.text(max_size=90)), "selection": "x" * draw(st.integers(0, 200))})
    for name in draw(NAMES):
        kind = draw(st.sampled_from(sorted(CELLS)))
        cells = draw(st.lists(CELLS[kind], min_size=n, max_size=n))
        filler = "" if kind == "U" else 0
        values = np.array([filler if cell is None else cell for cell in cells], dtype=kind)
        mask = [cell is None for cell in cells]
        unit = u.keV if kind.startswith("f") else None
        table[name] = MaskedColumn(
            values, mask=mask, unit=unit, description=draw(st.sampled_from(["", "N_H, 1–2 × 3."]))
        )
        table[name].info.meta = {"ucd": "phys.abund"}
    return table


def cells(table: Table) -> list[list]:
    """Values by column, None where missing."""
    return [
        [None if gone else value for value, gone in zip(column.data.tolist(), np.ma.getmaskarray(column), strict=True)]
        for column in (MaskedColumn(column) for column in table.itercols())
    ]


def read(contents: bytes, name: str) -> list[list]:
    """Values by column as independent readers see them."""
    if name == "votable":
        # Characters have no null in VOTables: empty text is missing.
        return empty_is_missing(
            parse(io.BytesIO(contents), verify="exception").get_first_table().to_table(use_names_over_ids=True)
        )
    if name == "fits":
        columns = cells(Table.read(io.BytesIO(contents), format="fits"))
        return [[unescape(cell) if isinstance(cell, bytes) else cell for cell in column] for column in columns]
    if name == "ecsv":
        return cells(Table.read(io.BytesIO(contents), format="ascii.ecsv"))
    if name == "parquet":
        return [column.to_pylist() for column in pq.read_table(io.BytesIO(contents)).columns]
    raise AssertionError(name)


def empty_is_missing(table: Table) -> list[list]:
    return [[None if cell == "" else cell for cell in column] for column in cells(table)]


def unescape(text: bytes) -> str:
    return text.decode("unicode_escape")


def same(found: object, wanted: object) -> bool:
    if isinstance(wanted, bool) and found is not None:
        return bool(found) == wanted
    return found == wanted


@pytest.mark.parametrize("name", ["votable", "fits", "ecsv", "parquet"])
@settings(max_examples=60, deadline=None)
@given(table=tables())
def test_what_goes_in_comes_out(name, table):
    wanted = cells(prepared(table))
    found = read(table_bytes(table, name), name)
    if len(table) == 0:
        assert all(column == [] for column in found)
        return
    assert len(found) == len(wanted)
    for got, told in zip(found, wanted, strict=True):
        texts = [cell for cell in told if isinstance(cell, str)]
        if name == "ecsv":
            told = [" ".join(cell.split("\n")) if isinstance(cell, str) else cell for cell in told]
        if name == "fits" and texts:
            plain = all(text.isascii() and text.isprintable() for text in texts)
            told = [unescape(cell.encode()) if cell and plain else cell for cell in told]
        assert len(got) == len(told)
        assert all(same(a, b) for a, b in zip(got, told, strict=True)), (got, told)


@settings(max_examples=60, deadline=None)
@given(table=tables())
def test_csv_reads_with_pandas(table):
    contents = table_bytes(table, "csv").decode()
    comments = sum(1 for _ in prepared(table).meta)
    assert all(line.startswith("# ") for line in contents.split("\n")[:comments])
    if not table.colnames or len(table) == 0:
        return
    frame = pd.read_csv(
        io.StringIO(contents, newline=""), skiprows=comments, keep_default_na=False, na_values=[""], dtype="string",
        skip_blank_lines=False,
    )  # fmt: skip
    assert list(frame.columns) == table.colnames
    for name in table.colnames:
        told, kind = cells(prepared(table[[name]]))[0], table[name].dtype.type
        got = [None if pd.isna(cell) else as_kind(cell, kind) for cell in frame[name]]
        assert got == told


def as_kind(text: str, kind: type) -> object:
    """A cell of a CSV as a number of the precision that it was written with."""
    if issubclass(kind, np.bool_):
        return {"true": True, "false": False}[text]
    return text if issubclass(kind, np.str_) else int(text) if issubclass(kind, np.integer) else kind(text).item()


def test_names_that_would_share_an_identifier_stay_apart(tmp_path):
    table = Table({name: [1.0, 2.0] for name in ('a"b', "a_b", "A_B", "ab", "1x")})
    path = tmp_path / "table.vot"
    path.write_bytes(votable_bytes(prepared(table)))
    complaints = io.StringIO()
    assert validate(path, output=complaints), complaints.getvalue()
    assert [field.name for field in parse(path, verify="exception").get_first_table().fields] == table.colnames


@settings(max_examples=40, deadline=None)
@given(table=tables(), serialization=st.sampled_from(["binary2", "tabledata"]))
def test_every_votable_is_valid(table, serialization, tmp_path_factory):
    path = tmp_path_factory.mktemp("votable") / "table.vot"
    path.write_bytes(votable_bytes(prepared(table), serialization=serialization))
    complaints = io.StringIO()
    assert validate(path, output=complaints), complaints.getvalue()
    again = parse(path, verify="exception").get_first_table()
    assert [field.name for field in again.fields] == table.colnames
    assert all(field.ucd == "phys.abund" for field in again.fields)
    if len(table):
        assert repr(cells(again.to_table())).replace("''", "None") == repr(cells(prepared(table)))


@pytest.mark.parametrize("name", FORMAT_NAMES)
@settings(max_examples=10, deadline=None)
@given(table=tables())
def test_the_same_table_gives_the_same_bytes(name, table):
    assert table_bytes(table, name) == table_bytes(table.copy(), name)


def test_the_sky_has_its_coordinate_system(tmp_path):
    table = Table({"ra": [1.0], "dec": [2.0]}, units=(u.deg, u.deg))
    for name in table.colnames:
        table[name].info.meta = {"ucd": f"pos.eq.{name};meta.main"}
    path = tmp_path / "sky.vot"
    path.write_bytes(table_bytes(table, "votable"))
    votable = parse(path, verify="exception")
    assert [system.system for system in votable.resources[0].coordinate_systems] == ["ICRS"]
    assert [field.ref for field in votable.get_first_table().fields] == ["ICRS", "ICRS"]
    assert fits.open(io.BytesIO(table_bytes(table, "fits")))[1].header["RADESYS"] == "ICRS"


def test_a_fits_header_holds_long_facts_units_and_descriptions():
    table = Table(meta={"url": "http://localhost:8501/?colour=γ&" + "x" * 300, "survey_sha256": "a" * 64})
    table["n_h"] = MaskedColumn([1.0, np.nan], unit=u.Unit("1e20 cm**-2"), description="N_H − “column” Γ " + "y" * 90)
    table["n_h"].info.meta = {"ucd": "phys.columnDensity"}
    header = fits.open(io.BytesIO(table_bytes(table, "fits")))[1].header
    assert header["URL"] == table.meta["url"].replace("γ", r"\u03b3")
    assert header["SURVSHA"] == "a" * 64
    assert header["TUCD1"] == "phys.columnDensity"
    assert header["TCOMM1"].startswith("N_H - ")
    assert u.Unit(header["TUNIT1"]) == u.Unit("1e20 cm**-2")


def test_an_unknown_format_lists_the_known_ones():
    with pytest.raises(AlignlabError, match=r"votable.*parquet"):
        table_bytes(Table(), "xlsx")
