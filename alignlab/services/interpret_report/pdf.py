"""An interpretation as PDF: two or three pages for people, with figures as vector drawings."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from html import escape

from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BalancedColumns,
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from alignlab.literature.aspects import ASPECT_LABELS
from alignlab.services.distributions import VariableDistributions
from alignlab.services.interpret.contract import Interpretation, PaperEvidence
from alignlab.services.interpret_report.figures import (
    MOST_CLASSES,
    class_drawing,
    map_drawing,
    spectrum_drawing,
    variable_rows,
)
from alignlab.services.interpret_report.plot import ACCENT, FAINT, HAIR, INK
from alignlab.services.interpret_report.typeface import BOLD, REGULAR, register_typeface
from alignlab.services.interpret_report.words import (
    CITATION,
    facts_of,
    origin_of,
    probability_of,
    provenance_of,
)
from alignlab.services.map_place import map_place
from alignlab.services.subject import Subject

_MARGIN, _FOOT = 17 * mm, 20 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_MAP, _SPECTRUM = 176.0, 262.0
_ACCENT, _FAINT = (colour.hexval().replace("0x", "#") for colour in (ACCENT, FAINT))


def _style(size: float, leading: float, **more: object) -> ParagraphStyle:
    name = f"s{size}-{leading}-{sorted(more)}"
    settings = {"fontName": REGULAR, "textColor": INK, "alignment": TA_LEFT, **more}
    return ParagraphStyle(name, fontSize=size, leading=leading, **settings)


_TITLE = _style(22, 26, fontName=BOLD)
_VERDICT = _style(12.5, 16.5, spaceAfter=3)
_PART = _style(11.5, 14, fontName=BOLD, spaceBefore=9, spaceAfter=3)
_BODY = _style(9, 12, spaceAfter=3)
_QUIET = _style(8, 10.5, textColor=FAINT, spaceAfter=2)
_ITEM = _style(9, 12, spaceAfter=2, leftIndent=9, bulletIndent=0)
_QUOTE = _style(8.6, 11.4, leftIndent=9, borderPadding=0, spaceAfter=2)
_EVIDENCE = _style(6.8, 8.4, spaceAfter=0.8, leftIndent=17, bulletFontName=BOLD, bulletFontSize=6.8)


def to_pdf(interpretation: Interpretation, subject: Subject) -> bytes:
    """An interpretation as PDF; the same one gives the same bytes.

    Parameters
    ----------
    interpretation : Interpretation
        Parts whose stages have not come are left out.
    subject : Subject
        The source that it is of: its spectrum and its place are drawn.

    Raises
    ------
    MissingArtefactError
        If the typeface is not there.
    """
    register_typeface()
    buffer = io.BytesIO()
    document = BaseDocTemplate(
        buffer, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_FOOT,
        title=f"What is {interpretation.source_name}?", author="alignlab", subject=provenance_of(interpretation),
        creator=f"alignlab {interpretation.provenance.version}", invariant=1,
    )  # fmt: skip
    frame = Frame(_MARGIN, _FOOT, _WIDTH, A4[1] - _MARGIN - _FOOT, 0, 0, 0, 0, id="page")
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=lambda page, _: _furniture(page, interpretation)))
    document.build(list(_story(interpretation, subject)))
    return buffer.getvalue()


def _story(interpretation: Interpretation, subject: Subject) -> Iterator[Flowable]:
    yield Paragraph(_text(interpretation.source_name), _TITLE)
    if facts := facts_of(interpretation):
        yield Paragraph(_text(" · ".join(f"{value} {name}" for name, value in facts)), _QUIET)
    if interpretation.verdict:
        yield Spacer(1, 4)
        yield Paragraph(_linked(interpretation.verdict), _VERDICT)
    if origin := origin_of(interpretation):
        yield Paragraph(f"<b>Simulated.</b> {_text(origin)}", _QUIET)
    yield from _place(interpretation, subject)
    drawing = spectrum_drawing(subject, interpretation.neighbours, width=_WIDTH, height=_SPECTRUM)
    yield KeepTogether([_heading("Its spectrum beside the nearest ones"), drawing])
    yield from _variables(interpretation, subject)
    yield from _papers(interpretation)
    yield from _rest(interpretation)


def _place(interpretation: Interpretation, subject: Subject) -> Iterator[Flowable]:
    """The map on the left; on the right what is said of the place, the neighbours and the classes."""
    place = interpretation.place
    if place is None:
        return
    on_map = map_place(subject)
    told: list[Flowable] = [_heading("Where it lies", above=0)]
    told.append(Paragraph(f"{_linked(place.statement)} {_anchor(place.id)}", _BODY))
    told += [Paragraph(f"{_linked(k.statement)} {_anchor(k.id)}", _BODY) for k in interpretation.known_sources]
    told += [_neighbours(interpretation)]
    classes = interpretation.classes
    if classes is not None:
        told.append(_heading("What class it may be"))
        told.append(Paragraph(f"{_linked(classes.statement)} {_anchor(classes.id)}", _BODY))
        if classes.probabilities:
            told.append(class_drawing(classes, width=_WIDTH - _MAP - 14))
        others = "; ".join(f"{found.name} {probability_of(found)}" for found in classes.probabilities[MOST_CLASSES:])
        told.append(Paragraph(_text(f"{others}. {classes.method}" if others else classes.method), _QUIET))
    caption = f"{on_map.label} of all {len(on_map.x):,} sources; star: this source, rings: its nearest."
    picture = [map_drawing(on_map, interpretation, size=_MAP), Paragraph(_text(caption), _QUIET)]
    table = Table([[picture, told]], colWidths=[_MAP + 14, _WIDTH - _MAP - 14])
    table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_tight()])
    yield Spacer(1, 6)
    yield table


def _neighbours(interpretation: Interpretation) -> Table:
    rows = [
        [
            Paragraph(f"{_text(n.name)} {_anchor(n.id)}", _BODY),
            Paragraph(_text(n.source_class or "not classified"), _BODY),
            Paragraph(f"{n.similarity:.3f}", _style(9, 12, alignment=2)),
        ]
        for n in interpretation.neighbours
    ]
    width = _WIDTH - _MAP - 14
    heads = [Paragraph(words, _QUIET) for words in ("nearest by spectrum", "class")]
    heads.append(Paragraph("similarity", _style(8, 10.5, textColor=FAINT, alignment=2)))
    table = Table([heads, *rows], colWidths=[0.54 * width, 0.28 * width, 0.18 * width])
    table.setStyle([("LINEABOVE", (0, 1), (-1, -1), 0.4, HAIR), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), *_tight()])
    return table


def _variables(interpretation: Interpretation, subject: Subject) -> Iterator[Flowable]:
    if not interpretation.estimates:
        return
    spread = VariableDistributions(subject.workspace.survey)
    rows = variable_rows(interpretation.estimates, spread, width=_WIDTH)
    title = [_heading("Variables, measured and estimated")]
    table = Table([[title], *([row] for row in rows)], colWidths=[_WIDTH], repeatRows=2)
    table.setStyle(_tight())
    # Begun on this page only where most of it has room.
    yield CondPageBreak(0.6 * sum(row.height for row in rows))
    yield table
    key = "Grey: all sources of the survey. ● measured from the file, ○ estimated from where the spectrum lies."
    yield Paragraph(_text(f"{key} {interpretation.estimates_from}"), _QUIET)


def _papers(interpretation: Interpretation) -> Iterator[Flowable]:
    if not interpretation.papers:
        return
    simulated = " (simulated)" if interpretation.papers[0].is_simulated else ""
    heading = _heading(f"Papers most aligned with its spectrum{simulated}")
    for number, paper in enumerate(interpretation.papers):
        yield KeepTogether([*([] if number else [heading]), *_paper(paper), Spacer(1, 3)])


def _paper(paper: PaperEvidence) -> Iterator[Flowable]:
    about = f" · about {', '.join(paper.source_names)}" if paper.source_names else ""
    yield Paragraph(f"<b>{_text(paper.title)}</b> {_anchor(paper.id)}", _BODY)
    facts = f"{paper.year} · {paper.identifier} · similarity {paper.similarity:.3f} · no. {paper.rank:,} of "
    yield Paragraph(_text(f"{facts}{paper.n_papers:,}{about}"), _QUIET)
    for sentence in paper.sentences:
        aspect = ASPECT_LABELS.get(sentence.aspect, sentence.aspect)
        how = _text(f"{aspect}, {sentence.similarity:.3f}")
        yield Paragraph(f'“{_text(sentence.text)}” <font color="{_FAINT}" size="7.4">{how}</font>', _QUOTE)


def _rest(interpretation: Interpretation) -> Iterator[Flowable]:
    differences = [f"{_linked(found.statement)} {_anchor(found.id)}" for found in interpretation.differences]
    yield from _list("What distinguishes it from its neighbours", differences)
    because = [(s, f" [{', '.join(s.because)}]" if s.because else "") for s in interpretation.suggestions]
    yield from _list("What to look at next", [_linked(s.text + ids) for s, ids in because])
    paragraph = interpretation.paragraph
    if paragraph is not None and paragraph.text:
        yield _heading(f"Summary by {paragraph.model}, from the evidence alone")
        yield Paragraph(_linked(paragraph.text), _BODY)
    elif interpretation.digest:
        yield _heading("Digest")
        for section in interpretation.digest:
            yield Paragraph(f"<b>{_text(section.title)}.</b> {_linked(' '.join(section.sentences))}", _BODY)
    yield from _list("Limits", [_linked(words) for words in (*interpretation.limits, *interpretation.notes)])
    if interpretation.evidence:
        yield _heading("Evidence")
        items = [
            Paragraph(f'<a name="{item.id}"/>{_linked(item.statement)}', _EVIDENCE, bulletText=item.id)
            for item in interpretation.evidence
        ]
        yield BalancedColumns(items, nCols=2, innerPadding=14)


def _list(title: str, items: Sequence[str]) -> Iterator[Flowable]:
    for number, item in enumerate(items):
        paragraph = Paragraph(f"<bullet>·</bullet>{item}", _ITEM)
        yield KeepTogether([_heading(title), paragraph]) if number == 0 else paragraph


def _heading(words: str, *, above: float | None = None) -> Paragraph:
    return Paragraph(_text(words), _PART if above is None else _style(11.5, 14, fontName=BOLD, spaceAfter=3))


def _text(words: str) -> str:
    """A text that reportlab's markup shows as it is."""
    return escape(" ".join(words.split()), quote=False)


def _linked(words: str) -> str:
    """A sentence whose ids lead to the list of evidence."""
    return CITATION.sub(lambda found: f"[{re.sub(r'E[0-9]+', _link, found[1])}]", _text(words))


def _link(found: re.Match[str]) -> str:
    return f'<a href="#{found[0]}" color="{_ACCENT}">{found[0]}</a>'


def _anchor(evidence_id: str) -> str:
    """An id, small, that leads to its entry in the list of evidence."""
    return f'<a href="#{evidence_id}" color="{_ACCENT}"><font size="7">{evidence_id}</font></a>' if evidence_id else ""


def _tight() -> list[tuple]:
    sides = ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")
    return [(side, (0, 0), (-1, -1), 0) for side in sides]


def _furniture(page: Canvas, interpretation: Interpretation) -> None:
    """What stands on every page: the program, the word for what is simulated, where the figures come from."""
    top = A4[1] - _MARGIN + 10
    page.setFillColor(FAINT)
    page.setFont(BOLD, 8)
    page.drawString(_MARGIN, top, "alignlab")
    page.setFont(REGULAR, 8)
    word = interpretation.provenance.survey_origin
    survey = interpretation.provenance.survey_name
    page.drawRightString(A4[0] - _MARGIN, top, f"interpretation · survey {survey}, {word}")
    page.setStrokeColor(HAIR)
    page.setLineWidth(0.5)
    page.line(_MARGIN, _FOOT - 8, A4[0] - _MARGIN, _FOOT - 8)
    page.setFont(REGULAR, 6.8)
    page.drawString(_MARGIN, _FOOT - 18, provenance_of(interpretation))
    page.drawRightString(A4[0] - _MARGIN, _FOOT - 18, f"{page.getPageNumber()}")
