"""Papers most aligned with the spectrum, with the sentences that carry the match."""

from __future__ import annotations

from html import escape

from alignlab.services.interpret.contract import Interpretation, PaperEvidence, QuotedSentence
from alignlab.services.paper_links import paper_link
from alignlab.ui import words
from alignlab.ui.interpret_page.cite import anchor, mark
from alignlab.ui.result_rows import similarity


def papers_html(interpretation: Interpretation) -> str:
    """The part as HTML."""
    papers = interpretation.papers
    if not papers:
        return (
            '<h2 class="al-part">Papers most aligned with its spectrum</h2>'
            '<div class="al-empty">The survey holds no papers to compare it with.</div>'
        )
    simulated = ' <span class="al-word">simulated</span>' if papers[0].is_simulated else ""
    return (
        f'<h2 class="al-part">Papers most aligned with its spectrum{simulated}</h2>'
        f"{''.join(map(_paper, papers))}"
        f'<p class="al-dim">Among {papers[0].n_papers:,} papers, by cosine similarity of spectrum and text in the '
        "shared space. The stronger a sentence is marked, the more it carries the match.</p>"
    )


def _paper(paper: PaperEvidence) -> str:
    link = "" if paper.is_simulated else paper_link(paper.identifier)
    identifier = escape(paper.identifier)
    if link:
        identifier = f'<a href="{escape(link)}" target="_blank" rel="noopener noreferrer">{identifier}</a>'
    about = f" · about {escape(', '.join(paper.source_names))}" if paper.source_names else ""
    quotes = "".join(_quote(sentence, paper) for sentence in paper.sentences)
    return (
        f'<article class="al-aligned" id="{anchor(paper.id)}"><h3>{escape(paper.title)} {mark(paper.id)}</h3>'
        f'<div class="al-dim">{paper.year} · {identifier}{about} {similarity("", paper.similarity)}</div>'
        f"{quotes}</article>"
    )


def _quote(sentence: QuotedSentence, paper: PaperEvidence) -> str:
    strongest = max(one.similarity for one in paper.sentences)
    strength = max(0.25, sentence.similarity / strongest) if strongest > 0 else 0.25
    aspect = words.ASPECT_LABELS.get(sentence.aspect, sentence.aspect)
    return (
        f'<blockquote><mark style="--strength: {strength:.2f}">{escape(sentence.text)}</mark> '
        f"<small>{escape(aspect)} {sentence.similarity:.2f}</small></blockquote>"
    )
