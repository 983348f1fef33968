"""An anchor in an S3 bucket with object lock: what is put there nobody can change or remove before its time.

In: `s3://bucket/prefix?endpoint=...&region=...&retain=3650d&mode=compliance&every=60s`; credentials come from where
AWS' own tools look (environment variables, files, the machine's role). Out: the anchor. Later versions of an object and
delete markers, which a lock does not prevent, change nothing: the first version is what counts.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from apps.audit.anchors import AnchorAwayError, AnchorForkedError, AnchorMisconfiguredError, says_the_same

log_lines = logging.getLogger("kapok.audit")

#: A server that does not answer is left alone for so long, and how long it may take to connect and to answer, in
#: seconds. Nothing is tried twice: the sealer comes again anyway.
AWAY_SECONDS, CONNECT_SECONDS, READ_SECONDS = 15.0, 3.0, 8.0
#: A log is brought there at most so often, unless the URL says otherwise: each checkpoint vouches for all before.
EVERY_SECONDS = 60.0

_MODES = {"compliance": "COMPLIANCE", "governance": "GOVERNANCE"}
_OPTIONS = {"endpoint", "region", "retain", "mode", "every"}
_PAGE = 1000
_MAX_BODY_BYTES = 65_536
# Names sort from the newest to the oldest, so that the newest is found without a look at all the others.
_HIGHEST, _DIGITS = 10**19 - 1, 19
_NAME = re.compile(rf"(\d{{{_DIGITS}}})-(0|[1-9]\d*)\.checkpoint", re.ASCII)
_THERE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_RIGHTS = (
    "it needs s3:GetBucketVersioning, s3:GetBucketObjectLockConfiguration, s3:ListBucketVersions, s3:PutObject, "
    "s3:PutObjectRetention and s3:GetObjectVersion"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the anchor is. endpoint, region: "" for AWS's own way to find out. retain: how long an object is locked;
    None for the bucket's default. every: in seconds."""

    bucket: str
    prefix: str
    endpoint: str = ""
    region: str = ""
    retain: timedelta | None = None
    mode: str = "COMPLIANCE"
    every: float = EVERY_SECONDS

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read a URL. Raises AnchorMisconfiguredError, without what may be a secret."""
        url = urlsplit(text)
        options = dict(parse_qsl(url.query, keep_blank_values=True))
        endpoint = urlsplit(options.get("endpoint", ""))
        if "@" in url.netloc or "@" in endpoint.netloc or options.keys() - _OPTIONS:
            raise AnchorMisconfiguredError(
                "an anchor's URL is s3://bucket/prefix?endpoint=...&region=...&retain=3650d&mode=compliance&every=60s; "
                "credentials do not stand in it but in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a file of AWS'"
            )
        if not url.netloc or (options.get("endpoint") and endpoint.scheme not in ("http", "https")):
            raise AnchorMisconfiguredError("an anchor's URL names a bucket, and its endpoint begins with https://")
        mode = _MODES.get(options.get("mode", "compliance"))
        if mode is None or ("mode" in options and "retain" not in options):
            raise AnchorMisconfiguredError("an anchor's mode is compliance or governance, and goes with retain=<days>d")
        return cls(
            url.netloc, url.path.strip("/"), options.get("endpoint", ""), options.get("region", ""),
            timedelta(days=_number("retain", options["retain"], "d")) if "retain" in options else None, mode,
            _number("every", options["every"], "s") if "every" in options else EVERY_SECONDS,
        )  # fmt: skip


class S3Anchor:
    """The anchor. It may be used by several threads. Methods raise AnchorAwayError where the server does not do what it
    is asked for; then nothing is sent there for AWAY_SECONDS."""

    far = True

    def __init__(self, place: Place) -> None:
        self.name = f"s3://{place.bucket}/{place.prefix}"
        self.every = place.every
        self._place = place
        self._latest: dict[str, tuple[int, str | None]] = {}
        self._away_until, self._why = float("-inf"), ""
        self._checked = False
        try:
            self._s3: Any = session().create_client(
                "s3", endpoint_url=place.endpoint or None, region_name=place.region or None,
                config=Config(
                    connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1},
                    s3={"addressing_style": "path" if place.endpoint else "auto"},
                ),
            )  # fmt: skip
        except (BotoCoreError, ValueError) as exc:
            raise AnchorMisconfiguredError(f"the anchor {self.name}: {exc}") from exc

    def check(self) -> None:
        """Does the bucket keep what it gets? Raises AnchorMisconfiguredError, AnchorAwayError."""
        with self._asking():
            try:
                versioning = self._s3.get_bucket_versioning(Bucket=self._place.bucket).get("Status")
                lock = self._s3.get_object_lock_configuration(Bucket=self._place.bucket)["ObjectLockConfiguration"]
            except ClientError as exc:
                raise self._misconfigured(exc) from None
        if versioning != "Enabled":
            raise AnchorMisconfiguredError(f"the bucket of the anchor {self.name} keeps no versions: switch them on")
        if lock.get("ObjectLockEnabled") != "Enabled":
            raise AnchorMisconfiguredError(f"the bucket of the anchor {self.name} has no object lock")
        if self._place.retain is None and not lock.get("Rule", {}).get("DefaultRetention"):
            raise AnchorMisconfiguredError(
                f"the bucket of the anchor {self.name} has no default retention: say retain=3650d in the anchor's URL"
            )
        self._checked = True

    def begun(self) -> bool:
        """A bucket that is away does not answer: nothing else stands in its place."""
        return True

    def begin(self) -> None:
        """Nothing has to be done."""

    def put(self, origin: str, size: int, note: str) -> None:
        """Keep a note, locked."""
        self._keep(self._key(origin, size, "checkpoint"), note.encode(), note)
        if size >= self._latest.get(origin, (0, None))[0]:
            self._latest[origin] = size, note

    def put_stamp(self, origin: str, size: int, answer: bytes) -> None:
        """Keep the time stamp of a note beside it."""
        self._keep(self._key(origin, size, "tsr"), answer)

    def get(self, origin: str, size: int) -> str | None:
        """The note of this size, as it was put there first."""
        key = self._key(origin, size, "checkpoint")
        with self._asking():
            version = self._first(key)
            return None if version is None else self._read(key, version)

    def knows(self, origin: str) -> bool:
        """Whether `latest` has been asked for before, so that it answers without asking the server."""
        return origin in self._latest

    def latest(self, origin: str) -> str | None:
        """The note of the largest size that was there at the first look, or was put there by this object since."""
        if origin not in self._latest:
            self._latest[origin] = self._newest(origin)
        return self._latest[origin][1]

    def latest_size(self, origin: str) -> int:
        """Its size; 0 for none."""
        self.latest(origin)
        return self._latest[origin][0]

    def sizes(self, origin: str) -> Iterator[int]:
        """Every size there is a note of, ascending."""
        with self._asking():
            found = {size for size, _, _ in self._notes(origin, _PAGE)}
        yield from sorted(found)

    def _newest(self, origin: str) -> tuple[int, str | None]:
        with self._asking():
            for size, key, version in self._notes(origin, 2):
                return size, self._read(key, version)
        return 0, None

    def _keep(self, key: str, body: bytes, note: str | None = None) -> None:
        """Put it there, unless something is there. note: refuse another that is there."""
        if not self._checked:
            self.check()
        with self._asking():
            written = self._write(key, body)
            version = self._first(key)
            if version is None:
                raise AnchorAwayError(f"the anchor {self.name} does not show what it was given")
            if version == written or note is None:
                return
            kept = self._read(key, version)
        if kept != note and not says_the_same(kept, note):
            raise AnchorForkedError(f"the anchor {self.name} has another checkpoint at {key}")

    def _write(self, key: str, body: bytes) -> str | None:
        """The version that was made; None where there is one. A server that does not know the condition makes one more
        version, which is not the first then."""
        lock: dict[str, Any] = {}
        if self._place.retain is not None:
            lock = {"ObjectLockMode": self._place.mode, "ObjectLockRetainUntilDate": self._retained_until()}
        try:
            answer = self._s3.put_object(Bucket=self._place.bucket, Key=key, Body=body, IfNoneMatch="*", **lock)
        except ClientError as exc:
            if _code(exc) in _THERE:
                return None
            raise
        version: str | None = answer.get("VersionId")
        return version

    def _retained_until(self) -> datetime:
        assert self._place.retain is not None
        try:
            return datetime.now(UTC) + self._place.retain
        except OverflowError:
            return datetime(9999, 1, 1, tzinfo=UTC)

    def _read(self, key: str, version: str) -> str:
        answer = self._s3.get_object(Bucket=self._place.bucket, Key=key, VersionId=version)
        content: bytes = answer["Body"].read(_MAX_BODY_BYTES)
        return content.decode("utf-8", "replace")

    def _first(self, key: str) -> str | None:
        """The id of an object's first version."""
        return dict(self._first_versions(key, 2)).get(key)

    def _notes(self, origin: str, page: int) -> Iterator[tuple[int, str, str]]:
        """(size, key, first version) of every note, from the newest on."""
        folder = self._folder(origin)
        for key, version in self._first_versions(folder, page):
            named = _NAME.fullmatch(key.removeprefix(folder))
            if named and int(named[1]) == _HIGHEST - int(named[2]):
                yield int(named[2]), key, version

    def _first_versions(self, prefix: str, page: int) -> Iterator[tuple[str, str]]:
        """Every key that begins so, in order, and its first version: versions are listed from the latest on. page: how
        many are asked for at first."""
        place: dict[str, str] = {}
        last: tuple[str, str] | None = None
        while True:
            answer = self._s3.list_object_versions(
                Bucket=self._place.bucket, Prefix=prefix, MaxKeys=page, **place
            )  # fmt: skip
            for one in answer.get("Versions", ()):
                if last is not None and last[0] != one["Key"]:
                    yield last
                last = one["Key"], one["VersionId"]
            if not answer.get("IsTruncated"):
                break
            place = {"KeyMarker": answer["NextKeyMarker"], "VersionIdMarker": answer.get("NextVersionIdMarker", "")}
            page = min(page * 4, _PAGE)
        if last is not None:
            yield last

    def _folder(self, origin: str) -> str:
        return "".join(f"{part}/" for part in (self._place.prefix, quote(origin, safe="")) if part)

    def _key(self, origin: str, size: int, suffix: str) -> str:
        return f"{self._folder(origin)}{_HIGHEST - size:0{_DIGITS}d}-{size}.{suffix}"

    def _misconfigured(self, exc: ClientError) -> Exception:
        code = _code(exc)
        if code in ("NoSuchBucket", "404"):
            return AnchorMisconfiguredError(f"there is no bucket for the anchor {self.name}")
        if code == "ObjectLockConfigurationNotFoundError":
            return AnchorMisconfiguredError(
                f"the bucket of the anchor {self.name} has no object lock; most servers let one be switched on only "
                "when the bucket is made"
            )
        if code.startswith(("AccessDenied", "Invalid", "Signature", "403")):
            return AnchorMisconfiguredError(f"the anchor {self.name} refuses ({code}): {_RIGHTS}")
        return exc

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Nothing is sent to a server that was away just now."""
        if time.monotonic() < self._away_until:
            raise AnchorAwayError(self._why)
        try:
            yield
        except (ClientError, BotoCoreError) as exc:
            # Only what kind of error it is: a text of the server's could hold anything.
            reason = _code(exc) if isinstance(exc, ClientError) else type(exc).__name__
            self._why = f"the anchor {self.name} is away: {reason}"
            self._away_until = time.monotonic() + AWAY_SECONDS
            log_lines.warning("%s; it is asked again in %g seconds", self._why, AWAY_SECONDS)
            raise AnchorAwayError(self._why) from None


@cache
def session() -> botocore.session.Session:
    """AWS' library reads what it knows of the world from large files: once in a process."""
    return botocore.session.get_session()


def anchor_at(url: str) -> S3Anchor:
    """The anchor of a URL, not asked yet. Raises AnchorMisconfiguredError."""
    return S3Anchor(Place.parse(url))


def _number(name: str, text: str, unit: str) -> int:
    number = text.removesuffix(unit)
    if not (text.endswith(unit) and number.isascii() and number.isdigit() and 0 < int(number) < 10**6):
        raise AnchorMisconfiguredError(f"an anchor's {name} is a number of {unit}, such as 3650{unit}")
    return int(number)


def _code(exc: ClientError) -> str:
    return str(exc.response.get("Error", {}).get("Code", "unknown"))
