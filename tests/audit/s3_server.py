"""A real S3 server with object lock for tests: SeaweedFS, in a process of its own, or one that is there already.

In: a directory. Out: its address, and a client that does what somebody with the bucket's credentials can do. With
KAPOK_TEST_S3=http://127.0.0.1:7070 (and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) the tests use that server instead.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from apps.audit.anchors_s3 import session
from tests.waiting import until

ACCESS_KEY, SECRET_KEY = "kapok-tests", "a-secret-of-the-tests"
#: Nothing of a developer's own settings counts.
ENVIRON = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_PORTS = [f"{part}.port{kind}" for part in ("master", "volume", "filer", "s3") for kind in ("", ".grpc")]


class Server:
    """A server. url: its address. client: botocore's, with all rights."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client: Any = session().create_client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, read_timeout=30),
        )

    def bucket(self, *, locked: bool = True) -> str:
        """A new bucket."""
        name = f"anchors-{uuid.uuid4().hex[:12]}"
        self.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=locked)
        return name

    def anchor(self, bucket: str, prefix: str, **options: str) -> str:
        """The anchor's URL."""
        given = {"endpoint": self.url, "region": "us-east-1", "retain": "1d", "every": "1s", **options}
        return f"s3://{bucket}/{prefix}?{'&'.join(f'{name}={value}' for name, value in given.items() if value)}"

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The names of what is in a bucket now."""
        found = self.client.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", ())]

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            self.client.list_buckets()
        except (ClientError, BotoCoreError):
            return False
        return True


@contextmanager
def s3_server(directory: Path) -> Iterator[Server]:
    """A server, with ENVIRON set, until the end of the block."""
    other = os.environ.get("KAPOK_TEST_S3")
    if other:
        yield Server(other)
        return
    before = {name: os.environ.get(name) for name in ENVIRON}
    os.environ.update(ENVIRON)
    session.cache_clear()
    process: subprocess.Popen[bytes] | None = None
    try:
        with (directory / "log").open("wb") as log:
            ports = _free(_PORTS)
            process = subprocess.Popen(_command(directory, ports), stdout=log, stderr=subprocess.STDOUT, cwd=directory)
            server = Server(f"http://127.0.0.1:{ports['s3.port']}")
            until(
                lambda: server.answers() or process.poll() is not None,
                120,
                otherwise=lambda: (directory / "log").read_text()[-4000:],
            )
            assert process.poll() is None, (directory / "log").read_text()[-4000:]
            yield server
    finally:
        if process is not None:
            process.kill()
            process.wait()
        session.cache_clear()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _command(directory: Path, ports: dict[str, int]) -> list[str]:
    identity = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    config = directory / "s3.json"
    config.write_text(json.dumps({"identities": [{"name": "tests", "credentials": [identity], "actions": actions}]}))
    data = directory / "data"
    data.mkdir()
    return [
        str(Path(sys.executable).with_name("weed")),
        "-logtostderr=true", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={data}", "-filer", "-s3",
        f"-s3.config={config}", "-s3.iam=false", f"-filer.localSocket={directory / 'filer.sock'}",
        "-master.volumeSizeLimitMB=64", "-volume.max=400",
        # What has a fixed port, and what is sent to its makers.
        "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false",
        *(f"-{name}={port}" for name, port in ports.items()),
    ]  # fmt: skip


def _free(names: list[str]) -> dict[str, int]:
    """Ports that nobody has, all held until the last one is found."""
    with ExitStack() as held:
        found = {}
        for name in names:
            listening = held.enter_context(socket.socket())
            listening.bind(("127.0.0.1", 0))
            found[name] = listening.getsockname()[1]
        return found
