"""Names for the parts of one statement: t0, t1 ... as they are asked for, so that equal plans give equal text."""

from __future__ import annotations


class Aliases:
    """The counter of one statement."""

    def __init__(self) -> None:
        self._count = 0

    def new(self) -> str:
        """The next alias."""
        alias = f"t{self._count}"
        self._count += 1
        return alias
