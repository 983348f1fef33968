"""A project on disk: kapok.yaml and the files it names.

In: the directory that holds kapok.yaml. Out: `ProjectFiles`, whose methods read migrations, permissions, seeds and
documents in order. The server judges their content; here only what cannot be read or sent is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kapok.cli.settings import PROJECT_FILE
from kapok.cli.yaml_files import read_mapping
from kapok.errors import KapokError

#: What kapok.yaml may say. `url` and `output` are settings of the command line (settings.py).
KNOWN = frozenset(
    {"name", "description", "migrations", "permissions", "audit", "seed", "users", "documents", "url", "output"}
)


@dataclass(frozen=True, slots=True)
class SqlFile:
    """One SQL file: its name without the directory, and its text."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """The project's name and where its files are (absolute paths; None: not named in kapok.yaml)."""

    root: Path
    name: str
    description: str
    migrations_dir: Path
    permissions_file: Path
    audit_file: Path
    seed_dir: Path | None
    users_file: Path | None
    documents_dir: Path | None

    def migrations(self) -> list[SqlFile]:
        """The migrations, in the order of their names."""
        if not self.migrations_dir.is_dir():
            raise _invalid(f"There is no directory {self.migrations_dir}.", "Make it, or change `migrations`.")
        return _sql_files(self.migrations_dir)

    def permissions(self) -> str:
        """The text of permissions.yaml; "" (nothing is allowed) when there is none."""
        return read_text(self.permissions_file) if self.permissions_file.is_file() else ""

    def audit(self) -> str:
        """The text of audit.yaml; "" (everything is recorded, kept for a year) when there is none."""
        return read_text(self.audit_file) if self.audit_file.is_file() else ""

    def seeds(self) -> list[SqlFile]:
        """The seed files, in the order of their names."""
        return _sql_files(self.seed_dir) if self.seed_dir and self.seed_dir.is_dir() else []

    def users(self) -> list[dict[str, Any]]:
        """The end users that development tenants begin with, as the control API takes them. Raises PROJECT_INVALID."""
        if self.users_file is None:
            return []
        users = read_mapping(self.users_file).get("users")
        if not isinstance(users, list) or not all(isinstance(user, dict) and user.get("email") for user in users):
            raise _invalid(f"{self.users_file} must hold a list `users`, each with an `email`.")
        try:
            json.dumps(users, allow_nan=False)
        except (TypeError, ValueError) as exc:
            raise _invalid(f"{self.users_file} holds a value that JSON has not.", "Put dates in quotes.") from exc
        return users

    def documents(self) -> list[str]:
        """The texts of the trusted documents (*.graphql), in the order of their paths."""
        if self.documents_dir is None:
            return []
        if not self.documents_dir.is_dir():
            raise _invalid(f"There is no directory {self.documents_dir}.", "Make it, or change `documents`.")
        return [read_text(path) for path in sorted(self.documents_dir.rglob("*.graphql"))]

    def watched(self) -> list[Path]:
        """What `kapok dev` looks at for changes."""
        return [
            self.root / PROJECT_FILE,
            self.permissions_file,
            self.audit_file,
            *sorted(self.migrations_dir.glob("*.sql")),
            *sorted(self.documents_dir.rglob("*.graphql") if self.documents_dir else ()),
        ]


def load_project(root: Path | None) -> ProjectFiles:
    """The project of a directory. Raises PROJECT_INVALID naming what is wrong."""
    if root is None:
        raise _invalid("This is not a project: no kapok.yaml here or above.", "Start one with `kapok init`.")
    content = read_mapping(root / PROJECT_FILE)
    unknown = sorted(set(content) - KNOWN)
    if unknown:
        raise _invalid(
            f"{PROJECT_FILE} has unknown entries: {', '.join(unknown)}.", f"Known: {', '.join(sorted(KNOWN))}."
        )
    name = _text(content, "name", "")
    if not name:
        raise _invalid(f"{root / PROJECT_FILE} has no `name`.", "Add a line such as `name: bookings`.")
    seed, users, documents = (_text(content, key, "") for key in ("seed", "users", "documents"))
    return ProjectFiles(
        root=root,
        name=name,
        description=_text(content, "description", ""),
        migrations_dir=root / _text(content, "migrations", "migrations"),
        permissions_file=root / _text(content, "permissions", "permissions.yaml"),
        audit_file=root / _text(content, "audit", "audit.yaml"),
        seed_dir=root / seed if seed else None,
        users_file=root / users if users else None,
        documents_dir=root / documents if documents else None,
    )


def project_name(given: str | None, root: Path | None) -> str:
    """The project a command is about: the option, or the name in kapok.yaml."""
    if given:
        return given
    if root is None:
        raise _invalid("Which project?", "Name it with --project, or run this in a project's directory.")
    return load_project(root).name


def _sql_files(directory: Path) -> list[SqlFile]:
    return [SqlFile(path.name, read_text(path)) for path in sorted(directory.glob("*.sql"))]


def read_text(path: Path) -> str:
    """The text of a file. Raises PROJECT_INVALID."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise _invalid(f"{path} cannot be read as UTF-8 text.") from exc
    if "\x00" in text:
        raise _invalid(f"{path} holds a NUL character: it is no text.")
    return text


def _text(content: Mapping[str, Any], name: str, default: str) -> str:
    value = content.get(name, default)
    if not isinstance(value, str):
        raise _invalid(f"`{name}` in {PROJECT_FILE} must be a text.")
    return value


def _invalid(message: str, hint: str = "") -> KapokError:
    return KapokError("PROJECT_INVALID", message, hint=hint)
