"""The control API over HTTP.

In: a method, a path below /api/v1 and JSON. Out: the answer's `data`. Raises the server's own KapokError, or
SERVER_UNREACHABLE.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

import httpx

from kapok.cli.exact_json import loads
from kapok.cli.settings import Settings
from kapok.errors import REGISTRY, KapokError
from kapok.outside_urls import is_loopback

#: Seconds. A plan over many tenants may take its time; a connection must not.
TIMEOUT = httpx.Timeout(60.0, connect=5.0)
PATIENCE = httpx.Timeout(900.0, connect=5.0)
SIGN_IN = "Sign in with `kapok login --url ...`, or give --token (KAPOK_TOKEN)."
#: A GET that met a closed door is tried this often, e.g. while a rolling update goes on.
ATTEMPTS = 3


class Client:
    """One connection pool to one server, used as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        headers = {"Accept": "application/json", "User-Agent": "kapok-cli"}
        if settings.token:
            headers["Authorization"] = f"Bearer {settings.token}"
        self._http = httpx.Client(
            base_url=settings.url,
            headers=headers,
            timeout=TIMEOUT,
            # They could carry the token to another host.
            follow_redirects=False,
            # No proxy of the environment (HTTP_PROXY) leads to this machine.
            trust_env=not is_loopback(urlsplit(settings.url).hostname or ""),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, /, **parameters: Any) -> Any:
        """Read; parameters that are None are left out."""
        given = {name: value for name, value in parameters.items() if value is not None}
        return self._send("GET", path, params=given)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, patient: bool = False) -> Any:
        """Create or do something. patient: it may take minutes."""
        return self._send("POST", path, json=body or {}, timeout=PATIENCE if patient else TIMEOUT)

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Replace something."""
        return self._send("PUT", path, json=body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change some fields."""
        return self._send("PATCH", path, json=body)

    def delete(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Remove something; `body` carries the typed confirmation where one is asked for."""
        return self._send("DELETE", path, json=body or {})

    def download(self, path: str, file: IO[bytes]) -> None:
        """Read something that is no JSON into a file, as it comes."""
        try:
            with self._http.stream("GET", "/api/v1" + path) as response:
                if not response.is_success:
                    response.read()
                    raise _server_error(response)
                for chunk in response.iter_bytes():
                    file.write(chunk)
        except httpx.TransportError as exc:
            raise self._unreachable() from exc

    def events(self, path: str) -> Iterator[dict[str, Any]]:
        """The objects of a server-sent event stream, until the server ends it."""
        try:
            with self._http.stream("GET", "/api/v1" + path, headers={"Accept": "text/event-stream"}) as response:
                if response.is_error:
                    response.read()
                    raise _server_error(response)
                for line in response.iter_lines():
                    if line.startswith("data:"):
                        yield json.loads(line[len("data:") :])
        except httpx.TransportError as exc:
            raise self._unreachable() from exc

    def _send(self, method: str, path: str, **arguments: Any) -> Any:
        response = self._request(method, "/api/v1" + path, **arguments)
        if response.is_redirect:
            target = response.headers.get("Location", "elsewhere")
            raise KapokError(
                "SERVER_UNREACHABLE", f"{self._settings.url} sends us to {target}.", hint="Use that address as --url."
            )
        if response.is_error:
            raise _server_error(response)
        if response.status_code == httpx.codes.NO_CONTENT:
            return None
        return _decoded(response).get("data")

    def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        attempts = ATTEMPTS if method == "GET" else 1
        for attempt in range(1, attempts + 1):
            try:
                return self._http.request(method, path, **arguments)
            except (httpx.ReadTimeout, httpx.WriteTimeout) as exc:
                raise self._silent() from exc
            except httpx.TransportError as exc:
                if attempt == attempts:
                    raise self._unreachable() from exc
                time.sleep(random.uniform(0.05, 0.2) * attempt)
        raise AssertionError("unreachable")

    def _silent(self) -> KapokError:
        return KapokError(
            "SERVER_UNREACHABLE",
            f"The server at {self._settings.url} took the request and has not answered yet.",
            hint="It may still be at work: look before you try again.",
        )

    def _unreachable(self) -> KapokError:
        return KapokError(
            "SERVER_UNREACHABLE",
            f"No Kapok server answers at {self._settings.url} (from {self._settings.url_source}).",
            hint="Start one with `kapok dev`, or name another with --url.",
        )


def _decoded(response: httpx.Response) -> dict[str, Any]:
    try:
        content = loads(response.content)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise KapokError(
            "SERVER_UNREACHABLE",
            f"{response.request.url} answered {response.status_code}, but not as a Kapok server does.",
            hint="Check the address given by --url, KAPOK_URL or kapok.yaml.",
        )
    return content


def _server_error(response: httpx.Response) -> KapokError:
    """The error that the server sent, with its own words."""
    error = _decoded(response).get("error")
    if not isinstance(error, dict):
        raise KapokError("SERVER_UNREACHABLE", f"{response.request.url} answered {response.status_code}.")
    code = str(error.get("code"))
    details: dict[str, Any] = error["details"] if isinstance(error.get("details"), dict) else {}
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR and error.get("requestId"):
        details = {**details, "requestId": error["requestId"]}
    return KapokError(
        code if code in REGISTRY else "INTERNAL_SERVER_ERROR",
        str(error.get("message") or f"The server answered {response.status_code}."),
        details=details,
        hint=SIGN_IN if code == "UNAUTHENTICATED" else str(error.get("hint") or ""),
        status=response.status_code,
    )
