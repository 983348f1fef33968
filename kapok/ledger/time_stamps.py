"""Time stamps of checkpoints (RFC 3161): an authority outside says that a note was there at a time.

In: a note, an authority's answer (a TimeStampResp in DER, as `openssl ts` has it), certificates. Out: the request to
send, and what the answer says. Without certificates nothing of it is proven but that it speaks of this note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerificationError, VerifierBuilder
from rfc3161_client import TimeStampResponse as Response
from rfc3161_client import decode_timestamp_response as decode
from rfc3161_client.tsp import PKIStatus, TimeStampTokenInfo

from kapok.ledger.checkpoints import Checkpoint, Note
from kapok.ledger.entries import time_text

#: Longest answer of an authority that is kept, in bytes.
MAX_STAMP_BYTES = 16_384
#: How far an authority's clock may be behind the signer's.
TOLERANCE = timedelta(minutes=5)

_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
#: What the parsers raise for bytes that are not what they should be.
_MALFORMED = (
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)
#: OpenSSL's words for a chain that leads to none of the certificates.
_OTHER_CHAIN = "certificate verify error"


class TimeStampError(Exception):
    """The answer is no time stamp of this note; the message says why."""


class AuthorityUnknownError(TimeStampError):
    """It is a time stamp of this note, by an authority that none of the certificates vouches for."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to an authority. nonce: what its answer has to repeat."""

    content: bytes
    nonce: int


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """What an answer says. at: as `entries.time_text` writes it. authority: what it calls itself. policy: dotted."""

    at: str
    authority: str
    policy: str


def request_for(note: str) -> Request:
    """Ask for a time stamp of a note, with the authority's certificate."""
    made = TimestampRequestBuilder(data=note.encode(), hash_algorithm=HashAlgorithm.SHA256).build()
    assert made.nonce is not None
    return Request(made.as_bytes(), made.nonce)


def read_stamp(answer: bytes, note: str, nonce: int | None = None) -> TimeStamp:
    """What the answer says, if it speaks of this note, its time fits, and it repeats the nonce, where one is given.
    Proves nothing yet. Raises TimeStampError."""
    try:
        response = decode(answer)
        if response.status != PKIStatus.GRANTED:
            raise TimeStampError(f"it was not granted ({', '.join(response.status_string) or response.status})")
        said = response.tst_info
        imprint = said.message_imprint
        if (imprint.hash_algorithm, imprint.message) != (_SHA256, sha256(note.encode()).digest()):
            raise TimeStampError("it is of another note")
        if nonce is not None and said.nonce != nonce:
            raise TimeStampError("it is an answer to another request")
        stamp = TimeStamp(time_text(said.gen_time), _authority(response, said), said.policy.dotted_string)
    except _MALFORMED as exc:
        raise TimeStampError("it is not of the form of a time stamp") from exc
    signed_at = Checkpoint.parse(Note.parse(note).text).at
    if datetime.fromisoformat(signed_at) - datetime.fromisoformat(stamp.at) > TOLERANCE:
        raise TimeStampError(f"it says {stamp.at}, and the checkpoint was signed at {signed_at}")
    return stamp


def prove_stamp(
    answer: bytes, note: str, certificates: Sequence[x509.Certificate], nonce: int | None = None
) -> TimeStamp:
    """What the answer says, once its signature and the chain to one of the certificates have held, as of the time that
    it says. Raises TimeStampError, AuthorityUnknownError."""
    stamp = read_stamp(answer, note, nonce)
    verifier = VerifierBuilder(roots=list(certificates)).build()
    try:
        verifier.verify_message(decode(answer), note.encode())
    except VerificationError as exc:
        if _OTHER_CHAIN in str(exc):
            raise AuthorityUnknownError(f"{stamp.authority} is not vouched for by the certificates") from exc
        raise TimeStampError(f"it is forged, or not made for this ({str(exc).partition(':')[0]})") from exc
    except _MALFORMED as exc:
        raise TimeStampError("it is not of the form of a time stamp") from exc
    return stamp


def read_certificates(pem: bytes) -> list[x509.Certificate]:
    """The certificates of a file: an authority's root, and those between, if any. Raises ValueError."""
    return x509.load_pem_x509_certificates(pem)


def _authority(response: Response, said: TimeStampTokenInfo) -> str:
    """The name in the token, or that of the certificate with it."""
    name = said.name
    if isinstance(name, x509.DirectoryName):
        return name.value.rfc4514_string()
    certificates = [x509.load_der_x509_certificate(one) for one in response.signed_data.certificates]
    serials = {(signer.issuer, signer.serial_number) for signer in response.signed_data.signer_infos}
    names = [one.subject.rfc4514_string() for one in certificates if (one.issuer, one.serial_number) in serials]
    return names[0] if names else "an authority without a name"
