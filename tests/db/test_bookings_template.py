"""The project templates on a real Postgres: migrated and seeded by a plain LOGIN role with CREATE on one schema."""

from __future__ import annotations

import datetime
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import errors, sql

import kapok.templates
from kapok.catalog.introspect import introspect
from kapok.catalog.parse import parse
from kapok.identifiers import owner_role, schema_name
from kapok.model.build import build
from kapok.model.types import Model, RelationKind
from kapok.permissions.apply import visible
from kapok.permissions.expectations import Expected, parse_expectations
from kapok.permissions.rules import parse_permissions
from kapok.permissions.validation import validate
from kapok.query.guard import GuardedTable
from kapok.templates.bookings.seed import generate
from kapok.templates.bookings.seed_accounts import MANAGER, MEMBER

TEMPLATES = Path(kapok.templates.__path__[0])
Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="module")
def owner_dsn() -> Iterator[str]:
    """How to log in as the owner role of a fresh tenant schema, which itself belongs to another role."""
    schema = schema_name(uuid.uuid4())
    owner, password = owner_role(schema), uuid.uuid4().hex
    names = {"schema": sql.Identifier(schema), "owner": sql.Identifier(owner), "password": sql.Literal(password)}
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as admin:
        for statement in (
            "create role {owner} login nosuperuser nocreatedb nocreaterole noinherit password {password}",
            "create schema {schema}",
            "grant usage, create on schema {schema} to {owner}",
            "alter role {owner} set search_path = {schema}",
        ):
            admin.execute(sql.SQL(statement).format(**names))
        yield psycopg.conninfo.make_conninfo(os.environ["DATABASE_URL"], user=owner, password=password)
        for statement in ("drop schema {schema} cascade", "drop owned by {owner}", "drop role {owner}"):
            admin.execute(sql.SQL(statement).format(**names))


@pytest.fixture(scope="module")
def seeded(owner_dsn: str) -> str:
    """The bookings template, migrated file by file and seeded, each in one transaction."""
    with psycopg.connect(owner_dsn) as connection:
        for path in sorted((TEMPLATES / "bookings" / "migrations").glob("*.sql")):
            with connection.transaction():
                connection.execute(path.read_bytes())
        with connection.transaction():
            for statement in generate(seed=1):
                connection.execute(statement.encode())
    return owner_dsn


@pytest.fixture
def db(seeded: str) -> Iterator[Connection]:
    """A connection as the owner role whose changes are rolled back."""
    with psycopg.connect(seeded) as connection:
        yield connection
        connection.rollback()


def rows(db: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return db.execute(query.encode(), values or None).fetchall()


def value(db: Connection, query: str, *values: object) -> Any:
    [[only]] = rows(db, query, *values)
    return only


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


def test_search_offers(db: Connection) -> None:
    found = rows(db, "select title, price, status from search_offers('kayak', max_price => 60)")
    assert found
    for title, price, status in found:
        assert "kayak" in title.lower()
        assert price <= 60
        assert status == "published"
    everything = value(db, "select count(*) from search_offers('')")
    assert everything == value(db, "select count(*) from offers where status = 'published'")
    in_lisbon = value(db, "select count(*) from search_offers('', 'lisbon')")
    assert 0 < in_lisbon < everything


def test_nearby_offers_are_near_and_ordered(db: Connection) -> None:
    query = """
        select distance_km(38.7223, -9.1393, e.lat, e.lng)
        from nearby_offers(38.7223, -9.1393, 2) with ordinality n
        join establishments e on e.id = n.establishment_id order by ordinality
    """
    distances = [distance for (distance,) in rows(db, query)]
    assert distances
    assert max(distances) <= 2
    assert distances == sorted(distances)


def test_distance_is_the_great_circle(db: Connection) -> None:
    # Lisbon to Porto is 274 km as the crow flies.
    assert value(db, "select distance_km(38.7223, -9.1393, 41.1579, -8.6291)") == pytest.approx(274, abs=1)


def test_computed_fields_agree_with_the_tables(db: Connection) -> None:
    differing = """
        select count(*) from offers o join offer_stats s on s.offer_id = o.id
        where offers_average_rating(o) is distinct from s.average_rating
          or s.favourites <> (select count(*) from favourites f where f.offer_id = o.id)
    """
    assert value(db, differing) == 0
    discount = "select distinct offers_discount_percent(o) from offers o where original_price is not null"
    assert rows(db, discount) == [(20,)]
    similar = "select bool_and(s.category_id = o.category_id and s.id <> o.id) from offers o, offers_similar(o, 3) s"
    assert value(db, similar) is True


def test_opening_hours_are_local(db: Connection) -> None:
    hours = '{"mon": [["09:00", "12:00"]]}'
    query = """
        update establishments set opening_hours = %s
        where id = (select e.id from establishments e join cities c on c.id = e.city_id where c.slug = 'aarhus' limit 1)
        returning establishments_is_open(establishments, '2026-09-07 07:30+00'),
          establishments_is_open(establishments, '2026-09-07 10:00+00'),
          establishments_is_open(establishments, '2026-09-08 07:30+00')
    """
    # In September, Aarhus is two hours ahead of UTC; the seventh is a Monday.
    assert rows(db, query, hours) == [(True, False, False)]


def _session_to_come(db: Connection) -> tuple[int, int]:
    query = """
        update offer_slots s set during = tstzrange(now() + interval '1 day', now() + interval '25 hours')
        where id = (select s.id from offer_slots s join offers o on o.id = s.offer_id
          where o.status = 'published' and offer_slots_places_left(s) between 3 and 9 limit 1)
        returning s.id, offer_slots_places_left(s)
    """
    [(slot, places)] = rows(db, query)
    return slot, places


def test_booking_takes_places_until_none_is_left(db: Connection) -> None:
    slot, places = _session_to_come(db)
    member = value(db, "select id from members limit 1")
    [(total, price, status)] = rows(
        db, "select total, unit_price, status from book_slot(%s, %s, %s)", member, slot, places
    )
    assert (total, status) == (price * places, "pending")
    before = value(db, "select count(*) from bookings")
    with pytest.raises(errors.CheckViolation, match="Only 0 places are left"), db.transaction():
        db.execute("select book_slot(%s, %s)", (member, slot))
    assert value(db, "select count(*) from bookings") == before
    assert value(db, "select offer_slots_places_left(s) from offer_slots s where id = %s", slot) == 0


def test_a_booking_costs_what_the_offer_costs_and_tells_when_it_was_cancelled(db: Connection) -> None:
    slot, places = _session_to_come(db)
    book = "insert into bookings (member_id, offer_id, slot_id, quantity) select %s, offer_id, id, %s from offer_slots"
    [(booking, price, currency)] = rows(
        db,
        f"{book} where id = %s returning id, unit_price, currency",
        MEMBER.id,
        places,
        slot,
    )
    offer = "select price, currency from offers o join offer_slots s on s.offer_id = o.id where s.id = %s"
    assert rows(db, offer, slot) == [(price, currency)]
    more = "update bookings set quantity = quantity + 1 where id = %s"
    with pytest.raises(errors.CheckViolation, match=f"Only {places} places are left"), db.transaction():
        db.execute(more.encode(), (booking,))
    cancelled = "update bookings set status = 'cancelled' where id = %s returning cancelled_at is not null"
    assert value(db, cancelled, booking) is True
    assert value(db, "select offer_slots_places_left(s) from offer_slots s where id = %s", slot) == places
    db.execute("update offer_slots set during = tstzrange(now() - interval '1 hour', now()) where id = %s", (slot,))
    with pytest.raises(errors.CheckViolation, match="has begun"), db.transaction():
        db.execute(f"{book} where id = %s".encode(), (MEMBER.id, 1, slot))
    with pytest.raises(errors.ForeignKeyViolation, match="no such offer"), db.transaction():
        db.execute("insert into bookings (member_id, offer_id) values (%s, gen_random_uuid())", (MEMBER.id,))


def test_a_signed_in_user_books_for_themselves(db: Connection) -> None:
    slot, _ = _session_to_come(db)
    db.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps({"sub": str(MEMBER.id)}),))
    assert rows(db, "select member_id, quantity from book_session(%s, 2)", slot) == [(MEMBER.id, 2)]
    db.execute("select set_config('request.jwt.claims', '', true)")
    with pytest.raises(errors.NotNullViolation), db.transaction():
        db.execute("select book_session(%s, 1)", (slot,))


def _hook(db: Connection, type_: str, who: uuid.UUID, email: str | None) -> Any:
    user = {"id": str(who), "email": email, "roles": [], "metadata": {"displayName": " Nora "}}
    return value(db, "select kapok_auth_hook(%s)", json.dumps({"type": type_, "user": user}))


def test_the_hook_keeps_a_row_for_each_end_user(db: Connection) -> None:
    who = uuid.uuid4()
    profile = "select email, display_name from members where id = %s"
    assert _hook(db, "user.created", who, None) is None
    assert rows(db, profile, who) == []
    assert _hook(db, "token.issued", who, "Nora@example.org") is None
    assert _hook(db, "token.issued", who, "nora@example.org") is None
    assert rows(db, profile, who) == [("nora@example.org", "Nora")]
    assert _hook(db, "token.issued", who, "nora@example.net") is None
    assert rows(db, profile, who) == [("nora@example.net", "Nora")]
    refused = _hook(db, "user.created", uuid.uuid4(), MEMBER.email)
    assert "already" in refused["error"]
    assert rows(db, "select id from members where email = %s", MEMBER.email) == [(MEMBER.id,)]


def test_the_hook_gives_managers_their_role(db: Connection) -> None:
    assert _hook(db, "user.created", MANAGER.id, MANAGER.email) is None
    assert _hook(db, "token.issued", MANAGER.id, MANAGER.email) == {"roles": ["partner", "member"]}
    db.execute("update partners set status = 'suspended' where id = (select partner_id from managers)")
    assert _hook(db, "token.issued", MANAGER.id, MANAGER.email) is None


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        (
            "update members set email = 'Not An Address' where id = (select id from members limit 1)",
            errors.CheckViolation,
        ),
        ("update offers set price = -1", errors.CheckViolation),
        ("update offers set original_price = price", errors.CheckViolation),
        ("update bookings set total = 1", errors.GeneratedAlways),
        ("update categories set parent_id = id", errors.CheckViolation),
        ("update reviews set rating = 6", errors.CheckViolation),
        (
            "update bookings b set slot_id = (select id from offer_slots s where s.offer_id <> b.offer_id limit 1)",
            errors.ForeignKeyViolation,
        ),
    ],
)
def test_the_database_refuses_what_makes_no_sense(db: Connection, statement: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        db.execute(statement.encode())


def test_functions_follow_a_new_column(db: Connection) -> None:
    db.execute("alter table offers add column colour text not null default 'red'")
    assert rows(db, "select distinct colour from search_offers('')") == [("red",)]
    assert rows(db, "select distinct colour from nearby_offers(38.7223, -9.1393)") == [("red",)]


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
