"""What the rules as they are written say of one thing: a table, a column, a relation, a function.

In: permissions and a role. Out: a `Verdict`: allowed or not, the rules that say so, and why not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kapok.model.types import Function, Relation, Table
from kapok.permissions.matrix import Grant, Operation, matrix
from kapok.permissions.rules import SERVICE_ROLE, Permissions
from kapok.permissions.wording import as_text


@dataclass(frozen=True, slots=True)
class RuleRef:
    """Where a rule is written. own: in the tenant's own text. condition: of the rows it is about, "" for all."""

    rule: str
    line: int | None
    own: bool = False
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """subject: posts, posts.title, posts.author, publish(). operation: select, insert, ..., call."""

    subject: str
    operation: str
    allowed: bool
    rules: tuple[RuleRef, ...] = ()
    reason: str = ""


class Judge:
    """The rules for one role."""

    def __init__(self, rules: Permissions, role: str) -> None:
        self.role = role
        self._rules = rules
        self._cells = matrix(rules)
        self._lineage = rules.lineage(role)

    def grants(self, table: str, operation: Operation) -> Sequence[Grant]:
        """What decides about an operation."""
        return self._cells.get((self.role, table, operation), ())

    def table(self, table: Table, operation: Operation) -> Verdict:
        """Whether anything is allowed at all."""
        return self._verdict(table.name, operation, table.name, self.grants(table.name, operation))

    def column(self, table: Table, column: str, operation: Operation) -> Verdict:
        """Whether it may be read or given."""
        grants = self.grants(table.name, operation)
        having = [grant for grant in grants if grant.columns is None or column in grant.columns]
        preset = [grant for grant in grants if column in grant.presets]
        subject = f"{table.name}.{column}"
        if preset and not having:
            refs = tuple(_ref(grant, table.name, operation) for grant in preset)
            value = as_text(preset[0].presets[column])
            return Verdict(
                subject, operation.value, False, refs, f"The rule sets it to {value}; callers cannot give it."
            )
        what = "names this column" if grants else ""
        return self._verdict(subject, operation, table.name, having, what)

    def aggregates(self, table: Table) -> Verdict:
        """Whether they may be asked for."""
        if self.role == SERVICE_ROLE:
            return self._everything(table.name, "aggregate")
        grants = self.grants(table.name, Operation.SELECT)
        allowing = [grant for grant in grants if grant.aggregate]
        refs = tuple(_ref(grant, table.name, Operation.SELECT) for grant in allowing or grants)
        reason = "" if allowing else f"Every rule of {self._who()} for reading {table.name} says `aggregate: false`."
        return Verdict(table.name, "aggregate", bool(allowing), refs, reason)

    def relation(self, table: Table, relation: Relation) -> Iterator[Verdict]:
        """The columns a relation rests on: at both ends, and of the junction between them."""
        ends = [(table.name, relation.columns), (relation.target, relation.target_columns)]
        if relation.junction is not None:
            columns = relation.junction.source_columns + relation.junction.target_columns
            ends.append((relation.junction.table, columns))
        for name, needed in ends:
            grants = self.grants(name, Operation.SELECT)
            missing = [column for column in needed if not any(_has(grant, column) for grant in grants)]
            if missing and self.role != SERVICE_ROLE:
                reason = f"The relation rests on {', '.join(f'{name}.{column}' for column in missing)}, which "
                reason += f"no rule of {self._who()} shows."
                yield Verdict(f"{table.name}.{relation.api_name}", "select", False, (), reason)
                return
        yield Verdict(f"{table.name}.{relation.api_name}", "select", True)

    def function(self, function: Function) -> Verdict:
        """Whether it may be called."""
        subject = f"{function.name}()"
        if self.role == SERVICE_ROLE:
            return self._everything(subject, "call")
        open_to = self._rules.functions.get(function.name, frozenset())
        path = f"functions.{function.name}"
        ref = (RuleRef(path, self._rules.line_of(path)),) if function.name in self._rules.functions else ()
        allowed = not open_to.isdisjoint(self._lineage)
        reason = "" if allowed else f"It is open to {', '.join(sorted(open_to)) or 'nobody'}, not to {self._who()}."
        return Verdict(subject, "call", allowed, ref, reason)

    def _verdict(
        self, subject: str, operation: Operation, table: str, grants: Sequence[Grant], what: str = ""
    ) -> Verdict:
        if self.role == SERVICE_ROLE:
            return self._everything(subject, operation.value)
        refs = tuple(_ref(grant, table, operation) for grant in grants)
        what = what or "allows it"
        reason = "" if grants else f"No rule of {self._who()} {what} ({operation.value} of {table})."
        return Verdict(subject, operation.value, bool(grants), refs, reason)

    def _everything(self, subject: str, operation: str) -> Verdict:
        return Verdict(subject, operation, True, (RuleRef("service may do everything", None),))

    def _who(self) -> str:
        """The role with those it inherits from."""
        own, *inherited = self._lineage
        return f"{own} (with {', '.join(inherited)})" if inherited else own


def _has(grant: Grant, column: str) -> bool:
    return grant.columns is None or column in grant.columns


def _ref(grant: Grant, table: str, operation: Operation) -> RuleRef:
    condition = "" if grant.where is None else as_text(grant.where)
    return RuleRef(f"tables.{table}.{grant.role}.{operation.value}", grant.line, grant.own, condition)
