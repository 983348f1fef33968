"""`kapok audit check`: the self-check of an audit log, at once instead of once a day."""

from __future__ import annotations

import click

from kapok.cli.audit_log import chosen_log
from kapok.cli.client import Client
from kapok.cli.invocation import Invocation, common_options, pass_invocation
from kapok.cli.progress import follow
from kapok.cli.render import say, show_json
from kapok.cli.settings import Output


@click.command()
@click.argument("tenant", required=False)
@click.option("--platform", is_flag=True, help="The control plane's own log instead of a tenant's.")
@common_options
@pass_invocation
def command(invocation: Invocation, tenant: str | None, platform: bool) -> None:
    """Have the log of TENANT (or the --platform's) checked from its beginning. Exit code 1 where it is not what was
    sealed."""
    settings = invocation.settings
    with Client(settings) as client:
        operation = client.post("/audit/log/check", chosen_log(tenant, platform=platform))
        done = follow(client, operation, settings.output)
    if settings.output is Output.JSON:
        show_json(done)
    result = done["result"]
    if result["problem"]:
        say(settings.output, f"Not what was sealed: {result['problem']}")
        raise SystemExit(1)
    say(settings.output, f"All {result['entries']} entries are what was sealed.")
