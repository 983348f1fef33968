"""Database names to API names: words and cases. Every name that comes out is a legal GraphQL name.

In: a name as the database has it (any text). Out: PascalCase types, camelCase fields, UPPER_CASE enum values, all
ASCII ([_A-Za-z][_0-9A-Za-z]*, GraphQL specification 2.1.9, and never the reserved `__` at the start). Collisions are
the business of kapok.model.namespace.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from kapok.model import english

_WORD = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z0-9]+")
#: Letters that Unicode does not decompose and everybody writes like this.
_LETTERS = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D"}
    | {"ł": "l", "Ł": "L", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D", "ı": "i"}
)


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """The words of a name, lower-case ASCII: `blog_posts`, `blogPosts` and `Blog Posts` all give (blog, posts).

    A letter without an ASCII form becomes its code point (`u57ce`), and so does every character of a name that has no
    letter or digit (`+` gives `u2b`). Never empty.
    """
    text = "".join([_ascii(character) for character in unicodedata.normalize("NFC", name).translate(_LETTERS)])
    found = tuple([word.lower() for word in _WORD.findall(text)])
    return found or tuple([f"u{ord(character):x}" for character in name]) or ("empty",)


def _ascii(character: str) -> str:
    """The ASCII letters or digits that stand for a character, "" for a combining mark, a blank for all others."""
    if character.isascii():
        return character if character.isalnum() else " "
    if unicodedata.category(character).startswith("M"):
        return ""
    plain = "".join([part for part in unicodedata.normalize("NFKD", character) if part.isascii() and part.isalnum()])
    if plain:
        return plain
    return f"u{ord(character):x}" if character.isalnum() else " "


def pascal(name: Sequence[str] | str) -> str:
    """`blog_posts` gives `BlogPosts`. name: a database name or its words."""
    return _legal("".join([word[0].upper() + word[1:] for word in _as_words(name)]))


def camel(name: Sequence[str] | str) -> str:
    """`blog_posts` gives `blogPosts`."""
    first, *rest = _as_words(name)
    return _legal(first + "".join([word[0].upper() + word[1:] for word in rest]))


def upper(name: Sequence[str] | str) -> str:
    """`in-progress` gives `IN_PROGRESS`; also the enum value that stands for a field (`createdAt`: `CREATED_AT`)."""
    return _legal("_".join(_as_words(name)).upper())


def singular(name: Sequence[str] | str) -> tuple[str, ...]:
    """The words of a table's name with the last one in the singular."""
    *head, last = _as_words(name)
    return (*head, english.singular(last))


def plural(name: Sequence[str] | str) -> tuple[str, ...]:
    """The words with the last one in the plural, which may be the same (`news`)."""
    *head, last = _as_words(name)
    return (*head, english.plural(last))


def _as_words(name: Sequence[str] | str) -> tuple[str, ...]:
    return words(name) if isinstance(name, str) else tuple(name)


def _legal(text: str) -> str:
    return "_" + text if text[0].isdigit() else text
