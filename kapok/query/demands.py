"""What new rows must meet: the checks of the grants, asked of the rows a statement has written.

In: alternatives, each with the flag of the written row that says whether it counts. Out: SQL that refuses. A check that
looks at other rows is asked at the end of its root field, of the row as it is then; the others at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kapok.query.aliases import Aliases
from kapok.query.expressions import Expression, all_of
from kapok.query.fragments import Sql, identifier, join, sql
from kapok.query.mentions import columns_of, is_related
from kapok.query.source import condition
from kapok.query.write_rules import Rule, either

#: Flags of a written row: an upsert has inserted it, or updated it.
NEW, OLD = "kapok.new", "kapok.old"


def met(number: int) -> str:
    """The flag that says whether the old row met the `where` of an alternative."""
    return f"kapok.met{number}"


@dataclass(frozen=True, slots=True)
class Demand:
    """One of the checks whose flag holds must be met."""

    checks: tuple[tuple[str | None, Expression | None], ...]

    @property
    def trivial(self) -> bool:
        """Whether every row meets it."""
        return all(check is None for _, check in self.checks) or (None, None) in self.checks

    @property
    def related(self) -> bool:
        """Whether it looks at other rows."""
        return not self.trivial and any(is_related(check) for _, check in self.checks)

    def columns(self) -> Iterator[str]:
        """The columns of the new row it looks at."""
        for _, check in self.checks:
            yield from columns_of(check)

    def flags(self) -> tuple[str, ...]:
        """The flags it needs."""
        return tuple(dict.fromkeys(flag for flag, _ in self.checks if flag is not None))

    def sql(self, row: str, flag: Callable[[str], Sql], aliases: Aliases) -> Sql:
        """The condition on the row `row`. flag: the expression of a flag."""
        terms = []
        for name, check in self.checks:
            asked = sql("true") if check is None else sql("(", condition(check, row, aliases), ")")
            terms.append(asked if name is None else sql("(", flag(name), " and ", asked, ")"))
        return sql("(", join(" or ", terms), ")")


def of_insert(rule: Rule, update: Rule | None, *, flagged: bool) -> Demand:
    """Of an insert; update: the rule of the rows an upsert has updated. There, which grant's `where` the old row has
    met is not known any more, so the new row must meet the checks of all. flagged: it is known whether a row was
    inserted or updated; else it must meet the checks of both."""
    checks = tuple(item.check for item in rule.alternatives)
    if update is None:
        return Demand(tuple((None, check) for check in checks))
    updated = [item.check for item in update.alternatives]
    strictest = all_of(*updated) if update.paired else either(updated)
    if not flagged:
        return Demand(((None, all_of(either(checks), strictest)),))
    return Demand((*((NEW, check) for check in checks), (OLD, strictest)))


def of_update(rule: Rule) -> Demand:
    """Of an update."""
    return Demand(tuple((met(i) if rule.paired else None, item.check) for i, item in enumerate(rule.alternatives)))


def flag_of(row: str) -> Callable[[str], Sql]:
    """Flags as columns of the written rows."""
    return lambda name: sql(row, ".", identifier(name))
