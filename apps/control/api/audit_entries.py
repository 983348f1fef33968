"""/audit/entries and /audit/rows: looking into an audit trail. Each look is itself recorded in it.

A convenience: what proves something is an export. Values are JSON exactly as they were sealed: `10.50` keeps its zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import orjson
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.audit.browse import (
    EntryView,
    Filter,
    Page,
    Value,
    find_entries,
    get_entry,
    get_piece,
    history_of_row,
    parse_key,
)
from apps.audit.browse.entries import MAX_SIZE
from apps.audit.browse.filters import MAX_TEXT, MAX_VALUES
from apps.audit.logs import LogRef
from apps.control.api.audit_log import ChosenLog, chosen_tenant
from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.openapi import describe
from apps.tenants.models import Tenant
from apps.tenants.services import do_look
from apps.tenants.trail import require_log

#: Names of the query's parameters that are called otherwise in a Filter.
_FIELDS = {
    "actor": "who", "table": "tables", "op": "ops", "action": "actions", "target": "target", "from": "since",
    "to": "until", "outcome": "outcomes", "source": "sources", "kind": "kinds", "requestId": "request_id",
}  # fmt: skip


class ExactRenderer(BaseRenderer):
    """JSON in which fragments stand as they are."""

    media_type = "application/json"
    format = "json"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        """The text."""
        return b"" if data is None else orjson.dumps(data)


class PageQuery(ChosenLog):
    """Which page of which log. cursor: that of the page before; left out, the newest."""

    cursor = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)
    pageSize = serializers.IntegerField(required=False, default=50, min_value=1, max_value=MAX_SIZE)


def _texts() -> Any:
    text = serializers.CharField(max_length=MAX_TEXT)
    return serializers.ListField(required=False, child=text, max_length=MAX_VALUES)


class EntriesQuery(PageQuery):
    """What to look for; all that is given must fit. table, op, source (of changes), action, outcome (of events) and
    kind may be repeated. key: of the one table named, `id=7` or JSON. from, to: times, `to` not included."""

    actor = serializers.CharField(required=False, max_length=MAX_TEXT)
    key = serializers.CharField(required=False, max_length=MAX_TEXT)
    target = serializers.CharField(required=False, max_length=MAX_TEXT)
    requestId = serializers.CharField(required=False, max_length=MAX_TEXT)
    table, op, action = _texts(), _texts(), _texts()
    outcome, kind = _texts(), _texts()

    def get_fields(self) -> dict[str, Any]:
        """With `from` and `source`, whose names Python or the framework has taken."""
        times = {name: serializers.DateTimeField(required=False) for name in ("from", "to")}
        return {**super().get_fields(), **times, "source": _texts()}


class RowQuery(PageQuery):
    """The row: its table and its primary key, `id=7` or JSON."""

    table = serializers.CharField(max_length=MAX_TEXT)
    key = serializers.CharField(max_length=MAX_TEXT)


class EntrySerializer(serializers.Serializer[Any]):
    """An entry. kind: change or event. index: null while it is not sealed. sealed: the size of the first checkpoint
    above it. expired: its row is older than the time it is kept for, and gone; missing: gone without a reason. intact:
    whether the row is what was sealed. erased: paths of values that are gone for good. cut: paths of values that are
    too large to be shown here (`after.*`: of all); intact is null then. changed: columns that differ."""

    index = serializers.IntegerField(allow_null=True)
    position = serializers.IntegerField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    what = serializers.CharField()
    actor = serializers.CharField()
    sealed = serializers.IntegerField(allow_null=True)
    expired = serializers.BooleanField()
    missing = serializers.BooleanField()
    intact = serializers.BooleanField(allow_null=True)
    erased = serializers.ListField(child=serializers.CharField())
    cut = serializers.ListField(child=serializers.CharField())
    sessionId = serializers.CharField()
    address = serializers.CharField()
    target = serializers.CharField()
    requestId = serializers.CharField()
    table = serializers.CharField()
    op = serializers.CharField()
    key = serializers.DictField(allow_null=True)
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    changed = serializers.ListField(child=serializers.CharField())
    action = serializers.CharField()
    number = serializers.IntegerField(allow_null=True)
    outcome = serializers.CharField()
    details = serializers.DictField()

    def get_fields(self) -> dict[str, Any]:
        """With `source`, whose name the framework has taken."""
        return {**super().get_fields(), "source": serializers.CharField()}


class ValueSerializer(serializers.Serializer[Any]):
    """A value, and whether it is there, absent, erased, redacted or cut."""

    state = serializers.CharField()
    value = serializers.JSONField(allow_null=True)


class DifferenceSerializer(serializers.Serializer[Any]):
    """A column before and after."""

    column = serializers.CharField()
    changed = serializers.BooleanField()
    before = ValueSerializer()
    after = ValueSerializer()


class EntryDetailSerializer(EntrySerializer):
    """With every column before and after."""

    differences = DifferenceSerializer(many=True)


class PieceQuery(ChosenLog):
    """Which piece of which value: `after.body`."""

    path = serializers.CharField(max_length=MAX_TEXT)
    piece = serializers.IntegerField(required=False, default=1, min_value=1, max_value=10_000)


class PieceSerializer(serializers.Serializer[Any]):
    """text: a piece of the value's JSON, as it was sealed. characters: of the whole value, in so many pieces."""

    path = serializers.CharField()
    text = serializers.CharField()
    piece = serializers.IntegerField()
    pieces = serializers.IntegerField()
    characters = serializers.IntegerField()


class EntryPageSerializer(serializers.Serializer[Any]):
    """Entries, newest first. waiting: on a first page, what is not sealed or not searchable yet; waitingMore: there is
    more of that. cursor: of the next page, "" at the end. searchedTo: so far back was searched without filling the
    page; the cursor goes on. indexed, size: so many entries of all are searchable."""

    entries = EntrySerializer(many=True)
    waiting = EntrySerializer(many=True)
    waitingMore = serializers.BooleanField()
    cursor = serializers.CharField()
    searchedTo = serializers.DateTimeField(allow_null=True)
    indexed = serializers.IntegerField()
    size = serializers.IntegerField()


class _Looking(ControlView):
    """Answers with fragments."""

    renderer_classes: ClassVar[Any] = [ExactRenderer]


class EntriesView(_Looking):
    """The entries of a log."""

    @describe("List audit entries", answers=EntryPageSerializer, filters=EntriesQuery)
    def get(self, request: Request) -> Response:
        """Newest first, by who, what, when, table, key, outcome, source or request."""
        query = parsed(EntriesQuery, request.query_params)
        tenant = chosen_tenant(acting(request), query)
        wanted = _filter(query)
        told = {name: str(value) if name in ("from", "to") else value for name, value in _words(query).items()}
        return _page(request, tenant, query, "entries", told, lambda log, page: find_entries(log, wanted, **page))


class EntryDetailView(_Looking):
    """One entry of a log."""

    @describe("Show an audit entry", answers=EntryDetailSerializer, filters=ChosenLog)
    def get(self, request: Request, index: int) -> Response:
        """With its values before and after, and by which checkpoint it is sealed."""
        user = acting(request)
        tenant = chosen_tenant(user, parsed(ChosenLog, request.query_params))
        view = get_entry(require_log(tenant), index)
        do_look(tenant, acting=user, what="entry", filters={"index": index})
        return answer({**entry_facts(view), "differences": [_difference(one) for one in view.differences]})


class EntryValueView(_Looking):
    """One value of an entry."""

    @describe("Show a value of an audit entry", answers=PieceSerializer, filters=PieceQuery)
    def get(self, request: Request, index: int) -> Response:
        """Piece by piece: those that an entry says are cut are too large for one answer."""
        user, query = acting(request), parsed(PieceQuery, request.query_params)
        tenant = chosen_tenant(user, query)
        found = get_piece(require_log(tenant), index, query["path"], query["piece"])
        do_look(tenant, acting=user, what="entry", filters={"index": index})
        return answer({
            "path": query["path"], "text": found.text, "piece": found.number, "pieces": found.pieces,
            "characters": found.characters,
        })  # fmt: skip


class RowView(_Looking):
    """The history of one row."""

    @describe("List the history of a row", answers=EntryPageSerializer, filters=RowQuery)
    def get(self, request: Request) -> Response:
        """Its changes, newest first, also under the keys it had before and after, and truncations of its table."""
        query = parsed(RowQuery, request.query_params)
        tenant = chosen_tenant(acting(request), query)
        table, key = query["table"], parse_key(query["key"])
        told = {"table": table, "key": query["key"]}
        return _page(request, tenant, query, "row", told, lambda log, page: history_of_row(log, table, key, **page))


def _page(
    request: Request,
    tenant: Tenant | None,
    query: Mapping[str, Any],
    what: str,
    told: Mapping[str, Any],
    find: Callable[[LogRef, dict[str, Any]], Page],
) -> Response:
    page = find(require_log(tenant), {"size": query["pageSize"], "cursor": query["cursor"]})
    do_look(tenant, acting=acting(request), what=what, filters=told)
    return answer({
        "entries": [entry_facts(view) for view in page.entries],
        "waiting": [entry_facts(view) for view in page.waiting],
        "waitingMore": page.waiting_more,
        "cursor": page.cursor,
        "searchedTo": page.searched_to,
        "indexed": page.indexed,
        "size": page.size,
    })  # fmt: skip


def _words(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: query[name] for name in (*_FIELDS, "key") if name in query}


def _filter(query: Mapping[str, Any]) -> Filter:
    words = _words(query)
    key = words.pop("key", None)
    given = {_FIELDS[name]: tuple(value) if isinstance(value, list) else value for name, value in words.items()}
    return Filter(**given, key=None if key is None else parse_key(key))


def entry_facts(view: EntryView) -> dict[str, Any]:
    """An entry, for orjson: its values are fragments, exactly as they were sealed."""
    return {
        "index": view.index, "position": view.position, "kind": view.kind, "at": view.at, "what": view.what,
        "actor": view.who, "sealed": view.sealed, "expired": view.expired, "missing": view.missing,
        "intact": view.intact, "erased": sorted(view.erased), "cut": sorted(view.cut),
        "sessionId": view.session, "address": view.address,
        "target": view.target, "requestId": view.request_id, "table": view.table, "op": view.op,
        "source": view.source, "key": _exact(view.key), "before": _exact(view.before), "after": _exact(view.after),
        "changed": list(view.changed), "action": view.action, "number": view.number, "outcome": view.outcome,
        "details": _exact(view.details),
    }  # fmt: skip


def _difference(one: Any) -> dict[str, Any]:
    return {
        "column": one.column, "changed": one.changed, "before": _value(one.before), "after": _value(one.after)
    }  # fmt: skip


def _value(value: Value) -> dict[str, Any]:
    return {"state": value.state, "value": orjson.Fragment(value.text) if value.text else None}


def _exact(values: Mapping[str, str] | None) -> dict[str, Any] | None:
    return None if values is None else {column: orjson.Fragment(text) for column, text in values.items()}
