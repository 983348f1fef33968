"""Catalogs made by hand, in a few words: `catalog(table("posts", "id", "author_id", primary="id", references=...))`."""

from __future__ import annotations

from collections.abc import Iterable

from kapok.catalog.types import (
    Catalog,
    RawArgument,
    RawAttribute,
    RawColumn,
    RawForeignKey,
    RawFunction,
    RawKey,
    RawTable,
    RawTableKind,
    RawType,
    RawTypeKind,
)
from kapok.identifiers import QualifiedName

INT4 = QualifiedName("pg_catalog", "int4")
TEXT = QualifiedName("pg_catalog", "text")
VOID = QualifiedName("pg_catalog", "void")
RECORD = QualifiedName("pg_catalog", "record")
_BUILT_IN = (
    RawType(INT4, RawTypeKind.BASE),
    RawType(TEXT, RawTypeKind.BASE),
    RawType(VOID, RawTypeKind.PSEUDO),
    RawType(RECORD, RawTypeKind.PSEUDO),
)


def column(name: str, type_name: QualifiedName = INT4, **more: object) -> RawColumn:
    """A nullable int4 unless told otherwise."""
    return RawColumn(name, type_name, **more)  # type: ignore[arg-type]


def references(column_names: str, target: str, target_columns: str = "id", **more: object) -> RawForeignKey:
    """A foreign key named after its table's columns; several columns are separated by blanks."""
    columns = tuple(column_names.split())
    name = more.pop("name", None) or "_".join(columns) + "_fkey"
    return RawForeignKey(str(name), columns, target, tuple(target_columns.split()), **more)  # type: ignore[arg-type]


def table(
    name: str,
    *columns: str | RawColumn,
    primary: str = "id",
    unique: Iterable[str] = (),
    foreign_keys: Iterable[RawForeignKey] = (),
    **more: object,
) -> RawTable:
    """A table; columns given by name are int4 and not null when in the primary key."""
    in_primary = tuple(primary.split())
    made = [RawColumn(item, INT4, not_null=item in in_primary) if isinstance(item, str) else item for item in columns]
    keys = [RawKey(f"{name}_pkey", in_primary, primary=True)] if primary else []
    keys += [RawKey("_".join([name, *item.split(), "key"]), tuple(item.split())) for item in unique]
    kind = more.pop("kind", RawTableKind.TABLE)
    return RawTable(name, kind, tuple(made), tuple(keys), tuple(foreign_keys), **more)  # type: ignore[arg-type]


def row_type(name: str) -> RawType:
    """The row type of a table."""
    return RawType(QualifiedName(None, name), RawTypeKind.COMPOSITE, attributes=(RawAttribute("id", INT4),), row=True)


def enum(name: str, *labels: str, **more: object) -> RawType:
    """An enum of the schema."""
    return RawType(QualifiedName(None, name), RawTypeKind.ENUM, labels=labels, **more)  # type: ignore[arg-type]


def function(name: str, *arguments: RawArgument, returns: QualifiedName = INT4, **more: object) -> RawFunction:
    """A stable function."""
    given: dict[str, object] = {"returns_set": False, "volatility": "s", **more}
    return RawFunction(name, arguments, returns, **given)  # type: ignore[arg-type]


def catalog(*items: RawTable | RawType | RawFunction) -> Catalog:
    """Everything given, with the built-in types."""
    return Catalog(
        tables=tuple([item for item in items if isinstance(item, RawTable)]),
        types=(*_BUILT_IN, *[item for item in items if isinstance(item, RawType)]),
        functions=tuple([item for item in items if isinstance(item, RawFunction)]),
    )
