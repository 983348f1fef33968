"""Metadata and claims of users: JSON objects that PostgreSQL can hold.

In: an object and how long it may be. Out: what is wrong with it, as a sentence, or None.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: The longest, in bytes of JSON; app_metadata travels with every request.
MAX_METADATA, MAX_APP_METADATA = 20_000, 4_000


def metadata_problem(value: Mapping[str, Any], limit: int) -> str | None:
    """limit: bytes of JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except UnicodeEncodeError:
        return "Must not hold half characters."
    except (ValueError, RecursionError):
        return "Must be JSON of ordinary numbers and depth."
    if size > limit:
        return f"Must be at most {limit} bytes of JSON."
    if "\\u0000" in text.replace("\\\\", ""):
        return "Must not hold a NUL character."
    return None
