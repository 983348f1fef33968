"""Is a bundle's manifest the one that was signed, and are its files those that it lists?

In: an archive, what it says, the keys that count. Out: problems; whether the manifest is signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from kapok.ledger.archive import Archive
from kapok.ledger.bundle import UNLISTED
from kapok.ledger.checkpoints import ForgedSignature
from kapok.ledger.contents import Contents
from kapok.ledger.manifest import manifest_text
from kapok.ledger.problems import Code, Problem
from kapok.ledger.signature_check import KeyRing


def check_files(archive: Archive, contents: Contents) -> Iterator[Problem]:
    """Is every file the manifest's, and none besides?"""
    for name in sorted(contents.files.keys() | (archive.names - UNLISTED)):
        if name not in archive.names:
            yield Problem(Code.FILE_CHANGED, f"{name} is in the manifest, but not in the bundle.")
        elif name not in contents.files:
            yield Problem(Code.FILE_CHANGED, f"{name} is in the bundle, but not in its manifest.")
        else:
            digest = sha256()
            for chunk in archive.chunks(name):
                digest.update(chunk)
            if digest.hexdigest() != contents.files[name]:
                yield Problem(Code.FILE_CHANGED, f"{name} is not the file that the manifest describes.")


def check_manifest(contents: Contents, ring: KeyRing) -> bool | Problem:
    """Whether a key that counts, or did, has signed the manifest."""
    note = contents.manifest_note
    if note is None:
        return False
    if note.text != manifest_text(contents.part.origin, contents.manifest):
        return Problem(Code.MANIFEST_CHANGED, "manifest.json is not the one that was signed.")
    try:
        return bool(note.signed_by([*ring.current, *ring.retired]))
    except ForgedSignature as exc:
        return Problem(Code.SIGNATURE_FORGED, f"The manifest's signature is forged: {exc}.")
