"""Keeps every log as it must be: triggers mended, quarters ended, old ones and old events removed once sealed.

In: nothing. Out: how many tenants were looked at; one log's failure does not stop the others, and the next round
tries again.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import Error, connection, transaction
from django.utils import timezone

from apps.audit.expiry import expire_events, month_of
from apps.audit.logs import CONTROL_LOG, log_of
from apps.audit.search_index import forget_expired, forget_facets
from apps.tenants.acting import SYSTEM
from apps.tenants.change_log import mend_change_log
from apps.tenants.fleet import MIGRATED_STATES
from apps.tenants.models import Tenant
from apps.tenants.names import Names
from apps.tenants.provisioning import names_of
from apps.tenants.statements import render
from apps.tenants.trail import record_on_tenant, target_of
from kapok.changelog.settings import parse_settings

log = logging.getLogger("kapok.tenants")

#: How long dropping waits for those who work with the log; they wait as long for it.
LOCK_TIMEOUT = "1s"

_PARTITION = re.compile(r"kapok_change_(\d{4})q([1-4])(?:_\d+)?")
_PARTITIONS = """
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = to_regclass(%s) order by c.relname
"""
# Everything in it has been sealed: nothing of it is at or after the log's horizon. A quarter that was ended late has
# something of the next.
_IS_DONE = """
    select exists (select from {schema}.kapok_log)
        and not exists (
            select from {schema}.{partition} where xid >= (select l.horizon from {schema}.kapok_log l) or at >= %s
        )
"""
_END_QUARTER = "select kapok_log.end_quarter(%s)"
_COUNT = "select count(*), max(at) from {schema}.{partition}"


def tend_change_logs() -> int:
    """One round over all tenants that have a schema."""
    tenants = Tenant.objects.filter(state__in=MIGRATED_STATES).select_related("project").order_by("slug")
    for tenant in tenants:
        try:
            _tend(tenant)
        except Error:
            log.exception("the change log of tenant %s could not be tended", tenant.slug)
    try:
        before = timezone.now() - timedelta(days=settings.KAPOK_AUDIT_DAYS)
        expire_events(CONTROL_LOG, month_of(before), target=f"log:{CONTROL_LOG.origin}")
    except Error:
        log.exception("events of the control plane could not be removed at the end of their time")
    return len(tenants)


def _tend(tenant: Tenant) -> None:
    names = names_of(tenant)
    mended = mend_change_log(names)
    if mended:
        log.warning("the change log of tenant %s had lost triggers or tables: %s", tenant.slug, sorted(mended))
    keep = timedelta(days=parse_settings(tenant.project.audit).retention_days)
    before = timezone.now() - keep
    ends = [_drop(tenant, names, partition, before) for partition in expired_partitions(names, before)]
    _forget_expired(names, [end for end in ends if end is not None])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        cursor.execute(_END_QUARTER, [names.schema])
    expire_events(log_of(names.schema), month_of(before), target=target_of(tenant))


def expired_partitions(names: Names, before: datetime) -> list[str]:
    """Tables of quarters that were over then, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS, [f'"{names.schema}".kapok_change'])
        found = [name for (name,) in cursor.fetchall()]
    return [name for name in found if _PARTITION.fullmatch(name) and end_of(name) <= before]


def end_of(partition: str) -> datetime:
    """When a table's quarter is over."""
    match = _PARTITION.fullmatch(partition)
    assert match is not None
    year, quarter = int(match[1]), int(match[2])
    return datetime(year + quarter // 4, quarter % 4 * 3 + 1, 1, tzinfo=UTC)


def _forget_expired(names: Names, ends: list[datetime]) -> None:
    """What was dropped is not found any more; in small transactions. What is left when this is killed is shown as
    expired until the next quarter is dropped."""
    with connection.cursor() as cursor:
        while ends and forget_expired(cursor, log_of(names.schema), max(ends)):
            pass
        if ends:
            forget_facets(cursor, log_of(names.schema))


@transaction.atomic
def _drop(tenant: Tenant, names: Names, partition: str, before: datetime) -> datetime | None:
    """Drop a quarter's table, unless something of it is not sealed yet, or newer. Out: before when all of it was."""
    with connection.cursor() as cursor:
        cursor.execute(render(_IS_DONE, schema=names.schema, partition=partition), [before])
        if not cursor.fetchone()[0]:
            return None
        cursor.execute(render(_COUNT, schema=names.schema, partition=partition))
        rows, newest = cursor.fetchone()
        cursor.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        cursor.execute(render("drop table {schema}.{partition}", schema=names.schema, partition=partition))
    # A quarter that was ended late has something of the next.
    end = end_of(partition) if newest is None else max(end_of(partition), newest + timedelta(microseconds=1))
    told = end.astimezone(UTC).isoformat().replace("+00:00", "Z")
    record_on_tenant("audit.expired", tenant, acting=SYSTEM, table="kapok_change", before=told, rows=rows)
    return end
