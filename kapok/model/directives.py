"""Comment directives: `@name foo` on a line of its own in a comment. The other lines are the description.

In: a comment. Out: a `Comment`. docs/comment-directives.md lists the directives; a line that
begins with any other word is text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_TAGS = frozenset(
    {"name", "plural", "reverse", "manyToMany", "hidden", "notNull", "optional", "key", "unique", "references", "value"}
)
_LINE = re.compile(r"\s*@(\w+)(?:[ \t]+(.*\S))?\s*")
_IDENTIFIER = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([\w$]+))\s*')


@dataclass(frozen=True, slots=True)
class Comment:
    """text: the description, None when empty. tags: the arguments of each directive, in order."""

    text: str | None = None
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def argument(self, tag: str) -> str | None:
        """The first argument of a directive that has one."""
        return next((argument for argument in self.tags.get(tag, ()) if argument), None)

    def has(self, tag: str) -> bool:
        """Whether the directive is there, with or without an argument."""
        return tag in self.tags


def read_comment(comment: str | None) -> Comment:
    """Split a comment into description and directives."""
    if comment is None or "@" not in comment:
        return Comment(text=(comment or "").strip() or None)
    tags: dict[str, tuple[str, ...]] = {}
    text = []
    for line in comment.splitlines():
        match = _LINE.fullmatch(line)
        if match and match[1] in _TAGS:
            tags[match[1]] = (*tags.get(match[1], ()), match[2] or "")
        else:
            text.append(line)
    return Comment(text="\n".join(text).strip() or None, tags=tags)


def read_columns(argument: str) -> tuple[str, ...]:
    """`(a, "B c")` gives ("a", "B c"), folded as SQL does. Raises ValueError for anything else."""
    columns, rest = _columns(argument)
    if rest.strip():
        raise ValueError(f"unexpected: {rest.strip()}")
    return columns


def read_reference(argument: str) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """`(author_id) users (id)` gives (("author_id",), "users", ("id",)). Raises ValueError for anything else."""
    columns, rest = _columns(argument)
    target, rest = _identifier(rest)
    target_columns, rest = _columns(rest)
    if rest.strip():
        raise ValueError(f"unexpected: {rest.strip()}")
    if len(columns) != len(target_columns):
        raise ValueError("both sides need the same number of columns")
    return columns, target, target_columns


def _columns(text: str) -> tuple[tuple[str, ...], str]:
    if not text.lstrip().startswith("("):
        raise ValueError("expected ( and column names")
    rest = text.lstrip()[1:]
    columns = []
    while True:
        name, rest = _identifier(rest)
        columns.append(name)
        if rest.startswith(")"):
            return tuple(columns), rest[1:]
        if not rest.startswith(","):
            raise ValueError("expected , or )")
        rest = rest[1:]


def _identifier(text: str) -> tuple[str, str]:
    match = _IDENTIFIER.match(text)
    if match is None:
        raise ValueError("expected a name")
    name = match[1].replace('""', '"') if match[1] else match[2].lower()
    return name, text[match.end() :]
