"""Whether an entry is what was looked for, by what its row says. In: a view and a filter. Out: yes or no."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from apps.audit.browse.filters import Filter
from apps.audit.browse.views import EntryView, readable
from kapok.ledger.entries import CHANGE

Key = Mapping[str, str]


def fits(view: EntryView, wanted: Filter) -> bool:
    """Whether all that is given fits. An entry whose row is gone fits nothing but times."""
    if view.kind not in wanted.of_kinds or not _is_one_of((view.who, wanted.who), (view.request_id, wanted.request_id)):
        return False
    if (wanted.since and view.at < wanted.since) or (wanted.until and view.at >= wanted.until):
        return False
    if view.kind == CHANGE:
        lists = ((view.table, wanted.tables), (view.op, wanted.ops), (view.source, wanted.sources))
        return _is_in(*lists) and (wanted.key is None or has_key(view, texts_of(wanted.key)))
    return _is_in((view.action, wanted.actions), (view.outcome, wanted.outcomes)) and _is_one_of(
        (view.target, wanted.target)
    )


def texts_of(key: Mapping[str, Any]) -> Key:
    """A key as texts, as PostgreSQL writes them: a number and its text are the same."""
    return {
        column: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for column, value in key.items()
    }


def json_of(key: Mapping[str, str]) -> str:
    """The JSON object of values that are JSON texts: unlike `key_text` it cannot be misread."""
    return "{" + ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {text}" for name, text in key.items()) + "}"


def has_key(view: EntryView, key: Key) -> bool:
    """Whether a change is of the row with this key, or gave a row this key."""
    return key in (key_of(view), new_key_of(view))


def key_of(view: EntryView) -> Key | None:
    """The row's key, as texts."""
    return None if view.key is None else {column: readable(text) for column, text in view.key.items()}


def new_key_of(view: EntryView) -> Key | None:
    """The key that an update gave the row; None where it kept its own, or that is not known any more."""
    if view.op != "update" or view.key is None or view.after is None or not view.key.keys() <= view.after.keys():
        return None
    new = {column: readable(view.after[column]) for column in view.key}
    return None if new == key_of(view) else new


def _is_one_of(*pairs: tuple[str, str]) -> bool:
    return all(not wanted or found == wanted for found, wanted in pairs)


def _is_in(*lists: tuple[str, tuple[str, ...]]) -> bool:
    return all(not wanted or found in wanted for found, wanted in lists)
