"""What is shown of an entry, and a page of them.

In: what the database has. Out: dataclasses for templates and serializers. Values are JSON texts exactly as they were
sealed (`10.50`, `"Ada"`); `readable` makes them nicer for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Literal

import orjson

from apps.audit.browse.columns import Cut

#: What the change log writes instead of a value that audit.yaml keeps out of it.
REDACTED = '"[redacted]"'

#: there: the value is known. absent: there was none (a column of an insert's before). erased: it was, and is gone for
#: good. redacted: audit.yaml keeps it out of the log. cut: it is there, and too large to be shown with the others.
State = Literal["there", "absent", "erased", "redacted", "cut"]


@dataclass(frozen=True, slots=True)
class Value:
    """A value, or why there is none. text: JSON, "" unless there. digest, characters: of one that is cut, where they
    are known."""

    state: State
    text: str = ""
    digest: str = ""
    characters: int = 0

    @property
    def mark(self) -> tuple[str, str]:
        """The same for the same value, whether it is cut or not."""
        if self.state == "there":
            return "", sha256(self.text.encode()).hexdigest()
        return ("", self.digest) if self.digest else (self.state, "")

    def __str__(self) -> str:
        return readable(self.text) if self.state == "there" else "" if self.state == "absent" else f"[{self.state}]"


@dataclass(frozen=True, slots=True)
class Difference:
    """One column before and after. changed: whether the two differ; where a value was erased nobody can say, and it
    counts as changed."""

    column: str
    before: Value
    after: Value
    changed: bool


@dataclass(frozen=True)
class EntryView:
    """One entry of a log.

    index: its place in the log, None while it is not sealed yet. at: when, with time zone. kind: `change` or `event`.
    sealed: the size of the first checkpoint that is above it, None while none is.
    expired: its row is gone because it is older than the time it is kept for: only index, position, kind, at and sealed
    are known. missing: its row is gone, and no retention says why. intact: whether the row is what was sealed; None
    where that cannot be said (not sealed yet, expired, missing, cut).
    erased: the paths of values that are gone for good (`after.email`, `actor`).
    cut: the paths of values that are too large to be shown here; `after.*` for all of a part. intact is None then.
    who: the actor, "" for nobody, unknown or erased. session, address, target: "" likewise.
    Of changes: table, op, source, key, before, after (columns to JSON texts; None where the change has none, as an
    insert's before; with audit.yaml's mode `keys` always). Of events: action, number, outcome, details.
    """

    index: int | None
    position: int
    kind: str
    at: datetime
    sealed: int | None = None
    expired: bool = False
    missing: bool = False
    intact: bool | None = None
    erased: frozenset[str] = frozenset()
    cut: Mapping[str, Cut] = field(default_factory=dict)
    who: str = ""
    session: str = ""
    address: str = ""
    target: str = ""
    request_id: str = ""
    table: str = ""
    op: str = ""
    source: str = ""
    key: Mapping[str, str] | None = None
    before: Mapping[str, str] | None = None
    after: Mapping[str, str] | None = None
    action: str = ""
    number: int | None = None
    outcome: str = ""
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """`update guests`, `ddl`, `user.signed_in`; "" when the row is gone."""
        return self.action if self.kind == "event" else f"{self.op} {self.table}".strip()

    @property
    def is_unread(self) -> bool:
        """Whether nobody has looked what values it has: they are too large."""
        return any(path.endswith(".*") for path in self.cut)

    @property
    def key_text(self) -> str:
        """`id=7`; "" for a table without a key. `parse_key` reads it."""
        return ", ".join(f"{column}={readable(text)}" for column, text in (self.key or {}).items())

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """Every column that before or after has or had, in the order of names; none where nobody has looked."""
        if self.is_unread:
            return ()
        columns = {*(self.before or {}), *(self.after or {})}
        named = (path for path in (*self.erased, *self.cut) if path.startswith(("before.", "after.")))
        columns.update(path.partition(".")[2] for path in named)
        return tuple(self._difference(column) for column in sorted(columns))

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns that an update has changed; of other changes all."""
        return tuple(one.column for one in self.differences if one.changed)

    def value(self, path: str) -> Value:
        """The value at a path: `actor`, `key.id`, `before.email`, `details.reason`."""
        if path in self.erased:
            return Value("erased")
        if path in self.cut:
            return Value("cut", "", *self.cut[path])
        part, _, name = path.partition(".")
        found: Mapping[str, str] | None = {
            "key": self.key, "before": self.before, "after": self.after, "details": self.details,
            "": {},
        }.get(part if name else "")  # fmt: skip
        if not name:
            text = {"actor": self.who, "sessionId": self.session, "address": self.address, "target": self.target}[part]
            return Value("there", orjson.dumps(text).decode()) if text else Value("absent")
        if found is None or name not in found:
            return Value("absent")
        return Value("redacted") if found[name] == REDACTED else Value("there", found[name])

    def _difference(self, column: str) -> Difference:
        before, after = self.value(f"before.{column}"), self.value(f"after.{column}")
        # Of two that are the same there may have been room for one.
        same = before.mark == after.mark and before.state != "erased"
        return Difference(column, before, after, changed=not same)


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first, and how to go on.

    waiting: only on a first page: what fits and was committed, but is not sealed or not searchable yet, newest first;
    it stands above entries. waiting_more: there is more of that than is shown.
    cursor: the next page's; "" at the end. searched_to: so far back was searched without finding a whole page; go on
    with the cursor. indexed, size: of so many entries are searchable; not all right after an upgrade.
    """

    entries: tuple[EntryView, ...]
    cursor: str = ""
    searched_to: datetime | None = None
    waiting: tuple[EntryView, ...] = ()
    waiting_more: bool = False
    indexed: int = 0
    size: int = 0


def readable(text: str) -> str:
    """A JSON text for people: a string without its quotes, everything else as it is."""
    if not text.startswith('"'):
        return text
    value = orjson.loads(text)
    return value if isinstance(value, str) else text
