"""The hand-written graphene-django view under gunicorn.

In: the database and the schema to serve. Out: a running server. One sync worker with a persistent connection: on this
view it was faster than threads, and than uvicorn with a connection pool.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from bench.ledger import Ledger
from bench.processes import running
from bench.subjects import Server
from kapok.stack.ports import free_port


@contextmanager
def graphene_django(conninfo: str, schema: str) -> Iterator[Server]:
    """The view while the block lasts. Raises NotStarted."""
    port = free_port()
    server = Server(
        name="graphene_django",
        title=f"graphene-django {version('graphene-django')}",
        url=f"http://127.0.0.1:{port}/graphql",
        dialect="graphene_django.graphql",
        ledger=Ledger(conninfo, schema),
    )
    application = "bench.peers.graphene_django.wsgi"
    command = [sys.executable, "-m", "gunicorn", application, "--workers=1", f"--bind=127.0.0.1:{port}"]
    with running(command, {"DATABASE_URL": conninfo, "SCHEMA": schema}, server.is_up):
        yield server
