"""Passwords: their rules, hashed and checked by a few processes of their own.

In: a password, and the stored hash or "". Out: a hash, or whether they fit. Processes instead of threads: a thread at a
low priority that holds the interpreter's lock would hold up every other thread. A check against "" takes as long as any
other, so that an account that is not there cannot be told from one that is.
"""

from __future__ import annotations

import atexit
import json
import queue
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from apps.tenants.auth_settings import AuthSettings
from kapok.errors import KapokError

#: The longest password, in characters: what is longer only costs time.
MAX_LENGTH = 256
#: How long a request waits for its turn, in seconds.
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Check:
    """right: whether the password fits. outdated: whether the hash should be made anew, at today's cost."""

    right: bool
    outdated: bool = False


def check_rules(password: str, rules: AuthSettings, email: str | None) -> None:
    """Raises PASSWORD_UNFIT, saying why (NIST SP 800-63B, 3.1.1.2: length, no common ones, no rules of composition)."""
    if len(password) < rules.password_min_length:
        raise _unfit(f"A password needs at least {rules.password_min_length} characters.")
    if len(password) > MAX_LENGTH:
        raise _unfit(f"A password can have at most {MAX_LENGTH} characters.")
    if email and password.strip().lower() in {email, email.partition("@")[0]}:
        raise _unfit("The password is the e-mail address.")
    try:
        _common().validate(password)
    except ValidationError as exc:
        raise _unfit("Many people use this password, so it is guessed first.") from exc


def hash_password(password: str) -> str:
    """Argon2id's encoded hash. Raises OVERLOADED."""
    said: str = _hashers().ask(password, None)
    return said


def check_password(password: str, known: str) -> Check:
    """Whether a password fits a hash; never for "". Raises OVERLOADED."""
    return Check(*_hashers().ask(password[: MAX_LENGTH + 1], known))


class _Hasher:
    """One process, started when it is first asked."""

    def __init__(self, cost: tuple[int, int]) -> None:
        self._command = [sys.executable, "-P", "-m", "apps.identity.password_worker", ",".join(map(str, cost))]
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, question: bytes) -> Any:
        """Its answer. Raises OSError, ValueError when the process died over it."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(question)
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def drop(self) -> None:
        """End the process; the next question starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class _Hashers:
    """A few processes, each answering one question at a time."""

    def __init__(self, count: int, cost: tuple[int, int]) -> None:
        self._all = [_Hasher(cost) for _ in range(count)]
        self._free: queue.LifoQueue[_Hasher] = queue.LifoQueue()
        for hasher in self._all:
            self._free.put(hasher)

    def close(self) -> None:
        """End the processes."""
        for hasher in self._all:
            hasher.drop()

    def ask(self, password: str, known: str | None) -> Any:
        """The answer of the next free process. Raises OVERLOADED."""
        question = json.dumps([password, known]).encode() + b"\n"
        try:
            hasher = self._free.get(timeout=PATIENCE)
        except queue.Empty as exc:
            raise KapokError("OVERLOADED", "Too many people are signing in.") from exc
        try:
            return self._ask(hasher, question)
        finally:
            self._free.put(hasher)

    def _ask(self, hasher: _Hasher, question: bytes) -> Any:
        try:
            return hasher.ask(question)
        except (OSError, ValueError):
            hasher.drop()
        try:
            return hasher.ask(question)
        except (OSError, ValueError) as exc:
            hasher.drop()
            raise KapokError("OVERLOADED", "Passwords cannot be checked right now.") from exc


@cache
def _hashers() -> _Hashers:
    hashers = _Hashers(settings.KAPOK_PASSWORD_THREADS, settings.KAPOK_ARGON2)
    atexit.register(hashers.close)
    return hashers


@cache
def _common() -> CommonPasswordValidator:
    return CommonPasswordValidator()


def _unfit(why: str) -> KapokError:
    return KapokError("PASSWORD_UNFIT", why, details={"fields": ["password"]})
