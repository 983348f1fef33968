"""Explain and permission tests on a real tenant: what is said, and that nothing is left behind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.control.trials.desk import Desk
from apps.control.trials.explain import Explanation, explain
from apps.control.trials.people import principal_for, somebody
from apps.control.trials.run_tests import Result, run_tests
from apps.tenants.acting import SYSTEM
from apps.tenants.models import Tenant
from apps.tenants.provisioning import names_of
from apps.tenants.services import do_set_audit_settings, do_set_permissions
from kapok.errors import KapokError
from kapok.permissions.expectations import parse_expectations
from kapok.permissions.overrides import effective_permissions
from tests.factories import ProjectFactory, TenantFactory, UserFactory
from tests.tenant_database import as_owner, fetch

pytestmark = pytest.mark.usefixtures("real_database")

ADA, BOB = "7d444840-9dc0-11d1-b245-5ffdce74fad2", "00000000-0000-0000-0000-000000000002"
TABLES = {
    "0001_posts.sql": f"""
        create table people (id uuid primary key, name text not null);
        create table posts (
            id bigint primary key, author_id uuid not null references people, title text not null,
            status text not null default 'draft', secret text
        );
        create function shout(text) returns text language sql stable as $$ select upper($1) $$;
        insert into people values ('{ADA}', 'Ada'), ('{BOB}', 'Bob');
        insert into posts values (1, '{ADA}', 'Hello', 'published', 's1'), (2, '{ADA}', 'Draft', 'draft', 's2'),
            (3, '{BOB}', 'Other draft', 'draft', 's3');
    """
}
RULES = """
roles: {member: {}, editor: {inherits: [member]}}
tables:
  posts:
    anon:
      select: {columns: [id, title], where: {status: {eq: published}}, aggregate: false}
    member:
      select:
        columns: [id, title, status, author_id]
        where: {or: [{status: {eq: published}}, {authorId: {eq: $sub}}]}
      insert: {columns: [id, title], set: {author_id: $sub}}
      update: {columns: [title], where: {authorId: {eq: $sub}}}
      delete: {where: {authorId: {eq: $sub}}}
functions: {shout: [editor]}
"""


@pytest.fixture
def tenant() -> Tenant:
    made: Tenant = TenantFactory(project=ProjectFactory(migrations=TABLES, compiled=True), ready=True)
    do_set_permissions(made.project, RULES, acting=SYSTEM)
    return made


def rows_of(tenant: Tenant) -> list[Any]:
    names = names_of(tenant)
    with as_owner(names) as session:
        return session.execute(f'select * from "{names.schema}".posts order by id').fetchall()


def explained(tenant: Tenant, role: str, query: str = "", sub: str | None = None, **more: Any) -> Explanation:
    return explain(
        tenant, principal_for(tenant, role, sub, {}), query, more.pop("variables", {}), acting=SYSTEM, **more
    )


def denied(explanation: Explanation) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for item in explanation.findings:
        if not item.verdict.allowed:
            reasons[item.path] = reasons.get(item.path, "") + item.verdict.reason
    return reasons


# --- explain


def test_every_part_of_a_query_is_judged(tenant: Tenant) -> None:
    query = """query ($f: PostFilter) {
      posts(filter: $f, orderBy: [{status: ASC}]) { id secret author { name } }
      postsAggregate(groupBy: [TITLE]) { count max { secret } }
      shout(arg1: "x")
    }"""
    variables = {"f": {"or": [{"authorId": {"eq": ADA}}, {"title": {"eq": "x"}}]}}
    said = explained(tenant, "anon", query, variables=variables)
    assert not said.allowed and said.errors and said.statements == ()
    assert set(denied(said)) == {
        "posts(filter).or.0.authorId",
        "posts(orderBy).0.status",
        "posts.secret",
        "posts.author",
        "posts.author.name",
        "postsAggregate",
        "postsAggregate.max.secret",
        "shout",
    }
    assert "No rule of anon names this column (select of posts)." in denied(said)["posts.secret"]
    assert "posts.author_id" in denied(said)["posts.author"]
    assert "aggregate: false" in denied(said)["postsAggregate"]
    assert "open to editor" in denied(said)["shout"]
    [title] = [item for item in said.findings if item.path == "posts.id"]
    [rule] = title.verdict.rules
    assert (rule.rule, rule.line, rule.condition) == ("tables.posts.anon.select", 6, "{status: {eq: published}}")
    assert title.line == 2


def test_what_is_allowed_is_planned_as_the_tenants_role(tenant: Tenant) -> None:
    said = explained(tenant, "editor", '{ posts { id title } shout(arg1: "x") }', sub=ADA)
    assert said.allowed and not said.errors and said.lineage == ("editor", "member")
    [statement] = said.statements
    assert f'"{tenant.schema_name}"."posts"' in statement.sql and ADA in statement.parameters
    assert "Scan" in statement.plan and not said.note
    [analyzed] = explained(tenant, "editor", "{ posts { id } }", sub=ADA, analyze=True).statements
    assert "actual time" in analyzed.plan


def test_a_mutation_is_judged_by_what_it_gives(tenant: Tenant) -> None:
    given = f'id: "9", title: "x", authorId: "{BOB}", secret: "y"'
    query = f"mutation {{ createPost(input: {{{given}}}) {{ id }} }}"
    said = denied(explained(tenant, "member", query, sub=ADA))
    assert said["createPost(input).authorId"] == "The rule sets it to $sub; callers cannot give it."
    assert "secret" in "".join(said) and "createPost" not in said
    assert "createPost" in denied(explained(tenant, "anon", query))
    assert len(rows_of(tenant)) == 3


MANY = f"""mutation {{
  createPerson(input: {{id: "00000000-0000-0000-0000-0000000000c3", name: "Cleo", posts: {{create: [
    {{id: "20", title: "One"}}, {{id: "21", title: "Two", secret: "s"}}]}}}}) {{ name posts {{ title }} }}
  updatePosts(filter: {{authorId: {{eq: "{ADA}"}}}}, input: {{title: "Both"}}) {{ id }}
  deletePost(id: "1")
}}"""


def test_each_statement_of_a_mutation_is_planned_and_none_is_run(tenant: Tenant) -> None:
    names = names_of(tenant)
    with as_owner(names) as session:
        # Sequences are not rolled back: they would show that a default or a trigger ran.
        session.execute(
            f'set search_path = "{names.schema}"; create sequence ran;'
            "alter table posts add column n bigint not null default nextval('ran');"
            "create function tally() returns trigger language plpgsql as"
            "  $$ begin perform nextval('ran'); return coalesce(new, old); end $$;"
            "create trigger tally before insert or update or delete on posts for each row execute function tally()"
        )

    def everything() -> Any:
        tables = (f'"{names.schema}".{name}' for name in ("posts", "people", "ran", "kapok_change"))
        return [fetch(f"select * from {table} order by 1") for table in tables]

    before = everything()
    said = explained(tenant, "service", MANY)
    assert said.allowed and "Nothing was run" in said.note
    create = "createPerson.input"
    of = [create, f"{create}.posts.create", f"{create}.posts.create", create, "updatePosts.input", "deletePost.id"]
    assert [item.of for item in said.statements] == of
    assert [item.table for item in said.statements] == ["people", "posts", "posts", "", "posts", "posts"]
    # Also those that go by keys which the ones before them would have left.
    assert all("cost=" in item.plan and not item.problem for item in said.statements)
    assert "Insert on people" in said.statements[0].plan and "Delete on posts" in said.statements[-1].plan
    assert explained(tenant, "member", 'mutation { deletePost(id: "2") }', sub=ADA).statements[0].plan
    with pytest.raises(KapokError, match="never run"):
        explained(tenant, "service", MANY, analyze=True)
    assert everything() == before
    with as_owner(names) as session:
        session.execute(f'set search_path = "{names.schema}"; alter table people enable row level security;')
        session.execute("create policy broken on people using (1/0 = 1)")
    before = everything()
    again = explained(tenant, "service", MANY).statements
    assert [bool(item.plan) for item in again] == [False, True, True, False, True, True]
    assert again[0].problem and not again[1].problem
    client = Client()
    client.force_login(UserFactory(admin=True))
    page = client.post(
        reverse("tenant-explain", args=[tenant.slug]), {"who": "service", "query": MANY}
    ).content.decode()
    assert "Delete on posts" in page and "Statement 6 of 6" in page and f"There is none: {again[0].problem}" in page
    assert everything() == before


def test_service_may_do_everything_and_a_wrong_document_is_wrong_for_everybody(tenant: Tenant) -> None:
    assert explained(tenant, "service", "{ posts { secret } }").allowed
    wrong = explained(tenant, "service", "{ posts {\n nothing } }")
    assert not wrong.findings and wrong.errors[0]["line"] == 2


@pytest.mark.parametrize(
    ("role", "sub", "row", "visible", "summary"),
    [
        ("anon", None, "posts:1", True, "tables.posts.anon.select shows it."),
        ("anon", None, "posts:2", False, "It is hidden: no rule's condition is met."),
        ("member", ADA, "posts:2", True, "tables.posts.member.select shows it."),
        ("member", BOB, "posts:2", False, "It is hidden: no rule's condition is met."),
        ("anon", None, "posts:77", False, "There is no such row."),
        ("anon", None, f"people:{ADA}", False, "No rule lets anon read people."),
        ("service", None, "posts:2", True, "service sees every row."),
    ],
)
def test_why_a_row_is_hidden(tenant: Tenant, role: str, sub: str | None, row: str, visible: bool, summary: str) -> None:
    report = explained(tenant, role, sub=sub, row=row).row
    assert report is not None
    assert (report.visible, report.summary) == (visible, summary)


def test_the_parts_of_a_condition_are_told_apart(tenant: Tenant) -> None:
    report = explained(tenant, "member", sub=BOB, row="posts:2").row
    assert report is not None
    [grant] = report.grants
    assert grant.condition is not None and grant.condition.met is False
    parts = [(part.text, part.met) for part in grant.condition.parts]
    assert parts == [("{status: {eq: published}}", False), ("{authorId: {eq: $sub}}", False)]
    # Without a token the claim is missing: null, which is not met.
    report = explained(tenant, "member", row="posts:2").row
    assert report is not None and report.grants[0].condition is not None
    assert [part.met for part in report.grants[0].condition.parts][1] is None


def test_a_row_hidden_by_the_projects_own_row_security(tenant: Tenant) -> None:
    names = names_of(tenant)
    with as_owner(names) as session:
        session.execute(f'alter table "{names.schema}".posts enable row level security')
    report = explained(tenant, "member", sub=ADA, row="posts:1").row
    assert report is not None and (report.exists, report.visible, report.by_database) == (True, False, True)


@pytest.mark.parametrize("row", ["posts", "pots:1", "posts:\x00", "posts:x", "posts:1' or true; drop table posts; --"])
def test_a_row_must_be_named_properly(tenant: Tenant, row: str) -> None:
    with pytest.raises(KapokError) as caught:
        explained(tenant, "member", row=row)
    assert caught.value.code == "VALIDATION_FAILED"
    assert len(rows_of(tenant)) == 3


def test_nobody_has_a_role_that_does_not_exist(tenant: Tenant) -> None:
    with pytest.raises(KapokError, match="Did you mean member"):
        somebody(tenant, "membr", role="", sub=None, claims={})
    with pytest.raises(KapokError) as caught:
        somebody(tenant, "nobody@example.com", role="", sub=None, claims={})
    assert caught.value.code == "NOT_FOUND"


# --- permission tests

TESTS = f"""
people:
  ada: {{role: member, sub: {ADA}}}
setup:
  - 'mutation {{ createPost(input: {{id: "10", title: "Set up", authorId: "{BOB}"}}) {{ id }} }}'
tests:
  - name: visitors see what is published
    as: anon
    query: "{{ posts {{ title }} }}"
    expect: {{data: {{posts: [{{title: Hello}}]}}, rows: {{posts: 1}}}}
  - name: members see their own too
    as: ada
    query: "{{ posts {{ id }} }}"
    expect: {{rows: {{posts: 2}}}}
  - name: members write their own
    as: ada
    mutation: 'mutation {{ createPost(input: {{id: "11", title: "Mine"}}) {{ id authorId }} }}'
    expect: {{data: {{createPost: {{id: "11", authorId: {ADA}}}}}}}
    then:
      - {{as: ada, query: "{{ posts {{ id }} }}", expect: {{rows: {{posts: 3}}}}}}
      - {{as: service, query: "{{ posts {{ id }} }}", expect: {{rows: {{posts: 5}}}}}}
  - name: and not another's
    as: ada
    mutation: 'mutation {{ deletePost(id: "3") }}'
    expect: {{denied: true}}
    then:
      - as: service
        query: '{{ post(id: "3") {{ title }} }}'
        expect: {{data: {{post: {{title: Other draft}}}}}}
  - name: secrets are nobody's
    as: ada
    query: "{{ posts {{ secret }} }}"
    expect: {{denied: true}}
  - name: by their code
    as: ada
    query: "{{ posts {{ secret }} }}"
    expect: {{error: GRAPHQL_VALIDATION_FAILED}}
"""


def outcomes(tenant: Tenant, text: str, **more: Any) -> dict[str, Result]:
    results = run_tests(Desk(tenant, **more), parse_expectations(text, "tests.yaml"), acting=SYSTEM)
    return {result.name: result for result in results}


def test_expectations_are_met_and_nothing_stays(tenant: Tenant) -> None:
    before = rows_of(tenant)
    results = outcomes(tenant, TESTS)
    assert [(result.name, result.message) for result in results.values() if result.outcome != "passed"] == []
    assert len(results) == 6
    assert results["visitors see what is published"].line == 7
    assert rows_of(tenant) == before


def one(who: str, document: str, expect: str, more: str = "") -> str:
    kind = "mutation" if document.startswith("mutation") else "query"
    return f"tests: [{{name: t, as: {who}, {kind}: '{document}', expect: {expect}{more}}}]"


THEN = ", then: [{as: anon, query: '{ posts { id } }', expect: {rows: {posts: 2}}}]"


@pytest.mark.parametrize(
    ("text", "outcome", "said"),
    [
        (one("anon", "{ posts { id } }", "{rows: {posts: 3}}"), "failed", "expected 3 rows of posts\ncame     1"),
        (one("anon", "{ posts { id } }", "{data: {posts: []}}"), "failed", 'came     {"posts": [{"id": "1"}]}'),
        (one("anon", "{ posts { id } }", "{denied: true}"), "failed", "expected to be denied"),
        (one("anon", "{ posts { id } }", "{error: FORBIDDEN}"), "failed", "expected the error FORBIDDEN"),
        (one("anon", "{ posts { secret } }", "{rows: {posts: 1}}"), "failed", "expected an answer"),
        # A misspelt field is no refusal.
        (one("anon", "{ posts { secrt } }", "{denied: true}"), "broken", "wrong for everybody"),
        (one("anon", "{ posts { id } }", "{rows: {others: 1}}"), "broken", "has no 'others'"),
        (one("anon", "{ posts { id } }", "{error: FORBIDEN}"), "broken", "no error code"),
        (one("nobody", "{ posts { id } }", "{rows: {posts: 1}}"), "broken", "no role 'nobody'"),
        (one("anon", "{ posts { id } }", "{rows: {posts: 1}}", ", setup: ['{ nothing }']"), "broken", "setup 1"),
        (one("anon", "{ posts { id } }", "{rows: {posts: 1}}", THEN), "failed", "then 1: expected 2 rows"),
    ],
)
def test_what_is_not_met_is_told(tenant: Tenant, text: str, outcome: str, said: str) -> None:
    [result] = outcomes(tenant, text).values()
    assert (str(result.outcome), said in result.message) == (outcome, True), result


def test_other_rules_can_be_tested_before_they_hold(tenant: Tenant) -> None:
    text = one("anon", "{ posts { secret } }", "{rows: {posts: 3}}")
    assert outcomes(tenant, text)["t"].outcome == "failed"
    loose = effective_permissions("tables: {posts: {anon: {select: {columns: '*'}}}}")
    assert outcomes(tenant, text, rules=loose)["t"].outcome == "passed"


def looks(tenant: Tenant) -> list[Any]:
    text = f'select actor, details from "{tenant.schema_name}".kapok_event where action = 821 order by position'
    return [(actor, json.loads(details)) for actor, details in fetch(text)]


def test_who_looks_at_what_is_recorded_is_recorded(tenant: Tenant) -> None:
    do_set_audit_settings(tenant.project, "tables: {people: {reads: true}}", acting=SYSTEM)
    tenant.refresh_from_db()
    named, plain = "{ posts { author { name } } }", "{ posts { title } }"
    explained(tenant, "service", named)
    explained(tenant, "service", plain, analyze=True)
    explained(tenant, "service", row="posts:1")
    assert looks(tenant) == [], "a plan tells nothing of rows, and posts are not recorded"
    explained(tenant, "service", named, analyze=True)
    explained(tenant, "service", row=f"people:{ADA}")
    outcomes(tenant, f"tests: [{{name: t, as: service, query: '{named}', expect: {{rows: {{posts: 3}}}}}}]")
    assert looks(tenant) == [
        ("system", {"tables": ["people"], "role": "service", "trial": "explain"}),
        ("system", {"tables": ["people"], "role": "service", "trial": "explain"}),
        ("system", {"tables": ["people"], "trial": "permission tests"}),
    ]
