"""Text for the fonts every PDF reader has, which know Latin-1 only. In: any text. Out: the rest as `\\u4e2d`."""

from __future__ import annotations


def latin(text: str) -> str:
    """The text with what is not printable Latin-1 written out: nothing is left away or shown as a box."""
    return "".join(
        character if character.isprintable() and ord(character) < 256 else _written_out(character) for character in text
    )


def _written_out(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
