"""One table in the formats that astronomers read: VOTable, FITS, ECSV, CSV and Parquet.

In each of them a missing value is missing (never a zero or a magic number), text and whole numbers included, and what
the table says about itself (``meta``) travels along. The same table gives the same bytes.
"""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
from astropy.io import fits
from astropy.table import Column, MaskedColumn, Table
from numpy.typing import NDArray

from alignlab.errors import AlignlabError
from alignlab.services.votable import unique, votable_bytes

Format = Literal["votable", "fits", "ecsv", "csv", "parquet"]
#: Format by file suffix.
FORMATS: dict[str, Format] = {
    ".vot": "votable",
    ".xml": "votable",
    ".fits": "fits",
    ".ecsv": "ecsv",
    ".csv": "csv",
    ".parquet": "parquet",
}
#: Names of the facts in a FITS header where the first eight letters of their names would not do.
_FITS_KEYS = {"survey_sha256": "SURVSHA", "run_sha256": "RUNSHA", "selection": "SELECTED", "created_utc": "DATE"}
_NOT_IN_XML = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NEW_LINES = re.compile("\r\n?|[\u2028\u2029]")
#: How header text is spelled in ASCII, the only characters that FITS knows.
_ASCII = str.maketrans({"–": "-", "−": "-", "Γ": "Gamma", "×": "x", "²": "2", "α": "alpha", "·": ";", "’": "'"})


def write_table(table: Table, path: Path) -> None:
    """Write a table in the format that the file's suffix names.

    Raises
    ------
    AlignlabError
        If the suffix is not one of `FORMATS`, or the file exists.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise AlignlabError(
            f"{path}: cannot tell the format from {suffix or 'a name without suffix'!r}.",
            remedy=f"Use one of {', '.join(FORMATS)}.",
        )
    if path.exists():
        raise AlignlabError(f"{path} exists already.", remedy="Choose another name.")
    path.write_bytes(table_bytes(table, FORMATS[suffix]))


def table_bytes(table: Table, format: Format) -> bytes:
    """A table as the contents of a file.

    Parameters
    ----------
    table : Table
        Columns of numbers, truth values or text, with ``unit``, ``description`` and ``info.meta["ucd"]`` where known;
        ``meta`` holds what is to be said about the whole.
    format : {"votable", "fits", "ecsv", "csv", "parquet"}

    Raises
    ------
    AlignlabError
        If there is no such format.
    """
    if format not in get_args(Format):
        raise AlignlabError(f"No format {format!r}.", remedy=f"Choose one of {', '.join(get_args(Format))}.")
    ready = prepared(table)
    if format == "votable":
        return votable_bytes(ready)
    return {"fits": _fits, "ecsv": _ecsv, "csv": _csv, "parquet": _parquet}[format](ready)


def prepared(table: Table) -> Table:
    """A copy in which what is missing is masked, whole numbers are int64, and text is what any XML or CSV can hold.

    NaN and blank text count as missing; text loses the blanks around it, control characters become U+FFFD, every kind
    of line end a newline.
    """
    ready = Table(meta={str(key): _one_line(str(value)) for key, value in table.meta.items()})
    for column in table.itercols():
        values, mask = _values(column)
        ready[column.name] = MaskedColumn(
            values, mask=mask, unit=column.unit, description=_one_line(column.description or "") or None
        )
        ready[column.name].info.meta = {"ucd": (column.info.meta or {}).get("ucd")}
    return ready


def _values(column: Column) -> tuple[NDArray, NDArray[np.bool_]]:
    mask = np.ma.getmaskarray(np.ma.asarray(column))
    data = np.ma.getdata(column)
    kind = data.dtype.kind
    if kind == "f":
        return (data.astype(np.float32) if data.dtype.itemsize < 4 else data), mask | np.isnan(data)
    if kind == "b":
        return data, mask
    if kind in "iu":
        return data.astype(np.int64), mask
    texts = [
        "" if gone or value is None or value != value else _clean(str(value))
        for value, gone in zip(data.tolist(), mask.tolist(), strict=True)
    ]
    return np.array(texts, dtype=np.str_), np.array([text == "" for text in texts], dtype=np.bool_)


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", _NEW_LINES.sub("\n", text)).strip()


def _one_line(text: str) -> str:
    return " ".join(_clean(text).split())


def _arrow(table: Table) -> pa.Table:
    """As Arrow, with nulls for what is missing, and facts and descriptions as metadata."""
    arrays, fields = [], []
    for column in table.itercols():
        mask = np.ma.getmaskarray(column)
        values = np.ma.getdata(column)
        if values.dtype.kind == "U":
            arrays.append(pa.array(values.tolist(), pa.string(), mask=mask))
        else:
            arrays.append(pa.array(np.ascontiguousarray(values), mask=mask))
        told = {"unit": column.unit and column.unit.to_string("vounit"), "ucd": column.info.meta["ucd"]}
        told["description"] = column.description
        fields.append(pa.field(column.name, arrays[-1].type, metadata={k: v for k, v in told.items() if v}))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=dict(table.meta)))


def _parquet(table: Table) -> bytes:
    import pyarrow.parquet as pq

    written = io.BytesIO()
    pq.write_table(_arrow(table), written)
    return written.getvalue()


def _csv(table: Table) -> bytes:
    facts = "".join(f"# {key}: {value}\n" for key, value in table.meta.items())
    return facts.encode() + _rows_as_csv(table)


def _rows_as_csv(table: Table) -> bytes:
    from pyarrow import csv

    plain = all(re.fullmatch(r"\w+", name) for name in table.colnames)
    rows = _arrow(table)
    if rows.num_columns == 1:
        # A row of nothing but a missing value would be a blank line, which readers skip.
        rows = rows.set_column(0, rows.column_names[0], rows.column(0).cast(pa.string()).fill_null(""))
    written = io.BytesIO()
    csv.write_csv(rows, written, csv.WriteOptions(quoting_header="none" if plain else "needed"))
    return written.getvalue()


def _ecsv(table: Table) -> bytes:
    """The header as astropy writes it for a table without rows; the rows as CSV, where a newline becomes a space."""
    plain = Table(meta=table.meta)
    for column in table.itercols():
        values: Any = np.ma.getdata(column)
        if values.dtype.kind == "b":
            values = np.where(values, "True", "False")
        elif values.dtype.kind == "U":
            values = np.array([text.replace("\n", " ") for text in values.tolist()], dtype=np.str_)
        plain[column.name] = MaskedColumn(values, mask=np.ma.getmaskarray(column))
        plain[column.name].info.meta = column.info.meta
    described = table[:0]
    for column in described.itercols():
        column.info.meta = {key: value for key, value in column.info.meta.items() if value} or None
    header = io.StringIO()
    described.write(header, format="ascii.ecsv", delimiter=",")
    lines = [line for line in header.getvalue().splitlines() if line.startswith("#")]
    return "\n".join(lines).encode() + b"\n" + _rows_as_csv(plain)


def _fits(table: Table) -> bytes:
    """A binary table; text outside printable ASCII is written with Python's escapes and the header says so."""
    plain, escaped = Table(), False
    for name, column in zip(_fits_names(table.colnames), table.itercols(), strict=True):
        mask, values = np.ma.getmaskarray(column), np.ma.getdata(column)
        if values.dtype.kind == "U":
            texts = ["" if gone else text for text, gone in zip(values.tolist(), mask, strict=True)]
            if not all(text.isascii() and text.isprintable() for text in texts):
                escaped = True
                texts = [text.encode("unicode_escape").decode("ascii") for text in texts]
            plain[name] = Column(np.array(texts, dtype=np.str_))
            continue
        if values.dtype.kind == "b" and mask.any():
            values = values.astype(np.int16)
        if not mask.any():
            plain[name] = Column(values, unit=column.unit)
            continue
        filler = _unused(values) if values.dtype.kind == "i" else None
        plain[name] = MaskedColumn(values, mask=mask, unit=column.unit, fill_value=filler)
    hdu = fits.table_to_hdu(plain)
    _describe_in_header(hdu.header, table, plain.colnames, escaped)
    written = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(written)
    return written.getvalue()


def _fits_names(names: list[str]) -> list[str]:
    """Names of letters, digits and underscores, as FITS recommends, that differ by more than case."""
    taken: set[str] = set()
    return [unique(re.sub(r"[^A-Za-z0-9_]", "_", name), taken) for name in names]


def _describe_in_header(header: fits.Header, table: Table, names: list[str], escaped: bool) -> None:
    for number, (name, column) in enumerate(zip(names, table.itercols(), strict=True), 1):
        if column.info.meta["ucd"]:
            header[f"TUCD{number}"] = column.info.meta["ucd"]
        told = [column.name] if column.name != name else []
        if told or column.description:
            header[f"TCOMM{number}"] = _ascii(": ".join([*told, *([column.description] if column.description else [])]))
    if any((column.info.meta["ucd"] or "").startswith("pos.eq") for column in table.itercols()):
        header["RADESYS"] = "ICRS"
    for key, value in table.meta.items():
        header[_FITS_KEYS.get(key, re.sub("[^A-Z0-9_-]", "_", key.upper())[:8])] = _ascii(value)
    if escaped:
        header["COMMENT"] = r"Text outside printable ASCII is escaped as in Python: \u03b3, \n, \\."


def _ascii(text: str) -> str:
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode()


def _unused(values: NDArray[np.integer]) -> int:
    """A whole number that no row holds, to stand for missing ones."""
    held = set(values.tolist())
    return next(value for value in itertools.count(int(np.iinfo(values.dtype).min)) if value not in held)
