"""Slugs: what a person may call a project or a tenant.

In: text a person typed. Out: the same text, or KapokError INVALID_SLUG with the reason and a suggestion. A slug is a
DNS label (RFC 1035, 2.3.1), since tenants answer at <slug>.<base domain>. Schema and role names never come from it.
"""

from __future__ import annotations

import re
import unicodedata

from kapok.errors import KapokError

#: A DNS label has at most 63 octets; shorter leaves room in host names.
MAX_LENGTH = 48
MIN_LENGTH = 2

#: Host names and path segments that mean something else, now or soon.
_RESERVED_WORDS = """
    admin administrator api app apps assets auth billing blog cdn console control dashboard dev dns docs ftp graphql
    grafana health healthz help host imap internal kapok localhost login logout mail me media metrics mx ns ns1 ns2 null
    oauth ops pop postgres prometheus public readyz redis rest root security signin signup smtp sso static status
    support system t tenant tenants undefined webhook webhooks webmail ws www
"""
RESERVED = frozenset(_RESERVED_WORDS.split())

_SLUG = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")


def validate_slug(text: str) -> str:
    """Return the slug unchanged. Raises INVALID_SLUG; details: {"slug", "reason", "suggestion"}."""
    reason = _reason(text)
    if reason is None:
        return text
    suggestion = _suggestion(text)
    hint = f"Try {suggestion!r}." if suggestion else "Use lower-case letters, digits and hyphens."
    raise KapokError(
        "INVALID_SLUG",
        f"This is not a valid slug: {reason}.",
        details={"slug": text[:100], "reason": reason, "suggestion": suggestion},
        hint=hint,
    )


def may_be_slug(text: str) -> bool:
    """Whether a text has a slug's form, so that nothing else is looked up."""
    return len(text) <= MAX_LENGTH and _SLUG.fullmatch(text) is not None


def _reason(text: str) -> str | None:
    if not text:
        return "it is empty"
    if len(text) < MIN_LENGTH:
        return f"it must have at least {MIN_LENGTH} characters"
    if len(text) > MAX_LENGTH:
        return f"it has {len(text)} characters, at most {MAX_LENGTH} are allowed"
    if text != text.lower() and _SLUG.fullmatch(text.lower()):
        return "it must be in lower case"
    if not re.fullmatch(r"[a-z0-9-]+", text):
        return "only the letters a to z, digits and hyphens are allowed"
    if not text[0].isalpha():
        return "it must begin with a letter"
    if text.endswith("-"):
        return "it must not end with a hyphen"
    if "--" in text:
        return "it must not hold two hyphens in a row"
    if text in RESERVED:
        return "this name is reserved"
    return None


def _suggestion(text: str) -> str | None:
    """The nearest valid slug, or None when nothing of the text can be kept."""
    plain = unicodedata.normalize("NFKD", text[:200]).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    words = words if not words or words[0].isalpha() else f"t-{words}"
    words = words[:MAX_LENGTH].rstrip("-")
    if words in RESERVED or 0 < len(words) < MIN_LENGTH:
        words = f"{words}-1"
    return words or None
