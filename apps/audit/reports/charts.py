"""The charts of a report: drawings that the PDF has as they are and the HTML as SVG.

In: counts. Out: reportlab `Drawing`s, and their SVG.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from html import escape

from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from apps.audit.reports.latin import latin
from kapok.ledger.entries import CHANGE, EVENT

#: Width of every drawing, in points: that of the PDF's text.
WIDTH = 500
#: Days that a chart shows one by one, and how many bars it has at most.
MAX_BARS = 62
_FONT, _SIZE = "Helvetica", 8
_KINDS = {CHANGE: HexColor(0x2F6F5E), EVENT: HexColor(0xD98E32)}
_BAR, _INK, _GRID = HexColor(0x2F6F5E), HexColor(0x33413C), HexColor(0xD5DDD9)
_TONES = {"ok": HexColor(0x2F6F5E), "refused": HexColor(0xD98E32), "failed": HexColor(0xB5443A)}


def activity(by_day: Mapping[tuple[str, str], int]) -> Drawing:
    """Entries over time, changes below events: a bar a day, or for several days where there are too many."""
    bars, step = _bars(by_day)
    height, left, bottom = 150, 40, 24
    drawing = Drawing(WIDTH, height)
    most = max((sum(values.values()) for _, values in bars), default=0)
    plot_height, plot_width = height - bottom - 22, WIDTH - left
    for part in (0, 0.5, 1):
        y = bottom + plot_height * part
        drawing.add(Line(left, y, WIDTH, y, strokeColor=_GRID, strokeWidth=0.5))
        drawing.add(_label(left - 4, y - 3, f"{round(most * part):,}", "end"))
    width = plot_width / max(len(bars), 1)
    for number, (_, values) in enumerate(bars):
        y = float(bottom)
        for kind, color in _KINDS.items():
            tall = plot_height * values[kind] / most if most else 0
            drawing.add(
                Rect(left + number * width + width * 0.1, y, width * 0.8, tall, fillColor=color, strokeColor=None)
            )
            y += tall
    for number in sorted({0, len(bars) // 2, len(bars) - 1}) if bars else ():
        anchor = "start" if number == 0 else "end" if number == len(bars) - 1 else "middle"
        x = {"start": left, "end": WIDTH, "middle": left + (number + 0.5) * width}[anchor]
        drawing.add(_label(x, 10, bars[number][0], anchor))
    for number, (kind, color) in enumerate(_KINDS.items()):
        drawing.add(Rect(left + number * 70, height - 12, 8, 8, fillColor=color, strokeColor=None))
        drawing.add(_label(left + number * 70 + 12, height - 11, f"{kind}s", "start"))
    if step > 1:
        drawing.add(_label(WIDTH, height - 11, f"a bar is {step} days", "end"))
    return drawing


def ranking(counts: Counter[str], most: int = 10) -> Drawing:
    """The names that occur most, with a bar each."""
    return _horizontal([(name, count, _BAR) for name, count in counts.most_common(most)])


def outcomes(counts: Counter[str]) -> Drawing:
    """How the events ended."""
    return _horizontal([(name, count, _TONES.get(name, _BAR)) for name, count in sorted(counts.items())])


def svg(drawing: Drawing, name: str, title: str) -> str:
    """The drawing as an <svg> element. name: unlike all others on the page, letters only. title: what it shows."""
    text: str = renderSVG.drawToString(drawing)
    element = text[text.index("<svg") :].replace("<title>...</title>", f"<title>{escape(title)}</title>", 1)
    element = element.replace("<desc>...</desc>", "", 1).replace("<svg ", '<svg role="img" ', 1)
    return (
        element.replace('id="clip"', f'id="{name}"').replace("url(#clip)", f"url(#{name})").replace(' id="group"', "")
    )


def _horizontal(rows: Sequence[tuple[str, int, Color]]) -> Drawing:
    row, left = 15, 190
    drawing = Drawing(WIDTH, max(len(rows), 1) * row + 4)
    most = max((count for _, count, _ in rows), default=0)
    if not rows:
        drawing.add(_label(0, 6, "Nothing in this range.", "start"))
    for number, (name, count, color) in enumerate(rows):
        y = drawing.height - (number + 1) * row
        long = (WIDTH - left - 60) * count / most
        drawing.add(_label(left - 6, y + 3, _short(name, left - 8), "end"))
        drawing.add(Rect(left, y + 1, max(long, 0.5), row - 5, fillColor=color, strokeColor=None))
        drawing.add(_label(left + max(long, 0.5) + 4, y + 3, f"{count:,}", "start"))
    return drawing


def _bars(by_day: Mapping[tuple[str, str], int]) -> tuple[list[tuple[str, Counter[str]]], int]:
    """(first day, entries by kind) for every so many days from the first to the last one, and how many those are."""
    dated = {day: date.fromisoformat(day) for day, _ in by_day}
    days = sorted(dated.values())
    if not days:
        return [], 1
    span = (days[-1] - days[0]).days + 1
    step = -(-span // MAX_BARS)
    bars: list[tuple[str, Counter[str]]] = [
        ((days[0] + timedelta(days=number * step)).isoformat(), Counter()) for number in range(-(-span // step))
    ]
    for (day, kind), count in by_day.items():
        bars[(dated[day] - days[0]).days // step][1][kind] += count
    return bars, step


def _label(x: float, y: float, text: str, anchor: str) -> String:
    return String(x, y, text, fontName=_FONT, fontSize=_SIZE, fillColor=_INK, textAnchor=anchor)


def _short(name: str, width: float) -> str:
    """The name as the font has it, cut so that it fits."""
    text = latin(name)
    while len(text) > 4 and stringWidth(text, _FONT, _SIZE) > width:
        text = text[:-4] + "..."
    return text
