"""Which compiled operations read what a project wants recorded.

In: what is to be recorded (audit.yaml), the model, an operation. Out: the operation with its `ReadRecord`. What a
statement reads is what its SQL names, and what that reads in turn as far as the catalog knows; so nothing that becomes
SQL can be forgotten here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from kapok.identifiers import SCHEMA_MARK, called
from kapok.model.types import Model
from kapok.query.operation import Operation
from kapok.query.read_record import How, ReadRecord, details_of
from kapok.query.row_keys import keeps_keys
from kapok.query.write_operation import WriteOperation

#: A name of the tenant's schema in compiled SQL. A call follows the name at once with its parenthesis.
_NAMED = re.compile(re.escape(SCHEMA_MARK) + r'\."((?:[^"]|"")+)"(\()?')
#: A table that rows are only inserted into is not read.
_INSERTED = re.compile(r"insert into " + re.escape(SCHEMA_MARK) + r'\."(?:[^"]|"")+"')


class Recorded:
    """What is recorded in a schema. wanted: tables, and functions as `name()`, each with a value of
    kapok.changelog.settings.Reads."""

    def __init__(self, wanted: Iterable[tuple[str, str]], model: Model) -> None:
        modes = dict(wanted)
        #: Tables of whose rows the keys are recorded.
        self.keyed = frozenset(name for name, mode in modes.items() if mode == "keys")
        #: By all that a statement may name: what of it is recorded.
        beneath = _beneath(model)
        self._told = {name: modes.keys() & _reached(name, beneath) for name in {*beneath, *modes}}

    def read_by(self, operation: Operation | WriteOperation) -> list[str]:
        """What of it an operation reads, sorted."""
        if isinstance(operation, WriteOperation):
            named = [names_in(statement.template) for statement in operation.statements]
            return self.told(operation.read_back.union(*named))
        return self.told(names_in(operation.template))

    def told(self, names: Iterable[str]) -> list[str]:
        """What of it reading these tables, and calling these functions (`name()`), reads, sorted."""
        return sorted(set[str]().union(*[self._told.get(name, set()) for name in names]))

    def noted(
        self, operation: Operation | WriteOperation, role: str, name: str, document: str
    ) -> Operation | WriteOperation:
        """The operation, with a record where it reads what is recorded. name: the operation's. document: the
        SHA-256 of its text, in hex."""
        tables = self.read_by(operation)
        if not tables:
            return operation
        details = details_of(tables, role, name, document)
        return replace(operation, record=ReadRecord(details, _how(operation)))


def names_in(template: str) -> frozenset[str]:
    """The tables (and types), and functions as `name()`, of the tenant's schema that compiled SQL names."""
    named = _NAMED.findall(_INSERTED.sub("", template))
    plain = [(name.replace('""', '"'), call) for name, call in named]
    return frozenset([called(name) if call else name for name, call in plain])


def _how(operation: Operation | WriteOperation) -> How:
    if isinstance(operation, WriteOperation):
        return How.MUTATION
    return How.KEYS if keeps_keys(operation.template) else How.QUERY


def _beneath(model: Model) -> Mapping[str, set[str]]:
    """What reading a view or a table, or calling a function, reads beside it, one step deep. A function that returns
    rows of a table has read them."""
    found = {name: set(names) for name, names in model.reads}
    for function in [*model.functions, *(computed for table in model.tables for computed in table.computed)]:
        if function.returns_table is not None:
            found.setdefault(called(function.name), set()).add(function.returns_table)
    return found


def _reached(name: str, beneath: Mapping[str, set[str]]) -> set[str]:
    """The name and all that reading it reads."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += beneath.get(current, ())
    return seen
