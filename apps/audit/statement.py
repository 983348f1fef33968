"""The one statement that writes an event, and its values. No Django: the data plane writes events too.

In: an act. Out: INSERT's values, with nothing in them that PostgreSQL could not hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, LiteralString

from apps.audit.actions import action_of

#: The longest text of a column or a detail, in characters; what is longer was not made by Kapok, and is cut.
MAX_TEXT = 2000

#: `{schema}` stands for the log's quoted schema.
INSERT: LiteralString = """
    insert into {schema}.kapok_event (action, outcome, actor, target, request_id, address, details)
    values (%s, %s, %s, %s, %s, %s, %s::jsonb)
"""

Values = tuple[int, str, str, str, str, str, str]


def event_values(
    action: str, *, outcome: str, actor: str, target: str, request_id: str, address: str, details: Mapping[str, Any]
) -> Values:
    """In INSERT's order. Raises UnknownActionError for an action or a detail that the registry does not have."""
    number = action_of(action, details).number
    facts = json.dumps(_storable(details))
    return number, outcome, _text(actor), _text(target), _text(request_id), _text(address), facts


def _text(value: str) -> str:
    """No NUL, no half characters, and nothing without an end."""
    cut = value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    return cut.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_text(name): _storable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value
