"""The bookings template's functions, triggers and constraints: what an application on it relies on."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from psycopg import errors

from kapok.templates.bookings.seed_accounts import MANAGER, MEMBER
from tests.db.bookings import Connection, rows, value


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
