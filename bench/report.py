"""The run as text: one table a workload and the list of targets, printed and written to docs/benchmarks.md.

In: the comparison's results, the targets and the machine. Out: Markdown that also reads well in a terminal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.compare import Results
from bench.load import CONNECTIONS, Sample, median, ratio
from bench.targets import Target
from bench.workloads import WORKLOADS

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"

_HEADER = ("", "requests/s", "p50 ms", "p95 ms", "p99 ms", "Kapok is")
_INTRODUCTION = """\
# Benchmarks

Written by `make bench`; do not edit. Every subject has one process, the same PostgreSQL, the same rows and the same
questions, {connections} connections of one load generator (wrk; pgbench for the ceiling), and shares the machine's
cores with both. Answers are checked against the rows before and after. After a warm-up the subjects run in turns of
{seconds:g} s, {rounds} rounds, forth and back; for inserts three times as many rounds of half the length: the disk's
flushes differ from one moment to the next. Each figure is the median of its rounds. Ratios are medians of those within
the rounds, because the machine's speed changes from one minute to the next. The ceiling is what PostgreSQL alone does:
`pgbench -M prepared` on the SQL that Kapok compiles. Kapok's figures are of the whole path: address, key, permissions,
limits, preamble, statement.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """Everything one `make bench` found out. titles: by subject name."""

    results: Results
    titles: Mapping[str, str]
    targets: list[Target]
    machine: Sequence[str]
    rounds: int
    seconds: float


def tables(run: Run) -> str:
    """The comparison, one table a workload."""
    parts = []
    for workload in WORKLOADS:
        if samples := run.results.get(workload.name):
            parts.append(f"## {workload.title[0].upper()}{workload.title[1:]}\n\n{_table(samples, run.titles)}")
    return "\n\n".join(parts)


def targets(run: Run) -> str:
    """The targets, one line each."""
    return "\n".join(f"- {target}" for target in run.targets)


def document(run: Run) -> str:
    """The whole of docs/benchmarks.md."""
    introduction = _INTRODUCTION.format(connections=CONNECTIONS, rounds=run.rounds, seconds=run.seconds)
    machine = "\n".join(f"- {line}" for line in [f"{datetime.now(UTC):%Y-%m-%d}", *run.machine])
    return f"{introduction}\n{machine}\n\n{tables(run)}\n\n## Targets\n\n{targets(run)}\n"


def _table(results: Mapping[str, Sequence[Sample]], titles: Mapping[str, str]) -> str:
    kapok = results.get("kapok")
    rows: list[tuple[str, ...]] = [_HEADER]
    for name, samples in results.items():
        sample = median(samples)
        over = f"{ratio(kapok, samples):.2f} x" if kapok and name != "kapok" else ""
        latencies = (f"{value:.2f}" for value in (sample.p50, sample.p95, sample.p99))
        rows.append((titles[name], f"{sample.rate:,.0f}", *latencies, over))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = [_line(row, widths) for row in rows]
    rule = "|".join("-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths))
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (
        text.rjust(width) if column else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"| {' | '.join(cells)} |"
