"""audit.yaml: what it says, and what is wrong with it and where."""

from __future__ import annotations

import pytest

from kapok.changelog.settings import AuditSettings, Reads, TableSettings, parse_settings
from kapok.errors import KapokError


def test_defaults() -> None:
    assert parse_settings("") == AuditSettings("full", {}, 366)
    assert parse_settings("").rows() == [("", "full", [])]


def test_everything_that_can_be_said() -> None:
    text = """
default: keys
tables:
  payments: {mode: full, redact: [card, iban]}
  sessions: off
  notes: {redact: [body]}
  patients: {reads: true}
  visits: {reads: keys, mode: off}
  rooms: {reads: false}
functions: [history]
profile: hipaa
"""
    settings = parse_settings(text)
    assert settings == AuditSettings(
        "keys",
        {
            "payments": TableSettings("full", ("card", "iban")),
            "sessions": TableSettings("off"),
            "notes": TableSettings("keys", ("body",)),
            "patients": TableSettings("keys", (), Reads.YES),
            "visits": TableSettings("off", (), Reads.KEYS),
            "rooms": TableSettings("keys"),
        },
        6 * 366,
        ("history",),
    )
    assert settings.recorded_reads() == {"patients": "true", "visits": "keys", "history()": "true"}
    assert parse_settings("retention: 18m").retention_days == 558


@pytest.mark.parametrize(
    ("text", "line", "path", "says"),
    [
        ("default: all", 1, "default", "off, keys, full"),
        ("tables:\n  a: {mode: off, redact: [x]}", 2, "tables.a.redact", "nothing to redact"),
        ("tables:\n  a:\n    redacted: [x]", 3, "tables.a.redacted", "Did you mean redact"),
        ("tables:\n  a: {reads: all}", 2, "tables.a.reads", "true, false, keys"),
        ("functions: history", 1, "functions", "list of names"),
        ("retention: 1y\nprofile: hipaa", 1, "retention", "either"),
        ("retention: forever", 1, "retention", "90d"),
        ("retention: 9999y", 1, "retention", "100y"),
        ("profile: sox", 1, "profile", "hipaa"),
        ("tables: [a]", 1, "tables", "pairs"),
        ("a: 1\na: 1", 1, "a", "not supported"),
        ('default: "', 1, "", "YAML"),
        ('tables:\n  "a\\0b": off', 2, "", "NUL"),
        ('tables:\n  a: {\n redact: ["b\\x00"]}', 3, "", "NUL"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, line: int, path: str, says: str) -> None:
    with pytest.raises(KapokError) as caught:
        parse_settings(text)
    assert caught.value.code == "PROJECT_INVALID"
    assert caught.value.details == {"file": "audit.yaml", "line": line, "path": path}
    assert "audit.yaml" in caught.value.message and says in caught.value.message
