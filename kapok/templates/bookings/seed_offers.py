"""Sample offers with their tags and sessions. Out: SQL, and the objects that bookings need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from kapok.templates.bookings import seed_words as words
from kapok.templates.bookings.seed_places import Venue, at, leaf_ids, new_id, unique_name
from kapok.templates.bookings.seed_text import Row, inserts, restart_identity, slugify

#: Days before and after today on which there are sessions.
_PAST_DAYS, _FUTURE_DAYS = 180, 45


@dataclass(slots=True)
class Session:
    """A session and how many places are left in it."""

    id: int
    starts_at: datetime
    places_left: int


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer as far as bookings need it. `weight`: how popular it is."""

    id: UUID
    price: Decimal
    currency: str
    status: str
    published_at: datetime | None
    weight: float
    leaf: words.CategoryWords
    sessions: list[Session] = field(default_factory=list)


def _price(rng: Random, leaf: words.CategoryWords, currency: str) -> Decimal:
    euros = rng.randint(*leaf.prices)
    return Decimal(round(euros * words.RATES[currency])) - rng.choice((Decimal(0), Decimal("0.10"), Decimal("0.50")))


def _title(rng: Random, venue: Venue, leaf: words.CategoryWords) -> str:
    city = venue.city
    return rng.choice(leaf.titles).format(city=city.name, district=venue.district, sight=rng.choice(city.sights))


def _images(rng: Random, slug: str, title: str) -> str:
    count = rng.randint(1, 4)
    sizes = ((1600, 1200), (1200, 1600), (1920, 1080))
    images = []
    for number in range(1, count + 1):
        width, height = rng.choice(sizes)
        url = f"https://images.example.com/offers/{slug}/{number}.jpg"
        images.append({"url": url, "alt": title, "width": width, "height": height})
    return json.dumps(images, ensure_ascii=False)


def _valid_during(rng: Random, today: date, status: str) -> str:
    start = today - timedelta(days=rng.randint(190, 400))
    end = today + timedelta(days=-rng.randint(1, 60) if status == "archived" else rng.randint(60, 300))
    return f"[{start},{end})"


def _status(rng: Random, venue: Venue) -> str:
    status = rng.choices(("published", "draft", "paused", "archived"), (80, 8, 5, 7))[0]
    return "paused" if status == "published" and not venue.partner.active else status


def _offer_row(rng: Random, today: date, offer: Offer, venue: Venue, title: str, slug: str) -> Row:
    leaf = offer.leaf
    return {
        "id": offer.id,
        "establishment_id": venue.id,
        "category_id": leaf_ids()[leaf.slug],
        "title": title,
        "slug": slug,
        "summary": rng.choice(leaf.summaries),
        "description": " ".join(rng.sample(words.DETAILS, rng.randint(2, 4))),
        "status": offer.status,
        "price": offer.price,
        "original_price": offer.price * Decimal("1.25") if rng.random() < 0.2 else None,
        "currency": offer.currency,
        "duration": timedelta(minutes=rng.choice(leaf.minutes)),
        "valid_during": _valid_during(rng, today, offer.status),
        "capacity": rng.randint(*leaf.capacity),
        "min_age": leaf.min_age,
        "languages": tuple(dict.fromkeys(("en", words.LANGUAGES[venue.city.country]))),
        "images": _images(rng, slug, title),
        "free_cancellation_hours": rng.choice((None, 24, 24, 48)),
        "published_at": offer.published_at,
        "created_at": (offer.published_at or at(today, 9)) - timedelta(days=rng.randint(1, 20)),
    }


def offer_rows(rng: Random, today: date, count: int, venues: list[Venue], offers: list[Offer]) -> Iterator[str]:
    """The offers and their tags; appends those that can be or could be booked to `offers`."""
    rows: list[Row] = []
    tag_rows: list[Row] = []
    tag_ids = {slug: number for number, slug in enumerate(words.TAGS, start=1)}
    leaves = [leaf for _, _, _, children in words.CATEGORIES for leaf in children]
    taken: set[str] = set()
    for _ in range(count):
        venue, leaf = rng.choice(venues), rng.choice(leaves)
        title = _title(rng, venue, leaf)
        status = _status(rng, venue)
        published = None if status == "draft" else at(today - timedelta(days=rng.randint(185, 400)), rng.randint(8, 17))
        currency = venue.city.currency
        price, weight = _price(rng, leaf, currency), min(rng.paretovariate(1.2), 15.0)
        offer = Offer(new_id(rng), price, currency, status, published, weight, leaf)
        rows.append(
            _offer_row(rng, today, offer, venue, title, slugify(unique_name(taken, f"{title} {venue.city.name}")))
        )
        tags = {*leaf.tags, *rng.sample(words.TAGS, rng.randint(0, 2))}
        tag_rows += [{"offer_id": offer.id, "tag_id": tag_ids[tag]} for tag in sorted(tags)]
        if published:
            offers.append(offer)
    yield from inserts("offers", rows)
    yield from inserts("offer_tags", tag_rows)


def session_rows(rng: Random, today: date, offers: list[Offer]) -> Iterator[str]:
    """Sessions for most offers, past and to come; adds those that take place to the offers."""
    rows: list[Row] = []
    for offer in offers:
        if rng.random() > offer.leaf.has_sessions:
            continue
        length = timedelta(minutes=rng.choice(offer.leaf.minutes))
        hour, host = rng.randint(8, 19), rng.choice((*words.FIRST_NAMES, None))
        for day in sorted(rng.sample(range(-_PAST_DAYS, _FUTURE_DAYS), rng.randint(6, 14))):
            session = Session(len(rows) + 1, at(today + timedelta(days=day), hour), rng.randint(*offer.leaf.capacity))
            cancelled = rng.random() < 0.02
            rows.append(
                {
                    "id": session.id,
                    "offer_id": offer.id,
                    "during": f"[{session.starts_at},{session.starts_at + length})",
                    "capacity": session.places_left,
                    "host_name": host,
                    "cancelled_at": session.starts_at - timedelta(days=2) if cancelled else None,
                }
            )
            if not cancelled:
                offer.sessions.append(session)
    yield from inserts("offer_slots", rows)
    yield restart_identity("offer_slots", len(rows) + 1)


def feature_one_offer_a_venue() -> str:
    """Each venue shows its dearest published offer first."""
    return (
        "update establishments e set featured_offer_id = (select o.id from offers o"
        " where o.establishment_id = e.id and o.status = 'published' order by o.price desc, o.id limit 1)"
    )
