"""Papers on the Source page: its own, and those about similar things."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from alignlab.services.similar_papers import MOST_PER_SOURCE, RankedPaper, RankedPapers, ranked_papers
from alignlab.services.subject import Subject
from alignlab.ui import words
from alignlab.ui.source_page.cached import papers_in_space
from alignlab.ui.source_page.text import plain


def show_papers(subject: Subject, *, on_pick: Callable[[int], None]) -> None:
    """Draw the summaries and both lists; `on_pick` is called with the source that a paper is about."""
    papers = ranked_papers(subject, papers_in_space(subject.workspace))
    summaries = subject.survey.summaries_of(subject.index)
    simulated = " (simulated)" if subject.survey.simulated else ""
    st.html(f'<h2 class="al-part">Papers{simulated}</h2>{own_papers(papers, summaries)}')
    if not papers.similar:
        return
    simulated = " (simulated)" if subject.workspace.survey.simulated else ""
    st.html(
        f'<h3 class="al-part">About similar things{simulated}</h3><div class="al-dim">Papers about other sources, '
        f"nearest to this spectrum in the aligned space first, at most {MOST_PER_SOURCE} per source.</div>"
    )
    survey = subject.workspace.survey
    with st.container(key="source_similar_papers", gap=None):
        for number, paper in enumerate(papers.similar):
            st.html(_paper(paper))
            if paper.about is not None:
                about = survey.sources.iloc[paper.about]
                more = f" and {paper.n_sources - 1:,} more" if paper.n_sources > 1 else ""
                what = str(about["source_class"]) or "not classified"
                st.button(
                    f"about {plain(str(about['name']))} · {plain(what)}{more}",
                    key=f"paper_about_{number}",
                    type="tertiary",
                    on_click=on_pick,
                    args=(paper.about,),
                )


def own_papers(papers: RankedPapers, summaries: dict[str, str]) -> str:
    """Summaries by aspect and the source's own papers, as HTML."""
    if not papers.own:
        return (
            '<div class="al-empty">No paper about it is known. What is written about similar things stands below.</div>'
        )
    parts = [
        f"<p><b>{escape(title)}.</b> {escape(summaries[aspect])}</p>"
        for aspect, title in words.ASPECT_LABELS.items()
        if aspect in summaries
    ]
    if absent := [title.lower() for aspect, title in words.ASPECT_LABELS.items() if aspect not in summaries]:
        parts.append(f'<p class="al-dim">Not discussed: {escape("; ".join(absent))}.</p>')
    first = papers.own[0]
    parts.append(
        f'<div class="al-dim">{words.plural(len(papers.own), "paper")} about it. By the spectrum alone the first is '
        f"no. {first.rank:,} of {papers.n_papers:,}.</div>"
    )
    return "".join([*parts, *map(_paper, papers.own)])


def _paper(paper: RankedPaper) -> str:
    mark = '<span class="al-own">own</span>' if paper.own else ""
    others = f" · discusses {paper.n_sources:,} sources" if paper.own and paper.n_sources > 1 else ""
    facts = (
        f"{paper.year} · {escape(paper.identifier)} · no. {paper.rank:,} · distance {1 - paper.similarity:.3f}{others}"
    )
    return (
        f'<details class="al-paper"><summary>{mark}{escape(paper.title)}<small>{facts}</small></summary>'
        f"<p>{escape(paper.abstract) or 'No abstract is known.'}</p></details>"
    )
