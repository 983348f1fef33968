"""Looking into a log: its entries by who, what, when and where; one entry; the history of one row.

In: a LogRef and a `Filter`. Out: `Page`s of `EntryView`s, with as many values as a page has room for. A convenience:
what proves something is the export. The search table only says where to look; every value that is shown or looked for
is read from the rows themselves.
"""

from apps.audit.browse.entries import find_entries, get_entry
from apps.audit.browse.facets import Facets, facets_of
from apps.audit.browse.filters import Filter, parse_key
from apps.audit.browse.fitting import json_of
from apps.audit.browse.history import history_of_row
from apps.audit.browse.pieces import Piece, get_piece, pieces_of
from apps.audit.browse.views import Difference, EntryView, Page, Value, readable

__all__ = [
    "Difference",
    "EntryView",
    "Facets",
    "Filter",
    "Page",
    "Piece",
    "Value",
    "facets_of",
    "find_entries",
    "get_entry",
    "get_piece",
    "history_of_row",
    "json_of",
    "parse_key",
    "pieces_of",
    "readable",
]
