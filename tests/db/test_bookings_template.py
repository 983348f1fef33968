"""The project templates on a real Postgres: what they seed, and what the API makes of them."""

from __future__ import annotations

import datetime

import psycopg
import pytest
import yaml

from kapok.catalog.introspect import introspect
from kapok.catalog.parse import parse
from kapok.changelog.settings import parse_settings
from kapok.model.build import build
from kapok.model.types import Model, RelationKind
from kapok.permissions.apply import visible
from kapok.permissions.expectations import Expected, parse_expectations
from kapok.permissions.rules import parse_permissions
from kapok.permissions.validation import validate
from kapok.query.guard import GuardedTable
from kapok.query.recorded import Recorded
from kapok.templates.bookings.seed import generate
from kapok.templates.bookings.seed_accounts import MEMBER
from tests.db.bookings import TEMPLATES, Connection, rows, value


@pytest.mark.parametrize(
    ("table", "at_least"),
    [
        ("cities", 12),
        ("partners", 60),
        ("managers", 1),
        ("establishments", 150),
        ("categories", 15),
        ("tags", 10),
        ("offers", 400),
        ("offer_tags", 1000),
        ("offer_slots", 2000),
        ("members", 800),
        ("bookings", 5000),
        ("booking_guests", 1000),
        ("payments", 4000),
        ("favourites", 2000),
        ("reviews", 800),
        ("offer_stats", 400),
        ("city_monthly_sales", 100),
    ],
)
def test_every_table_is_seeded(db: Connection, table: str, at_least: int) -> None:
    assert value(db, f"select count(*) from {table}") >= at_least


def test_the_seed_is_deterministic_and_scales() -> None:
    first = list(generate(seed=7))
    assert first == list(generate(seed=7))
    assert first != list(generate(seed=8))
    assert first != list(generate(seed=7, today=datetime.date(2027, 1, 1)))
    assert len(list(generate(seed=7, scale=3))) > 2 * len(first)


def test_names_with_quotes_and_accents_survive(db: Connection) -> None:
    assert value(db, "select count(*) from members where display_name like %s", "%O'Brien") > 0
    assert value(db, "select count(*) from members where display_name like %s", "João %") > 0
    assert value(db, "select count(*) from establishments where district = %s", "Presqu'île") > 0


def test_identity_columns_go_on_after_the_seeded_ids(db: Connection) -> None:
    new = value(db, "insert into tags (name, slug) values ('New', 'new') returning id")
    assert new == value(db, "select max(id) from tags where slug <> 'new'") + 1


def test_no_session_is_overbooked_and_no_member_books_before_joining(db: Connection) -> None:
    assert value(db, "select min(offer_slots_places_left(s)) from offer_slots s") >= 0
    early = "select count(*) from bookings b join members m on m.id = b.member_id where b.booked_at < m.joined_at"
    assert value(db, early) == 0


def test_every_foreign_key_has_an_index(db: Connection) -> None:
    missing = rows(
        db,
        """
        select conrelid::regclass::text, conname from pg_constraint c
        where contype = 'f' and connamespace = current_schema()::regnamespace and not exists (
          select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = any (c.conkey)
            and (i.indisunique or (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)
        )
        """,
    )
    assert missing == []


def test_every_table_has_a_comment(db: Connection) -> None:
    query = """
        select relname from pg_class where relnamespace = current_schema()::regnamespace
          and relkind in ('r', 'v', 'm') and obj_description(oid, 'pg_class') is null
    """
    assert rows(db, query) == []


@pytest.fixture
def model(db: Connection) -> Model:
    """What the API makes of the template."""
    [(schema, role)] = rows(db, "select current_schema(), current_user::text")
    return build(parse(introspect(db, schema, role)))


def test_the_comments_shape_the_model(model: Model) -> None:
    assert model.warnings == ()
    columns = {column.api_name for column in model.table("establishments").columns}
    assert {"latitude", "longitude"} <= columns
    assert "searchVector" not in {column.api_name for column in model.table("offers").columns}
    assert "internalNotes" not in {column.api_name for column in model.table("partners").columns}
    assert {function.name for function in model.functions} == {
        "search_offers",
        "nearby_offers",
        "book_slot",
        "book_session",
    }
    assert {function.api_name for function in model.table("offers").computed} == {
        "averageRating",
        "discountPercent",
        "similar",
    }
    relations = {relation.api_name: relation for relation in model.table("offers").relations}
    assert relations["offerStats"].kind is RelationKind.TO_ONE
    assert relations["tags"].kind is RelationKind.MANY_TO_MANY
    assert relations["featuredAt"].target == "establishments"


def test_permissions_name_what_exists_and_nothing_private(model: Model) -> None:
    permissions = parse_permissions((TEMPLATES / "bookings" / "permissions.yaml").read_text())
    assert validate(permissions, model) == []
    anon = visible(model, permissions, "anon")
    private = {"members", "bookings", "booking_guests", "payments", "favourites", "city_monthly_sales"}
    assert not private & {table.name for table in anon.tables}
    for table in anon.tables:
        assert not private & {relation.target for relation in table.relations}
    partners = {column.name for column in anon.table("partners").columns}
    assert partners == {"id", "name", "slug", "about", "website"}
    assert "revenue" not in {column.name for column in anon.table("offer_stats").columns}
    for role in ("member", "partner", "staff"):
        # Nobody but the service learns what the payment provider says, and nobody writes payments.
        payments = visible(model, permissions, role).table("payments")
        assert not {"details", "provider_reference"} & {column.name for column in payments.columns}
        assert isinstance(payments, GuardedTable)
        assert not payments.insert + payments.update + payments.delete
    assert "city_monthly_sales" not in {table.name for table in visible(model, permissions, "partner").tables}


def test_audit_yaml_names_what_exists(model: Model) -> None:
    settings = parse_settings((TEMPLATES / "bookings" / "audit.yaml").read_text())
    tables = {table.name: [column.name for column in table.columns] for table in model.tables}
    settings.check(tables, [function.name for function in model.functions])
    assert settings.recorded_reads()["members"] == "keys"
    recorded = Recorded(settings.recorded_reads().items(), model)
    catalogue = [table.name for table in model.tables if table.name.startswith(("offer", "city", "categor", "estab"))]
    assert recorded.told(catalogue) == [], "browsing offers looks at nobody"


def test_the_permission_tests_are_well_formed_and_of_every_role() -> None:
    file = TEMPLATES / "bookings" / "permissions_tests.yaml"
    tests = parse_expectations(file.read_text(), file.name)
    allowed = {test.steps[0].person.role for test in tests if not (_refuses(test.steps[0].expected))}
    refused = {test.steps[0].person.role for test in tests if _refuses(test.steps[0].expected)}
    assert allowed == refused == {"anon", "member", "partner", "staff"}


def _refuses(expected: Expected) -> bool:
    return expected.denied or expected.error is not None


@pytest.mark.parametrize("template", ["bookings", "blank"])
def test_a_template_holds_what_its_kapok_yaml_names(template: str) -> None:
    project = yaml.safe_load((TEMPLATES / template / "kapok.yaml").read_text())
    assert set(project) <= {"name", "description", "migrations", "permissions", "seed", "users"}
    assert list((TEMPLATES / template / project["migrations"]).glob("0001_*.sql"))
    assert (TEMPLATES / template / project["permissions"]).is_file()


def test_the_blank_template_migrates(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        for path in sorted((TEMPLATES / "blank" / "migrations").glob("*.sql")):
            connection.execute(path.read_bytes())
        assert value(connection, "select count(*) from notes") == 0
        connection.rollback()


@pytest.mark.parametrize("day", [datetime.date(2026, 11, 21), datetime.date(2027, 2, 28)])
def test_the_member_who_signs_in_has_bookings_to_cancel(day: datetime.date) -> None:
    """As the README says, whatever the day."""
    statements = [text for text in generate(seed=1, today=day) if text.startswith('insert into "bookings" ')]
    rows_of_all = [line for text in statements for line in text.splitlines()[1:]]
    own = [line for line in rows_of_all if line.split(", ")[2] == f"'{MEMBER.id}'"]
    assert sum("'pending'" in line or "'confirmed'" in line for line in own) >= 2
