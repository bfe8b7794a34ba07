"""What distinguishes the source, what to look at next, all of it in sentences, and the limits."""

from __future__ import annotations

from html import escape

from alignlab.services.interpret.contract import Interpretation
from alignlab.ui.interpret_page.cite import Citations, anchor, mark


def differences_html(interpretation: Interpretation) -> str:
    """What distinguishes it from its neighbours, as HTML."""
    cite = Citations(interpretation)
    items = "".join(
        f'<li id="{anchor(found.id)}">{cite.linked(found.statement)} {mark(found.id)}</li>'
        for found in interpretation.differences
    )
    body = f'<ul class="al-found">{items}</ul>' if items else "<p>Nothing that its errors do not explain.</p>"
    return f'<h2 class="al-part">What distinguishes it from its neighbours</h2>{body}'


def suggestions_html(interpretation: Interpretation) -> str:
    """What to look at next, as HTML."""
    cite = Citations(interpretation)
    items = "".join(
        f"<li>{cite.linked(suggestion.text)} {cite.because(suggestion.because)}</li>"
        for suggestion in interpretation.suggestions
    )
    return f'<h2 class="al-part">What to look at next</h2><ol class="al-next">{items}</ol>' if items else ""


def paragraph_html(interpretation: Interpretation) -> str:
    """A language model's paragraph, or why there is none, as HTML."""
    paragraph = interpretation.paragraph
    if paragraph is None:
        return ""
    title = f'<h2 class="al-part">In words <span class="al-word">{escape(paragraph.model)}</span></h2>'
    if not paragraph.text:
        return f'{title}<p class="al-dim">There is no paragraph. {escape(paragraph.problem)}</p>'
    note = (
        "Written from the evidence on this page alone; every id that it cites exists, and the figures that it quotes "
        "stand there."
    )
    told = Citations(interpretation).linked(paragraph.text)
    return f'{title}<p class="al-told">{told}</p><p class="al-dim">{note}</p>'


def digest_html(interpretation: Interpretation) -> str:
    """All of it in sentences, which no language model has written, as HTML."""
    cite = Citations(interpretation)
    sections = "".join(
        f"<p><b>{escape(section.title)}.</b> {cite.linked(' '.join(section.sentences))}</p>"
        for section in interpretation.digest
    )
    return f'<h2 class="al-part">Digest</h2><div class="al-digest">{sections}</div>' if sections else ""


def limits_html(interpretation: Interpretation) -> str:
    """What one must keep in mind, as HTML."""
    cite = Citations(interpretation)
    items = "".join(f"<li>{cite.linked(words)}</li>" for words in (*interpretation.limits, *interpretation.notes))
    return f'<h2 class="al-part">Limits</h2><ul class="al-found">{items}</ul>' if items else ""


def evidence_html(interpretation: Interpretation) -> str:
    """All that may be cited, as HTML; those items that no other part shows are found here when they are asked for."""
    elsewhere = _shown_elsewhere(interpretation)
    items = "".join(
        f"<li{_anchored(item.id, elsewhere)}><b>{item.id}</b> {escape(item.statement)}</li>"
        for item in interpretation.evidence
    )
    if not items:
        return ""
    n = len(interpretation.evidence)
    return f'<details class="al-all-evidence"><summary>All evidence ({n})</summary><ol>{items}</ol></details>'


def _shown_elsewhere(interpretation: Interpretation) -> set[str]:
    several = (
        interpretation.neighbours, interpretation.known_sources, interpretation.papers, interpretation.estimates,
        interpretation.differences,
    )  # fmt: skip
    one = [part.id for part in (interpretation.place, interpretation.classes) if part is not None]
    return {item.id for items in several for item in items} | set(one)


def _anchored(evidence_id: str, elsewhere: set[str]) -> str:
    return "" if evidence_id in elsewhere else f' id="{anchor(evidence_id)}"'
