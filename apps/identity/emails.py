"""E-mail addresses as accounts know them. In: what somebody typed. Out: one spelling of it, or VALIDATION_FAILED."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from kapok.errors import KapokError

#: RFC 5321, 4.5.3.1.3.
MAX_LENGTH = 254


def normalised(text: str) -> str:
    """Trimmed and in lower case: providers that tell Ada@ from ada@ are not known, people who type both are. ASCII only
    (RFC 5321; an international domain in its xn-- form), so that Postgres and Python agree what lower case is. No
    control characters, which Django lets through between quotes: mail programs break lines at some."""
    email = unicodedata.normalize("NFKC", text).strip().lower()
    try:
        if not (email.isascii() and email.isprintable()) or len(email) > MAX_LENGTH:
            raise ValidationError("not an address")
        validate_email(email)
    except ValidationError as exc:
        raise KapokError(
            "VALIDATION_FAILED", "email: This is not an e-mail address.", details={"fields": ["email"]}
        ) from exc
    return email
