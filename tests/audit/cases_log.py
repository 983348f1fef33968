"""How the services of the log itself are run, and which events each must leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.utils import timezone
from django_tenants.utils import schema_context

from apps.audit.begin_anew import do_begin_anew
from apps.audit.erasure import Selection, do_erase
from apps.audit.keys import do_rotate_log_key, keyring_of
from apps.audit.models import Log
from apps.tenants.alerts import Problem, raise_alert
from apps.tenants.exporting import file_of
from apps.tenants.models import AlertKind, AuditAlert, AuditExport, Operation, OperationKind, OperationState
from apps.tenants.services import audit_alerts, do_request_erasure, export_files, exports, looking
from kapok.ledger.signing import new_private_key
from tests.audit.world import Case, World

Act = Callable[[], object]


def _erase(world: World) -> Act:
    nobody = Selection(actor=f"end_user:{world.name('nobody')}")
    return partial(do_erase, world.logs["tenant"], nobody, actor=f"operator:{world.operator.pk}", reason="asked for")


def _rotate(world: World) -> Act:
    log, old, new = world.logs["tenant"], world.secret(new_private_key()), world.secret(new_private_key())
    keyring = keyring_of(new, old)
    assert keyring.former is not None
    with schema_context(log.schema):
        Log.objects.update_or_create(id=1, defaults={"origin": log.origin, "key": keyring.former.key.text})
    return partial(do_rotate_log_key, log, keyring, actor="system")


def _begin_anew(world: World) -> Act:
    log = world.logs["tenant"]
    with schema_context(log.schema):
        Log.objects.update_or_create(id=1, defaults={"origin": log.origin})
    return partial(do_begin_anew, log, actor=f"operator:{world.operator.pk}", reason="a backup was restored")


def _request(world: World) -> Act:
    Operation.objects.filter(kind=OperationKind.AUDIT_EXPORT).update(state=OperationState.SUCCEEDED)
    return partial(exports.do_request_export, world.of_tenant(), acting=world.operator)


def _made(world: World) -> AuditExport:
    """An export whose job has ended."""
    export = _request(world)()
    assert isinstance(export, AuditExport)
    Operation.objects.filter(kind=OperationKind.AUDIT_EXPORT).update(state=OperationState.SUCCEEDED)
    export.facts = {"first_size": 0, "last_size": 1, "entries": 1}
    export.expires_at = timezone.now() + timedelta(days=1)
    export.save()
    file_of(export).write_bytes(b"a bundle")
    return export


def _alert(world: World) -> AuditAlert:
    """An open alert about the tenant's log."""
    problem = Problem(world.of_tenant(), timezone.now(), f"made by {world.name()}")
    AuditAlert.objects.all().delete()
    return raise_alert(world.logs["tenant"].schema, AlertKind.SEALING_REFUSED, problem)


def _check(world: World) -> Act:
    Operation.objects.filter(kind=OperationKind.AUDIT_CHECK).update(state=OperationState.SUCCEEDED)
    return partial(audit_alerts.do_check_log, world.of_tenant(), acting=world.operator)


CASES = {
    "tenants.services.audit_alerts.do_acknowledge_alert": Case(
        lambda world: partial(audit_alerts.do_acknowledge_alert, _alert(world), acting=world.operator, note="seen"),
        ["tenant audit.alert_acknowledged"],
    ),
    "tenants.services.audit_alerts.do_check_log": Case(_check, ["tenant audit.check_requested"]),
    "audit.begin_anew.do_begin_anew": Case(_begin_anew, ["tenant audit.begun_anew"]),
    "audit.erasure.do_erase": Case(_erase, ["tenant audit.erased"]),
    "audit.keys.do_rotate_log_key": Case(_rotate, ["tenant audit.key_rotated"], "system"),
    "tenants.services.erasures.do_request_erasure": Case(
        lambda world: partial(
            do_request_erasure,
            world.of_tenant(),
            Selection(table="guests"),
            reason="asked for",
            confirm=world.tenant.slug,
            acting=world.operator,
        ),
        ["tenant audit.erasure_requested"],
    ),
    "tenants.services.exports.do_request_export": Case(_request, ["tenant audit.export_requested"]),
    "tenants.services.export_files.do_take_export": Case(
        lambda world: partial(export_files.do_take_export, _made(world), acting=world.operator),
        ["tenant audit.exported"],
    ),
    "tenants.services.export_files.do_delete_export": Case(
        lambda world: partial(export_files.do_delete_export, _made(world), acting=world.operator),
        ["tenant audit.export_deleted"],
    ),
    "tenants.services.looking.do_look": Case(
        lambda world: partial(
            looking.do_look, world.of_tenant(), acting=world.operator, what="row", filters={"table": world.name("t")}
        ),
        ["tenant audit.viewed"],
    ),
}
