"""`kapok audit verify` in tests. In: its arguments. Out: how it ended and what it printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]
