"""Where a paper can be read."""

from __future__ import annotations

import re
from urllib.parse import quote

_ARXIV = re.compile(r"(?:arxiv:)?(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7})", re.IGNORECASE)
_DOI = re.compile(r"(?:doi:)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
#: Year, journal, volume, qualifier, page, initial: 19 characters.
_BIBCODE = re.compile(r"\d{4}[A-Za-z&.][A-Za-z0-9&.]{13}[A-Z.:]")


def paper_link(identifier: str) -> str:
    """Address of a paper by its bibcode, arXiv number or DOI; empty where it is none of them."""
    identifier = identifier.strip()
    if found := _DOI.fullmatch(identifier):
        return f"https://doi.org/{quote(found[1], safe='/:;()')}"
    if found := _ARXIV.fullmatch(identifier):
        return f"https://arxiv.org/abs/{found[1]}"
    if _BIBCODE.fullmatch(identifier):
        return f"https://ui.adsabs.harvard.edu/abs/{quote(identifier, safe='')}/abstract"
    return ""
