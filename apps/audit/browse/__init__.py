"""Looking into a log: its entries by who, what, when and where; one entry; the history of one row.

In: a LogRef and a `Filter`. Out: `Page`s of `EntryView`s. A convenience: what proves something is the export. The
search table only says where to look; every value that is shown or looked for is read from the rows themselves.
"""

from apps.audit.browse.filters import Filter, parse_key
from apps.audit.browse.views import Difference, EntryView, Page, Value, readable

__all__ = ["Difference", "EntryView", "Filter", "Page", "Value", "parse_key", "readable"]
