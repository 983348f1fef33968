"""The command line's settings: flags > environment > kapok.yaml > dev.json > ~/.kapok/config.yaml > defaults.

In: the flags given, the environment, the directory and the home. Out: one frozen `Settings`.

A running `kapok dev` near the current directory wins over the home's configuration, even when it has stopped, so that
a command meant for the laptop never reaches production. A token of the home's configuration belongs to one server and
is sent to no other: a kapok.yaml in somebody's repository may name a server, but gets no token for it.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kapok.cli.yaml_files import read_mapping
from kapok.errors import KapokError

DEFAULT_URL = "http://127.0.0.1:8000"
STATE_DIRECTORY = ".kapok"
DEV_FILE = "dev.json"
PROJECT_FILE = "kapok.yaml"
USER_FILE = Path(STATE_DIRECTORY, "config.yaml")


class Output(StrEnum):
    """How answers are printed. PLAIN: one record a line, fields separated by tabs, no header."""

    TABLE = "table"
    JSON = "json"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Flags:
    """The global options as given; None: not given."""

    url: str | None = None
    token: str | None = None
    output: str | None = None
    state_dir: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What every command works with. `url_source`: where the address came from, for messages."""

    url: str
    url_source: str
    token: str | None = field(repr=False)
    output: Output
    state_dir: Path
    project_root: Path | None


@dataclass(frozen=True, slots=True)
class DevServer:
    """The part of dev.json a command needs."""

    url: str
    token: str = field(repr=False)


def load_settings(flags: Flags, environ: Mapping[str, str], cwd: Path, home: Path) -> Settings:
    """Resolve every setting once. Raises CONFIGURATION_INVALID naming the file or variable at fault."""
    root = find_upwards(cwd, PROJECT_FILE)
    project = read_mapping(root / PROJECT_FILE) if root else {}
    user = _user_config(home)
    given_state_dir = flags.state_dir or environ.get("KAPOK_STATE_DIR")
    dev = _dev_server(Path(given_state_dir) if given_state_dir else None, cwd)
    url, source = _first(
        (flags.url, "--url"),
        (environ.get("KAPOK_URL"), "KAPOK_URL"),
        (_text(project, "url", PROJECT_FILE), PROJECT_FILE),
        (dev.url if dev else None, DEV_FILE),
        (_text(user, "url", str(USER_FILE)), f"~/{USER_FILE}"),
        (DEFAULT_URL, "the default"),
    )
    url = _checked_url(url, source)
    output, output_source = _first(
        (flags.output, "--output"),
        (environ.get("KAPOK_OUTPUT"), "KAPOK_OUTPUT"),
        (_text(project, "output", PROJECT_FILE), PROJECT_FILE),
        (_text(user, "output", str(USER_FILE)), f"~/{USER_FILE}"),
        (Output.TABLE.value, "the default"),
    )
    state_dir = cwd / (given_state_dir or STATE_DIRECTORY)
    return Settings(
        url=url,
        url_source=source,
        token=_checked_token(flags.token or environ.get("KAPOK_TOKEN") or _token_for(url, dev, user)),
        output=_checked_output(output, output_source),
        state_dir=state_dir,
        project_root=root,
    )


def find_upwards(start: Path, name: str) -> Path | None:
    """The nearest directory from `start` upwards that holds `name`."""
    return next((directory for directory in _upwards(start) if _is_file(directory / name)), None)


def save_token(home: Path, url: str, token: str, *, default: bool) -> Path:
    """Keep a server's token in ~/.kapok/config.yaml (mode 0600). `default`: also make it the default server."""
    path = home / USER_FILE
    config = _user_config(home)
    servers = dict(config.get("servers") or {})
    servers[url] = {"token": token}
    config["servers"] = servers
    if default or not config.get("url"):
        config["url"] = url
    # JSON is YAML: no writer of our own, and every string is quoted.
    write_private(path, json.dumps(config, indent=2) + "\n")
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as stream:
        stream.write(text)
    Path(stream.name).replace(path)


def _is_file(path: Path) -> bool:
    """Not where a directory on the way is closed to this user: whatever is there is not for him."""
    try:
        return path.is_file()
    except PermissionError:
        return False


def _upwards(start: Path) -> Iterator[Path]:
    start = start.absolute()
    yield start
    yield from start.parents


def _dev_server(given: Path | None, cwd: Path) -> DevServer | None:
    """The development server of the given state directory, or of the nearest one upwards that is this user's."""
    candidates = [given] if given else [directory / STATE_DIRECTORY for directory in _upwards(cwd)]
    for directory in candidates:
        path = directory / DEV_FILE
        if _is_file(path) and path.stat().st_uid == os.getuid():
            return _read_dev_file(path)
    return None


def _read_dev_file(path: Path) -> DevServer:
    try:
        content = json.loads(path.read_text())
        return DevServer(str(content["baseUrl"]), str(content["controlToken"]))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise KapokError(
            "CONFIGURATION_INVALID",
            f"{path} cannot be read.",
            hint="Start `kapok dev` again; it rewrites the file.",
        ) from exc


def _user_config(home: Path) -> dict[str, Any]:
    path = home / USER_FILE
    return read_mapping(path) if path.is_file() else {}


def _token_for(url: str, dev: DevServer | None, user: Mapping[str, Any]) -> str | None:
    if dev and dev.url == url:
        return dev.token
    servers = user.get("servers")
    server = servers.get(url) if isinstance(servers, dict) else None
    token = server.get("token") if isinstance(server, dict) else None
    return str(token) if token else None


def _first(*choices: tuple[str | None, str]) -> tuple[str, str]:
    return next((value, source) for value, source in choices if value)


def _text(mapping: Mapping[str, Any], name: str, source: str) -> str | None:
    value = mapping.get(name)
    if value is None or isinstance(value, str):
        return value
    raise KapokError("CONFIGURATION_INVALID", f"`{name}` in {source} must be a text.")


def _checked_url(url: str, source: str) -> str:
    if not _is_address(url):
        raise KapokError(
            "CONFIGURATION_INVALID",
            f"The server's address from {source} is not a URL: {url}",
            hint="Write it like https://kapok.example.com.",
        )
    return url.rstrip("/")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return whole and parts.scheme in {"http", "https"} and url.isprintable() and " " not in url


def _checked_token(token: str | None) -> str | None:
    if token and not (token.strip().isascii() and token.strip().isprintable()):
        raise KapokError("CONFIGURATION_INVALID", "The token holds characters that no token has.")
    return token and token.strip()


def _checked_output(value: str, source: str) -> Output:
    try:
        return Output(value)
    except ValueError as exc:
        known = ", ".join(Output)
        raise KapokError("CONFIGURATION_INVALID", f"The output from {source} is not one of {known}: {value}") from exc
