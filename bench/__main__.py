"""`python -m bench`: the comparison, Kapok's own measures, the report.

Exit codes: 0 done, 1 a wrong answer, a failed load or a missing peer, 2 with --strict when a target was missed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from bench import load, machine, report
from bench.answers import WrongAnswer
from bench.compare import compare
from bench.database import peer_schema
from bench.peers.graphene_django_peer import graphene_django
from bench.peers.postgraphile import PeerMissing, node_version, postgraphile
from bench.processes import NotStarted
from bench.subjects import Ceiling, Server, Subject, statement_from_file
from bench.targets import comparison_targets
from bench.workloads import WORKLOADS

PEERS: dict[str, Callable[[str, str], AbstractContextManager[Server]]] = {
    "postgraphile4": lambda conninfo, schema: postgraphile(4, conninfo, schema),
    "postgraphile5": lambda conninfo, schema: postgraphile(5, conninfo, schema),
    "graphene_django": graphene_django,
}
SUBJECTS = ("ceiling", *PEERS)


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--rounds", type=int, default=3, help="timed runs of each subject under each workload")
    parser.add_argument("--seconds", type=float, default=8, help="length of a timed run")
    parser.add_argument(
        "--only", action="append", choices=[*names, *SUBJECTS], help="these workloads and subjects only"
    )
    parser.add_argument("--allow-missing", action="store_true", help="go on without the peers this machine cannot run")
    parser.add_argument("--strict", action="store_true", help="exit with 2 when a target was missed")
    return parser.parse_args()


def main() -> int:
    """Run the bench; gives the exit code."""
    options = arguments()
    try:
        load.require_wrk()
        run, whole = bench(options, os.environ["DATABASE_URL"])
    except (WrongAnswer, load.LoadFailed, PeerMissing, NotStarted) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(f"\n{report.tables(run)}\n\n{report.targets(run)}")
    if whole:
        report.DOCUMENT.write_text(report.document(run))
        print(f"\nWritten to {report.DOCUMENT}")
    return 2 if options.strict and not all(target.met for target in run.targets) else 0


def bench(options: argparse.Namespace, conninfo: str) -> tuple[report.Run, bool]:
    """The whole run, and whether nothing was left out. Raises what main catches."""
    chosen = options.only or []
    workloads = [one for one in WORKLOADS if one.name in chosen] or list(WORKLOADS)
    names = [name for name in SUBJECTS if name in chosen] or list(SUBJECTS)
    with ExitStack() as stack:
        schema = stack.enter_context(peer_schema(conninfo))
        subjects: list[Subject] = []
        if "ceiling" in names:
            subjects.append(Ceiling(conninfo, statement_from_file(schema), "pgbench -M prepared (the ceiling)"))
        for name in (name for name in names if name in PEERS):
            try:
                subjects.append(stack.enter_context(PEERS[name](conninfo, schema)))
            except PeerMissing as missing:
                if not options.allow_missing:
                    raise
                print(f"SKIPPED {name}: {missing}", file=sys.stderr)
        results = compare(subjects, workloads, options.rounds, options.seconds)
        node = node_version() if any(one.name.startswith("postgraphile") for one in subjects) else None
        run = report.Run(
            results=results,
            titles={subject.name: subject.title for subject in subjects},
            targets=comparison_targets(results),
            machine=machine.describe(conninfo, node),
            rounds=options.rounds,
            seconds=options.seconds,
            ceiling="the SQL of bench/queries/*/ceiling.sql",
        )
        return run, not chosen and len(subjects) == len(SUBJECTS)


sys.exit(main())
