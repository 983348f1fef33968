"""`make smoke`: the main job, driven from outside as a newcomer would do it.

In: nothing; everything runs on free ports in a temporary directory. Out: a line for each thing seen, exit code 0 when
all was right. `kapok dev` starts the servers, the CLI makes a project with two tenants, HTTP asks and is refused; then
somebody signs up with a third tenant and books an outing; in the end an auditor proves what was recorded.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from smoke_audit import live_as_an_auditor
from smoke_driver import Smoke, code, graphql, kapok, running
from smoke_end_users import live_as_an_end_user

MIGRATION = """
create table shelves (id bigint generated always as identity primary key, name text not null unique);
create table books (
    id bigint generated always as identity primary key,
    shelf_id bigint not null references shelves,
    title text not null,
    price numeric(8, 2) not null,
    secret_note text
);
"""
PERMISSIONS = """
roles: {anon: {}}
tables:
  shelves: {anon: {select: {columns: "*"}}}
  books: {anon: {select: {columns: [id, title, price, shelf_id]}}}
"""
SEED = """
insert into shelves (name) values ('{tenant} novels'), ('{tenant} poems');
insert into books (shelf_id, title, price, secret_note)
select 1 + n % 2, '{tenant} book ' || n, n * 1.5, 'hush' from generate_series(1, 20) n;
"""
NESTED = "{ books(limit: 2, orderBy: [{id: ASC}]) { title price shelf { name } } }"


def main() -> int:
    """Run it all."""
    started = time.monotonic()
    smoke = Smoke()
    with tempfile.TemporaryDirectory(prefix="kapok-smoke-") as directory:
        home = Path(directory)
        # Postgres runs as another user where we are root; that user has to get here.
        home.chmod(0o755)
        with running(home / "state", home) as dev:
            print(f"      {time.monotonic() - started:6.1f} s   kapok dev answers at {dev['baseUrl']}", flush=True)
            project = home / "library"
            tenants = make_project(smoke, project, dev)
            read(smoke, tenants)
            refuse(smoke, tenants, project, dev)
            live_as_an_end_user(smoke, home, dev)
            look_at_the_admin(smoke, dev, tenants["acme"]["id"])
            probe(smoke, dev["baseUrl"])
            live_as_an_auditor(smoke, home, dev, tenants["globex"])
    total = time.monotonic() - started
    print(f"\n{smoke.failures} failed, {total:.1f} s" if smoke.failures else f"\nAll right, {total:.1f} s")
    return 1 if smoke.failures else 0


def make_project(smoke: Smoke, project: Path, dev: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """init, a migration, permissions, migrate up, two tenants with rows and keys."""
    kapok(["init", str(project)], project.parent, dev)
    for old in (project / "migrations").glob("*.sql"):
        old.unlink()
    (project / "migrations" / "0001_books.sql").write_text(MIGRATION)
    (project / "permissions.yaml").write_text(PERMISSIONS)
    plan = kapok(["migrate", "up"], project, dev)
    smoke.check("migrate up", "succeeded", plan["operation"]["state"])
    kapok(["project", "push"], project, dev)
    tenants: dict[str, dict[str, Any]] = {}
    for slug in ("acme", "globex"):
        made = kapok(["tenant", "create", slug], project, dev)
        smoke.check(f"tenant {slug}", ("active", "succeeded"), (made["tenant"]["state"], made["operation"]["state"]))
        seed = project / f"{slug}.sql"
        seed.write_text(SEED.format(tenant=slug))
        kapok(["seed", slug, "--file", str(seed)], project, dev)
        keys = {
            kind: kapok(["keys", "create", slug, "--kind", kind], project, dev)["key"]
            for kind in ("publishable", "secret")
        }
        tenants[slug] = {**made["tenant"], **keys}
    status = kapok(["migrate", "status"], project, dev)
    smoke.check("migrate status", [["0001_books"]] * 2, [tenant["applied"] for tenant in status["tenants"]])
    return tenants


def read(smoke: Smoke, tenants: dict[str, dict[str, Any]]) -> None:
    """Both keys on both tenants; each sees its own rows, and the publishable key only what anon may see."""
    for slug, tenant in tenants.items():
        expected = [
            {"title": f"{slug} book 1", "price": "1.50", "shelf": {"name": f"{slug} poems"}},
            {"title": f"{slug} book 2", "price": "3.00", "shelf": {"name": f"{slug} novels"}},
        ]
        for kind in ("publishable", "secret"):
            answer = graphql(tenant, tenant[kind], NESTED)
            smoke.check(f"{slug}, {kind} key, nested", expected, answer[1].get("data", answer[1]).get("books"))
        note = graphql(tenant, tenant["secret"], "{ books(limit: 1) { secretNote } }")
        smoke.check(f"{slug}, secret key, hidden column", {"books": [{"secretNote": "hush"}]}, note[1].get("data"))
        note = graphql(tenant, tenant["publishable"], "{ books(limit: 1) { secretNote } }")
        smoke.check(f"{slug}, publishable key, hidden column", "GRAPHQL_VALIDATION_FAILED", code(note[1]))


def refuse(smoke: Smoke, tenants: dict[str, dict[str, Any]], project: Path, dev: dict[str, Any]) -> None:
    """The wrong tenant's key, no key, an unknown tenant, a suspended one, a revoked key."""
    acme, globex = tenants["acme"], tenants["globex"]
    _refused(smoke, "globex's key at acme", (403, "TENANT_MISMATCH"), acme, globex["secret"])
    _refused(smoke, "no key", (401, "UNAUTHENTICATED"), acme, None)
    _refused(smoke, "a made-up key", (401, "UNAUTHENTICATED"), acme, "ksec_" + "x" * 43)
    nowhere = {"graphqlUrl": acme["graphqlUrl"].replace("/acme/", "/nobody/")}
    _refused(smoke, "unknown tenant", (404, "TENANT_NOT_FOUND"), nowhere, acme["secret"])
    kapok(["tenant", "suspend", "acme", "--reason", "smoke"], project, dev)
    _refused(smoke, "suspended", (403, "TENANT_SUSPENDED"), acme, acme["secret"], patience=1)
    kapok(["tenant", "resume", "acme"], project, dev)
    smoke.check("resumed", 200, _when(200, acme, acme["secret"]))
    keys = kapok(["keys", "list", "acme"], project, dev)["keys"]
    revoked = next(key for key in keys if acme["secret"].startswith(key["prefix"]))
    kapok(["keys", "revoke", "acme", revoked["id"]], project, dev)
    _refused(smoke, "revoked key", (401, "KEY_REVOKED"), acme, acme["secret"], patience=1)
    stranger = httpx.get(f"{dev['baseUrl']}/api/v1/tenants")
    smoke.check("control API without a token", (401, "UNAUTHENTICATED"), (stranger.status_code, code(stranger.json())))


def look_at_the_admin(smoke: Smoke, dev: dict[str, Any], tenant_id: str) -> None:
    """Sign in and look at the dashboard, the list and a tenant's page."""
    with httpx.Client(base_url=dev["baseUrl"], follow_redirects=True, timeout=30) as browser:
        page = browser.get("/admin/tenants/tenant/")
        smoke.check("admin without a session", "/admin/login/", page.url.path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        form = {"username": dev["admin"]["email"], "password": dev["admin"]["password"]}
        browser.post(page.url, data={**form, "csrfmiddlewaretoken": token[1] if token else ""})
        for what, path, text in (
            ("dashboard", "/admin/", "Latest operations"),
            ("tenants", "/admin/tenants/tenant/", "globex"),
            ("tenant", f"/admin/tenants/tenant/{tenant_id}/change/", "/t/acme/graphql"),
        ):
            page = browser.get(path)
            smoke.check(f"admin: {what}", (200, True), (page.status_code, text in page.text))


def probe(smoke: Smoke, base: str) -> None:
    """What a load balancer and Prometheus ask."""
    smoke.check("/healthz", 200, httpx.get(f"{base}/healthz").status_code)
    ready = httpx.get(f"{base}/readyz")
    smoke.check("/readyz", (200, "ready"), (ready.status_code, ready.json().get("status")))
    metrics = httpx.get(f"{base}/metrics")
    smoke.check("/metrics", (200, True), (metrics.status_code, "kapok_" in metrics.text))


def _refused(
    smoke: Smoke,
    what: str,
    expected: tuple[int, str],
    tenant: dict[str, Any],
    key: str | None,
    *,
    patience: float = 0,
) -> None:
    """A refusal; patience: within so many seconds, since web processes hear of changes a moment later."""
    deadline = time.monotonic() + patience
    while True:
        status, body = graphql(tenant, key, NESTED)
        if (status, code(body)) == expected or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    smoke.check(what, (*expected, False), (status, code(body), bool(body.get("data"))))


def _when(status: int, tenant: dict[str, Any], key: str) -> int:
    """The status, asked for a second until it is the wanted one."""
    deadline = time.monotonic() + 1
    seen = graphql(tenant, key, NESTED)[0]
    while seen != status and time.monotonic() < deadline:
        time.sleep(0.05)
        seen = graphql(tenant, key, NESTED)[0]
    return seen


if __name__ == "__main__":
    sys.exit(main())
