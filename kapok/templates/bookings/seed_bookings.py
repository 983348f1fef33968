"""Sample members and their bookings. Out: SQL, and the objects that payments and reviews need."""

from __future__ import annotations

import json
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from uuid import UUID

from kapok.templates.bookings import seed_words as words
from kapok.templates.bookings.seed_accounts import MEMBER
from kapok.templates.bookings.seed_offers import Offer, Session
from kapok.templates.bookings.seed_places import at, new_id, phone
from kapok.templates.bookings.seed_text import Row, inserts, slugify

#: How many bookings the member who can sign in may still cancel.
TO_COME = 2
_MAIL_HOSTS = ("example.com", "example.org", "example.net")


@dataclass(frozen=True, slots=True)
class Member:
    """A member as far as bookings need it."""

    id: UUID
    name: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking as far as guests, payments and reviews need it. `visit_at`: when the visit was or will be."""

    id: UUID
    member: Member
    offer: Offer
    session: Session | None
    quantity: int
    status: str
    booked_at: datetime
    visit_at: datetime


def _member_row(rng: Random, today: date, member: Member, number: int, members: list[Member]) -> Row:
    city = rng.randrange(len(words.CITIES))
    preferences = {"newsletter": rng.choice(("never", "weekly", "monthly")), "theme": rng.choice(("light", "dark"))}
    return {
        "id": member.id,
        "email": f"{slugify(member.name).replace('-', '.')}{number}@{rng.choice(_MAIL_HOSTS)}",
        "display_name": member.name,
        "phone": phone(rng, words.CITIES[city]) if rng.random() < 0.6 else None,
        "birth_date": today - timedelta(days=rng.randint(19 * 365, 75 * 365)) if rng.random() < 0.7 else None,
        "home_city_id": city + 1 if rng.random() < 0.9 else None,
        "referred_by_id": rng.choice(members).id if members and rng.random() < 0.2 else None,
        "preferences": json.dumps(preferences),
        "marketing_consent": rng.random() < 0.4,
        "loyalty_points": rng.choice((0, 0, 50, 120, 300)),
        "joined_at": member.joined_at,
    }


def member_rows(rng: Random, today: date, count: int, members: list[Member]) -> Iterator[str]:
    """The members, in the order in which they joined; appends them to `members`. A third joined before any booking.

    The first is the one who can sign in.
    """
    rows: list[Row] = []
    days_ago = [rng.randint(401, 900) if number < count / 3 else rng.randint(1, 400) for number in range(count)]
    moments = sorted(at(today - timedelta(days=days), rng.randint(0, 23)) for days in days_ago)
    for number, joined_at in enumerate(moments, start=1):
        name = f"{rng.choice(words.FIRST_NAMES)} {rng.choice(words.LAST_NAMES)}"
        member = Member(new_id(rng), name, joined_at)
        row = _member_row(rng, today, member, number, members)
        if number == 1:
            member = Member(MEMBER.id, MEMBER.name, joined_at)
            row |= {"id": MEMBER.id, "email": MEMBER.email, "display_name": MEMBER.name}
        rows.append(row)
        members.append(member)
    yield from inserts("members", rows)


def _moments(rng: Random, offer: Offer, now: datetime) -> tuple[Session | None, datetime, datetime] | None:
    """A session with places left, when it is booked and when the visit is; None when there is nothing left to book."""
    assert offer.published_at is not None
    if not offer.sessions:
        booked = offer.published_at + (now - offer.published_at) * rng.random() ** 0.7
        return None, booked, booked + timedelta(days=rng.randint(1, 40))
    free = [session for session in offer.sessions if session.places_left]
    if not free:
        return None
    session = rng.choice(free)
    booked = session.starts_at - timedelta(hours=rng.randint(3, 21 * 24))
    latest = now - timedelta(minutes=rng.randint(1, 3 * 24 * 60))
    return session, max(offer.published_at, min(booked, latest)), session.starts_at


def _status(rng: Random, booked_at: datetime, visit_at: datetime, now: datetime) -> str:
    if rng.random() < 0.1:
        return "refunded" if rng.random() < 0.4 else "cancelled"
    if visit_at < now:
        return "used" if rng.random() < 0.96 else "confirmed"
    return "pending" if now - booked_at < timedelta(days=2) and rng.random() < 0.4 else "confirmed"


def make_bookings(rng: Random, now: datetime, count: int, offers: list[Offer], members: list[Member]) -> list[Booking]:
    """Bookings in the order in which they were made, never more than a session has places.

    The first member has some to come.
    """
    weights = list(accumulate(offer.weight for offer in offers))
    joined = [member.joined_at for member in members]
    bookings: list[Booking] = []
    while len(bookings) < count:
        offer = rng.choices(offers, cum_weights=weights)[0]
        moments = _moments(rng, offer, now)
        if moments is None:
            continue
        session, booked_at, visit_at = moments
        quantity = rng.choices((1, 2, 3, 4, 6), (25, 45, 12, 12, 6))[0]
        status = _status(rng, booked_at, visit_at, now)
        if session:
            quantity = min(quantity, session.places_left)
            session.places_left -= quantity if status not in ("cancelled", "refunded") else 0
        member = members[rng.randrange(bisect(joined, booked_at))]
        bookings.append(Booking(new_id(rng), member, offer, session, quantity, status, booked_at, visit_at))
    bookings.sort(key=lambda booking: booking.booked_at)
    open_ones = [n for n, b in enumerate(bookings) if b.status in ("pending", "confirmed") and b.visit_at > now]
    for number in open_ones[-TO_COME:]:
        bookings[number] = replace(bookings[number], member=members[0])
    return bookings


def _booking_row(rng: Random, now: datetime, booking: Booking, number: int, members: list[Member]) -> Row:
    cancelled = booking.status in ("cancelled", "refunded")
    until = min(now, booking.visit_at) - booking.booked_at
    return {
        "id": booking.id,
        "reference": f"CO-{rng.getrandbits(20):05X}{number:05X}",
        "member_id": booking.member.id,
        "gift_to_id": rng.choice(members).id if rng.random() < 0.06 else None,
        "offer_id": booking.offer.id,
        "slot_id": booking.session.id if booking.session else None,
        "quantity": booking.quantity,
        "unit_price": booking.offer.price,
        "currency": booking.offer.currency,
        "status": booking.status,
        "note": rng.choice(words.NOTES) if rng.random() < 0.08 else None,
        "booked_at": booking.booked_at,
        "cancelled_at": booking.booked_at + until * rng.random() if cancelled else None,
    }


def _guest_row(rng: Random, booking: Booking, position: int) -> Row:
    return {
        "booking_id": booking.id,
        "position": position,
        "name": f"{rng.choice(words.FIRST_NAMES)} {rng.choice(words.LAST_NAMES)}",
        "age": rng.randint(5, 75) if rng.random() < 0.5 else None,
        "dietary_needs": (rng.choice(words.DIETARY_NEEDS),) if rng.random() < 0.15 else (),
    }


def booking_rows(rng: Random, now: datetime, bookings: list[Booking], members: list[Member]) -> Iterator[str]:
    """The bookings and the guests who come along."""
    yield from inserts("bookings", [_booking_row(rng, now, b, number, members) for number, b in enumerate(bookings, 1)])
    named = [booking for booking in bookings if booking.quantity > 1 and rng.random() < 0.4]
    guests = [_guest_row(rng, booking, position) for booking in named for position in range(1, booking.quantity)]
    yield from inserts("booking_guests", guests)
