"""Sample data of the bookings template. In: a seed, a scale, a day. Out: SQL statements for an empty, migrated tenant.

The same arguments give the same statements. They use plain table names and belong in one transaction, run as the
tenant's owner role.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from kapok.templates.bookings.seed_bookings import Member, booking_rows, make_bookings, member_rows
from kapok.templates.bookings.seed_feedback import favourite_rows, payment_rows, review_rows
from kapok.templates.bookings.seed_offers import Offer, feature_one_offer_a_venue, offer_rows, session_rows
from kapok.templates.bookings.seed_places import Partner, Venue, at, category_rows, city_rows, partner_rows, venue_rows

_TABLES = (
    "cities, partners, managers, establishments, categories, tags, offers, offer_tags, offer_slots, members, bookings,"
    " booking_guests, payments, favourites, reviews, city_monthly_sales"
)


def generate(seed: int, scale: int = 1, today: date = date(2026, 9, 1)) -> Iterator[str]:
    """SQL statements for about 22,000 rows times `scale`, among them 400 offers, 800 members and 5,000 bookings.

    today: the day around which sessions and bookings lie; fixed by default, so that tests see the same data always.
    """
    rng = Random(seed)
    now = at(today, 12)
    partners: list[Partner] = []
    venues: list[Venue] = []
    offers: list[Offer] = []
    members: list[Member] = []
    yield "alter table bookings disable trigger bookings_check"
    yield from city_rows(rng, today)
    yield from category_rows()
    yield from partner_rows(rng, today, 60 * scale, partners)
    yield from venue_rows(rng, 150 * scale, partners, venues)
    yield from offer_rows(rng, today, 400 * scale, venues, offers)
    yield feature_one_offer_a_venue()
    yield from session_rows(rng, today, offers)
    yield from member_rows(rng, today, 800 * scale, members)
    bookings = make_bookings(rng, now, 5000 * scale, offers, members)
    yield from booking_rows(rng, now, bookings, members)
    yield from payment_rows(rng, bookings)
    yield from review_rows(rng, now, bookings)
    yield from favourite_rows(rng, now, 2500 * scale, offers, members)
    yield "alter table bookings enable trigger bookings_check"
    yield "refresh materialized view city_monthly_sales"
    # Fresh tables have no statistics yet, and the first queries should not be planned blindly.
    yield f"analyze {_TABLES}"
