"""Object types of SIMBAD and our classes, by a table that a person can read (``simbad_classes.csv``) and override."""

from __future__ import annotations

import csv
import difflib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from alignlab.errors import InputFileError

#: In the place of a class: something that is none of ours; a type that does not say what it is, as "X-ray source".
OTHER, UNKNOWN = "-", "?"
_TABLE = Path(__file__).with_suffix(".csv")
_CANDIDATE = "_Candidate"


@dataclass(frozen=True)
class _Type:
    parent: str
    given: str
    is_candidate: bool


class SimbadClasses:
    """Which class an object type means.

    A type without a class of its own has that of the type above it in SIMBAD's hierarchy.

    Parameters
    ----------
    override : Path, optional
        A CSV with the columns ``otype`` and ``class``, which replaces what the table says of these types and of those
        below them that have no class of their own.
    with_candidates : bool
        Whether a candidate (an AGN candidate, say) counts as what it is a candidate of; otherwise it has no class.

    Raises
    ------
    InputFileError
        If the file is no such table: with its line.
    """

    def __init__(self, *, override: Path | None = None, with_candidates: bool = False) -> None:
        self._with_candidates = with_candidates
        self._types: dict[str, _Type] = {}
        self._short: dict[str, str] = {}
        for line, row in _rows(_TABLE, ("otype", "candidate", "parent", "class", "names")):
            self._add(row, line)
        if override is not None:
            self._override(override)

    def class_of(self, otype: str) -> str:
        """Our class of a type, by its short or long name, of today or of before 2022; "" where it is none of ours."""
        found = self._found(otype)
        return "" if found in (OTHER, UNKNOWN) else found

    def tells_nature(self, otype: str) -> bool:
        """Whether the type says what the object is, be it none of our classes: an X-ray source may be anything."""
        return self._found(otype) != UNKNOWN

    def digest(self) -> str:
        """Changes when any type's class may."""
        said = json.dumps([self._with_candidates, {name: astuple(known) for name, known in self._types.items()}])
        return hashlib.sha256(said.encode()).hexdigest()

    def _found(self, otype: str) -> str:
        known = self._types.get(self._short_of(otype.strip()))
        if known is None or (known.is_candidate and not self._with_candidates):
            return UNKNOWN
        while not known.given and known.parent:
            known = self._types[known.parent]
        return known.given or UNKNOWN

    def _short_of(self, name: str) -> str:
        if name in self._types:
            return name
        whole = name.removesuffix(_CANDIDATE)
        short = self._short.get(whole, whole)
        return self._short.get(f"{short}{_CANDIDATE}", "") if whole != name else short

    def _add(self, row: dict[str, str], line: int) -> None:
        otype, parent = row["otype"], row["parent"]
        if otype in self._types or (parent and parent not in self._types):
            raise InputFileError(_TABLE, f"line {line}: {otype!r} comes twice, or before its parent")
        self._types[otype] = _Type(parent, row["class"], is_candidate=False)
        self._short.update(dict.fromkeys(row["names"].split(), otype))
        if row["candidate"]:
            self._types[row["candidate"]] = _Type(otype, "", is_candidate=True)
            self._short[f"{otype}{_CANDIDATE}"] = row["candidate"]

    def _override(self, path: Path) -> None:
        # Imported here: it takes seconds.
        from alignlab.spectra.population import CLASSES

        seen, others = set(), f"'{OTHER}' for none of these, or '{UNKNOWN}' for unknown"
        for line, row in _rows(path, ("otype", "class")):
            otype, given = self._short_of(row["otype"]), row["class"]
            if otype not in self._types:
                near = difflib.get_close_matches(row["otype"], [*self._types, *self._short], n=3)
                hint = f"Did you mean {', '.join(near)}? " if near else ""
                raise InputFileError(
                    path,
                    f"line {line}: {row['otype']!r} is no object type of SIMBAD",
                    remedy=f"{hint}Types are listed in alignlab/ingest/simbad_classes.csv.",
                )
            if given not in (*CLASSES, OTHER, UNKNOWN):
                remedy = f"A class is one of {', '.join(CLASSES)}, {others}."
                raise InputFileError(path, f"line {line}: {given!r} is no class", remedy=remedy)
            if otype in seen:
                raise InputFileError(path, f"line {line}: {row['otype']!r} comes a second time", remedy="Keep one.")
            seen.add(otype)
            self._types[otype] = replace(self._types[otype], given=given)


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV by column name, with their line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            absent = [name for name in needed if name not in (reader.fieldnames or ())]
            if absent:
                raise InputFileError(
                    path, f"has no column {', '.join(absent)}", remedy=f"Its first line must name {', '.join(needed)}."
                )
            for row in reader:
                values = {name: (row[name] or "").strip() for name in needed}
                if any(values.values()):
                    yield reader.line_num, values
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputFileError(path, f"cannot be read as CSV ({error})", remedy="Save it as CSV in UTF-8.") from error
