"""Who gets which name: collisions resolved the same way whatever order the catalog comes in, never an overwrite.

In: candidates with the names they wish for, best first, and what a name would claim. Out: one name each. The rules:
candidates are taken in order (named by a comment directive; plain_snake_case; the others; by key); each gets its first
wish if that is free, the others their second wish, and so on; whoever has no wish left gets the last wish with `_2` or
`_3` and so on. A name that GraphQL or Kapok itself needs gets a `_` at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count

#: The forms of one name that are decided together: ("BlogPost", "blogPost", "blogPosts"), or just ("title",).
Name = tuple[str, ...]
Key = tuple[str, ...]

_PLAIN = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Candidate:
    """key: what is named, unique among its like. wishes: at least one. claims: all that may not be claimed twice.

    explicit: named by a directive. yields: comes after its like, because another candidate's claims include its name.
    """

    key: Key
    wishes: tuple[Name, ...]
    claims: Callable[[Name], frozenset[str]] = frozenset
    explicit: bool = False
    yields: bool = False

    def order(self) -> tuple[bool, bool, bool, Key]:
        """Who comes first."""
        return (not self.explicit, self.yields, not _PLAIN.fullmatch(self.key[0]), self.key)


class Namespace:
    """The names that are taken so far. reserved: names nobody gets."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = frozenset(reserved)
        self._taken: set[str] = set()

    def assign(self, candidates: Iterable[Candidate]) -> dict[Key, Name]:
        """One free name for each candidate. Names assigned by earlier calls come first."""
        waiting = sorted(candidates, key=Candidate.order)
        given: dict[Key, Name] = {}
        for turn in range(max([len(candidate.wishes) for candidate in waiting], default=0)):
            left = []
            for candidate in waiting:
                wishes = candidate.wishes
                name = self._claimable(candidate, wishes[turn]) if turn < len(wishes) else None
                if name is None:
                    left.append(candidate)
                else:
                    given[candidate.key] = name
            waiting = left
        for candidate in waiting:
            given[candidate.key] = self._numbered(candidate)
        return given

    def _claimable(self, candidate: Candidate, wish: Name) -> Name | None:
        """The wish (with `_` where reserved), claimed; None where it is taken."""
        name, claims = wish, candidate.claims(wish)
        if not claims.isdisjoint(self._reserved):
            name = _suffixed(wish, "_")
            claims = candidate.claims(name)
        if not (claims.isdisjoint(self._taken) and claims.isdisjoint(self._reserved)):
            return None
        self._taken |= claims
        return name

    def _numbered(self, candidate: Candidate) -> Name:
        for number in count(2):
            name = self._claimable(candidate, _suffixed(candidate.wishes[-1], f"_{number}"))
            if name is not None:
                return name
        raise AssertionError("count() ends nowhere")


def _suffixed(name: Name, suffix: str) -> Name:
    return tuple([form + suffix for form in name])
