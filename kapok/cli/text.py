"""Text from a server, made safe for a terminal. In: any string. Out: the same without control characters."""

from __future__ import annotations

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """Keep line breaks; a control character (an escape sequence's first, say) becomes a replacement character."""
    return "".join(c if c.isprintable() or c == "\n" else " " if c == "\t" else _REPLACEMENT for c in text)


def one_line(text: str) -> str:
    """As `printable`, with line breaks as blanks: one field of one line."""
    return printable(text).replace("\n", " ")
