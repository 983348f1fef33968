"""What a leaf commits to: its exact bytes, erasure that changes nothing, and lines that can be read in one way only."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kapok.ledger import expiry, lines, rotation
from kapok.ledger.entries import Entry, time_text
from kapok.ledger.expiry import Expiry
from kapok.ledger.lines import decode, encode, encode_gone, fitting, hash_lines, withhold
from tests.ledger.logs import ORIGIN, change, event

SEED = bytes(range(32))
ENTRY = Entry(
    "change",
    "2026-11-21T16:05:09.123456Z",
    42,
    {"table": "zähler", "op": "update", "source": "api", "requestId": None},
    {"actor": '"user:1"', "key.id": "7", "before.preis": "10.50", "after.preis": "11.00", "after.\U0001f333": '"\\n"'},
    SEED,
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ENTRIES = st.builds(
    Entry,
    st.sampled_from(["change", "event"]),
    st.datetimes(timezones=st.just(UTC)).map(time_text),
    st.integers(1, 2**63 - 1),
    st.dictionaries(TEXTS, st.none() | TEXTS | st.integers(-(2**53), 2**53), max_size=4),
    st.dictionaries(TEXTS, TEXTS, max_size=6),
    st.binary(min_size=32, max_size=32),
)


def independent_leaf(entry: Entry, origin: str) -> bytes:
    """The leaf by the standard library's JSON, as the documentation describes it."""
    assert entry.seed is not None
    private = {}
    for path, text in entry.private.items():
        salt = hmac.new(entry.seed, path.encode(), hashlib.sha256).digest()[:16]
        private[path] = hashlib.sha256(b"\x02" + salt + text.encode()).hexdigest()
    leaf = {
        "v": 1, "log": origin, "kind": entry.kind, "at": entry.at, "position": entry.position,
        "public": dict(entry.public), "private": private,
    }  # fmt: skip
    return json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_leaf_never_changes() -> None:
    """Logs are verified years later: this test fails when the form of a leaf is not what it was."""
    assert ENTRY.leaf_hash(ORIGIN).hex() == "3ee7559a4a52885f884f66c2b7e05399fd137d58bd408fc16ca421a5ef7170b2"


@given(ENTRIES)
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_a_leaf_is_canonical_json(entry: Entry) -> None:
    leaf = entry.leaf(ORIGIN)
    assert leaf == independent_leaf(entry, ORIGIN)
    assert entry.leaf_hash(ORIGIN) == hashlib.sha256(b"\x00" + leaf).digest()


@given(ENTRIES, st.data())
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_erasing_and_withholding_change_no_leaf(entry: Entry, data: st.DataObject) -> None:
    paths = st.sets(st.sampled_from(sorted(entry.private))) if entry.private else st.just(set())
    erased, withheld = data.draw(paths), data.draw(paths)
    less = entry.erase(erased).withhold(withheld)
    assert less.leaf(ORIGIN) == entry.leaf(ORIGIN)
    assert set(less.private) == set(entry.private) - erased - withheld
    line = encode(3, less)
    assert decode(line) == (3, replace(less, salts=less.salts or None))
    assert hash_lines(ORIGIN, 3, line + b"\n").hashes == entry.leaf_hash(ORIGIN)


@given(ENTRIES)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_each_part_of_an_entry_counts(entry: Entry) -> None:
    assert entry.seed is not None
    others = [
        replace(entry, kind="other"),
        replace(entry, at=entry.at + "2"),
        replace(entry, position=entry.position + 1),
        replace(entry, public={**entry.public, "longer than twelve": None}),
        replace(entry, private={**entry.private, "longer than twelve": ""}),
        *(replace(entry, private={**entry.private, path: text + " "}) for path, text in entry.private.items()),
    ]
    if entry.private:
        others.append(replace(entry, seed=bytes(32) if any(entry.seed) else b"1" * 32))
    hashes = {one.leaf_hash(ORIGIN) for one in others}
    assert entry.leaf_hash(ORIGIN) not in hashes
    assert entry.leaf_hash(ORIGIN) != entry.leaf_hash(ORIGIN + "2")
    assert len(hashes) == len(others)


def test_what_is_erased_is_gone() -> None:
    secret = change(1, **{"after.card": '"4111 1111"'})
    erased = secret.erase(["after.card"])
    assert erased.seed is None
    assert set(erased.salts or ()) == {"actor", "key.id", "after.amount", "after.note"}
    line = encode(0, erased)
    assert b"4111" not in line
    assert secret.seed is not None
    assert secret.seed.hex().encode() not in line
    # Whoever guesses the value needs the salt, which is as hard to guess as a key.
    salt = hmac.digest(secret.seed, b"after.card", "sha256")[:16]
    assert salt.hex().encode() not in line
    assert erased.erased["after.card"] == hashlib.sha256(b"\x02" + salt + b'"4111 1111"').hexdigest()


def test_erasing_twice_is_erasing_once() -> None:
    once = ENTRY.erase(["key.id"])
    assert once.erase(["key.id"]) == once
    assert once.erase(["actor"]).leaf(ORIGIN) == ENTRY.leaf(ORIGIN)


def test_what_is_not_there_cannot_be_erased() -> None:
    with pytest.raises(ValueError, match=r"no value 'after\.nothing'"):
        ENTRY.erase(["actor", "after.nothing"])


def test_a_value_cannot_be_shown_and_withheld() -> None:
    """Else its digest would come from what is withheld, and the text shown would be anything."""
    withheld = ENTRY.withhold(["key.id"])
    forged = replace(
        withheld, private={**withheld.private, "key.id": "8"}, salts={**(withheld.salts or {}), "key.id": "00" * 16}
    )
    with pytest.raises(ValueError, match="twice"):
        forged.leaf(ORIGIN)
    assert hash_lines(ORIGIN, 0, encode(0, forged) + b"\n").problem


def test_a_seed_never_goes_out_with_something_erased() -> None:
    with pytest.raises(ValueError, match="no seed"):
        encode(0, replace(ENTRY, erased={"after.x": "00" * 32}))


def test_a_value_without_its_salt() -> None:
    with pytest.raises(ValueError, match="salt of 'actor'"):
        replace(ENTRY, seed=None).digests()


@pytest.mark.parametrize("salt", ["00" * 15, "00" * 17, "0G" * 16, "AA" * 16, "", " " + "00" * 16, 7, None, ["00"]])
def test_what_is_no_salt(salt: Any) -> None:
    """Of another length it could hold a part of the value, and the digest would be the same."""
    left = ENTRY.withhold(["actor"])
    forged = replace(left, salts={**(left.salts or {}), "key.id": salt})
    with pytest.raises(ValueError, match=r"salt of 'key\.id'"):
        forged.digests()
    found = hash_lines(ORIGIN, 5, encode(5, forged) + b"\n")
    assert (found.hashes, found.problem) == (b"", "its salts are not 16 bytes for each value that is there")


def test_salts_of_what_is_not_there() -> None:
    left = ENTRY.withhold(["actor"])
    line = encode(5, replace(left, salts={**(left.salts or {}), "actor": "00" * 16}))
    assert hash_lines(ORIGIN, 5, line + b"\n").problem


def test_times_are_utc_with_microseconds() -> None:
    east = timezone(timedelta(hours=2))
    assert time_text(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=east)) == "2026-01-02T01:04:05.000006Z"
    assert time_text(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05.000000Z"


def test_withheld_entries_keep_what_a_verifier_goes_by() -> None:
    assert withhold(change(1)).private == {}
    assert set(withhold(event(1, rotation.NAME, {"note": "n", "reason": "r"})).private) == {rotation.PATH}
    told = {"before": "b", "rows": 1, "table": "t", "more": 1}
    assert set(withhold(event(1, expiry.NAME, told)).private) == {expiry.BEFORE, expiry.ROWS, expiry.TABLE}
    assert withhold(event(1, "user.created", {"note": "n", "before": "b"})).private == {}


def test_values_too_long_for_a_line_are_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 2**20 + 600)
    assert fitting(change(1)).private
    long = fitting(change(1, **{"after.text": "\0" * 100}))
    assert not long.private
    assert len(long.withheld) == 5


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, Expiry("change", "2025-12-31T22:00:00.000000Z", 7)),
        ({"table": "kapok_event", "rows": 0}, Expiry("event", "2025-12-31T22:00:00.000000Z", 0)),
        ({"table": "payments"}, None), ({"table": ["kapok_change"]}, None), ({"rows": "7"}, None), ({"rows": -1}, None),
        ({"rows": True}, None), ({"before": "2026-01-01"}, None), ({"before": "soon"}, None), ({"before": 7}, None),
        ({"before": None}, None), ({"before": "0001-01-01T00:00:00+20:00"}, None),
        ({"before": "2027-01-01T00:00:00Z"}, None),
    ],
)  # fmt: skip
def test_expiry(details: dict[str, object], expected: Expiry | None) -> None:
    told = {"table": "kapok_change", "before": "2026-01-01T00:00:00+02:00", "rows": 7, **details}
    assert expiry.expiry_of(event(1, expiry.NAME, told)) == expected
    assert expiry.expiry_of(event(1, "audit.other", told)) is None
    assert expiry.expiry_of(withhold(event(1, expiry.NAME, told))) == expected
    assert expiry.expiry_of(event(1, expiry.NAME, {"before": "2026-01-01T00:00:00Z"})) is None


LINE = encode(5, ENTRY)
ERASED = ENTRY.erase(["actor"])


@pytest.mark.parametrize(
    "line",
    [
        b"", b" ", b"null", b"[]", b"7", b'"index"', b"{}", b"{" * 5000, b"\xff", LINE[:-1], LINE + b" ", b" " + LINE,
        LINE.replace(b'"index":5', b'"index":5.0'), LINE.replace(b'"index":5', b'"index":true'),
        LINE.replace(b'"index":5', b'"index":"5"'), LINE.replace(b'"v":1', b'"v":2'),
        LINE.replace(b'"kind"', b'"comment":"all is well","kind"'),
        LINE.replace(b'"private"', b'"private":{"after.preis":"99"},"private"'),
        LINE.replace(b'"index":5,', b'"index":5, '), LINE.replace(b'"key.id":"7"', b'"key.id":7'),
        LINE.replace("zähler".encode(), b"z\\u00e4hler"),
        LINE.replace(SEED.hex().encode(), SEED.hex().upper().encode()),
        LINE.replace(SEED.hex().encode(), b"00"), LINE.replace(b'"seed"', b'"erased":{},"seed"'),
        LINE.replace(b'"position":42', b'"position":1e99'),
        LINE.replace(b'"public":{', b'"public":[{').replace(b"},", b"}],"),
        encode_gone(5, bytes(31)), encode_gone(5, bytes(32)).replace(b"00", b"0G"), encode_gone(5, bytes(32)) + b"}",
        encode_gone(5, bytes(32)).replace(b'"index":5', b'"index":5.0'),
        encode(5, replace(ERASED, erased=[[*one] for one in ERASED.erased.items()])),
    ],
)  # fmt: skip
def test_a_line_has_one_spelling(line: bytes) -> None:
    assert line != LINE
    found = hash_lines(ORIGIN, 5, line + b"\n")
    assert found.problem
    assert found.hashes == b""


def test_lines_are_hashed_up_to_the_first_that_is_none() -> None:
    made = [change(number) for number in range(4)]
    block = b"".join(encode(number, entry) + b"\n" for number, entry in enumerate(made))
    whole = hash_lines(ORIGIN, 0, block)
    assert (whole.problem, len(whole.hashes)) == (None, 4 * 32)
    assert whole.hashes == b"".join(entry.leaf_hash(ORIGIN) for entry in made)
    assert hash_lines(ORIGIN, 1, block).problem == "entry 0 stands in its place"
    broken = hash_lines(ORIGIN, 0, block.replace(b'"index":2', b'"index":9'))
    assert (broken.problem, len(broken.hashes)) == ("entry 9 stands in its place", 2 * 32)


@pytest.mark.parametrize("value", [b"{}", b'""', b"0", b'"\\\\"', b"[]"])
def test_a_line_of_millions_of_values_is_not_read(value: bytes) -> None:
    """81 KB of a zip would take 2 GB."""
    line = b'{"index":5,"a":[' + (value + b",") * (lines.UNCOUNTED_BYTES // 2) + value + b"]}"
    found = hash_lines(ORIGIN, 5, line + b"\n")
    assert found.problem == "it has more values than an entry has"
    assert lines.index_of(line) is None
    with pytest.raises(lines.LineError, match="more values"):
        decode(line)


def test_a_long_value_is_read_whatever_it_looks_like() -> None:
    text = orjson.dumps([{}, "\\", '"', ","] * 200_000).decode()
    entry = replace(ENTRY, private={**ENTRY.private, "after.long": text})
    assert decode(encode(5, entry)) == (5, entry)
    assert hash_lines(ORIGIN, 5, encode(5, entry) + b"\n").hashes == entry.leaf_hash(ORIGIN)


def test_strings_without_an_end_take_no_longer() -> None:
    line = b'"\\' * lines.UNCOUNTED_BYTES
    began = time.process_time()
    assert hash_lines(ORIGIN, 5, line + b"\n").problem == "it is not an entry in JSON"
    assert time.process_time() - began < 30  # it would be hours


def test_only_the_hash_is_left_of_an_entry() -> None:
    line = encode_gone(7, ENTRY.leaf_hash(ORIGIN))
    assert orjson.loads(line) == {"gone": ENTRY.leaf_hash(ORIGIN).hex(), "index": 7, "v": 1}
    found = hash_lines(ORIGIN, 7, line + b"\n")
    assert (found.hashes, found.gone, found.problem) == (ENTRY.leaf_hash(ORIGIN), [7], None)
