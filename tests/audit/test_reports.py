"""Reports: what is counted, that memory has an end, and pages that are safe to open."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from apps.audit.actions import ACTIONS
from apps.audit.reports import tally as tally_module
from apps.audit.reports.charts import MAX_BARS, activity, svg
from apps.audit.reports.document import document
from apps.audit.reports.drawn import drawn
from apps.audit.reports.facts import CAVEAT, Facts
from apps.audit.reports.latin import latin
from apps.audit.reports.page import page
from apps.audit.reports.profiles import Profile, profile_named, profiles
from apps.audit.reports.tally import LATEST, OTHERS, Tally
from kapok.ledger.entries import Entry

HOSTILE = "<script>alert(1)</script>&\"'"
FACTS = Facts(
    subject=HOSTILE,
    origin="kapok.example/log/t_x",
    created_at="2026-11-21T16:00:00+00:00",
    requested_by="auditor@example.com",
    first_size=0,
    last_size=4,
    first_at="",
    last_at="2026-11-21T16:00:00.000000Z",
    since="",
    until="",
    selection={"tables": HOSTILE},
    keys=["kapok+aabbccdd+AAAA"],
    problem="the anchor has another checkpoint",
)


def change(at: str = "2026-11-21", **public: Any) -> Entry:
    """A change."""
    said = {"table": "books", "op": "update", "source": "api", "requestId": "r", **public}
    return Entry("change", f"{at}T10:00:00.000000Z", 1, said, {"actor": '"end_user:ada"', "after.a": "1"}, b"0" * 32)


def event(name: str = "user.signed_in", outcome: str = "ok", actor: str = '"end_user:ada"') -> Entry:
    """An event."""
    said = {"action": 1, "name": name, "requestId": "r", "outcome": outcome}
    return Entry("event", "2026-11-21T10:00:00.000000Z", 1, said, {"actor": actor}, b"0" * 32)


def tallied(profile: str, *entries: Entry) -> Tally:
    """Entries counted, all of them shown."""
    made = Tally(profile_named(profile))
    for index, entry in enumerate(entries):
        made.add(index, entry, True)
    return made


def counts(made: Tally) -> dict[str, int]:
    """How many entries each section has, without the empty ones."""
    return {one.section.id: one.count for one in made.sections if one.count}


def test_there_is_a_profile_for_each_standard() -> None:
    assert {"general", "soc2", "iso27001", "hipaa", "gdpr-access"} == set(profiles())
    assert [profile.name for profile in profiles().values() if profile.of_person] == ["gdpr-access"]


@pytest.mark.parametrize("profile", profiles().values(), ids=lambda profile: profile.name)
def test_every_pattern_of_a_profile_means_an_action(profile: Profile) -> None:
    """One that is misspelt, or an action that was renamed, would leave a section empty for ever."""
    for section in profile.sections:
        for pattern in section.events:
            assert any(fnmatchcase(name, pattern) for name in ACTIONS), f"{section.id}: {pattern}"
        assert section.answers.endswith(".")
        assert set(section.outcomes) <= {"ok", "refused", "failed"}
        assert set(section.sources) <= {"*", "api", "owner", "platform"}
        assert set(section.ops) <= {"*", "insert", "update", "delete", "truncate", "ddl"}
        assert section.controls or profile.name == "general"
    assert len({section.id for section in profile.sections}) == len(profile.sections)


CONTROLS = {
    "soc2": ("CC6.1", "CC6.2", "CC6.3", "CC7.2", "CC8.1"),
    "iso27001": ("A.8.15", "A.5.18", "A.8.2", "A.8.5", "A.8.32"),
    "hipaa": ("164.312(b)", "164.312(c)(1)", "164.312(d)", "164.308(a)(5)(ii)(C)"),
    "gdpr-access": ("Art. 15(1)", "Art. 15(3)"),
}


@pytest.mark.parametrize(("name", "wanted"), CONTROLS.items())
def test_a_profile_says_which_controls_its_sections_answer(name: str, wanted: tuple[str, ...]) -> None:
    known = {control.id for section in profile_named(name).sections for control in section.controls}
    assert set(wanted) <= known
    text = page(tallied(name), FACTS).decode()
    assert all(control in text for control in known)


def test_entries_fill_the_sections_that_take_them() -> None:
    made = tallied(
        "soc2",
        change(), change(source="owner"), event(), event("user.sign_in_refused", "refused"), event("rights.set"),
    )  # fmt: skip
    assert counts(made) == {"integrity": 1, "changes": 1, "authentication": 2, "monitoring": 1, "rights": 1}
    assert counts(tallied("iso27001", change(op="ddl", source="owner"))) == {"privileged": 1, "change-management": 1}
    assert counts(tallied("hipaa", change())) == {"audit-controls": 1}
    assert tallied("gdpr-access", event("tenant.created")).unsorted == 1


@pytest.mark.parametrize("selection", ["actors", "tables"])
def test_a_selection_longer_than_a_page(selection: str) -> None:
    text = ", ".join(["end_user:0b6e6f52-6a53-4a54-9d5f-5a3c7fb5d4ad" if selection == "actors" else "x" * 200] * 200)
    made = document(tallied("general", change()), replace(FACTS, selection={selection: text, "subject": text}))
    assert made.startswith(b"%PDF") and made.count(b"/Type /Page\n") > 3


def test_withheld_and_gone_entries_are_counted_and_said_nothing_of() -> None:
    made = Tally(profile_named("general"))
    made.add(0, change(table="secrets"), False)
    made.add_gone()
    made.add(2, change(), True)
    assert (made.entries, made.shown, made.withheld, made.gone) == (3, 1, 1, 1)
    assert "secrets" not in page(made, FACTS).decode()


def test_counting_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally_module, "MAX_ACTS", 5)
    monkeypatch.setattr(tally_module, "MAX_PAIRS", 7)
    made = tallied("general", *(change(table=f"t{n}") for n in range(20)), *(event(actor=f'"{n}"') for n in range(20)))
    assert made.shown == sum(act.count for act in made.acts) == 40
    assert len(made.acts) <= 5 + 2
    assert sum(len(act.by_actor) for act in made.acts) <= 7 + len(made.acts)
    assert sum(act.by_actor[OTHERS] for act in made.acts) > 0
    assert counts(made) == {"data": 20, "sign-ins": 20}


def test_a_section_shows_its_latest_entries_in_order() -> None:
    made = tallied("general", *(change(table=f"t{n % 3}") for n in range(40)))
    [data] = [one for one in made.sections if one.section.id == "data"]
    assert [line.index for line in data.latest] == list(range(40 - LATEST, 40))


def test_nothing_in_a_page_runs_or_loads_anything() -> None:
    made = tallied("general", change(table=HOSTILE), event(HOSTILE), event(actor='"\\u003cscript\\u003e"'))
    text = page(made, FACTS).decode()
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "default-src 'none'" in text
    assert not re.search(r"(?:src|href)\s*=", text.replace("xmlns:xlink", ""))
    assert CAVEAT.partition("`")[0] in text
    assert "the anchor has another checkpoint" in text


def test_the_charts_of_a_page_do_not_share_names() -> None:
    made = tallied("general", change(), event())
    elements = [svg(chart, name, title) for name, title, chart in drawn(made)]
    names = re.findall(r'\bid="([^"]+)"', "".join(elements))
    assert len(names) == len(set(names)) == len(elements)
    for element in elements:
        assert ElementTree.fromstring(element).tag.endswith("svg")


def test_a_chart_of_years_has_as_many_bars_as_fit() -> None:
    by_day = {(f"{year}-01-01", "change"): year for year in range(1990, 2027)}
    bars = [one for one in activity(by_day).contents if type(one).__name__ == "Rect" and one.height > 8.5]
    assert 30 <= len(bars) <= MAX_BARS


@pytest.mark.parametrize("day", ["infinity", "0001-01-01", "12000-01-0"])
def test_a_day_that_nobody_could_mean_is_in_no_chart(day: str) -> None:
    made = tallied("general", change(day), change())
    assert list(made.days) == [("2026-11-21", "change")]
    assert page(made, FACTS).startswith(b"<!doctype html>")


def test_the_document_is_a_pdf_whatever_stands_in_it() -> None:
    made = tallied("general", change(table=HOSTILE), change(table="订单 \x00\x1b 🦊"), event(), change(table="x" * 500))
    content = document(made, FACTS)
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    assert document(tallied("soc2"), FACTS).startswith(b"%PDF-")


def test_text_that_the_fonts_do_not_have_is_written_out() -> None:
    assert latin("Zoë 订\n🦊") == "Zoë \\u8ba2\\u000a\\U0001f98a"
