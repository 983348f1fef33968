"""Files that were made to do harm: refused with one sentence, and with little memory."""

from __future__ import annotations

import struct
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from kapok.ledger import bundle
from kapok.ledger.archive import Archive, BundleUnreadable
from kapok.ledger.bundle import BundleWriter, Evidence
from kapok.ledger.entries import Entry
from kapok.ledger.lines import encode
from kapok.ledger.manifest import Range, manifest_signer
from kapok.ledger.verify import Expectations, verify
from tests.ledger.logs import ORIGIN, START, Log, change, edit, edited_json, members

MEGABYTE = 2**20
#: Far less than what the files below unpack to, and more than whatever else this process may be doing.
LITTLE = 16 * MEGABYTE


@pytest.fixture(scope="module")
def log() -> Log:
    log = Log()
    log.seal(change(number) for number in range(20))
    return log


@pytest.fixture
def path(log: Log, tmp_path: Path) -> Path:
    return log.bundle(tmp_path / "bundle.zip")


def refusal(path: Path) -> str:
    with pytest.raises(BundleUnreadable) as refused:
        verify(path, Expectations(), processes=1)
    return str(refused.value)


def written(path: Path, content: dict[str, bytes], **options: int) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data, **options)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100, b"\0" * 5000, b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_zip(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "zip" in refusal(path)


def test_every_truncation(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        assert refusal(path)


def test_flipped_bytes_never_do_more_than_fail(log: Log, path: Path) -> None:
    """Anywhere in the file: refused, or found, or of no meaning (a time stamp): then all else is as it was."""
    whole, refused = path.read_bytes(), 0
    trusted = Expectations([log.signer.key])
    as_it_was = verify(path, trusted, processes=1)
    for place in range(0, len(whole), 53):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        try:
            result = verify(path, trusted, processes=1)
        except BundleUnreadable:
            refused += 1
        else:
            assert result.problems or result == as_it_was, place
    assert refused > 10


def test_a_zip_of_something_else(path: Path) -> None:
    written(path, {"readme.txt": b"hello"})
    assert refusal(path) == "there is no checkpoints.jsonl in it"


@pytest.mark.parametrize("name", sorted(bundle.REQUIRED))
def test_a_missing_file(path: Path, name: str) -> None:
    edit(path, {name: lambda _: None}, cover_up=False)
    assert refusal(path) == f"there is no {name} in it"


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "a/b", "C:\\x", "report\x1b[2J.html", "MANIFEST.JSON", "é.txt", "a" * 65, ".hidden"],
)
def test_names_that_no_bundle_has(path: Path, name: str) -> None:
    written(path, {**members(path), name: b"x"})
    assert refusal(path) == "it has a member with a name that no bundle has"


def test_a_member_twice(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(bundle.MANIFEST, b"{}")
    assert refusal(path) == "it has manifest.json twice"


def test_too_many_members(path: Path) -> None:
    written(path, {**members(path), **{f"f{number}": b"" for number in range(30)}})
    assert refusal(path) == "it has more members than a bundle has"


def test_a_directory_of_a_million_members_is_not_read(path: Path) -> None:
    """zipfile would read 64 MB of it, and make an object of each."""
    count, size = 0xFFFF, 64 * MEGABYTE
    with path.open("wb") as stream:
        stream.seek(size)
        end = stream.tell()
        stream.write(struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, size, 0))
        stream.write(struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1))
        stream.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, 0xFFFFFFFF, 0, 0))
    assert peak_of(lambda: refusal(path)) < LITTLE
    assert refusal(path) == "it has more members than a bundle has"


def test_an_end_that_hides_behind_another(path: Path) -> None:
    whole = path.read_bytes()
    end = whole[-22:]
    path.write_bytes(whole[:-22] + bytes(60) + struct.pack("<4sLQL", b"PK\x06\x07", 0, 5, 1) + end)
    assert refusal(path) == "the zip's end is not where it says"


@pytest.mark.parametrize("front", [b"#!/bin/sh\n", None], ids=["a program", "another zip"])
def test_something_in_front_of_the_zip(path: Path, front: bytes | None) -> None:
    """Who reads from the beginning would see that."""
    whole = path.read_bytes()
    path.write_bytes((whole if front is None else front) + whole)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    assert "in front" in refusal(path)


def test_a_comment_behind_the_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"PK\x05\x06" + bytes(18)
    assert refusal(path)


def test_a_comment_that_hides_a_member(path: Path) -> None:
    """The signature's entry in the directory becomes the comment of the manifest's."""
    whole = bytearray(path.read_bytes())
    signature = whole.rindex(b"PK\x01\x02")
    manifest = whole.rindex(b"PK\x01\x02", 0, signature)
    whole[manifest + 32 : manifest + 34] = (whole.rindex(b"PK\x05\x06") - signature).to_bytes(2, "little")
    path.write_bytes(whole)
    with zipfile.ZipFile(path) as archive:
        assert "manifest.note" not in archive.namelist()
    assert "has a comment" in refusal(path)


def test_other_compressions(path: Path) -> None:
    written(path, members(path), compress_type=zipfile.ZIP_BZIP2)
    assert "compressed in another way" in refusal(path)


def test_encryption(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    place = whole.index(b"PK\x01\x02")
    whole[place + 8] |= 1
    path.write_bytes(whole)
    assert refusal(path).endswith("is encrypted")


@pytest.mark.parametrize("name", [bundle.MANIFEST, bundle.KEYS, bundle.FRONTIER, bundle.PROOFS, bundle.CHECKPOINTS])
def test_a_small_file_that_is_a_bomb(path: Path, name: str) -> None:
    edit(path, {name: lambda _: b" " * 40 * MEGABYTE}, cover_up=False)
    assert peak_of(lambda: refusal(path)) < LITTLE
    assert f"{name} is too large" in refusal(path)


def test_a_line_that_is_a_bomb(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kapok.ledger.entries_check.MAX_LINE_BYTES", 4 * MEGABYTE)
    edit(path, {bundle.ENTRIES: lambda _: b"[" * 60 * MEGABYTE}, cover_up=False)
    assert peak_of(lambda: refusal(path)) < LITTLE
    assert "has a line that is longer than" in refusal(path)


def test_lines_without_end(path: Path) -> None:
    edit(path, {bundle.ENTRIES: lambda content: content + b"\n" * 60 * MEGABYTE}, cover_up=False)

    def verified() -> None:
        assert verify(path, Expectations(), processes=1).problems[0].code == "ENTRIES_ADDED"

    assert peak_of(verified) < LITTLE


def test_leaf_hashes_that_are_a_bomb(path: Path) -> None:
    edit(path, {bundle.LEAF_HASHES: lambda _: bytes(60 * MEGABYTE)}, cover_up=False)

    def verified() -> None:
        assert "LEAF_HASHES_CHANGED" in {one.code for one in verify(path, Expectations(), processes=1).problems}

    assert peak_of(verified) < LITTLE


def test_entries_that_end_in_the_middle_of_a_line(path: Path) -> None:
    edit(path, {bundle.ENTRIES: lambda content: content[:-1]}, cover_up=False)
    assert refusal(path) == "entries.jsonl ends in the middle of a line"


@pytest.mark.parametrize("name", [bundle.MANIFEST, bundle.KEYS, bundle.FRONTIER, bundle.PROOFS, bundle.CHECKPOINTS])
@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"{", b"[" * 100_000, b"null\n", b"[]\n", b"7\n", b"{}\n", b'"\\ud800"\n']
)
def test_files_that_are_not_what_they_should_be(path: Path, name: str, content: bytes) -> None:
    edit(path, {name: lambda _: content}, cover_up=False)
    assert refusal(path)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (bundle.MANIFEST, {"format": "something"}),
        (bundle.MANIFEST, {"version": 2}),
        (bundle.MANIFEST, {"origin": 7}),
        (bundle.MANIFEST, {"firstSize": -1}),
        (bundle.MANIFEST, {"firstSize": 21}),
        (bundle.MANIFEST, {"lastSize": 2**63}),
        (bundle.MANIFEST, {"lastSize": True}),
        (bundle.MANIFEST, {"from": "yesterday"}),
        (bundle.MANIFEST, {"to": 7}),
        (bundle.MANIFEST, {"selection": {"tables": []}}),
        (bundle.MANIFEST, {"files": {"entries.csv": {"sha256": "short"}}}),
        (bundle.MANIFEST, {"files": [1]}),
        (bundle.KEYS, {"keys": ["no key"]}),
        (bundle.KEYS, {"keys": 7}),
        (bundle.KEYS, {"rotations": ["no note"]}),
        (bundle.FRONTIER, {"size": "20"}),
        (bundle.FRONTIER, {"hashes": ["00"]}),
        (bundle.FRONTIER, {"hashes": [None]}),
        (bundle.PROOFS, {"consistency": [{}]}),
        (bundle.PROOFS, {"consistency": [{"first": 0, "second": 1, "proof": ["00" * 32] * 1000}]}),
        (bundle.PROOFS, {"inclusion": {"a": 1}}),
        (bundle.PROOFS, {"witnesses": [{"line": "", "note": "", "proof": []}]}),
    ],
)
def test_fields_that_are_not_what_they_should_be(path: Path, name: str, changes: dict[str, object]) -> None:
    edit(path, {name: edited_json(lambda read: read.update(changes))}, cover_up=False)
    assert refusal(path)


def test_too_many_checkpoints(path: Path) -> None:
    edit(path, {bundle.CHECKPOINTS: lambda content: content * 2001}, cover_up=False)
    assert refusal(path) == "it has more than 2000 checkpoints"


def test_a_writer_keeps_to_the_limits(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = Range(ORIGIN, 0, 20)
    with (tmp_path / "b.zip").open("wb") as stream, BundleWriter(stream, part, START) as writer:
        with pytest.raises(ValueError, match="2000 checkpoints"):
            writer.write_proofs(log.node, Evidence([log.notes[20]] * 2001, [log.signer.key]))
        monkeypatch.setattr(bundle, "MAX_LINE_BYTES", 100)
        with pytest.raises(ValueError, match="100 bytes"):
            writer.write_lines([b"x" * 101])
    assert refusal(tmp_path / "b.zip") == "there is no checkpoints.jsonl in it"


def test_a_writer_s_memory_does_not_grow_with_the_entries(tmp_path: Path) -> None:
    entry = change(1, **{"after.text": '"' + "x" * 2000 + '"'})

    def lines(count: int) -> Iterator[bytes]:
        return (encode(index, entry) for index in range(count))

    def write(count: int) -> Callable[[], None]:
        def written_out() -> None:
            part = Range(ORIGIN, 0, count)
            with (tmp_path / "b.zip").open("wb") as stream, BundleWriter(stream, part, START) as writer:
                assert writer.write_lines(lines(count)) == count
                writer.write_leaf_hashes(bytes(32) for _ in range(count))
                writer.finish()

        return written_out

    assert peak_of(write(8_000)) < LITTLE


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BundleUnreadable, match="No such file"):
        Archive(tmp_path / "nothing.zip")


def test_a_writer_can_write_to_what_cannot_seek(log: Log, tmp_path: Path) -> None:
    class Pipe:
        def __init__(self) -> None:
            self.content = bytearray()

        def write(self, data: bytes) -> int:
            self.content += data
            return len(data)

        def flush(self) -> None:
            pass

    pipe = Pipe()
    writer = BundleWriter(pipe, Range(ORIGIN, 0, 20), START)  # type: ignore[arg-type]
    writer.write_lines(encode(index, entry) for index, entry in enumerate(log.sealed))
    writer.write_leaf_hashes(log.leaf_hashes(0, 20))
    writer.write_proofs(log.node, Evidence([log.notes[20]], [log.signer.key]))
    writer.finish(manifest_signer(ORIGIN, [log.signer]))
    (tmp_path / "b.zip").write_bytes(pipe.content)
    assert verify(tmp_path / "b.zip", Expectations([log.signer.key]), processes=1).outcome == "verified"


def test_a_deep_value_is_no_more_than_text(log: Log, tmp_path: Path) -> None:
    deep = Log()
    deep.seal([Entry("change", change(0).at, 1, {"table": "t"}, {"after.json": "[" * 100_000}, bytes(32))])
    result = verify(deep.bundle(tmp_path / "b.zip"), Expectations([deep.signer.key]), processes=1)
    assert result.outcome == "verified"
    assert orjson.loads(members(tmp_path / "b.zip")[bundle.MANIFEST])["lastSize"] == 1


def peak_of(run: Callable[[], object]) -> int:
    """The most bytes of Python's memory that were in use at once."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
