"""`kapok`: the command line. In: arguments. Out: text on stdout, errors on stderr, an exit code (docs/cli.md)."""

from __future__ import annotations

import sys

import click

from kapok.cli.failures import EXIT_CODES, EXIT_INTERRUPTED, EXIT_USAGE, exit_code, report, usage_error
from kapok.cli.invocation import Invocation, common_options
from kapok.cli.lazy import Lazy, LazyGroup
from kapok.cli.settings import Output
from kapok.errors import KapokError

COMMANDS = {
    "init": Lazy("kapok.cli.init", "Start a project in a directory."),
    "dev": Lazy("kapok.cli.dev", "Run everything on this machine: database, server, worker and a demo."),
    "status": Lazy("kapok.cli.status", "What server this is, and how it is doing."),
    "migrate": Lazy("kapok.cli.migrate", "Bring every tenant's tables to the project's migrations."),
    "tenant": Lazy("kapok.cli.tenant", "Create, list, suspend, resume and delete tenants."),
    "keys": Lazy("kapok.cli.keys", "API keys of a tenant."),
    "signing-keys": Lazy("kapok.cli.signing_keys", "What the tokens of a tenant's users are signed with."),
    "domain": Lazy("kapok.cli.domain", "Host names of a tenant."),
    "seed": Lazy("kapok.cli.seed", "Load a project's sample data into a tenant."),
    "project": Lazy("kapok.cli.project", "Projects: create, list, push."),
    "permissions": Lazy("kapok.cli.permissions", "Who may do what in a project."),
    "providers": Lazy("kapok.cli.providers", "OpenID providers a project's users sign in with."),
    "issuers": Lazy("kapok.cli.issuers", "Issuers outside whose tokens a project's tenants believe."),
    "users": Lazy("kapok.cli.users", "The end users of a tenant."),
    "explain": Lazy("kapok.cli.explain", "Who sees what of a query, by which rule, and why a row is hidden."),
    "documents": Lazy("kapok.cli.documents", "Trusted documents of a project."),
    "audit": Lazy("kapok.cli.audit", "Audit trails: look into them, export, verify."),
    "operation": Lazy("kapok.cli.operation", "Long work: list, show, follow, retry."),
    "login": Lazy("kapok.cli.login", "Remember a server and its token."),
    "token": Lazy("kapok.cli.token", "Your control API tokens."),
    "admin": Lazy("kapok.cli.admin", "People who may use the admin."),
    "completion": Lazy("kapok.cli.completion", "Shell completion for bash, zsh and fish."),
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="kapok", message="kapok %(version)s")
@common_options
def cli() -> None:
    """Kapok: tables in SQL, a GraphQL API for every tenant.

    Settings come from flags, then KAPOK_* variables, kapok.yaml, a `kapok dev` nearby and ~/.kapok/config.yaml.
    """


def main() -> None:
    """Run a command and leave with its exit code."""
    invocation = Invocation()
    try:
        result = cli.main(standalone_mode=False, obj=invocation, prog_name="kapok")
    except KapokError as error:
        report(error, _output(invocation))
        sys.exit(exit_code(error))
    except OSError as error:  # a file or directory that cannot be used, whatever the command
        report(_of_the_system(error), _output(invocation))
        sys.exit(EXIT_CODES["CONFIGURATION_INVALID"])
    except click.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        _usage(error, _output(invocation))
        sys.exit(EXIT_USAGE)
    sys.exit(result if isinstance(result, int) else 0)


def _of_the_system(error: OSError) -> KapokError:
    place = f"{error.filename}: " if error.filename else ""
    return KapokError("CONFIGURATION_INVALID", f"{place}{error.strerror or error}.")


def _usage(error: click.ClickException, output: Output) -> None:
    if output is Output.JSON:
        report(usage_error(error), output)
    else:
        error.show()


def _output(invocation: Invocation) -> Output:
    try:
        return invocation.settings.output
    except KapokError:
        return invocation.output_for_errors
