"""PostGraphile 4 and 5: installed from their lock files, run on the Node.js that peers/package.json pins.

In: the database and the schema to serve. Out: running servers, or PeerMissing when this machine cannot have them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.ledger import Ledger
from bench.processes import running
from bench.subjects import Server
from kapok.stack.ports import free_port

_PEERS = Path(__file__).parent
#: Connections of each server's pool, the default of `pg`: 8, 10, 16 and 20 differed by less than two runs do.
POOL = 10


class PeerMissing(Exception):
    """A peer cannot be run on this machine."""


@contextmanager
def postgraphile(major: int, conninfo: str, schema: str) -> Iterator[Server]:
    """PostGraphile of this major version while the block lasts. Raises PeerMissing, NotStarted."""
    folder = _PEERS / f"postgraphile{major}"
    for each in (_PEERS, folder):
        _install(each)
    node, port = _node(), free_port()
    version = json.loads((folder / "package.json").read_text())["dependencies"]["postgraphile"]
    server = Server(
        name=folder.name,
        title=f"PostGraphile {version}",
        url=f"http://127.0.0.1:{port}/graphql",
        dialect="postgraphile.graphql",
        ledger=Ledger(conninfo, schema),
        payloads=True,
    )
    environ = {
        "DATABASE_URL": conninfo,
        "SCHEMA": schema,
        "PORT": str(port),
        "POOL": str(POOL),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "GRAPHILE_TURBO": "1",
    }
    with running([node, str(folder / "server.js")], environ, server.is_up):
        yield server


def node_version() -> str:
    """The version of the Node.js the peers run on. Raises PeerMissing."""
    return _output(_node(), "--version").removeprefix("v")


def _node() -> str:
    pinned = _PEERS / "node_modules" / ".bin" / "node"
    found = str(pinned) if pinned.exists() else shutil.which("node")
    if found is None or int(_output(found, "--version").removeprefix("v").split(".")[0]) < 22:
        raise PeerMissing(
            "PostGraphile 5 needs Node.js 22 or newer, and npm has none for this machine. Install Node.js."
        )
    return found


def _install(folder: Path) -> None:
    installed = folder / "node_modules" / ".package-lock.json"
    lock = folder / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise PeerMissing("npm is not installed. On Debian: apt-get install npm")
    done = subprocess.run([npm, "ci"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerMissing(f"npm ci failed in {folder}:\n{done.stderr.strip()[-1000:]}")


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
