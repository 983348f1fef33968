"""`python -m bench`: the comparison, Kapok's own measures, the report.

Runs on an embedded stack of its own, or on the servers of DATABASE_URL (a superuser) and REDIS_URL. Exit codes: 0 done;
1 a wrong answer, a failed load or a missing peer; 2 with --strict when a target was missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from bench import kapok_server, load, machine, report
from bench.compare import compare
from bench.compiled import compiled_statements
from bench.database import fill, make_peer_schema, scratch_database
from bench.kapok_server import Kapok, Tenant
from bench.ledger import Ledger, WrongAnswer
from bench.measures import MEASURES
from bench.peers.graphene_django_peer import graphene_django
from bench.peers.postgraphile import PeerMissing, node_version, postgraphile
from bench.processes import NotStarted
from bench.subjects import Ceiling, Server, Subject
from bench.targets import Target, comparison_targets
from bench.workloads import WORKLOADS
from kapok.errors import KapokError
from kapok.stack.stack import from_environment

#: Kapok, called with a key and by an end user: one server.
KAPOK = ("kapok", "kapok_user")
#: Servers of other people, by name: given the database's URL and the schema.
PEERS: dict[str, Callable[[str, str], AbstractContextManager[Server]]] = {
    "postgraphile4": lambda url, schema: postgraphile(4, url, schema),
    "postgraphile5": lambda url, schema: postgraphile(5, url, schema),
    "graphene_django": graphene_django,
}
SUBJECTS = ("ceiling", *KAPOK, *PEERS)


def arguments() -> argparse.Namespace:
    """The command line's options; `workloads`, `subjects` and `measures` are what --only left."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    workloads = [workload.name for workload in WORKLOADS]
    names = [*workloads, *SUBJECTS, *MEASURES]
    parser.add_argument("--rounds", type=int, default=12, help="timed runs of each subject under each workload")
    parser.add_argument("--seconds", type=float, default=2, help="length of a timed run")
    parser.add_argument("--only", action="append", choices=names, help="only these workloads, subjects and measures")
    parser.add_argument("--allow-missing", action="store_true", help="go on without the peers this machine cannot run")
    parser.add_argument("--strict", action="store_true", help="exit with 2 when a target was missed")
    options = parser.parse_args()
    only = set(options.only or names)
    compared = not only.isdisjoint([*workloads, *SUBJECTS])
    options.workloads = [one for one in WORKLOADS if one.name in only] or (list(WORKLOADS) if compared else [])
    options.subjects = [one for one in SUBJECTS if one in only] or list(SUBJECTS)
    options.measures = [one for one in MEASURES if one in only]
    return options


def main() -> int:
    """Run the bench; gives the exit code."""
    options = arguments()
    try:
        load.require_wrk()
        run = bench(options)
    except (WrongAnswer, load.LoadFailed, PeerMissing, NotStarted, KapokError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(f"\n{report.tables(run)}\n\n{report.targets(run)}")
    if not options.only and len(run.titles) == len(SUBJECTS):
        report.DOCUMENT.write_text(report.document(run))
        print(f"\nWritten to {report.DOCUMENT}")
    return 2 if options.strict and not all(target.met for target in run.targets) else 0


def bench(options: argparse.Namespace) -> report.Run:
    """The whole run. Raises what main catches."""
    with ExitStack() as stack:
        state = Path(tempfile.mkdtemp(prefix="kapok-bench-"))
        servers = stack.enter_context(from_environment(state, os.environ, temporary=True))
        url = stack.enter_context(scratch_database(servers.database_url))
        kapok = None
        if options.measures or not set(KAPOK).isdisjoint(options.subjects):
            kapok = stack.enter_context(kapok_server.kapok(url, servers.redis_url))
        run = _comparison(options, url, kapok)
        for name in options.measures:
            print(f"  measuring {name}", flush=True)
            assert kapok is not None
            run.targets.extend(_measured(name, kapok, url))
        return run


def _measured(name: str, kapok: Kapok, url: str) -> Sequence[Target]:
    found = MEASURES[name](kapok, url)
    for target in found:
        print(f"  {target}", flush=True)
    return found


def _comparison(options: argparse.Namespace, url: str, kapok: Kapok | None) -> report.Run:
    subjects: list[Subject] = []
    with ExitStack() as stack:
        if options.workloads:
            schema = make_peer_schema(url)
            if "ceiling" in options.subjects:
                subjects.append(_ceiling(url, schema))
            if kapok is not None:
                tenant = _tenant(kapok, url)
                web = stack.enter_context(kapok.web())
                ways = kapok_server.subjects(kapok, web, tenant, Ledger(url, tenant.schema))
                subjects.extend(way for way in ways if way.name in options.subjects)
            subjects.extend(_peers(stack, options, url, schema))
        results = compare(subjects, options.workloads, options.rounds, options.seconds)
        node = node_version() if any(one.name.startswith("postgraphile") for one in subjects) else None
        return report.Run(
            results=results,
            titles={subject.name: subject.title for subject in subjects},
            targets=comparison_targets(results),
            machine=machine.describe(url, node),
            rounds=options.rounds,
            seconds=options.seconds,
        )


def _ceiling(url: str, schema: str) -> Ceiling:
    statements = compiled_statements(url, schema)
    return Ceiling(Ledger(url, schema), statements, "pgbench -M prepared (the ceiling)")


def _tenant(kapok: Kapok, url: str) -> Tenant:
    """A tenant of the bench's project, with the same rows as the peers have."""
    # What Kapok's change log costs is a measure of its own; the peers have none.
    kapok.make_project("bench", *kapok_server.project_files(), audit="default: off")
    [tenant] = kapok.make_tenants("bench", ["bench"])
    fill(url, tenant.schema)
    return tenant


def _peers(stack: ExitStack, options: argparse.Namespace, url: str, schema: str) -> list[Server]:
    """The running peers. Raises PeerMissing unless --allow-missing was given."""
    running = []
    for name in (name for name in options.subjects if name in PEERS):
        try:
            running.append(stack.enter_context(PEERS[name](url, schema)))
        except PeerMissing as missing:
            if not options.allow_missing:
                raise
            print(f"SKIPPED {name}: {missing}", file=sys.stderr)
    return running


if __name__ == "__main__":
    sys.exit(main())
