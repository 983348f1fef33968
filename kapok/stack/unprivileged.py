"""Whom the servers run as, and where that user can reach what it needs.

Postgres refuses to run as root. In: a path that only root may be able to traverse (/root/x/.venv/...). Out: the
account to run as, and a root-owned copy of the path's tree that every user can read but only root can write.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kapok.errors import KapokError

#: In this order; the first that the machine has.
ACCOUNT_NAMES = ("kapok", "nobody", "daemon")

#: Where root keeps what the account must reach; the first that is safe, writable and lets programs run.
SHARED_DIRECTORIES = (Path("/var/lib/kapok"), Path("/var/tmp/kapok-root"), Path("/tmp/kapok-root"))


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]


def server_account(data: Path) -> Account | None:
    """The account for the servers, None where this process isn't root and they run as its own user.

    data: a data directory; one that exists keeps its owner. Raises KapokError STACK_FAILED without a suitable user.
    """
    if os.geteuid() != 0:
        return None
    for found in [_owner(data), *map(_named, ACCOUNT_NAMES)]:
        if found is not None and found.pw_uid != 0:
            groups = tuple(os.getgrouplist(found.pw_name, found.pw_gid))
            return Account(found.pw_name, found.pw_uid, found.pw_gid, groups)
    raise KapokError(
        "STACK_FAILED",
        f"Postgres cannot run as root, and this machine has none of the users {', '.join(ACCOUNT_NAMES)}.",
        hint="Run Kapok as an ordinary user, or set DATABASE_URL and REDIS_URL.",
    )


def _owner(path: Path) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(path.stat().st_uid)
    except (OSError, KeyError):
        return None


def _named(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def can_reach(account: Account, path: Path) -> bool:
    """Whether the account may traverse every directory down to the path (by mode bits; the path need not exist)."""
    resolved = path.resolve()
    return all(_may_traverse(account, place) for place in (resolved, *resolved.parents) if place.is_dir())


def _may_traverse(account: Account, directory: Path) -> bool:
    status = directory.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid in account.groups:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def shared_directory() -> Path:
    """The root-owned directory for copies and data. Raises KapokError STACK_FAILED where there is none."""
    for candidate in SHARED_DIRECTORIES:
        try:
            candidate.mkdir(mode=0o755)
            candidate.chmod(0o755)
        except FileExistsError:
            pass
        except OSError:
            continue
        if _only_root_writes(candidate) and _runs_programs(candidate):
            return candidate
    raise KapokError(
        "STACK_FAILED",
        f"None of {', '.join(map(str, SHARED_DIRECTORIES))} can hold the servers' files.",
        hint="One of them must belong to root, be writable by root only, and allow programs to run.",
    )


def _only_root_writes(directory: Path) -> bool:
    """Whether no other user can change what lies in it, or put something else in its place."""
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o022:
        return False
    above = [parent.lstat() for parent in directory.parents]
    return all(place.st_uid == 0 and (not place.st_mode & 0o022 or place.st_mode & stat.S_ISVTX) for place in above)


def _runs_programs(directory: Path) -> bool:
    noexec: int = getattr(os, "ST_NOEXEC", 0)  # Linux only
    return not os.statvfs(directory).f_flag & (noexec | os.ST_RDONLY)


def within_reach(tree: Path, label: str, account: Account | None) -> Path:
    """The tree itself where the account can reach it, else its copy, made once for each content.

    label: begins the copy's name; says which version of what it is. Raises KapokError STACK_FAILED, and OSError where
    it can't be copied.
    """
    if account is None or can_reach(account, tree):
        return tree.resolve()
    copy = shared_directory() / f"{label}-{_fingerprint(tree)}"
    if not copy.exists():
        _copy(tree, copy)
    return copy


def _fingerprint(tree: Path) -> str:
    """16 hex digits from the names and sizes of the tree's files."""
    digest = hashlib.sha256()
    for path in sorted(tree.rglob("*")):
        size = 0 if path.is_dir() else path.lstat().st_size
        digest.update(f"{path.relative_to(tree)}\0{size}\0".encode())
    return digest.hexdigest()[:16]


def _copy(tree: Path, copy: Path) -> None:
    """Copy under another name first: a copy that was interrupted is never taken for a whole one."""
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=copy.parent))
    try:
        shutil.copytree(tree, unfinished, symlinks=True, dirs_exist_ok=True)
        for path in (unfinished, *unfinished.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        unfinished.rename(copy)
    except BaseException as exc:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not (isinstance(exc, OSError) and copy.exists()):  # another process was quicker, with the same content
            raise
