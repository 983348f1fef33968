"""JSON whose numbers keep their digits: what was sealed as `10.50` is shown as `10.50`, and as deep as Postgres has it.

In: a text. Out: Python's values, decimals as `Number`s; and a text again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Postgres refuses what is nested deeper than some 6,000 levels.
MAX_DEPTH = 20_000
#: Python makes no integers of more digits.
MAX_DIGITS = 4000


class Number(float):
    """A number that is printed as it was written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Number:
        """Raises ValueError for what is none."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


def loads(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError."""
    with _deep():
        try:
            return json.loads(text, parse_float=Number, parse_int=_integer)
        except RecursionError as exc:
            raise ValueError("nested too deeply") from exc


def dumps(value: Any, *, indented: bool = False) -> str:
    """As json.dumps has it, in UTF-8; indented: with a line for each member."""
    parts: list[str] = []
    with _deep():
        _write(value, "\n" if indented else "", parts)
    return "".join(parts)


def _write(value: Any, line: str, parts: list[str]) -> None:
    """line: what begins a line at this depth, "" for all in one."""
    if isinstance(value, Number):
        parts.append(value.text)
    elif not isinstance(value, dict | list | tuple) or not value:
        parts.append(json.dumps(value, ensure_ascii=False))
    else:
        inner = f"{line}  " if line else ""
        names, members = (list(value), list(value.values())) if isinstance(value, dict) else (None, value)
        parts.append("[" if names is None else "{")
        for place, member in enumerate(members):
            parts.append(("," if line else ", ") + inner if place else inner)
            if names is not None:
                parts.append(f"{json.dumps(str(names[place]), ensure_ascii=False)}: ")
            _write(member, inner, parts)
        parts.append(line + ("]" if names is None else "}"))


def _integer(text: str) -> int | Number:
    return int(text) if len(text) <= MAX_DIGITS else Number(text)


@contextmanager
def _deep() -> Iterator[None]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(MAX_DEPTH)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
