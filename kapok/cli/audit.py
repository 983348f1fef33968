"""`kapok audit ...`: what an auditor does."""

from __future__ import annotations

import click

from kapok.cli.lazy import Lazy, LazyGroup

COMMANDS = {
    "alerts": Lazy("kapok.cli.audit_alerts", "What is wrong with audit logs."),
    "check": Lazy("kapok.cli.audit_check", "Check a log at once: is it still what was sealed?"),
    "entries": Lazy("kapok.cli.audit_entries", "Look into a trail: who did what to what, and when."),
    "entry": Lazy("kapok.cli.audit_entry", "One entry: what was before, and after."),
    "erase": Lazy("kapok.cli.audit_erase", "Take personal data out of a trail for good; proofs still hold."),
    "exports": Lazy("kapok.cli.audit_exports", "Ask for bundles of audit trails, and take them away."),
    "history": Lazy("kapok.cli.audit_history", "Everything that happened to one row."),
    "settings": Lazy("kapok.cli.audit_settings", "audit.yaml: what of each table is recorded."),
    "status": Lazy("kapok.cli.audit_status", "How far a log is sealed, with which key, and whether all is well."),
    "verify": Lazy("kapok.cli.audit_verify", "Prove a bundle: no server, no database, no network."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def command() -> None:
    """The audit trail: what an auditor takes away, and proving it."""
