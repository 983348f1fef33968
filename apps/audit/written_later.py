"""Writes what a Tally has counted, from the data plane's event loop. No Django.

In: the platform's pool. Out: rows of kapok_event; of a tenant without a log, in the control plane's. What cannot be
written now is kept for the next time.
"""

from __future__ import annotations

from uuid import UUID

import psycopg

from apps.audit.statement import INSERT
from apps.audit.tally import PUBLIC, TALLY, Pending, Tally
from kapok.execute.platform import Platform
from kapok.identifiers import quote_identifier, schema_name
from kapok.observe import Observation

_NUMBERED = INSERT % tuple(f"${number}" for number in range(1, 8)) + " returning position"


async def write_down(platform: Platform, tally: Tally = TALLY, *, everything: bool = False) -> None:
    """Write what is due. everything: also what would be counted further. Raises DATABASE_UNAVAILABLE."""
    pending = tally.take(everything=everything)
    try:
        while pending:
            await _write(platform, pending[0])
            pending.pop(0)
    finally:
        tally.put_back(pending)


async def _write(platform: Platform, event: Pending) -> None:
    try:
        await platform.fetch(_NUMBERED.replace("{schema}", quote_identifier(event.schema)), event.values)
    except psycopg.ProgrammingError:  # the tenant is gone, or an older Kapok's
        await platform.fetch(_NUMBERED.replace("{schema}", quote_identifier(PUBLIC)), event.values)


def tell_refusal(seen: Observation) -> None:
    """A sink of observations: requests that the permissions have refused."""
    if seen.error == "FORBIDDEN" and seen.role:
        TALLY.refused(
            "request.refused",
            schema_name(UUID(seen.tenant_id)),
            actor="",
            target=f"tenant:{seen.tenant_id}",
            address=seen.address,
            request_id=seen.request_id,
            role=seen.role,
            reason=seen.error,
        )
