"""What can be picked in the form: what happened, tables, outcomes, sources. In: what was asked. Out: `Pick`s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from apps.audit.actions import ACTIONS
from apps.audit.browse.filters import OPS, OUTCOMES, SOURCES
from apps.control.audit_pages.asked import GROUPS, Asked
from apps.control.audit_pages.text import visible

_NAMES = 2
_SOURCES = {"api": "the API", "owner": "the tables' owner (SQL, migrations)", "platform": "the platform"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One checkbox."""

    value: str
    label: SafeString
    picked: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Choices under a title. value: what stands for all of them, "" for nothing."""

    choices: list[Choice]
    title: str = ""
    value: str = ""
    picked: bool = False


@dataclass(frozen=True, slots=True)
class Pick:
    """The checkboxes of a parameter."""

    name: str
    groups: list[Group]
    summary: SafeString

    @property
    def choices(self) -> list[Choice]:
        """All of them."""
        return [choice for group in self.groups for choice in group.choices]


def picks_of(asked: Asked, tables: Sequence[str], *, changes: bool) -> dict[str, Pick]:
    """By the names that the template has for them. tables: what there is. changes: whether the log has any."""
    return {
        "what": _what(asked.lists.get("what", ()), changes=changes),
        "tables": _pick("table", {name: name for name in tables}, asked.lists.get("table", ())),
        "outcomes": _pick("outcome", {name: name for name in OUTCOMES}, asked.lists.get("outcome", ())),
        "sources": _pick("source", {name: _SOURCES[name] for name in SOURCES}, asked.lists.get("source", ())),
    }


def _what(picked: Sequence[str], *, changes: bool) -> Pick:
    groups = [Group(_choices({op: op for op in OPS}, picked), "Changes of rows")] if changes else []
    for hundred, title in GROUPS.items():
        actions = {action.name: action.name for action in ACTIONS.values() if action.number // 100 == hundred}
        value = f"{hundred}xx"
        groups.append(Group(_choices(actions, picked), title, value, value in picked))
    known = {choice.value for group in groups for choice in group.choices} | {group.value for group in groups}
    return Pick("what", [*_others(picked, known), *groups], _summary([label_of(one) for one in picked]))


def label_of(value: str) -> str:
    """What a value is called: a group by its title."""
    hundred = value[:1]
    return GROUPS.get(int(hundred), value) if value == f"{hundred}xx" and hundred in "123456789" else value


def _pick(name: str, labels: Mapping[str, str], picked: Sequence[str]) -> Pick:
    groups = [Group(_choices(labels, picked))] if labels else []
    return Pick(name, [*_others(picked, labels), *groups], _summary(picked))


def _choices(labels: Mapping[str, str], picked: Sequence[str]) -> list[Choice]:
    return [Choice(value, visible(label), value in picked) for value, label in labels.items()]


def _others(picked: Sequence[str], known: Iterable[str]) -> list[Group]:
    """What was asked for and is not among the choices: it stays picked."""
    others = {value: value for value in picked if value not in set(known)}
    return [Group(_choices(others, picked))] if others else []


def _summary(picked: Sequence[str]) -> SafeString:
    if not picked:
        return SafeString("any")
    more = len(picked) - _NAMES
    return visible(", ".join(picked[:_NAMES]) + (f" and {more} more" if more > 0 else ""))
