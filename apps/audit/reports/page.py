"""report.html: the report as one page that needs nothing else, loads nothing and runs nothing.

In: what was counted and the bundle's facts. Out: the page.
"""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from apps.audit.reports.charts import svg
from apps.audit.reports.drawn import drawn
from apps.audit.reports.facts import CAVEAT, Facts
from apps.audit.reports.tally import SectionTally, Tally

#: Names that a section lists, most frequent first.
LISTED = 12


def page(tally: Tally, facts: Facts) -> bytes:
    """The page, in UTF-8."""
    context = {
        "profile": tally.profile,
        "facts": facts,
        "caveat": CAVEAT,
        "pairs": facts.pairs(tally),
        "charts": [{"title": title, "svg": _inline(name, title, chart)} for name, title, chart in drawn(tally)],
        "sections": [_section(section) for section in tally.sections],
        "unsorted": tally.unsorted,
    }
    return render_to_string("audit/report.html", context).encode()


def _inline(name: str, title: str, chart: Any) -> SafeString:
    # The drawing's own writer escapes the texts in it.
    return mark_safe(svg(chart, name, title))


def _section(tally: SectionTally) -> dict[str, Any]:
    return {
        "section": tally.section,
        "count": tally.count,
        "whats": tally.by_what.most_common(LISTED),
        "actors": tally.by_actor.most_common(LISTED),
        "latest": tally.latest,
    }
