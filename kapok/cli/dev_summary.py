"""What `kapok dev` prints when it is ready. In: dev.json's content. Out: text to read and to paste."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from kapok.cli.project_files import ProjectFiles

#: A first query by project; anything else asks what there is to query.
FIRST_QUERIES = {"bookings": "{ offers(limit: 3) { title price currency establishment { name city { name } } } }"}
ANY_QUERY = "{ __schema { queryType { fields { name } } } }"


def summary(says: Mapping[str, Any], files: ProjectFiles | None, seconds: float) -> str:
    """Addresses, sign-in, keys, and a command to paste."""
    admin = says["admin"]
    lines = [
        "",
        click.style(f"Kapok is ready at {says['baseUrl']}", bold=True) + f"  ({seconds:.1f} s)",
        "",
        _row("Admin", f"{admin['url']}  {admin['email']}  {admin['password']}"),
    ]
    if files is not None:
        lines.append(_row("Project", f"{files.name}  {files.root}"))
    for slug, tenant in says["tenants"].items():
        lines += [
            _row(f"Tenant {slug}", tenant["graphqlUrl"]),
            _row("", f"publishable {tenant['publishableKey']}"),
            _row("", f"secret      {tenant['secretKey']}"),
        ]
        lines += [_row("", f"signs in    {user['email']}  {user['password']}") for user in tenant["users"]]
    first = next(iter(says["tenants"].values()), None)
    if first is not None and files is not None:
        lines += ["", "Try it:", f"  {curl(first, FIRST_QUERIES.get(files.name, ANY_QUERY))}"]
    return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])


def curl(tenant: Mapping[str, Any], query: str) -> str:
    """A command that runs the query with the secret key."""
    body = json.dumps({"query": query})
    return (
        f"curl -s {tenant['graphqlUrl']} -H 'apikey: {tenant['secretKey']}' "
        f"-H 'content-type: application/json' -d '{body}'"
    )


def _row(title: str, text: str) -> str:
    return f"  {title.ljust(14)}  {text}"
