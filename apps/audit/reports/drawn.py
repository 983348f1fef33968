"""Which charts a report has. In: what was counted. Out: (name, title, drawing) for each."""

from __future__ import annotations

from reportlab.graphics.shapes import Drawing

from apps.audit.reports.charts import activity, outcomes, ranking
from apps.audit.reports.tally import Tally


def drawn(tally: Tally) -> list[tuple[str, str, Drawing]]:
    """The charts, in order."""
    return [
        ("activity", "Shown entries by day", activity(tally.by_day)),
        ("acts", "What happened most", ranking(tally.by_what)),
        ("actors", "Who did most", ranking(tally.by_actor)),
        ("outcomes", "How events ended", outcomes(tally.by_outcome)),
        ("sources", "Where changes came from", ranking(tally.by_source)),
    ]
