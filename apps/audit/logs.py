"""Which log: the control plane's in `public`, or one in a tenant's schema.

In: a schema's name. Out: `LogRef`. Tenants are not known here; apps/tenants says which schema is whose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from django.conf import settings

from kapok.identifiers import quote_identifier

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class LogRef:
    """One Merkle log. schema: where its tables are. origin: what its checkpoints call it when it begins (C2SP
    tlog-checkpoint); from then on the row in kapok_log counts, since a platform may get another name."""

    schema: str
    origin: str

    def sql(self, statement: LiteralString) -> str:
        """A statement with the log's quoted schema in the place of `{schema}`."""
        return statement.replace("{schema}", quote_identifier(self.schema))


def log_of(schema: str) -> LogRef:
    """The log whose tables are in this schema."""
    name = "control" if schema == PUBLIC else schema
    return LogRef(schema, f"{settings.KAPOK_BASE_DOMAIN}/log/{name}")


CONTROL_LOG = log_of(PUBLIC)
