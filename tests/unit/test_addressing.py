"""Which tenant a request means, from Host header and path alone."""

import pytest

from apps.tenants.addressing import Address, Addressing
from kapok.errors import KapokError

ADDRESSING = Addressing("kapok.example", ("console.kapok.example",))


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        (b"kapok.example", "/t/acme/graphql", Address("acme", None, None, "/graphql")),
        (b"acme.kapok.example:8000", "/graphql", Address(None, "acme", None, "/graphql")),
        (b"ACME.Kapok.Example.", "/graphql", Address(None, "acme", None, "/graphql")),
        (b"api.acme-corp.com", "/graphql", Address(None, None, "api.acme-corp.com", "/graphql")),
        (b"127.0.0.1:8000", "/admin/", Address(None, None, None, "/admin/")),
        (b"[::1]:8000", "/t/acme", Address("acme", None, None, "")),
        (b"console.kapok.example", "/admin/", Address(None, None, None, "/admin/")),
        (b"acme.kapok.example", "/t/globex/graphql", Address("globex", "acme", None, "/graphql")),
        (b"", "/t//graphql", Address("", None, None, "/graphql")),
    ],
)
def test_addresses(host: bytes, path: str, expected: Address) -> None:
    assert ADDRESSING.read(host, path) == expected


@pytest.mark.parametrize(
    "host", [b"a b", b"acme@kapok.example", b"a/../b", b"\xff", b"a" * 300, b"host:port", b"a:1:2", b"'--"]
)
def test_hostile_hosts_are_refused(host: bytes) -> None:
    with pytest.raises(KapokError) as caught:
        ADDRESSING.read(host, "/graphql")
    assert caught.value.code == "INVALID_HOST"
