"""What an HTTP answer says to a person, and a body that has been read whole."""

from __future__ import annotations

import email.utils
import html
import io
import re
import time
from datetime import UTC

import requests

#: A comment is matched in one way only: hostile pages take no longer to read than others.
_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL
)


class _Body(io.BytesIO):
    """A whole body that can be read as urllib3's: pyvo sets and calls its `read` so."""

    def read(self, size: int | None = -1, decode_content: bool | None = None) -> bytes:
        return super().read(size)


def keep_body(response: requests.Response, body: bytes) -> None:
    """Let the response hold a body that has been read already."""
    response._content, response._content_consumed = body, True
    response.raw = _Body(body)


def retry_after_s(value: str | None) -> float | None:
    """Seconds that a server asks to wait, whether it gives a number or a date."""
    if value is None:
        return None
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
        return float(value)
    try:
        when = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(when.replace(tzinfo=when.tzinfo or UTC).timestamp() - time.time(), 0.0)


def page_title(begin: bytes) -> str:
    """The title of what begins like a web page, "untitled" if it has none; "" for anything else."""
    if not _PAGE.match(begin):
        return ""
    found = re.search(rb"<title[^>]*>(.*?)</title", begin, re.IGNORECASE | re.DOTALL)
    return html.unescape(plain(found[1].decode("utf-8", "replace"))) if found else "untitled"


def plain(text: str) -> str:
    """A text in one line, without mark-up and control characters."""
    text = re.sub(r"<[^>]*>", " ", text)
    return " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())
