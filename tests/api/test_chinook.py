"""A real database, loaded through a project of its own: a dozen realistic questions, each checked against plain SQL.

The file is shared/data/chinook.sql beside the checkout; it is not ours to commit, so where it is missing (a checkout
elsewhere) these tests are skipped and say so. CHINOOK_SQL names another place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.live import Live, LiveTenant

CHINOOK = Path(os.environ.get("CHINOOK_SQL", Path(__file__).resolve().parents[3] / "shared/data/chinook.sql"))

pytestmark = pytest.mark.skipif(not CHINOOK.exists(), reason=f"{CHINOOK} is not here (set CHINOOK_SQL)")

#: name -> (GraphQL, SQL that gives the `data` object as JSON)
QUESTIONS = {
    "one track by key": (
        "{ track(trackId: 1) { name composer milliseconds unitPrice album { title artist { name } } genre { name } } }",
        """select json_build_object('track', json_build_object('name', t.name, 'composer', t.composer,
             'milliseconds', t.milliseconds, 'unitPrice', t.unit_price::text,
             'album', json_build_object('title', a.title, 'artist', json_build_object('name', r.name)),
             'genre', json_build_object('name', g.name)))
           from track t join album a using (album_id) join artist r using (artist_id)
           join genre g on g.genre_id = t.genre_id where t.track_id = 1""",
    ),
    "the longest tracks": (
        "{ tracks(orderBy: [{milliseconds: DESC}, {trackId: ASC}], limit: 20) { trackId name milliseconds } }",
        """select json_build_object('tracks', json_agg(x)) from (select track_id::text as "trackId", name, milliseconds
           from track order by milliseconds desc, track_id limit 20) x""",
    ),
    "rock under three minutes": (
        """{ tracks(filter: {genre: {name: {eq: "Rock"}}, milliseconds: {lt: 180000}},
              orderBy: [{name: ASC}, {trackId: ASC}], limit: 50, offset: 10) { trackId name } }""",
        """select json_build_object('tracks', json_agg(x)) from (select t.track_id::text as "trackId", t.name
           from track t join genre g using (genre_id) where g.name = 'Rock' and t.milliseconds < 180000
           order by t.name, t.track_id limit 50 offset 10) x""",
    ),
    "artists with albums and tracks": (
        """{ artists(filter: {albums: {some: {}}}, orderBy: [{name: ASC}], limit: 5) { name
              albums(orderBy: [{title: ASC}]) { title tracks(orderBy: [{trackId: ASC}]) { name } } } }""",
        """select json_build_object('artists', json_agg(x.o)) from (
             select json_build_object('name', r.name, 'albums', (select json_agg(json_build_object('title', a.title,
               'tracks', (select coalesce(json_agg(json_build_object('name', t.name) order by t.track_id), '[]')
                 from track t where t.album_id = a.album_id)) order by a.title)
               from album a where a.artist_id = r.artist_id)) as o
             from artist r where exists (select 1 from album a where a.artist_id = r.artist_id)
             order by r.name limit 5) x""",
    ),
    "artists without an album": (
        "{ artistsAggregate(filter: {albums: {none: {}}}) { count } }",
        """select json_build_object('artistsAggregate', json_build_array(json_build_object('count', count(*))))
           from artist r where not exists (select 1 from album a where a.artist_id = r.artist_id)""",
    ),
    "a playlist's tracks through the junction": (
        """{ playlist(playlistId: 17) { name tracks(orderBy: [{trackId: ASC}]) { trackId name } } }""",
        """select json_build_object('playlist', json_build_object('name', p.name, 'tracks', (
             select json_agg(json_build_object('trackId', t.track_id::text, 'name', t.name) order by t.track_id)
             from playlist_track pt join track t using (track_id) where pt.playlist_id = p.playlist_id)))
           from playlist p where p.playlist_id = 17""",
    ),
    "tracks on both of two playlists": (
        """{ tracks(filter: {and: [{playlists: {some: {name: {eq: "Grunge"}}}}, {playlists: {some: {playlistId: {eq: 1}}}}]},
              orderBy: [{trackId: ASC}]) { trackId } }""",
        """select json_build_object('tracks', json_agg(json_build_object('trackId', track_id::text) order by track_id))
           from track t where exists (select 1 from playlist_track pt join playlist p using (playlist_id)
             where pt.track_id = t.track_id and p.name = 'Grunge')
           and exists (select 1 from playlist_track pt where pt.track_id = t.track_id and pt.playlist_id = 1)""",
    ),
    "sales by country": (
        """{ invoicesAggregate(groupBy: [BILLING_COUNTRY], filter: {billingCountry: {in: ["Germany", "France", "Norway"]}})
              { group { billingCountry } count sum { total } avg { total } max { total } } }""",
        """select json_build_object('invoicesAggregate', json_agg(json_build_object(
             'group', json_build_object('billingCountry', billing_country), 'count', n,
             'sum', json_build_object('total', s::text), 'avg', json_build_object('total', a::text),
             'max', json_build_object('total', m::text)) order by billing_country))
           from (select billing_country, count(*) n, sum(total) s, avg(total) a, max(total) m from invoice
             where billing_country in ('Germany', 'France', 'Norway') group by billing_country) x""",
    ),
    "who reports to whom": (
        """{ employees(orderBy: [{employeeId: ASC}]) { lastName reportsToEmployee { lastName }
              employeesByReportsTo(orderBy: [{employeeId: ASC}]) { lastName } } }""",
        """select json_build_object('employees', json_agg(json_build_object('lastName', e.last_name,
             'reportsToEmployee', (select json_build_object('lastName', b.last_name) from employee b
               where b.employee_id = e.reports_to),
             'employeesByReportsTo', (select coalesce(json_agg(json_build_object('lastName', u.last_name)
               order by u.employee_id), '[]') from employee u where u.reports_to = e.employee_id))
             order by e.employee_id)) from employee e""",
    ),
    "a customer's invoices with lines": (
        """{ customers(filter: {email: {ilike: "%@GMAIL.com"}}, orderBy: [{customerId: ASC}], limit: 3) { email
              supportRep { firstName } invoices(orderBy: [{invoiceId: ASC}], limit: 2) { invoiceDate total
                invoiceLines(orderBy: [{invoiceLineId: ASC}]) { quantity unitPrice track { name } } } } }""",
        """select json_build_object('customers', json_agg(x.o)) from (select json_build_object('email', c.email,
             'supportRep', (select json_build_object('firstName', e.first_name) from employee e
               where e.employee_id = c.support_rep_id),
             'invoices', (select json_agg(y.o) from (select json_build_object('invoiceDate', i.invoice_date,
               'total', i.total::text, 'invoiceLines', (select json_agg(json_build_object('quantity', l.quantity,
                 'unitPrice', l.unit_price::text, 'track', (select json_build_object('name', t.name) from track t
                   where t.track_id = l.track_id)) order by l.invoice_line_id)
                 from invoice_line l where l.invoice_id = i.invoice_id)) as o
               from invoice i where i.customer_id = c.customer_id order by i.invoice_id limit 2) y)) as o
             from customer c where c.email ilike '%@gmail.com' order by c.customer_id limit 3) x""",
    ),
    "dates in a range": (
        """{ invoices(filter: {invoiceDate: {gte: "2022-01-01T00:00:00", lt: "2022-02-01T00:00:00"}}, orderBy: [{invoiceDate: DESC},
              {invoiceId: DESC}]) { invoiceId invoiceDate billingCity } }""",
        """select json_build_object('invoices', coalesce(json_agg(json_build_object('invoiceId', invoice_id::text,
             'invoiceDate', invoice_date, 'billingCity', billing_city) order by invoice_date desc, invoice_id desc), '[]'))
           from invoice where invoice_date >= '2022-01-01' and invoice_date < '2022-02-01'""",
    ),
    "missing values": (
        "{ customers(filter: {company: {isNull: true}, fax: {isNull: false}}, orderBy: [{lastName: ASC}]) { lastName } }",
        """select json_build_object('customers', coalesce(json_agg(json_build_object('lastName', last_name)
             order by last_name), '[]')) from customer where company is null and fax is not null""",
    ),
    "albums whose every track is long": (
        """{ albums(filter: {tracks: {every: {milliseconds: {gt: 400000}}, some: {}}}, orderBy: [{albumId: ASC}])
              { albumId title } }""",
        """select json_build_object('albums', json_agg(json_build_object('albumId', album_id::text, 'title', title)
             order by album_id)) from album a
           where exists (select 1 from track t where t.album_id = a.album_id)
           and not exists (select 1 from track t where t.album_id = a.album_id and not t.milliseconds > 400000)""",
    ),
}


@pytest.fixture(scope="module")
def chinook(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveTenant, str]]:
    """The tenant `records` of the project `chinook`, made with the command line, and its schema's name."""
    folder = tmp_path_factory.mktemp("projects") / "chinook"
    live.cli("init", str(folder), "--template", "blank")
    for example in (folder / "migrations").iterdir():
        example.unlink()
    (folder / "migrations/0001_chinook.sql").write_text(CHINOOK.read_text())
    live.cli("migrate", "up", cwd=folder)
    made = live.cli("tenant", "create", "records", cwd=folder)
    secret = live.cli("keys", "create", "records", "--kind", "secret", "--name", "test", cwd=folder)
    with psycopg.connect(live.database_url) as connection:
        row = connection.execute("select id, schema_name from tenants_tenant where slug = 'records'").fetchone()
    assert made is not None
    assert row is not None
    url = f"{live.base_url}/t/records/graphql"
    yield LiveTenant("records", str(row[0]), url, "", secret["key"]), row[1]


@pytest.mark.parametrize("name", QUESTIONS)
def test_answers_are_what_sql_says(live: Live, chinook: tuple[LiveTenant, str], name: str) -> None:
    tenant, schema = chinook
    question, truth = QUESTIONS[name]
    with psycopg.connect(live.database_url) as connection:
        connection.execute(sql.SQL("set search_path = {}").format(sql.Identifier(schema)))
        row = connection.execute(truth.encode()).fetchone()
    assert row is not None
    expected = row[0] if isinstance(row[0], dict) else json.loads(row[0])
    assert any(_leaves(expected)), "the question must have an answer"
    assert tenant.data(question) == expected


def test_walking_a_connection_gives_every_track_once(chinook: tuple[LiveTenant, str]) -> None:
    tenant, _ = chinook
    query = """query($after: String) { tracksConnection(first: 700, after: $after, orderBy: [{composer: ASC}]) {
        totalCount nodes { trackId } pageInfo { hasNextPage endCursor } } }"""
    seen: list[str] = []
    after, more = None, True
    while more:
        page = tenant.data(query, variables={"after": after})["tracksConnection"]
        seen += [node["trackId"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert len(seen) == len(set(seen)) == 3503


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value
