"""Sample payments, reviews and favourites. In: bookings, members, offers. Out: SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from uuid import UUID

from kapok.templates.bookings import seed_words as words
from kapok.templates.bookings.seed_bookings import Booking, Member
from kapok.templates.bookings.seed_offers import Offer
from kapok.templates.bookings.seed_places import new_id
from kapok.templates.bookings.seed_text import Row, inserts, restart_identity

_PAYMENTS = {
    "pending": ("authorised",),
    "confirmed": ("captured",),
    "used": ("captured",),
    "cancelled": (),
    "refunded": ("captured", "refunded"),
}


def _payment_row(rng: Random, booking: Booking, status: str, minutes: int) -> Row:
    details = {"brand": rng.choice(("visa", "mastercard")), "last4": f"{rng.randrange(10000):04d}"}
    return {
        "id": new_id(rng),
        "booking_id": booking.id,
        "method": rng.choices(("card", "wallet", "bank_transfer", "gift_card"), (70, 18, 8, 4))[0],
        "status": status,
        "amount": booking.offer.price * booking.quantity,
        "currency": booking.offer.currency,
        "provider_reference": f"pay_{rng.getrandbits(80):020x}",
        "details": json.dumps(details),
        "created_at": booking.booked_at + timedelta(minutes=minutes),
    }


def payment_rows(rng: Random, bookings: list[Booking]) -> Iterator[str]:
    """Payments that fit the state of each booking, with a failed attempt now and then."""
    rows: list[Row] = []
    for booking in bookings:
        attempts = _PAYMENTS[booking.status]
        if attempts and rng.random() < 0.04:
            attempts = ("failed", *attempts)
        rows += [_payment_row(rng, booking, status, minutes) for minutes, status in enumerate(attempts, start=1)]
    yield from inserts("payments", rows)


def _review_row(rng: Random, now: datetime, booking: Booking, number: int) -> Row:
    rating = max(1, min(5, round(rng.gauss(4.6 if booking.offer.weight > 2 else 4.1, 0.9))))
    title, body = rng.choice(words.REVIEWS[rating])
    first, last = booking.member.name.split(" ", 1)
    since = min(now - booking.visit_at, timedelta(days=5))
    return {
        "id": number,
        "offer_id": booking.offer.id,
        "booking_id": booking.id,
        "author_name": f"{first} {last[0]}.",
        "rating": rating,
        "title": title,
        "body": body,
        "reply": rng.choice(words.REPLIES) if rng.random() < (0.5 if rating < 3 else 0.1) else None,
        "created_at": booking.visit_at + since * rng.random(),
    }


def review_rows(rng: Random, now: datetime, bookings: list[Booking]) -> Iterator[str]:
    """Reviews of some of the visits that took place; popular offers get better ones."""
    reviewed = [booking for booking in bookings if booking.status == "used" and rng.random() < 0.35]
    yield from inserts("reviews", [_review_row(rng, now, b, number) for number, b in enumerate(reviewed, start=1)])
    yield restart_identity("reviews", len(reviewed) + 1)


def favourite_rows(rng: Random, now: datetime, count: int, offers: list[Offer], members: list[Member]) -> Iterator[str]:
    """Members keep popular offers; each pair once, so a few fewer than `count`."""
    weights = list(accumulate(offer.weight for offer in offers))
    pairs: dict[tuple[UUID, UUID], Row] = {}
    for _ in range(count):
        member, offer = rng.choice(members), rng.choices(offers, cum_weights=weights)[0]
        kept = member.joined_at + (now - member.joined_at) * rng.random()
        pairs[member.id, offer.id] = {"member_id": member.id, "offer_id": offer.id, "created_at": kept}
    yield from inserts("favourites", list(pairs.values()))
