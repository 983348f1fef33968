"""The web process: uvicorn with Kapok's protocol. In: command-line options. Out: a server until it is told to stop.

`python -m config.server --port 8000 --workers 2`; every other setting is an environment variable.
"""

from __future__ import annotations

import argparse

import uvicorn

GRACE_SECONDS = 30


def main() -> None:
    """Run the server. --workers: processes, each with its own caches and pools."""
    parser = argparse.ArgumentParser(description="Kapok's web process.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    uvicorn.run(
        "config.asgi:app",
        host=options.host,
        port=options.port,
        workers=options.workers,
        http="config.asgi:HttpProtocol",  # type: ignore[arg-type]
        loop="uvloop",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
