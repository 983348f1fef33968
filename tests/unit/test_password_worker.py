"""Hashes of passwords: libsodium's against those of the reference implementation (argon2-cffi)."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from apps.identity.password_worker import Hasher, answer

PASSWORD = "schöne Grüße aus 東京"
HASHER = Hasher(64, 1)
NOBODYS = HASHER.hash("nobody's")


def test_a_hash_is_one_to_other_implementations() -> None:
    made = answer(HASHER, NOBODYS, PASSWORD, None)
    assert made.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert PasswordHasher().verify(made, PASSWORD)
    assert answer(HASHER, NOBODYS, PASSWORD, made) == [True, False]
    assert answer(HASHER, NOBODYS, PASSWORD + "?", made) == [False, False]
    assert made != HASHER.hash(PASSWORD)


@pytest.mark.parametrize(("memory", "passes", "lanes"), [(64, 2, 1), (128, 1, 1), (128, 1, 2), (19456, 2, 1)])
def test_a_hash_of_another_cost_fits_and_is_made_anew(memory: int, passes: int, lanes: int) -> None:
    known = PasswordHasher(memory_cost=memory, time_cost=passes, parallelism=lanes).hash(PASSWORD)
    assert answer(HASHER, NOBODYS, PASSWORD, known) == [True, True]
    assert answer(HASHER, NOBODYS, "another", known) == [False, False]


@pytest.mark.parametrize(
    "known", ["!", "plain", PASSWORD, "$argon2id$v=19$m=64,t=1,p=1$", "$2b$12$" + 53 * "a", 200 * "x"]
)
def test_what_is_no_hash_fits_nothing(known: str) -> None:
    assert answer(HASHER, NOBODYS, PASSWORD, known) == [False, False]


def test_a_part_of_a_hash_fits_nothing() -> None:
    assert answer(HASHER, NOBODYS, PASSWORD, HASHER.hash(PASSWORD)[:-1]) == [False, False]


def test_an_account_without_a_password_cannot_be_entered() -> None:
    assert answer(HASHER, NOBODYS, PASSWORD, "") == [False, False]
    assert answer(HASHER, NOBODYS, "nobody's", "") == [False, False]
