"""The head of the Interpret page: name, verdict, how it was observed, how far the search for evidence is."""

from __future__ import annotations

from html import escape

from alignlab.services.interpret.contract import STAGES, Interpretation, Stage
from alignlab.services.interpret_report.words import facts_of, origin_of
from alignlab.services.subject import Subject
from alignlab.ui.interpret_page.cite import Citations
from alignlab.ui.interpret_page.skeleton import bars

_AT_WORK: dict[Stage, str] = {
    "place": "looking for its place",
    "classes": "asking for its class",
    "papers": "reading papers",
    "variables": "estimating its variables",
    "differences": "comparing it with its neighbours",
    "suggestions": "putting it together",
    "paragraph": "asking the language model",
}


def head_html(subject: Subject, interpretation: Interpretation | None, *, is_finished: bool) -> str:
    """The head as HTML, as far as it is known."""
    words = ["yours"] if subject.overlay else ["as if it were new"]
    words += ["simulated"] if subject.survey.simulated else []
    tags = "".join(f'<span class="al-word">{word}</span>' for word in words)
    name = f'<div class="al-source-name"><h1>{escape(subject.name)}</h1>{tags}</div>'
    if interpretation is None:
        return f"{name}{bars(2, tall=True)}{_at_work((), is_finished=is_finished)}"
    known = facts_of(interpretation)
    if subject.overlay is None:
        known += (("class in the survey", subject.source_class or "not classified"),)
    pairs = "".join(f"<div><small>{escape(label)}</small><span>{escape(text)}</span></div>" for label, text in known)
    verdict = Citations(interpretation).linked(interpretation.verdict)
    told = f'<p class="al-verdict">{verdict}</p>' if verdict else bars(1, tall=True)
    origin = origin_of(interpretation)
    warned = f'<p class="al-origin">{escape(origin)}</p>' if origin else ""
    at_work = _at_work(interpretation.stages, is_finished=is_finished)
    return f'{name}{told}<div class="al-facts">{pairs}</div>{warned}{at_work}'


def _at_work(stages: tuple[Stage, ...], *, is_finished: bool) -> str:
    coming = [stage for stage in STAGES if stage not in stages and stage != "paragraph"]
    if is_finished or not coming:
        return '<div class="al-at-work" role="status"></div>'
    n, of = len(STAGES) - 1 - len(coming), len(STAGES) - 1
    return f'<div class="al-at-work" role="status">{escape(_AT_WORK[coming[0]])}… <small>{n} of {of}</small></div>'
