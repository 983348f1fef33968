"""Which charts a report has. In: what was counted. Out: (name, title, drawing) for each."""

from __future__ import annotations

from reportlab.graphics.shapes import Drawing

from apps.audit.reports.charts import activity, outcomes, ranking
from apps.audit.reports.tally import Tally, counted
from kapok.ledger.entries import CHANGE, EVENT


def drawn(tally: Tally) -> list[tuple[str, str, Drawing]]:
    """The charts, in order."""
    acts = counted((act.what, act.count) for act in tally.acts)
    actors = counted(pair for act in tally.acts for pair in act.by_actor.items())
    return [
        ("activity", "Shown entries by day", activity(tally.days)),
        ("acts", "What happened most", ranking(acts)),
        ("actors", "Who did most", ranking(actors)),
        ("outcomes", "How events ended", outcomes(tally.outcomes(EVENT))),
        ("sources", "Where changes came from", ranking(tally.outcomes(CHANGE))),
    ]
