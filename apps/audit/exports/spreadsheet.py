"""entries.csv: the entries for a spreadsheet. It proves nothing: entries.jsonl does.

In: an entry as the bundle has it. Out: a line of RFC 4180. No cell can be a formula: one that would begin like a
formula begins with an apostrophe instead.
"""

from __future__ import annotations

import csv
from typing import IO, Any

import orjson

from kapok.ledger.entries import CHANGE, Entry

COLUMNS = (
    "index", "at", "kind", "what", "outcome_or_source", "actor", "target_or_key", "before", "after_or_details",
    "session", "address", "request_id", "shown", "erased_values",
)  # fmt: skip
#: What spreadsheets take for the beginning of a formula, the wide forms of East Asian keyboards among them.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_BLANKS = " \u00a0\u3000"


class Spreadsheet:
    """Writes entries.csv."""

    def __init__(self, stream: IO[str]) -> None:
        """stream: to write to, opened with newline=""."""
        self._writer = csv.writer(stream, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
        self._writer.writerow(COLUMNS)

    def add(self, index: int, entry: Entry, shown: bool) -> None:
        """A line. A withheld entry has only what its leaf says in the clear."""
        public, values = entry.public, entry.private
        is_change = entry.kind == CHANGE
        what = f"{public.get('op')} {public.get('table')}" if is_change else public.get("name")
        cells = [
            index, entry.at, entry.kind, what, public.get("source" if is_change else "outcome"), _text(values, "actor"),
            _object(values, "key.") if is_change else _text(values, "target"),
            _object(values, "before."),
            _object(values, "after." if is_change else "details."),
            _text(values, "sessionId"), _text(values, "address"), public.get("requestId"),
            "yes" if shown else "no", len(entry.erased) or "",
        ]  # fmt: skip
        self._writer.writerow([_safe(cell) for cell in cells])

    def add_gone(self, index: int) -> None:
        """The line of an entry whose row is no longer there."""
        self._writer.writerow([index, "", "gone"])


def _safe(cell: Any) -> Any:
    """The cell, never a formula."""
    if isinstance(cell, str) and cell and (cell[0] in _FORMULA or cell.lstrip(_BLANKS)[:1] in _FORMULA):
        return f"'{cell}"
    return cell


def _text(values: Any, path: str) -> str:
    """A value that is a JSON string, without its quotes."""
    text = values.get(path)
    if text is None:
        return ""
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError:
        return str(text)
    return read if isinstance(read, str) else str(text)


def _object(values: Any, prefix: str) -> str:
    """The values below a path as a JSON object, as they stand in the log."""
    size = len(prefix)
    parts = [
        f"{orjson.dumps(path[size:]).decode()}: {text}" for path, text in values.items() if path.startswith(prefix)
    ]
    return f"{{{', '.join(parts)}}}" if parts else ""
