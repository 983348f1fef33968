"""report.pdf: the report on paper, with the same charts.

In: what was counted and the bundle's facts. Out: a PDF in the fonts every reader has.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from apps.audit.reports.charts import WIDTH
from apps.audit.reports.drawn import drawn
from apps.audit.reports.facts import CAVEAT, Facts
from apps.audit.reports.latin import latin
from apps.audit.reports.page import LISTED
from apps.audit.reports.tally import SectionTally, Tally

_INK, _GREY, _RULE = HexColor(0x22302B), HexColor(0x5A6A64), HexColor(0xD5DDD9)
_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=9, leading=12.5, textColor=_INK)
_SMALL = ParagraphStyle("small", _TEXT, fontSize=7.5, leading=9.5, splitLongWords=True)
_HEAD = ParagraphStyle("head", _SMALL, fontName="Helvetica-Bold")
_GREY_TEXT = ParagraphStyle("grey", _TEXT, textColor=_GREY, spaceAfter=6)
_TITLE = ParagraphStyle("title", _TEXT, fontName="Helvetica-Bold", fontSize=18, leading=22)
_SECTION = ParagraphStyle("section", _TEXT, fontName="Helvetica-Bold", fontSize=12, leading=15, spaceBefore=14)
_PART = ParagraphStyle("part", _TEXT, fontName="Helvetica-Bold", fontSize=9, spaceBefore=7, spaceAfter=2)
_CAVEAT = ParagraphStyle("caveat", _TEXT, backColor=HexColor(0xF6EFE3), borderPadding=6, spaceBefore=10, spaceAfter=12)
_MARGIN = (A4[0] - WIDTH) / 2
_RULES = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
)


def document(tally: Tally, facts: Facts) -> bytes:
    """The PDF."""
    title = latin(f"{tally.profile.title}: {facts.subject}")
    stream = io.BytesIO()
    SimpleDocTemplate(
        stream, pagesize=A4, leftMargin=_MARGIN - 6, rightMargin=_MARGIN - 6, topMargin=50, bottomMargin=50,
        title=title, author="Kapok", subject=latin(tally.profile.source),
    ).build(_content(tally, facts), onFirstPage=_footer(title), onLaterPages=_footer(title))  # fmt: skip
    return stream.getvalue()


def _content(tally: Tally, facts: Facts) -> list[Flowable]:
    profile = tally.profile
    content: list[Flowable] = [
        _paragraph(profile.title, _TITLE), _paragraph(profile.source, _GREY_TEXT), _paragraph(profile.about, _TEXT),
        _paragraph(CAVEAT, _CAVEAT), _table([(name, value) for name, value in facts.pairs(tally)], (80, WIDTH - 80)),
    ]  # fmt: skip
    for _, name, chart in drawn(tally):
        content.append(KeepTogether([_paragraph(name, _PART), chart]))
    for section in tally.sections:
        content += _section(section)
    if tally.unsorted:
        content.append(_paragraph(f"Everything else: {tally.unsorted:,}", _SECTION))
        content.append(_paragraph("Shown entries that no section takes; they stand in entries.jsonl.", _TEXT))
    return content


def _section(tally: SectionTally) -> list[Flowable]:
    section = tally.section
    head: list[Flowable] = [_paragraph(f"{section.title}: {tally.count:,}", _SECTION)]
    if section.controls:
        head.append(_table([(control.id, control.name) for control in section.controls], (110, WIDTH - 110)))
    head += [Spacer(0, 4), _paragraph(section.answers, _TEXT)]
    if not tally.count:
        return [KeepTogether([*head, _paragraph("Nothing in this range.", _GREY_TEXT)])]
    lines = [(str(one.index), one.at, one.what, one.outcome, one.actor) for one in tally.latest]
    return [
        KeepTogether(head),
        _paragraph("What", _PART), _table(_counts(tally.by_what.most_common(LISTED)), (WIDTH - 70, 70)),
        _paragraph("By whom", _PART), _table(_counts(tally.by_actor.most_common(LISTED)), (WIDTH - 70, 70)),
        _paragraph("The latest", _PART),
        _table(lines, (50, 118, 132, 60, 140), ("Entry", "When", "What", "Outcome", "By whom")),
    ]  # fmt: skip


def _counts(rows: Iterable[tuple[str, int]]) -> list[tuple[str, str]]:
    return [(name or "(nobody named)", f"{count:,}") for name, count in rows]


def _table(rows: Sequence[Sequence[str]], widths: Sequence[float], head: Sequence[str] = ()) -> Table:
    cells = [[_paragraph(cell, _SMALL) for cell in row] for row in rows]
    if head:
        cells.insert(0, [_paragraph(cell, _HEAD) for cell in head])
    # A selection of hundreds of names is longer than a page.
    return Table(cells, colWidths=widths, style=_RULES, repeatRows=int(bool(head)), splitInRow=1)


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    # A paragraph's text is markup.
    return Paragraph(escape(latin(text)), style)


def _footer(title: str) -> Any:
    def draw(canvas: Any, template: Any) -> None:
        canvas.saveState()
        canvas.setFont("Helvetica", 7.5)
        canvas.setFillColor(_GREY)
        canvas.drawString(_MARGIN, 30, title[:110])
        canvas.drawRightString(A4[0] - _MARGIN, 30, f"Page {template.page}")
        canvas.restoreState()

    return draw
