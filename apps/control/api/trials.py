"""/tenants/<slug>/explain and /permissions/test: what rules make of a query, and whether they do what is expected."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.control.api.base import ControlView, acting, answer, parsed
from apps.control.api.openapi import describe
from apps.control.trials.desk import Desk
from apps.control.trials.explain import Explanation, explain
from apps.control.trials.people import somebody
from apps.control.trials.run_tests import Result, run_tests
from apps.tenants.access import Right, get_tenant_for
from apps.tenants.acting import Actor
from apps.tenants.models import Tenant
from apps.tenants.rulebook import current_text
from kapok.permissions.expectations import Expectation, parse_expectations
from kapok.permissions.overrides import effective_permissions

#: The longest document, and the longest file of tests, in characters.
MAX_TEXT = 300_000
MAX_FILES = 200


class ExplainInput(serializers.Serializer[Any]):
    """As whom (`as`: a role, or a user's id or e-mail address), and what: a document, a row (`posts:42`), or both.

    role: of several that a user has. sub, claims: as the token of somebody of the role `as` would have them.
    """

    query = serializers.CharField(
        required=False, default="", allow_blank=True, trim_whitespace=False, max_length=MAX_TEXT
    )
    variables = serializers.DictField(required=False, default=dict)
    role = serializers.CharField(required=False, default="", allow_blank=True, max_length=63)
    sub = serializers.CharField(required=False, default=None, allow_null=True, max_length=255)
    claims = serializers.DictField(required=False, default=dict)
    row = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)
    analyze = serializers.BooleanField(required=False, default=False)

    def get_fields(self) -> Any:
        """With `as`, which is a word of Python's."""
        return {"as": serializers.CharField(max_length=320), **super().get_fields()}


class RuleSerializer(serializers.Serializer[Any]):
    """A rule, where it is written (own: in the tenant's own text), and the rows it is about."""

    rule = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    own = serializers.BooleanField()
    condition = serializers.CharField()


class FindingSerializer(serializers.Serializer[Any]):
    """A part of the document. path: of the answer, or inside an argument. reason: why it is denied."""

    path = serializers.CharField()
    line = serializers.IntegerField()
    subject = serializers.CharField()
    operation = serializers.CharField()
    allowed = serializers.BooleanField()
    rules = RuleSerializer(many=True)
    reason = serializers.CharField()


class DocumentProblemSerializer(serializers.Serializer[Any]):
    """Why the document is not run for this role."""

    message = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)


class GrantReportSerializer(serializers.Serializer[Any]):
    """A rule about the row. condition: {text, met, parts}; null where the rule has none."""

    rule = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    own = serializers.BooleanField()
    shows = serializers.BooleanField()
    condition = serializers.DictField(allow_null=True)


class RowReportSerializer(serializers.Serializer[Any]):
    """Whether the row is seen, and by which rules. byDatabase: row-level security of the project's own hides it."""

    table = serializers.CharField()
    key = serializers.ListField(child=serializers.CharField())
    exists = serializers.BooleanField()
    visible = serializers.BooleanField()
    byDatabase = serializers.BooleanField(source="by_database")
    summary = serializers.CharField()
    grants = GrantReportSerializer(many=True)


class PlannedSerializer(serializers.Serializer[Any]):
    """A statement. of: the part of a mutation it is about. table: which it writes to. problem: why it has no plan."""

    of = serializers.CharField()
    table = serializers.CharField()
    sql = serializers.CharField()
    parameters = serializers.ListField(child=serializers.CharField(allow_null=True))
    plan = serializers.CharField()
    problem = serializers.CharField()


class ExplanationSerializer(serializers.Serializer[Any]):
    """allowed: whether all of it is. statements: none where nothing would run. note: what their plans do not tell."""

    role = serializers.CharField()
    lineage = serializers.ListField(child=serializers.CharField())
    claims = serializers.DictField()
    allowed = serializers.BooleanField()
    findings = FindingSerializer(many=True)
    errors = DocumentProblemSerializer(many=True)
    statements = PlannedSerializer(many=True)
    note = serializers.CharField()
    row = RowReportSerializer(allow_null=True)


class TestFileInput(serializers.Serializer[Any]):
    """A file of permission tests."""

    name = serializers.CharField(max_length=300)
    text = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=MAX_TEXT)


class TestsInput(serializers.Serializer[Any]):
    """Tests, and the project's rules to test; those that hold unless given."""

    files = TestFileInput(many=True, max_length=MAX_FILES)
    permissions = serializers.CharField(
        required=False, default=None, allow_null=True, allow_blank=True, trim_whitespace=False, max_length=1_000_000
    )
    only = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)


class TestResultSerializer(serializers.Serializer[Result]):
    """How one test went. message: what was expected and what came."""

    name = serializers.CharField()
    file = serializers.CharField()
    line = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=["passed", "failed", "broken"])
    message = serializers.CharField()
    ms = serializers.FloatField()


class TestsSerializer(serializers.Serializer[Any]):
    """All tests, in order."""

    results = TestResultSerializer(many=True)
    ms = serializers.FloatField()


class ExplainView(ControlView):
    """Why somebody sees what they see."""

    @describe("Explain a query", takes=ExplainInput, answers=ExplanationSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Changes nothing and shows no data, only verdicts, SQL and plans; `analyze` is for queries. Asks for the right
        to manage the project."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        return answer(explanation_json(_explained(tenant, parsed(ExplainInput, request.data), acting(request))))


class PermissionTestsView(ControlView):
    """Permission tests."""

    @describe("Test permissions", takes=TestsInput, answers=TestsSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Runs them on this tenant; all they do is rolled back. 422 where a file cannot be read."""
        tenant = get_tenant_for(acting(request), slug, Right.MANAGE)
        given = parsed(TestsInput, request.data)
        started = time.perf_counter()
        results = run_tests(_desk(tenant, given["permissions"]), _tests(given), acting=acting(request))
        shown = TestResultSerializer(results, many=True).data
        return answer({"results": shown, "ms": (time.perf_counter() - started) * 1000})


def _explained(tenant: Tenant, given: dict[str, Any], by: Actor) -> Explanation:
    principal = somebody(tenant, given["as"], role=given["role"], sub=given["sub"], claims=given["claims"])
    return explain(
        tenant,
        principal,
        given["query"],
        given["variables"],
        acting=by,
        analyze=given["analyze"],
        row=given["row"] or None,
    )


def _desk(tenant: Tenant, permissions: str | None) -> Desk:
    if permissions is None:
        return Desk(tenant)
    return Desk(tenant, effective_permissions(permissions, current_text(tenant)))


def _tests(given: dict[str, Any]) -> list[Expectation]:
    found = [test for file in given["files"] for test in parse_expectations(file["text"], file["name"])]
    return [test for test in found if given["only"].lower() in test.name.lower()]


def explanation_json(explained: Explanation) -> dict[str, Any]:
    """An explanation as callers see it."""
    findings = [
        {"path": finding.path, "line": finding.line, **asdict(finding.verdict)} for finding in explained.findings
    ]
    row = None if explained.row is None else RowReportSerializer(asdict(explained.row)).data
    return {
        "role": explained.role,
        "lineage": list(explained.lineage),
        "claims": dict(explained.claims),
        "allowed": explained.allowed,
        "findings": findings,
        "errors": list(explained.errors),
        "statements": PlannedSerializer(explained.statements, many=True).data,
        "note": explained.note,
        "row": row,
    }
