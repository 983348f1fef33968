"""The tables of a log: what happened, and the Merkle log it is sealed in."""

from apps.audit.models.events import Event, Outcome
from apps.audit.models.ledger import Checkpoint, Entry, Log, Tile
from apps.audit.models.search import Facet, Search

__all__ = ["Checkpoint", "Entry", "Event", "Facet", "Log", "Outcome", "Search", "Tile"]
