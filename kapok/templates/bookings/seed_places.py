"""Sample places: cities, the category tree, tags, partners and their venues. Out: SQL, and the objects offers need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID

from kapok.templates.bookings import seed_words as words
from kapok.templates.bookings.seed_accounts import MANAGER
from kapok.templates.bookings.seed_text import Row, inserts, restart_identity, slugify

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = (
    [["09:00", "18:00"]],
    [["10:00", "13:00"], ["14:30", "19:00"]],
    [["11:00", "23:00"]],
    [["08:30", "16:30"]],
)


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner as far as venues and offers need it. `city`: the city's id, one more than its index in words.CITIES."""

    id: UUID
    name: str
    city: int
    active: bool


@dataclass(frozen=True, slots=True)
class Venue:
    """An establishment as far as offers need it."""

    id: UUID
    partner: Partner
    city: words.CityWords
    district: str


def new_id(rng: Random) -> UUID:
    """A random version 4 UUID, the same for the same generator state."""
    return UUID(int=rng.getrandbits(128), version=4)


def at(day: date, hour: int) -> datetime:
    """A moment of a day, in UTC."""
    return datetime.combine(day, time(hour), tzinfo=UTC)


def unique_name(taken: set[str], name: str) -> str:
    """The name, numbered when its slug is taken; remembers the slug."""
    candidate, number = name, 2
    while slugify(candidate) in taken:
        candidate, number = f"{name} {number}", number + 1
    taken.add(slugify(candidate))
    return candidate


def phone(rng: Random, city: words.CityWords) -> str:
    """A number that looks local."""
    return f"{city.phone} {rng.randint(100, 999)} {rng.randint(10, 99)} {rng.randint(10, 99)}"


def city_rows(rng: Random, today: date) -> Iterator[str]:
    """All cities; the last one is still being prepared."""
    rows: list[Row] = [
        {
            "id": number,
            "name": city.name,
            "slug": city.slug,
            "country_code": city.country,
            "time_zone": city.time_zone,
            "currency": city.currency,
            "lat": city.lat,
            "lng": city.lng,
            "population": city.population,
            "launched_on": today - timedelta(days=rng.randint(300, 1500)) if number < len(words.CITIES) else None,
        }
        for number, city in enumerate(words.CITIES, start=1)
    ]
    yield from inserts("cities", rows)
    yield restart_identity("cities", len(rows) + 1)


def leaf_ids() -> dict[str, int]:
    """The id of each leaf category by its slug; the top categories have the ids before them."""
    slugs = [leaf.slug for _, _, _, leaves in words.CATEGORIES for leaf in leaves]
    return {slug: number for number, slug in enumerate(slugs, start=len(words.CATEGORIES) + 1)}


def category_rows() -> Iterator[str]:
    """The tree of categories, with the ids of `leaf_ids`, and the tags."""
    ids = leaf_ids()
    rows: list[Row] = []
    for top, (name, slug, icon, leaves) in enumerate(words.CATEGORIES, start=1):
        rows.append({"id": top, "parent_id": None, "name": name, "slug": slug, "icon": icon, "position": top})
        for position, leaf in enumerate(leaves, start=1):
            row: Row = {"id": ids[leaf.slug], "parent_id": top, "name": leaf.name, "slug": leaf.slug, "icon": leaf.icon}
            rows.append(row | {"position": position})
    yield from inserts("categories", rows)
    yield restart_identity("categories", len(rows) + 1)
    tags: list[Row] = [
        {"id": number, "name": slug.replace("-", " ").capitalize(), "slug": slug}
        for number, slug in enumerate(words.TAGS, start=1)
    ]
    yield from inserts("tags", tags)
    yield restart_identity("tags", len(tags) + 1)


def _partner_name(rng: Random, city: words.CityWords) -> str:
    last, other = rng.sample(words.LAST_NAMES, 2)
    return rng.choice(words.PARTNER_NAMES).format(
        last=last, other=other, city=city.name, thing=rng.choice(words.THINGS), district=rng.choice(city.districts)
    )


def _partner_row(rng: Random, today: date, name: str, city: words.CityWords) -> Row:
    status = rng.choices(("active", "prospect", "suspended"), (90, 6, 4))[0]
    slug = slugify(name)
    return {
        "id": new_id(rng),
        "name": name,
        "slug": slug,
        "legal_name": f"{name} {words.LEGAL_FORMS[city.country]}",
        "about": rng.choice(words.ABOUT),
        "status": status,
        "website": f"https://{slug}.example.com",
        "contact_name": f"{rng.choice(words.FIRST_NAMES)} {rng.choice(words.LAST_NAMES)}",
        "contact_email": f"hello@{slug}.example.com",
        "phone": phone(rng, city),
        "commission_rate": rng.choice((0.1, 0.12, 0.15, 0.18, 0.2)),
        "iban": f"{city.country}{rng.randrange(10**18):020d}",
        "onboarded_on": None if status == "prospect" else today - timedelta(days=rng.randint(300, 1400)),
        "internal_notes": rng.choice((None, None, "Pays late in winter.", "Wants to be called, not written to.")),
    }


def partner_rows(rng: Random, today: date, count: int, partners: list[Partner]) -> Iterator[str]:
    """The companies, and who manages the first active one; appends them to `partners`."""
    rows: list[Row] = []
    taken: set[str] = set()
    for number in range(count):
        index = number % len(words.CITIES)
        city = words.CITIES[index]
        row = _partner_row(rng, today, unique_name(taken, _partner_name(rng, city)), city)
        rows.append(row)
        partners.append(Partner(UUID(str(row["id"])), str(row["name"]), index + 1, row["status"] == "active"))
    yield from inserts("partners", rows)
    theirs = next(partner for partner in partners if partner.active)
    yield from inserts("managers", [{"user_id": MANAGER.id, "partner_id": theirs.id, "name": MANAGER.name}])


def _opening_hours(rng: Random) -> str:
    closed = set(rng.sample(_WEEKDAYS[:5], rng.randint(0, 2)))
    weekdays, weekend = rng.choice(_HOURS), rng.choice(_HOURS)
    return json.dumps({day: weekend if day in ("sat", "sun") else weekdays for day in _WEEKDAYS if day not in closed})


def _venue_row(rng: Random, name: str, venue: Venue) -> Row:
    city = venue.city
    return {
        "id": venue.id,
        "partner_id": venue.partner.id,
        "city_id": venue.partner.city,
        "name": name,
        "slug": slugify(name),
        "street": f"{rng.choice(city.streets)} {rng.randint(1, 180)}",
        "postcode": city.postcode.format(rng.randint(1, 9)),
        "district": venue.district,
        # Within a few kilometres of the centre.
        "lat": round(city.lat + rng.gauss(0, 0.012), 6),
        "lng": round(city.lng + rng.gauss(0, 0.018), 6),
        "phone": phone(rng, city),
        "opening_hours": _opening_hours(rng),
        "amenities": tuple(rng.sample(words.AMENITIES, rng.randint(0, 5))),
        "wheelchair_access": rng.random() < 0.45,
    }


def venue_rows(rng: Random, count: int, partners: list[Partner], venues: list[Venue]) -> Iterator[str]:
    """The establishments: one for each partner, the rest at random; appends them to `venues`."""
    rows: list[Row] = []
    taken: set[str] = set()
    for partner in partners + rng.choices(partners, k=count - len(partners)):
        city = words.CITIES[partner.city - 1]
        venue = Venue(new_id(rng), partner, city, rng.choice(city.districts))
        rows.append(_venue_row(rng, unique_name(taken, f"{partner.name}, {venue.district}"), venue))
        venues.append(venue)
    yield from inserts("establishments", rows)
