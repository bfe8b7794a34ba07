"""An interpretation as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from alignlab.literature.aspects import ASPECT_LABELS
from alignlab.services.interpret.contract import Interpretation, PaperEvidence
from alignlab.services.interpret_report.words import (
    facts_of,
    origin_of,
    probability_of,
    provenance_of,
    variable_words,
)

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$])")


def to_markdown(interpretation: Interpretation) -> str:
    """An interpretation as Markdown (CommonMark with tables), every figure with the id of its evidence.

    Parameters
    ----------
    interpretation : Interpretation
        Parts whose stages have not come are left out.
    """
    blocks = [
        f"# What is {plain(interpretation.source_name)}?",
        f"**{_cited(interpretation.verdict)}**" if interpretation.verdict else "",
        f"> {plain(origin)}" if (origin := origin_of(interpretation)) else "",
        " · ".join(f"{plain(name)}: {plain(text)}" for name, text in facts_of(interpretation)),
        *_place(interpretation),
        *_classes(interpretation),
        *_variables(interpretation),
        *_papers(interpretation),
        *_rest(interpretation),
        "---",
        plain(provenance_of(interpretation)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def plain(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _cited(text: str) -> str:
    """A sentence whose ids in brackets stay as they are."""
    return re.sub(r"\\\[(E\d+(?:[,;] E\d+)*)\\\]", r"[\1]", plain(text))


def _place(interpretation: Interpretation) -> Iterator[str]:
    place = interpretation.place
    if place is not None:
        yield "## Where it lies"
        yield f"{_cited(place.statement)} [{place.id}]"
    if interpretation.known_sources:
        yield "Known near its position:"
        yield _list(f"{_cited(known.statement)} [{known.id}]" for known in interpretation.known_sources)
    if interpretation.neighbours:
        rows = [
            (plain(n.name), plain(n.source_class) or "not classified", n.split, f"{n.similarity:.3f}", f"[{n.id}]")
            for n in interpretation.neighbours
        ]
        yield _table(("nearest by spectrum", "class", "split", "cosine similarity", ""), rows, numbers=(3,))


def _classes(interpretation: Interpretation) -> Iterator[str]:
    classes = interpretation.classes
    if classes is None:
        return
    yield "## What class it may be"
    yield f"{_cited(classes.statement)} [{classes.id}]"
    if classes.probabilities:
        rows = [
            (plain(found.name), probability_of(found), f"{found.n_neighbours:,}", f"{found.n_training:,}")
            for found in classes.probabilities
        ]
        yield _table(("class", "probability (95%)", "among neighbours", "in training"), rows, numbers=(1, 2, 3))
    yield plain(classes.method)
    if classes.left_out:
        yield f"Too few sources to be told: {plain(', '.join(classes.left_out))}."


def _variables(interpretation: Interpretation) -> Iterator[str]:
    if not interpretation.estimates:
        return
    yield "## Variables, measured and estimated"
    rows = []
    for comparison in interpretation.estimates:
        found = variable_words(comparison)
        cells = (found.label, found.unit, found.measured, found.estimated, found.wide, found.agreement)
        rows.append((*map(plain, cells), f"[{comparison.id}]" if comparison.id else ""))
    heads = ("variable", "unit", "measured (68%)", "estimated (68%)", "estimated, 95%", "", "")
    yield _table(heads, rows, numbers=(2, 3, 4))
    if interpretation.estimates_from:
        yield plain(interpretation.estimates_from)


def _papers(interpretation: Interpretation) -> Iterator[str]:
    if interpretation.papers:
        simulated = " (simulated)" if interpretation.papers[0].is_simulated else ""
        yield f"## Papers most aligned with its spectrum{simulated}"
        for paper in interpretation.papers:
            yield from _paper(paper)


def _paper(paper: PaperEvidence) -> Iterator[str]:
    about = f" About {plain(', '.join(paper.source_names))}." if paper.source_names else ""
    yield f"### {plain(paper.title)} [{paper.id}]"
    yield (
        f"{paper.year} · {plain(paper.identifier)} · cosine similarity {paper.similarity:.3f} · "
        f"no. {paper.rank:,} of {paper.n_papers:,}.{about}"
    )
    for sentence in paper.sentences:
        aspect = ASPECT_LABELS.get(sentence.aspect, sentence.aspect)
        yield f"> {plain(sentence.text)} ({plain(aspect)}, {sentence.similarity:.3f})"


def _rest(interpretation: Interpretation) -> Iterator[str]:
    if interpretation.differences:
        yield "## What distinguishes it from its neighbours"
        yield _list(f"{_cited(found.statement)} [{found.id}]" for found in interpretation.differences)
    if interpretation.suggestions:
        yield "## What to look at next"
        yield _list(f"{_cited(s.text)}{_because(s.because)}" for s in interpretation.suggestions)
    paragraph = interpretation.paragraph
    if paragraph is not None and paragraph.text:
        yield f"## Summary by {plain(paragraph.model)}, from the evidence below alone"
        yield _cited(paragraph.text)
    elif interpretation.digest:
        yield "## Digest"
        yield from (f"**{plain(s.title)}.** {_cited(' '.join(s.sentences))}" for s in interpretation.digest)
    if paragraph is not None and paragraph.problem:
        yield f"No paragraph by {plain(paragraph.model)}: {plain(paragraph.problem)}"
    if remarks := (*interpretation.limits, *interpretation.notes):
        yield "## Limits"
        yield _list(_cited(remark) for remark in remarks)
    if interpretation.evidence:
        yield "## Evidence"
        yield _list(f"**{item.id}** {_cited(item.statement)}" for item in interpretation.evidence)


def _because(ids: Sequence[str]) -> str:
    return f" [{', '.join(ids)}]" if ids else ""


def _list(items: Iterator[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int]) -> str:
    rule = ["---:" if column in numbers else "---" for column in range(len(heads))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))
