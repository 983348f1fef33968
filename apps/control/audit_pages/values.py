"""An entry's values side by side. In: an EntryView of apps.audit.browse. Out: rows of a table: a column, and before and
after as safe HTML, folded where they are long, cut where they are huge, with what differs marked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.safestring import SafeString

from apps.audit.browse import Difference, EntryView, Value, readable
from apps.control.audit_pages.text import indented, marked, visible

#: Characters and lines a value shows before it has to be opened.
FOLD_CHARACTERS, FOLD_LINES = 240, 12
#: Characters that are shown before the first difference of huge values.
BEFORE = 120
#: So much has to be the same before what differs is marked.
MIN_SAME = 6
#: Characters of a value that a page shows, and of all values together; the entry's JSON has the rest.
MAX_VALUE, MAX_PAGE, MIN_VALUE = 20_000, 400_000, 200
#: Texts of more lines are not compared line by line; nor are more once a page has had so many steps, at worst (two
#: seconds): texts of the same line over and over take the cube of their length.
MAX_LINES, MAX_STEPS = 1000, 20_000_000

Pieces = list[tuple[str, bool]]
EMPTY = SafeString("")


@dataclass(frozen=True, slots=True)
class Shown:
    """One value. state: as Value's. html: all that is shown of it; start: what is shown while it is folded, "" for a
    short one. characters: how long it is; shown: how much of that is in html, from the character `since` on."""

    state: str
    html: SafeString = EMPTY
    start: SafeString = EMPTY
    characters: int = 0
    shown: int = 0
    since: int = 0
    is_null: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether only a part is shown."""
        return self.shown < self.characters

    @property
    def is_long(self) -> bool:
        """Whether its length is worth telling."""
        return self.characters > FOLD_CHARACTERS


@dataclass(frozen=True, slots=True)
class Line:
    """One column."""

    column: SafeString
    changed: bool
    before: Shown
    after: Shown


class Budget:
    """How many characters of values a page may still show, and how many steps of comparing them it may take."""

    def __init__(self, characters: int = MAX_PAGE, each: int = MAX_VALUE, steps: int = MAX_STEPS) -> None:
        self._left = characters
        self._each = each
        self._steps = steps

    def take(self, length: int) -> int:
        """So many of a value of this length may be shown."""
        granted = min(length, self._each, max(self._left, MIN_VALUE))
        self._left -= granted
        return granted

    def may_compare(self, old: Sequence[str], new: Sequence[str]) -> bool:
        """Whether lines may be compared: each run that is the same may cost a look at all pairs of the same line."""
        counted = Counter(old)
        steps = sum(counted[line] for line in new) * min(len(old), len(new))
        granted = steps <= self._steps
        self._steps -= steps if granted else 0
        return granted


def lines_of(differences: Iterable[Difference], budget: Budget) -> list[Line]:
    """The columns, those that changed first."""
    return [
        Line(visible(one.column), one.changed, *_pair(one, budget))
        for one in sorted(differences, key=lambda one: not one.changed)
    ]


def facts_of(values: Mapping[str, str], entry: EntryView, part: str, budget: Budget) -> list[tuple[SafeString, Shown]]:
    """Names and values: of a key, or of an event's details (part), erased ones and those that are cut included."""
    paths = (*entry.erased, *entry.cut)
    names = {*values, *(path.partition(".")[2] for path in paths if path.startswith(f"{part}."))}
    return [(visible(name), shown(entry.value(f"{part}.{name}"), budget)) for name in sorted(names)]


def shown(value: Value, budget: Budget) -> Shown:
    """One value by itself."""
    if value.state != "there":
        return Shown(value.state)
    part = _part(value, 0, budget)
    return _shown(value, part, [(part.text, False)])


def _pair(one: Difference, budget: Budget) -> tuple[Shown, Shown]:
    if not one.changed or one.before.state != "there" or one.after.state != "there":
        return shown(one.before, budget), shown(one.after, budget)
    at = _same(readable(one.before.text), readable(one.after.text))
    before, after = _part(one.before, at, budget), _part(one.after, at, budget)
    old, new = _compared(before, after, budget)
    return _shown(one.before, before, old), _shown(one.after, after, new)


@dataclass(frozen=True, slots=True)
class _Part:
    """What is shown of a value: text, from a character on; of so many. whole: the value's length."""

    text: str
    since: int
    length: int
    whole: int


def _part(value: Value, at: int, budget: Budget) -> _Part:
    """As much as the budget has, where it differs (at)."""
    text = readable(value.text)
    granted = budget.take(len(text))
    since = 0 if at < granted - BEFORE or granted == len(text) else max(0, at - BEFORE)
    part = text[since : since + granted]
    is_json = value.text.startswith(("{", "[")) and since == 0
    return _Part(indented(part) if is_json else part, since, len(part), len(text))


def _shown(value: Value, part: _Part, pieces: Pieces) -> Shown:
    html = marked([("…", False), *pieces] if part.since else pieces)
    folded = len(part.text) > FOLD_CHARACTERS or part.text.count("\n") >= FOLD_LINES
    start = marked(_beginning(pieces)) if folded else EMPTY
    return Shown("there", html, start, part.whole, part.length, part.since, value.text == "null")


def _beginning(pieces: Pieces) -> Pieces:
    """A few lines; from where it differs, when that comes late."""
    text = "".join(piece for piece, _ in pieces)
    at = len(next(iter(pieces))[0]) if pieces and not pieces[0][1] and len(pieces) > 1 else 0
    skip = max(0, text.rfind("\n", 0, max(0, at - 60)) + 1 or at - 60) if at > FOLD_CHARACTERS // 2 else 0
    found: Pieces = [("… ", False)] if skip else []
    left, lines = FOLD_CHARACTERS, FOLD_LINES
    for piece, differs in pieces:
        if skip >= len(piece):
            skip -= len(piece)
            continue
        part = "\n".join(piece[skip : skip + left].split("\n")[:lines])
        found.append((part, differs))
        left, lines, skip = left - len(part), lines - part.count("\n"), 0
        if left <= 0 or lines <= 1:
            break
    return [*found, (" …", False)]


def _compared(before: _Part, after: _Part, budget: Budget) -> tuple[Pieces, Pieces]:
    """Both texts in pieces, those that differ marked: by lines where there are several, otherwise what is between the
    same beginning and the same end."""
    old, new = before.text.splitlines(keepends=True), after.text.splitlines(keepends=True)
    if min(len(old), len(new)) < 2 or max(len(old), len(new)) > MAX_LINES:
        return _middle(before.text, after.text)
    start = _same(old, new)
    end = _same(old[start:][::-1], new[start:][::-1])
    old_lines, new_lines = old[start : len(old) - end], new[start : len(new) - end]
    if not budget.may_compare(old_lines, new_lines):
        return _middle(before.text, after.text)
    first, last = "".join(old[:start]), "".join(old[len(old) - end :])
    left: Pieces = [(first, False)]
    right: Pieces = [(first, False)]
    for tag, a, b, c, d in SequenceMatcher(None, old_lines, new_lines, autojunk=False).get_opcodes():
        left.append(("".join(old_lines[a:b]), tag != "equal"))
        right.append(("".join(new_lines[c:d]), tag != "equal"))
    return _without_empty([*left, (last, False)]), _without_empty([*right, (last, False)])


def _middle(before: str, after: str) -> tuple[Pieces, Pieces]:
    start = _same(before, after)
    end = _same(before[start:][::-1], after[start:][::-1])
    # In short values, and where little is the same, marks would only be noise.
    if start + end < max(MIN_SAME, min(len(before), len(after)) // 3):
        return [(before, False)], [(after, False)]
    return _in_three(before, start, end), _in_three(after, start, end)


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """How many characters, or lines, both begin with."""
    shorter, step, place = min(len(one), len(other)), 4096, 0
    while place < shorter and one[place : place + step] == other[place : place + step]:
        place += step
    return next((at for at in range(place, min(place + step, shorter)) if one[at] != other[at]), shorter)


def _in_three(text: str, start: int, end: int) -> Pieces:
    rest = len(text) - end
    return _without_empty([(text[:start], False), (text[start:rest], True), (text[rest:], False)])


def _without_empty(pieces: Pieces) -> Pieces:
    return [piece for piece in pieces if piece[0]]
