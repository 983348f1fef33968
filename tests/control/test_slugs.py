"""Slugs: what is refused and why, and that every suggestion would be accepted."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapok.errors import KapokError
from kapok.slugs import MAX_LENGTH, RESERVED, validate_slug


@pytest.mark.parametrize("slug", ["acme", "acme-2", "a1", "x" * MAX_LENGTH, "a-b-c"])
def test_valid_slugs_come_back_unchanged(slug: str) -> None:
    assert validate_slug(slug) == slug


@pytest.mark.parametrize(
    ("slug", "reason", "suggestion"),
    [
        ("", "it is empty", None),
        ("a", "it must have at least 2 characters", "a-1"),
        ("x" * 49, "it has 49 characters, at most 48 are allowed", "x" * 48),
        ("Acme", "it must be in lower case", "acme"),
        ("acme corp", "only the letters a to z, digits and hyphens are allowed", "acme-corp"),
        ("café", "only the letters a to z, digits and hyphens are allowed", "cafe"),
        ("1acme", "it must begin with a letter", "t-1acme"),
        ("-acme", "it must begin with a letter", "acme"),
        ("acme-", "it must not end with a hyphen", "acme"),
        ("xn--acme", "it must not hold two hyphens in a row", "xn-acme"),
        ("admin", "this name is reserved", "admin-1"),
        ("t", "it must have at least 2 characters", "t-1"),
        ("acme\n", "only the letters a to z, digits and hyphens are allowed", "acme"),
        ("аcme", "only the letters a to z, digits and hyphens are allowed", "cme"),  # a Cyrillic а
        (
            'a"; drop schema x; --',
            "only the letters a to z, digits and hyphens are allowed",
            "a-drop-schema-x",
        ),
        ("t_ab", "only the letters a to z, digits and hyphens are allowed", "t-ab"),
        ("日本", "only the letters a to z, digits and hyphens are allowed", None),
    ],
)
def test_refusals_say_why_and_suggest(slug: str, reason: str, suggestion: str | None) -> None:
    with pytest.raises(KapokError) as caught:
        validate_slug(slug)
    assert caught.value.code == "INVALID_SLUG"
    assert caught.value.details["reason"] == reason
    assert caught.value.details["suggestion"] == suggestion


@pytest.mark.parametrize("slug", ["admin", "api", "www", "graphql", "static", "localhost"])
def test_reserved_names_are_refused(slug: str) -> None:
    assert slug in RESERVED
    with pytest.raises(KapokError):
        validate_slug(slug)


@given(st.text(max_size=80))
def test_only_dns_labels_pass_and_every_suggestion_passes(text: str) -> None:
    try:
        validate_slug(text)
    except KapokError as exc:
        suggestion = exc.details["suggestion"]
        assert suggestion is None or validate_slug(suggestion) == suggestion
    else:
        assert re.fullmatch(r"[a-z][a-z0-9-]{0,61}[a-z0-9]", text)
