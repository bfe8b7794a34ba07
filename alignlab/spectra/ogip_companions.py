"""Finding the files that belong to a spectrum: what its header names, or what its own name says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

#: Native products of the Chandra Source Catalog: observation, version, region, and what it is.
_CSC_NAME = re.compile(
    r"(?P<obs>acisf\d{5}_\d{3})(?P<version>N\d{3})(?P<rest>\w*_r\d{4}\w*?)_(?P<kind>pha|arf|rmf)3(?P<tail>\.fits)", re.I
)
_SUFFIXES = {"ARF": (".arf", ".warf"), "RMF": (".rmf", ".wrmf"), "background": ("_bg.pi", "_bkg.pi", "_bg.pha")}


@dataclass(frozen=True)
class Companion:
    """Where a companion file is.

    Attributes
    ----------
    path : Path or None
        The file; None if there is none.
    note : str
        What a person should know about the choice, or "".
    """

    path: Path | None
    note: str = ""


def find_companion(spectrum: Path, *, named: str, kind: str, only_beside: bool = False) -> Companion:
    """Find the ARF, RMF or background of a spectrum beside it.

    Looked for in this order: the name in the header (in its folder, then beside the spectrum; with or without ``.gz``,
    in any case), another version of the same CSC product, the same stem with the usual suffix.

    Parameters
    ----------
    spectrum : Path
        The spectrum.
    named : str
        Value of ANCRFILE, RESPFILE or BACKFILE; "" or "none" where it names nothing.
    kind : {"ARF", "RMF", "background"}
        What is looked for.
    only_beside : bool
        Look nowhere but in the folder of the spectrum: what a stranger's header names must not lead to other files.
    """
    named = re.sub(r"\[.*$", "", named).strip().strip("'\"")
    named = "" if named.lower() in {"", "none", "null"} else named
    try:
        neighbours = {p.name.lower(): p for p in sorted(spectrum.parent.iterdir())}
        if named and not only_beside:
            direct = spectrum.parent / named
            for path in (direct, direct.with_name(direct.name + ".gz")):
                if path.is_file():
                    return Companion(path)
    except (OSError, ValueError):
        return Companion(None, f"{kind}: the folder of the spectrum cannot be searched")
    found = _by_name(Path(named).name, neighbours) if named else None
    if found is not None:
        return Companion(found)
    missing = f"{kind} {named} (named in the header) is missing" if named else f"the header names no {kind}"
    other = _by_csc_pattern(named or spectrum.name, kind, neighbours) or _by_stem(spectrum, kind, neighbours)
    if other is not None and other != spectrum:
        return Companion(other, f"{missing}; {other.name} taken instead")
    return Companion(None, missing)


def stem(path: Path) -> str:
    """Name of a spectrum without ``.gz``, its suffix and the ``_pha3`` of CSC products."""
    name = re.sub(r"\.gz$", "", path.name, flags=re.I)
    name = re.sub(r"\.(fits|fit|pi|pha|pha2)$", "", name, flags=re.I)
    return re.sub(r"_(pha|spec)\d?$", "", name, flags=re.I) or path.name


def _by_name(name: str, neighbours: dict[str, Path]) -> Path | None:
    plain = re.sub(r"\.gz$", "", name.lower())
    return next((neighbours[n] for n in (plain, plain + ".gz") if n in neighbours), None)


def _by_csc_pattern(name: str, kind: str, neighbours: dict[str, Path]) -> Path | None:
    parts = _CSC_NAME.match(name)
    if parts is None or kind == "background":
        return None
    wanted = re.compile(
        re.escape(parts["obs"]) + r"N\d{3}" + re.escape(parts["rest"]) + rf"_{kind}3\.fits(\.gz)?", re.I
    )
    versions = [path for key, path in sorted(neighbours.items()) if wanted.fullmatch(key)]
    return versions[-1] if versions else None


def _by_stem(spectrum: Path, kind: str, neighbours: dict[str, Path]) -> Path | None:
    base = stem(spectrum).lower()
    return next((found for s in _SUFFIXES[kind] if (found := _by_name(base + s, neighbours)) is not None), None)
