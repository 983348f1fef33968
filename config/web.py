"""The web process: uvicorn with Kapok's own HTTP protocol, which uvicorn's command line cannot name.

`python -m config.web --port 8000`. In: where to listen. Out: HTTP until SIGTERM; then open requests get some seconds.
"""

from __future__ import annotations

import gc

import click
import uvicorn

from config.env import ENV

#: How long open requests may go on after SIGTERM, in seconds.
GRACE_SECONDS = 8


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8000, show_default=True)
@click.option("--workers", type=int, default=1, show_default=True, help="Processes; each has its own pools and caches.")
@click.option("--proxies", default="127.0.0.1", show_default=True, help="Whose X-Forwarded-* headers are believed.")
def main(host: str, port: int, workers: int, proxies: str) -> None:
    """Serve both planes."""
    if workers == 1:
        # What is imported stays: nothing to collect until config/asgi.py has it all, and lets the collector work again.
        gc.disable()
    uvicorn.run(
        "config.asgi:app",
        http="config.asgi:HttpProtocol",
        host=host,
        port=port,
        workers=workers,
        forwarded_allow_ips=proxies,
        # Kapok's own access log says more (config/data_plane.py), and Django's is in its logging.
        access_log=False,
        log_config=None,
        log_level=ENV.log_level.lower(),
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
