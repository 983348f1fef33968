"""Keys, signed notes, checkpoints, signers and the change of a key."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import orjson
import pytest

from kapok.ledger import rotation
from kapok.ledger.checkpoints import Checkpoint, ForgedSignature, Note, NoteError, sign
from kapok.ledger.entries import Entry, new_seed
from kapok.ledger.keys import KeyFormatError, PublicKey, SigningError, parse_keys
from kapok.ledger.signing import CommandSigner, LocalSigner, new_private_key

#: Of golang.org/x/mod/sumdb/note, whose format C2SP's signed-note is.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
AT = "2026-11-21T16:00:00.000001Z"
CHECKPOINT = Checkpoint("kapok.test/tenants/acme", 7, bytes(range(32)), AT)


@pytest.fixture(scope="module")
def signer() -> LocalSigner:
    return LocalSigner("kapok.test", new_private_key())


def test_the_example_of_go() -> None:
    key = PublicKey.parse(GO_KEY)
    assert Note.parse(GO_NOTE).signed_by([key]) == [key]
    assert key.text == GO_KEY


def test_the_key_of_go_s_checksum_database() -> None:
    assert PublicKey.parse(SUMDB_KEY).id == "033de0ae"
    assert PublicKey.parse(SUMDB_KEY).text == SUMDB_KEY


@pytest.mark.parametrize(
    "text",
    [
        "", "name", "name+033de0ae", SUMDB_KEY.replace("033de0ae", "033de0af"), SUMDB_KEY.replace("+Ac4", "+Bc4"),
        SUMDB_KEY[:-4], SUMDB_KEY + "?", "a b+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(KeyFormatError):
        PublicKey.parse(text)


def test_a_file_of_keys() -> None:
    assert [key.name for key in parse_keys(f"# ours\n\n{GO_KEY}\n  {SUMDB_KEY}\n")] == [
        "PeterNeumann",
        "sum.golang.org",
    ]


def test_a_checkpoint_is_the_text_of_c2sp(signer: LocalSigner) -> None:
    note = sign(CHECKPOINT.text, [signer])
    lines = note.split("\n")
    assert lines[:5] == [
        "kapok.test/tenants/acme", "7", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", f"time {AT}", "",
    ]  # fmt: skip
    assert lines[5].startswith("— kapok.test ")
    read = Note.parse(note)
    assert Checkpoint.parse(read.text) == CHECKPOINT
    assert read.signed_by([signer.key]) == [signer.key]


def test_several_signatures(signer: LocalSigner) -> None:
    other, stranger = LocalSigner("witness", new_private_key()), LocalSigner("stranger", new_private_key())
    read = Note.parse(sign(CHECKPOINT.text, [signer, other]))
    assert read.signed_by([other.key, stranger.key]) == [other.key]
    assert read.signed_by([signer.key, other.key]) == [signer.key, other.key]
    assert read.signed_by([stranger.key]) == []


def test_a_signature_of_another_text_is_forged(signer: LocalSigner) -> None:
    note = sign(CHECKPOINT.text, [signer])
    with pytest.raises(ForgedSignature):
        Note.parse(note.replace("\n7\n", "\n8\n")).signed_by([signer.key])
    with pytest.raises(ForgedSignature):
        Note.parse(note.replace(AT, "2026-11-21T16:00:00.000002Z")).signed_by([signer.key])


@pytest.mark.parametrize(
    "note",
    [
        "", "\n", "a\n", "a\n\n", "\n\n— a AAAAAAA=\n", "a\n\n— a\n", "a\n\n— a AAAAAAA=", "a\n\n- a AAAAAAA=\n",
        "a\n\n— a AAAA\n", "a\n\n— a AAAAAAA= b\n", "a\n\n— a+b AAAAAAA=\n", "a\n\n— a AAAAAAB=\n",
        "a\r\n\n— a AAAAAAA=\n",
        "a\n\n" + "— a AAAAAAA=\n" * 17, "a" * 20_000 + "\n\n— a AAAAAAA=\n",
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        Note.parse(note)


@pytest.mark.parametrize(
    "change",
    [
        ("\n7\n", "\n07\n"), ("\n7\n", "\n-7\n"), ("\n7\n", "\n٧\n"), ("\n7\n", "\n\n"), ("HR4fHh8=", ""),
        ("dHh8=", "dHg=="), ("time ", "when "), ("00001Z", "00001"), ("time ", f"time {AT}\ntime "),
        (AT[:10], "2026-13-45"),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(change: tuple[str, str]) -> None:
    text = CHECKPOINT.text.replace(*change) if change[0] in CHECKPOINT.text else "kapok\n7\n"
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


def test_lines_that_others_add_are_let_pass() -> None:
    assert Checkpoint.parse(CHECKPOINT.text + "something new\n") == CHECKPOINT


def test_a_name_cannot_break_out_of_its_line(signer: LocalSigner) -> None:
    with pytest.raises(NoteError):
        sign("kapok\n\n— x AAAAAAA=\n\rmore", [signer])
    with pytest.raises(KeyFormatError):
        PublicKey("a\nb", bytes(32))


@pytest.mark.parametrize("pem", ["", "no", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_private_key_is_refused_without_showing_it(pem: str) -> None:
    with pytest.raises(KeyFormatError) as refused:
        LocalSigner("kapok.test", pem)
    assert "AAAA" not in str(refused.value)


def _command(tmp_path: Path, body: str) -> list[str]:
    script = tmp_path / "sign.py"
    script.write_text(body)
    return shlex.split(f"{shlex.quote(sys.executable)} {shlex.quote(str(script))}")


def _signing(key: Path, encode: str) -> str:
    return (
        "import base64, pathlib, sys\n"
        "from cryptography.hazmat.primitives.serialization import load_pem_private_key\n"
        f"key = load_pem_private_key(pathlib.Path({str(key)!r}).read_bytes(), None)\n"
        f"sys.stdout.buffer.write({encode}(key.sign(sys.stdin.buffer.read())))\n"
    )


@pytest.mark.parametrize("encode", ["bytes", "base64.encodebytes"])
def test_a_command_signs(tmp_path: Path, encode: str) -> None:
    pem = new_private_key()
    (tmp_path / "key.pem").write_text(pem)
    key = LocalSigner("kms", pem).key
    signer = CommandSigner(key, _command(tmp_path, _signing(tmp_path / "key.pem", encode)), 60)
    assert Note.parse(sign(CHECKPOINT.text, [signer])).signed_by([key]) == [key]


def test_a_command_with_another_key_signs_nothing(tmp_path: Path, signer: LocalSigner) -> None:
    (tmp_path / "key.pem").write_text(new_private_key())
    wrong = CommandSigner(signer.key, _command(tmp_path, _signing(tmp_path / "key.pem", "bytes")), 60)
    with pytest.raises(SigningError, match="not a signature of this key"):
        sign(CHECKPOINT.text, [wrong])


@pytest.mark.parametrize(
    ("body", "seconds", "message"),
    [
        ("raise SystemExit(7)", 60, "ended with 7"),
        ("print('?')", 60, "neither 64 bytes nor base64"),
        ("import time; time.sleep(600)", 0.2, "longer than"),
    ],
)
def test_a_command_that_fails(tmp_path: Path, signer: LocalSigner, body: str, seconds: float, message: str) -> None:
    with pytest.raises(SigningError, match=message):
        CommandSigner(signer.key, _command(tmp_path, body), seconds).sign(b"text")


def test_a_command_that_is_not_there(tmp_path: Path, signer: LocalSigner) -> None:
    with pytest.raises(SigningError, match="could not be started"):
        CommandSigner(signer.key, [str(tmp_path / "nothing")]).sign(b"text")


def _rotation(note: object) -> Entry:
    public = {"action": 901, "name": rotation.NAME, "requestId": None, "outcome": "ok"}
    return Entry("event", AT, 1, public, {rotation.PATH: orjson.dumps(note).decode()}, new_seed())


def test_the_next_key_is_named_by_the_old_one(signer: LocalSigner) -> None:
    new = LocalSigner("kapok.test", new_private_key()).key
    note = rotation.note_of(_rotation(rotation.announce("log", new, [signer])))
    assert note is not None
    assert note.signed_by([signer.key]) == [signer.key]
    assert rotation.announced_key("log", note) == new
    assert rotation.announced_key("another log", note) is None


@pytest.mark.parametrize("note", [None, 1, "", "text", {"a": 1}, "kapok: the next key of this log\nlog\nnot a key\n"])
def test_what_names_no_key(note: object) -> None:
    assert rotation.note_of(_rotation(note)) is None


def test_a_checkpoint_names_no_key(signer: LocalSigner) -> None:
    assert rotation.announced_key(CHECKPOINT.origin, Note.parse(sign(CHECKPOINT.text, [signer]))) is None
