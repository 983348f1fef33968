"""Texts that anybody may have written, as safe HTML. In: a text, or a value's JSON. Out: HTML, escaped, in which what
cannot be seen is spelled out; JSON with a line a member, its numbers as they were.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

#: What is deeper stays in its line: a text of n brackets would become one of n squared characters.
MAX_DEPTH = 16
#: Characters of what has to stay in its line.
MAX_SHORT = 80
#: What makes a text look like another one: controls (not tab and line feed), marks of direction, nothings.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL)


def visible(text: str) -> SafeString:
    """The text, escaped; each character that cannot be seen is named."""
    parts, place = [], 0
    for found in _UNSEEN.finditer(text):
        parts += [conditional_escape(text[place : found.start()]), _named(found[0])]
        place = found.end()
    return mark_safe("".join([*parts, conditional_escape(text[place:])]))


def shortened(text: str, most: int = MAX_SHORT) -> str:
    """The text's beginning."""
    return text if len(text) <= most else f"{text[:most]}…"


def _named(character: str) -> SafeString:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "control character").lower()
    return format_html('<span class="audit-unseen" title="{} {}">{}</span>', code, name, code)


def indented(text: str) -> str:
    """JSON with a line for each member, down to MAX_DEPTH. Only spaces are added, so numbers stay as they are. A text
    that was cut in the middle, or is no JSON, comes out as good as it can."""
    return "".join(_laid_out(_TOKEN.findall(text)))


def _laid_out(tokens: list[str]) -> Iterator[str]:
    depth, before = 0, ""
    for token in tokens:
        if token in ("}", "]"):
            depth -= 1
            if before not in ("{", "["):
                yield _line(depth)
        elif before in ("{", "[", ","):
            yield _line(depth)
        yield ": " if token == ":" else token
        if token in ("{", "["):
            depth += 1
        before = token


def _line(depth: int) -> str:
    return "\n" + "  " * max(0, depth) if depth <= MAX_DEPTH else ""


def marked(parts: Iterable[tuple[str, bool]]) -> SafeString:
    """Pieces of a text, those that differ marked as such."""
    return mark_safe(
        "".join(format_html("<mark>{}</mark>", visible(text)) if differs else visible(text) for text, differs in parts)
    )
