"""The state directory: what the embedded servers remember between two runs, and where their files lie.

In: its path. Out: ports and passwords (stack.json, mode 0600), directories and files for the servers' account. Where
that account can't reach the state directory, the data lies in a shared place that stack.json names.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kapok.errors import KapokError
from kapok.stack.lock import StateLock
from kapok.stack.unprivileged import can_reach, server_account, shared_directory

_RECORD = "stack.json"
#: In a data directory outside the state directory: whose it is.
_OWNER = "state-dir"


@dataclass(slots=True)
class Login:
    """How to reach a server on 127.0.0.1. port 0: not chosen yet."""

    password: str
    port: int = 0


class State:
    """An opened, locked state directory."""

    def __init__(self, path: Path, *, temporary: bool) -> None:
        """temporary: whether the directory may be opened to the servers' account, since it's nobody else's.

        Raises KapokError STATE_DIR_IN_USE or STACK_FAILED, and OSError where the directory can't be used.
        """
        mode = 0o711 if os.geteuid() == 0 else 0o700
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        if temporary:
            path.chmod(mode)
        self.path = path.resolve()
        self.lock = StateLock(self.path)
        try:
            record = self._load()
            self._logins = {name: Login(**login) for name, login in record.get("logins", {}).items()}
            recorded = self._recorded_home(record)
            self.account = server_account((recorded or self.path) / "postgres")
            self.home = self._home(recorded)
            self.save()
        except BaseException:
            self.lock.release()
            raise

    def _load(self) -> dict[str, Any]:
        try:
            record = json.loads((self.path / _RECORD).read_text())
            if not isinstance(record, dict):
                raise ValueError("not an object")
        except FileNotFoundError:
            return {}
        except ValueError as exc:
            raise KapokError(
                "STACK_FAILED",
                f"{self.path / _RECORD} is damaged.",
                hint=f"Remove {self.path} to begin with an empty database.",
            ) from exc
        return record

    def _recorded_home(self, record: dict[str, Any]) -> Path | None:
        """Where the data lies outside the state directory: not where that was copied from one that is still there."""
        home = Path(record["home"]) if record.get("home") else None
        if home is None or not (home / _OWNER).is_file():
            return None
        owner = Path((home / _OWNER).read_text())
        if owner != self.path and (owner / _RECORD).exists():
            return None
        (home / _OWNER).write_text(str(self.path))
        return home

    def _home(self, recorded: Path | None) -> Path:
        if recorded is not None:
            return recorded
        if self.account is None or can_reach(self.account, self.path):
            return self.path
        shared = shared_directory()
        for home in shared.glob("data-*"):
            # Another start may be removing it too.
            with suppress(FileNotFoundError):
                if self._is_abandoned(Path((home / _OWNER).read_text())):
                    shutil.rmtree(home, ignore_errors=True)
        home = Path(tempfile.mkdtemp(prefix="data-", dir=shared))
        home.chmod(0o711)
        (home / _OWNER).write_text(str(self.path))
        return home

    def _is_abandoned(self, owner: Path) -> bool:
        """Whether that state directory was removed: and made again as this one, or it was a temporary one.

        Any other that is missing may lie on a disk that isn't mounted now.
        """
        return owner == self.path or (
            owner.is_relative_to(Path(tempfile.gettempdir()).resolve()) and not owner.exists()
        )

    def login(self, server: str) -> Login:
        """The server's port and password, remembered between runs once `save` was called."""
        return self._logins.setdefault(server, Login(secrets.token_urlsafe(24)))

    def save(self) -> None:
        """Write down ports, passwords and the place of the data."""
        record = {
            "home": None if self.home == self.path else str(self.home),
            "logins": {name: asdict(login) for name, login in self._logins.items()},
        }
        descriptor, unfinished = tempfile.mkstemp(prefix=".stack-", dir=self.path)  # mode 0600
        with os.fdopen(descriptor, "w") as file:
            json.dump(record, file, indent=2)
        Path(unfinished).replace(self.path / _RECORD)

    def directory(self, name: str) -> Path:
        """A directory beside the data, mode 0700, that belongs to the servers' account."""
        place = self.home / name
        if not place.exists():
            place.mkdir(mode=0o700)
            self._give(place)
        return place

    def file(self, name: str, text: str) -> Path:
        """A file beside the data, mode 0600, that belongs to the servers' account; replaces one of that name.

        Never in a directory of the account's own, where it could lead root's writing elsewhere.
        """
        place = self.home / name
        place.unlink(missing_ok=True)
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
            file.write(text)
        self._give(place)
        return place

    def socket_directory(self) -> Path:
        """A directory for sockets: their paths are limited to 107 bytes (unix(7)), so it may be a temporary one."""
        if len(bytes(self.home)) < 80:
            return self.directory("run")
        place = Path(tempfile.mkdtemp(prefix="kapok-", dir="/tmp"))
        self._give(place)
        return place

    def _give(self, place: Path) -> None:
        if self.account is not None:
            os.chown(place, self.account.uid, self.account.gid)

    def log_path(self, server: str) -> Path:
        """The server's log."""
        return self.path / f"{server}.log"
