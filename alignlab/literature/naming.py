"""A source's names taken out of a text: a summary that gave them away would be found by its name, not by its physics.

Taken out are the source's own names and aliases as papers spell them, and whatever else tells which object it is:
designations by coordinates, numbers in the great catalogues, positions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: What stands in the place of the source's own name, and of any other.
SELF, OTHER = "the source", "a catalogued object"
POSITION = "its position"

#: What SIMBAD writes before a name that is no part of it.
_MARKS = re.compile(r"^(?:NAME|V\*|\*\*|\*|EM\*|Cl\*|SN\*|\[[^\]]*\])\s+", re.IGNORECASE)
_GREEK = {
    "alf": "alpha|α", "bet": "beta|β", "gam": "gamma|γ", "del": "delta|δ", "eps": "epsilon|ε", "zet": "zeta|ζ",
    "eta": "eta|η", "tet": "theta|θ", "iot": "iota|ι", "kap": "kappa|κ", "lam": "lambda|λ", "mu.": "mu|μ",
    "nu.": "nu|ν", "ksi": "xi|ξ", "omi": "omicron|ο", "pi.": "pi|π", "rho": "rho|ρ", "sig": "sigma|σ",
    "tau": "tau|τ", "ups": "upsilon|υ", "phi": "phi|φ", "chi": "chi|χ", "psi": "psi|ψ", "ome": "omega|ω",
}  # fmt: skip
_LATIN = {"Sgr": "|Sagittari[a-z]+", "Aql": "|Aquila[a-z]*"}
_HYPHEN = re.compile(r"([^\W\d_])[-−–]")
_PIECE = re.compile(r"[^\W\d_]+\.?|\d+(?:\.\d+)*|[+\-−–]")
_SIGN = r"(?:\$?[+\-−–]\$?)"
_GAP = r"[\s~\-‐_'’]*"
_CATALOGUES = (
    "NGC|IC|UGC|PGC|ESO|Mrk|Markarian|Arp|Abell|ACO|HD|HIP|HR|SAO|TIC|TYC|GSC|USNO|2MASS|AllWISE|WISEA?|SDSS|Gaia|KIC|EPIC|"
    "PSR|PKS|3C|4C|4U|1E|1H|1ES|RX|1RXS|AX|CXOU?|2CXO|[1-4]XMM[Ps]?|XMMU?|SWIFT|IGR|MAXI|GX|SNR|LEDA|CXOGC|COUP|Terzan|Palomar"
)
_NUMBER = rf"(?:(?:EA|DR\d)\s?)?[A-Z]?\d[\d.]*(?:{_SIGN}\d[\d.]*)?[a-z]?"
#: A designation by coordinates, with the name of its catalogue where one stands before it: CXOU J123456.7-123456.
_DESIGNATION = re.compile(rf"(?:\b[A-Za-z0-9]+[\s~\-]?)?\b[JB]\d{{4,6}}(?:\.\d+)?\s?{_SIGN}\s?\d{{2,6}}(?:\.\d+)?\w?")
_CATALOGUED = re.compile(rf"\b(?:{_CATALOGUES})[\s~\-]*{_NUMBER}\b")
_POSITION = re.compile(
    rf"\b\d{{1,2}}\s?[h:]\s?\d{{1,2}}\s?[m:]\s?\d{{1,2}}(?:\.\d+)?(?:\s?s)?(?:[\s,]+"
    rf"{_SIGN}?\s?\d{{1,2}}\s?[d°:]\s?\d{{1,2}}\s?['′m:]\s?\d{{1,2}}(?:\.\d+)?\s?[\"″s]?)?"
    r"|\b(?:RA|R\.A\.|Dec|DEC|Decl\.|right ascension|declination)\s*(?:\(J2000(?:\.0)?\))?\s*[=:≈~]?\s*"
    rf"{_SIGN}?\d+(?:\.\d+)?°?"
)
_TWICE = re.compile(rf"\b({SELF}|{OTHER})(?:[\s,;(=/]+(?:{SELF}|{OTHER})\)?)+", re.IGNORECASE)
_ARTICLE = r"(?:\b[Tt]he\s+)?"
_SENTENCE_START = re.compile(rf"(^|[.!?]\s+)({SELF}|{OTHER})")


class Names:
    """All names of one source.

    Parameters
    ----------
    names : iterable of str
        As catalogues write them: ``NAME Sgr A*``, ``V* V1033 Cas``, ``2CXO J174540.0-290027``.
    """

    def __init__(self, names: Iterable[str]) -> None:
        patterns = sorted({pattern for name in names if (pattern := _pattern(name))}, key=len, reverse=True)
        self._own = re.compile(rf"{_ARTICLE}(?<!\w)(?:{'|'.join(patterns)})(?!\w)") if patterns else None

    def found_in(self, text: str) -> bool:
        """Whether the text gives the source away."""
        own = self._own is not None and self._own.search(text) is not None
        return own or any(pattern.search(text) for pattern in (_DESIGNATION, _CATALOGUED, _POSITION))

    def removed_from(self, text: str) -> str:
        """The text with "the source" in the place of its names, and with no other designation or position."""
        if self._own is not None:
            text = self._own.sub(SELF, text)
        text = _POSITION.sub(POSITION, _CATALOGUED.sub(OTHER, _DESIGNATION.sub(OTHER, text)))
        text = _TWICE.sub(r"\1", text)
        return _SENTENCE_START.sub(lambda match: match[1] + match[2][0].upper() + match[2][1:], text)


def _pattern(name: str) -> str:
    """A name as papers may spell it; empty for one that is too short to be told from other words."""
    bare = _MARKS.sub("", name.strip())
    # A hyphen after letters (Cyg X-1) is one that papers may leave out; after digits it is the sign of a declination.
    pieces = _PIECE.findall(_HYPHEN.sub(r"\1 ", bare))
    if sum(len(piece) for piece in pieces) < 2 or (len(pieces) == 1 and len(pieces[0]) < 3):
        return ""
    return _GAP.join(_spelled(piece) for piece in pieces) + (r"\*?" if bare.endswith("*") else "")


def _spelled(piece: str) -> str:
    if piece in "+-−–":
        return _SIGN
    if piece.lower() in _GREEK:
        return f"(?:(?i:{re.escape(piece.rstrip('.'))}|{_GREEK[piece.lower()]}))"
    if piece.istitle() and len(piece) == 3:
        # A constellation: papers write its Latin name, of which the catalogues' abbreviation is nearly always the head.
        return f"(?:{piece}[a-z]*{_LATIN.get(piece, '')})"
    if piece.isalpha() and len(piece) > 3:
        return f"(?i:{re.escape(piece)})"
    return re.escape(piece)
