"""What a new audit.yaml changes, and whether less is recorded than before."""

from __future__ import annotations

import pytest

from kapok.changelog.changes import KEPT, OTHERS, changes_between
from kapok.changelog.settings import parse_settings

TABLES = ["guests", "payments"]


def changes(before: str, after: str) -> list[tuple[str, str, str, str, bool]]:
    found = changes_between(parse_settings(before), parse_settings(after), TABLES)
    return [(one.subject, one.what, one.before, one.after, one.less) for one in found]


def test_nothing_changes_where_the_same_is_said_in_other_words() -> None:
    assert changes("", "default: full\ntables: {guests: full}\nretention: 366d\n") == []


def test_a_default_is_that_of_every_table_that_is_not_named() -> None:
    assert changes("tables: {guests: keys}", "default: keys") == [
        (OTHERS, "mode", "full", "keys", True),
        ("payments", "mode", "full", "keys", True),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "tables: {guests: off}", ("guests", "mode", "full", "off", True)),
        ("tables: {guests: off}", "tables: {guests: keys}", ("guests", "mode", "off", "keys", False)),
        ("", "tables: {guests: {redact: [a, b]}}", ("guests", "redacted", "nothing", "a, b", True)),
        (
            "tables: {guests: {redact: [a, b]}}",
            "tables: {guests: {redact: [b]}}",
            ("guests", "redacted", "a, b", "b", False),
        ),
        ("tables: {guests: {redact: [a]}}", "tables: {guests: {redact: [b]}}", ("guests", "redacted", "a", "b", True)),
        ("", "tables: {guests: {reads: true}}", ("guests", "reads", "not recorded", "recorded", False)),
        (
            "tables: {guests: {reads: keys}}",
            "tables: {guests: {reads: true}}",
            ("guests", "reads", "recorded with keys", "recorded", True),
        ),
        ("functions: [history]", "", ("history()", "calls", "recorded", "not recorded", True)),
        ("retention: 90d", "retention: 2y", (KEPT, "days", "90 days", "732 days", False)),
        ("profile: hipaa", "", (KEPT, "days", "2196 days", "366 days", True)),
    ],
)
def test_what_changes(before: str, after: str, expected: tuple[str, str, str, str, bool]) -> None:
    assert changes(before, after) == [expected]


def test_a_table_that_is_no_more_is_named_as_well() -> None:
    assert changes("tables: {gone: off}", "") == [("gone", "mode", "off", "full", False)]
