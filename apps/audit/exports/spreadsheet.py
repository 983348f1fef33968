"""entries.csv: the entries for a spreadsheet. It proves nothing: entries.jsonl does.

In: an entry as the bundle has it. Out: a line of RFC 4180. No cell can be a formula: one that would begin like a
formula begins with an apostrophe instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import IO

import orjson

from kapok.ledger.entries import CHANGE, Entry

COLUMNS = (
    "index", "at", "kind", "what", "outcome_or_source", "actor", "target_or_key", "before", "after_or_details",
    "session", "address", "request_id", "shown", "erased_values",
)  # fmt: skip
#: What spreadsheets take for the beginning of a formula, the wide forms of East Asian keyboards among them.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_BLANKS = " \u00a0\u3000"
#: Lines that are written at once.
_LINES = 500


class Spreadsheet:
    """Writes entries.csv. Call finish in the end."""

    def __init__(self, stream: IO[bytes]) -> None:
        """stream: to write to."""
        self._stream = stream
        self._lines = [",".join(COLUMNS)]

    def add(self, index: int, entry: Entry, shown: bool) -> None:
        """A line. A withheld entry has only what its leaf says in the clear."""
        public, values = entry.public, entry.private
        key, before, after, details = _objects(values)
        if entry.kind == CHANGE:
            what, outcome = f"{public['op']} {public['table']}", public["source"]
        else:
            what, outcome = str(public["name"]), public["outcome"]
            key, after = _text(values.get("target")), details
        self._add(
            f'{index},{entry.at},{entry.kind},"{_cell(what)}",{_cell(outcome)},"{_cell(_text(values.get("actor")))}",'
            f'"{_cell(key)}","{_cell(before)}","{_cell(after)}",'
            f'"{_cell(_text(values.get("sessionId")))}","{_cell(_text(values.get("address")))}",'
            f'"{_cell(public["requestId"])}",{"yes" if shown else "no"},{len(entry.erased) or ""}'
        )

    def add_gone(self, index: int) -> None:
        """The line of an entry whose row is no longer there."""
        self._add(f"{index},,gone{',' * (len(COLUMNS) - 3)}")

    def finish(self) -> None:
        """Write what is left."""
        self._stream.write("\r\n".join([*self._lines, ""]).encode())
        self._lines.clear()

    def _add(self, line: str) -> None:
        self._lines.append(line)
        if len(self._lines) >= _LINES:
            self.finish()


def _cell(value: object) -> str:
    """What stands between the quotes of a cell; never a formula."""
    text = "" if value is None else str(value)
    if text[:1] in _FORMULA or (text[:1] in _BLANKS and text.lstrip(_BLANKS)[:1] in _FORMULA):
        text = f"'{text}"
    return text.replace('"', '""') if '"' in text else text


def _text(text: str | None) -> str:
    """A value that is a JSON string, without its quotes."""
    if text is None:
        return ""
    if text[:1] == '"' and "\\" not in text:
        return text[1:-1]
    try:
        return str(orjson.loads(text))
    except orjson.JSONDecodeError:
        return text


def _objects(values: Mapping[str, str]) -> tuple[str, str, str, str]:
    """The values below key, before, after and details, each as a JSON object as they stand in the log."""
    parts: dict[str, list[str]] = {"key": [], "before": [], "after": [], "details": []}
    for path, text in values.items():
        head, name = _split(path)
        if name:
            parts[head].append(name + text)
    key, before, after, details = (f"{{{', '.join(found)}}}" if found else "" for found in parts.values())
    return key, before, after, details


@lru_cache(10_000)
def _split(path: str) -> tuple[str, str]:
    """`after.name` is `after` and `"name": `; a path of one part has no name."""
    head, dot, name = path.partition(".")
    return head, f"{orjson.dumps(name).decode()}: " if dot and head in ("key", "before", "after", "details") else ""
