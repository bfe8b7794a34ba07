"""The words of a PDF, read without the library that wrote it: its streams and the maps from glyphs to characters."""

from __future__ import annotations

import base64
import re
import zlib

_OBJECT = re.compile(rb"(?<!\d)(\d+) 0 obj\s(.*?)endobj", re.DOTALL)
_SHOWN = re.compile(rb"/(F\S+) [-\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj|(T\*|Td|BT)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pdf_text(content: bytes) -> list[str]:
    """The text of each page, in the order in which it is drawn."""
    objects = {int(number): body for number, body in _OBJECT.findall(content)}
    fonts = {}
    for name, reference in re.findall(rb"/(F\d+\+\d+) (\d+) 0 R", content):
        unicode_map = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(reference)])
        fonts[name] = _characters(_stream(objects[int(unicode_map[1])])) if unicode_map else {}
    pages = [body for body in objects.values() if re.search(rb"/Type /Page\b(?!s)", body)]
    return [_page(_stream(objects[int(re.search(rb"/Contents (\d+) 0 R", body)[1])]), fonts) for body in pages]


def _stream(body: bytes) -> bytes:
    data = body.split(b"stream", 1)[1].rsplit(b"endstream", 1)[0].strip(b"\r\n")
    if b"/ASCII85Decode" in body:
        data = base64.a85decode(data.strip().removesuffix(b"~>"))
    return zlib.decompress(data) if b"/FlateDecode" in body else data


def _characters(unicode_map: bytes) -> dict[int, str]:
    return {int(code, 16): chr(int(value, 16)) for code, value in re.findall(rb"<(\w\w)> <(\w{4})>", unicode_map)}


def _page(drawn: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    text, font = [], {}
    for name, shown, moved in _SHOWN.findall(drawn):
        if name:
            font = fonts.get(name, {})
        elif moved:
            text.append(" ")
        else:
            text.append("".join(font.get(code, chr(code)) for code in _unescaped(shown)))
    return re.sub(r"\s+", " ", "".join(text))


def _unescaped(shown: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8)]) if code[:1].isdigit() else _ESCAPES.get(code, code)

    return re.sub(rb"\\(\d{1,3}|.)", plain, shown, flags=re.DOTALL)
