"""A real time stamp authority (RFC 3161) for tests: OpenSSL's, with a certificate of its own, behind HTTP.

In: a directory. Out: answers to requests, its root certificate, its address. Where there is no openssl, tests are left
out.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.x509 import Certificate

from kapok.ledger.time_stamps import read_certificates

POLICY = "1.3.6.1.4.1.99999.1"
_CONFIG = f"""
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
[stamps]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = {POLICY}
digests = sha256
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
_MAKE = """
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.key
openssl req -x509 -new -key ca.key -subj "/CN=$NAME root" -days 30 -config tsa.cnf -extensions ca -out ca.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out tsa.key
openssl req -new -key tsa.key -subj "/CN=$NAME" -config tsa.cnf -out tsa.csr
openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile tsa.cnf -extensions stamps \
    -out tsa.pem
echo 01 > serial
"""

#: Makes an answer of a request.
Answer = Callable[[bytes], bytes]


class TimeAuthority:
    """An authority. root: the file with its root certificate."""

    def __init__(self, directory: Path, name: str) -> None:
        program = shutil.which("openssl")
        if program is None:
            pytest.skip("there is no openssl here, and so no time stamp authority")
        self.name, self._directory = name, directory
        directory.mkdir()
        (directory / "tsa.cnf").write_text(_CONFIG)
        self._run(["sh", "-ec", _MAKE], NAME=name)
        self.root = directory / "ca.pem"
        self._lock = threading.Lock()

    @property
    def certificates(self) -> list[Certificate]:
        """Those that its stamps are checked with."""
        return read_certificates(self.root.read_bytes())

    def answer(self, request: bytes) -> bytes:
        """A TimeStampResp."""
        with self._lock, tempfile.TemporaryDirectory(dir=self._directory) as place:
            query, reply = Path(place) / "query", Path(place) / "reply"
            query.write_bytes(request)
            command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa"]
            self._run([*command, "-queryfile", str(query), "-out", str(reply)])
            return reply.read_bytes()

    def holds(self, answer: Path, note: Path) -> bool:
        """What OpenSSL says of a stamp over a file."""
        command = ["openssl", "ts", "-verify", "-in", str(answer), "-data", str(note), "-CAfile", str(self.root)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _run(self, command: list[str], **environ: str) -> None:
        environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", **environ}
        subprocess.run(command, cwd=self._directory, env=environ, capture_output=True, check=True)


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    """The address of a server that answers so, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["content-type"] == "application/timestamp-query"
            content = answer(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsr"
        finally:
            server.shutdown()
            thread.join()
