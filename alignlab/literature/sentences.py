"""Sentences of scientific prose."""

from __future__ import annotations

import re

#: Abbreviations after which a full stop ends no sentence.
_ABBREVIATED = (
    r"(?<!\bal\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bcf\.)(?<!\bvs\.)(?<!\bFig\.)(?<!\bRef\.)(?<!\bSect\.)(?<!\bEq\.)"
    r"(?<!\bapprox\.)(?<!\bresp\.)(?<!\bca\.)(?<!\b[A-Z]\.)"
)
_BREAK = re.compile(rf"(?<=[.!?]){_ABBREVIATED}\s+(?=[\"'(\[$A-Z0-9])")
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, without mark-up tags, spaces made one."""
    flat = _SPACE.sub(" ", _TAG.sub("", text)).strip()
    return [sentence for sentence in _BREAK.split(flat) if sentence]


def cut_at_sentence(text: str, most: int) -> str:
    """At most so many characters: whole sentences, or the beginning of the first with an ellipsis."""
    if len(text) <= most:
        return text
    kept = ""
    for sentence in sentences_of(text):
        longer = f"{kept} {sentence}".strip()
        if len(longer) > most:
            break
        kept = longer
    return kept or f"{text[: max(most - 1, 0)].rstrip()}…"
