"""The GraphiQL page: it runs under its own policy, loads only our own files, and quotes what it is given."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from apps.graphql_api import graphiql


class _Elements(HTMLParser):
    """The elements of a page: [(tag, attributes)], and the text inside script and style elements."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self._open = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in ("script", "style"):
            self.inline += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def _page(endpoint: str = "/t/acme/graphql", tenant: str = "acme", nonce: str = "n0nce") -> _Elements:
    return _Elements(graphiql.page(endpoint=endpoint, tenant=tenant, nonce=nonce, assets=graphiql.ASSETS_PATH))


def test_the_page_loads_our_own_files_and_nothing_else() -> None:
    page = _page()
    [script] = page.all("script")
    assert script["nonce"] == "n0nce"
    [style] = [link for link in page.all("link") if link["rel"] == "stylesheet"]
    for path in (script["src"], style["href"]):
        assert path is not None
        assert graphiql.asset(path, b"").status == 200
    for _, attributes in page.elements:
        assert not re.match(r"(https?:)?//", attributes.get("src") or attributes.get("href") or "")
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert page.inline.strip() == ""


def test_the_page_tells_the_script_where_to_ask() -> None:
    [root] = [attributes for attributes in _page().all("div") if attributes.get("id") == "graphiql"]
    assert (root["data-endpoint"], root["data-tenant"]) == ("/t/acme/graphql", "acme")


def test_what_the_page_is_given_stays_text() -> None:
    evil = "\"><script>alert(1)</script>{nonce}'"
    page = _page(endpoint=evil, tenant=evil, nonce="n")
    [root] = [attributes for attributes in page.all("div") if attributes.get("id") == "graphiql"]
    assert root["data-endpoint"] == evil
    assert root["data-tenant"] == evil
    assert len(page.all("script")) == 1
    assert "alert" not in page.inline


def test_the_policy_allows_no_foreign_or_inline_code() -> None:
    headers = dict(graphiql.page_headers("n0nce"))
    directives = dict(
        part.strip().split(" ", 1) for part in headers[b"content-security-policy"].decode().split(";") if part
    )
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'nonce-n0nce'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["connect-src"] == "'self'"
    assert "unsafe" not in str(directives)
    assert "*" not in str(directives)
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"vary"] == b"accept"


def test_files_are_served_with_their_type_and_revalidated() -> None:
    assert graphiql.ASSETS
    for name, file in graphiql.ASSETS.items():
        first = graphiql.asset(graphiql.ASSETS_PATH + name, b"")
        headers = dict(first.headers)
        assert (first.status, first.body) == (200, file.body)
        assert headers[b"content-type"].decode() == file.content_type
        assert headers[b"x-content-type-options"] == b"nosniff"
        again = graphiql.asset(graphiql.ASSETS_PATH + name, b'"other", ' + headers[b"etag"])
        assert (again.status, again.body) == (304, b"")
        immutable = b"immutable" in headers[b"cache-control"]
        assert immutable == name.endswith((".js", ".css"))


@pytest.mark.parametrize(
    "name", ["", "nothing.js", "../graphiql.py", "..%2fgraphiql.py", "manifest.json", "/etc/passwd"]
)
def test_only_known_files_are_served(name: str) -> None:
    reply = graphiql.asset(graphiql.ASSETS_PATH + name, b"")
    assert reply.status == 404
    assert b"import" not in reply.body


def test_the_bundle_needs_no_eval_and_no_network() -> None:
    [script] = [file.body.decode() for name, file in graphiql.ASSETS.items() if name.endswith(".js")]
    [style] = [file.body.decode() for name, file in graphiql.ASSETS.items() if name.endswith(".css")]
    assert "new Function(" not in script
    assert not re.search(r"[^\w.$]eval\(", script)
    assert not re.search(r"@import|url\(\s*[\"']?(https?:)?//", style)


def test_the_licences_of_what_is_bundled_are_there() -> None:
    text = graphiql.ASSETS["LICENSES.txt"].body.decode()
    for package in ("graphiql", "react", "react-dom", "graphql", "codemirror", "markdown-it"):
        assert re.search(rf"^{re.escape(package)} \d+\.\d+\.\d+ \(", text, re.MULTILINE)
