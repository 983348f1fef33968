"""SQL that takes names instead of values (DDL).

In: a constant text with `{name}` marks, and names derived from ids. Out: the text with the names quoted. Values never
go through here; they are bound.
"""

from __future__ import annotations

from typing import LiteralString

from kapok.identifiers import quote_identifier


def render(template: LiteralString, **names: str) -> str:
    """Put quoted identifiers in the place of the marks. Raises KeyError for a mark without a name."""
    return template.format_map({mark: quote_identifier(name) for mark, name in names.items()})
