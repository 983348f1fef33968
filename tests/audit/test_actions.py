"""The registry of actions: numbers are for ever, and what it does not know is refused at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apps.audit.actions import ACTIONS, BY_NUMBER, UnknownActionError, action_of

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden/actions.txt"


def numbered() -> dict[int, str]:
    """What was ever given a number."""
    return {int(number): name for number, name in (line.split() for line in GOLDEN.read_text().splitlines())}


def test_numbers_and_names_stay_what_they_are() -> None:
    """A number that is gone from the registry stays in the golden list, so it is never used again. Sealed logs hold
    numbers and names: a changed one would break the check of every log that has it."""
    now = {number: action.name for number, action in BY_NUMBER.items()}
    ever = numbered()
    changed = {number: (ever[number], name) for number, name in now.items() if number in ever and ever[number] != name}
    assert changed == {}
    new = {number: name for number, name in now.items() if number not in ever}
    assert new == {}, f"append to {GOLDEN.name}: " + " | ".join(f"{number} {name}" for number, name in new.items())
    assert len(set(ever.values())) == len(ever), "no name has two numbers"


def test_each_action_has_a_number_a_name_and_a_sentence_of_its_own() -> None:
    assert len(ACTIONS) == len(BY_NUMBER) == len({action.what for action in ACTIONS.values()})
    for action in ACTIONS.values():
        assert 100 <= action.number <= 999
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", action.name)
        assert action.what.endswith(".") and action.what[0].isupper()
        assert all(re.fullmatch(r"[a-z][A-Za-z0-9]*", detail) for detail in action.details)


def test_what_is_unknown_is_refused() -> None:
    assert action_of("tenant.suspended", {"reason": "unpaid"}).number == 203
    with pytest.raises(UnknownActionError, match=r"tenant\.exploded"):
        action_of("tenant.exploded", {})
    with pytest.raises(UnknownActionError, match="password"):
        action_of("tenant.suspended", {"password": "x"})


def test_every_action_is_documented() -> None:
    text = (ROOT / "docs/audit-events.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) \| `([a-z_.]+)` \|", text, re.MULTILINE))
    assert {int(number): name for number, name in rows.items()} == {
        number: action.name for number, action in BY_NUMBER.items()
    }
