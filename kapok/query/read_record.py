"""What is written down of a read, in the transaction of the read: parameters of the tenant's `kapok_read`.

In: what is known when an operation is compiled, and who runs it. Out: what is sent after its statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson

from kapok.identifiers import QualifiedName

#: Writes the record; apps/audit/sql/read_records.sql knows this text. Parameters: details, target, address, how.
RECORD = "select " + QualifiedName(None, "kapok_read").sql() + "($1::jsonb,$2::text,$3::text,$4::text)"


class How(StrEnum):
    """How rows were read: by a query, by one that has kept which rows it gives out, by a mutation."""

    QUERY = "query"
    KEYS = "keys"
    MUTATION = "mutation"


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """What is the same for each run of an operation. details: JSON, of the event."""

    details: bytes
    how: How

    def parameters(self, tenant_id: str, address: str) -> list[bytes]:
        """Of RECORD. address: where the request came from."""
        return [self.details, b"tenant:" + tenant_id.encode(), address.encode(), self.how.encode()]


def details_of(tables: Sequence[str], role: str, operation: str, document: str) -> bytes:
    """An event's. operation: its name, or "". document: the SHA-256 of its text, in hex."""
    named = {"operation": operation} if operation else {}
    return orjson.dumps({"tables": list(tables), "role": role, "document": document, **named})
