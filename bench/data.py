"""The bench's data: rows of a music shop, about as many as Chinook has, the same on every machine.

In: nothing (one fixed seed). Out: rows by table, in an order that satisfies the foreign keys, and their COPY into the
schema a connection's search_path names.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

MIGRATIONS = Path(__file__).parent / "project" / "migrations"

ARTISTS, ALBUMS, TRACKS, GENRES, MEDIA_TYPES = 275, 347, 3503, 25, 5
EMPLOYEES, CUSTOMERS, INVOICES, INVOICE_LINES = 8, 59, 412, 2240
PLAYLISTS, PLAYLIST_TRACKS = 18, 8715

#: The first genres hold most of the tracks, as Rock and Latin do in Chinook; the list workload asks for these.
LARGE_GENRES = 10


def _words(text: str) -> list[str]:
    return text.split()


_ADJECTIVES = _words("Amber Broken Crimson Distant Electric Fading Golden Hollow Iron Little Midnight Quiet Restless")
_NOUNS = _words("Harbour Machine Garden River Station Mirror Engine Parade Signal Winter Lantern Ocean Avenue Kapok")
_FIRST_NAMES = _words("Ada Bruno Carla Dmitri Elena Farid Greta Hugo Ines Jonas Keiko Luis Mona Nils Olga Pavel Rosa")
_LAST_NAMES = _words("Almeida Brooks Castillo Dubois Eriksen Fischer Goncalves Hansen Ivanov Jensen Kovacs Leroy")
_CITIES = (
    ("Lisbon", "Portugal"),
    ("Oslo", "Norway"),
    ("Lyon", "France"),
    ("Porto Alegre", "Brazil"),
    ("Pune", "India"),
)
_START = datetime(2021, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table: column names, and one tuple a row in the same order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def records(self) -> Iterator[dict[str, Any]]:
        """Each row as column name -> value."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


def _table(columns: str, rows: Sequence[tuple[Any, ...]]) -> Rows:
    return Rows(tuple(columns.split()), tuple(rows))


def _title(draw: random.Random) -> str:
    return f"{draw.choice(_ADJECTIVES)} {draw.choice(_NOUNS)}"


def _parents(draw: random.Random, children: int, parents: int) -> list[int]:
    """A parent id for each child: every parent has at least one child and the rest fall at random, sorted."""
    return sorted([*range(1, parents + 1), *draw.choices(range(1, parents + 1), k=children - parents)])


def _catalogue(draw: random.Random) -> dict[str, Rows]:
    artists = [(number, f"{_title(draw)} {number}") for number in range(1, ARTISTS + 1)]
    album_artists = [draw.randint(1, ARTISTS) for _ in range(ALBUMS)]
    albums = [(number, _title(draw), artist) for number, artist in enumerate(album_artists, 1)]
    genres = range(1, GENRES + 1)
    weights = [30 if genre <= LARGE_GENRES else 1 for genre in genres]
    tracks = [
        (
            number,
            f"{_title(draw)} (take {draw.randint(1, 9)})",
            album,
            draw.randint(1, MEDIA_TYPES),
            draw.choices(genres, weights)[0],
            draw.choice([None, f"{draw.choice(_FIRST_NAMES)} {draw.choice(_LAST_NAMES)}"]),
            draw.randint(60_000, 600_000),
            draw.randint(1_000_000, 12_000_000),
            Decimal(draw.choice(["0.99", "0.99", "0.99", "1.99"])),
        )
        for number, album in enumerate(_parents(draw, TRACKS, ALBUMS), 1)
    ]
    return {
        "artist": _table("artist_id name", artists),
        "album": _table("album_id title artist_id", albums),
        "media_type": _table("media_type_id name", [(n, f"Format {n}") for n in range(1, MEDIA_TYPES + 1)]),
        "genre": _table("genre_id name", [(n, f"Genre {n}") for n in genres]),
        "track": _table(
            "track_id name album_id media_type_id genre_id composer milliseconds bytes unit_price",
            tracks,
        ),
    }


def _people(draw: random.Random) -> dict[str, Rows]:
    def names() -> tuple[str, str]:
        return draw.choice(_FIRST_NAMES), draw.choice(_LAST_NAMES)

    employees = []
    for number in range(1, EMPLOYEES + 1):
        first, last = names()
        city, country = draw.choice(_CITIES)
        boss = None if number == 1 else draw.randint(1, min(number - 1, 3))
        born = _START - timedelta(days=draw.randint(9_000, 20_000))
        hired = _START - timedelta(days=draw.randint(100, 3_000))
        email = f"employee{number}@example.com"
        employees.append((number, last, first, f"Grade {number}", boss, born, hired, city, country, email))
    customers = []
    for number in range(1, CUSTOMERS + 1):
        first, last = names()
        city, country = draw.choice(_CITIES)
        company = draw.choice([None, None, f"{_title(draw)} Ltd"])
        phone = f"+00 {draw.randint(10_000, 99_999)}"
        rep = draw.randint(3, EMPLOYEES)
        email = f"customer{number}@example.com"
        customers.append((number, first, last, company, city, country, phone, email, rep))
    return {
        "employee": _table(
            "employee_id last_name first_name title reports_to birth_date hire_date city country email", employees
        ),
        "customer": _table(
            "customer_id first_name last_name company city country phone email support_rep_id", customers
        ),
    }


def _sales(draw: random.Random, tracks: Rows) -> dict[str, Rows]:
    price = {row[0]: row[-1] for row in tracks.rows}
    lines = []
    total = dict.fromkeys(range(1, INVOICES + 1), Decimal(0))
    for number, invoice in enumerate(_parents(draw, INVOICE_LINES, INVOICES), 1):
        track = draw.randint(1, TRACKS)
        total[invoice] += price[track]
        lines.append((number, invoice, track, price[track], 1))
    invoices = []
    for number in range(1, INVOICES + 1):
        city, country = draw.choice(_CITIES)
        sold = _START + timedelta(hours=number * 106)
        invoices.append((number, draw.randint(1, CUSTOMERS), sold, city, country, total[number]))
    pairs = [(playlist, track) for playlist in range(1, PLAYLISTS + 1) for track in range(1, TRACKS + 1)]
    return {
        "invoice": _table("invoice_id customer_id invoice_date billing_city billing_country total", invoices),
        "invoice_line": _table("invoice_line_id invoice_id track_id unit_price quantity", lines),
        "playlist": _table("playlist_id name", [(n, f"Playlist {n}") for n in range(1, PLAYLISTS + 1)]),
        "playlist_track": _table("playlist_id track_id", sorted(draw.sample(pairs, PLAYLIST_TRACKS))),
    }


@cache
def dataset() -> dict[str, Rows]:
    """All rows by table name; a table comes after the tables it refers to."""
    draw = random.Random(20_240_601)
    catalogue = _catalogue(draw)
    return {**catalogue, **_people(draw), **_sales(draw, catalogue["track"])}


def load(connection: psycopg.Connection[Any]) -> None:
    """Copy every row into the tables that the connection's search_path finds, and set the identity sequences."""
    with connection.cursor() as cursor:
        for table, rows in dataset().items():
            names = sql.SQL(", ").join(map(sql.Identifier, rows.columns))
            with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), names)) as copy:
                for row in rows.rows:
                    copy.write_row(row)
            key = rows.columns[0]
            cursor.execute("select pg_get_serial_sequence(%s, %s)", (table, key))
            if (found := cursor.fetchone()) and found[0]:
                cursor.execute("select setval(%s, %s)", (found[0], len(rows.rows)))


def create_tables(connection: psycopg.Connection[Any]) -> None:
    """Run the bench project's migrations in the connection's current schema."""
    for path in sorted(MIGRATIONS.glob("*.sql")):
        connection.execute(path.read_bytes())
