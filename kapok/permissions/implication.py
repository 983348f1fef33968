"""Whether one rule's condition is at least as strict as another's, as far as their text shows.

In: two conditions as data (`{status: {eq: PUBLISHED}}`, None for no condition). Out: True only where it is certain;
"not shown" is False, so whoever warns of looser rules warns too often rather than too seldom.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: Comparisons of one question; a longer one is answered with "not shown".
MAX_STEPS = 20_000


class _TooLongError(Exception):
    """The steps are used up."""


def is_implied(wanted: Any, given: Any) -> bool:
    """Whether every row that meets `given` is sure to meet `wanted`."""
    try:
        return _Proof().implies(_tree(given), _tree(wanted))
    except _TooLongError:
        return False


class _All(tuple[Any, ...]):
    """Conditions that all hold."""

    __slots__ = ()


class _Any(tuple[Any, ...]):
    """Conditions one of which holds."""

    __slots__ = ()


def _tree(condition: Any) -> Any:
    """Ands and ors as `_All` and `_Any`; everything else as ((names on the way), value)."""
    return _All(_conjuncts(condition))


def _conjuncts(condition: Any) -> Iterator[Any]:
    for key, value in (condition or {}).items():
        if key == "and" and isinstance(value, list):
            for item in value:
                yield from _conjuncts(item)
        elif key == "or" and isinstance(value, list):
            yield _Any(_tree(item) for item in value)
        elif _is_column(key, value):
            for operator, item in value.items():
                yield (key, operator), _frozen(item)
        else:
            yield (key,), _frozen(value)


def _is_column(key: str, value: Any) -> bool:
    """A column with its operators: each says something of its own. What is said behind a relation belongs together."""
    if key == "not" or not isinstance(value, dict) or not value:
        return False
    return not any(isinstance(item, dict) for item in value.values())


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return frozenset((key, _frozen(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return (type(value).__name__, value)


class _Proof:
    def __init__(self) -> None:
        self._steps = 0

    def implies(self, given: Any, wanted: Any) -> bool:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise _TooLongError
        if given == wanted and type(given) is type(wanted):
            return True
        if isinstance(wanted, _All):
            return all(self.implies(given, item) for item in wanted)
        if isinstance(given, _Any):
            return all(self.implies(item, wanted) for item in given)
        if isinstance(wanted, _Any) and any(self.implies(given, item) for item in wanted):
            return True
        if isinstance(given, _All):
            return any(self.implies(item, wanted) for item in given)
        return not isinstance(wanted, _Any) and _among(given, wanted)


def _among(given: tuple[Any, Any], wanted: tuple[Any, Any]) -> bool:
    """`eq` and `in` of one column: the values given are among those wanted."""
    (path, value), (wanted_path, values) = given, wanted
    if len(path) != 2 or len(wanted_path) != 2 or path[0] != wanted_path[0] or wanted_path[1] != "in":
        return False
    if path[1] == "eq":
        return value in values
    return path[1] == "in" and set(value) <= set(values)
