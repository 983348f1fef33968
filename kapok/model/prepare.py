"""The catalog as the comments want it: declared keys and references added, hidden things and what hung on them gone.

In and out: a `Catalog`; the model's other passes read only what is left. Also out: a sentence for each directive that
could not be used, so that a slip is told and not guessed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kapok.catalog.types import Catalog, RawForeignKey, RawKey, RawTable, RawType
from kapok.model.directives import read_columns, read_comment, read_reference


def prepare(catalog: Catalog) -> tuple[Catalog, tuple[str, ...]]:
    """Apply @key, @unique, @references and @hidden; drop keys and references to columns that are not there."""
    warnings: list[str] = []
    keyed = {table.name: _with_keys(table, warnings) for table in catalog.tables}
    declared = [_with_references(table, keyed, warnings) for table in keyed.values()]
    visible = [_without_hidden(table) for table in declared if not _hidden(table.comment)]
    ends = {table.name: {column.name for column in table.columns} for table in visible if table.columns}
    return (
        replace(
            catalog,
            tables=tuple([_without_dangling(table, ends) for table in visible if table.columns]),
            types=tuple([_without_hidden_attributes(item, ends) for item in catalog.types]),
            functions=tuple([function for function in catalog.functions if not _hidden(function.comment)]),
        ),
        tuple(warnings),
    )


def _hidden(comment: str | None) -> bool:
    return read_comment(comment).has("hidden")


def _with_keys(table: RawTable, warnings: list[str]) -> RawTable:
    comment = read_comment(table.comment)
    keys = list(table.keys)
    for tag in ("key", "unique"):
        for argument in comment.tags.get(tag, ()):
            try:
                columns = read_columns(argument)
                _check_columns(columns, table)
                if tag == "key" and any(key.primary for key in keys):
                    raise ValueError("there is a primary key already")
            except ValueError as exc:
                warnings.append(f"{table.name}: @{tag} {argument}: {exc}")
            else:
                keys.append(RawKey(f"@{tag} {argument}", columns, primary=tag == "key", arbiter=False))
    return replace(table, keys=tuple(keys))


def _with_references(table: RawTable, tables: Mapping[str, RawTable], warnings: list[str]) -> RawTable:
    references = list(table.foreign_keys)
    for argument in read_comment(table.comment).tags.get("references", ()):
        try:
            columns, target, target_columns = read_reference(argument)
            _check_columns(columns, table)
            if target not in tables:
                raise ValueError(f"there is no table {target}")
            _check_columns(target_columns, tables[target])
            if not any(set(key.columns) <= set(target_columns) for key in tables[target].keys):
                raise ValueError("the columns it points to are no key")
        except ValueError as exc:
            warnings.append(f"{table.name}: @references {argument}: {exc}")
        else:
            name = f"@references {argument}"
            references.append(RawForeignKey(name, columns, target, target_columns, unchecked=True))
    return replace(table, foreign_keys=tuple(references))


def _check_columns(columns: tuple[str, ...], table: RawTable) -> None:
    for column in columns:
        if all(column != known.name for known in table.columns):
            raise ValueError(f"{table.name} has no column {column}")
    if len(set(columns)) != len(columns):
        raise ValueError("a column is named twice")


def _without_hidden(table: RawTable) -> RawTable:
    return replace(
        table,
        columns=tuple([column for column in table.columns if not _hidden(column.comment)]),
        keys=tuple([key for key in table.keys if key.primary or not _hidden(key.comment)]),
        foreign_keys=tuple([key for key in table.foreign_keys if not _hidden(key.comment)]),
    )


def _without_hidden_attributes(item: RawType, columns: Mapping[str, set[str]]) -> RawType:
    """Of a table's row as a value, only what its table shows; the rest keeps its place. columns: names by table."""
    if not item.row or item.name.schema is not None:
        return item
    shown = columns.get(item.name.name, set())
    attributes = [replace(attribute, hidden=attribute.name not in shown) for attribute in item.attributes]
    return replace(item, attributes=tuple(attributes))


def _without_dangling(table: RawTable, ends: Mapping[str, set[str]]) -> RawTable:
    """Keys and references only of columns that are (still) there, on both ends. ends: column names by table."""
    names = ends[table.name]
    return replace(
        table,
        keys=tuple([key for key in table.keys if names.issuperset(key.columns)]),
        foreign_keys=tuple(
            [
                key
                for key in table.foreign_keys
                if names.issuperset(key.columns) and ends.get(key.target, set()).issuperset(key.target_columns)
            ]
        ),
    )
