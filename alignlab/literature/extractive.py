"""Summaries without a language model: per aspect, the sentences of the papers that speak of it and matter most.

A sentence speaks of the aspect whose words it holds most of (``aspect_words.json``), if it holds enough of them. Among
those of an aspect, a sentence matters as far as it is like all that is said about the source (the cosine between its
words and those of all sentences, as in centroid summaries, Radev et al. 2004, doi:10.1016/j.ipm.2003.10.006) and says
something of the aspect. Nothing is chosen twice in other words. Nothing is random and nothing is learned: the same
papers give the same summary, whatever else the survey holds.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alignlab.literature.aspects import ASPECTS
from alignlab.literature.naming import Names
from alignlab.literature.reading import Paper
from alignlab.literature.sentences import sentences_of
from alignlab.literature.summary_schema import LONGEST_SUMMARY, Summary, plain_text
from alignlab.literature.word_index import words_of

#: Most sentences of an aspect.
N_SENTENCES = 4
#: Weights of words that speak of an aspect wherever they stand, and of those that do so together with others.
_WEIGHT = {"alone": 2.0, "together": 1.0}
_ENOUGH = 2.0
#: A sentence as like a chosen one as this says nothing new.
_SAID_ALREADY = 0.6
_SHORTEST, _LONGEST = 30, 500
_TALK = re.compile(
    r"^(?:we|in this (?:paper|work|letter|study)|here,? we|this (?:paper|work|letter)|our)\b.{0,60}"
    r"\b(?:present|report|describe|discuss|review|propose|aim|investigate|study)\b",
    re.IGNORECASE,
)

_FORM = re.compile(r"[^\W\d_]+(?:[-_][^\W\d_]+)*")


_WORDS_FILE = Path(__file__).parent / "aspect_words.json"


@dataclass(frozen=True, kw_only=True)
class _Sentence:
    text: str
    words: Counter[str]
    length: float
    #: By aspect.
    spoken: tuple[float, ...]


def summarise(papers: Sequence[Paper], *, names: Names, n_sentences: int = N_SENTENCES) -> Summary:
    """Summaries of what the papers say of one source.

    Parameters
    ----------
    papers : sequence of Paper
        The newest first; of sentences that matter alike, those of the newer paper are chosen.
    names : Names
        Of the source, to be taken out.
    n_sentences : int
        Most sentences of an aspect.

    Returns
    -------
    Summary
        An aspect of which no sentence speaks is None.
    """
    sentences = [_looked_at(text) for paper in papers for text in _texts(paper)]
    everything: Counter[str] = Counter()
    for sentence in sentences:
        everything.update(set(sentence.words))
    whole = math.sqrt(sum(n * n for n in everything.values()))
    texts: dict[str, str | None] = {}
    n_redacted = 0
    for number, aspect in enumerate(ASPECTS):
        speaking = [sentence for sentence in sentences if _aspect_of(sentence) == number]
        said = " ".join(_chosen(speaking, number, everything, whole, n_sentences))
        unnamed = names.removed_from(said)
        n_redacted += unnamed != said
        texts[aspect] = unnamed or None
    return Summary(texts=texts, n_redacted=n_redacted)


def _texts(paper: Paper) -> list[str]:
    """Sentences of a paper that can stand alone; its title only if there are none."""
    found = [text for text in sentences_of(plain_text(paper.text)) if _SHORTEST <= len(text) <= _LONGEST]
    return found or ([f"{title}."] if (title := plain_text(paper.title)) else [])


def _looked_at(text: str) -> _Sentence:
    words = Counter(words_of(text))
    forms = set(_FORM.findall(text.lower()))
    forms |= {piece for form in forms for piece in form.split("-")}
    spoken = tuple(sum(_weights()[aspect].get(form, 0.0) for form in forms) for aspect in ASPECTS)
    return _Sentence(text=text, words=words, length=math.sqrt(sum(n * n for n in words.values())), spoken=spoken)


def _aspect_of(sentence: _Sentence) -> int:
    """The aspect that a sentence speaks of most; -1 for none."""
    most = max(sentence.spoken)
    return sentence.spoken.index(most) if most >= _ENOUGH else -1


def _chosen(
    speaking: Sequence[_Sentence], aspect: int, everything: Counter[str], whole: float, n_sentences: int
) -> list[str]:
    """The sentences that matter most, in the order in which they were written."""

    def matters(sentence: _Sentence) -> float:
        likeness = sum(n * everything[word] for word, n in sentence.words.items()) / ((sentence.length * whole) or 1)
        talk = 0.5 if _TALK.match(sentence.text) else 1.0
        return talk * (likeness + 0.5 * math.log1p(sentence.spoken[aspect]))

    order = sorted(range(len(speaking)), key=lambda i: (-matters(speaking[i]), i))
    kept: list[int] = []
    n_characters = 0
    for i in order:
        if len(kept) == n_sentences:
            break
        is_new = all(_likeness(speaking[i], speaking[j]) < _SAID_ALREADY for j in kept)
        if is_new and n_characters + len(speaking[i].text) < LONGEST_SUMMARY:
            kept.append(i)
            n_characters += len(speaking[i].text) + 1
    return [speaking[i].text for i in sorted(kept)]


def _likeness(one: _Sentence, other: _Sentence) -> float:
    return sum(n * other.words[word] for word, n in one.words.items()) / ((one.length * other.length) or 1)


@cache
def _weights() -> dict[str, dict[str, float]]:
    """Weight of each word, by aspect."""
    table = json.loads(_WORDS_FILE.read_text(encoding="utf-8"))
    return {
        aspect: {word: _WEIGHT[group] for group, words in groups.items() for word in words}
        for aspect, groups in table.items()
    }
