"""What the figures were taken on: for the report."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import psycopg


def describe(conninfo: str, node: str | None) -> list[str]:
    """Lines that say which machine and which versions; node: the version of Node.js, if the peers ran."""
    with psycopg.connect(conninfo) as connection:
        [postgres] = connection.execute("show server_version").fetchone() or ("unknown",)
    # wrk prints its version and exits with 1.
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout.split("[")[0].strip()
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("uvicorn", "uvloop", "httptools", "psycopg", "graphql-core")
    )
    lines = [
        f"{_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, {platform.system()} {platform.release()}",
        f"PostgreSQL {postgres.split()[0]} on the same machine, {wrk}",
        f"Python {platform.python_version()}, {packages}",
    ]
    return [*lines, f"Node.js {node}"] if node else lines


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
