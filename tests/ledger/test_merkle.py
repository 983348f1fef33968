"""Hashing, proofs and tiles: the test data of certificate transparency, and a naive implementation beside ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kapok.ledger import merkle, proofs, tiles
from tests.ledger import naive

#: The leaves and roots that certificate-transparency's own tests use.
CT_LEAVES = [
    bytes.fromhex(one)
    for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_HASHES = [merkle.leaf_hash(one) for one in CT_LEAVES]
LEAVES = [merkle.leaf_hash(str(number).encode()) for number in range(700)]
SIZES = st.integers(0, len(LEAVES))


def stored(leaves: list[bytes], steps: list[int]) -> dict[tuple[int, int], bytes]:
    """The tiles of a log that was made in steps."""
    made: dict[tuple[int, int], bytes] = {}
    size = 0

    def read(level: int, index: int) -> bytes:
        return made[level, index]

    for step in [*steps, len(leaves)]:
        added = leaves[size : size + step]
        grown = tiles.grow(size, added, read)
        changed = tiles.changed_tiles(size, size + len(added))
        assert {(one.level, one.index): one.width * 32 for one in changed} == {
            at: len(one) for at, one in grown.items()
        }
        made |= grown
        size += len(added)
    return made


TILES = stored(LEAVES, [1, 2, 0, 254, 3, 300])
NODE = tiles.node_reader(lambda level, index: TILES[level, index])


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("size", range(9))
def test_roots_of_certificate_transparency(size: int) -> None:
    assert merkle.root_of(CT_HASHES[:size]).hex() == CT_ROOTS[size]
    assert naive.mth([naive.leaf(one) for one in CT_LEAVES[:size]]).hex() == CT_ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [
        (0, 1, []),
        (
            0, 8,
            ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
             "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"],
        ),
        (
            5, 8,
            ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1, 5,
            ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
             "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"],
        ),
    ],
)  # fmt: skip
def test_inclusion_proofs_of_certificate_transparency(index: int, size: int, expected: list[str]) -> None:
    proof = proofs.inclusion_proof(_node_of(CT_HASHES), index, size)
    assert [one.hex() for one in proof] == expected
    assert proofs.verify_inclusion(CT_HASHES[index], index, size, proof, bytes.fromhex(CT_ROOTS[size]))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (1, 1, []),
        (
            1, 8,
            ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
             "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"],
        ),
        (
            6, 8,
            ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"],
        ),
        (
            2, 5,
            ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"],
        ),
    ],
)  # fmt: skip
def test_consistency_proofs_of_certificate_transparency(first: int, second: int, expected: list[str]) -> None:
    proof = proofs.consistency_proof(_node_of(CT_HASHES), first, second)
    assert [one.hex() for one in proof] == expected
    roots = bytes.fromhex(CT_ROOTS[first]), bytes.fromhex(CT_ROOTS[second])
    assert proofs.verify_consistency(first, second, *roots, proof)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 700])
def test_a_log_goes_on_from_its_frontier(size: int) -> None:
    log = merkle.frontier_of(NODE, size)
    assert log.root == naive.mth(LEAVES[:size])
    again = merkle.CompactRange.from_frontier(size, log.frontier)
    again.extend(LEAVES[size:])
    assert (again.size, again.root) == (len(LEAVES), naive.mth(LEAVES))


@pytest.mark.parametrize(("size", "hashes"), [(1, []), (0, [bytes(32)]), (3, [bytes(32)]), (1, [bytes(31)]), (-1, [])])
def test_a_frontier_that_is_none_is_refused(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="hash"):
        merkle.CompactRange.from_frontier(size, hashes)


@given(st.lists(st.integers(0, 300), max_size=5), st.integers(0, 600))
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_tiles_do_not_depend_on_the_steps_they_were_made_in(steps: list[int], size: int) -> None:
    made = stored(LEAVES[:size], steps)
    assert made == stored(LEAVES[:size], [])
    if size:
        node = tiles.node_reader(lambda level, index: made[level, index])
        assert merkle.frontier_of(node, size).root == naive.mth(LEAVES[:size])


def test_tiles_of_three_levels() -> None:
    size = 256 * 256 + 5
    made = tiles.grow(0, (b"%032d" % number for number in range(size)), _no_tile)
    assert [len(made[at]) // 32 for at in ((0, 255), (0, 256), (1, 0), (2, 0))] == [256, 5, 256, 1]
    assert (1, 1) not in made
    assert made[1, 0][:32] == naive.mth([b"%032d" % number for number in range(256)])
    node = tiles.node_reader(lambda level, index: made[level, index])
    assert merkle.frontier_of(node, size).root == merkle.root_of(b"%032d" % number for number in range(size))


def test_a_tile_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        tiles.grow(3, [bytes(32)], lambda level, index: bytes(64))
    with pytest.raises(ValueError, match="does not reach"):
        tiles.node_reader(lambda level, index: bytes(64))(1, 1)


@given(st.data())
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_inclusion(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    root, proof = naive.mth(LEAVES[:size]), proofs.inclusion_proof(NODE, index, size)
    assert proof == naive.path(index, LEAVES[:size])
    assert proofs.verify_inclusion(LEAVES[index], index, size, proof, root)

    bit = data.draw(st.integers(0, 255))
    assert not proofs.verify_inclusion(flipped(LEAVES[index], bit), index, size, proof, root)
    assert not proofs.verify_inclusion(LEAVES[index], index, size, proof, flipped(root, bit))
    assert not proofs.verify_inclusion(LEAVES[index], index, size, [*proof, root], root)
    assert not proofs.verify_inclusion(LEAVES[index], -1 - index, size, proof, root)
    assert not proofs.verify_inclusion(LEAVES[index], size + index, size, proof, root)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        bad = [*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]]
        assert not proofs.verify_inclusion(LEAVES[index], index, size, bad, root)
        assert not proofs.verify_inclusion(LEAVES[index], index, size, proof[:-1], root)
        other = data.draw(st.integers(0, size - 1).filter(lambda one: one != index))
        assert not proofs.verify_inclusion(LEAVES[index], other, size, proof, root)


@given(st.data())
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_consistency(data: st.DataObject) -> None:
    second = data.draw(st.integers(1, len(LEAVES)))
    first = data.draw(st.integers(0, second))
    roots = naive.mth(LEAVES[:first]), naive.mth(LEAVES[:second])
    proof = proofs.consistency_proof(NODE, first, second)
    assert proof == naive.proof(first, LEAVES[:second])
    assert proofs.verify_consistency(first, second, *roots, proof)
    assert not proofs.verify_consistency(first, second, *roots, [*proof, roots[0]])

    bit = data.draw(st.integers(0, 255))
    if first > 0:
        assert not proofs.verify_consistency(first, second, flipped(roots[0], bit), roots[1], proof)
        assert not proofs.verify_consistency(first, second, roots[0], flipped(roots[1], bit), proof)
        assert not proofs.verify_consistency(second + 1, first, *roots, proof)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        bad = [*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]]
        assert not proofs.verify_consistency(first, second, *roots, bad)
        assert not proofs.verify_consistency(first, second, *roots, proof[:-1])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_there_is_no_inclusion_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        proofs.inclusion_proof(NODE, index, size)


@pytest.mark.parametrize(("first", "second"), [(2, 1), (-1, 3)])
def test_there_is_no_consistency_proof_backwards(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="beginning"):
        proofs.consistency_proof(NODE, first, second)


def _node_of(hashes: list[bytes]) -> Callable[[int, int], bytes]:
    return lambda level, index: naive.mth(hashes[index << level : (index + 1) << level])


def _no_tile(level: int, index: int) -> bytes:
    raise AssertionError("no tile is unfinished yet")
