"""ADQL as our stages write it, turned into SQL for DuckDB; what is not understood is an error, never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Degrees between two places on the sky, made once for each database.
DISTANCE_MACRO = """
CREATE MACRO sky_distance(ra1, dec1, ra2, dec2) AS degrees(2 * asin(least(1, sqrt(
    pow(sin(radians(dec2 - dec1) / 2), 2)
    + cos(radians(dec1)) * cos(radians(dec2)) * pow(sin(radians(ra2 - ra1) / 2), 2)))))
"""
_TOKEN = re.compile(
    r"(?P<space>\s+|--[^\n]*)|(?P<text>'(?:[^']|'')*')|(?P<name>\"[^\"]+\")|(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)"
    r"|(?P<word>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign><=|>=|<>|!=|\|\||[-+*/(),.<>=])"
)
#: Words that may stand before a bracket without being a function.
_KEYWORDS = frozenset(
    {"SELECT", "FROM", "ON", "USING", "WHERE", "AND", "OR", "NOT", "IN", "BY", "HAVING", "EXISTS", "AS"}
)
_FUNCTIONS = frozenset(
    {"COUNT", "MIN", "MAX", "AVG", "SUM", "ABS", "SQRT", "POWER", "LOG", "LOG10", "EXP", "ROUND", "FLOOR", "CEILING",
     "RADIANS", "DEGREES", "SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN", "ATAN2", "PI", "MOD", "UPPER", "LOWER",
     "COALESCE"}
)  # fmt: skip


class AdqlError(ValueError):
    """The question is not understood."""


def to_sql(adql: str, *, has_geometry: bool = True) -> str:
    """SQL for one question; with ``tap_upload.x`` for an uploaded table."""
    tokens = list(_tokens(adql))
    if not tokens or tokens[0].upper() != "SELECT":
        raise AdqlError("only SELECT is understood")
    limit = ""
    for i in range(1, min(3, len(tokens))):
        if tokens[i].upper() == "TOP":
            if i + 1 == len(tokens) or not tokens[i + 1].isdigit():
                raise AdqlError("TOP wants a number")
            limit = f" LIMIT {tokens[i + 1]}"
            del tokens[i : i + 2]
            break
    return _translated(tokens, has_geometry=has_geometry) + limit


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise AdqlError(f"cannot read {text[at : at + 20]!r}")
        at = found.end()
        if found.lastgroup != "space":
            yield found[0]


def _translated(tokens: list[str], *, has_geometry: bool) -> str:
    out, i = list[str](), 0
    while i < len(tokens):
        word, is_call = tokens[i].upper(), i + 1 < len(tokens) and tokens[i + 1] == "("
        if word in ("LIMIT", "OFFSET"):
            raise AdqlError(f"{word} is not in this ADQL; use TOP")
        if is_call and tokens[i][0].isalpha() and word not in _KEYWORDS:
            arguments, end = _arguments(tokens, i + 1)
            out.append(_call(word, arguments, has_geometry=has_geometry))
            i = end
        else:
            out.append(tokens[i])
            i += 1
    return re.sub(r" ?\. ?", ".", " ".join(out))


def _arguments(tokens: list[str], opening: int) -> tuple[list[list[str]], int]:
    """Arguments of a call, and the place after its closing bracket."""
    depth, arguments = 0, [list[str]()]
    for i in range(opening, len(tokens)):
        token = tokens[i]
        depth += (token == "(") - (token == ")")
        if depth == 0:
            return arguments, i + 1
        if depth == 1 and token == ",":
            arguments.append([])
        elif not (depth == 1 and token == "("):
            arguments[-1].append(token)
    raise AdqlError("a bracket is not closed")


def _call(name: str, arguments: list[list[str]], *, has_geometry: bool) -> str:
    if name in _FUNCTIONS:
        return f"{name}({', '.join(_translated(a, has_geometry=has_geometry) for a in arguments)})"
    if not has_geometry or name not in ("CONTAINS", "DISTANCE"):
        raise AdqlError(f"function {name} not found")
    if len(arguments) != 2:
        raise AdqlError(f"{name} wants two shapes")
    ra, dec = _shape(arguments[0], "POINT", 2)
    if name == "DISTANCE":
        return f"sky_distance({ra}, {dec}, {', '.join(_shape(arguments[1], 'POINT', 2))})"
    centre_ra, centre_dec, radius = _shape(arguments[1], "CIRCLE", 3)
    return f"CAST(sky_distance({ra}, {dec}, {centre_ra}, {centre_dec}) <= {radius} AS INTEGER)"


def _shape(tokens: list[str], name: str, n: int) -> list[str]:
    """The numbers of POINT or CIRCLE, with or without the name of a coordinate system before them."""
    if len(tokens) < 2 or tokens[0].upper() != name or tokens[1] != "(":
        raise AdqlError(f"{' '.join(tokens)[:60]} is no {name}")
    arguments, end = _arguments(tokens, 1)
    if len(arguments) == n + 1 and arguments[0][0].startswith("'"):
        if arguments[0][0].upper() not in ("'ICRS'", "''"):
            raise AdqlError(f"coordinate system {arguments[0][0]} is not known")
        arguments = arguments[1:]
    if len(arguments) != n or end != len(tokens):
        raise AdqlError(f"{name} wants {n} numbers")
    return [_translated(argument, has_geometry=True) for argument in arguments]
