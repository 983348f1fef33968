"""A process that owns an embedded stack: prints what it started as one line of JSON, then waits to be ended.

Run as a program: owner.py '{"state_dir": ..., "shared": ..., "temporary": ..., "fork": ...}'.
"""

import json
import os
import signal
import sys
from pathlib import Path

from kapok.errors import KapokError
from kapok.stack import unprivileged
from kapok.stack.stack import EmbeddedStack

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def main() -> None:
    # A test run in the background (nohup, a shell's &) ignores these, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    order = json.loads(sys.argv[1])
    if order.get("shared"):
        unprivileged.SHARED_DIRECTORIES = (Path(order["shared"]),)
    stack = EmbeddedStack(Path(order["state_dir"]), postgres_options=FAST, temporary=order.get("temporary", False))
    try:
        with stack:
            started = {"database": stack.database_url, "redis": stack.redis_url}
            if order.get("fork"):
                # Holds the guards' pipes open, as a multiprocessing worker of the owner would.
                started["fork"] = os.fork()
                if not started["fork"]:
                    signal.pause()
            sys.stdout.write(json.dumps(started) + "\n")
            sys.stdout.flush()
            signal.pause()
    except KapokError as exc:
        sys.stdout.write(json.dumps({"error": exc.body()}) + "\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
