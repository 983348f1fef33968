"""Models made by hand, with the names written out: the blog of api.md and shapes of any size."""

from __future__ import annotations

from collections.abc import Iterable

from kapok.identifiers import QualifiedName
from kapok.model.types import (
    Attribute,
    Column,
    EnumValue,
    Junction,
    Model,
    PgType,
    Relation,
    RelationKind,
    Table,
    TableKind,
    TypeKind,
    UniqueKey,
)


def scalar(name: str, graphql: str) -> PgType:
    """A type of pg_catalog."""
    return PgType(TypeKind.SCALAR, QualifiedName("pg_catalog", name), graphql)


UUID = scalar("uuid", "UUID")
TEXT = scalar("text", "String")
BOOL = scalar("bool", "Boolean")
INT4 = scalar("int4", "Int")
INT8 = scalar("int8", "BigInt")
FLOAT8 = scalar("float8", "Float")
NUMERIC = scalar("numeric", "Decimal")
TIMESTAMPTZ = scalar("timestamptz", "DateTime")
JSON = scalar("json", "JSON")
JSONB = scalar("jsonb", "JSON")
BYTEA = scalar("bytea", "Bytes")
POST_STATUS = PgType(
    TypeKind.ENUM,
    QualifiedName(None, "post_status"),
    "PostStatus",
    values=(EnumValue("draft", "DRAFT"), EnumValue("published", "PUBLISHED")),
    comment="Whether a post can be read.",
)
TSTZRANGE = PgType(TypeKind.RANGE, QualifiedName("pg_catalog", "tstzrange"), "TstzRange", element=TIMESTAMPTZ)
TSTZMULTIRANGE = PgType(
    TypeKind.MULTIRANGE, QualifiedName("pg_catalog", "tstzmultirange"), "TstzRange", element=TIMESTAMPTZ
)
ADDRESS = PgType(
    TypeKind.COMPOSITE,
    QualifiedName(None, "address"),
    "Address",
    attributes=(Attribute("street", "street", TEXT), Attribute("zip_code", "zipCode", INT4)),
)
EMAIL = PgType(TypeKind.DOMAIN, QualifiedName(None, "email"), "String", element=TEXT)


def array(element: PgType) -> PgType:
    """An array type."""
    name = QualifiedName(element.name.schema, "_" + element.name.name)
    return PgType(TypeKind.ARRAY, name, element.scalar, element=element)


def camel(name: str) -> str:
    """`created_at` gives `createdAt`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def column(name: str, type_: PgType, *, nullable: bool = False, is_id: bool = False, comment: str = "") -> Column:
    """A column under its camelCase name."""
    return Column(name, camel(name), type_, nullable=nullable, is_id=is_id, comment=comment or None)


def table(
    name: str,
    api: tuple[str, str, str],
    columns: Iterable[Column],
    *,
    key: tuple[str, ...] = ("id",),
    unique: tuple[UniqueKey, ...] = (),
    relations: tuple[Relation, ...] = (),
    comment: str | None = None,
) -> Table:
    """A table. api: (type, one, list). key: columns of the primary key, () for none."""
    return Table(
        name,
        TableKind.TABLE,
        *api,
        columns=tuple(columns),
        primary_key=UniqueKey(f"{name}_pkey", key, api[1]) if key else None,
        unique_keys=unique,
        relations=relations,
        comment=comment,
    )


def to_one(api_name: str, target: str, column_name: str, *, nullable: bool = False) -> Relation:
    """A foreign key to `target.id`."""
    return Relation(
        api_name, RelationKind.TO_ONE, target, (column_name,), ("id",), f"{column_name}_fkey", nullable, own_key=True
    )


def to_many(api_name: str, target: str, column_name: str) -> Relation:
    """The other end of a foreign key."""
    return Relation(api_name, RelationKind.TO_MANY, target, ("id",), (column_name,), f"{column_name}_fkey")


def blog() -> Model:
    """users, blog_posts, comments, labels and the pure junction between posts and labels."""
    users = table(
        "users",
        ("User", "user", "users"),
        [column("id", UUID, is_id=True), column("name", TEXT), column("email", EMAIL, nullable=True)],
        relations=(to_many("blogPosts", "blog_posts", "author_id"),),
    )
    junction = Junction("blog_posts_labels", ("blog_post_id",), ("label_id",))
    posts = table(
        "blog_posts",
        ("BlogPost", "blogPost", "blogPosts"),
        [
            column("id", UUID, is_id=True),
            column("author_id", UUID, is_id=True),
            column("slug", TEXT),
            column("title", TEXT, comment="What readers see first."),
            column("status", POST_STATUS),
            column("tags", array(TEXT), nullable=True),
            column("views", INT8),
            column("meta", JSONB, nullable=True),
            column("published", TSTZRANGE, nullable=True),
            column("address", ADDRESS, nullable=True),
            column("created_at", TIMESTAMPTZ),
        ],
        unique=(UniqueKey("blog_posts_slug_key", ("slug",), "blogPostBySlug"),),
        relations=(
            to_one("author", "users", "author_id"),
            to_many("comments", "comments", "blog_post_id"),
            Relation("labels", RelationKind.MANY_TO_MANY, "labels", ("id",), ("id",), "labels_fkey", junction=junction),
        ),
        comment="What authors write.",
    )
    comments = table(
        "comments",
        ("Comment", "comment", "comments"),
        [
            column("id", INT8, is_id=True),
            column("blog_post_id", UUID, is_id=True),
            column("body", TEXT),
            column("rating", INT4, nullable=True),
        ],
        relations=(to_one("blogPost", "blog_posts", "blog_post_id"),),
    )
    labels = table("labels", ("Label", "label", "labels"), [column("id", INT4, is_id=True), column("name", TEXT)])
    return Model("blog", (users, posts, comments, labels))


def wide(tables: int = 30, columns: int = 10) -> Model:
    """A shape of `tables` tables, each with `columns` columns and three relations: the size the budgets are for."""
    types = [TEXT, INT4, INT8, NUMERIC, BOOL, TIMESTAMPTZ, JSONB, FLOAT8, array(TEXT), POST_STATUS]

    def one(number: int) -> Table:
        following, before = (number + 1) % tables, (number - 1) % tables
        own = [
            column(f"column_{place}", types[place % len(types)], nullable=place % 2 == 1) for place in range(2, columns)
        ]
        return table(
            f"table_{number}",
            (f"Table{number}", f"table{number}", f"table{number}s"),
            [column("id", UUID, is_id=True), column("parent_id", UUID, is_id=True), *own],
            relations=(
                to_one("parent", f"table_{following}", "parent_id"),
                to_many("children", f"table_{before}", "parent_id"),
                to_many("others", f"table_{(number + 2) % tables}", "parent_id"),
            ),
        )

    return Model("wide", tuple(one(number) for number in range(tables)))
