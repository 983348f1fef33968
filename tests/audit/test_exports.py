"""Bundles of a sealed log: complete, verifiable, showing what was asked for and nothing else."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from apps.audit import erasure
from apps.audit.exports.selection import Selection
from kapok.errors import KapokError
from kapok.ledger.entries import time_text
from kapok.ledger.problems import Code, Outcome
from tests.audit.exported import codes, contents, export, lines, spreadsheet, verified
from tests.audit.sealed_log import SealedLog, committed


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Where a bundle goes."""
    return tmp_path / "bundle.zip"


def now() -> str:
    """The present time as entries have it."""
    return time_text(datetime.now(UTC))


def test_a_bundle_of_everything_verifies(sealed: SealedLog, bundle: Path) -> None:
    sealed.fill(changes=7, events=3)
    sealed.seal()
    sealed.sign()
    sealed.fill(changes=5)
    sealed.seal()
    sealed.sign()
    written = export(sealed, bundle)
    result = verified(sealed, bundle)
    assert (result.outcome, result.problems) == (Outcome.VERIFIED, [])
    assert (written.entries, written.shown, written.withheld, written.gone) == (15, 15, 0, 0)
    assert (result.entries, result.withheld, result.checkpoints) == (15, 0, 2)
    assert [line["index"] for line in lines(bundle)] == list(range(15))
    assert {line["private"]["actor"] for line in lines(bundle)} == {'"end_user:ada"', '"operator:7"'}


def test_a_bundle_is_its_owners_and_leaves_nothing_beside_it(sealed: SealedLog, bundle: Path) -> None:
    sealed.fill(changes=2)
    sealed.seal()
    sealed.sign()
    # What a killed job has left, and where somebody would have the job write instead.
    bundle.with_suffix(".part").symlink_to(bundle.parent / "elsewhere")
    bundle.with_suffix(".rows").write_text("left")
    export(sealed, bundle)
    assert bundle.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in bundle.parent.iterdir()} == {"anchors", "bundle.zip"}
    with zipfile.ZipFile(bundle) as read:
        assert read.testzip() is None
        assert {"entries.jsonl", "entries.csv", "report.html", "report.pdf", "manifest.json"} <= set(read.namelist())


def test_what_was_not_asked_for_is_withheld_and_still_proven(sealed: SealedLog, bundle: Path) -> None:
    sealed.change(id=1, guest="Grace Hopper")
    sealed.change(id=2, guest="Edsger Dijkstra", actor="end_user:edsger")
    sealed.event(reason="unpaid bills")
    sealed.seal()
    sealed.sign()
    written = export(sealed, bundle, Selection(actors=frozenset({"end_user:edsger"})))
    assert (written.shown, written.withheld) == (1, 2)
    result = verified(sealed, bundle)
    assert (result.outcome, result.withheld) == (Outcome.VERIFIED, 2)
    text = contents(bundle)
    assert b"Dijkstra" in text
    for secret in (b"Grace", b"unpaid", b"end_user:ada", b"operator:7", b"192.0.2.1"):
        assert secret not in text


@pytest.mark.parametrize(
    ("selection", "shown"),
    [
        (Selection(tables=frozenset({"bookings"})), ["change", "change"]),
        (Selection(tables=frozenset({"rooms"})), []),
        (Selection(actions=frozenset({"tenant.suspended"})), ["event"]),
        (
            Selection(tables=frozenset({"bookings"}), actions=frozenset({"tenant.suspended"})),
            ["change"] * 2 + ["event"],
        ),
        (Selection(actors=frozenset({"operator:7"})), ["event"]),
        (Selection(actors=frozenset({"operator:7"}), tables=frozenset({"bookings"})), []),
    ],
)
def test_tables_actions_and_actors_select(
    sealed: SealedLog, bundle: Path, selection: Selection, shown: list[str]
) -> None:
    sealed.fill(changes=2, events=1)
    sealed.seal()
    sealed.sign()
    export(sealed, bundle, selection)
    assert sorted(line["kind"] for line in lines(bundle) if line["private"]) == shown
    assert verified(sealed, bundle).outcome is Outcome.VERIFIED


def test_a_range_of_time_lies_between_two_checkpoints(sealed: SealedLog, bundle: Path) -> None:
    sealed.change(id=1, guest="Before")
    sealed.seal()
    sealed.sign()
    sealed.change(id=2, guest="Just before")
    since = now()
    sealed.change(id=3, guest="Within")
    until = now()
    sealed.change(id=4, guest="Just after")
    sealed.seal()
    sealed.sign()
    sealed.change(id=5, guest="After")
    sealed.seal()
    sealed.sign()
    written = export(sealed, bundle, Selection(since=since, until=until))
    assert (written.first_size, written.last_size, written.shown, written.withheld) == (1, 4, 1, 2)
    result = verified(sealed, bundle)
    assert (result.outcome, result.problems, result.checkpoints) == (Outcome.VERIFIED, [], 2)
    text = contents(bundle)
    assert b"Within" in text
    assert all(secret not in text for secret in (b"Just before", b"Just after", b'"Before"', b"After"))


def test_a_range_after_everything_is_empty_and_verifies(sealed: SealedLog, bundle: Path) -> None:
    sealed.fill(changes=3)
    sealed.seal()
    sealed.sign()
    written = export(sealed, bundle, Selection(since=now()))
    assert (written.entries, written.first_size, written.last_size) == (0, 3, 3)
    assert verified(sealed, bundle).outcome is Outcome.VERIFIED


TAMPERED = [
    ("update {schema}.kapok_change set after = after || '{\"price\": 1}' where position = 3", Code.ENTRY_CHANGED, 2),
    ("update {schema}.kapok_change set actor = 'end_user:eve' where position = 3", Code.ENTRY_CHANGED, 2),
    ("update {schema}.kapok_change set table_name = 'rooms' where position = 3", Code.ENTRY_CHANGED, 2),
    ("delete from {schema}.kapok_change where position = 3", Code.ENTRY_MISSING, 2),
    ("update {schema}.kapok_change set at = at - interval '1 day' where position = 3", Code.ENTRY_MISSING, 2),
    ("delete from {schema}.kapok_entry where index = 2", Code.ENTRY_MISSING, 2),
    ("update {schema}.kapok_entry set seed = decode(repeat('00', 32), 'hex') where index = 2", Code.ENTRY_CHANGED, 2),
    (
        "update {schema}.kapok_entry set erased = jsonb_build_object('after.price', repeat('0', 64)) where index = 2",
        Code.ENTRY_MALFORMED,
        2,
    ),
    ("update {schema}.kapok_entry set seed = null, salts = '[1]' where index = 2", Code.ENTRY_MALFORMED, 2),
    (
        "update {schema}.kapok_entry set seed = null, salts = '{\"actor\": 1e30}' where index = 2",
        Code.ENTRY_MALFORMED,
        2,
    ),
    ("update {schema}.kapok_entry set erased = '{\"after.price\": 1e30}' where index = 2", Code.ENTRY_MALFORMED, 2),
    ("update {schema}.kapok_entry set seed = null, salts = '{}' where index = 2", Code.ENTRY_MALFORMED, 2),
]


@pytest.mark.parametrize(("statement", "code", "index"), TAMPERED, ids=lambda value: str(value)[:60])
def test_what_a_hand_in_the_database_did_is_named(
    sealed: SealedLog, bundle: Path, statement: str, code: Code, index: int
) -> None:
    sealed.fill(changes=5)
    sealed.seal()
    sealed.sign()
    sealed.tamper(statement)
    export(sealed, bundle)
    assert codes(verified(sealed, bundle)) == [(code.value, index)]
    # Withheld, it has no values that could be of the wrong form.
    export(sealed, bundle, Selection(tables=frozenset({"nothing"})))
    [(named, at)] = codes(verified(sealed, bundle))
    assert (named.replace("CHANGED", "MALFORMED"), at) == (code.value.replace("CHANGED", "MALFORMED"), index)


def test_a_row_and_its_leaf_hash_changed_together_are_named_by_their_range(sealed: SealedLog, bundle: Path) -> None:
    sealed.fill(changes=5)
    sealed.seal()
    sealed.sign()
    sealed.tamper("update {schema}.kapok_change set actor = 'end_user:eve' where position = 3")
    sealed.sql("update {schema}.kapok_tile set hashes = set_byte(hashes, 70, get_byte(hashes, 70) # 1) where level = 0")
    export(sealed, bundle)
    found = codes(verified(sealed, bundle))
    assert (Code.ROOT_MISMATCH.value, 0) in found


def test_a_log_without_checkpoints_is_not_exported(sealed: SealedLog, bundle: Path) -> None:
    sealed.fill(changes=2)
    with pytest.raises(KapokError) as refused:
        export(sealed, bundle)
    assert refused.value.code == "AUDIT_NOT_SEALED"
    assert list(bundle.parent.iterdir()) == []


def test_a_log_whose_tiles_are_gone_is_not_exported(sealed: SealedLog, bundle: Path) -> None:
    sealed.fill(changes=2)
    sealed.seal()
    sealed.sign()
    sealed.tamper("delete from {schema}.kapok_tile")
    with pytest.raises(KapokError) as refused:
        export(sealed, bundle)
    assert refused.value.code == "AUDIT_LOG_DAMAGED"
    assert [path.name for path in bundle.parent.iterdir()] == ["anchors"]


def test_what_was_erased_is_in_no_bundle_made_after(sealed: SealedLog, bundle: Path) -> None:
    sealed.change(id=1, guest="Ada Lovelace")
    sealed.change(id=2, guest="Grace Hopper")
    sealed.seal()
    sealed.sign()
    erased = erasure.Selection(table="bookings", key={"id": 1}, paths=("after.guest",))
    assert committed(partial(erasure.do_erase, sealed.log, erased, actor="operator:7", reason="asked for")).values == 1
    export(sealed, bundle)
    result = verified(sealed, bundle)
    assert (result.outcome, result.erased) == (Outcome.VERIFIED, 1)
    text = contents(bundle)
    assert b"Grace" in text
    assert b"Lovelace" not in text


def test_a_bundle_of_many_checkpoints_has_some_of_them(
    sealed: SealedLog, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.audit.exports.evidence.MAX_CHECKPOINTS", 4)
    for number in range(9):
        sealed.change(id=number)
        sealed.seal()
        sealed.sign()
    written = export(sealed, bundle)
    result = verified(sealed, bundle)
    assert (result.outcome, result.checkpoints, written.checkpoints) == (Outcome.VERIFIED, 3, 3)
    assert result.entries == 9


FORMULAS = ["=1+1", "+49 30", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\u00a0=1"]


@pytest.mark.parametrize("actor", FORMULAS)
def test_no_cell_of_the_spreadsheet_is_a_formula(sealed: SealedLog, bundle: Path, actor: str) -> None:
    sealed.change(id=1, guest='=HYPERLINK("https://evil.example")', actor=actor)
    sealed.seal()
    sealed.sign()
    export(sealed, bundle)
    [row] = spreadsheet(bundle)
    assert row["actor"] == f"'{actor}"
    assert not any(cell.lstrip(" \u00a0\t\r\n").startswith(("=", "+", "-", "@")) for cell in row.values())
    # The log itself has it as it was.
    assert lines(bundle)[0]["private"]["after.guest"] == '"=HYPERLINK(\\"https://evil.example\\")"'
    assert row["after_or_details"].startswith('{"')


ADA, BEN = "0b6e6f52-6a53-4a54-9d5f-5a3c7fb5d4ad", "0b6e6f52-6a53-4a54-9d5f-5a3c7fb5d4ae"


def test_an_access_request_shows_all_of_one_person_and_not_where_others_were(sealed: SealedLog, bundle: Path) -> None:
    sealed.change(id=1, guest="Her own", actor=f"end_user:{ADA}")
    sealed.change(id=2, guest=ADA, note="written by Ben", actor=f"end_user:{BEN}")
    sealed.change(id=3, guest="ADA@example.com", note="by mail", actor=f"end_user:{BEN}")
    sealed.change(id=4, guest="bada@example.com", note="somebody else", actor=f"end_user:{BEN}")
    sealed.change(id=5, guest="ada@example.com.evil.org", note="another", actor=f"end_user:{BEN}")
    sealed.event(user=f"end_user:{ADA}")
    sealed.event(reason="not about her")
    sealed.seal()
    sealed.sign()
    selection = Selection(subject=(ADA, "ada@example.com"))
    written = export(sealed, bundle, selection, "gdpr-access")
    shown = [line for line in lines(bundle) if line["private"]]
    assert [line["private"].get("after.id") for line in shown] == ["1", "2", "3", None]
    assert written.shown == 4
    # Sessions and addresses: hers, not those of others.
    assert ["sessionId" in line["private"] for line in shown] == [True, False, False, False]
    assert "address" not in shown[3]["private"]
    assert b"192.0.2.1" not in contents(bundle)
    assert verified(sealed, bundle).outcome is Outcome.VERIFIED
    for secret in (b"somebody else", b"another", b"not about her"):
        assert secret not in contents(bundle)
