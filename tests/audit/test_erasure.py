"""Erasure: values are gone from the log's tables for good, and everything that was proven still is."""

from __future__ import annotations

import json
from functools import partial

import pytest

from apps.audit.checkpointing import tree_of
from apps.audit.erasure import Erased, Selection, do_erase, would_erase
from apps.audit.tasks import vacuum_log
from kapok.errors import KapokError
from kapok.ledger.proofs import inclusion_proof, verify_inclusion
from tests.audit.sealed_log import SealedLog, committed

ADA = ("Ada Lovelace", "end_user:ada", "ada@example.com")


@pytest.fixture
def people(sealed: SealedLog) -> SealedLog:
    """Ada's bookings and Grace's, what both did, and an operator's act upon Ada; sealed and signed."""
    sealed.change(id=1, mail=ADA[2])
    sealed.change(id=2, guest="Grace Hopper", actor="end_user:grace", mail="grace@example.com")
    sealed.change(id=1, guest="Ada King", mail=ADA[2])
    sealed.event(slug=ADA[2], reason="asked by Ada Lovelace")
    sealed.seal()
    sealed.sign()
    return sealed


def erase(log: SealedLog, selection: Selection, *, actor: str, reason: str) -> Erased:
    """Erase, and commit."""
    return committed(partial(do_erase, log.log, selection, actor=actor, reason=reason))


def preview(log: SealedLog, selection: Selection) -> Erased:
    """What would be erased."""
    return committed(partial(would_erase, log.log, selection))


def erased_everything(log: SealedLog, *texts: str) -> bool:
    """Whether none of the texts is anywhere in the log's tables."""
    content = log.text()
    return not any(text in content for text in texts)


def test_what_is_erased_is_gone_and_proofs_still_hold(people: SealedLog) -> None:
    """All of a row's values, wherever the changes have them."""
    before = people.sql("select index, leaf_hash from {schema}.kapok_entry order by index")
    checkpoint = people.sql("select size, root from {schema}.kapok_checkpoint")[0]
    erased = erase(people, Selection(table="bookings", key={"id": 1}), actor="operator:9", reason="GDPR 17")
    assert (erased.entries, erased.values) == (2, 14)
    erase(people, Selection(actor="operator:7"), actor="operator:9", reason="GDPR 17")
    assert erased_everything(people, *ADA, "Ada King")
    assert "Grace Hopper" in people.text() and "grace@example.com" in people.text()
    assert people.sql("select index, leaf_hash from {schema}.kapok_entry order by index") == before
    node = tree_of(people.session, people.log)
    for index, hash_ in before:
        assert verify_inclusion(hash_, index, checkpoint[0], inclusion_proof(node, index, checkpoint[0]), checkpoint[1])
    people.seal()
    people.sign()
    assert people.check().problem == ""


def test_salts_do_not_give_away_what_is_gone(people: SealedLog) -> None:
    """The seed, from which the salt of the erased value could be made, is gone as well."""
    erase(people, Selection(table="bookings", key={"id": 1}, paths=("after.guest",)), actor="a", reason="r")
    for seed, salts, erased in people.sql(
        "select seed, salts, erased from {schema}.kapok_entry where salts is not null"
    ):
        assert seed is None and "after.guest" not in salts and set(erased) == {"after.guest"}
        assert set(salts) == {"actor", "sessionId", "key.id", "after.id", "after.price", "after.note", "after.mail"}
    kept = people.sql("select after from {schema}.kapok_change where position = 1")[0][0]
    assert kept == {"id": 1, "price": 10.5, "note": None, "mail": ADA[2]}
    assert people.value("select count(*) from {schema}.kapok_entry where seed is null") == 2


def test_erased_in_turn(people: SealedLog) -> None:
    """What was kept the first time goes the second time; a third time finds nothing."""
    one = Selection(table="bookings", key={"id": 1}, paths=("after.guest",))
    rest = Selection(table="bookings", key={"id": 1}, paths=("*",))
    assert erase(people, one, actor="a", reason="r").values == 2
    assert erase(people, rest, actor="a", reason="r").values == 14
    assert erase(people, rest, actor="a", reason="r").values == 0
    people.seal()
    people.sign()
    assert people.check().problem == ""
    assert erased_everything(people, "Ada King", "end_user:ada")


def test_a_row_is_found_by_a_key_it_has_had(people: SealedLog) -> None:
    """A change of the key: the old value is in `before`."""
    people.sql(
        "insert into {schema}.kapok_change (xid, at, table_name, op, key, before, after, actor, source) "
        "values (pg_current_xact_id(), now(), 'bookings', 'update', '{\"id\": 9}', "
        '\'{"id": 1, "guest": "Ada L."}\', \'{"id": 9, "guest": "Ada L."}\', \'end_user:ada\', \'api\')'
    )
    people.seal()
    erase(people, Selection(table="bookings", key={"id": 1}), actor="a", reason="r")
    assert erased_everything(people, "Ada L.")


def test_the_planner_s_statistics_forget_it_too(people: SealedLog) -> None:
    """They are values of the tables' columns."""
    known = "select count(*) from pg_stats s where schemaname = %s and s::text ~* 'ada@example'"
    people.sql("analyze {schema}.kapok_change, {schema}.kapok_event")
    assert people.value(known, [people.schema]) > 0
    erase(people, Selection(table="bookings", key={"id": 1}), actor="a", reason="r")
    erase(people, Selection(actor="operator:7"), actor="a", reason="r")
    committed(partial(vacuum_log, people.schema))
    assert people.value(known, [people.schema]) == 0


def test_the_act_is_recorded_without_a_value(people: SealedLog) -> None:
    erase(people, Selection(table="bookings", key={"id": 1}), actor="operator:7", reason="GDPR 17")
    actor, details = people.sql("select actor, details from {schema}.kapok_event where action = 902")[0]
    assert actor == "operator:7"
    assert details == {
        "reason": "GDPR 17", "entries": 2, "values": 14, "table": "bookings",
        "paths": ["actor", "sessionId", "before.*", "after.*"],
    }  # fmt: skip


def test_a_person_is_forgotten_and_what_it_changed_is_kept(people: SealedLog) -> None:
    """By who did it, and by whom it was done to: rows stay as they were."""
    people.event(target="user:ada", slug="of Ada")
    people.seal()
    people.sign()
    assert erase(people, Selection(actor="end_user:ada"), actor="a", reason="r") == Erased(2, 4)
    assert preview(people, Selection(target="user:ada")).entries == 1
    erase(people, Selection(target="user:ada"), actor="a", reason="r")
    assert erased_everything(people, "end_user:ada", "user:ada", "of Ada")
    assert people.sql("select after ->> 'guest' from {schema}.kapok_change where position = 3") == [("Ada King",)]
    people.seal()
    people.sign()
    assert people.check().problem == ""


def test_what_would_be_erased_is_counted_and_left(people: SealedLog) -> None:
    before, row = people.text(), Selection(table="bookings", key={"id": 1})
    expected = preview(people, row)
    assert people.text() == before
    assert erase(people, row, actor="a", reason="r") == expected


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(key={"id": 1}),
        Selection(table="bookings", target="user:ada"),
        Selection(table="bookings", paths=()),
        Selection(table="bookings", key={}),
        Selection(table="bookings", key={"id": "\x00"}),
        Selection(table="bookings", key={"a\\\x00": 1}),
        Selection(table="bookings", key={"id": "\ud800"}),
        Selection(table="bookings", key={"id": float("inf")}),
    ],
    ids=[
        "nothing",
        "a key of nothing",
        "a table's target",
        "no paths",
        "a key that every row has",
        "a NUL",
        "a NUL's name",
        "half a character",
        "no number",
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(people: SealedLog, selection: Selection) -> None:
    before = people.text()
    with pytest.raises(KapokError) as raised:
        erase(people, selection, actor="a", reason="r")
    assert raised.value.code == "VALIDATION_FAILED" and people.text() == before


def test_a_key_may_hold_what_looks_like_a_nul(people: SealedLog) -> None:
    assert preview(people, Selection(table="bookings", key={"id": "\\u0000"})) == Erased(0, 0)


def test_what_is_not_sealed_yet_is_not_erased(people: SealedLog) -> None:
    """Its digest would not be in the log; nothing of the rest is erased either."""
    people.change(id=1)
    before = people.text()
    with pytest.raises(KapokError) as raised:
        erase(people, Selection(table="bookings", key={"id": 1}), actor="a", reason="r")
    assert raised.value.code == "INVALID_STATE" and people.text() == before


def test_a_row_that_was_changed_is_not_erased(people: SealedLog) -> None:
    """Erasing would make the change look like the truth."""
    people.tamper("update {schema}.kapok_change set after = after || '{\"price\": 1}' where position = 3")
    before = people.text()
    with pytest.raises(KapokError, match="Entry 2 is not what was sealed"):
        erase(people, Selection(table="bookings", key={"id": 1}), actor="a", reason="r")
    assert people.text() == before


def test_a_value_that_comes_back_is_found(people: SealedLog) -> None:
    """Somebody puts the erased name back into the row: an export would show it as if it were proven."""
    erase(people, Selection(table="bookings", key={"id": 1}), actor="a", reason="r")
    people.tamper(
        "update {schema}.kapok_change set after = %s where position = 1", [json.dumps({"guest": "Ada Lovelace"})]
    )
    assert people.check().problem.startswith("entry 0 (kapok_change, position 1): a value that was erased is there")
